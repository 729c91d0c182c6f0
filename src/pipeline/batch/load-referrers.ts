// Loads what refers to a thing: with all that is said of it, or, for a merge, only what more than a reference changes in.
import { isPlain } from '../../canonical/identity/dependents.ts'
import { entityKey, splitEntityKey, type World } from '../../canonical/truth/world.ts'
import type { Queryable } from '../../store/db.ts'
import { loadDependents, loadReferrerRows, type ReferrerRow } from '../../store/dependents.ts'
import { loadReferrers, lockThings } from '../../store/truth.ts'

/** Names that contributions are searched for; of what has more of them everything is loaded. */
const maxNames = 8
/** Locks are memory of the server: more things than these are guarded by their versions, and a conflict repeats the merge. */
const maxLocked = 10_000

type Load = (keys: readonly string[]) => Promise<void>

export async function loadReferring(
  tx: Queryable,
  tenant: number,
  world: World,
  target: string,
  load: Load,
): Promise<void> {
  if (world.referrers.has(target)) return
  const keys = keysOf(world, target, await loadReferrers(tx, tenant, [target]))
  await load(keys)
  world.referrers.set(target, keys)
}

export async function loadDependentsOf(
  tx: Queryable,
  tenant: number,
  world: World,
  target: string,
  load: Load,
): Promise<void> {
  if (world.dependentsOf.has(target)) return
  const rows = await loadReferrerRows(tx, tenant, target)
  const keys = keysOf(world, target, rows)
  const [rtype, id] = splitEntityKey(target)
  const names = [id, ...(world.members.get(target) ?? [])].map((each) => entityKey(rtype, each))
  // What others of the batch have changed is not in the tables yet.
  const isLight = world.alone && names.length <= maxNames
  const light = isLight ? keys.filter((key) => isPlain(key) && !world.entities.has(key)) : []
  if (light.length <= maxLocked) await lockThings(tx, tenant, light)
  const found = await loadDependents(tx, tenant, light.map(thingOf), names)
  const paramsOf = new Map(rows.map((each: ReferrerRow) => [entityKey(each.rtype, each.id), each.params]))
  const bare = names.map((each) => JSON.stringify(each))
  for (const each of found) {
    const key = entityKey(each.rtype, each.id)
    // Of what refers to two things that are merged, both references may change: it is folded.
    if (world.dependents.delete(key)) continue
    const named = each.names.map((name) => names[bare.indexOf(name)] ?? '')
    const params = paramsOf.get(key) ?? []
    world.dependents.set(key, { ...each, names: named, refersTo: target, params })
  }
  await load(keys.filter((key) => !world.dependents.has(key)))
  world.dependentsOf.set(target, keys)
}

const thingOf = (key: string): { readonly rtype: string; readonly id: string } => {
  const [rtype, id] = splitEntityKey(key)
  return { rtype, id }
}

function keysOf(
  world: World,
  target: string,
  rows: readonly { readonly rtype: string; readonly id: string }[],
): string[] {
  const keys = new Set(rows.map(({ rtype, id }) => entityKey(rtype, id)))
  // What this batch has written is not in the table yet.
  for (const [key, entity] of world.entities) {
    if (JSON.stringify(entity.body ?? null).includes(`"${target}"`)) keys.add(key)
  }
  keys.delete(target)
  return [...keys].filter((key) => !key.startsWith('Provenance/')).sort()
}
