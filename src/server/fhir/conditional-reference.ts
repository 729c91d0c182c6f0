// Conditional references of a transaction (FHIR R4 http.html#trules): `Patient?identifier=system|value` stands for the
// one resource that matches when the transaction is carried out.
import { isObject, isServedType } from '../../fhir/types.ts'
import type { Criteria } from '../../pipeline/gateway.ts'
import { permits } from '../auth.ts'
import type { Ask } from './ask.ts'
import { criteriaOf } from './conditional.ts'
import { refuse } from './reply.ts'

export const maxConditionalReferences = 200

/** The criteria of each, by the text of the reference; or the refusal. */
export function conditionalReferences(
  ask: Ask,
  resources: readonly unknown[],
): ReadonlyMap<string, Criteria> | Response {
  const found = new Map<string, Criteria>()
  for (const reference of new Set(resources.flatMap((each) => [...referencesIn(each)]))) {
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

function* referencesIn(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const each of value) yield* referencesIn(each)
  if (!isObject(value)) return
  for (const [name, each] of Object.entries(value)) {
    if (name === 'reference' && typeof each === 'string') {
      if (/^[A-Z][A-Za-z]+\?/.test(each)) yield each
    } else if (typeof each === 'object') yield* referencesIn(each)
  }
}
