// A24 and A37: two records are one person, or are not, and stay two records; and what keeps two from being suggested as
// one again (semantics, sections 3 and 4). Of what is said of a pair the latest counts; either side may be unknown yet.
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, thingsOf } from '../applying.ts'
import type { Contribution } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'
import { recordsOf } from '../truth/family.ts'
import { keysOf } from './identity.ts'
import { refuse } from './pairs.ts'
import { recordOf } from './records.ts'

/** What was said last of two records; kept with both. */
export interface PairData {
  readonly reference: string
  readonly type: 'seealso'
  readonly linked: boolean
  /** They are known to be two persons. */
  readonly excluded: boolean
  readonly why: string
  /** When it was said, milliseconds. */
  readonly m: number
}

export const pairOf = (other: string): string => `pair:${other}`

/** Keeps what is said of a pair, unless something later was said of it. */
export function sayPair(
  draft: Draft,
  a: string,
  b: string,
  said: Omit<PairData, 'reference' | 'type'>,
): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const known = draft.contribution('Patient', one, 'gateway', pairOf(other))?.data as PairData | undefined
    if (known && known.m > said.m) continue
    if (known && known.linked === said.linked && known.excluded === said.excluded) continue
    const data = { reference: `Patient/${other}`, type: 'seealso' as const, ...said }
    draft.contribute('Patient', one, {
      source: 'gateway',
      key: pairOf(other),
      i: draft.messageId,
      cells: {},
      data: { ...data },
    })
  }
}

/** Everybody who is known not to be the person of whom this was said. */
export const exclusionsOf = (said: readonly Contribution[]): PairData[] =>
  said.flatMap(({ key, data }) => {
    const pair = key.startsWith('pair:') ? (data as PairData | undefined) : undefined
    return pair?.excluded ? [pair] : []
  })

/** True when somebody has said, since `since`, that they are two. */
export function isExcluded(draft: Draft, a: string, b: string, since = Number.NEGATIVE_INFINITY): boolean {
  const others = new Set(recordsOf(draft, 'Patient', b).map((each) => `Patient/${each}`))
  const said = recordsOf(draft, 'Patient', a).flatMap((each) => [
    ...draft.contributions('Patient', each).values(),
  ])
  return exclusionsOf(said).some(({ reference, m }) => others.has(reference) && m >= since)
}

/** True when they are linked already. */
export function isLinked(draft: Draft, a: string, b: string): boolean {
  const others = new Set(recordsOf(draft, 'Patient', b).map((each) => `Patient/${each}`))
  return recordsOf(draft, 'Patient', a).some((record) =>
    [...draft.contributions('Patient', record).values()].some(({ key, data }) => {
      const pair = key.startsWith('pair:') ? (data as PairData | undefined) : undefined
      return pair?.linked === true && others.has(pair.reference)
    }),
  )
}

export function applyLink(applying: Applying): void {
  const { draft, event, times } = applying
  const [first, second] = thingsOf(applying, 'Patient').map((each) => recordNamed(applying, each))
  if (first === undefined || second === undefined)
    throw refuse('101', ['PID^2^3'], 'a link names two patients (PID^1^3, PID^2^3) - send both')
  if (draft.survivorId('Patient', first) === draft.survivorId('Patient', second))
    throw refuse('205', ['PID^2^3'], 'both are one patient already (PID^2^3) - name two', 'SAME-ID')
  const isLink = event === 'ADT^A24'
  const shown = [first, second].map((each) => draft.survivorId('Patient', each))
  draft.closed.push({ code: 'possible-duplicate', patients: shown })
  sayPair(draft, first, second, {
    linked: isLink,
    excluded: !isLink,
    why: isLink ? 'declared' : 'unlinked',
    m: times.message,
  })
}

/** The record of a PID, known or not: nobody is created for a link. */
function recordNamed(applying: Applying, thing: Thing): string {
  const keys = keysOf(applying, thing)
  const known = keys.find(({ system, value }) => applying.draft.lookup('Patient', system, value))
  const key = known ?? keys[0]
  const where = `PID^${thing.segment.occurrence}^3`
  if (!key) throw refuse('101', [where], `patient identifier is missing (${where}) - send it`)
  return recordOf(applying.draft, 'Patient', key.system, key.value)
}
