// The embedded PostgreSQL of a gateway that was given no DATABASE_URL: makes it, starts it, keeps it up, ends it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientConfig } from 'pg'
import { runnableBinaries, serverAccount } from './account.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { clearDrafts, clusterMajor, clusterPassword, giveCluster, makeCluster, role } from './cluster.ts'
import { type Folder, openFolder, port, secureFolder } from './folder.ts'
import { endLeftovers } from './leftovers.ts'
import { acquireLock } from './lock.ts'
import { type Place, placeOf } from './place.ts'
import { type Run, runServer } from './server.ts'
import { writeSettings } from './settings.ts'
import { EmbeddedError, type Log, textOf } from './types.ts'

export { EmbeddedError, type EmbeddedErrorCode, type Log } from './types.ts'

export interface EmbeddedOptions {
  readonly dataDir: string
  readonly log: Log
  /** The server ended by itself; it is being started again. */
  readonly onDown?: (how: string) => void
  /** It is back after `onDown`. */
  readonly onUp?: () => void
  /** It does not come back: `maxRestarts` attempts failed. The gateway should stop. */
  readonly onLost?: (error: Error) => void
  /** Only binaries of this origin; default: the package, else the system's. */
  readonly binaries?: Binaries['origin']
  /** Settings of postgresql.conf on top of ours; for tests that measure what a setting is worth. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Embedded {
  /** How to connect: unix socket, role, password, database. */
  readonly connection: ClientConfig & { readonly host: string; readonly password: string }
  /** The same as a URL, for DATABASE_URL of another process. Holds the password. */
  readonly url: string
  /** '18.4' */
  readonly version: string
  readonly binaries: string
  /** Account of the server when it is not the gateway's own. */
  readonly account: string | undefined
  /** Process of the server now; another one after a restart. */
  readonly pid: number
  /** What the start took: making the cluster (0 = it was there), until ready. */
  readonly initMs: number
  readonly startMs: number
  /** Ends the server and frees the folder. May be called again. */
  stop(): Promise<void>
}

const firstPauseMs = 100
const maxPauseMs = 5_000
const maxRestarts = 10
/** A server that has run for so long has its restarts forgiven. */
const steadyMs = 60_000

/** Throws EmbeddedError; then nothing runs and the folder is free. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  if (process.platform === 'win32') {
    throw new EmbeddedError(
      'BINARIES',
      'the embedded PostgreSQL needs unix sockets - set DATABASE_URL on Windows',
    )
  }
  const { log } = options
  const folder = openFolder(options.dataDir)
  const account = serverAccount(folder.cluster)
  const acquired = await acquireLock(folder, () => secureFolder(folder, account, log))
  if (!('lock' in acquired)) {
    const who = acquired.holder ? `the gateway with pid ${acquired.holder.pid}` : 'another process'
    throw new EmbeddedError(
      'HELD',
      `DATA_DIR ${folder.path} is in use by ${who} - stop it, or name another folder`,
    )
  }
  const release = () => {
    process.off('exit', release)
    acquired.lock.release()
  }
  process.on('exit', release)
  try {
    return await start(folder, placeOf(folder, account), release, options)
  } catch (error) {
    release()
    throw error
  }
}

async function start(
  folder: Folder,
  place: Place,
  release: () => void,
  options: EmbeddedOptions,
): Promise<Embedded> {
  const { log } = options
  await clearDrafts(folder, log)
  const major = clusterMajor(folder)
  const found = await findBinaries({ origin: options.binaries, major })
  const binaries = place.account ? runnableBinaries(found, place.account, log) : found
  let began = performance.now()
  const lap = () => {
    const ms = Math.round(performance.now() - began)
    began = performance.now()
    return ms
  }
  if (major === undefined) await makeCluster(folder, binaries, place)
  const initMs = major === undefined ? lap() : 0
  giveCluster(folder, place.account)
  await endLeftovers(folder, log)
  const sockets = folder.socketsInside ? place.seen('run') : folder.sockets
  writeSettings(folder, sockets, place.account, options.settings ?? {})
  const password = await clusterPassword(folder, binaries, place, log)
  const run = await runServer(folder, binaries, place, log)
  const startMs = lap()
  const keeper = keepUp(run, (signal) => restart(folder, binaries, place, log, signal), options)
  const connection = { host: folder.sockets, port, user: role, password, database: role }
  log.info(
    {
      folder: folder.path,
      version: binaries.version,
      account: place.account?.name,
      pid: run.pid,
      initMs,
      startMs,
    },
    'embedded PostgreSQL is ready',
  )
  return {
    connection,
    url: `postgresql://${role}:${password}@${encodeURIComponent(folder.sockets)}:${port}/${role}`,
    version: binaries.version,
    binaries: binaries.folder,
    account: place.account?.name,
    get pid() {
      return keeper.pid()
    },
    initMs,
    startMs,
    async stop() {
      await keeper.stop()
      release()
    },
  }
}

async function restart(
  folder: Folder,
  binaries: Binaries,
  place: Place,
  log: Log,
  signal: AbortSignal,
): Promise<Run> {
  // Children of a killed server notice its death by themselves, but they may take a moment.
  await endLeftovers(folder, log)
  return await runServer(folder, binaries, place, log, signal)
}

interface Keeper {
  pid(): number
  stop(): Promise<void>
}

/** Starts the server again whenever it ends, until it is stopped or has failed `maxRestarts` times in a row. */
function keepUp(first: Run, again: (signal: AbortSignal) => Promise<Run>, options: EmbeddedOptions): Keeper {
  const { log } = options
  const stopping = new AbortController()
  let run = first
  const watch = async () => {
    let failures = 0
    while (!stopping.signal.aborted) {
      const since = performance.now()
      const how = await run.ended
      if (stopping.signal.aborted) return
      if (performance.now() - since > steadyMs) failures = 0
      log.error({ pid: run.pid, how }, 'PostgreSQL ended by itself, starting it again')
      options.onDown?.(how)
      for (let back = false; !back; ) {
        const pauseMs = Math.min(firstPauseMs * 2 ** failures, maxPauseMs)
        await sleep(pauseMs, undefined, { signal: stopping.signal })
        failures++
        try {
          run = await again(stopping.signal)
          back = true
        } catch (error) {
          log.error({ attempt: failures, error: textOf(error) }, 'PostgreSQL could not be started again')
          if (failures >= maxRestarts) throw error
        }
      }
      log.info({ pid: run.pid, attempt: failures }, 'PostgreSQL is back')
      if (!stopping.signal.aborted) options.onUp?.()
    }
  }
  const watching = watch().catch((error: unknown) => {
    if (stopping.signal.aborted) return
    options.onLost?.(error instanceof Error ? error : new Error(textOf(error)))
  })
  return {
    pid: () => run.pid,
    async stop() {
      stopping.abort()
      await run.stop()
      // A restart that was under way has given us another run meanwhile.
      await watching
      await run.stop()
    },
  }
}
