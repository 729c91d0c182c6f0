// Writes resources straight into the tables of a test database, with the index rows that the gateway would write.
import { createHash } from 'node:crypto'
import { UTC, type ZoneOffset } from '../../src/fhir/date.ts'
import { canonicalJson } from '../../src/fhir/json.ts'
import type { Resource } from '../../src/fhir/types.ts'
import type { Database, Transaction } from '../../src/store/db.ts'
import {
  diffIndexRows,
  type ResourceIndex,
  resourceIndex,
  type SideRows,
} from '../../src/store/index-rows.ts'

interface Known {
  readonly version: number
  readonly index: ResourceIndex
}

export interface Writer {
  /** Stores a version of each resource, all in one transaction; `at` is its time. */
  put(resources: readonly Resource[], at?: Date): Promise<void>
  remove(rtype: string, id: string, at?: Date): Promise<void>
}

const tenant = 1

export function writer(db: Database, zone: ZoneOffset = UTC): Writer {
  const known = new Map<string, Known>()
  const save = (tx: Transaction, rtype: string, id: string, body: Resource | undefined, at: Date) =>
    saveVersion({ tx, known, rtype, id, body, at, zone })
  return {
    put: (resources, at = new Date()) =>
      db.transaction(async (tx) => {
        for (const each of resources) await save(tx, each.resourceType, each.id ?? '', each, at)
      }),
    remove: (rtype, id, at = new Date()) => db.transaction((tx) => save(tx, rtype, id, undefined, at)),
  }
}

interface Save {
  readonly tx: Transaction
  readonly known: Map<string, Known>
  readonly rtype: string
  readonly id: string
  readonly body: Resource | undefined
  readonly at: Date
  readonly zone: ZoneOffset
}

const nextSeq = `
insert into counter (tenant, name, n) values ($1, 'seq', 1)
on conflict (tenant, name) do update set n = counter.n + 1 returning n`

async function saveVersion({ tx, known, rtype, id, body, at, zone }: Save): Promise<void> {
  const key = `${rtype}/${id}`
  const before = known.get(key)
  const version = (before?.version ?? 0) + 1
  const index = resourceIndex(body, zone)
  const diff = diffIndexRows(before?.index, body && index)
  known.set(key, { version, index })
  const text = body && canonicalJson(body)
  const hash = createHash('sha256')
    .update(text ?? '')
    .digest()
  const [row] = await tx.query<{ n: number }>('test_seq', nextSeq, [tenant])
  const seq = row?.n
  await tx.execute(
    'test_superseded',
    'insert into superseded select h.* from history h where h.tenant = $1 and h.rtype = $2 and h.id = $3 and h.version = $4',
    [tenant, rtype, id, version - 1],
  )
  await tx.execute(
    'test_resource',
    `insert into resource values ($1, $2, $3, $4, $5, $6, $7, coalesce($8::jsonb, '{}'), $9, $10, 0)
     on conflict (tenant, rtype, id) do update set version = excluded.version, seq = excluded.seq,
     updated_at = excluded.updated_at, deleted = excluded.deleted, body = excluded.body, hash = excluded.hash,
     tokens = excluded.tokens`,
    [tenant, rtype, id, version, seq, at, body === undefined, text ?? null, hash, body ? index.tokens : []],
  )
  await change(tx, 'remove', rtype, id, diff.remove)
  await change(tx, 'insert', rtype, id, diff.insert)
}

const columns: Readonly<Record<keyof SideRows, readonly string[]>> = {
  identifier: ['param', 'value', 'system'],
  reference: ['param', 'target'],
  string: ['param', 'norm'],
  date: ['param', 'low', 'high'],
  number: ['param', 'low', 'high', 'unit'],
}

async function change(tx: Transaction, op: 'insert' | 'remove', rtype: string, id: string, rows: SideRows) {
  for (const [table, names] of Object.entries(columns)) {
    const list: readonly object[] = rows[table as keyof SideRows]
    for (const row of list) {
      const cells = names.map((name) => (row as Record<string, unknown>)[name])
      const values = [tenant, rtype, id, ...cells]
      const places = names.map((_, i) => `$${i + 4}`)
      const text =
        op === 'insert'
          ? `insert into ${table} (tenant, rtype, id, ${names.join(', ')}) values ($1, $2, $3, ${places.join(', ')})`
          : `delete from ${table} where tenant = $1 and rtype = $2 and id = $3 and ${names
              .map((name, i) => `${name} = ${places[i]}`)
              .join(' and ')}`
      await tx.execute(`test_${op}_${table}`, text, values)
    }
  }
}
