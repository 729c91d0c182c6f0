// The truth folded anew from what is stored: after a change of the site's policy (who is trusted how much, what a source
// means) no message need come again. Page by page, each in its own transaction; an interrupted run goes on where it was.
import { createHash } from 'node:crypto'
import type { Site } from '../../canonical/site.ts'
import { pastKey } from '../../canonical/truth/settled.ts'
import type { Database } from '../../store/db.ts'
import { readContributed, readProgress, writeProgress } from '../../store/journal.ts'
import { takeBack } from '../../store/past.ts'
import type { Item, Outcome, RuleItem } from '../batch/item.ts'
import { ownRule } from '../client/own-rule.ts'

export interface Recomputed {
  /** Things that were folded. */
  readonly things: number
  /** Resources that are another now. */
  readonly changed: number
  /** Things that could not be folded: 'Patient/x'. */
  readonly failed: readonly string[]
}

export interface RecomputeOptions {
  readonly db: Database
  readonly tenant: number
  readonly site: Site
  readonly now: () => Date
  readonly submit: (items: readonly Item[]) => Promise<readonly Outcome[]>
  readonly onProgress?: (things: number) => void
  /** Asked before each page; true ends the run, which can go on later. */
  readonly stopped?: () => boolean
}

const name = 'recompute'
/** Things of one transaction: others that need one of them wait no longer than this takes. */
const pageThings = 50

/** Name of all of a site that folding depends on: as long as it stays, folding anew changes nothing. */
export function policyOf({ gateway, sources, clients }: Site): string {
  const of = [...sources.values()].map(({ token: _, peers: __, certificate: ___, ...each }) => each)
  const text = JSON.stringify([
    gateway.timezone,
    of,
    [...clients.values()].map(({ id, trust }) => [id, trust]),
  ])
  return createHash('sha256').update(text).digest('hex')
}

/** True when the store was folded under another policy, or was not folded to the end. */
export async function isOutdated(db: Database, tenant: number, site: Site): Promise<boolean> {
  const policy = policyOf(site)
  const place = await readProgress(db.read, tenant, name, policy)
  if (place !== undefined) return place.length > 0
  const [some] = await readContributed(db.read, tenant, ['', ''], 1)
  if (some) return true
  await db.transaction((tx) => writeProgress(tx, tenant, name, policy, []))
  return false
}

export async function recompute(options: RecomputeOptions): Promise<Recomputed> {
  const { db, tenant, site, submit, now, onProgress, stopped = () => false } = options
  const policy = policyOf(site)
  const begun = await readProgress(db.read, tenant, name, policy)
  // What decides nothing under one policy may under another.
  await db.transaction((tx) => takeBack(tx, tenant, pastKey), { statementTimeoutMs: 0 })
  let [things, changed] = [0, 0]
  const failed: string[] = []
  for (let after: readonly string[] = begun ?? []; !stopped(); ) {
    const [rtype = '', id = ''] = after
    const page = await readContributed(db.read, tenant, [rtype, id], pageThings)
    const keys = page.map((each) => `${each.rtype}/${each.id}`)
    const outcomes = keys.length > 0 ? await submit([foldRule(keys, now())]) : []
    // One that cannot be folded must not keep the others of its page from it.
    const alone = outcomes[0]?.draft ? [] : keys
    for (const key of alone) {
      const [outcome] = await submit([foldRule([key], now())])
      if (outcome?.draft) changed += countOf(outcome)
      else failed.push(key)
    }
    if (alone.length === 0 && outcomes[0]) changed += countOf(outcomes[0])
    things += keys.length
    const last = page.at(-1)
    const done = !last || page.length < pageThings
    await db.transaction((tx) => writeProgress(tx, tenant, name, policy, done ? [] : [last.rtype, last.id]))
    onProgress?.(things)
    if (done) break
    after = [last.rtype, last.id]
  }
  return { things, changed, failed }
}

const countOf = ({ diff }: Outcome): number =>
  diff.filter((each) => each.resourceType !== 'Provenance').length

const foldRule = (keys: readonly string[], now: Date): RuleItem =>
  ownRule('recompute', keys, now, (draft) => {
    for (const key of keys) {
      const slash = key.indexOf('/')
      draft.touch(key.slice(0, slash), key.slice(slash + 1))
    }
  })
