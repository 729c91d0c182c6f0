// A gateway on a fresh schema for a test: the real rules, the real database, a clock that the test sets.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Site } from '../../src/canonical/site.ts'
import { splitBatch } from '../../src/hl7/batch.ts'
import { parseMessage } from '../../src/hl7/message.ts'
import { compileMaps, type MapSet } from '../../src/mappings/engine/compile.ts'
import { loadMaps, loadTables } from '../../src/mappings/engine/load.ts'
import { createEngine, type Engine } from '../../src/pipeline/engine.ts'
import { createMetrics } from '../../src/pipeline/metrics.ts'
import { parseSite } from '../../src/pipeline/site/site.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { shared } from '../shared.ts'

let compiled: MapSet | undefined

/** The maps that come with the program, compiled once per test file. */
export function baseMaps(): MapSet {
  const base = join(import.meta.dirname, '../../src/mappings')
  compiled ??= compileMaps(loadMaps({ base }), loadTables(join(base, 'tables')))
  return compiled
}

/** The site of the acceptance suite; `change` edits its JSON first. */
export function acceptanceSite(change: (site: Record<string, unknown>) => void = () => {}): Site {
  const written = JSON.parse(readFileSync(shared('acceptance/site.json'), 'utf8')) as Record<string, unknown>
  change(written)
  const read = parseSite(JSON.stringify(written))
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  return read.site
}

export interface TestGateway {
  readonly engine: Engine
  readonly store: TestDatabase
  readonly faults: unknown[]
  at(iso: string): void
  /** Sends segments joined by CR; returns the reply's segments. */
  send(...segments: string[]): Promise<Answer>
  /** Waits until nothing is left to do. */
  idle(): Promise<void>
  /** Current resources of a type. */
  all(rtype: string): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

export interface Answer {
  readonly code: string
  readonly text: string
  /** 'W STALE PID^1^11' */
  readonly errors: readonly string[]
  /** Codes of table 0357, in whatever shape the version has. */
  readonly codes: readonly string[]
}

export async function testGateway(site: Site = acceptanceSite()): Promise<TestGateway> {
  const store = await testDatabase()
  const faults: unknown[] = []
  let now = new Date('2026-03-02T08:00:00-06:00')
  const engine = createEngine({
    db: store.db,
    tenant: 1,
    site: () => site,
    maps: baseMaps,
    clock: {
      now: () => now,
      set: (to) => {
        now = to
      },
    },
    lineage: true,
    maxBatchMessages: 200,
    maxBatchBytes: 1 << 22,
    maxWaiting: 10_000,
    maxWaitingBytes: 67_108_864,
    observe: createMetrics((_id, error) => faults.push(error)),
  })
  engine.start()
  return {
    engine,
    store,
    faults,
    at: (iso) => {
      now = new Date(iso)
    },
    send: async (...segments) => {
      const raw = Buffer.from(`${segments.join('\r')}\r`)
      const { bytes } = await engine.receive({ raw, channel: 'mllp', peer: 'test:1' })
      return readAnswer(bytes)
    },
    idle: async () => {
      while (!(await engine.idle())) await new Promise((resolve) => setImmediate(resolve))
    },
    all: async (rtype) => {
      const rows = await store.db.read.query<{ body: string }>(
        'test_all',
        'select body::text as body from resource where tenant = 1 and rtype = $1 and not deleted order by id',
        [rtype],
      )
      return rows.map((row) => JSON.parse(row.body) as Record<string, unknown>)
    },
    close: async () => {
      await engine.close()
      await store.drop()
    },
  }
}

/** The acknowledgements of a reply: one, or those of a batch. */
export function readAnswers(bytes: Uint8Array | undefined): Answer[] {
  if (!bytes) return []
  return splitBatch(Buffer.from(bytes).toString('utf8')).messages.map(answerOf)
}

const readAnswer = (bytes: Uint8Array | undefined): Answer =>
  readAnswers(bytes)[0] ?? { code: '', text: '', errors: [], codes: [] }

function answerOf(text: string): Answer {
  const parsed = parseMessage(text)
  if ('fault' in parsed) return { code: '', text, errors: [], codes: [] }
  const { message } = parsed
  const errors = message
    .all('ERR')
    .map(
      (err) => `${err.value(4)} ${err.value(5, 1, 1) || err.value(3, 1, 1)} ${err.repetitions(2).join('~')}`,
    )
  const codes = [...text.matchAll(/\b(\d{1,3})[&^][A-Za-z ]+[&^]HL70357/g)].map((match) => match[1] ?? '')
  return { code: message.get('MSA-1') ?? '', text, errors, codes }
}
