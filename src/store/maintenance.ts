// Upkeep: emptying a tenant (test controls), partitions of the message log.
import type { Database, Queryable, Transaction } from './db.ts'

const tables = [
  'message',
  'message_key',
  'parked',
  'held',
  'unmapped',
  'todo',
  'contribution',
  'contribution_past',
  'lineage_shape',
  'registry',
  'merge',
  'merge_journal',
  'ledger',
  'busy',
  'resource',
  'superseded',
  'identifier',
  'reference',
  'string',
  'date',
  'number',
  'outbox',
  'idempotency',
  'counter',
  'journal',
  'progress',
  'export_job',
  'export_file',
  'export_chunk',
] as const

/** Everything that a tenant has. Only behind the test controls. */
export async function clearTenant(tx: Queryable, tenant: number): Promise<void> {
  for (const table of tables)
    await tx.execute(`clear_${table}`, `delete from ${table} where tenant = $1`, [tenant])
}

/** Days for which partitions are made ahead. */
export const partitionDaysAhead = 7
const msPerDay = 86_400_000

/** True when a partition is there already, or when rows of its day are in the default one and would be in its way. */
const takenSql = `
select to_regclass($1) is not null or exists (
  select from message_default where received_at >= $2::timestamptz and received_at < $3::timestamptz) as taken`

/** Makes the daily partitions of the message log from `from` on. Days that cannot have one stay in the default. */
export async function makePartitions(tx: Transaction, from: Date): Promise<number> {
  let made = 0
  for (let day = 0; day < partitionDaysAhead; day++) {
    const start = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate() + day))
    const [low, high] = [start.toISOString(), new Date(start.getTime() + msPerDay).toISOString()]
    const name = `message_${low.slice(0, 10).replaceAll('-', '')}`
    const [row] = await tx.query<{ taken: boolean }>('find_partition', takenSql, [name, low, high])
    if (row?.taken) continue
    await tx.script(`create table ${name} partition of message for values from ('${low}') to ('${high}')`)
    made++
  }
  return made
}

const partitionsSql = `
select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = to_regclass('message') and c.relname ~ '^message_[0-9]{8}$' order by 1`

const dropJournalSql = `delete from journal where at < $1::timestamptz`

/** Drops the partitions of days before `before`: raw messages go, what they have said stays. Returns their names. */
export async function dropPartitions(tx: Transaction, before: Date): Promise<string[]> {
  const limit = `message_${before.toISOString().slice(0, 10).replaceAll('-', '')}`
  const rows = await tx.query<{ name: string }>('list_partitions', partitionsSql)
  const old = rows.map((row) => row.name).filter((name) => name < limit)
  for (const name of old) await tx.script(`drop table ${name}`)
  if (old.length > 0) await tx.execute('drop_journal', dropJournalSql, [before.toISOString()])
  return old
}

/** Makes partitions ahead and drops those beyond the retention; 0 days = none are dropped. */
export async function keepPartitions(db: Database, retentionDays: number): Promise<void> {
  const now = new Date()
  await db.transaction(async (tx) => {
    await makePartitions(tx, now)
    if (retentionDays > 0) await dropPartitions(tx, new Date(now.getTime() - retentionDays * msPerDay))
  })
}

export interface Backlog {
  /** Messages that wait, by state. */
  readonly states: readonly { readonly state: string; readonly n: number }[]
  /** Seconds that the oldest work has waited; 0 when there is none. */
  readonly lag: number
}

/** Uses message_state: only messages that wait are in it. */
export const backlogSql = `
select state, count(*)::int as n from message
where tenant = $1 and state in ('received', 'parked', 'held', 'failed') group by state`
export const lagSql = `
select coalesce(extract(epoch from clock_timestamp() - min(ready_at)), 0)::float8 as lag from todo where tenant = $1`

export async function readBacklog(db: Queryable, tenant: number): Promise<Backlog> {
  const [states, rows] = await Promise.all([
    db.query<Backlog['states'][number]>('backlog', backlogSql, [tenant]),
    db.query<{ lag: number }>('lag', lagSql, [tenant]),
  ])
  return { states, lag: Math.max(0, rows[0]?.lag ?? 0) }
}

const foreignSql = `
select count(*)::int as n from pg_class c
where c.relnamespace = to_regnamespace(quote_ident($1)) and c.relkind in ('r', 'p')
  and not exists (select from pg_class m where m.relnamespace = c.relnamespace and m.relname = 'schema_migration')`

/** Removes the schema of a store with all that is in it. False when it has tables that are not a store's: then it stays. */
export async function dropSchema(db: Database): Promise<boolean> {
  const [row] = await db.read.query<{ n: number }>('foreign_tables', foreignSql, [db.schema])
  if (row && row.n > 0) return false
  await db.transaction((tx) => tx.script(`drop schema if exists "${db.schema}" cascade`), {
    statementTimeoutMs: 0,
  })
  return true
}
