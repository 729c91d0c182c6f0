// Upkeep: emptying a tenant (test controls), partitions of the message log.
import type { Queryable } from './db.ts'

const tables = [
  'message',
  'message_key',
  'parked',
  'todo',
  'contribution',
  'lineage_shape',
  'registry',
  'merge',
  'ledger',
  'resource',
  'history',
  'identifier',
  'reference',
  'string',
  'date',
  'number',
  'outbox',
  'idempotency',
  'counter',
] as const

/** Everything that a tenant has. Only behind the test controls. */
export async function clearTenant(tx: Queryable, tenant: number): Promise<void> {
  for (const table of tables)
    await tx.execute(`clear_${table}`, `delete from ${table} where tenant = $1`, [tenant])
}

/** Days for which partitions are made ahead. */
export const partitionDaysAhead = 7

/** Makes the daily partitions of the message log from `from` on; those that exist are left alone. */
export async function makePartitions(
  tx: Queryable & { script(text: string): Promise<void> },
  from: Date,
): Promise<number> {
  let made = 0
  for (let day = 0; day < partitionDaysAhead; day++) {
    const start = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate() + day))
    const end = new Date(start.getTime() + 86_400_000)
    const name = `message_${start.toISOString().slice(0, 10).replaceAll('-', '')}`
    const [known] = await tx.query<{ found: boolean }>(
      'find_partition',
      'select to_regclass($1) is not null as found',
      [name],
    )
    if (known?.found) continue
    await tx.script(
      `create table ${name} partition of message for values from ('${start.toISOString()}') to ('${end.toISOString()}')`,
    )
    made++
  }
  return made
}
