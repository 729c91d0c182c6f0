// The message log for operators: what waits or was refused, and what shall be tried again.
import type { Queryable } from './db.ts'
import type { MessageState, StoredMessage } from './messages.ts'

export interface ListedMessage {
  readonly id: string
  readonly receivedAt: string
  readonly source: string
  readonly channel: string
  readonly controlId: string | null
  readonly event: string | null
  readonly version: string | null
  readonly state: MessageState
  readonly ackCode: string | null
  readonly findings: readonly unknown[] | null
  readonly mapsHash: string | null
  readonly attempts: number
  readonly processedAt: string | null
  readonly bytes: number
}

const columns = `id::text as id, received_at as "receivedAt", source, channel, control_id as "controlId", event, version, state,
  ack_code as "ackCode", findings, maps_hash as "mapsHash", attempts, processed_at as "processedAt", octet_length(raw) as bytes`

export interface MessageFilter {
  readonly states: readonly MessageState[]
  readonly source: string | undefined
  /** Older than this one. */
  readonly before: string | undefined
  readonly limit: number
}

/** Newest first. Uses message_state: messages that were applied are not in it. */
export const listMessagesSql = `
select ${columns} from message
where tenant = $1 and state = any($2::text[]) and state in ('received', 'parked', 'held', 'failed', 'rejected')
  and ($3::text is null or source = $3) and ($4::bigint is null or id < $4)
order by id desc limit $5`

export async function listMessages(
  db: Queryable,
  tenant: number,
  { states, source, before, limit }: MessageFilter,
): Promise<ListedMessage[]> {
  const values = [tenant, states, source ?? null, before ?? null, limit]
  return await db.query<ListedMessage>('list_messages', listMessagesSql, values)
}

/** Uses message_id. */
export const oneMessageSql = `select ${columns} from message where tenant = $1 and id = $2::bigint`

export async function oneMessage(
  db: Queryable,
  tenant: number,
  id: string,
): Promise<ListedMessage | undefined> {
  const [row] = await db.query<ListedMessage>('one_message', oneMessageSql, [tenant, id])
  return row
}

/** The bytes of a message, whatever became of it; uses message_id. */
export const rawMessageSql = `
select id::text as id, received_at as "receivedAt", source, channel, peer, charset, raw, state
from message where tenant = $1 and id = $2::bigint`

export async function rawMessage(
  db: Queryable,
  tenant: number,
  id: string,
): Promise<StoredMessage | undefined> {
  const [row] = await db.query<StoredMessage>('raw_message', rawMessageSql, [tenant, id])
  return row
}

/**
 * Messages to be tried again, in the order in which they came; those that wait for their turn already are left out, and
 * what was refused for who sent it: nobody knows any more whether its sender may.
 */
export const rerunMessagesSql = `
with chosen as (
  select received_at, id from message m
  where tenant = $1 and state = any($2::text[]) and state in ('parked', 'held', 'failed', 'rejected') and channel <> 'fhir'
    and ($3::text is null or source = $3) and ($4::bigint[] is null or id = any($4::bigint[]))
    and not coalesce(findings, '[]'::jsonb) @> '[{"app": "UNKNOWN-SOURCE"}]'
    and not exists (select from todo t where t.tenant = $1 and t.kind = 'process' and t.cluster = m.id::text)
  order by received_at, id limit $6
), freed as (
  delete from held h using chosen where h.tenant = $1 and h.message_id = chosen.id returning h.source, h.name, h.code
), told as (
  update unmapped u set dirty = true, told_at = null from freed
  where u.tenant = $1 and u.source = freed.source and u.name = freed.name and u.code = freed.code
)
insert into todo (tenant, id, kind, cluster, subject, ready_at)
select $1, nextval('todo_number'), 'process', id::text, id::text, $5::timestamptz
from (select received_at, id from chosen order by received_at, id) as c`

/** Most messages that one request runs again. */
export const maxRerun = 10_000

export async function rerunMessages(
  tx: Queryable,
  tenant: number,
  { states, source, ids }: Pick<MessageFilter, 'states' | 'source'> & { readonly ids?: readonly string[] },
  at: string,
): Promise<number> {
  const values = [tenant, states, source ?? null, ids ?? null, at, maxRerun]
  return await tx.execute('rerun_messages', rerunMessagesSql, values)
}

export interface Origin extends StoredMessage {
  readonly controlId: string | null
  readonly event: string | null
  readonly mapsHash: string | null
}

/** Messages behind what is known, with their bytes; uses message_id. */
export const originMessagesSql = `
select id::text as id, received_at as "receivedAt", source, channel, peer, charset, raw, state, control_id as "controlId", event,
  maps_hash as "mapsHash"
from message where tenant = $1 and id = any($2::bigint[])`

export async function originMessages(
  db: Queryable,
  tenant: number,
  ids: readonly string[],
): Promise<Origin[]> {
  const numbers = ids.filter((id) => /^\d{1,18}$/.test(id))
  return numbers.length === 0
    ? []
    : await db.query<Origin>('origin_messages', originMessagesSql, [tenant, numbers])
}
