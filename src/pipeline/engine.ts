// The gateway put together: one queue, one writer, the rules; what main.ts opens and adapters and servers use.
import { randomBytes } from 'node:crypto'
import type { Inbound } from '../adapters/adapter.ts'
import type { Site } from '../canonical/site.ts'
import type { MapSet } from '../mappings/engine/compile.ts'
import { classify, type Database, sqlState } from '../store/db.ts'
import { clearTenant } from '../store/maintenance.ts'
import { Batcher } from './batch/batcher.ts'
import { keepFailed } from './batch/failed.ts'
import type { Item, Outcome } from './batch/item.ts'
import { MessageIds } from './batch/message-ids.ts'
import { type ProcessContext, processBatch } from './batch/process.ts'
import { processingFor } from './batch/processing.ts'
import { Said } from './batch/said.ts'
import { transactAndRead, writeAndRead } from './client/client-answer.ts'
import { decide, exclusionsIn } from './client/merge-decision.ts'
import type { Gateway } from './gateway.ts'
import { isOutdated, type Recomputed, recompute } from './later/recompute.ts'
import { Worker } from './later/worker.ts'
import { lineage } from './lineage/lineage.ts'
import { createDesk } from './message-desk.ts'
import { dryRun } from './reading/dry-run.ts'
import { type ReceiveContext, receivePayload, refuseUnstored } from './reading/receive.ts'
import { translate } from './reading/translate.ts'

export interface EngineOptions {
  readonly db: Database
  readonly tenant: number
  /** The site and the maps as they are now; replaced as a whole on reload. */
  readonly site: () => Site
  readonly maps: () => MapSet
  readonly clock: Clock
  /** Default true. */
  readonly lineage?: boolean
  /** Batches that may run at once. Default 2: one is written while the rules work on the other. */
  readonly lanes?: number
  readonly maxBatchMessages: number
  readonly maxBatchBytes: number
  readonly maxWaiting: number
  /** The same in bytes. */
  readonly maxWaitingBytes: number
  readonly observe: Observer
}

/** Time as a parameter: the machine's, or one that stands still for tests. */
export interface Clock {
  now(): Date
  set?(now: Date): void
}

/** What metrics and logs are told. Never content. */
export interface Observer {
  received(channel: string, count: number): void
  answered(code: string): void
  processed(event: string, ms: number, count: number): void
  fault(messageId: string, error: unknown): void
  batch(messages: number, ms: number): void
}

export interface Engine extends Gateway {
  /** Messages that wait for their batch. */
  waiting(): number
  /** The answer to a payload for which there was no store: AR 207, and nothing of it is kept. */
  unstored(inbound: Inbound): Uint8Array | undefined
  /** Folds everything anew, when the policy of the site asks for it or `always`; another call waits for the first. */
  recompute(always?: boolean, onProgress?: (things: number) => void): Promise<Recomputed | undefined>
  /** Finishes what has begun; takes nothing new. */
  close(): Promise<void>
  start(): void
  /** Other maps or another site are in force: held messages may be free. */
  siteChanged(): void
}

const conflictTries = 3
/** Each try begins with all locks of those before it, so that few need more than one. */
const deadlockRetries = 20
/** One that still meets a key that is taken, with every other transaction out of its way, cannot be stored. */
const loneConflictTries = 10
const defaultLanes = 2
const merges = /^ADT\^A(18|24|29|3[04-79]|4[0-9]|5[01])$/

const ordered: ReadonlySet<string> = new Set(['Patient', 'Encounter', 'Appointment', 'Account', 'Merge'])
const numbers = /^(identifier|\$prior[A-Z].*)$/

/** What a message is about. Each of its numbers may be the one that another message has. */
function keysOf(item: Item): readonly string[] | 'all' {
  if (item.kind === 'rule') return item.keys ?? (item.alone ? 'all' : item.entities)
  const keys = new Set<string>()
  for (const { type, cells } of item.mapped?.things ?? []) {
    if (!ordered.has(type)) continue
    for (const { path, value } of cells) {
      if (!numbers.test(path)) continue
      const list = (Array.isArray(value) ? value : [value]) as readonly { readonly value?: string }[]
      for (const each of list) if (each?.value) keys.add(each.value)
    }
  }
  return keys.size > 0 ? [...keys] : [item.source]
}

/** What joins patients, accounts and visits has a lane of its own: all that refers to them may have to follow. */
const isLong = (item: Item): boolean =>
  item.kind === 'rule' ? item.keys !== undefined : merges.test(item.event)

export function createEngine(options: EngineOptions): Engine {
  const { db, tenant, clock, observe } = options
  const ids = new MessageIds(db)
  const storedShapes = new Set<string>()
  const said = new Said()
  const instance = randomBytes(3).toString('hex')
  let acks = 0
  const context: ReceiveContext = {
    site: options.site,
    maps: options.maps,
    now: () => clock.now(),
    newControlId: () =>
      `${Date.now().toString(36)}${instance}${(acks++ % 46_656).toString(36).padStart(3, '0')}`.toUpperCase(),
    lineage: options.lineage ?? true,
  }
  const onUnmapped = () => worker.held.noticed()
  const onFault = (messageId: string, error: unknown) => observe.fault(messageId, error)
  const processing = (messageIds: readonly string[]): ProcessContext =>
    processingFor({ tenant, context, said, storedShapes, onUnmapped, onFault }, messageIds)

  const runBatch = async (items: readonly Item[]): Promise<readonly (Outcome | Error)[]> => {
    const began = performance.now()
    for (let tries = 1; ; tries++) {
      try {
        const own = processing(await ids.take(items.length))
        const { outcomes, committed } = await db.transaction((tx) => processBatch(tx, items, own), {
          retries: deadlockRetries,
        })
        committed()
        observe.batch(items.length, performance.now() - began)
        return outcomes
      } catch (error) {
        // A key that somebody else has just written: the next try sees it.
        if (sqlState(error) === '23505' && tries < (items.length > 1 ? conflictTries : loneConflictTries))
          continue
        const [first, ...others] = items
        if (!first || !isOfItems(error)) throw error
        if (others.length > 0) return await bisect(items, runBatch)
        return [await setAside(first, error)]
      }
    }
  }
  /** What cannot be stored with all that it changes is kept by itself, if it can be. */
  const setAside = async (item: Item, error: unknown): Promise<Outcome | Error> => {
    try {
      if (item.kind === 'rule') throw error
      const own = processing(await ids.take(1))
      return await db.transaction((tx) => keepFailed(tx, item, error, own))
    } catch (final) {
      if (isOfItems(final) && final instanceof Error) return final
      throw final
    }
  }
  const batcher = new Batcher<Item, Outcome>(runBatch, {
    lanes: options.lanes ?? defaultLanes,
    keysOf,
    isLong,
    maxItems: options.maxBatchMessages,
    maxBytes: options.maxBatchBytes,
    maxWaiting: options.maxWaiting,
    maxWaitingBytes: options.maxWaitingBytes,
  })
  const submit = async (items: readonly Item[]): Promise<Outcome[]> => {
    const began = performance.now()
    const outcomes = await Promise.all(items.map((each) => batcher.add(each, each.raw.length)))
    const ms = performance.now() - began
    for (const [i, outcome] of outcomes.entries()) {
      const item = items[i]
      if (item?.kind !== 'message') continue
      observe.answered(outcome.code)
      // What nobody maps has one name: no sender shall make up time series.
      observe.processed(options.maps().events.has(item.event) ? item.event : '', ms, 1)
    }
    // Work that nobody waits for is found by the worker's poll; stored messages should not wait for that.
    if (items.some((each) => each.kind === 'message' && each.defer)) worker.wake()
    return outcomes
  }
  const worker = new Worker({
    db,
    tenant,
    context,
    clock,
    submit,
    pressure: () => batcher.busy,
    onFault: (phase, error) => observe.fault(phase, error),
  })

  let closing = false
  let recomputing: Promise<unknown> = Promise.resolve()
  const recomputeNow = async (always: boolean, onProgress: (things: number) => void) => {
    const site = options.site()
    if (closing || !(always || (await isOutdated(db, tenant, site)))) return undefined
    const stopped = () => closing
    return await recompute({ db, tenant, site, now: () => clock.now(), submit, onProgress, stopped })
  }
  const recomputeInTurn = (always = false, onProgress: (things: number) => void = () => {}) => {
    const next = recomputing.then(() => recomputeNow(always, onProgress))
    recomputing = next.catch(() => {})
    return next
  }
  const recomputeBehind = () => {
    recomputeInTurn().catch((error: unknown) => observe.fault('recompute', error))
  }

  return {
    receive: async (inbound) => {
      observe.received(inbound.channel, 1)
      return await receivePayload(inbound, context, submit)
    },
    dryRun: (inbound) => dryRun(inbound, context, db, async (count) => processing(await ids.take(count))),
    translate: (inbound, profile) => translate(inbound, context, profile),
    write: (write) => writeAndRead(write, clock.now(), submit, db, tenant),
    messages: createDesk({ db, tenant, context, wake: () => worker.wake() }),
    transact: (transaction) => transactAndRead(transaction, clock.now(), submit, db, tenant),
    lineage: (rtype, id, path, version) => lineage(db.read, { tenant, rtype, id, path, context }, version),
    decide: (request) => decide(request, clock.now(), submit, db, tenant),
    exclusions: (id) => exclusionsIn(db, tenant, id),
    idle: async () => !batcher.busy && (await worker.isIdle()),
    site: options.site,
    maps: options.maps,
    setClock: async (now) => {
      clock.set?.(now)
      worker.wake()
    },
    reset: async () => {
      await batcher.settled()
      await worker.settled()
      await db.transaction((tx) => clearTenant(tx, tenant))
      storedShapes.clear()
      said.clear()
    },
    now: () => clock.now(),
    recompute: recomputeInTurn,
    waiting: () => batcher.size,
    unstored: (inbound) => refuseUnstored(inbound, context),
    start: () => {
      worker.start()
      recomputeBehind()
    },
    siteChanged: () => {
      recomputeBehind()
      worker.held.changed()
      worker.wake()
    },
    close: async () => {
      closing = true
      await worker.close()
      await recomputing
      await batcher.settled()
    },
  }
}

/** One by one: only what cannot be stored fails. */
async function bisect(
  items: readonly Item[],
  run: (items: readonly Item[]) => Promise<readonly (Outcome | Error)[]>,
): Promise<(Outcome | Error)[]> {
  const half = Math.ceil(items.length / 2)
  return [...(await run(items.slice(0, half))), ...(await run(items.slice(half)))]
}

/** Content that the store refuses, or that our own code does not survive: the store itself is well. */
const isOfItems = (error: unknown): boolean => ['data', 'bug'].includes(classify(error))
