// Natural group commit: whatever queued up while the last batch was being written is the next batch. No timer.

/**
 * Called with what waits in one lane, in order; resolves when it is durable, with an error in the place of what alone
 * could not be stored. Rejects when nothing can be stored.
 */
export type RunBatch<Item, Result> = (items: readonly Item[]) => Promise<readonly (Result | Error)[]>

/**
 * Number of a lane, from 0; 'own' for what takes long: one at a time, beside the lanes; 'all' for what runs alone, after all
 * before it and before all after it.
 */
type Lane = number | 'own' | 'all'

export interface BatcherOptions<Item> {
  /**
   * Batches that may run at once. While one waits for the disk, the rules work on the next.
   */
  readonly lanes: number
  /** What an item is about. Items that share a key keep their order. 'all' for one that must run alone. */
  readonly keysOf: (item: Item) => readonly string[] | 'all'
  /** True for what takes long and is a batch by itself: nothing waits for it but what shares a key with it. */
  readonly isLong?: (item: Item) => boolean
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
  /** It may share a key with what is in another lane. */
  readonly crosses: boolean
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
  readonly #running = new Map<Lane, readonly Waiting<Item, Result>[]>()
  /** Items that cross lanes and are not done. */
  #crossing = 0
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
    const place = this.#placeOf(item)
    if (place.crosses) this.#crossing++
    this.#waitingBytes += bytes
    this.#waiting.push({ item, ...place, bytes, resolve, reject })
    this.#schedule()
    return promise
  }

  /** The lane of what shares a key and is not done; of two of them, the other one must be done first. */
  #placeOf(item: Item): Pick<Waiting<Item, Result>, 'lane' | 'keys' | 'crosses'> {
    const keys = this.#options.keysOf(item)
    if (keys === 'all') return { lane: 'all', keys: [], crosses: false }
    if (this.#options.isLong?.(item)) return { lane: 'own', keys, crosses: true }
    const lanes = new Set(keys.flatMap((key) => this.#lanes.get(key)?.lane ?? []))
    const [lane = hashOfText(keys[0] ?? '') % this.#options.lanes] = lanes
    for (const key of keys) {
      const held = this.#lanes.get(key)
      if (held) held.items++
      else this.#lanes.set(key, { lane, items: 1 })
    }
    return { lane, keys, crosses: lanes.size > 1 }
  }

  #release(items: readonly Waiting<Item, Result>[]): void {
    for (const { lane, keys, crosses } of items) {
      if (crosses) this.#crossing--
      if (lane === 'own') continue
      for (const key of keys) {
        const held = this.#lanes.get(key)
        if (held && --held.items === 0) this.#lanes.delete(key)
      }
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
    const lanes = Array.from({ length: this.#options.lanes }, (_, i) => i)
    for (const lane of ['own', ...lanes] as const) {
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

  /** The next items of a lane, none of which has overtaken one that runs alone, or one with a key of its own. */
  #take(lane: number | 'own'): Waiting<Item, Result>[] {
    const { maxItems, maxBytes } = this.#options
    const batch: Waiting<Item, Result>[] = []
    const rest: Waiting<Item, Result>[] = []
    let bytes = 0
    let closed = false
    // Without anything that crosses lanes, what shares a key is in one lane.
    const blocked = this.#crossing > 0 ? this.#runningKeys() : undefined
    const most = lane === 'own' ? 1 : maxItems
    for (const each of this.#waiting) {
      const isFull = batch.length >= most || (batch.length > 0 && bytes + each.bytes > maxBytes)
      closed ||= each.lane === 'all' || (each.lane === lane && isFull)
      if (closed || each.lane !== lane || each.keys.some((key) => blocked?.has(key))) {
        rest.push(each)
        if (blocked && !closed) for (const key of each.keys) blocked.add(key)
      } else {
        batch.push(each)
        bytes += each.bytes
      }
    }
    if (batch.length > 0) this.#waiting = rest
    return batch
  }

  #runningKeys(): Set<string> {
    return new Set([...this.#running.values()].flatMap((batch) => batch.flatMap(({ keys }) => keys)))
  }

  async #drive(lane: Lane, batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.#running.set(lane, batch)
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
