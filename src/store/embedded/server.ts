// One run of the PostgreSQL server process: start, wait until it takes connections, stop (manual, 19.3 and 19.5).
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import type { Folder } from './folder.ts'
import { type Place, tailOf } from './place.ts'
import { EmbeddedError, type Log } from './types.ts'

const pollMs = 10
const sayRecoveringMs = 5_000
/** Replaying 1 GB of log (max_wal_size) takes a slow disk minutes; a server that says it recovers is waited for. */
const startTimeoutMs = 600_000
const fastShutdownMs = 6_000
const immediateShutdownMs = 2_000

export interface Run {
  readonly pid: number
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<string>
  /** Fast shutdown: open transactions roll back, a checkpoint is written. Bounded; harder means follow. */
  stop(): Promise<void>
  /** The first step of `stop` alone, for use while the process exits. */
  interrupt(): void
}

/** Starts the server and waits until it is ready; `signal` calls it off. Throws EmbeddedError `START`. */
export async function runServer(
  folder: Folder,
  binaries: Binaries,
  place: Place,
  log: Log,
  signal?: AbortSignal,
): Promise<Run> {
  const child = place.start(join(binaries.folder, 'postgres'), ['-D', place.seen('postgres')], 'ignore')
  const tail = tailOf(child)
  let alive = true
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      alive = false
      process.off('exit', interrupt)
      resolve(how)
    }
    child.on('error', (error) => end(error.message))
    child.on('exit', (code, signal) => end(signal ?? `code ${code}`))
  })
  const interrupt = () => kill(child, 'SIGINT')
  // When the gateway exits by itself in whatever way, the server goes too. Only SIGKILL leaves it (leftovers.ts).
  process.on('exit', interrupt)
  child.unref()
  if (child.stderr instanceof Socket) child.stderr.unref()

  const began = performance.now()
  let said = began
  signal?.addEventListener('abort', interrupt, { once: true })
  while (alive && !isReady(folder.cluster, child.pid)) {
    const now = performance.now()
    if (now - began > startTimeoutMs) kill(child, 'SIGQUIT')
    if (now - said > sayRecoveringMs) {
      said = now
      log.info(
        { seconds: Math.round((now - began) / 1_000) },
        'PostgreSQL is not ready yet, it may be recovering',
      )
    }
    await sleep(pollMs)
  }
  signal?.removeEventListener('abort', interrupt)
  if (!alive || child.pid === undefined) {
    const how = await ended
    const words = [tail(), lastLines(folder)].filter((text) => text !== '').join(' / ')
    throw new EmbeddedError('START', `PostgreSQL ended while it started (${how}): ${words}`)
  }
  const stop = async () => {
    const steps = [
      ['SIGINT', fastShutdownMs],
      ['SIGQUIT', immediateShutdownMs],
      ['SIGKILL', immediateShutdownMs],
    ] as const
    for (const [signal, waitMs] of steps) {
      if (!alive) return
      kill(child, signal)
      await within(ended, waitMs)
    }
  }
  return { pid: child.pid, ended, stop, interrupt }
}

async function within(ended: Promise<string>, waitMs: number): Promise<void> {
  // Called off at the end, so that the gateway does not live as long as the timer.
  const timer = new AbortController()
  await Promise.race([ended, sleep(waitMs, undefined, { signal: timer.signal }).catch(() => {})])
  timer.abort()
}

/** The eighth line of postmaster.pid says so (PM_STATUS_READY), and the first whose file it is. */
function isReady(cluster: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

/** The end of the newest log file; our settings keep rows out of it. */
function lastLines(folder: Folder): string {
  try {
    const logs = join(folder.cluster, 'log')
    const files = readdirSync(logs).map((name) => join(logs, name))
    const newest = files.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0]
    return newest === undefined ? '' : readFileSync(newest, 'utf8').trim().split('\n').slice(-3).join(' / ')
  } catch {
    return ''
  }
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  // Node forgets the pid of a child that has ended, so this never hits another process.
  child.kill(signal)
}
