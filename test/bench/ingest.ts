// (c) Durable ingest over MLLP with the ACK after processing, beside one transaction per message and beside the floor.
import type { Cluster } from './cluster.ts'
import { Floor, type FloorPart, record } from './floor.ts'
import { type Batching, productBatching } from './gateway.ts'
import type { Report } from './report.ts'
import { type Phase, Stand } from './stand.ts'

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
  secondsPerPhase: 4,
  rounds: 5,
}
export const quickIngest: IngestOptions = {
  seed: 1,
  patients: 300,
  warmMessages: 800,
  secondsPerPhase: 2,
  rounds: 2,
}

const total = <T>(list: readonly T[], of: (each: T) => number): number =>
  list.reduce((sum, each) => sum + of(each), 0)
const messagesOf = (phases: readonly Phase[]): number => total(phases, (each) => each.result.messages)
const rateOf = (phases: readonly Phase[]): number =>
  messagesOf(phases) / total(phases, (each) => each.result.seconds)
const floorRateOf = (parts: readonly FloorPart[]): number =>
  total(parts, (each) => each.messages) / total(parts, (each) => each.seconds)

function tell(report: Report, name: string, phases: readonly Phase[]): void {
  const messages = messagesOf(phases)
  const rounds =
    phases.length > 1 ? `rounds: ${phases.map((each) => rateOf([each]).toFixed(0)).join(', ')}` : undefined
  report.figure('c', name, rateOf(phases), 'msg/s', rounds)
  report.figure('c', '  ACK p50', total(phases, (each) => each.result.p50Ms) / phases.length, 'ms')
  report.figure('c', '  ACK p99', Math.max(...phases.map((each) => each.result.p99Ms)), 'ms')
  report.figure('c', '  messages a transaction', messages / total(phases, (each) => each.counts.batches), '')
  report.figure('c', '  CPU of the gateway', total(phases, (each) => each.counts.cpuMs) / messages, 'ms/msg')
  if (phases[0]?.postgresCpuMs !== undefined)
    report.figure(
      'c',
      '  CPU of PostgreSQL',
      total(phases, (each) => each.postgresCpuMs ?? 0) / messages,
      'ms/msg',
    )
  for (const fault of phases.flatMap((each) => each.counts.faults)) report.say(`${name}: fault: ${fault}`)
}

interface Rounds {
  readonly grouped: readonly Phase[]
  readonly single: readonly Phase[]
  readonly serial: readonly Phase[]
  readonly lowest: readonly FloorPart[]
}

/** In turn, so that what else the machine does meets all of them. */
async function inTurn(stand: Stand, floor: Floor, options: IngestOptions): Promise<Rounds> {
  const batched = async (batching: Batching): Promise<Phase> => {
    await stand.gateway.call('useBatch', batching)
    const phase = await stand.phase(16, 8, { seconds: options.secondsPerPhase })
    await stand.settle()
    return phase
  }
  const rounds = {
    grouped: [] as Phase[],
    single: [] as Phase[],
    serial: [] as Phase[],
    lowest: [] as FloorPart[],
  }
  for (let round = 0; round < options.rounds; round++) {
    rounds.grouped.push(await batched(productBatching))
    rounds.lowest.push(await floor.playPart())
    rounds.single.push(await batched({ messages: 1 }))
    rounds.serial.push(await batched({ messages: 1, lanes: 1 }))
  }
  await stand.gateway.call('useBatch', productBatching)
  return rounds
}

/** Median over the rounds: one that a neighbour has spoiled does not count. */
function medianRatio(above: readonly number[], below: readonly number[]): number {
  const ratios = above.map((value, i) => value / (below[i] ?? Number.NaN)).sort((a, b) => a - b)
  const middle = Math.floor(ratios.length / 2)
  const upper = ratios[middle] ?? Number.NaN
  return ratios.length % 2 === 1 ? upper : ((ratios[middle - 1] ?? Number.NaN) + upper) / 2
}

const singly = 'one transaction per message'
const others = [
  { connections: 16, window: 1 },
  { connections: 16, window: 32 },
  { connections: 1, window: 8 },
  { connections: 1, window: 1 },
] as const

export async function benchIngest(cluster: Cluster, report: Report, options: IngestOptions): Promise<void> {
  const { secondsPerPhase: seconds, rounds, warmMessages } = options
  const file = await record(cluster, options, warmMessages, seconds * rounds)
  const floor = await Floor.open(cluster, file, rounds)
  const stand = new Stand(cluster)
  try {
    await stand.open(options)
    const warm = await stand.warmUp(warmMessages)
    report.say(`warmed up with ${warm.messages} messages, ${(warm.messages / warm.seconds).toFixed(0)} msg/s`)
    const { grouped, single, serial, lowest } = await inTurn(stand, floor, options)
    tell(report, '16 connections, 8 in flight on each', grouped)
    tell(report, `${singly}, several at once`, single)
    tell(report, `${singly}, one after the other`, serial)
    tellFloor(report, lowest, floor)
    for (const { connections, window } of others) {
      const name = `${connections} connection${connections > 1 ? 's' : ''}, ${window} in flight`
      tell(report, name, [await stand.phase(connections, window, { seconds })])
    }
    const rates = (phases: readonly Phase[]) => phases.map((each) => rateOf([each]))
    const against = (name: string, below: readonly number[], atLeast: number) =>
      report.ratio({ part: 'c', name, value: medianRatio(rates(grouped), below), atLeast })
    against(`ingest / ${singly}, several at once`, rates(single), 5)
    against(`ingest / ${singly}, one after the other`, rates(serial), 5)
    against(
      'ingest / floor (goal 0.5)',
      lowest.map((each) => floorRateOf([each])),
      0.35,
    )
  } finally {
    await stand.close()
    await floor.close()
  }
}

function tellFloor(report: Report, parts: readonly FloorPart[], floor: Floor): void {
  const messages = total(parts, (each) => each.messages)
  const transactions = total(parts, (each) => each.transactions)
  report.figure(
    'c',
    'floor: the same writes, no gateway',
    floorRateOf(parts),
    'msg/s',
    `rounds: ${parts.map((each) => floorRateOf([each]).toFixed(0)).join(', ')}`,
  )
  report.figure('c', '  messages a transaction', messages / transactions, '')
  report.figure('c', '  octets of values', floor.bytesPerMessage, 'octets/msg')
  report.figure(
    'c',
    '  CPU of PostgreSQL and of the player',
    total(parts, (each) => each.cpuMs) / messages,
    'ms/msg',
  )
  const slowest = [...floor.spent].sort((a, b) => b[1] - a[1]).slice(0, 6)
  report.say(
    `floor, ms per message: ${slowest.map(([name, ms]) => `${name} ${(ms / messages).toFixed(3)}`).join(', ')}`,
  )
}
