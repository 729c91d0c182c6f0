// The identity log of a message's numbers: told to their records, folded, and carried out as aliases (semantics,
// sections 1 to 3). Nothing that was said is moved: only as what it is shown changes.

import { canonicalText } from '../fhir-json.ts'
import { type Numbers, numbersKey } from '../person/patient-family.ts'
import type { Payload } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'
import { type AliasData, aliasKey, aliasOf } from '../truth/family.ts'
import { type Identifier, stableId } from './identifier.ts'
import {
  type Claim,
  compareMoments,
  foldIdentity,
  type Group,
  type Join,
  joinedOf,
  type Moment,
  type Result,
  type Said,
  topOf,
} from './identity-log.ts'

/** A number in the registry's form, with its record. */
export interface Numbered {
  readonly system: string
  readonly value: string
  readonly record: string
  /** As it was named, to be shown where nobody says it. */
  readonly type?: Identifier['type']
}

/** A message as the log keeps it, with the numbers that it named. */
export interface LoggedClaim extends Claim {
  readonly numbers: readonly Numbered[]
}

export interface LoggedJoin extends Join {
  readonly source: Identifier
  readonly target: Identifier
}

type Logged = Extract<Said, { kind: 'sole' }> | LoggedClaim | LoggedJoin

const soleKey = 'who:sole'
const isLog = (key: string): boolean => key.startsWith('who:')

/** The record of a number: what was said under it is said of this record, whoever it means. */
export const recordOf = (draft: Draft, rtype: string, system: string, value: string): string =>
  draft.lookup(rtype, system, value)?.id ?? stableId(rtype, system, value)

const keyOf = (said: Logged): string =>
  said.kind === 'sole'
    ? soleKey
    : said.kind === 'claim'
      ? `who:claim:${stableId(...[...said.records].sort())}`
      : `who:join:${stableId(said.kind, ...joinedOf(said))}`

const recordsIn = (said: Logged): readonly string[] =>
  said.kind === 'sole' ? [said.record] : said.kind === 'claim' ? said.records : [said.from, said.to]

/** What was said before of the same, if the log has it. */
export function loggedBefore(draft: Draft, rtype: string, said: Logged): Logged | undefined {
  const [record = ''] = recordsIn(said)
  return draft.contribution(rtype, record, 'gateway', keyOf(said))?.data as Logged | undefined
}

/** True when the log of a record has anything but single messages: then a new time of one of those may matter. */
export const hasLog = (draft: Draft, rtype: string, record: string): boolean =>
  [...draft.contributions(rtype, record).values()].some((each) => isLog(each.key) && each.data !== undefined)

/** Writes to the log of every record that is named; of two times the earlier stands. */
export function tell(draft: Draft, rtype: string, said: Logged): void {
  const before = loggedBefore(draft, rtype, said)
  if (before && compareMoments(before, said) <= 0) return
  for (const record of recordsIn(said)) keep(draft, rtype, record, keyOf(said), said)
}

/** Takes a merge back: as if nobody had said it. */
export function untell(draft: Draft, rtype: string, said: Join): void {
  const key = `who:join:${stableId(said.kind, ...joinedOf(said))}`
  for (const record of [said.from, said.to]) draft.withdraw(rtype, record, 'gateway', key)
}

/** Keeps a fact of the gateway with a record; without data it is taken back. */
export function keep(draft: Draft, rtype: string, id: string, key: string, data: Payload | undefined): void {
  const known = draft.contribution(rtype, id, 'gateway', key)?.data
  if (data === undefined) {
    if (known !== undefined) draft.withdraw(rtype, id, 'gateway', key)
  } else if (known === undefined || canonicalText(known) !== canonicalText(data))
    draft.contribute(rtype, id, { source: 'gateway', key, i: draft.messageId, cells: {}, data })
}

/** When a number was first named alone, as far as the registry knows; before everything when nobody has kept it. */
export function tellSole(draft: Draft, rtype: string, { system, value, record }: Numbered): void {
  const known = draft.lookup(rtype, system, value)
  if (!known) return
  const claimed = hasLog(draft, rtype, record)
  const since = known.since ?? (claimed ? undefined : { m: 0, i: '0' })
  if (since) tell(draft, rtype, { kind: 'sole', record, ...since })
}

/** Tells the registry, and the log if there is one, that a message names this number alone; nothing, when they know. */
export function saySole(draft: Draft, rtype: string, number: Numbered, now: Moment): void {
  const { system, value, record } = number
  const known = draft.lookup(rtype, system, value)
  if (known?.since && compareMoments(known.since, now) <= 0) return
  // Numbers of before the log, and those that came with others only.
  if (known && !known.since && !hasLog(draft, rtype, record)) return
  draft.register(rtype, system, value, record, now)
  if (!hasLog(draft, rtype, record)) return
  tell(draft, rtype, { kind: 'sole', record, ...now })
  settle(draft, rtype, [record])
}

/**
 * What was said of a number before anybody knew what has it is said of that from now on: of a visit, when its alternate
 * number was changed (A51) before the visit was told of.
 */
export function adopt(draft: Draft, rtype: string, number: Numbered): void {
  const { system, value, record } = number
  const alone = stableId(rtype, system, value)
  if (alone === record) return
  const joins = [...draft.contributions(rtype, alone).values()].flatMap(({ key, data }) =>
    key.startsWith('who:join:') && data !== undefined ? [data as LoggedJoin] : [],
  )
  if (joins.length === 0) return
  const others = new Set<string>()
  for (const said of joins) {
    untell(draft, rtype, said)
    const [from, to] = [said.from, said.to].map((each) => (each === alone ? record : each)) as [
      string,
      string,
    ]
    const numbers = [said.source.value ?? '', said.target.value ?? ''] as const
    tell(draft, rtype, { ...said, from, to, ...(from === to && { numbers }) })
    for (const each of [from, to]) others.add(each)
  }
  for (const key of [aliasKey, numbersKey]) keep(draft, rtype, alone, key, undefined)
  draft.aliases.set(rtype, alone, undefined)
  tellSole(draft, rtype, number)
  settle(draft, rtype, [...others])
}

export interface Settled {
  resultOf(said: Logged): Result | undefined
  /** Joins that the log refuses. */
  readonly refused: readonly { readonly join: LoggedJoin; readonly result: Result }[]
}

/** Folds the log around some records and carries out what it says. */
export function settle(draft: Draft, rtype: string, seeds: readonly string[]): Settled {
  const log = readLog(draft, rtype, seeds)
  const { groups, results } = foldIdentity(log)
  const all = [...new Set(groups.values())]
  const roots = new Map(all.map((group) => [group, chooseRoot(draft, rtype, group, log)]))
  const rootOf = (group: Group) => roots.get(group) ?? ''
  const before = new Map([...groups.keys()].map((each) => [each, draft.survivorId(rtype, each)]))
  for (const group of all) aliasGroup(draft, rtype, group, rootOf)
  for (const group of all) countNumbers(draft, rtype, group, rootOf(group), log, groups)
  for (const [record, old] of before) {
    if (draft.survivorId(rtype, record) === old) continue
    for (const each of [record, old]) draft.changed.add(`${rtype}/${each}`)
    follow(draft, rtype, record, old)
  }
  const of = (said: Logged): Result | undefined => {
    const key = keyOf(said)
    const [same] = log.filter(
      (each) => keyOf(each) === key && recordsIn(each).join() === recordsIn(said).join(),
    )
    return same && results.get(same)
  }
  const refused = log.flatMap((each) => {
    const result = results.get(each)
    const bad = result === 'cycle' || result === 'elsewhere' || result === 'in-use'
    return bad && (each.kind === 'merge' || each.kind === 'change') ? [{ join: each, result }] : []
  })
  for (const each of log)
    if (rtype === 'Patient' && each.kind === 'claim' && results.get(each) === 'conflict')
      askAboutConflict(draft, each)
  return { resultOf: of, refused }
}

/** What was named together before turns out to be several persons: nobody who sent it hears of that any more. */
function askAboutConflict(draft: Draft, { i, numbers }: LoggedClaim): void {
  if (i === draft.messageId) return
  const ids = [...new Set(numbers.map(({ record }) => draft.survivorId('Patient', record)))].sort()
  const [first = ''] = ids
  const reference = `Patient/${first}`
  const named = numbers.map(({ value }) => value).join(', ')
  const said = [i, draft.messageId].map((each) => `Provenance/${stableId('Provenance', each)}`)
  draft.tasks.push({
    code: 'identity-conflict',
    key: ids.join('|'),
    description: `identifiers ${named} came in one PID, and belong to different patients by what came later - merge the patients, or correct the sender`,
    focus: reference,
    patient: reference,
    inputs: [
      ...ids.map((id) => ({ type: 'patient', value: { valueReference: { reference: `Patient/${id}` } } })),
      ...said.map((each) => ({ type: 'earlier-message', value: { valueReference: { reference: each } } })),
    ],
  })
}

/** All that was said of these records, of those that it names, and so on. */
function readLog(draft: Draft, rtype: string, seeds: readonly string[]): Logged[] {
  const log = new Map<string, Logged>()
  const seen = new Set<string>()
  const queue = [...seeds]
  for (let record = queue.pop(); record !== undefined; record = queue.pop()) {
    if (seen.has(record)) continue
    seen.add(record)
    for (const { key, data } of draft.contributions(rtype, record).values()) {
      if (!isLog(key) || data === undefined) continue
      const said = data as Logged
      log.set(`${key} ${recordsIn(said).join()}`, said)
      queue.push(...recordsIn(said))
    }
  }
  return [...log.values()]
}

/** Whoever is shown already stays; else the record of a number that is still to be used. */
function chooseRoot(draft: Draft, rtype: string, group: Group, log: readonly Logged[]): string {
  const order: string[] = []
  for (const said of log) {
    if (said.kind === 'claim') order.push(...said.records)
    else if (said.kind !== 'sole') order.push(said.to, said.from)
  }
  const list = [...order.filter((each) => group.records.has(each)), ...[...group.records].sort()]
  const isShown = (id: string) => {
    const { version, deleted } = draft.entity(rtype, id)
    return version > 0 && !deleted && aliasOf(draft, rtype, id)?.kind !== 'same'
  }
  const shown = list.filter(isShown)
  const from = shown.length > 0 ? shown : list
  return from.find((each) => !group.retired.has(each)) ?? from[0] ?? ''
}

function aliasGroup(draft: Draft, rtype: string, group: Group, rootOf: (group: Group) => string): void {
  const [root, top] = [rootOf(group), rootOf(topOf(group))]
  for (const record of group.records) {
    let alias: AliasData | undefined
    if (record !== root) alias = { kind: 'same', to: root }
    else if (group.into) {
      const { m, i, t } = group.into.by
      alias = { kind: 'merge', to: rootOf(group.into.group), by: { m, i, t } }
    }
    keep(draft, rtype, record, aliasKey, alias)
    draft.aliases.set(rtype, record, record === top ? undefined : top)
  }
}

/** Keeps with the root what its numbers are worth. */
function countNumbers(
  draft: Draft,
  rtype: string,
  group: Group,
  root: string,
  log: readonly Logged[],
  groups: ReadonlyMap<string, Group>,
): void {
  const retired: Identifier[] = []
  const current: Identifier[] = []
  for (const said of log) {
    if ((said.kind !== 'merge' && said.kind !== 'change') || groups.get(said.from) !== group) continue
    if (group.retired.get(joinedOf(said)[0]) !== said) continue
    const end = new Date(said.t).toISOString().replace('.000Z', 'Z')
    retired.push({ ...said.source, use: 'old', period: { ...said.source.period, end } })
    current.push(said.target)
  }
  const without = log.flatMap((said) =>
    said.kind === 'claim' && groups.get(said.own) === group
      ? said.numbers.flatMap(({ record, system, value }) =>
          groups.get(record) === group ? [] : [`${system}|${value}`],
        )
      : [],
  )
  // A number that was moved here was named with others elsewhere.
  for (const said of log) {
    if (said.kind !== 'claim' || groups.get(said.own) === group) continue
    for (const { record, system, value, type } of said.numbers)
      if (groups.get(record) === group) current.push({ system, value, ...(type && { type }) })
  }
  const numbers: Numbers = { retired, current, without: [...new Set(without)].sort() }
  const isEmpty = retired.length + current.length + without.length === 0
  for (const record of group.records) {
    const mine = record === root && !isEmpty
    keep(draft, rtype, record, numbersKey, mine ? numbers : undefined)
  }
}

/** What referred to a record as it was shown before is shown with what it means now. */
function follow(draft: Draft, rtype: string, record: string, old: string): void {
  draft.touch(rtype, record)
  draft.touch(rtype, old)
  draft.touch(rtype, draft.survivorId(rtype, record))
  if (draft.entity(rtype, old).version === 0) return
  draft.follow(`${rtype}/${old}`)
}
