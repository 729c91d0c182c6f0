// Natural group commit: whatever queued up while the last batch was being written is the next batch. No timer.

/** Called with what waits in one lane, in order; resolves when it is durable. */
export type RunBatch<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>

/** Lane of an item, from 0; 'all' for one that must run alone, after all before it and before all after it. */
export type Lane = number | 'all'

export interface BatcherOptions<Item> {
  /**
   * Batches that may run at once. While one waits for the disk, the rules work on the next. Items of one lane keep
   * their order, so that what belongs to one patient belongs to one lane.
   */
  readonly lanes: number
  readonly laneOf: (item: Item) => Lane
  readonly maxItems: number
  readonly maxBytes: number
  /** Items that may wait; more are refused, so that memory is bounded. */
  readonly maxWaiting: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly lane: Lane
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
  readonly #options: BatcherOptions<Item>
  #waiting: Waiting<Item, Result>[] = []
  readonly #running = new Set<Lane>()
  #scheduled = false
  #idle: (() => void)[] = []

  constructor(run: RunBatch<Item, Result>, options: BatcherOptions<Item>) {
    this.#run = run
    this.#options = options
  }

  get size(): number {
    return this.#waiting.length
  }

  get busy(): boolean {
    return this.#running.size > 0 || this.#waiting.length > 0
  }

  /** Resolves with the item's result once its batch is committed; rejects when the store failed or the queue is full. */
  add(item: Item, bytes: number): Promise<Result> {
    if (this.#waiting.length >= this.#options.maxWaiting) return Promise.reject(new QueueFull())
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const lane = this.#options.laneOf(item)
    this.#waiting.push({
      item,
      lane: lane === 'all' ? lane : lane % this.#options.lanes,
      bytes,
      resolve,
      reject,
    })
    this.#schedule()
    return promise
  }

  /** Resolves when nothing waits or runs. */
  settled(): Promise<void> {
    if (!this.busy) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Everything that arrives in this turn of the event loop may go into one batch. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#startLanes()
    })
  }

  #startLanes(): void {
    if (this.#running.has('all')) return
    for (let lane = 0; lane < this.#options.lanes; lane++) {
      if (this.#running.has(lane)) continue
      const batch = this.#take(lane)
      if (batch.length > 0) void this.#drive(lane, batch)
    }
    const [first] = this.#waiting
    if (first?.lane === 'all' && this.#running.size === 0) {
      this.#waiting.shift()
      void this.#drive('all', [first])
    }
  }

  /** The next items of a lane, none of which has overtaken one that runs alone. */
  #take(lane: number): Waiting<Item, Result>[] {
    const { maxItems, maxBytes } = this.#options
    const batch: Waiting<Item, Result>[] = []
    const rest: Waiting<Item, Result>[] = []
    let bytes = 0
    let closed = false
    for (const each of this.#waiting) {
      const isFull = batch.length >= maxItems || (batch.length > 0 && bytes + each.bytes > maxBytes)
      closed ||= each.lane === 'all' || (each.lane === lane && isFull)
      if (closed || each.lane !== lane) rest.push(each)
      else {
        batch.push(each)
        bytes += each.bytes
      }
    }
    if (batch.length > 0) this.#waiting = rest
    return batch
  }

  async #drive(lane: Lane, batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.#running.add(lane)
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
    this.#running.delete(lane)
    if (this.#waiting.length > 0) this.#schedule()
    else if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }
}
