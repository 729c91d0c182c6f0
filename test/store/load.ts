// Writes many resources at once into the tables of a test database, by the statements of the gateway.
import { createHash } from 'node:crypto'
import { UTC, type ZoneOffset } from '../../src/fhir/date.ts'
import type { Transaction } from '../../src/store/db.ts'
import { resourceIndex } from '../../src/store/index-rows.ts'
import { type IndexWrite, writeIndex } from '../../src/store/index-tables.ts'
import { takeNumbers } from '../../src/store/numbers.ts'
import { type VersionWrite, writeVersions } from '../../src/store/versions.ts'

const tenant = 1
const tables = ['identifier', 'reference', 'string', 'date', 'number'] as const

export interface Loaded {
  readonly resourceType: string
  readonly id: string
}

/** The first version of each. */
export async function load(
  tx: Transaction,
  resources: readonly Loaded[],
  zone: ZoneOffset = UTC,
  at = new Date(),
): Promise<void> {
  const rows = new Map<string, object[]>(tables.map((table) => [table, []]))
  const versions = resources.map((body): VersionWrite => {
    const { resourceType: rtype, id } = body
    const index = resourceIndex(body, zone)
    for (const table of tables) for (const row of index[table]) rows.get(table)?.push({ rtype, id, ...row })
    const text = JSON.stringify(body)
    return {
      rtype,
      id,
      version: 1,
      op: 'create',
      body: text,
      hash: createHash('sha256').update(text).digest('hex'),
      message_id: '0',
      updated_at: at.toISOString(),
      tokens: index.tokens,
    }
  })
  const writes = tables.map((table): IndexWrite => ({ table, add: rows.get(table) ?? [], remove: [] }))
  await writeIndex(tx, tenant, writes)
  await writeVersions(tx, tenant, await takeNumbers(tx, tenant, 'seq', versions.length), versions)
}
