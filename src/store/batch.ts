// Writing a batch: everything that its messages changed, in a handful of set-based statements of one transaction.
import type { Queryable } from './db.ts'

/** Where rows are few they travel as one JSON text: a single native stringify here, a single parse there. */
const rows = (list: readonly unknown[]): string => JSON.stringify(list)

export interface RegistrationWrite {
  readonly rtype: string
  readonly system: string
  readonly value: string
  readonly id: string
  readonly since_m: number | undefined
  readonly since_i: string | undefined
}

export const writeRegistrationsSql = `
insert into registry as r (tenant, rtype, system, value, id, since_m, since_i)
select $1, rtype, system, value, id, since_m, since_i
from json_to_recordset($2::json) as x (rtype text, system text, value text, id text, since_m bigint, since_i bigint)
on conflict (tenant, rtype, system, value) do update set id = excluded.id, since_m = excluded.since_m, since_i = excluded.since_i`

export async function writeRegistrations(
  tx: Queryable,
  tenant: number,
  list: readonly RegistrationWrite[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_registrations', writeRegistrationsSql, [tenant, rows(list)])
}

export interface MergeWrite {
  readonly rtype: string
  readonly source_id: string
  /** Undefined: shown as itself again. */
  readonly target_id: string | undefined
  readonly message_id: string
}

/** As what things are shown from now on, one hop each. */
export const writeMergesSql = `
with x as materialized (
  select * from json_to_recordset($2::json) as x (rtype text, source_id text, target_id text, message_id bigint)
), gone as (
  delete from merge m using x where m.tenant = $1 and m.rtype = x.rtype and m.source_id = x.source_id and x.target_id is null
)
insert into merge (tenant, rtype, source_id, target_id, message_id, merged_at)
select $1, rtype, source_id, target_id, message_id, $3::timestamptz from x where target_id is not null
on conflict (tenant, rtype, source_id) do update set target_id = excluded.target_id, message_id = excluded.message_id`

export async function writeMerges(
  tx: Queryable,
  tenant: number,
  at: string,
  list: readonly MergeWrite[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_merges', writeMergesSql, [tenant, rows(list), at])
}

export interface LedgerWrite {
  readonly source: string
  readonly line: string
  readonly account_id: string | undefined
  readonly rtype: string
  readonly id: string
  readonly kind: string
  readonly code: string
  readonly amount: string
  readonly currency: string
  readonly content: string
  readonly original: string | undefined
  readonly t: number
  readonly m: number
  readonly message_id: string
}

/** Posted lines never change. */
export const writeLedgerSql = `
insert into ledger as l (tenant, source, line, account_id, rtype, id, kind, code, amount, currency, content, original, t, m, message_id)
select $1, source, line, account_id, rtype, id, kind, code, amount, currency, decode(content, 'hex'), original, t, m, message_id
from json_to_recordset($2::json) as x (source text, line text, account_id text, rtype text, id text, kind text, code text,
  amount numeric, currency text, content text, original text, t bigint, m bigint, message_id bigint)`

export async function writeLedger(
  tx: Queryable,
  tenant: number,
  list: readonly LedgerWrite[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_ledger', writeLedgerSql, [tenant, rows(list)])
}

export interface OutboxWrite {
  readonly id: string
  readonly subscriber: string
  readonly cluster: string
  readonly message_id: string
  readonly event: string
  readonly change: unknown
}

export const writeOutboxSql = `
insert into outbox (tenant, id, subscriber, cluster, message_id, event, change, created_at)
select $1, $3::bigint + place, subscriber, cluster, message_id, event, change, $4::timestamptz
from json_to_recordset($2::json) as x (place int, subscriber text, cluster text, message_id bigint, event text, change jsonb)`

export async function writeOutbox(
  tx: Queryable,
  tenant: number,
  firstSeq: number,
  at: string,
  list: readonly Omit<OutboxWrite, 'id'>[],
): Promise<void> {
  if (list.length === 0) return
  const numbered = list.map((each, place) => ({ ...each, place }))
  await tx.execute('write_outbox', writeOutboxSql, [tenant, rows(numbered), firstSeq, at])
}

export interface TodoWrite {
  readonly kind: 'process' | 'match' | 'settle'
  readonly cluster: string
  readonly subject: string
}

export const writeTodoSql = `
insert into todo (tenant, id, kind, cluster, subject, ready_at)
select $1, nextval('todo_number'), kind, cluster, subject, $3::timestamptz
from json_to_recordset($2::json) as x (kind text, cluster text, subject text)`

export async function writeTodo(
  tx: Queryable,
  tenant: number,
  at: string,
  list: readonly TodoWrite[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_todo', writeTodoSql, [tenant, rows(list), at])
}

/** Shapes of lineage are the same for everybody who finds them: whoever comes second has nothing to add. */
export const writeShapesSql = `
insert into lineage_shape (tenant, id, spans) select $1, id, spans from json_to_recordset($2::json) as x (id text, spans jsonb)
on conflict do nothing`

export async function writeShapes(
  tx: Queryable,
  tenant: number,
  list: readonly { readonly id: string; readonly spans: unknown }[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_shapes', writeShapesSql, [tenant, rows(list)])
}
