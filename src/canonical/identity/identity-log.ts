// Who is whom, as a pure fold over all that was said of identity in the order in which it was said (semantics, sections
// 1 to 3 and 8.6). Every number has a record of its own; what is said of a number stays with its record, for ever. A
// group is one person (account, visit): records whose numbers were named together. A merge puts one group under another.
import { compareMessages } from '../truth/contribution.ts'

/** When something was said: time of the message (MSH-7), milliseconds; its arrival decides between equal times. */
export interface Moment {
  readonly m: number
  readonly i: string
}

export const compareMoments = (a: Moment, b: Moment): number => a.m - b.m || compareMessages(a.i, b.i)

/** A message that names one number alone. */
export interface Sole extends Moment {
  readonly kind: 'sole'
  readonly record: string
}

/** A message that names several numbers of one person; `own` is that of the sender. */
export interface Claim extends Moment {
  readonly kind: 'claim'
  readonly records: readonly string[]
  readonly own: string
}

/** `from` is not to be used any more, `to` stands for it: two records become one, or a number was typed wrongly. */
export interface Join extends Moment {
  /** A move takes one number away from its person and gives it to another. */
  readonly kind: 'merge' | 'change' | 'move'
  readonly from: string
  readonly to: string
  /** The numbers, where one record has both: a visit and its alternate numbers. */
  readonly numbers?: readonly [from: string, to: string]
  /** Business time, milliseconds. */
  readonly t: number
}

/** What is retired, and what stands for it: records, or numbers of one record. */
export const joinedOf = ({ from, to, numbers }: Join): readonly [from: string, to: string] =>
  numbers && from === to ? [`${from} ${numbers[0]}`, `${to} ${numbers[1]}`] : [from, to]

export type Said = Sole | Claim | Join

/** What became of one of them. */
export type Result =
  | 'known'
  | 'joined'
  | 'merged'
  | 'already'
  /** Its numbers belong to several. */
  | 'conflict'
  /** The inverse of an earlier merge. */
  | 'cycle'
  /** Merged into somebody else before. */
  | 'elsewhere'
  /** The new number is somebody else's. */
  | 'in-use'

export interface Group {
  readonly records: Set<string>
  /** Numbers of the group that are not to be used any more, with what retired them. */
  readonly retired: Map<string, Join>
  /** The group that this one was merged into. */
  into?: { readonly group: Group; readonly by: Join }
}

export interface Identities {
  readonly groups: ReadonlyMap<string, Group>
  readonly results: ReadonlyMap<Said, Result>
}

const ranks: Readonly<Record<Said['kind'], number>> = { sole: 0, claim: 1, merge: 2, change: 2, move: 2 }

/** Pure: the same in whatever order `said` is given. */
export function foldIdentity(said: readonly Said[]): Identities {
  const groups = new Map<string, Group>()
  const results = new Map<Said, Result>()
  for (const each of [...said].sort((a, b) => compareMoments(a, b) || ranks[a.kind] - ranks[b.kind])) {
    results.set(each, step(groups, each))
  }
  return { groups, results }
}

function step(groups: Map<string, Group>, said: Said): Result {
  if (said.kind === 'sole') return see(groups, said.record)
  return said.kind === 'claim' ? claim(groups, said) : join(groups, said)
}

function see(groups: Map<string, Group>, record: string): Result {
  if (!groups.has(record)) groups.set(record, { records: new Set([record]), retired: new Map() })
  return 'known'
}

export function topOf(group: Group): Group {
  let at = group
  while (at.into) at = at.into.group
  return at
}

/** Unknown numbers belong to whom the known ones mean; when those mean several, the sender's own decides. */
function claim(groups: Map<string, Group>, { records, own }: Claim): Result {
  const known = [...new Set(records.flatMap((each) => groups.get(each) ?? []))]
  if (new Set(known.map(topOf)).size > 1) {
    see(groups, own)
    return 'conflict'
  }
  const group = groups.get(own) ??
    known[0] ?? { records: new Set<string>(), retired: new Map<string, Join>() }
  for (const each of records) if (!groups.has(each)) add(groups, group, each)
  return 'known'
}

function add(groups: Map<string, Group>, group: Group, record: string): void {
  group.records.add(record)
  groups.set(record, group)
}

function give(groups: Map<string, Group>, { from, to }: Join): Result {
  see(groups, to)
  const [source, target] = [groups.get(from), groups.get(to)]
  if (!target || source === target) return 'already'
  source?.records.delete(from)
  add(groups, target, from)
  return 'joined'
}

function join(groups: Map<string, Group>, by: Join): Result {
  if (by.kind === 'move') return give(groups, by)
  const [source, target] = [groups.get(by.from), groups.get(by.to)]
  if (source && target && source !== target) return put(source, target, by)
  const group = source ?? target ?? { records: new Set<string>(), retired: new Map<string, Join>() }
  // An unknown target changes the number, an unknown source becomes another name of the target (IHE ITI-30).
  for (const each of [by.to, by.from]) if (!groups.has(each)) add(groups, group, each)
  const [from, to] = joinedOf(by)
  const known = group.retired.get(from)
  if (group.retired.has(to)) {
    // A number may be changed back; a merge must not be turned round.
    if (by.kind === 'merge') return 'cycle'
    group.retired.delete(to)
  }
  group.retired.set(from, known ?? by)
  return known ? 'already' : 'joined'
}

function put(source: Group, target: Group, by: Join): Result {
  if (topOf(source) === topOf(target)) {
    for (let at: Group | undefined = target; at; at = at.into?.group) if (at === source) return 'cycle'
    return 'already'
  }
  if (by.kind === 'change') return 'in-use'
  if (source.into) return 'elsewhere'
  source.into = { group: target, by }
  return 'merged'
}
