// The gateway of the benchmarks, a process of its own: the parts that main.ts joins, with a batch size that can be
// changed while it runs, counters, a profiler and a recorder of what it writes.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { listenMllp } from '../../src/adapters/mllp/receiver.ts'
import { compileSearchParams } from '../../src/fhir/search-params.ts'
import { createEngine, type Engine } from '../../src/pipeline/engine.ts'
import { createMetrics } from '../../src/pipeline/metrics.ts'
import { loadPackages } from '../../src/pipeline/site/packages.ts'
import { readSite } from '../../src/pipeline/site/site.ts'
import { loadSiteMaps } from '../../src/pipeline/site/site-maps.ts'
import { createApp } from '../../src/server/app.ts'
import { listen } from '../../src/server/listen.ts'
import { openDatabase } from '../../src/store/db.ts'
import { makePartitions } from '../../src/store/maintenance.ts'
import { migrate } from '../../src/store/migrate.ts'
import { Counters } from './counters.ts'
import { Profiler } from './profiler.ts'
import { Recorder, recording } from './record.ts'
import { type Handlers, serve } from './remote.ts'

/** No packages of a site. */
const packages = loadPackages('none/site.json')

export interface GatewayOptions {
  readonly url: string
  readonly schema: string
  /** File that the writing statements go to; undefined = not recorded. */
  readonly record: string | undefined
  /** undefined = as the product has it. */
  readonly batching?: Batching
}

export interface Batching {
  /** Messages of one transaction, at most. */
  readonly messages: number
  /** Transactions at once; undefined = as the product has it. */
  readonly lanes?: number
}

export const gatewayFile = import.meta.filename
export const siteFile = join(import.meta.dirname, 'site.json')
/** As in main.ts. */
export const productBatching: Batching = { messages: 200 }
const maxBatchBytes = 4 * 1_048_576
const maxWaiting = 2_000
const maxInFlight = 64
const maxConnectionsPerPeer = 100
const tenant = 1

type Opened = Awaited<ReturnType<typeof open>>
let opened: Opened | undefined

async function open({ url, schema, record, batching = productBatching }: GatewayOptions) {
  const read = readSite(siteFile)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  const { site } = read
  const maps = loadSiteMaps(siteFile)
  const counters = new Counters()
  const metrics = createMetrics((_id, error) => counters.fault(error))
  const db = await openDatabase({
    connection: url,
    schema,
    warn: (fields, text) => console.error(text, fields),
    observe: (name, ms) => {
      metrics.statement(name, ms)
      counters.statement(name, ms)
    },
  })
  await migrate(db)
  await db.transaction((tx) => makePartitions(tx, new Date()))
  compileSearchParams()
  const recorder = record === undefined ? undefined : new Recorder(record)
  const engineWith = ({ messages, lanes }: Batching): Engine => {
    const engine = createEngine({
      db: recorder ? recording(db, recorder) : db,
      tenant,
      site: () => site,
      maps: () => maps,
      clock: { now: () => new Date() },
      lineage: true,
      maxBatchMessages: messages,
      ...(lanes === undefined ? {} : { lanes }),
      maxBatchBytes,
      maxWaiting,
      maxWaitingBytes: 67_108_864,
      observe: {
        ...metrics,
        batch: (count, ms) => {
          metrics.batch(count, ms)
          counters.batch(count, ms)
        },
      },
    })
    engine.start()
    return engine
  }
  let engine = engineWith(batching)
  const mllp = await listenMllp(
    { host: '127.0.0.1', port: 0, maxInFlight, maxConnectionsPerPeer },
    (inbound) => engine.receive(inbound),
  )
  const app = createApp({
    packages: () => packages,
    gateway: engine,
    db,
    tenant,
    baseUrl: 'http://127.0.0.1/fhir',
    cursorKey: randomBytes(32),
    version: 'bench',
    ready: () => true,
    manualClock: false,
    metrics: metrics.registry,
    log: { info() {}, warn() {}, error: (fields, text) => console.error(text, fields) },
  })
  const http = await listen(app.fetch, { host: '127.0.0.1', port: 0 })
  return {
    db,
    counters,
    recorder,
    mllp,
    http,
    idle: async () => {
      while (!(await engine.idle())) await new Promise((resolve) => setTimeout(resolve, 50))
    },
    useBatch: async (next: Batching) => {
      const old = engine
      engine = engineWith(next)
      await old.close()
    },
    close: async () => {
      await Promise.all([mllp.close(1_000), http.close(1_000)])
      await engine.close()
      recorder?.close()
      await db.close()
    },
  }
}

const now = (): Opened => {
  if (!opened) throw new Error('not open')
  return opened
}
const profiler = new Profiler()

const handlers = {
  open: async (options: GatewayOptions) => {
    opened = await open(options)
    return { mllpPort: opened.mllp.port, httpPort: opened.http.port, server: opened.db.server }
  },
  /** From now on; nothing may be in flight. */
  useBatch: (batching: Batching) => now().useBatch(batching),
  mark: (name: string) => now().recorder?.mark(name),
  /** Counts since the last call. */
  counts: (_: undefined) => now().counters.take(),
  idle: (_: undefined) => now().idle(),
  profile: (_: undefined) => profiler.start(),
  endProfile: (_: undefined) => profiler.stop(),
  /** Resident bytes and heap after a collection of garbage; needs --expose-gc. */
  memory: (_: undefined) => {
    globalThis.gc?.()
    globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, heapUsed, external }
  },
  close: (_: undefined) => now().close(),
} satisfies Handlers

export type GatewayHandlers = typeof handlers

if (import.meta.main) serve(handlers, async () => {})
