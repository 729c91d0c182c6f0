// Where the processor time of a process goes: V8's sampling profiler, summed up by function, file and package.
import { Session } from 'node:inspector/promises'

export interface FunctionCost {
  readonly name: string
  /** 'src/pipeline/write.ts:95', 'pg/lib/client.js:10', 'node:net:5', '(v8)'. */
  readonly place: string
  readonly selfMs: number
  /** With all that it calls. */
  readonly totalMs: number
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

function summarise(
  nodes: readonly ProfileNode[],
  samples: readonly number[],
  deltas: readonly number[],
): CpuProfile {
  const self = new Map<number, number>()
  for (const [i, id] of samples.entries()) self.set(id, (self.get(id) ?? 0) + (deltas[i] ?? 0) / 1000)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const rows = new Map<string, { name: string; place: string; selfMs: number; totalMs: number }>()
  let idleMs = 0
  let wallMs = 0
  const visit = (id: number, above: ReadonlySet<string>): number => {
    const node = byId.get(id)
    if (!node) return 0
    const { functionName, url, lineNumber } = node.callFrame
    const key = `${functionName} ${url} ${lineNumber}`
    const own = self.get(id) ?? 0
    wallMs += own
    if (functionName === '(idle)') idleMs += own
    const row = rows.get(key) ?? {
      name: functionName || '(anonymous)',
      place: placeOf(url, lineNumber),
      selfMs: 0,
      totalMs: 0,
    }
    rows.set(key, row)
    row.selfMs += own
    const inside = new Set(above).add(key)
    let total = own
    for (const child of node.children ?? []) total += visit(child, inside)
    // A function that calls itself counts once.
    if (!above.has(key)) row.totalMs += total
    return total
  }
  const [root] = nodes
  if (root) visit(root.id, new Set())
  return { wallMs, idleMs, functions: [...rows.values()] }
}
