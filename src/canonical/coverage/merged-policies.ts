// Policies that come twice because their holders were merged, or are one: the same payer, plan and number is one Coverage
// (semantics, sections 3 and 11).

import { keep } from '../identity/records.ts'
import type { Draft } from '../truth/draft.ts'
import { aliasKey, aliasOf, recordsOf } from '../truth/family.ts'
import { foldCoverage } from './coverage.ts'

interface Body {
  readonly payor?: readonly { readonly reference?: string }[]
  readonly class?: readonly {
    readonly type?: { readonly coding?: readonly { readonly code?: string }[] }
    readonly value?: string
  }[]
  readonly subscriberId?: string
  readonly identifier?: readonly { readonly value?: string }[]
}

/** What makes two policies of one person the same. */
function policyOf(draft: Draft, id: string): string | undefined {
  const body = foldCoverage([...draft.contributions('Coverage', id).values()]) as Body | undefined
  if (!body) return undefined
  // A payer that nobody has named is one, too: the plan or the number tells such policies apart.
  const payer = body.payor?.[0]?.reference ?? ''
  const plan = body.class?.find((each) => each.type?.coding?.some(({ code }) => code === 'plan'))?.value ?? ''
  return [payer, plan, body.subscriberId ?? body.identifier?.[0]?.value ?? ''].join('|')
}

/** Policies that the sources have named for one record. */
export function policiesOf(draft: Draft, record: string): string[] {
  const lists = [...draft.contributions('Patient', record).values()].filter((each) =>
    each.key.startsWith('coverages:'),
  )
  return [
    ...new Set(
      lists.flatMap(({ data }) => (data as { readonly ids?: readonly string[] } | undefined)?.ids ?? []),
    ),
  ].sort()
}

/** Shows each policy of a person once: the survivor's own, else the first. */
export function settlePolicies(draft: Draft, patient: string): void {
  const records = recordsOf(draft, 'Patient', patient)
  const shown = new Map<string, string>()
  for (const id of new Set(records.flatMap((record) => policiesOf(draft, record)))) {
    const policy = policyOf(draft, id)
    if (policy === undefined) continue
    const first = shown.get(policy)
    if (first === undefined) shown.set(policy, id)
    showAs(draft, id, first)
  }
}

/** Shows a policy as another; without one as itself again. */
function showAs(draft: Draft, id: string, other: string | undefined): void {
  const before = draft.survivorId('Coverage', id)
  if (before === (other ?? id) && aliasOf(draft, 'Coverage', id)?.to === other) return
  keep(draft, 'Coverage', id, aliasKey, other === undefined ? undefined : { kind: 'same', to: other })
  draft.aliases.set('Coverage', id, other)
  for (const each of [id, before, ...(other === undefined ? [] : [other])]) draft.touch('Coverage', each)
  for (const each of new Set([id, before])) {
    for (const key of draft.referrers(`Coverage/${each}`)) {
      const slash = key.indexOf('/')
      draft.touch(key.slice(0, slash), key.slice(slash + 1))
    }
  }
}
