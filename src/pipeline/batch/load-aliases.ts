// As what things are shown, and what is shown as they, taken into the world of a batch.
import { entityKey, type World } from '../../canonical/truth/world.ts'
import type { Queryable } from '../../store/db.ts'
import { loadMerges, type MergeRow } from '../../store/truth.ts'

export function takeMerges(world: World, rows: readonly MergeRow[]): void {
  for (const { rtype, sourceId, targetId } of rows) {
    world.merges.set(entityKey(rtype, sourceId), targetId)
    const target = entityKey(rtype, targetId)
    world.members.set(target, new Set(world.members.get(target)).add(sourceId))
  }
}

/** For references alone: the things themselves are not needed. */
export async function loadAliases(
  tx: Queryable,
  tenant: number,
  world: World,
  wanted: readonly { readonly rtype: string; readonly id: string }[],
): Promise<void> {
  const unread = wanted.filter((each) => !world.merges.has(entityKey(each.rtype, each.id)))
  for (const { rtype, id } of unread) world.merges.set(entityKey(rtype, id), null)
  for (const { rtype, sourceId, targetId } of await loadMerges(tx, tenant, unread))
    world.merges.set(entityKey(rtype, sourceId), targetId)
}
