// (c) Durable ingest over MLLP with the ACK after processing, beside one transaction per message and beside the floor.
import { join } from 'node:path'
import { openDatabase } from '../../src/store/db.ts'
import { makePartitions } from '../../src/store/maintenance.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Cluster } from './cluster.ts'
import type { Counts } from './counters.ts'
import { type FloorResult, playFloor } from './floor.ts'
import { type Batching, type GatewayHandlers, gatewayFile, productBatching } from './gateway.ts'
import { type LoadHandlers, type LoadResult, loadFile } from './load.ts'
import { type Remote, start } from './remote.ts'
import type { Report } from './report.ts'

export interface IngestOptions {
  readonly seed: number
  readonly patients: number
  /** Messages before anything is measured, registrations included. */
  readonly warmMessages: number
  readonly secondsPerPhase: number
  readonly rounds: number
}

export const ingestDefaults: IngestOptions = {
  seed: 1,
  patients: 2_000,
  warmMessages: 4_000,
  secondsPerPhase: 8,
  rounds: 2,
}
export const quickIngest: IngestOptions = {
  seed: 1,
  patients: 300,
  warmMessages: 800,
  secondsPerPhase: 3,
  rounds: 1,
}

const many = 1e9
const patience = 600

/** A gateway and its sender on a schema of their own. */
export class Stand {
  readonly gateway: Remote<GatewayHandlers>
  readonly load: Remote<LoadHandlers>
  readonly cluster: Cluster
  readonly schema: string
  #port = 0

  constructor(cluster: Cluster, flags: readonly string[] = []) {
    this.cluster = cluster
    this.schema = cluster.newSchema()
    this.gateway = start<GatewayHandlers>(gatewayFile, flags)
    this.load = start<LoadHandlers>(loadFile)
  }

  async open(
    { seed, patients }: { seed: number; patients: number },
    record?: string,
  ): Promise<{ httpPort: number }> {
    const opened = await this.gateway.call('open', { url: this.cluster.url, schema: this.schema, record })
    this.#port = opened.mllpPort
    await this.load.call('begin', { seed, patients })
    return opened
  }

  run(
    connections: number,
    window: number,
    limit: { messages?: number; seconds?: number },
  ): Promise<LoadResult> {
    return this.load.call('run', {
      port: this.#port,
      connections,
      window,
      messages: limit.messages ?? many,
      seconds: limit.seconds ?? patience,
    })
  }

  /** Statistics as autovacuum would have them within a minute: without them the first minute is measured. */
  analyze(): Promise<void> {
    return this.cluster.analyze(this.schema)
  }

  async close(): Promise<void> {
    await this.gateway.call('close', undefined).catch(() => {})
    await Promise.all([this.gateway.end(), this.load.end()])
    await this.cluster.dropSchema(this.schema)
  }
}

interface Phase {
  readonly result: LoadResult
  readonly counts: Counts
  readonly postgresCpuMs: number | undefined
}

async function phase(stand: Stand, connections: number, window: number, seconds: number): Promise<Phase> {
  await stand.gateway.call('counts', undefined)
  const before = stand.cluster.cpuMs()
  const result = await stand.run(connections, window, { seconds })
  const after = stand.cluster.cpuMs()
  const counts = await stand.gateway.call('counts', undefined)
  return {
    result,
    counts,
    postgresCpuMs: after === undefined || before === undefined ? undefined : after - before,
  }
}

const rate = (phases: readonly Phase[]): number =>
  phases.reduce((sum, each) => sum + each.result.messages, 0) /
  phases.reduce((sum, each) => sum + each.result.seconds, 0)

function tell(report: Report, name: string, phases: readonly Phase[]): void {
  const [first] = phases
  const last = phases.at(-1)
  if (!first || !last) return
  const messages = phases.reduce((sum, each) => sum + each.result.messages, 0)
  const batches = phases.reduce((sum, each) => sum + each.counts.batches, 0)
  report.figure(
    'c',
    name,
    rate(phases),
    'msg/s',
    phases.length > 1 ? `rounds: ${phases.map((each) => rate([each]).toFixed(0)).join(', ')}` : undefined,
  )
  report.figure('c', '  ACK p50', last.result.p50Ms, 'ms')
  report.figure('c', '  ACK p99', last.result.p99Ms, 'ms')
  report.figure('c', '  messages a batch', messages / batches, '')
  report.figure(
    'c',
    '  CPU of the gateway',
    phases.reduce((sum, each) => sum + each.counts.cpuMs, 0) / messages,
    'ms/msg',
  )
  if (last.postgresCpuMs !== undefined)
    report.figure(
      'c',
      '  CPU of PostgreSQL',
      phases.reduce((sum, each) => sum + (each.postgresCpuMs ?? 0), 0) / messages,
      'ms/msg',
    )
  for (const { result, counts } of phases) {
    const others = Object.entries(result.codes).filter(([code]) => code !== 'AA')
    if (others.length > 0)
      report.say(`${name}: not AA: ${JSON.stringify(others)}\n${result.samples.join('\n')}`)
    for (const fault of counts.faults) report.say(`${name}: fault: ${fault}`)
  }
}

/** The same traffic with a recorder in the gateway, then its writes alone. */
async function floor(cluster: Cluster, options: IngestOptions, report: Report): Promise<FloorResult> {
  const record = join(cluster.folder, 'writes.jsonl')
  const stand = new Stand(cluster)
  try {
    await stand.open(options, record)
    await stand.run(16, 8, { messages: options.warmMessages })
    await stand.analyze()
    await stand.gateway.call('mark', 'measured')
    const { messages, seconds } = await stand.run(16, 8, { seconds: options.secondsPerPhase })
    report.say(`recorded ${messages} messages, ${(messages / seconds).toFixed(0)} msg/s while recording`)
  } finally {
    await stand.close()
  }
  const schema = cluster.newSchema()
  const db = await openDatabase({
    connection: cluster.url,
    schema,
    warn: (fields, text) => report.say(`${text} ${JSON.stringify(fields)}`),
  })
  try {
    await migrate(db)
    await db.transaction((tx) => makePartitions(tx, new Date()))
    return await playFloor(record, db, () => cluster.analyze(schema))
  } finally {
    await db.close()
    await cluster.dropSchema(schema)
  }
}

export async function benchIngest(cluster: Cluster, report: Report, options: IngestOptions): Promise<void> {
  const { secondsPerPhase: seconds } = options
  const grouped: Phase[] = []
  const single: Phase[] = []
  const stand = new Stand(cluster)
  try {
    await stand.open(options)
    const warm = await stand.run(16, 8, { messages: options.warmMessages })
    report.say(`warmed up with ${warm.messages} messages, ${(warm.messages / warm.seconds).toFixed(0)} msg/s`)
    await stand.analyze()
    for (let round = 0; round < options.rounds; round++) {
      await stand.gateway.call('useBatch', batchMessages)
      grouped.push(await phase(stand, 16, 8, seconds))
      await stand.gateway.call('useBatch', 1)
      single.push(await phase(stand, 16, 8, seconds))
    }
    await stand.gateway.call('useBatch', batchMessages)
    tell(report, '16 connections, 8 in flight on each', grouped)
    tell(report, 'one transaction per message (16 connections, 8 in flight)', single)
    for (const [connections, window] of [
      [16, 1],
      [1, 8],
      [1, 1],
    ] as const)
      tell(report, `${connections} connection${connections > 1 ? 's' : ''}, ${window} in flight`, [
        await phase(stand, connections, window, seconds / 2),
      ])
  } finally {
    await stand.close()
  }
  const lowest = await floor(cluster, options, report)
  const floorRate = lowest.messages / lowest.seconds
  report.figure(
    'c',
    'floor: the same writes, no gateway',
    floorRate,
    'msg/s',
    `${lowest.transactions} transactions of ${(lowest.messages / lowest.transactions).toFixed(1)} messages`,
  )
  report.figure('c', '  octets written per message', lowest.bytesPerMessage, 'octets')
  const slowest = Object.entries(lowest.statements)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 5)
  report.say(`floor, ms per message: ${slowest.map(([name, ms]) => `${name} ${ms.toFixed(3)}`).join(', ')}`)
  report.ratio({
    part: 'c',
    name: 'ingest / one transaction per message',
    value: rate(grouped) / rate(single),
    atLeast: 5,
  })
  report.ratio({
    part: 'c',
    name: 'ingest / floor (goal 0.5)',
    value: rate(grouped) / floorRate,
    atLeast: 0.35,
  })
}
