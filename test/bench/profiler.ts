// Where the processor time of a process goes: V8's sampling profiler, summed up by function, file and package.
import { Session } from 'node:inspector/promises'

export interface FunctionCost {
  readonly name: string
  /** 'src/pipeline/batch/write.ts:95', 'pg/lib/client.js:10', 'node:net:5', '(v8)'. */
  readonly place: string
  readonly selfMs: number
  /** With all that it calls. */
  readonly totalMs: number
  /** The same by its nearest callers in files of ours, other than itself. */
  readonly callers: ReadonlyMap<string, number>
}

export interface CpuProfile {
  readonly wallMs: number
  readonly idleMs: number
  readonly functions: readonly FunctionCost[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[] | undefined
}

const sampleMicros = 500

export class Profiler {
  #session: Session | undefined

  async start(): Promise<void> {
    const session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: sampleMicros })
    await session.post('Profiler.start')
    this.#session = session
  }

  async stop(): Promise<CpuProfile> {
    const session = this.#session
    if (!session) throw new Error('the profiler does not run')
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    this.#session = undefined
    return summarise(profile.nodes, profile.samples ?? [], profile.timeDeltas ?? [])
  }
}

function placeOf(url: string, line: number): string {
  if (url === '') return '(v8)'
  const path = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/(src|test)\//, '$1/')
  return `${path}:${line + 1}`
}

interface Row {
  readonly name: string
  readonly place: string
  readonly callers: Map<string, number>
  selfMs: number
  totalMs: number
}

class Summary {
  readonly rows = new Map<string, Row>()
  readonly #nodes: ReadonlyMap<number, ProfileNode>
  readonly #self: ReadonlyMap<number, number>
  wallMs = 0
  idleMs = 0

  constructor(nodes: readonly ProfileNode[], self: ReadonlyMap<number, number>) {
    this.#nodes = new Map(nodes.map((node) => [node.id, node]))
    this.#self = self
  }

  /** Adds a node and what is below it; returns their time. `above`: functions on the stack, `ours`: the nearest of our files. */
  add(id: number, above: ReadonlySet<string>, ours: string): number {
    const node = this.#nodes.get(id)
    if (!node) return 0
    const { functionName, url, lineNumber } = node.callFrame
    const key = `${functionName} ${url} ${lineNumber}`
    const row = this.#row(key, functionName || '(anonymous)', placeOf(url, lineNumber))
    const own = this.#self.get(id) ?? 0
    row.selfMs += own
    this.wallMs += own
    if (functionName === '(idle)') this.idleMs += own
    const inside = new Set(above).add(key)
    const isOurs = /^(src|test)\//.test(row.place) && row.name !== '(anonymous)'
    let total = own
    for (const child of node.children ?? []) total += this.add(child, inside, isOurs ? row.name : ours)
    // A function that calls itself counts once.
    if (above.has(key)) return total
    row.totalMs += total
    if (ours !== '') row.callers.set(ours, (row.callers.get(ours) ?? 0) + total)
    return total
  }

  #row(key: string, name: string, place: string): Row {
    const known = this.rows.get(key)
    if (known) return known
    const row = { name, place, callers: new Map<string, number>(), selfMs: 0, totalMs: 0 }
    this.rows.set(key, row)
    return row
  }
}

function summarise(
  nodes: readonly ProfileNode[],
  samples: readonly number[],
  deltas: readonly number[],
): CpuProfile {
  const self = new Map<number, number>()
  for (const [i, id] of samples.entries()) self.set(id, (self.get(id) ?? 0) + (deltas[i] ?? 0) / 1000)
  const summary = new Summary(nodes, self)
  const [root] = nodes
  if (root) summary.add(root.id, new Set(), '')
  return { wallMs: summary.wallMs, idleMs: summary.idleMs, functions: [...summary.rows.values()] }
}
