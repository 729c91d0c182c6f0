// What a phase has cost: batches, statements by name, processor time.

export interface Counts {
  readonly batches: number
  readonly batchMessages: number
  /** Inside of transactions, from the first statement to the commit. */
  readonly batchMs: number
  readonly faults: readonly string[]
  /** By name: calls and milliseconds as the gateway has waited for them. */
  readonly statements: Readonly<Record<string, { readonly calls: number; readonly ms: number }>>
  /** Of the gateway's process. */
  readonly cpuMs: number
}

const maxFaults = 5

export class Counters {
  #batches = 0
  #batchMessages = 0
  #batchMs = 0
  #faults: string[] = []
  #statements = new Map<string, { calls: number; ms: number }>()
  #cpu = process.cpuUsage()

  batch(messages: number, ms: number): void {
    this.#batches++
    this.#batchMessages += messages
    this.#batchMs += ms
  }

  statement(name: string, ms: number): void {
    const row = this.#statements.get(name) ?? { calls: 0, ms: 0 }
    row.calls++
    row.ms += ms
    this.#statements.set(name, row)
  }

  fault(error: unknown): void {
    if (this.#faults.length < maxFaults)
      this.#faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }

  /** Since the last call. */
  take(): Counts {
    const { user, system } = process.cpuUsage(this.#cpu)
    const counts = {
      batches: this.#batches,
      batchMessages: this.#batchMessages,
      batchMs: this.#batchMs,
      faults: this.#faults,
      statements: Object.fromEntries(this.#statements),
      cpuMs: (user + system) / 1000,
    }
    this.#batches = this.#batchMessages = this.#batchMs = 0
    this.#faults = []
    this.#statements = new Map()
    this.#cpu = process.cpuUsage()
    return counts
  }
}
