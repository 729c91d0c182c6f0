// The truth made anew out of the message log, in an empty store: messages, writes of clients and decisions of operators,
// in the order in which they were applied, under the site and the mappings of now (semantics, section 0 and I3).
import type { Site } from '../../canonical/site.ts'
import { decodeBytes } from '../../hl7/charset.ts'
import type { MapSet } from '../../mappings/engine/compile.ts'
import { classify, type Database } from '../../store/db.ts'
import { type JournalRow, readLog } from '../../store/journal.ts'
import { claimTodo, loadStored } from '../../store/messages.ts'
import { parseExact } from '../../store/truth.ts'
import type { Item, MessageItem, RuleItem } from '../batch/item.ts'
import { processBatch } from '../batch/process.ts'
import { processingFor } from '../batch/processing.ts'
import { Said } from '../batch/said.ts'
import { type Command, carryOut } from '../client/command.ts'
import { type ReceiveContext, readOne } from '../reading/receive.ts'
import { storedItem } from '../reading/stored-item.ts'

export interface RebuildOptions {
  /** The store whose log is replayed; nothing of it is changed. */
  readonly from: Database
  /** An empty one with the schema of this program. */
  readonly into: Database
  readonly tenant: number
  readonly site: Site
  readonly maps: MapSet
  readonly onProgress?: (messages: number) => void
}

export interface Rebuilt {
  /** Messages and writes that were applied again. */
  readonly messages: number
  /** Those that never had an effect and never could: senders that were not let in, refused writes. */
  readonly skipped: number
  /** Those that could not be stored. */
  readonly failed: readonly string[]
}

const maxBatch = 200

/** Replays everything. Rejects when a store fails. */
export async function replayLog(options: RebuildOptions): Promise<Rebuilt> {
  const replay = new Replay(options)
  for await (const rows of readLog(options.from.read, options.tenant)) await replay.take(rows)
  return await replay.finish()
}

interface Numbered {
  readonly id: string
  readonly item: Item
}

class Replay {
  readonly #options: RebuildOptions
  readonly #context: ReceiveContext
  readonly #said = new Said()
  readonly #shapes = new Set<string>()
  readonly #seen = new Set<string>()
  readonly #failed: string[] = []
  #batch: Numbered[] = []
  #now = new Date(0)
  #messages = 0
  #skipped = 0

  constructor(options: RebuildOptions) {
    this.#options = options
    const site = waiting(options.site)
    this.#context = {
      site: () => site,
      maps: () => options.maps,
      now: () => this.#now,
      newControlId: () => 'REPLAY',
      lineage: true,
    }
  }

  async take(rows: readonly JournalRow[]): Promise<void> {
    for (const row of rows) {
      // What was parked and is taken up again must be in the store by now.
      const again = this.#seen.has(row.id)
      if (again || this.#batch.length >= maxBatch) await this.#flush()
      this.#seen.add(row.id)
      this.#now = new Date(again ? row.at : row.receivedAt)
      const item = this.#itemOf(row, again)
      if (item) this.#batch.push({ id: row.id, item })
      else this.#skipped++
    }
  }

  async finish(): Promise<Rebuilt> {
    await this.#flush()
    // Parked messages that find their key here and did not there: the site has been repaired since.
    for (;;) {
      const { into, tenant } = this.#options
      const due = await into.transaction((tx) => claimTodo(tx, tenant, 'process', 'infinity', maxBatch))
      const stored = await loadStored(
        into.read,
        tenant,
        due.map((each) => each.subject),
      )
      for (const each of stored)
        for (const item of storedItem(each, this.#context)) this.#batch.push({ id: each.id, item })
      if (this.#batch.length === 0) break
      await this.#flush()
    }
    return { messages: this.#messages, skipped: this.#skipped, failed: this.#failed }
  }

  #itemOf(row: JournalRow, again: boolean): Item | undefined {
    if (row.channel === 'fhir') return row.state === 'processed' ? this.#commandOf(row) : undefined
    // A sender that was not let in must not come in now.
    if (row.findings?.some((each) => each.app === 'UNKNOWN-SOURCE')) return undefined
    const stored = { ...row, channel: row.channel }
    return again ? storedItem(stored, this.#context)[0] : this.#messageOf(row, row.channel)
  }

  #messageOf(row: JournalRow, channel: 'mllp' | 'http' | 'file'): MessageItem | undefined {
    const { raw, charset, peer } = row
    const decoded = decodeBytes(raw, charset === null ? {} : { endpointDefault: charset })
    if ('fault' in decoded) return undefined
    const inbound = { raw, channel, peer: peer ?? '' }
    return readOne(decoded.text, raw, decoded.charset, inbound, this.#context, undefined, decoded.findings)
  }

  #commandOf(row: JournalRow): RuleItem | undefined {
    if (row.command === null) return undefined
    const command = parseExact(row.command) as Command
    const at = this.#now
    return {
      kind: 'rule',
      raw: row.raw,
      sha256: '',
      channel: 'fhir',
      peer: row.peer ?? '',
      source: row.source,
      receivedAt: at,
      event: row.event ?? '',
      author: { id: row.source },
      logged: false,
      entities: [],
      apply: (draft, site) => carryOut(draft, command, row.source, at, site),
    }
  }

  async #flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    if (batch.length === 0) return
    await this.#apply(batch)
    this.#options.onProgress?.(this.#messages)
  }

  /** What cannot be stored fails alone. */
  async #apply(batch: readonly Numbered[]): Promise<void> {
    const { into, tenant } = this.#options
    const context = processingFor(
      {
        tenant,
        context: this.#context,
        said: this.#said,
        storedShapes: this.#shapes,
        onUnmapped: () => {},
        onFault: (id) => this.#failed.push(id),
      },
      batch.map((each) => each.id),
    )
    const items = batch.map((each) => each.item)
    try {
      const { committed } = await into.transaction((tx) => processBatch(tx, items, context))
      committed()
      this.#messages += batch.length
    } catch (error) {
      if (!['data', 'bug'].includes(classify(error))) throw error
      const [first] = batch
      if (batch.length === 1 && first) this.#failed.push(first.id)
      else for (const each of batch) await this.#apply([each])
    }
  }
}

/** Nothing is put off in a replay: everything is applied where it was applied. */
const waiting = (site: Site): Site => ({
  ...site,
  sources: new Map(
    [...site.sources].map(([id, source]) => [id, { ...source, acknowledge: 'after-processing' }]),
  ),
})
