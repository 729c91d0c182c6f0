// A gateway and its sender, each a process, on a schema of their own; and what a phase of traffic between them has cost.
import type { Cluster } from './cluster.ts'
import type { Counts } from './counters.ts'
import { type Batching, type GatewayHandlers, gatewayFile } from './gateway.ts'
import { type LoadHandlers, type LoadResult, loadFile } from './load.ts'
import { type Remote, start } from './remote.ts'

const unlimited = 1e9
const patienceSeconds = 3_600

export interface StandOptions {
  readonly seed: number
  /** Registered before the mix begins. */
  readonly patients: number
  /** File for the writing statements. */
  readonly record?: string
  readonly batching?: Batching
}

export interface Phase {
  readonly result: LoadResult
  readonly counts: Counts
  /** undefined where it cannot be seen. */
  readonly postgresCpuMs: number | undefined
}

export class Stand {
  readonly gateway: Remote<GatewayHandlers>
  readonly load: Remote<LoadHandlers>
  readonly schema: string
  readonly #cluster: Cluster
  #port = 0

  /** `flags` are options of node for the gateway. */
  constructor(cluster: Cluster, flags: readonly string[] = []) {
    this.#cluster = cluster
    this.schema = cluster.newSchema()
    this.gateway = start<GatewayHandlers>(gatewayFile, flags)
    this.load = start<LoadHandlers>(loadFile)
  }

  async open({ seed, patients, record, batching }: StandOptions): Promise<{ httpPort: number }> {
    const { url } = this.#cluster
    const opened = await this.gateway.call('open', {
      url,
      schema: this.schema,
      record,
      ...(batching && { batching }),
    })
    this.#port = opened.mllpPort
    await this.load.call('begin', { seed, patients })
    return opened
  }

  /** Rejects when a message was not taken: figures of refusals are worth nothing. */
  async run(
    connections: number,
    window: number,
    limit: { messages?: number; seconds?: number },
  ): Promise<LoadResult> {
    const { messages = unlimited, seconds = patienceSeconds } = limit
    const result = await this.load.call('run', { port: this.#port, connections, window, messages, seconds })
    const others = Object.entries(result.codes).filter(([code]) => code !== 'AA')
    if (others.length === 0) return result
    const { faults } = await this.gateway.call('counts', undefined)
    throw new Error(
      `not every answer is AA: ${JSON.stringify(result.codes)}\n${[...result.samples, ...faults].join('\n')}`,
    )
  }

  async phase(
    connections: number,
    window: number,
    limit: { messages?: number; seconds?: number },
  ): Promise<Phase> {
    await this.gateway.call('counts', undefined)
    const before = this.#cluster.cpuMs()
    const result = await this.run(connections, window, limit)
    const after = this.#cluster.cpuMs()
    const counts = await this.gateway.call('counts', undefined)
    return {
      result,
      counts,
      postgresCpuMs: after === undefined || before === undefined ? undefined : after - before,
    }
  }

  /** Waits until the work behind the acknowledgements is done, too: each phase pays for its own. */
  async settle(): Promise<void> {
    await this.gateway.call('idle', undefined)
  }

  /** Traffic until everybody is registered and the mix has run for a while. */
  async warmUp(messages: number): Promise<LoadResult> {
    const result = await this.run(16, 8, { messages })
    await this.analyze()
    await this.settle()
    return result
  }

  /** Statistics as autovacuum would have them within a minute: otherwise the first minute is measured. */
  analyze(): Promise<void> {
    return this.#cluster.analyze(this.schema)
  }

  async close(): Promise<void> {
    await this.gateway.call('close', undefined).catch(() => {})
    await Promise.all([this.gateway.end(), this.load.end()])
    await this.#cluster.dropSchema(this.schema)
  }
}
