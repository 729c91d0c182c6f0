// Held messages: tried again when other maps are in force, released when no code is missing any more; and the Tasks of codes.
import { mapsOf } from '../../mappings/engine/compile.ts'
import type { Database } from '../../store/db.ts'
import {
  dueUnmapped,
  type HeldMessage,
  type HeldWrite,
  keepHeld,
  loadHeld,
  releaseHeld,
  reviewUnmapped,
  type TriedHeld,
  toldUnmapped,
  type UnmappedRow,
} from '../../store/unmapped.ts'
import type { Item, Outcome } from '../batch/item.ts'
import { isoIn } from '../iso.ts'
import type { ReceiveContext } from '../reading/receive.ts'
import { codesOf, mapsHashOf } from '../reading/source-maps.ts'
import { storedItem } from '../reading/stored-item.ts'
import { taskRule } from '../reading/unmapped.ts'
import { sourceOf } from '../site/site.ts'

export interface HeldOptions {
  readonly db: Database
  readonly tenant: number
  readonly context: ReceiveContext
  readonly submit: (items: readonly Item[]) => Promise<readonly Outcome[]>
}

const pageSize = 100
/** A Task of a code that holds nothing up is written at most this often; others at once. */
const refreshMs = 60_000
/** Another gateway on the same store may have other maps in force: held messages are looked at from time to time. */
const reviewMs = 60_000

export class HeldWork {
  readonly #options: HeldOptions
  /** At the start both: files may have changed while nothing ran. */
  #review = true
  #changed = true
  #told = true
  #refreshAt = Number.POSITIVE_INFINITY
  #reviewed = 0

  constructor(options: HeldOptions) {
    this.#options = options
  }

  /** Other maps or sources are in force. */
  changed(): void {
    this.#review = true
    this.#changed = true
    this.#told = true
  }

  /** A code without a table was stored. */
  noticed(): void {
    this.#told = true
  }

  /** True when there may be something to do now. */
  get due(): boolean {
    return this.#review || this.#told || this.#options.context.now().getTime() >= this.#refreshAt
  }

  /** Returns how many messages were released and Tasks written. */
  async run(): Promise<number> {
    const now = this.#options.context.now().getTime()
    if (performance.now() - this.#reviewed > reviewMs) this.#review = true
    let done = 0
    if (this.#review) {
      this.#review = false
      this.#reviewed = performance.now()
      done += await this.#retrying(
        () => this.#reviewHeld(),
        () => {
          this.#review = true
        },
      )
    }
    // What was released is applied before its Tasks say that nothing waits.
    if (done > 0) return done
    if (this.#told || now >= this.#refreshAt) {
      this.#told = false
      done += await this.#retrying(
        () => this.#tell(),
        () => {
          this.#told = true
        },
      )
    }
    return done
  }

  /** What failed stays to be done. */
  async #retrying(work: () => Promise<number>, failed: () => void): Promise<number> {
    try {
      return await work()
    } catch (error) {
      failed()
      throw error
    }
  }

  async #reviewHeld(): Promise<number> {
    const { db, tenant } = this.#options
    let after = { receivedAt: '-infinity', id: '0' }
    let released = 0
    for (;;) {
      const page = await loadHeld(db.read, tenant, after, pageSize)
      released += await this.#reviewPage(page)
      const last = page.at(-1)
      if (!last || page.length < pageSize) break
      after = last
    }
    if (this.#changed) await db.transaction((tx) => reviewUnmapped(tx, tenant))
    this.#changed = false
    return released
  }

  async #reviewPage(page: readonly HeldMessage[]): Promise<number> {
    const { db, tenant, context } = this.#options
    const ready: string[] = []
    const tried: TriedHeld[] = []
    const waiting: HeldWrite[] = []
    for (const message of page) {
      const sender = sourceOf(context.site(), message.source)
      if (sender && message.mapsHash === mapsHashOf(mapsOf(context.maps(), message.source), sender)) continue
      const [item] = storedItem(message, context)
      if (!item?.held) {
        ready.push(message.id)
        continue
      }
      tried.push({ id: message.id, received_at: message.receivedAt, maps_hash: item.mapsHash })
      for (const { table, code, required } of item.unmapped) {
        const { id, source, receivedAt } = message
        if (required) waiting.push({ message_id: id, source, name: table, code, received_at: receivedAt })
      }
    }
    if (ready.length + tried.length === 0) return 0
    await db.transaction(async (tx) => {
      await releaseHeld(tx, tenant, ready, context.now().toISOString())
      await keepHeld(tx, tenant, tried, waiting)
    })
    return ready.length
  }

  /** Brings Tasks up to date. */
  async #tell(): Promise<number> {
    const { db, tenant, context, submit } = this.#options
    const now = context.now()
    this.#refreshAt = Number.POSITIVE_INFINITY
    const before = new Date(now.getTime() - refreshMs).toISOString()
    const rows = await dueUnmapped(db.read, tenant, before, pageSize)
    const judged = rows.map((row) => ({ ...row, open: this.#isOpen(row) }))
    const { timezone } = context.site().gateway
    if (judged.length > 0) {
      await submit(judged.map((row) => taskRule(row, now, (at) => isoIn(at, timezone))))
      await db.transaction((tx) => toldUnmapped(tx, tenant, judged, now.toISOString()))
    }
    if (rows.length === pageSize) this.#told = true
    else if (judged.some(({ required }) => !required)) this.#refreshAt = now.getTime() + refreshMs
    return rows.length
  }

  #isOpen({ source, name, code, required, waiting }: UnmappedRow): boolean {
    if (required) return waiting > 0
    const { context } = this.#options
    const sender = sourceOf(context.site(), source)
    const maps = mapsOf(context.maps(), source)
    const found = (sender && codesOf(sender, maps)(name, code)) ?? maps.tables.get(name)?.translate(code)
    return found === undefined
  }
}
