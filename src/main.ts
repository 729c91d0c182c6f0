// The only file that constructs things and joins them: settings, store, rules, listeners, and their end.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { MllpOptions } from './adapters/mllp/options.ts'
import { listenMllp, type MllpReceiver } from './adapters/mllp/receiver.ts'
import { type TlsFiles, TlsUpkeep, tlsFromFiles } from './adapters/mllp/tls-files.ts'
import { type Config, describeConfig, readConfig } from './config.ts'
import { createEngine, type Engine } from './pipeline/engine.ts'
import { manualClock } from './pipeline/manual-clock.ts'
import { createMetrics, type Metrics } from './pipeline/metrics.ts'
import { describe, LiveSite } from './pipeline/site/live-site.ts'
import type { SitePackages } from './pipeline/site/packages.ts'
import { certificatesOf } from './pipeline/site/peers.ts'
import { takeSearchParams } from './pipeline/site/search-params.ts'
import { CannotStart, refuseDemoTokens } from './pipeline/site/site.ts'
import { createApp } from './server/app.ts'
import { createExporter } from './server/bulk/exporter.ts'
import { cursorKeyOf } from './server/cursor.ts'
import { type Listening, listen } from './server/listen.ts'
import { mllpGuard } from './server/mllp.ts'
import type { Database } from './store/db.ts'
import { keepPartitions } from './store/maintenance.ts'
import { migrate } from './store/migrate.ts'
import { openStore, type Store } from './store/open.ts'
import { readResource } from './store/resources.ts'

export const version = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string }
).version

export { CannotStart }

type Env = Readonly<Record<string, string | undefined>>

/** For fault tests alone: puts a careless store in place of ours, to prove that they notice. */
type Seam = (db: Database) => Database
const noSeam: Seam = (db) => db

export interface OpenGateway {
  readonly config: Config
  readonly gateway: Engine
  readonly db: Database
  readonly metrics: Metrics
  readonly log: Logger
  readonly packages: () => SitePackages
  close(): Promise<void>
}

export interface Running extends OpenGateway {
  readonly httpPort: number
  readonly mllpPort: number
  readonly mllpTlsPort: number | undefined
}

/** Store and rules without listeners: what `portico replay` uses. Rejects with CannotStart. */
export async function openGateway(env: Env, seam = noSeam, listens = false): Promise<OpenGateway> {
  const read = readConfig(env)
  if ('problems' in read) throw new CannotStart(read.problems)
  const { config } = read
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  // Before the store: who may not start leaves no folder behind.
  const site = new LiveSite(config.site, env, log, (each) => {
    if (listens) refuseDemoTokens(config.host, each)
  })
  const metrics = createMetrics((messageId, error) =>
    log.error({ messageId, error: describe(error) }, 'a message could not be processed'),
  )
  const store = await open(config, log, metrics)
  const db = seam(store.db)
  try {
    const { version: schemaVersion, applied } = await migrate(db)
    if (applied.length > 0) log.info({ schemaVersion, applied }, 'schema migrated')
    const keepUp = () => keepPartitions(db, config.messageRetentionDays)
    await keepUp()
    const upkeep = setInterval(() => {
      keepUp().catch((error: unknown) =>
        log.error({ error: describe(error) }, 'no upkeep of the message log - tried again later'),
      )
    }, upkeepMs)
    upkeep.unref()
    await takeSearchParams({ db, tenant: config.tenant, site, log })
    const gateway = createEngine({
      db,
      tenant: config.tenant,
      site: () => site.site,
      maps: () => site.maps,
      clock: config.clock === 'manual' ? manualClock() : { now: () => new Date() },
      maxBatchMessages: 200,
      maxBatchBytes: 4 * 1_048_576,
      maxWaiting: config.queueMaxMessages,
      maxWaitingBytes: config.queueMaxBytes,
      observe: metrics,
    })
    gateway.start()
    site.onChange(() => gateway.siteChanged())
    site.watch()
    const close = async () => {
      clearInterval(upkeep)
      site.close()
      await gateway.close()
      await store.close()
    }
    return { config, gateway, db, metrics, log, packages: () => site.packages, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** How often partitions of the message log are made ahead, and old ones dropped. */
const upkeepMs = 6 * 3_600_000

/** Nothing can be stored any more: fail-stop, so that whatever keeps this process up starts it anew (sysexits.h). */
const EX_SOFTWARE = 70

async function open(config: Config, log: Logger, metrics: Metrics): Promise<Store> {
  const store = await openStore({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    schema: config.databaseSchema,
    log,
    onLost: () => process.exit(EX_SOFTWARE),
    maxWriters: config.databaseWriters,
    maxReaders: config.databaseReaders,
    readTimeoutMs: config.databaseReadTimeoutMs,
    observe: (name, ms) => metrics.statement(name, ms),
  })
  const { durable, version: server } = store.db.server
  if (!durable) log.warn({ server }, 'the database does not write to disk before it answers - turn fsync on')
  return store
}

/** The whole gateway, listening. Rejects with CannotStart. */
export async function startGateway(env: Env, seam = noSeam): Promise<Running> {
  const opened = await openGateway(env, seam, true)
  const { config, gateway, db, metrics, log } = opened
  let closing = false
  const listeners: { close(graceMs: number): Promise<void> }[] = []
  const close = async () => {
    closing = true
    // Half of the time for what has begun, the other half for the store.
    await Promise.all(listeners.map((each) => each.close(config.shutdownTimeoutMs / 2)))
    await opened.close()
  }
  try {
    const baseUrl = `${config.baseUrl ?? `http://${config.host}:${config.httpPort}`}/fhir`
    const exporter = createExporter({ ...opened, tenant: config.tenant, baseUrl })
    const app = createApp({
      ...opened,
      tenant: config.tenant,
      baseUrl,
      exporter,
      cursorKey: cursorKeyOf(gateway.site()),
      version,
      // Any row will do, also one that is not there. What rejects is not ready.
      ready: async () => !closing && !(await readResource(db.read, config.tenant, 'Patient', '-')),
      manualClock: config.clock === 'manual',
      metrics: metrics.registry,
    })
    const http: Listening = await listen(app.fetch, { host: config.host, port: config.httpPort })
    listeners.push(http, exporter)
    exporter.start()
    const mllp = await openMllp(config, gateway, metrics, log, config.mllpPort)
    listeners.push(mllp)
    let secure: Mllp | undefined
    if (config.mllpTlsPort !== undefined) {
      const files: TlsFiles = {
        cert: config.mllpTlsCert,
        key: config.mllpTlsKey,
        ca: config.mllpTlsCa,
        crl: config.mllpTlsCrl,
        required: config.mllpTlsClient === 'required',
        subjects: () => certificatesOf(gateway.site()),
      }
      secure = await openMllp(config, gateway, metrics, log, config.mllpTlsPort, files)
      listeners.push(secure)
    }
    metrics.watch({
      db,
      tenant: config.tenant,
      waiting: () => gateway.waiting(),
      connections: () => mllp.receiver.connections + (secure?.receiver.connections ?? 0),
    })
    greet(log, config, http.port, { mllp: mllp.address, ...(secure && { mllps: secure.address }) }, db)
    const ports = { httpPort: http.port, mllpPort: mllp.receiver.port, mllpTlsPort: secure?.receiver.port }
    return { ...opened, ...ports, close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Mllp {
  readonly receiver: MllpReceiver
  close(graceMs: number): Promise<void>
  /** Where it listens. */
  readonly address: string
}

async function openMllp(
  config: Config,
  gateway: Engine,
  metrics: Metrics,
  log: Logger,
  port: number,
  files?: TlsFiles,
): Promise<Mllp> {
  const tls = files && tlsFromFiles(files)
  const certificates = files?.required === true
  const guard = mllpGuard({ gateway, host: config.host, port, certificates, log })
  const options: MllpOptions = {
    host: guard.host,
    port,
    ...(tls ? { tls } : {}),
    admits: guard.admits,
    maxConnections: config.mllpMaxConnections,
    maxConnectionsPerPeer: config.mllpMaxConnectionsPerPeer,
    maxFrameBytes: config.mllpMaxFrameBytes,
    frameTimeoutMs: config.mllpFrameTimeoutMs,
    maxFrameTimeMs: config.mllpMaxFrameTimeMs,
    idleTimeoutMs: config.mllpIdleTimeoutMs,
    writeTimeoutMs: config.mllpWriteTimeoutMs,
    maxInFlight: config.mllpMaxInFlight,
    maxBufferedBytes: config.maxBufferedBytes,
    nak: (fault) =>
      guard.nak(`the frame cannot be read (${fault.code}) - send one message between 0x0B and 0x1C 0x0D`),
    unavailable: gateway.unstored,
  }
  let upkeep: TlsUpkeep | undefined
  const receiver = await listenMllp(options, guard.receive, {
    connectionOpened: ({ identity, certificateExpires }) => {
      if (identity !== undefined && certificateExpires !== undefined)
        upkeep?.peer(identity, certificateExpires)
    },
    fault: ({ code, peer, offset, length }) => {
      metrics.mllpFault(code)
      log.warn({ code, peer, offset, length }, 'mllp fault')
    },
    connectionRefused: (peer, limit) => log.warn({ peer, limit }, 'mllp connection refused'),
  })
  if (files) {
    upkeep = new TlsUpkeep(files, (material) => receiver.reloadTls(material), log)
    upkeep.start()
  }
  const close = (graceMs: number) => {
    upkeep?.close()
    return receiver.close(graceMs)
  }
  return { receiver, address: `${guard.host}:${receiver.port}`, close }
}

function greet(
  log: Logger,
  config: Config,
  httpPort: number,
  mllp: Record<string, string>,
  db: Database,
): void {
  log.debug(describeConfig(config), 'settings')
  log.info({ server: db.server.version, durability: db.server.durability, schema: db.schema }, 'store open')
  log.info(
    { http: `http://${config.host}:${httpPort}`, ...mllp, site: config.site },
    `Portico ${version} listens - send a first message: npx portico send samples/01-adt`,
  )
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** What to do about an address that cannot be had; undefined for any other error. */
function addressRefused(error: unknown): string | undefined {
  if (!(error instanceof Error && 'syscall' in error && error.syscall === 'listen')) return undefined
  return `${error.message} - end the process that has the port, or set HOST, HTTP_PORT, MLLP_PORT or MLLP_TLS_PORT`
}

/** Starts and stays until it is told to end; told while it starts, it ends what has started. */
async function run(): Promise<void> {
  const told = Promise.withResolvers<string>()
  process.once('SIGTERM', told.resolve)
  process.once('SIGINT', told.resolve)
  let running: Running
  try {
    running = await startGateway(process.env)
  } catch (error) {
    const problems = error instanceof CannotStart ? error.problems : [addressRefused(error) ?? textOf(error)]
    process.stderr.write(`${problems.join('\n')}\n`)
    process.exitCode = 1
    return
  }
  running.log.info({ signal: await told.promise }, 'ending')
  try {
    await running.close()
    process.exit(0)
  } catch (error) {
    running.log.error({ error: describe(error) }, 'could not end cleanly')
    process.exit(1)
  }
}

if (import.meta.main) await run()
