// Where the time of ingest goes: functions of the gateway by V8's profiler, statements by PostgreSQL's own log.
import type { Cluster } from './cluster.ts'
import { type IngestOptions, Stand } from './ingest.ts'
import type { FunctionCost } from './profiler.ts'

const topFunctions = 45
const topInclusive = 80

export async function profileIngest(cluster: Cluster, options: IngestOptions): Promise<string> {
  const stand = new Stand(cluster)
  try {
    await stand.open(options)
    const warm = await stand.run(16, 8, { messages: options.warmMessages })
    await stand.analyze()
    await stand.gateway.call('profile', undefined)
    await stand.gateway.call('counts', undefined)
    cluster.statements()
    const cpuBefore = cluster.cpuMs() ?? 0
    const { messages, seconds, codes, samples } = await stand.run(16, 8, {
      seconds: options.secondsPerPhase * 1.5,
    })
    const cpuMs = (cluster.cpuMs() ?? 0) - cpuBefore
    const counts = await stand.gateway.call('counts', undefined)
    const { functions } = await stand.gateway.call('endProfile', undefined)
    const statements = cluster.statements()
    const each = (ms: number) => (ms / messages).toFixed(4).padStart(9)
    const lines = [
      `warm-up ${(warm.messages / warm.seconds).toFixed(0)} msg/s; profiled (profiler and statement log on) ${(messages / seconds).toFixed(0)} msg/s, ${JSON.stringify(codes)}`,
      `${(messages / counts.batches).toFixed(1)} messages a batch, ${(counts.batchMs / counts.batches).toFixed(0)} ms a batch; CPU ms/msg: gateway ${each(counts.cpuMs)}, PostgreSQL ${each(cpuMs)}`,
      ...samples,
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
      'functions with what they call: ms/msg',
      ...top(
        functions.filter(({ place }) => /^(src|test)\//.test(place)),
        (row) => row.totalMs,
        topInclusive,
      ).map(({ totalMs, name, place }) => `${each(totalMs)}  ${name}  ${place}`),
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
