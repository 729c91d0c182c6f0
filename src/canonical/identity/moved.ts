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
  /** True while nobody has said anything of it for the one from whom it was moved: it was told in the right place at once. */
  readonly idle?: boolean
}

export const movedIn = (contributions: Iterable<Contribution>): Moved | undefined => {
  for (const each of contributions)
    if (each.source === 'gateway' && each.key === movedKey && each.data !== undefined)
      return each.data as Moved
  return undefined
}

export const movedOf = (draft: Draft, rtype: string, id: string): Moved | undefined =>
  movedIn(draft.contributions(rtype, id).values())

/** Reads every reference to one of `from` as one to `to`, in this thing alone. `idle`: none is known yet. */
export function move(
  draft: Draft,
  rtype: string,
  id: string,
  from: readonly string[],
  to: string,
  m: number,
  idle = false,
): void {
  const known = movedOf(draft, rtype, id)
  const kept = Object.entries(known?.to ?? {}).filter(([key]) => key !== to)
  const map = Object.fromEntries(kept.map(([key, value]) => [key, from.includes(value) ? to : value]))
  for (const each of from) if (each !== to) map[each] = to
  keepMoved(draft, rtype, id, {
    m: Math.max(m, known?.m ?? 0),
    to: map,
    ...(idle && (known === undefined || known.idle) && { idle }),
  })
}

/** Somebody has spoken of it for the one from whom it was moved. */
export function takeEffect(draft: Draft, rtype: string, id: string): void {
  const known = movedOf(draft, rtype, id)
  if (known?.idle) keepMoved(draft, rtype, id, { m: known.m, to: known.to })
}

function keepMoved(draft: Draft, rtype: string, id: string, moved: Moved): void {
  draft.changed.add(`${rtype}/${id}`)
  draft.contribute(rtype, id, {
    source: 'gateway',
    key: movedKey,
    i: draft.messageId,
    cells: {},
    data: { ...moved },
  })
}

/** Of an account that was moved to another patient, the policies of the one before are no longer its own. */
export function withoutPolicies(contributions: readonly Contribution[]): readonly Contribution[] {
  const moved = movedIn(contributions)
  if (!moved || moved.idle || !Object.keys(moved.to).some((each) => each.startsWith('Patient/')))
    return contributions
  return contributions.map((each) => {
    const cells = Object.entries(each.cells).filter(
      ([key, { m }]) => !key.startsWith('coverage<') || m > moved.m,
    )
    return cells.length === Object.keys(each.cells).length
      ? each
      : { ...each, cells: Object.fromEntries(cells) }
  })
}
