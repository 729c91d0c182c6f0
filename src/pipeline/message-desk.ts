// What operators ask of stored messages: which are stuck and why, what mapping made of one, and to try some again.

import { mapsOf } from '../mappings/engine/compile.ts'
import { rowFates } from '../mappings/engine/fired.ts'
import type { Database } from '../store/db.ts'
import {
  type ListedMessage,
  listMessages,
  type MessageFilter,
  oneMessage,
  rawMessage,
  rerunMessages,
} from '../store/message-list.ts'
import type { MessageState } from '../store/messages.ts'
import type { DeskMessage, ExplainedMessage, ExplainedRow, MessageDesk, Reason } from './gateway.ts'
import { isoIn } from './iso.ts'
import { nextStepOf } from './next-step.ts'
import type { ReceiveContext } from './reading/receive.ts'
import { mapContext } from './reading/source-maps.ts'
import { storedItem } from './reading/stored-item.ts'

export interface DeskOptions {
  readonly db: Database
  readonly tenant: number
  readonly context: ReceiveContext
  /** Tells the worker that there is something to do. */
  readonly wake: () => void
}

interface Found {
  readonly severity: string
  readonly code: string
  readonly app?: string
  readonly locations?: readonly string[]
  readonly text?: string
}

export function createDesk(options: DeskOptions): MessageDesk {
  const { db, tenant, context, wake } = options
  return {
    list: async (filter) =>
      (await listMessages(db.read, tenant, filter)).map((row) => shown(row, false, context)),
    get: async (id) => {
      const row = await oneMessage(db.read, tenant, id)
      return row && shown(row, true, context)
    },
    explain: (id) => explain(id, options),
    rerun: async (
      filter: Pick<MessageFilter, 'states' | 'source'> & { readonly ids?: readonly string[] },
    ) => {
      const at = context.now().toISOString()
      const count = await db.transaction((tx) => rerunMessages(tx, tenant, filter, at))
      if (count > 0) wake()
      return count
    },
  }
}

/** Texts may name values of a patient: they are shown of one message, never in a list. */
function shown(row: ListedMessage, texts: boolean, context: ReceiveContext): DeskMessage {
  const { timezone } = context.site().gateway
  const iso = (at: string) => isoIn(new Date(at), timezone)
  const found = (row.findings ?? []) as readonly Found[]
  const reasons = found.map(({ severity, code, app, locations = [], text }): Reason => {
    const own = { ...(app !== undefined && { app }), ...(texts && text !== undefined && { text }) }
    return { severity, code, locations, ...own }
  })
  return {
    id: row.id,
    receivedAt: iso(row.receivedAt),
    source: row.source,
    channel: row.channel,
    controlId: row.controlId ?? '',
    event: row.event ?? '',
    state: row.state,
    ack: row.ackCode ?? '',
    attempts: row.attempts,
    bytes: row.bytes,
    mapsHash: row.mapsHash ?? '',
    ...(row.processedAt !== null && { processedAt: iso(row.processedAt) }),
    reasons,
    nextStep: nextStepOf(row.state, reasons),
  }
}

/** Rows and positions, no values: what was sent is in the message itself. */
async function explain(
  id: string,
  { db, tenant, context }: DeskOptions,
): Promise<ExplainedMessage | undefined> {
  const stored = await rawMessage(db.read, tenant, id)
  const row = await oneMessage(db.read, tenant, id)
  if (!stored || !row) return undefined
  const message = shown(row, false, context)
  const [item] = storedItem(stored, context)
  if (!item?.message || !item.header || !item.sender)
    return { message, mapsHashNow: '', repaired: [], rows: [], residue: [] }
  const maps = mapsOf(context.maps(), item.source)
  const mapping = mapContext(context.site(), item.sender, item.header, maps, true)
  const older = message.reasons.filter(({ app }) => app === 'STALE').flatMap(({ locations }) => locations)
  const rows = rowFates(item.message, maps, mapping).map((each): ExplainedRow => {
    const stale = each.fate === 'wrote' && older.some((place) => isField(place, each.segment, each.v2))
    return stale ? { ...each, fate: 'older' } : each
  })
  return {
    message,
    mapsHashNow: item.mapsHash ?? '',
    repaired: item.repaired,
    rows,
    residue: item.mapped?.residue ?? [],
  }
}

/** 'PID^1^11' is where 'PID-11.1' of 'PID' was read. */
function isField(place: string, segment: string, v2: string): boolean {
  const [name = '', occurrence = '1', field = ''] = place.split('^')
  const at = occurrence === '1' ? name : `${name}[${occurrence}]`
  return at === segment && v2.replace(/\..*$/, '') === `${name}-${field}`
}

/** States that operators may ask for. */
export const openStates: readonly MessageState[] = ['received', 'parked', 'held', 'failed', 'rejected']
