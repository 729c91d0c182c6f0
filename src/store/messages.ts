// The message log: what came, byte for byte, with its outcome; and the keys by which a resend is known.
import type { Queryable } from './db.ts'

export type MessageState = 'received' | 'processed' | 'parked' | 'held' | 'rejected' | 'failed'

export interface MessageWrite {
  readonly id: string
  readonly received_at: string
  readonly source: string
  readonly channel: string
  readonly peer: string
  readonly control_id: string | undefined
  readonly event: string
  readonly version: string | undefined
  readonly charset: string | undefined
  /** base64 */
  readonly raw: string
  /** hexadecimal */
  readonly sha256: string
  readonly state: MessageState
  readonly cluster: string | undefined
  readonly ack_code: string | undefined
  /** base64 */
  readonly ack: string | undefined
  readonly findings: readonly unknown[]
  readonly maps_hash: string | undefined
  readonly processed_at: string | undefined
  /** What a client's write came to; undefined for messages. */
  readonly command: unknown
}

/** Numbers without gaps in order are not needed here; a sequence never waits. */
export const takeMessageIdsSql = `select nextval('message_number')::text as id from generate_series(1, $1::int)`

export async function takeMessageIds(tx: Queryable, count: number): Promise<string[]> {
  return (await tx.query<{ id: string }>('take_message_ids', takeMessageIdsSql, [count])).map((row) => row.id)
}

export const writeMessagesSql = `
insert into message (tenant, received_at, id, source, channel, peer, control_id, event, version, charset, raw, sha256, state,
  cluster, ack_code, ack, findings, maps_hash, processed_at, command)
select $1, received_at, id, source, channel, peer, control_id, event, version, charset, decode(raw, 'base64'), decode(sha256, 'hex'),
  state, cluster, ack_code, decode(ack, 'base64'), findings, maps_hash, processed_at, command
from json_to_recordset($2::json) as x (received_at timestamptz, id bigint, source text, channel text, peer text, control_id text,
  event text, version text, charset text, raw text, sha256 text, state text, cluster text, ack_code text, ack text, findings jsonb,
  maps_hash text, processed_at timestamptz, command jsonb)`

export async function writeMessages(
  tx: Queryable,
  tenant: number,
  list: readonly MessageWrite[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_messages', writeMessagesSql, [tenant, JSON.stringify(list)])
}

/** Outcome of messages that were stored before they were processed. */
export const updateMessagesSql = `
update message m set state = x.state, ack_code = x.ack_code, ack = decode(x.ack, 'base64'), findings = x.findings,
  processed_at = x.processed_at, maps_hash = x.maps_hash, attempts = m.attempts + 1
from json_to_recordset($2::json) as x (received_at timestamptz, id bigint, state text, ack_code text, ack text, findings jsonb,
  processed_at timestamptz, maps_hash text)
where m.tenant = $1 and m.received_at = x.received_at and m.id = x.id`

export async function updateMessages(
  tx: Queryable,
  tenant: number,
  list: readonly Pick<
    MessageWrite,
    'id' | 'received_at' | 'state' | 'ack_code' | 'ack' | 'findings' | 'processed_at' | 'maps_hash'
  >[],
): Promise<void> {
  if (list.length > 0) await tx.execute('update_messages', updateMessagesSql, [tenant, JSON.stringify(list)])
}

export interface MessageKeyRow {
  readonly key: string
  readonly sha256: string
  readonly messageId: string
  readonly ackCode: string
  /** Null when retention has dropped the message. */
  readonly ack: Buffer | null
}

/**
 * What was answered to messages with these keys; uses the primary keys of message_key and message. The key's own
 * code outlives the message: a refusal must never become an AA because its partition was dropped.
 */
export const loadMessageKeysSql = `
select encode(k.key, 'hex') as key, encode(k.sha256, 'hex') as sha256, k.message_id::text as "messageId",
  coalesce(m.ack_code, k.ack_code, 'AA') as "ackCode", m.ack
from message_key k
left join message m on m.tenant = k.tenant and m.received_at = k.received_at and m.id = k.message_id
where k.tenant = $1 and k.key = any(select decode(each, 'hex') from unnest($2::text[]) as each)`

export async function loadMessageKeys(
  tx: Queryable,
  tenant: number,
  keys: readonly string[],
): Promise<MessageKeyRow[]> {
  if (keys.length === 0) return []
  return await tx.query<MessageKeyRow>('load_message_keys', loadMessageKeysSql, [tenant, keys])
}

export interface MessageKeyWrite {
  readonly key: string
  readonly sha256: string
  readonly message_id: string
  readonly received_at: string
  /** Undefined = AA, which nearly all are. */
  readonly ack_code: string | undefined
}

/** No ON CONFLICT: a key that is there already must fail the transaction, or a message would be applied twice. */
export const writeMessageKeysSql = `
insert into message_key (tenant, key, sha256, message_id, received_at, ack_code)
select $1, decode(key, 'hex'), decode(sha256, 'hex'), message_id, received_at, ack_code
from json_to_recordset($2::json) as x (key text, sha256 text, message_id bigint, received_at timestamptz, ack_code text)`

export async function writeMessageKeys(
  tx: Queryable,
  tenant: number,
  list: readonly MessageKeyWrite[],
): Promise<void> {
  if (list.length > 0)
    await tx.execute('write_message_keys', writeMessageKeysSql, [tenant, JSON.stringify(list)])
}

/** The answer to messages that were stored before they were processed; rows that have it already are not rewritten. */
export const updateMessageKeysSql = `
update message_key k set ack_code = x.ack_code
from json_to_recordset($2::json) as x (key text, message_id bigint, ack_code text)
where k.tenant = $1 and k.key = decode(x.key, 'hex') and k.message_id = x.message_id
  and k.ack_code is distinct from x.ack_code`

export async function updateMessageKeys(
  tx: Queryable,
  tenant: number,
  list: readonly Pick<MessageKeyWrite, 'key' | 'message_id' | 'ack_code'>[],
): Promise<void> {
  if (list.length > 0)
    await tx.execute('update_message_keys', updateMessageKeysSql, [tenant, JSON.stringify(list)])
}

export interface ParkedWrite {
  readonly system: string
  readonly value: string
  readonly message_id: string
  readonly received_at: string
  readonly until: string
}

export const writeParkedSql = `
insert into parked (tenant, system, value, message_id, received_at, until)
select $1, system, value, message_id, received_at, max(until)
from json_to_recordset($2::json) as x (system text, value text, message_id bigint, received_at timestamptz, until timestamptz)
group by system, value, message_id, received_at
on conflict (tenant, system, value, message_id) do update set until = greatest(parked.until, excluded.until)`

export async function writeParked(
  tx: Queryable,
  tenant: number,
  list: readonly ParkedWrite[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_parked', writeParkedSql, [tenant, JSON.stringify(list)])
}

export interface StoredMessage {
  readonly id: string
  readonly receivedAt: string
  readonly source: string
  readonly channel: 'mllp' | 'http' | 'file' | 'fhir'
  readonly peer: string | null
  readonly charset: string | null
  readonly raw: Buffer
  readonly state: MessageState
}

/** Parked messages whose key has appeared; taken out of the queue. Uses the primary key of parked. */
export const releaseParkedSql = `
with due as (
  delete from parked p using unnest($2::text[], $3::text[]) as known (system, value)
  where p.tenant = $1 and p.system = known.system and p.value = known.value
  returning p.message_id
)
insert into todo (tenant, id, kind, cluster, subject, ready_at)
select $1, nextval('todo_number'), 'process', message_id::text, message_id::text, $4::timestamptz
from (select distinct message_id from due) as d order by message_id`

export async function releaseParked(
  tx: Queryable,
  tenant: number,
  keys: readonly { readonly system: string; readonly value: string }[],
  at: string,
): Promise<number> {
  if (keys.length === 0) return 0
  return await tx.execute('release_parked', releaseParkedSql, [
    tenant,
    keys.map((k) => k.system),
    keys.map((k) => k.value),
    at,
  ])
}

export interface TodoRow {
  readonly id: string
  readonly cluster: string
  readonly subject: string
  readonly attempts: number
}

/** Oldest work of a kind that is due; other workers skip what is taken. Uses todo_cluster. */
export const claimTodoSql = `
select id::text as id, cluster, subject, attempts from todo
where tenant = $1 and kind = $2 and ready_at <= $3::timestamptz
order by id limit $4 for update skip locked`

export async function claimTodo(
  tx: Queryable,
  tenant: number,
  kind: string,
  now: string,
  limit: number,
): Promise<TodoRow[]> {
  return await tx.query<TodoRow>('claim_todo', claimTodoSql, [tenant, kind, now, limit])
}

export const countTodoSql = `select count(*)::int as n from todo where tenant = $1 and ready_at <= $2::timestamptz`

export async function countTodo(db: Queryable, tenant: number, now: string): Promise<number> {
  const [row] = await db.query<{ n: number }>('count_todo', countTodoSql, [tenant, now])
  return row?.n ?? 0
}

export const finishTodoSql = `delete from todo where tenant = $1 and id = any($2::bigint[])`

export async function finishTodo(tx: Queryable, tenant: number, ids: readonly string[]): Promise<void> {
  await tx.execute('finish_todo', finishTodoSql, [tenant, ids])
}

export const postponeTodoSql = `
update todo set attempts = attempts + 1, ready_at = $3::timestamptz, last_error = $4 where tenant = $1 and id = any($2::bigint[])`

export async function postponeTodo(
  tx: Queryable,
  tenant: number,
  ids: readonly string[],
  until: string,
  error: string,
): Promise<void> {
  await tx.execute('postpone_todo', postponeTodoSql, [tenant, ids, until, error])
}

/** Messages as they came, by number; uses message_id. */
export const loadStoredSql = `
select m.id::text as id, m.received_at as "receivedAt", m.source, m.channel, m.peer, m.charset, m.raw, m.state
from message m where m.tenant = $1 and m.id = any($2::bigint[]) and m.state in ('received', 'parked', 'held', 'failed', 'rejected')
order by m.received_at, m.id`

export async function loadStored(
  db: Queryable,
  tenant: number,
  ids: readonly string[],
): Promise<StoredMessage[]> {
  return ids.length === 0 ? [] : await db.query<StoredMessage>('load_stored', loadStoredSql, [tenant, ids])
}

export interface RawMessageRow {
  readonly channel: string
  readonly raw: Buffer
  readonly sha256: Buffer
  readonly receivedAt: string
}

/** One message as it came; uses message_id. */
export const readRawMessageSql = `
select m.channel, m.raw, m.sha256, m.received_at as "receivedAt" from message m where m.tenant = $1 and m.id = $2::bigint`

/** undefined when there is none, or when its day was dropped. */
export async function readRawMessage(
  db: Queryable,
  tenant: number,
  id: string,
): Promise<RawMessageRow | undefined> {
  const [row] = await db.query<RawMessageRow>('read_raw_message', readRawMessageSql, [tenant, id])
  return row
}

/** Takes stored messages for processing: those that another worker has finished are not among the answers. */
export const takeStoredSql = `
delete from todo where tenant = $1 and kind = 'process' and subject = any($2::text[]) returning subject`

export async function takeStored(
  tx: Queryable,
  tenant: number,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await tx.query<{ subject: string }>('take_stored', takeStoredSql, [tenant, ids])
  return new Set(rows.map((row) => row.subject))
}
