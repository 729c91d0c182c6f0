// What operators watch (Prometheus text format 0.0.4): counts and times, never content. Names: docs/reference/metrics.md.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Database } from '../store/db.ts'
import { readBacklog } from '../store/maintenance.ts'
import type { Observer } from './engine.ts'

export interface Metrics extends Observer {
  readonly registry: Registry
  /** Gauges that are read when they are asked for. */
  watch(sources: {
    readonly tenant: number
    readonly db: Database
    readonly waiting: () => number
    readonly connections: () => number
  }): void
  mllpFault(code: string): void
  statement(name: string, ms: number): void
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createMetrics(onFault: (messageId: string, error: unknown) => void): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const received = new Counter({
    name: 'portico_payloads_received_total',
    help: 'Payloads received: messages or batches',
    labelNames: ['channel'],
    registers,
  })
  const acknowledged = new Counter({
    name: 'portico_messages_acknowledged_total',
    help: 'Acknowledgements by MSA-1',
    labelNames: ['code'],
    registers,
  })
  const processed = new Counter({
    name: 'portico_messages_processed_total',
    help: 'Messages taken to their end, by trigger event',
    labelNames: ['event'],
    registers,
  })
  const failed = new Counter({
    name: 'portico_messages_failed_total',
    help: 'Messages that the rules could not take',
    registers,
  })
  const latency = new Histogram({
    name: 'portico_message_seconds',
    help: 'From the queue to the durable end of a message',
    buckets: secondsBuckets,
    registers,
  })
  const batches = new Histogram({
    name: 'portico_batch_messages',
    help: 'Messages of one transaction',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200],
    registers,
  })
  const commits = new Histogram({
    name: 'portico_batch_seconds',
    help: 'One transaction, from its first statement to its commit',
    buckets: secondsBuckets,
    registers,
  })
  const faults = new Counter({
    name: 'portico_mllp_faults_total',
    help: 'Faults of framing and TLS by code',
    labelNames: ['code'],
    registers,
  })
  const statements = new Histogram({
    name: 'portico_statement_seconds',
    help: 'Database statements by name',
    labelNames: ['name'],
    buckets: secondsBuckets,
    registers,
  })
  return {
    registry,
    received: (channel, count) => received.inc({ channel }, count),
    answered: (code) => acknowledged.inc({ code }),
    processed: (event, ms, count) => {
      processed.inc({ event: event === '' ? 'unknown' : event }, count)
      latency.observe(ms / 1000)
    },
    fault: (messageId, error) => {
      failed.inc()
      onFault(messageId, error)
    },
    batch: (messages, ms) => {
      batches.observe(messages)
      commits.observe(ms / 1000)
    },
    mllpFault: (code) => faults.inc({ code }),
    statement: (name, ms) => statements.observe({ name }, ms / 1000),
    watch: ({ db, tenant, waiting, connections }) => {
      watchBacklog(registry, db, tenant)
      const gauge = (name: string, help: string, read: () => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read())
          },
        })
      gauge('portico_messages_waiting', 'Messages that wait for their transaction', waiting)
      gauge('portico_mllp_connections', 'Open MLLP connections', connections)
      gauge(
        'portico_pool_writers_busy',
        'Writing database connections in use',
        () => db.state().writers.total - db.state().writers.idle,
      )
      gauge(
        'portico_pool_readers_busy',
        'Reading database connections in use',
        () => db.state().readers.total - db.state().readers.idle,
      )
      gauge(
        'portico_pool_waiting',
        'Callers that wait for a database connection',
        () => db.state().writers.waiting + db.state().readers.waiting,
      )
    },
  }
}

const waitingStates = ['received', 'parked', 'held', 'failed'] as const

/** What waits in the store. When it is away the gauges keep their last values. */
function watchBacklog(registry: Registry, db: Database, tenant: number): void {
  const registers = [registry]
  const lag = new Gauge({
    name: 'portico_work_lag_seconds',
    help: 'Age of the oldest work that waits',
    registers,
  })
  new Gauge({
    name: 'portico_messages_in_state',
    help: 'Messages that wait, by state',
    labelNames: ['state'],
    registers,
    async collect() {
      const backlog = await readBacklog(db.read, tenant).catch(() => undefined)
      if (!backlog) return
      lag.set(backlog.lag)
      for (const state of waitingStates)
        this.set({ state }, backlog.states.find((each) => each.state === state)?.n ?? 0)
    },
  })
}
