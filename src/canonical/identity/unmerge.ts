// Undoing a merge: as if nobody had said it, but for what has happened since (semantics, section 3). What is said of the
// records was never moved, so that they show again what they showed; what was made or touched since is asked for.

import { policiesOf, settlePolicies } from '../coverage/merged-policies.ts'
import type { Draft } from '../truth/draft.ts'
import { aliasOf, recordsOf, rootOf } from '../truth/family.ts'
import { sayPair } from './link.ts'
import { move } from './moved.ts'
import { type LoggedJoin, settle, untell } from './records.ts'

/** A resource as the merge has left it. */
export type MovedResource = readonly [rtype: string, id: string, version: number]

export interface Undoing {
  readonly said: LoggedJoin
  /** What the merge has changed. */
  readonly moved: readonly MovedResource[]
  /** What becomes of resources that were touched since. */
  readonly onConflict: 'ask' | 'stay' | 'move'
  readonly reason: string
  /** Milliseconds. */
  readonly at: number
}

export type Undone =
  | { readonly kind: 'not-merged' }
  | { readonly kind: 'conflict'; readonly touched: readonly string[] }
  | {
      readonly kind: 'done'
      readonly source: string
      readonly target: string
      readonly restored: readonly string[]
    }

export function unmerge(draft: Draft, { said, moved, onConflict, reason, at }: Undoing): Undone {
  const source = rootOf(draft, 'Patient', said.from)
  const by = aliasOf(draft, 'Patient', source)?.by
  if (!by || by.i !== said.i || by.m !== said.m) return { kind: 'not-merged' }
  const target = draft.survivorId('Patient', source)
  const things = [...draft.dependents.of(`Patient/${target}`)]
  const known = new Map(moved.map(([rtype, id, version]) => [`${rtype}/${id}`, version]))
  const touched = [...known].flatMap(([key, version]) => (versionOf(draft, key) > version ? [key] : []))
  if (touched.length > 0 && onConflict === 'ask') return { kind: 'conflict', touched }
  untell(draft, 'Patient', said)
  settle(draft, 'Patient', [said.from, said.to])
  settlePolicies(draft, target)
  settlePolicies(draft, source)
  for (const id of policiesOf(draft, source)) if (!known.has(`Coverage/${id}`)) draft.touch('Coverage', id)
  const records = recordsOf(draft, 'Patient', source)
  const from = records.map((each) => `Patient/${each}`)
  const right = `Patient/${rootOf(draft, 'Patient', said.to)}`
  const stays = things.filter((key) => {
    // What has come since stays where it was seen; what was touched since stays if that is asked for.
    const isNew = !known.has(key) && !key.startsWith('Task/') && speaksOf(draft, key, from)
    return isNew || (onConflict === 'stay' && touched.includes(key))
  })
  for (const key of stays) move(draft, ...split(key), from, right, at)
  sayPair(draft, said.from, said.to, { linked: false, excluded: true, why: reason, m: at })
  const restored = [...known.keys(), `Patient/${source}`].filter((key) => !stays.includes(key))
  return { kind: 'done', source, target, restored: [...new Set(restored)].sort() }
}

const split = (key: string): [rtype: string, id: string] => [
  key.slice(0, key.indexOf('/')),
  key.slice(key.indexOf('/') + 1),
]

const versionOf = (draft: Draft, key: string): number =>
  (draft.dependents.find(key) ?? draft.entity(...split(key))).version

/** True when somebody has said something of the thing under one of these names. */
function speaksOf(draft: Draft, key: string, names: readonly string[]): boolean {
  const dependent = draft.dependents.find(key)
  if (dependent) return names.some((name) => dependent.names.includes(name))
  const text = JSON.stringify([...draft.contributions(...split(key)).values()])
  return names.some((name) => text.includes(`"${name}"`))
}
