// Writing a batch: everything that its messages changed, in a handful of set-based statements of one transaction.
import type { Queryable } from './db.ts'

/** Rows travel as one JSON text a table: a single native stringify here, a single parse there. */
const rows = (list: readonly unknown[]): string => JSON.stringify(list)

/** Numbers of changes, in commit order: the row stays locked until the transaction ends. */
export const takeNumbersSql = `
insert into counter as c (tenant, name, n) values ($1, $2, $3)
on conflict (tenant, name) do update set n = c.n + excluded.n
returning n`

/** Reserves `count` numbers; returns the first. */
export async function takeNumbers(
  tx: Queryable,
  tenant: number,
  name: string,
  count: number,
): Promise<number> {
  const [row] = await tx.query<{ n: number | string }>('take_numbers', takeNumbersSql, [tenant, name, count])
  return Number(row?.n ?? count) - count + 1
}

export interface VersionWrite {
  readonly rtype: string
  readonly id: string
  readonly version: number
  /** Place in the batch, from 0: gives its number. */
  readonly place: number
  readonly op: 'create' | 'update' | 'delete'
  readonly body: unknown
  readonly hash: string
  readonly message_id: string
  readonly updated_at: string
  /** The newest version of the resource in this batch: becomes the current one. */
  readonly last: boolean
  /** Only with `last`. */
  readonly tokens: readonly string[]
}

/** History gets every version, resource the newest. A version that is there already means somebody else was faster. */
export const writeVersionsSql = `
with v as materialized (
  select * from json_to_recordset($2::json) as x (
    rtype text, id text, version int, place int, op text, body jsonb, hash text, message_id bigint,
    updated_at timestamptz, last boolean, tokens bigint[])
), h as (
  insert into history (tenant, rtype, id, version, seq, updated_at, op, body, message_id)
  select $1, rtype, id, version, $3::bigint + place, updated_at, op, case when op <> 'delete' then body end, message_id from v
)
insert into resource as r (tenant, rtype, id, version, seq, updated_at, deleted, body, hash, tokens)
select $1, rtype, id, version, $3::bigint + place, updated_at, op = 'delete', coalesce(body, '{}'::jsonb), decode(hash, 'hex'), tokens
from v where last
on conflict (tenant, rtype, id) do update set version = excluded.version, seq = excluded.seq, updated_at = excluded.updated_at,
  deleted = excluded.deleted, body = excluded.body, hash = excluded.hash, tokens = excluded.tokens
where r.version < excluded.version`

/** Somebody else has written a version of the same thing in between: the batch must be applied again. */
export class VersionConflict extends Error {
  /** SQLSTATE serialization_failure, so that the transaction is tried again. */
  readonly code = '40001'
  readonly severity = 'ERROR'
}

export async function writeVersions(
  tx: Queryable,
  tenant: number,
  firstSeq: number,
  list: readonly VersionWrite[],
): Promise<void> {
  if (list.length === 0) return
  const written = await tx.execute('write_versions', writeVersionsSql, [tenant, rows(list), firstSeq])
  if (written !== list.filter((each) => each.last).length) throw new VersionConflict()
}

export interface ContributionWrite {
  readonly rtype: string
  readonly id: string
  readonly source: string
  readonly key: string
  readonly body: unknown
  readonly message_id: string
}

export const writeContributionsSql = `
insert into contribution as c (tenant, rtype, id, source, key, body, message_id)
select $1, rtype, id, source, key, body, message_id
from json_to_recordset($2::json) as x (rtype text, id text, source text, key text, body jsonb, message_id bigint)
on conflict (tenant, rtype, id, source, key) do update set body = excluded.body, message_id = excluded.message_id`

export async function writeContributions(
  tx: Queryable,
  tenant: number,
  list: readonly ContributionWrite[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_contributions', writeContributionsSql, [tenant, rows(list)])
}

export interface RegistrationWrite {
  readonly rtype: string
  readonly system: string
  readonly value: string
  readonly id: string
  readonly retired: boolean
}

export const writeRegistrationsSql = `
insert into registry as r (tenant, rtype, system, value, id, retired)
select $1, rtype, system, value, id, retired
from json_to_recordset($2::json) as x (rtype text, system text, value text, id text, retired boolean)
on conflict (tenant, rtype, system, value) do update set id = excluded.id, retired = excluded.retired`

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
  readonly target_id: string
  readonly message_id: string
}

/** The second part compresses paths: whatever was read as the source is read as the target from now on. */
export const writeMergesSql = `
with x as materialized (
  select * from json_to_recordset($2::json) as x (rtype text, source_id text, target_id text, message_id bigint)
), compressed as (
  update merge m set target_id = x.target_id from x where m.tenant = $1 and m.rtype = x.rtype and m.target_id = x.source_id
), renamed as (
  update registry r set id = x.target_id, retired = true from x where r.tenant = $1 and r.rtype = x.rtype and r.id = x.source_id
)
insert into merge (tenant, rtype, source_id, target_id, message_id, merged_at)
select $1, rtype, source_id, target_id, message_id, $3::timestamptz from x
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

/** Search rows to add and to take away, by table; columns as in the schema. */
export interface IndexWrite {
  readonly table: 'identifier' | 'reference' | 'string' | 'date' | 'number'
  readonly add: readonly object[]
  readonly remove: readonly object[]
}

const indexColumns = {
  identifier: 'rtype text, param text, value text, system text, id text',
  reference: 'target text, rtype text, param text, id text',
  string: 'rtype text, param text, norm text, id text',
  date: 'rtype text, param text, low timestamptz, high timestamptz, id text',
  number: 'rtype text, param text, low numeric, high numeric, unit text, id text',
} as const

const namesOf = (columns: string): string[] =>
  columns.split(', ').map((each) => each.slice(0, each.indexOf(' ')))

const addSql = Object.fromEntries(
  Object.entries(indexColumns).map(([table, columns]) => {
    const names = namesOf(columns).join(', ')
    return [
      table,
      `insert into ${table} (tenant, ${names}) select $1, ${names} from json_to_recordset($2::json) as x (${columns}) on conflict do nothing`,
    ]
  }),
)

const removeSql = Object.fromEntries(
  Object.entries(indexColumns).map(([table, columns]) => [
    table,
    `delete from ${table} t using json_to_recordset($2::json) as x (${columns}) where t.tenant = $1 and ${namesOf(
      columns,
    )
      .map((name) => `t.${name} = x.${name}`)
      .join(' and ')}`,
  ]),
)

/** Removes before it adds, so that a value that moved from one thing to another is found where it is now. */
export async function writeIndex(
  tx: Queryable,
  tenant: number,
  writes: readonly IndexWrite[],
): Promise<void> {
  const removed = writes.map(({ table, remove }) =>
    remove.length > 0
      ? tx.execute(`remove_${table}`, removeSql[table] ?? '', [tenant, rows(remove)])
      : undefined,
  )
  const added = writes.map(({ table, add }) =>
    add.length > 0 ? tx.execute(`add_${table}`, addSql[table] ?? '', [tenant, rows(add)]) : undefined,
  )
  await Promise.all([...removed, ...added])
}

export interface TodoWrite {
  readonly kind: 'process' | 'match'
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
