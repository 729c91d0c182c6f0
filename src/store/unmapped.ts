// Codes that no table has, and the messages that are held for them.
import type { Queryable } from './db.ts'
import type { StoredMessage } from './messages.ts'

export interface UnmappedWrite {
  readonly source: string
  readonly name: string
  readonly code: string
  readonly required: boolean
  readonly position: string
  readonly control_id: string | undefined
  readonly message_id: string
  readonly count: number
  readonly seen: string
}

/** Most codes that are told apart for one source: what a sender makes up beyond them is held or kept, but not listed. */
export const maxUnmappedPerSource = 2_000

/** Uses the primary key of unmapped. A code that is there already is counted, also when the source has too many. */
export const writeUnmappedSql = `
insert into unmapped as u (tenant, source, name, code, required, position, control_id, message_id, count, first_seen, last_seen)
select $1, source, name, code, required, position, control_id, message_id, count, seen, seen
from json_to_recordset($2::json) as x (source text, name text, code text, required boolean, position text, control_id text,
  message_id bigint, count bigint, seen timestamptz)
where exists (select from unmapped k where k.tenant = $1 and k.source = x.source and k.name = x.name and k.code = x.code)
  or (select count(*) from unmapped k where k.tenant = $1 and k.source = x.source) < $3
on conflict (tenant, source, name, code) do update set count = u.count + excluded.count, required = u.required or excluded.required,
  first_seen = least(u.first_seen, excluded.first_seen), last_seen = greatest(u.last_seen, excluded.last_seen), open = true, dirty = true`

export async function writeUnmapped(
  tx: Queryable,
  tenant: number,
  list: readonly UnmappedWrite[],
): Promise<void> {
  if (list.length > 0)
    await tx.execute('write_unmapped', writeUnmappedSql, [tenant, JSON.stringify(list), maxUnmappedPerSource])
}

export interface HeldWrite {
  readonly message_id: string
  readonly source: string
  readonly name: string
  readonly code: string
  readonly received_at: string
}

/** Their codes are open again, in case they were not any more. */
export const writeHeldSql = `
with x as materialized (
  select * from json_to_recordset($2::json) as x (message_id bigint, source text, name text, code text, received_at timestamptz)
), again as (
  update unmapped u set open = true, dirty = true from x where u.tenant = $1 and u.source = x.source and u.name = x.name and u.code = x.code
)
insert into held (tenant, message_id, source, name, code, received_at)
select $1, message_id, source, name, code, received_at from x
on conflict do nothing`

export async function writeHeld(tx: Queryable, tenant: number, list: readonly HeldWrite[]): Promise<void> {
  if (list.length > 0) await tx.execute('write_held', writeHeldSql, [tenant, JSON.stringify(list)])
}

export interface HeldMessage extends StoredMessage {
  readonly mapsHash: string | null
}

/** Held messages in the order in which they came, after (received_at, id); uses held_order and message_id. */
export const loadHeldSql = `
select m.id::text as id, m.received_at as "receivedAt", m.source, m.channel, m.peer, m.charset, m.raw, m.state, m.maps_hash as "mapsHash"
from (
  select distinct received_at, message_id from held
  where tenant = $1 and (received_at, message_id) > ($2::timestamptz, $3::bigint)
  order by received_at, message_id limit $4
) as h
join message m on m.tenant = $1 and m.received_at = h.received_at and m.id = h.message_id
order by m.received_at, m.id`

export async function loadHeld(
  db: Queryable,
  tenant: number,
  after: { readonly receivedAt: string; readonly id: string },
  limit: number,
): Promise<HeldMessage[]> {
  return await db.query<HeldMessage>('load_held', loadHeldSql, [tenant, after.receivedAt, after.id, limit])
}

/** Held messages that may be applied: taken up by the worker in the order in which they came. Uses the primary key of held. */
export const releaseHeldSql = `
with due as (
  delete from held where tenant = $1 and message_id = any($2::bigint[]) returning message_id, received_at, source, name, code
), told as (
  update unmapped u set dirty = true, told_at = null from due
  where u.tenant = $1 and u.source = due.source and u.name = due.name and u.code = due.code
)
insert into todo (tenant, id, kind, cluster, subject, ready_at)
select $1, nextval('todo_number'), 'process', message_id::text, message_id::text, $3::timestamptz
from (select distinct received_at, message_id from due) as d order by received_at, message_id`

export async function releaseHeld(
  tx: Queryable,
  tenant: number,
  ids: readonly string[],
  at: string,
): Promise<void> {
  if (ids.length > 0) await tx.execute('release_held', releaseHeldSql, [tenant, ids, at])
}

/** What held messages were last tried with, so that they are not tried again before something changes. */
export const triedHeldSql = `
update message m set maps_hash = x.maps_hash
from json_to_recordset($2::json) as x (id bigint, received_at timestamptz, maps_hash text)
where m.tenant = $1 and m.received_at = x.received_at and m.id = x.id`

/** Codes of these messages that they do not wait for any more. */
export const settleHeldSql = `
with gone as (
  delete from held h where h.tenant = $1 and h.message_id = any($2::bigint[]) and not exists (
    select from json_to_recordset($3::json) as x (message_id bigint, name text, code text)
    where x.message_id = h.message_id and x.name = h.name and x.code = h.code)
  returning source, name, code
)
update unmapped u set dirty = true, told_at = null from gone
where u.tenant = $1 and u.source = gone.source and u.name = gone.name and u.code = gone.code`

export interface TriedHeld {
  readonly id: string
  readonly received_at: string
  readonly maps_hash: string | undefined
}

/** Messages that stay held: the codes that they still wait for, and what they were tried with. */
export async function keepHeld(
  tx: Queryable,
  tenant: number,
  tried: readonly TriedHeld[],
  waiting: readonly HeldWrite[],
): Promise<void> {
  if (tried.length === 0) return
  await tx.execute('tried_held', triedHeldSql, [tenant, JSON.stringify(tried)])
  await writeHeld(tx, tenant, waiting)
  const ids = tried.map(({ id }) => id)
  await tx.execute('settle_held', settleHeldSql, [tenant, ids, JSON.stringify(waiting)])
}

export interface UnmappedRow {
  readonly source: string
  readonly name: string
  readonly code: string
  readonly required: boolean
  readonly position: string
  readonly controlId: string | null
  readonly messageId: string
  readonly count: number
  readonly firstSeen: string
  readonly lastSeen: string
  readonly open: boolean
  /** Messages that are held for it. */
  readonly waiting: number
}

/** Codes whose Task is not up to date: at once when messages are held, else once in a while. Uses unmapped_dirty. */
export const dueUnmappedSql = `
select source, name, code, required, position, control_id as "controlId", message_id::text as "messageId", count::int as count,
  first_seen as "firstSeen", last_seen as "lastSeen", open,
  (select count(*)::int from held h where h.tenant = u.tenant and h.source = u.source and h.name = u.name and h.code = u.code) as waiting
from unmapped u
where tenant = $1 and dirty and (required or told_at is null or told_at <= $2::timestamptz)
order by source, name, code limit $3`

export async function dueUnmapped(
  db: Queryable,
  tenant: number,
  before: string,
  limit: number,
): Promise<UnmappedRow[]> {
  return await db.query<UnmappedRow>('due_unmapped', dueUnmappedSql, [tenant, before, limit])
}

/** Only when nothing was counted in between. */
export const toldUnmappedSql = `
update unmapped u set dirty = false, told_at = $3::timestamptz, open = x.open
from json_to_recordset($2::json) as x (source text, name text, code text, count bigint, open boolean)
where u.tenant = $1 and u.source = x.source and u.name = x.name and u.code = x.code and u.count = x.count`

export async function toldUnmapped(
  tx: Queryable,
  tenant: number,
  list: readonly Pick<UnmappedRow, 'source' | 'name' | 'code' | 'count' | 'open'>[],
  at: string,
): Promise<void> {
  await tx.execute('told_unmapped', toldUnmappedSql, [tenant, JSON.stringify(list), at])
}

/** Other tables are in force: every open Task is looked at anew. */
export const reviewUnmappedSql = 'update unmapped set dirty = true, told_at = null where tenant = $1 and open'

/** Nobody waits any more in what retention has dropped. */
export const forgetPurgedSql = `
delete from held h where tenant = $1 and not exists (
  select from message m where m.tenant = h.tenant and m.received_at = h.received_at and m.id = h.message_id)`

export async function reviewUnmapped(tx: Queryable, tenant: number): Promise<void> {
  await tx.execute('forget_purged', forgetPurgedSql, [tenant])
  await tx.execute('review_unmapped', reviewUnmappedSql, [tenant])
}
