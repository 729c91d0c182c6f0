// Where the time of ingest goes: functions of the gateway by V8's profiler, statements by PostgreSQL's own log.
import type { Cluster } from './cluster.ts'
import type { IngestOptions } from './ingest.ts'
import type { FunctionCost } from './profiler.ts'
import { Stand } from './stand.ts'

const profileSeconds = 12
const topFunctions = 45
const topInclusive = 80

export async function profileIngest(cluster: Cluster, options: IngestOptions): Promise<string> {
  const stand = new Stand(cluster)
  try {
    await stand.open(options)
    const warm = await stand.warmUp(options.warmMessages)
    await stand.gateway.call('profile', undefined)
    cluster.statements()
    const { result, counts, postgresCpuMs } = await stand.phase(16, 8, { seconds: profileSeconds })
    const { functions } = await stand.gateway.call('endProfile', undefined)
    const statements = cluster.statements()
    const { messages, seconds } = result
    const each = (ms: number) => (ms / messages).toFixed(4).padStart(9)
    const lines = [
      `warm-up ${(warm.messages / warm.seconds).toFixed(0)} msg/s; profiled (profiler and statement log on) ${(messages / seconds).toFixed(0)} msg/s`,
      `${(messages / counts.batches).toFixed(1)} messages a batch, ${(counts.batchMs / counts.batches).toFixed(0)} ms a batch; CPU ms/msg: gateway ${each(counts.cpuMs)}, PostgreSQL ${each(postgresCpuMs ?? 0)}`,
      ...counts.faults,
      '',
      'statements (server time): ms/msg, of it parse and plan, ms/call, calls/batch; waited for by the gateway ms/msg',
      ...statements.map(({ name, calls, ms, planMs }) => {
        const waited = counts.statements[name]
        return `${each(ms)} ${each(planMs)} ${(ms / calls).toFixed(2).padStart(8)} ${(calls / counts.batches).toFixed(2).padStart(7)} ${waited ? each(waited.ms) : ''.padStart(9)}  ${name}`
      }),
      '',
      'functions, self: ms/msg',
      ...top(functions, (row) => row.selfMs, topFunctions).map(
        ({ selfMs, name, place }) => `${each(selfMs)}  ${name}  ${place}`,
      ),
      '',
      'files, self: ms/msg',
      ...byFile(functions).map(([file, ms]) => `${each(ms)}  ${file}`),
      '',
      'functions with what they call: ms/msg, and the part of their callers',
      ...top(
        functions.filter(({ place }) => /^(src|test)\//.test(place)),
        (row) => row.totalMs,
        topInclusive,
      ).map((row) => `${each(row.totalMs)}  ${row.name}  ${row.place}  <- ${callersOf(row, messages)}`),
    ]
    return `${lines.join('\n')}\n`
  } finally {
    await stand.close()
  }
}

function top(
  functions: readonly FunctionCost[],
  by: (row: FunctionCost) => number,
  count: number,
): readonly FunctionCost[] {
  return functions.toSorted((a, b) => by(b) - by(a)).slice(0, count)
}

const topCallers = 4

function callersOf({ callers }: FunctionCost, messages: number): string {
  return [...callers]
    .sort((a, b) => b[1] - a[1])
    .slice(0, topCallers)
    .map(([name, ms]) => `${name} ${(ms / messages).toFixed(3)}`)
    .join(', ')
}

const topFiles = 40

/** Files of ours, packages and parts of Node as wholes. */
function byFile(functions: readonly FunctionCost[]): [file: string, selfMs: number][] {
  const sums = new Map<string, number>()
  for (const { name, place, selfMs } of functions) {
    const file =
      place === '(v8)'
        ? name
        : place.replace(/:\d+$/, '').replace(/^(?!src|test|node:)(@[^/]+\/)?([^/]+)\/.*/, '$1$2')
    sums.set(file, (sums.get(file) ?? 0) + selfMs)
  }
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, topFiles)
}
