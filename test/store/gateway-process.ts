// A process that does what a gateway does with its embedded server: started, told what to do and killed by tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { EmbeddedError, type EmbeddedOptions, startEmbedded } from '../../src/store/embedded/supervisor.ts'

export type Report =
  | {
      readonly event: 'ready'
      readonly url: string
      readonly pid: number
      readonly account: string | undefined
      readonly version: string
      readonly initMs: number
      readonly startMs: number
    }
  | { readonly event: 'refused'; readonly code: string; readonly message: string }
  | { readonly event: 'up'; readonly pid: number }
  | { readonly event: 'down'; readonly message: string }
  | { readonly event: 'lost'; readonly message: string }
  | { readonly event: 'log'; readonly message: string }

type Ready = Extract<Report, { event: 'ready' }>
type Refused = Extract<Report, { event: 'refused' }>

export interface GatewayProcess {
  readonly pid: number
  readonly reports: readonly Report[]
  /** The first report of the kind, now or later. Rejects when the process ends without one. */
  first<E extends Report['event']>(event: E): Promise<Extract<Report, { event: E }>>
  /** `stop` in order, `exit` without stopping, `throw` an error that nobody catches. */
  tell(what: 'stop' | 'exit' | 'throw'): void
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<void>
}

export type ProcessOptions = Pick<EmbeddedOptions, 'binaries' | 'settings'> & {
  readonly uid?: number
  readonly gid?: number
  readonly umask?: number
  /** Program that runs the process, with its arguments. */
  readonly wrapper?: readonly string[]
}

export function launch(dataDir: string, options: ProcessOptions = {}): GatewayProcess {
  const { uid, gid, wrapper = [], ...rest } = options
  const command = [...wrapper, process.execPath, import.meta.filename, dataDir, JSON.stringify(rest)]
  const child: ChildProcess = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(uid === undefined ? {} : { uid, gid: gid ?? uid }),
  })
  const reports: Report[] = []
  const waiting = new Set<() => void>()
  let alive = true
  if (!child.stdout || child.pid === undefined) throw new Error('the process did not start')
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    reports.push(JSON.parse(line))
    for (const wake of waiting) wake()
  })
  const ended = once(child, 'close').then(() => {
    alive = false
    for (const wake of waiting) wake()
  })
  return {
    pid: child.pid,
    reports,
    ended,
    tell: (what) => child.stdin?.write(`${what}\n`),
    kill: (signal) => child.kill(signal),
    first<E extends Report['event']>(event: E) {
      return new Promise<Extract<Report, { event: E }>>((resolve, reject) => {
        const look = () => {
          const found = reports.find(
            (report): report is Extract<Report, { event: E }> => report.event === event,
          )
          if (!found && alive) return
          waiting.delete(look)
          if (found) resolve(found)
          else reject(new Error(`no "${event}" from the process: ${JSON.stringify(reports)}`))
        }
        waiting.add(look)
        look()
      })
    },
  }
}

/** Launches and waits for the outcome. */
export async function outcome(gateway: GatewayProcess): Promise<Ready | Refused> {
  return await Promise.race([
    gateway.first('ready'),
    gateway.first('refused'),
    gateway.ended.then(() => gateway.first('refused')),
  ])
}

function report(one: Report): void {
  process.stdout.write(`${JSON.stringify(one)}\n`)
}

async function main(dataDir: string, options: ProcessOptions): Promise<void> {
  if (options.umask !== undefined) process.umask(options.umask)
  const say = (_: Record<string, unknown>, message: string) => report({ event: 'log', message })
  try {
    const embedded = await startEmbedded({
      dataDir,
      log: { info: say, warn: say, error: say },
      onDown: (message) => report({ event: 'down', message }),
      onUp: () => report({ event: 'up', pid: embedded.pid }),
      onLost: (error) => report({ event: 'lost', message: error.message }),
      ...options,
    })
    const { url, pid, account, version, initMs, startMs } = embedded
    report({ event: 'ready', url, pid, account, version, initMs, startMs })
    for await (const line of createInterface({ input: process.stdin })) {
      if (line === 'exit') process.exit(3)
      if (line === 'throw') setImmediate(() => fail())
      if (line === 'stop') {
        await embedded.stop()
        process.stdin.destroy()
        break
      }
    }
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error
    report({ event: 'refused', code: error.code, message: error.message })
    process.exitCode = 1
  }
}

const [, self, dataDir, options] = process.argv
if (self === import.meta.filename && dataDir !== undefined) await main(dataDir, JSON.parse(options ?? '{}'))

function fail(): never {
  throw new Error('an error that nobody catches (made by a test)')
}
