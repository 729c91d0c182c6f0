// Things that were moved from one person to another, or that stay with the survivor when a merge is undone: what they say
// of the one is read as said of the other (semantics, section 3).
import type { Contribution } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'

export const movedKey = 'moved'

export interface Moved {
  /** When it was said last, milliseconds. */
  readonly m: number
  /** 'Patient/wrong' -> 'Patient/right'. */
  readonly to: Readonly<Record<string, string>>
}

export const movedIn = (contributions: Iterable<Contribution>): Moved | undefined => {
  for (const each of contributions)
    if (each.source === 'gateway' && each.key === movedKey && each.data !== undefined)
      return each.data as Moved
  return undefined
}

export const movedOf = (draft: Draft, rtype: string, id: string): Moved | undefined =>
  movedIn(draft.contributions(rtype, id).values())

/** Reads every reference to one of `from` as one to `to`, in this thing alone. */
export function move(
  draft: Draft,
  rtype: string,
  id: string,
  from: readonly string[],
  to: string,
  m: number,
): void {
  const known = movedOf(draft, rtype, id)
  const kept = Object.entries(known?.to ?? {}).filter(([key]) => key !== to)
  const map = Object.fromEntries(kept.map(([key, value]) => [key, from.includes(value) ? to : value]))
  for (const each of from) if (each !== to) map[each] = to
  draft.contribute(rtype, id, {
    source: 'gateway',
    key: movedKey,
    i: draft.messageId,
    cells: {},
    data: { m: Math.max(m, known?.m ?? 0), to: map },
  })
}

/** Of an account that was moved to another patient, the policies of the one before are no longer its own. */
export function withoutPolicies(contributions: readonly Contribution[]): readonly Contribution[] {
  const moved = movedIn(contributions)
  if (!moved || !Object.keys(moved.to).some((each) => each.startsWith('Patient/'))) return contributions
  return contributions.map((each) => {
    const cells = Object.entries(each.cells).filter(
      ([key, { m }]) => !key.startsWith('coverage<') || m > moved.m,
    )
    return cells.length === Object.keys(each.cells).length
      ? each
      : { ...each, cells: Object.fromEntries(cells) }
  })
}
