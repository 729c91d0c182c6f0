// Busy intervals of actors by day: an index over what appointments take, so that a second booking shows.

import type { Queryable } from './db.ts'
import { pipelined } from './transaction.ts'

export interface BusyRow {
  readonly actor: string
  /** Days since the epoch, UTC. */
  readonly day: number
  readonly appointment: string
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly end: number
  readonly since: number
}

/** Uses the primary key of busy. */
export const loadBusySql = `
select b.actor, b.day, b.appointment, b.starts::float8 as start, b.ends::float8 as "end", b.since::float8 as since
from unnest($2::text[], $3::int[]) as wanted (actor, day)
join busy b on b.tenant = $1 and b.actor = wanted.actor and b.day = wanted.day`

export async function loadBusy(
  tx: Queryable,
  tenant: number,
  wanted: readonly { readonly actor: string; readonly day: number }[],
): Promise<BusyRow[]> {
  if (wanted.length === 0) return []
  const columns = [wanted.map((each) => each.actor), wanted.map((each) => each.day)]
  return await tx.query<BusyRow>('load_busy', loadBusySql, [tenant, ...columns])
}

/** Uses busy_appointment. */
export const freeBusySql = `
delete from busy b where b.tenant = $1 and b.appointment = any($2::text[])`

export const writeBusySql = `
insert into busy (tenant, actor, day, appointment, starts, ends, since)
select $1, actor, day, appointment, start, "end", since
from json_to_recordset($2::json) as x (actor text, day int, appointment text, start bigint, "end" bigint, since bigint)
on conflict do nothing`

/** Replaces all that these appointments take. */
export async function writeBusy(
  tx: Queryable,
  tenant: number,
  appointments: readonly string[],
  list: readonly BusyRow[],
): Promise<void> {
  if (appointments.length === 0) return
  await pipelined([
    tx.execute('free_busy', freeBusySql, [tenant, appointments]),
    list.length > 0 ? tx.execute('write_busy', writeBusySql, [tenant, JSON.stringify(list)]) : undefined,
  ])
}
