// The gateway under test, a process of its own: started, asked, killed and ended.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { MutantName } from './mutants.ts'
import { until } from './wait.ts'

const root = join(import.meta.dirname, '../..')
/** The hospital of the benchmarks: its feeds are what the load sends. */
export const siteFile = join(root, 'test/bench/site.json')
const readyWithinMs = 60_000

export interface ChildOptions {
  readonly dataDir: string
  /** Undefined = the program as it is. */
  readonly mutant?: MutantName | undefined
  /** More environment. */
  readonly env?: Readonly<Record<string, string>>
  /** The program with the seam of FAULT_KILL_AT. */
  readonly killing?: boolean
  /** Loads probe.ts into the process, which is asked by `probe`. */
  readonly probed?: boolean
}

export interface Probe {
  /** Longest time since the last question that the event loop worked without a pause, ms of processor time. */
  readonly blockedMs: number
  readonly rssBytes: number
  /** Of objects; after a collection of garbage if that was asked for. */
  readonly heldBytes: number
}

export interface LogLine {
  readonly level?: number
  readonly msg?: string
  readonly [field: string]: unknown
}

export class Child {
  readonly mllpPort: number
  readonly httpPort: number
  /** From the start of the process until it said that it is ready, ms. */
  readonly readyMs: number
  readonly log: LogLine[]
  readonly ended: Promise<string>
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, log: LogLine[], ended: Promise<string>, readyMs: number) {
    this.#process = child
    this.log = log
    this.ended = ended
    this.readyMs = readyMs
    const listening = log.find((line) => typeof line.mllp === 'string')
    this.mllpPort = Number(/:(\d+)$/.exec(String(listening?.mllp))?.[1])
    this.httpPort = Number(/:(\d+)$/.exec(String(listening?.http))?.[1])
  }

  get alive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  get exitCode(): number | null {
    return this.#process.exitCode
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Resolves when /readyz says so. Rejects with what the process said when it ends before, or takes too long. */
  static async start(options: ChildOptions): Promise<Child> {
    const began = performance.now()
    const { child, log, said, ended } = launch(options)
    let end: string | undefined
    void ended.then((how) => {
      end = how
    })
    const ready = await until(async () => {
      if (end !== undefined) return true
      const line = log.find((each) => typeof each.http === 'string')
      return line !== undefined && (await answers(`${line.http}/readyz`))
    }, readyWithinMs)
    if (ready && end === undefined) return new Child(child, log, ended, performance.now() - began)
    child.kill('SIGKILL')
    throw new Error(`the gateway did not start (${end ?? `not ready in ${readyWithinMs} ms`}):\n${said()}`)
  }

  /** SIGKILL; resolves when it is gone. Its PostgreSQL goes on. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }

  /** SIGTERM, and SIGKILL when it does not end. */
  async end(): Promise<void> {
    if (!this.alive) return
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 20_000)
    await this.ended
    clearTimeout(timer)
  }

  async probe(memory = false): Promise<Probe> {
    const answer = once(this.#process, 'message')
    this.#process.send(memory ? 'probe memory' : 'probe')
    const [probe] = (await answer) as [Probe]
    return probe
  }

  /** Lines of the log with this message. */
  lines(msg: string): LogLine[] {
    return this.log.filter((line) => line.msg === msg)
  }
}

/** Starts the process without waiting for anything. */
export function launch({ dataDir, mutant, env, killing = false, probed = false }: ChildOptions) {
  const entry = mutant === undefined && !killing ? 'src/main.ts' : 'test/fault/gateway.ts'
  const probe = probed ? ['--expose-gc', '--import', join(import.meta.dirname, 'probe.ts')] : []
  const child = spawn(process.execPath, [...probe, join(root, entry)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', ...(probed ? (['ipc'] as const) : [])],
    env: {
      PATH: process.env.PATH ?? '',
      TZ: 'Pacific/Auckland',
      HTTP_PORT: '0',
      MLLP_PORT: '0',
      DATA_DIR: dataDir,
      SITE: siteFile,
      MLLP_MAX_CONNECTIONS_PER_PEER: '100',
      // These tests fill disks on purpose; what the watermark does is asked for by the one that tests it.
      DISK_STOP_PERCENT: '0',
      DISK_STOP_BYTES: '0',
      ...(mutant === undefined ? {} : { FAULT_MUTANT: mutant }),
      ...env,
    },
  })
  const log: LogLine[] = []
  const errors: string[] = []
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => log.push(readLine(line)))
  createInterface({ input: child.stderr ?? process.stdin }).on('line', (line) => errors.push(line))
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', kill)
      resolve(signal ?? `exit ${code}`)
    })
  })
  const said = () => [...log.slice(-5).map((line) => JSON.stringify(line)), ...errors.slice(-20)].join('\n')
  return { child, log, errors, said, ended }
}

function readLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return { msg: line }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
