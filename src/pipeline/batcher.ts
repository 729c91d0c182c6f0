// Natural group commit: whatever queued up while the last batch was being written is the next batch. No timer.

/**
 * Called with what waits in one lane, in order; resolves when it is durable, with an error in the place of what alone
 * could not be stored. Rejects when nothing can be stored.
 */
export type RunBatch<Item, Result> = (items: readonly Item[]) => Promise<readonly (Result | Error)[]>

/** Number of a lane, from 0; 'all' for what runs alone, after all before it and before all after it. */
type Lane = number | 'all'

export interface BatcherOptions<Item> {
  /**
   * Batches that may run at once. While one waits for the disk, the rules work on the next.
   */
  readonly lanes: number
  /** What an item is about. Items that share a key keep their order. 'all' for one that must run alone. */
  readonly keysOf: (item: Item) => readonly string[] | 'all'
  readonly maxItems: number
  readonly maxBytes: number
  /** Items that may wait; more are refused, so that memory is bounded. */
  readonly maxWaiting: number
  /** The same in bytes. */
  readonly maxWaitingBytes: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly lane: Lane
  readonly keys: readonly string[]
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
  #waitingBytes = 0
  readonly #running = new Set<Lane>()
  /** Where the items are that have a key and are not done: a new one goes there, too. */
  readonly #lanes = new Map<string, { readonly lane: number; items: number }>()
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
    const { maxWaiting, maxWaitingBytes } = this.#options
    // What is larger than the limit may still wait alone: it was within the limits of its channel.
    const isFull = this.#waiting.length > 0 && this.#waitingBytes + bytes > maxWaitingBytes
    if (isFull || this.#waiting.length >= maxWaiting) return Promise.reject(new QueueFull())
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const keys = this.#options.keysOf(item)
    const lane = keys === 'all' ? keys : this.#laneOf(keys)
    this.#waitingBytes += bytes
    this.#waiting.push({
      item,
      lane,
      keys: lane === 'all' ? [] : this.#held(keys, lane),
      bytes,
      resolve,
      reject,
    })
    this.#schedule()
    return promise
  }

  /** The lane of what shares a key and is not done; two of them can only be followed by running alone. */
  #laneOf(keys: readonly string[]): Lane {
    const lanes = new Set(keys.flatMap((key) => this.#lanes.get(key)?.lane ?? []))
    const [lane] = lanes
    if (lanes.size > 1) return 'all'
    return lane ?? hashOfText(keys[0] ?? '') % this.#options.lanes
  }

  #held(keys: readonly string[] | 'all', lane: number): readonly string[] {
    if (keys === 'all') return []
    for (const key of keys) {
      const held = this.#lanes.get(key)
      if (held) held.items++
      else this.#lanes.set(key, { lane, items: 1 })
    }
    return keys
  }

  #release(items: readonly Waiting<Item, Result>[]): void {
    for (const key of items.flatMap((each) => each.keys)) {
      const held = this.#lanes.get(key)
      if (held && --held.items === 0) this.#lanes.delete(key)
    }
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
    for (const each of batch) this.#waitingBytes -= each.bytes
    try {
      const results = await this.#run(batch.map((each) => each.item))
      for (const [i, each] of batch.entries()) {
        const result = results[i]
        if (result === undefined) each.reject(new Error('an item of a batch has no result'))
        else if (result instanceof Error) each.reject(result)
        else each.resolve(result)
      }
    } catch (error) {
      for (const each of [...batch, ...this.#dropWaiting()]) each.reject(error)
    }
    this.#release(batch)
    this.#running.delete(lane)
    if (this.#waiting.length > 0) this.#schedule()
    else if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /**
   * What waits must not overtake what has failed: it fails, too, in every lane, and is sent again in its order. The
   * store is away; a connection's messages of other patients must not be ahead of those that its sender repeats.
   */
  #dropWaiting(): readonly Waiting<Item, Result>[] {
    const dropped = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.#release(dropped)
    return dropped
  }
}

function hashOfText(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash >>> 0
}
