// Work behind the acknowledgement: messages stored for later, parked ones whose key has come, the search for duplicates.
import type { FhirJson } from '../../canonical/fhir-json.ts'
import { blockingKeys, scorePatients } from '../../canonical/identity/match.ts'
import { pairKey } from '../../canonical/truth/task.ts'
import { findCandidates } from '../../store/candidates.ts'
import { classify, type Database, sqlState } from '../../store/db.ts'
import {
  claimTodo,
  countTodo,
  finishTodo,
  loadStored,
  postponeTodo,
  type TodoRow,
} from '../../store/messages.ts'
import { expireParked } from '../../store/parked.ts'
import { readResources } from '../../store/resources.ts'
import type { Item, Outcome, RuleItem } from '../batch/item.ts'
import type { ReceiveContext } from '../reading/receive.ts'
import { storedItem } from '../reading/stored-item.ts'
import { duplicateRule } from './duplicates.ts'
import { HeldWork } from './held.ts'
import { settleVisits } from './settle.ts'

export interface WorkerOptions {
  readonly db: Database
  readonly tenant: number
  readonly context: ReceiveContext
  readonly clock: { now(): Date }
  readonly submit: (items: readonly Item[]) => Promise<readonly Outcome[]>
  /** True while senders wait: duplicates can wait longer. */
  readonly pressure: () => boolean
  /** Told what stopped a phase; the next poll tries again. */
  readonly onFault: (phase: string, error: unknown) => void
}

const pollMs = 250
const maxClaimed = 100
/** Pause between two searches for duplicates while senders wait. */
const pressedMatchMs = 1_000
const maxPressed = 20
const firstPauseMs = 1_000
const maxPauseMs = 300_000

export class Worker {
  /** Held messages and the Tasks of codes. */
  readonly held: HeldWork
  readonly #options: WorkerOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #again = false
  #closed = false
  #matchedAt = 0

  constructor(options: WorkerOptions) {
    this.#options = options
    this.held = new HeldWork(options)
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), pollMs)
    this.#timer.unref()
  }

  /** Looks for work soon; calls while it works are remembered. */
  wake(): void {
    if (this.#closed) return
    this.#again = true
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined
    })
  }

  async settled(): Promise<void> {
    await this.#running
  }

  async isIdle(): Promise<boolean> {
    if (this.#running) return false
    const { db, tenant, clock } = this.#options
    const waiting = await countTodo(db.read, tenant, clock.now().toISOString())
    if (waiting === 0 && !this.held.due) return !this.#running
    this.wake()
    return false
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await this.#running
  }

  async #loop(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      const told = await this.#attempt('held messages', () => this.held.run())
      const expired = await this.#attempt('parked messages', () => this.#expire())
      const processed = await this.#attempt('stored messages', () => this.#processStored())
      const matched = this.#mayMatch() ? await this.#attempt('search for duplicates', () => this.#match()) : 0
      const settled = await this.#attempt('long visits', () => this.#settle())
      if ([told, expired, processed, matched, settled].includes(undefined)) return
      if ([told, processed, matched, settled].some((each) => each !== 0)) this.#again = true
    }
  }

  /** What fails in one phase holds up no other: the next poll tries again, nothing is lost. */
  async #attempt(phase: string, run: () => Promise<number>): Promise<number | undefined> {
    try {
      return await run()
    } catch (error) {
      this.#options.onFault(phase, error)
      return undefined
    }
  }

  /** Under pressure duplicates wait, but not for ever. */
  #mayMatch(): boolean {
    const now = performance.now()
    if (this.#options.pressure() && now - this.#matchedAt < pressedMatchMs) return false
    this.#matchedAt = now
    return true
  }

  /** Nobody waits for ever: what has not found its key in time is refused for good, and seen among the refused. */
  async #expire(): Promise<number> {
    const { db, tenant, clock } = this.#options
    return await db.transaction((tx) => expireParked(tx, tenant, clock.now().toISOString()))
  }

  /** Applies messages that are in the log already, oldest first. */
  async #processStored(): Promise<number> {
    const { db, tenant, context, clock, submit } = this.#options
    const due = await db.transaction((tx) =>
      claimTodo(tx, tenant, 'process', clock.now().toISOString(), maxClaimed),
    )
    if (due.length === 0) return 0
    const stored = await loadStored(
      db.read,
      tenant,
      due.map((each) => each.subject),
    )
    const items = stored.flatMap((each) => storedItem(each, context))
    await submit(items)
    const known = new Set(items.map((each) => each.stored?.id))
    const orphans = due.filter((each) => !known.has(each.subject)).map((each) => each.id)
    if (orphans.length > 0) await db.transaction((tx) => finishTodo(tx, tenant, orphans))
    return due.length
  }

  #settle(): Promise<number> {
    const { db, tenant, context, clock } = this.#options
    return settleVisits(db, tenant, context.site(), clock.now().toISOString())
  }

  /** Compares patients that are new or have changed with those that share something with them. */
  async #match(): Promise<number> {
    const { db, tenant, clock, pressure } = this.#options
    const due = await db.transaction((tx) =>
      claimTodo(tx, tenant, 'match', clock.now().toISOString(), pressure() ? maxPressed : maxClaimed),
    )
    if (due.length === 0) return 0
    try {
      await this.#compare(due)
    } catch (error) {
      if (!isLasting(error)) throw error
      for (const each of due) await this.#compareAlone(each)
    }
    return due.length
  }

  async #compare(due: readonly TodoRow[]): Promise<void> {
    const { db, tenant, submit } = this.#options
    const items = await this.#duplicates(due.map((each) => each.subject.slice('Patient/'.length)))
    if (items.length > 0) await submit(items)
    const ids = due.map((each) => each.id)
    await db.transaction((tx) => finishTodo(tx, tenant, ids))
  }

  /** One that cannot be compared waits longer each time, and holds up no other. */
  async #compareAlone(due: TodoRow): Promise<void> {
    const { db, tenant, clock, onFault } = this.#options
    try {
      await this.#compare([due])
    } catch (error) {
      if (!isLasting(error)) throw error
      onFault('search for duplicates', error)
      const pauseMs = Math.min(firstPauseMs * 2 ** due.attempts, maxPauseMs)
      const until = new Date(clock.now().getTime() + pauseMs).toISOString()
      const what = sqlState(error) ?? (error instanceof Error ? error.name : 'error')
      await db.transaction((tx) => postponeTodo(tx, tenant, [due.id], until, what))
    }
  }

  async #duplicates(ids: readonly string[]): Promise<RuleItem[]> {
    const { db, tenant, clock } = this.#options
    const patients = await this.#patients([...new Set(ids)])
    const keys = [...patients].flatMap(([subject, body]) =>
      blockingKeys(body).map((key) => ({ subject, key })),
    )
    const pairs = await findCandidates(db.read, tenant, keys)
    const others = await this.#patients(
      [...new Set(pairs.map((each) => each.id))].filter((id) => !patients.has(id)),
    )
    const items = new Map<string, RuleItem>()
    for (const { subject, id } of pairs) {
      const [a, b] = [patients.get(subject), patients.get(id) ?? others.get(id)]
      if (!a || !b || items.has(pairKey(subject, id))) continue
      const { grade } = scorePatients(a, b)
      if (grade === 'certain' || grade === 'probable')
        items.set(pairKey(subject, id), duplicateRule(subject, id, grade, clock.now()))
    }
    return [...items.values()]
  }

  /** Active patients by id. */
  async #patients(ids: readonly string[]): Promise<Map<string, FhirJson>> {
    const { db, tenant } = this.#options
    const rows = await readResources(
      db.read,
      tenant,
      ids.map((id) => ({ rtype: 'Patient', id })),
    )
    const live = rows
      .filter((row) => !row.deleted)
      .map((row) => [row.id, JSON.parse(row.body) as FhirJson] as const)
    return new Map(live.filter(([, body]) => body.active !== false))
  }
}

/** Trying again as it is will not help; the store itself is well. */
const isLasting = (error: unknown) => ['data', 'bug'].includes(classify(error))
