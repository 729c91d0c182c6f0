// Natural group commit: whatever queued up while the last batch was being written is the next batch. No timer.

/** Called with what waits, in order; resolves when it is durable. */
export type RunBatch<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>

export interface BatcherOptions {
  readonly maxItems: number
  readonly maxBytes: number
  /** Items that may wait; more are refused, so that memory is bounded. */
  readonly maxWaiting: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly bytes: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** The queue is full: the store is slower than the senders. */
export class QueueFull extends Error {
  constructor() {
    super('too many messages wait to be stored - try again later')
  }
}

export class Batcher<Item, Result> {
  readonly #run: RunBatch<Item, Result>
  readonly #options: BatcherOptions
  #waiting: Waiting<Item, Result>[] = []
  #running = false
  #idle: (() => void)[] = []

  constructor(run: RunBatch<Item, Result>, options: BatcherOptions) {
    this.#run = run
    this.#options = options
  }

  get size(): number {
    return this.#waiting.length
  }

  get busy(): boolean {
    return this.#running || this.#waiting.length > 0
  }

  /** Resolves with the item's result once its batch is committed; rejects when the store failed or the queue is full. */
  add(item: Item, bytes: number): Promise<Result> {
    if (this.#waiting.length >= this.#options.maxWaiting) return Promise.reject(new QueueFull())
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#waiting.push({ item, bytes, resolve, reject })
    if (!this.#running) {
      this.#running = true
      // Everything that arrives in this turn of the event loop goes into the first batch.
      setImmediate(() => void this.#drain())
    }
    return promise
  }

  /** Resolves when nothing waits or runs. */
  settled(): Promise<void> {
    if (!this.busy) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#next()
      try {
        const results = await this.#run(batch.map((each) => each.item))
        for (const [i, each] of batch.entries()) {
          const result = results[i]
          if (result === undefined) each.reject(new Error('an item of a batch has no result'))
          else each.resolve(result)
        }
      } catch (error) {
        for (const each of batch) each.reject(error)
      }
    }
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #next(): Waiting<Item, Result>[] {
    let bytes = 0
    let count = 0
    for (const each of this.#waiting) {
      if (count > 0 && (count >= this.#options.maxItems || bytes + each.bytes > this.#options.maxBytes)) break
      bytes += each.bytes
      count++
    }
    const batch = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    return batch
  }
}
