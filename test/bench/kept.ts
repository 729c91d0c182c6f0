// (f) What is kept of a message beside its bytes and the truth: bytes of explanations for each byte of raw message.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createEngine } from '../../src/pipeline/engine.ts'
import { createMetrics } from '../../src/pipeline/metrics.ts'
import { readSite } from '../../src/pipeline/site/site.ts'
import { loadSiteMaps } from '../../src/pipeline/site/site-maps.ts'
import { type Database, openDatabase } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Cluster } from './cluster.ts'
import { admissions } from './mapping.ts'
import type { Report } from './report.ts'

const root = resolve(import.meta.dirname, '../..')

/** Samples of all kinds, each once; and admissions of one sender, which share their forms. */
const feeds: readonly { readonly name: string; readonly site: string; readonly messages: () => Buffer[] }[] =
  [
    { name: 'samples, each once', site: 'profiles/sites/demo/site.json', messages: samples },
    {
      name: 'admissions of 6 KB',
      site: 'test/bench/site.json',
      messages: () =>
        admissions(50).map((text) =>
          Buffer.from(text.replaceAll('GHH', 'LKH').replaceAll('.19.5.1', '.19.200.1')),
        ),
    },
  ]

function samples(): Buffer[] {
  const folder = join(root, 'samples')
  return readdirSync(folder)
    .filter((name) => /^\d\d-/.test(name))
    .sort()
    .flatMap((name) => {
      const files = readdirSync(join(folder, name)).filter((each) => each.endsWith('.hl7'))
      return files.sort().map((each) => readFileSync(join(folder, name, each)))
    })
}

const sums: readonly (readonly [name: string, sql: string, explains: boolean])[] = [
  ['raw', 'select sum(octet_length(raw)) as n from message', false],
  ['names of shapes', "select sum(octet_length((body::jsonb->'s')::text)) as n from contribution", true],
  ['shapes', 'select sum(pg_column_size(s.*)) as n from lineage_shape s', true],
  ['keys of messages', 'select sum(pg_column_size(k.*)) as n from message_key k', true],
  ['findings', 'select sum(pg_column_size(findings)) as n from message', true],
  [
    'Provenance',
    "select sum(pg_column_size(r.*) - pg_column_size(tokens)) as n from resource r where rtype = 'Provenance'",
    false,
  ],
  ['contributions', 'select sum(pg_column_size(c.*)) as n from contribution c', false],
]

export async function benchKept(cluster: Cluster, report: Report): Promise<void> {
  for (const { name, site: file, messages } of feeds) {
    const schema = cluster.newSchema()
    const db = await openDatabase({ connection: cluster.url, schema, warn: () => {} })
    try {
      await migrate(db)
      await receiveAll(db, join(root, file), messages())
      const found = new Map<string, number>()
      for (const [what, sql] of sums) {
        const [row] = await db.read.query<{ n: string | null }>(`kept_${what.replace(/\W/g, '_')}`, sql, [])
        found.set(what, Number(row?.n ?? 0))
      }
      const raw = found.get('raw') ?? 1
      for (const [what] of sums.slice(1))
        report.figure('f', `${name}: ${what}`, (found.get(what) ?? 0) / raw, 'bytes per byte of raw')
      const explained = sums.reduce(
        (sum, [what, , explains]) => sum + (explains ? (found.get(what) ?? 0) : 0),
        0,
      )
      report.ratio({ part: 'f', name: `${name}: explanations to raw`, value: explained / raw, atMost: 2 })
    } finally {
      await db.close()
      await cluster.dropSchema(schema)
    }
  }
}

async function receiveAll(db: Database, file: string, messages: readonly Buffer[]): Promise<void> {
  const read = readSite(file)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  const maps = loadSiteMaps(file)
  const engine = createEngine({
    db,
    tenant: 1,
    site: () => read.site,
    maps: () => maps,
    clock: { now: () => new Date() },
    lineage: true,
    maxBatchMessages: 200,
    maxBatchBytes: 4 * 1_048_576,
    maxWaiting: 2_000,
    maxWaitingBytes: 67_108_864,
    observe: createMetrics(() => {}),
  })
  for (const raw of messages) await engine.receive({ raw, channel: 'mllp', peer: 'bench' })
  await engine.close()
}
