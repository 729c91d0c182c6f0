// Days of actors: what is booked on them, for a batch that books more; and what it books, as it is stored.
import { takenBy } from '../../canonical/appointment/booking.ts'
import { busyKey, daysOf, type Taken } from '../../canonical/appointment/busy.ts'
import type { World } from '../../canonical/truth/world.ts'
import { type BusyRow, loadBusy } from '../../store/busy.ts'
import type { Queryable } from '../../store/db.ts'
import { lockThings } from '../../store/truth.ts'

interface ActorDay {
  readonly actor: string
  readonly day: number
}

/** Days that the appointments of a batch take already. */
export function takenDays(world: World): ActorDay[] {
  const days: ActorDay[] = []
  for (const { rtype, contributions } of world.entities.values()) {
    if (rtype !== 'Appointment') continue
    for (const each of takenBy(contributions.values()))
      for (const day of daysOf(each)) days.push({ actor: each.actor, day })
  }
  return days
}

/** Busy intervals of actors by day. Whoever else is about to book one of them on that day waits. */
export async function loadBusyDays(
  tx: Queryable,
  tenant: number,
  world: World,
  days: readonly ActorDay[],
  purpose: 'to be booked' | 'as they are',
): Promise<void> {
  const missing = new Map<string, ActorDay>()
  for (const each of days) {
    const key = busyKey(each.actor, each.day)
    if (!world.busy.has(key)) missing.set(key, each)
  }
  if (missing.size === 0) return
  if (purpose === 'to be booked')
    await lockThings(
      tx,
      tenant,
      [...missing.keys()].map((each) => `Busy/${each}`),
    )
  const rows = await loadBusy(tx, tenant, [...missing.values()])
  for (const key of missing.keys()) world.busy.set(key, [])
  for (const { day, ...row } of rows) {
    const key = busyKey(row.actor, day)
    world.busy.set(key, [...(world.busy.get(key) ?? []), row])
  }
}

/** One row for each day, so that a day is found by its key. */
export const busyRows = (busy: ReadonlyMap<string, readonly Taken[]>): BusyRow[] =>
  [...busy].flatMap(([appointment, taken]) =>
    taken.flatMap((each) => daysOf(each).map((day) => ({ ...each, day, appointment }))),
  )
