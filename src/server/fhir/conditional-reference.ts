// Conditional references of a transaction (FHIR R4 http.html#trules): `Patient?identifier=system|value` stands for the
// one resource that matches when the transaction is carried out.
import { isServedType } from '../../fhir/types.ts'
import type { Criteria } from '../../pipeline/gateway.ts'
import { permits } from '../auth.ts'
import type { Ask } from './ask.ts'
import { criteriaOf } from './conditional.ts'
import { referencesIn } from './entry-reference.ts'
import { refuse } from './reply.ts'

export const maxConditionalReferences = 200

/** The criteria of each, by the text of the reference; or the refusal. */
export function conditionalReferences(
  ask: Ask,
  resources: readonly unknown[],
): ReadonlyMap<string, Criteria> | Response {
  const found = new Map<string, Criteria>()
  const all = resources.flatMap((each) => [...referencesIn(each)].map(({ reference }) => reference))
  for (const reference of new Set(all.filter((each) => /^[A-Z][A-Za-z]+\?/.test(each)))) {
    const mark = reference.indexOf('?')
    const rtype = reference.slice(0, mark)
    if (!isServedType(rtype))
      return refuse(ask.c, 'bad-request', 'a conditional reference names a type that is not served')
    if (!permits(ask.client, rtype, 's'))
      return refuse(ask.c, 'forbidden', `no scope of this client gives s on ${rtype}`)
    if (found.size === maxConditionalReferences)
      return refuse(
        ask.c,
        'too-large',
        `at most ${maxConditionalReferences} conditional references - split the Bundle`,
      )
    const criteria = criteriaOf({ ...ask, rtype }, [...new URLSearchParams(reference.slice(mark + 1))])
    if (criteria instanceof Response) return criteria
    found.set(reference, criteria)
  }
  return found
}
