// Sets aside the events of long visits that no longer decide anything, behind the acknowledgements; and takes them back.

import type { Site } from '../../canonical/site.ts'
import { pastKey, settledOf } from '../../canonical/truth/settled.ts'
import { contributionKey, entityKey, storedKey, type World } from '../../canonical/truth/world.ts'
import type { Database, Queryable } from '../../store/db.ts'
import { claimTodo, finishTodo } from '../../store/messages.ts'
import { setAside, takeBack } from '../../store/past.ts'
import { loadThings, lockThings } from '../../store/truth.ts'
import { contributionOf } from '../batch/contribution-rows.ts'

const atOnce = 20

/** Works on visits that have become long; returns how many. */
export async function settleVisits(db: Database, tenant: number, site: Site, now: string): Promise<number> {
  const due = await db.transaction((tx) => claimTodo(tx, tenant, 'settle', now, atOnce))
  for (const { subject } of new Map(due.map((each) => [each.subject, each])).values())
    await db.transaction((tx) => settle(tx, tenant, site, subject.slice('Encounter/'.length)))
  if (due.length > 0)
    await db.transaction((tx) =>
      finishTodo(
        tx,
        tenant,
        due.map((each) => each.id),
      ),
    )
  return due.length
}

async function settle(tx: Queryable, tenant: number, site: Site, id: string): Promise<void> {
  const thing = { rtype: 'Encounter', id }
  await lockThings(tx, tenant, [entityKey(thing.rtype, id)])
  const { contributions, merges } = await loadThings(tx, tenant, [thing])
  // What counts of one visit depends on what was said of the others that it was merged with.
  if (merges.length > 0) return
  const by = { source: (source: string) => site.sources.get(source), zone: site.gateway.timezone }
  const settled = settledOf(contributions.map(contributionOf), by)
  if (!settled) return
  const mark = { key: pastKey, body: JSON.stringify({ d: settled.past }) }
  await setAside(tx, tenant, thing, settled.keys, mark)
}

/** The whole log of a visit, because something has come that is as old as what was set aside. */
export async function loadPast(tx: Queryable, tenant: number, world: World, id: string): Promise<void> {
  const key = entityKey('Encounter', id)
  const entity = world.entities.get(key)
  if (!entity) return
  await takeBack(tx, tenant, pastKey, { rtype: 'Encounter', id })
  const { contributions } = await loadThings(tx, tenant, [{ rtype: 'Encounter', id }])
  const all = new Map(entity.contributions)
  all.delete(contributionKey('gateway', pastKey))
  for (const row of contributions) {
    const own = contributionKey(row.source, row.key)
    // What this batch has changed is newer than what the store has.
    if (!all.has(own)) all.set(own, contributionOf(row))
    if (!world.stored.has(storedKey(key, own))) world.stored.set(storedKey(key, own), row.text)
  }
  world.entities.set(key, { ...entity, contributions: all })
}
