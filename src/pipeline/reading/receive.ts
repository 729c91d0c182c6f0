// From bytes to the reply: decoded, taken apart, checked, mapped, queued; answered when it is durable.
import { hash } from 'node:crypto'
import type { Inbound, Reply } from '../../adapters/adapter.ts'
import type { Site } from '../../canonical/site.ts'
import { type AckError, faultAnswer, salvageHeader } from '../../hl7/ack.ts'
import { type Batch, joinBatch, splitBatch } from '../../hl7/batch.ts'
import { type CharsetFinding, decodeBytes, encodeText } from '../../hl7/charset.ts'
import { formatDtm } from '../../hl7/datetime.ts'
import { checkHeader, type Header, isAcknowledgement, KNOWN_VERSIONS, readHeader } from '../../hl7/header.ts'
import { type Message, parseMessage } from '../../hl7/message.ts'
import { type MapSet, mapMessage, mapsOf } from '../../mappings/engine/compile.ts'
import type { MapIssue } from '../../mappings/mapped.ts'
import type { MessageItem, Outcome } from '../batch/item.ts'
import { withVisitKey } from '../batch/visit-key.ts'
import { sourceOf } from '../site/site.ts'
import { acknowledge, replyText } from './acknowledge.ts'
import { charsetWarnings } from './charset-warnings.ts'
import { preview } from './preview.ts'
import { mapContext, mapsHashOf, repairText, senderIn } from './source-maps.ts'
import { unmappedOf } from './unmapped.ts'

export interface ReceiveContext {
  site(): Site
  maps(): MapSet
  now(): Date
  /** MSH-10 of what the gateway sends: new, at most 20 characters. */
  newControlId(): string
  readonly lineage: boolean
}

/** Queues items and resolves with their outcomes, in order. */
export type Submit = (items: readonly MessageItem[]) => Promise<readonly Outcome[]>

const processingIds: ReadonlySet<string> = new Set(['P', 'T', 'D'])

/** Takes one payload, message or batch, to its reply. Rejects when the store is not available. */
export async function receivePayload(
  inbound: Inbound,
  context: ReceiveContext,
  submit: Submit,
): Promise<Reply> {
  const read = readPayload(inbound, context)
  if ('fault' in read) {
    const [outcome] = await submit([read.fault])
    return { bytes: outcome?.ack }
  }
  const { batch, items, charset } = read
  if (items.length === 0) return { bytes: undefined }
  const outcomes = await submit(items)
  const acks = outcomes.map((each, i) => replyText(each, items[i]))
  if (!batch.enveloped) {
    const [first] = outcomes
    return { bytes: acks[0] === undefined ? undefined : first?.ack }
  }
  const owed = acks.filter((each) => each !== undefined)
  return { bytes: encodeText(envelope(owed, batch, context), charset) }
}

const envelope = (acks: readonly string[], batch: Batch, context: ReceiveContext): string =>
  joinBatch(acks, batch, { now: dtmOf(context), controlId: context.newControlId() })

/** The answer to a payload that could not be stored: AR 207 (mllp.md, E20). Undefined when none is owed. */
export function refuseUnstored(inbound: Inbound, context: ReceiveContext): Uint8Array | undefined {
  const read = readPayload(inbound, context)
  const text = 'the store is not available - send the message again later'
  const error: AckError = { severity: 'E', code: '207', locations: ['MSH^1'], text }
  const refuse = (item: MessageItem) => acknowledge(item, 'AR', [error], context)
  if ('fault' in read) return refuse(read.fault)
  const { batch, items, charset } = read
  const [first] = items
  if (!batch.enveloped || !first) return first && refuse(first)
  const acks = items.map((item) => decodeBytes(refuse(item), { endpointDefault: item.charset }))
  return encodeText(
    envelope(
      acks.flatMap((each) => ('text' in each ? [each.text] : [])),
      batch,
      context,
    ),
    charset,
  )
}

const dtmOf = (context: ReceiveContext): string =>
  formatDtm(context.now().getTime(), context.site().gateway.timezone)

type Payload =
  | { readonly fault: MessageItem }
  | { readonly batch: Batch; readonly items: readonly MessageItem[]; readonly charset: string }

/** Messages of a payload as items for the pipeline. */
export function readPayload(inbound: Inbound, context: ReceiveContext): Payload {
  const charsetOfSource = sourceOf(context.site(), senderOf(inbound.raw))?.charset
  const decoded = decodeBytes(inbound.raw, {
    ...(inbound.charset === undefined ? {} : { declared: inbound.charset }),
    ...(charsetOfSource === undefined ? {} : { endpointDefault: charsetOfSource }),
  })
  if ('fault' in decoded) {
    const error: AckError = { severity: 'E', code: '207', locations: ['MSH^1^18'], text: decoded.fault.text }
    return { fault: unreadable(inbound, context, 'us-ascii', undefined, 'AR', [error]) }
  }
  const { text, charset, findings } = decoded
  const batch = splitBatch(text)
  const errors = batch.issues.filter((each) => each.severity === 'E')
  if (errors.length > 0) {
    const code = batch.enveloped ? 'AE' : 'AR'
    return {
      fault: unreadable(inbound, context, charset, salvageHeader(batch.messages[0] ?? text), code, errors),
    }
  }
  const whole = batch.messages.length === 1 && !batch.enveloped
  const items = batch.messages.flatMap((each) => {
    const raw = whole ? inbound.raw : encodeText(each, charset)
    // Offsets are those of the payload: of use only when the message is all of it.
    const told = each === text ? findings : findings.map(({ at: _at, ...finding }) => finding)
    const item = readOne(each, raw, charset, inbound, context, undefined, told)
    return item ? [item] : []
  })
  return { batch, items, charset }
}

const maxHeaderBytes = 512

/** MSH-3|MSH-4 read from the bytes, before the character set is known. */
const senderOf = (raw: Uint8Array): string =>
  senderIn(
    Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.byteLength, maxHeaderBytes)).toString('latin1'),
  )

const sha256 = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'hex')

/** NUL is the one character that the store has no place for; the bytes, and MSA-2, keep it. */
function headerOf(message: Message): Header {
  const header = readHeader(message)
  const { controlId } = header
  return controlId?.includes('\0') ? { ...header, controlId: controlId.replaceAll('\0', '\ufffd') } : header
}

function unreadable(
  inbound: Inbound,
  context: ReceiveContext,
  charset: string,
  message: Message | undefined,
  code: 'AE' | 'AR',
  errors: readonly AckError[],
): MessageItem {
  const header = message && headerOf(message)
  return {
    kind: 'message',
    raw: inbound.raw,
    sha256: sha256(inbound.raw),
    channel: inbound.channel,
    peer: inbound.peer,
    source: header?.source ?? '',
    receivedAt: context.now(),
    key: undefined,
    charset,
    message,
    header,
    event: header ? `${header.type}^${header.event}` : '',
    sender: undefined,
    mapped: undefined,
    mapsHash: undefined,
    refusal: { code, errors },
    unmapped: [],
    held: false,
    repaired: [],
    warnings: [],
    defer: false,
    stored: undefined,
  }
}

/** One message; undefined for an acknowledgement, which is never answered. */
export function readOne(
  text: string,
  raw: Uint8Array,
  charset: string,
  inbound: Inbound,
  context: ReceiveContext,
  stored?: MessageItem['stored'],
  findings: readonly CharsetFinding[] = [],
): MessageItem | undefined {
  const site = context.site()
  const repaired = repairText(text, site)
  const parsed = parseMessage(repaired.text)
  if ('fault' in parsed) {
    const { code, error } = faultAnswer(parsed.fault)
    return { ...unreadable({ ...inbound, raw }, context, charset, salvageHeader(text), code, [error]) }
  }
  const { message } = parsed
  if (isAcknowledgement(message)) return undefined
  const header = headerOf(message)
  const maps = mapsOf(context.maps(), header.source)
  const base = unreadable({ ...inbound, raw }, context, charset, message, 'AR', [])
  const sender = sourceOf(site, header.source)
  const problems = checkHeader(header, { events: maps.events, processingIds, versions: KNOWN_VERSIONS })
  const errors = problems.filter((each) => each.severity === 'E')
  const item: MessageItem = {
    ...base,
    sender,
    mapsHash: sender ? mapsHashOf(maps, sender) : maps.hash,
    key: keyOf(header),
    refusal: undefined,
    repaired: repaired.done,
    warnings: charsetWarnings(message, findings),
    stored,
  }
  if (errors.length > 0) return { ...item, refusal: { code: 'AR', errors } }
  if (!sender) return { ...item, refusal: { code: 'AR', errors: [unknownSource(header)] } }
  // The one check of who may send as whom: it sees what is applied, whatever a channel has looked at before. Without
  // key: the answer to an impostor is not that to the source's own message.
  if (inbound.allowed && !inbound.allowed.includes(header.source))
    return { ...item, key: undefined, refusal: { code: 'AR', errors: [foreignSource(header)] } }
  const defer = sender.acknowledge === 'after-commit' && stored === undefined
  if (defer) return { ...item, defer }
  const read = mapMessage(message, maps, mapContext(site, sender, header, maps, context.lineage))
  const mapped = withVisitKey(read, message, sender, site)
  const found = mapped.issues.map(toAckError)
  const fatal = found.filter((each) => each.severity === 'E')
  const unmapped = unmappedOf(mapped)
  if (fatal.length > 0) {
    const waiting = { ...item, mapped, unmapped, held: true }
    const lacking = fatal.every((each) => each.app === 'CODE-HELD')
      ? lackingOf(waiting, fatal, site)
      : undefined
    const held = lacking?.length === 0
    const errors = held ? fatal : [...fatal.map(notHeld), ...(lacking ?? [])]
    return { ...item, mapped, unmapped, held, refusal: { code: 'AE', errors } }
  }
  const warnings = [
    ...item.warnings,
    ...problems.filter((each) => each.app !== undefined),
    ...found.filter((each) => each.severity === 'W' && each.app),
  ]
  return { ...item, mapped, unmapped, warnings }
}

/**
 * What the rules would refuse once the codes are known, whatever the store holds: a message without PID-3 is not held.
 * A field whose code is waited for is not missing.
 */
function lackingOf(item: MessageItem, waitsFor: readonly AckError[], site: Site): readonly AckError[] {
  const [result] = preview([item], site).results
  const waited = new Set(waitsFor.flatMap((each) => each.locations))
  return result?.code === 'AE'
    ? result.errors.filter(
        ({ code, locations }) => code === '101' && !locations.some((each) => waited.has(each)),
      )
    : []
}

/** Something else is wrong with the message as well: it will not apply itself, whatever the tables say. */
function notHeld(error: AckError): AckError {
  if (error.app !== 'CODE-HELD') return error
  const { app: _app, ...others } = error
  return { ...others, text: error.text.replace(/ - .*$/s, ' - add it to the tables of the source') }
}

function foreignSource(header: Header): AckError {
  return {
    severity: 'E',
    code: '207',
    app: 'UNKNOWN-SOURCE',
    locations: ['MSH^1^3', 'MSH^1^4'],
    text: `this sender may not send as ${header.source} (MSH-3, MSH-4) - send with the credentials of that source`,
  }
}

function unknownSource(header: Header): AckError {
  return {
    severity: 'E',
    code: '207',
    app: 'UNKNOWN-SOURCE',
    locations: ['MSH^1^3', 'MSH^1^4'],
    text: `source ${header.source} is not in the site file (MSH-3, MSH-4) - add it to the sources, then send again under a new control id`,
  }
}

/** Message identity: MSH-3, -4, -7 and -10 (semantics, section 8.1). */
function keyOf(header: Header): string | undefined {
  if (header.controlId === undefined) return undefined
  return sha256(`${header.source}\u0001${header.messageTime ?? ''}\u0001${header.controlId}`)
}

function toAckError(issue: MapIssue): AckError {
  const { severity, code, app, location, text } = issue
  return { severity, code, ...(app === undefined ? {} : { app }), locations: [location], text }
}
