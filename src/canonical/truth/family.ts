// Which records are one person, account or visit, and which were merged into it: what the identity log has decided is
// kept with each record as its alias (semantics, section 3). All of a family is loaded together.

import type { Moment } from '../identity/identity-log.ts'
import type { Contribution } from './contribution.ts'

/** What a record is shown as: the same thing under another number, or what it was merged into. */
export interface AliasData {
  readonly kind: 'same' | 'merge'
  /** Id of the record that it belongs to directly. */
  readonly to: string
  /** Of a merge: when it was said, and its business time. */
  readonly by?: Moment & { readonly t: number }
}

/** One thing with all its records, and those that were merged into it. */
export interface Family {
  readonly id: string
  readonly contributions: readonly Contribution[]
  /** What was said under the other numbers of the same thing. */
  readonly same: readonly (readonly Contribution[])[]
  readonly merged: readonly (Family & { readonly by: Moment & { readonly t: number } })[]
}

/** All that was said of the thing itself, under any of its numbers. */
export const ownOf = (family: Family): Contribution[] => [...family.contributions, ...family.same.flat()]

/** All that was said of the thing, and of what was merged into it. */
export const wholeOf = (family: Family): Contribution[] => [
  ...ownOf(family),
  ...family.merged.flatMap(wholeOf),
]

/** As much of a draft as families need. */
export interface Records {
  contribution(rtype: string, id: string, source: string, key?: string): Contribution | undefined
  contributions(rtype: string, id: string): ReadonlyMap<string, Contribution>
  survivorId(rtype: string, id: string): string
  members(rtype: string, id: string): ReadonlySet<string>
}

export const aliasKey = 'alias'

export const aliasOf = (records: Records, rtype: string, id: string): AliasData | undefined =>
  records.contribution(rtype, id, 'gateway', aliasKey)?.data as AliasData | undefined

/** The record under which a thing is shown as long as it is not merged into another. */
export function rootOf(records: Records, rtype: string, id: string): string {
  const alias = aliasOf(records, rtype, id)
  return alias?.kind === 'same' ? alias.to : id
}

/** Records that show what this one says: its root, and all that it was merged into. */
export function ancestorsOf(records: Records, rtype: string, id: string): string[] {
  const up: string[] = []
  for (let at = id; ; ) {
    const alias = aliasOf(records, rtype, at)
    if (!alias || up.includes(alias.to)) return up
    up.push(alias.to)
    at = alias.to
  }
}

/** All records of a family, its survivor first. */
export function recordsOf(records: Records, rtype: string, id: string): string[] {
  const survivor = records.survivorId(rtype, id)
  return [survivor, ...[...records.members(rtype, survivor)].sort()]
}

/** The thing of which this record is the root; undefined when it is one record and nothing was merged into it. */
export function familyOf(records: Records, rtype: string, id: string): Family | undefined {
  const survivor = records.survivorId(rtype, id)
  const members = records.members(rtype, survivor)
  if (members.size === 0) return undefined
  const below = new Map<string, { id: string; alias: AliasData }[]>()
  for (const each of [...members].sort()) {
    const alias = aliasOf(records, rtype, each)
    if (!alias) continue
    const list = below.get(alias.to)
    if (list) list.push({ id: each, alias })
    else below.set(alias.to, [{ id: each, alias }])
  }
  const build = (at: string, seen: ReadonlySet<string>): Family => {
    const own = (below.get(at) ?? []).filter((each) => !seen.has(each.id))
    const now = new Set([...seen, at])
    const said = (each: string) => [...records.contributions(rtype, each).values()]
    return {
      id: at,
      contributions: said(at),
      same: own.filter((each) => each.alias.kind === 'same').map((each) => said(each.id)),
      merged: own.flatMap(({ id: child, alias: { kind, by } }) =>
        kind === 'merge' && by ? [{ ...build(child, now), by }] : [],
      ),
    }
  }
  const family = build(id, new Set())
  return family.same.length === 0 && family.merged.length === 0 ? undefined : family
}

/** True when two records are shown as one. */
export const isOne = (records: Records, rtype: string, a: string, b: string): boolean =>
  records.survivorId(rtype, a) === records.survivorId(rtype, b)
