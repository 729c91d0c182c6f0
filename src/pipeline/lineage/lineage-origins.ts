// The messages behind statements: who sent what under which control id, by which maps, and where in its bytes; what of
// it is known after retention has dropped the message stays known.
import type { FhirJson } from '../../canonical/fhir-json.ts'
import { stableId } from '../../canonical/identity/identifier.ts'
import { parsePath } from '../../hl7/path.ts'
import { rangeOf } from '../../hl7/range.ts'
import { mapsOf } from '../../mappings/engine/compile.ts'
import type { Queryable } from '../../store/db.ts'
import { type Origin, originMessages } from '../../store/message-list.ts'
import { readResources } from '../../store/resources.ts'
import type { MessageItem } from '../batch/item.ts'
import { hashCharacters, mapsPolicy } from '../batch/maps-policy.ts'
import type { LineageSpan } from '../gateway.ts'
import type { ReceiveContext } from '../reading/receive.ts'
import { storedItem } from '../reading/stored-item.ts'

/** Most messages whose bytes are read for one answer. */
const maxOrigins = 100

export interface MessageOrigin {
  readonly controlId: string | undefined
  readonly event: string | undefined
  readonly mapsHash: string | undefined
  /** False once retention has dropped the message. */
  readonly kept: boolean
  /** The message as it would be read today; undefined when it is gone or came over FHIR. */
  readonly item: MessageItem | undefined
}

const unknown: MessageOrigin = {
  controlId: undefined,
  event: undefined,
  mapsHash: undefined,
  kept: false,
  item: undefined,
}

export async function loadOrigins(
  db: Queryable,
  tenant: number,
  ids: readonly string[],
  context: ReceiveContext,
): Promise<(id: string) => MessageOrigin> {
  const wanted = [...new Set(ids)].slice(0, maxOrigins)
  const found = new Map<string, MessageOrigin>()
  for (const row of await originMessages(db, tenant, wanted)) found.set(row.id, originOf(row, context))
  // The Provenance of a change outlives its message.
  const gone = wanted.filter((id) => !found.has(id))
  const provenances = await readResources(
    db,
    tenant,
    gone.map((id) => ({ rtype: 'Provenance', id: stableId('Provenance', id) })),
  )
  const byId = new Map(provenances.map((row) => [row.id, JSON.parse(row.body) as FhirJson]))
  for (const id of gone) {
    const body = byId.get(stableId('Provenance', id))
    if (body) found.set(id, { ...unknown, ...told(body as unknown) })
  }
  return (id) => found.get(id) ?? unknown
}

function originOf(row: Origin, context: ReceiveContext): MessageOrigin {
  const [item] = storedItem(row, context)
  const { controlId, event, mapsHash } = row
  return {
    controlId: controlId ?? undefined,
    event: event ?? undefined,
    mapsHash: mapsHash?.slice(0, hashCharacters),
    kept: true,
    item,
  }
}

interface Provenance {
  readonly policy?: readonly string[]
  readonly activity?: { readonly text?: string }
  readonly entity?: readonly { readonly what?: { readonly identifier?: { readonly value?: string } } }[]
}

function told(body: unknown): Partial<MessageOrigin> {
  const { policy = [], activity, entity = [] } = body as Provenance
  const maps = policy.find((each) => each.startsWith(mapsPolicy))
  return {
    controlId: entity[0]?.what?.identifier?.value,
    event: activity?.text,
    mapsHash: maps?.slice(mapsPolicy.length),
  }
}

/** A span with what can be said of it today: its bytes while the message is kept, its table while the maps are those of then. */
export function spanOf(
  { fhir, v2, row }: { readonly fhir: string; readonly v2: string; readonly row: string },
  { item, mapsHash }: MessageOrigin,
  context: ReceiveContext,
): LineageSpan {
  const bytes = item && bytesOf(item, v2)
  const now = item?.mapsHash?.slice(0, hashCharacters)
  const table = mapsHash !== undefined && mapsHash === now ? tableOf(row, item, context) : undefined
  const code = table === undefined ? undefined : codeAt(item, v2)
  return {
    fhir,
    v2,
    row,
    ...(table !== undefined && { table }),
    ...(code !== undefined && { tableRow: code }),
    ...(bytes && { bytes }),
  }
}

function tableOf(row: string, item: MessageItem | undefined, context: ReceiveContext): string | undefined {
  const [, map = '', number = '0'] = /^(.*)#(\d+)$/.exec(row) ?? []
  const { sources } = mapsOf(context.maps(), item?.source ?? '')
  return sources.find((each) => each.map === map)?.rows[Number(number) - 1]?.table
}

function codeAt(item: MessageItem | undefined, v2: string): string | undefined {
  const path = parsePath(v2)
  if (!item?.message || !path) return undefined
  const { segment, occurrence, field, repetition, component = 1 } = path
  return item.message.all(segment)[occurrence - 1]?.value(field, repetition, component)
}

/** Where a position stands in the bytes that came; undefined when a repair has moved them. */
function bytesOf(item: MessageItem, v2: string): { start: number; end: number } | undefined {
  const path = parsePath(v2)
  if (!item.message || !path || item.repaired.length > 0) return undefined
  const range = rangeOf(item.message, path)
  if (!range) return undefined
  const { text } = item.message
  // Only where a character is a byte, or UTF-8, do offsets in the text say where the bytes are.
  const inUtf8 = Buffer.byteLength(text) === item.raw.length
  if (!inUtf8 && text.length !== item.raw.length) return undefined
  if (!inUtf8) return { start: range.start, end: range.end }
  const start = Buffer.byteLength(text.slice(0, range.start))
  return { start, end: start + Buffer.byteLength(text.slice(range.start, range.end)) }
}
