// The message header: who, what, when, in which version and character set (HL7 v2.9.1 chapter 2, 2.14.9 MSH).
import type { AckError } from './ack.ts'
import { isNull, type Message, type Segment } from './message.ts'
import { fitsEvent, structureOf } from './structure.ts'

/** An HD field such as MSH-3. `raw` is the whole field as sent; the parts are decoded. */
export interface Designator {
  readonly raw: string
  readonly namespace?: string
  readonly universalId?: string
  readonly universalIdType?: string
}

/** What MSH says. Texts are decoded, first repetition; empty and `""` count as not sent, unless noted. */
export interface Header {
  readonly sendingApplication: Designator
  readonly sendingFacility: Designator
  readonly receivingApplication: Designator
  readonly receivingFacility: Designator
  /** `APP|FAC`: the first parts of MSH-3 and MSH-4, a universal id where the namespace is empty. */
  readonly source: string
  /** MSH-7.1 as sent. */
  readonly messageTime?: string
  /** MSH-9.1, or '' when not sent. */
  readonly type: string
  /** MSH-9.2; EVN-1 when that is empty (2.1, 2.2); '' when neither was sent. */
  readonly event: string
  /** MSH-9.3 as sent. */
  readonly structure?: string
  /** MSH-10 as sent, escape sequences unresolved: what MSA-2 repeats. */
  readonly controlId?: string
  readonly processingId?: string
  /** MSH-12.1 */
  readonly version?: string
  /** MSH-13 */
  readonly sequence?: string
  /** MSH-14 */
  readonly continuation?: string
  /** MSH-15, the condition for an accept acknowledgement. */
  readonly acceptAck?: string
  /** MSH-16, the condition for an application acknowledgement. */
  readonly applicationAck?: string
  readonly country?: string
  /** MSH-18, all repetitions. */
  readonly charsets: readonly string[]
}

/** Reads the header of a parsed message. */
export function readHeader(message: Message): Header {
  const msh = message.segments[0]
  if (!msh) throw new RangeError('a message without segments - use parseMessage')
  const sendingApplication = readDesignator(msh, 3)
  const sendingFacility = readDesignator(msh, 4)
  return {
    sendingApplication,
    sendingFacility,
    receivingApplication: readDesignator(msh, 5),
    receivingFacility: readDesignator(msh, 6),
    source: `${designation(sendingApplication)}|${designation(sendingFacility)}`,
    type: valued(msh, 9, 1) ?? '',
    event: valued(msh, 9, 2) ?? evn1(message) ?? '',
    charsets: msh.repetitions(18).filter((name) => name !== '' && !isNull(name)),
    ...optional('messageTime', valued(msh, 7, 1)),
    ...optional('structure', valued(msh, 9, 3)),
    ...optional('controlId', rawControlId(msh)),
    ...optional('processingId', valued(msh, 11, 1)),
    ...optional('version', valued(msh, 12, 1)),
    ...optional('sequence', valued(msh, 13)),
    ...optional('continuation', valued(msh, 14)),
    ...optional('acceptAck', valued(msh, 15)),
    ...optional('applicationAck', valued(msh, 16)),
    ...optional('country', valued(msh, 17)),
  }
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  // A computed key widens to an index signature; the cast states what the line does.
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: string })
}

function valued(segment: Segment, field: number, component?: number): string | undefined {
  const value = segment.value(field, 1, component)
  return value === undefined || isNull(value) ? undefined : value
}

function evn1(message: Message): string | undefined {
  const evn = message.first('EVN')
  return evn && valued(evn, 1, 1)
}

function rawControlId(msh: Segment): string | undefined {
  const raw = msh.raw(10)
  return raw === undefined || raw === '' || isNull(raw) ? undefined : raw
}

function readDesignator(msh: Segment, field: number): Designator {
  return {
    raw: msh.raw(field) ?? '',
    ...optional('namespace', valued(msh, field, 1)),
    ...optional('universalId', valued(msh, field, 2)),
    ...optional('universalIdType', valued(msh, field, 3)),
  }
}

function designation(designator: Designator): string {
  return designator.namespace ?? designator.universalId ?? ''
}

/** Versions a gateway can read: all of table 0104 from 2.1 on. */
export const KNOWN_VERSIONS: ReadonlySet<string> = new Set(
  '2.1 2.2 2.3 2.3.1 2.3.2 2.4 2.5 2.5.1 2.6 2.7 2.7.1 2.8 2.8.1 2.8.2 2.9 2.9.1'.split(' '),
)

/** What an endpoint takes. Events are `ADT^A01`. */
export interface Accepted {
  readonly events: ReadonlySet<string>
  readonly processingIds: ReadonlySet<string>
  readonly versions: ReadonlySet<string>
  /** Refuse a message without MSH-12 or MSH-11 instead of warning. Default false. */
  readonly strict?: boolean
}

/**
 * What is wrong with a header. Any error of severity E means AR (or CR): the message type, version, processing
 * id or its correlation cannot be handled, whatever the content. W: accepted all the same.
 */
export function checkHeader(header: Header, accepted: Accepted): AckError[] {
  const lenient = accepted.strict ? 'E' : 'W'
  const errors: AckError[] = []
  if (header.type === '') {
    errors.push(problem('E', '101', 'MSH^1^9', 'message type is missing (MSH-9) - send for example ADT^A01'))
  } else {
    errors.push(...checkEvent(header, accepted.events))
  }
  if (header.controlId === undefined) {
    errors.push(problem('E', '101', 'MSH^1^10', 'message control id is missing (MSH-10) - send a unique one'))
  }
  if (header.processingId === undefined) {
    errors.push(problem(lenient, '202', 'MSH^1^11', 'processing id is missing (MSH-11) - send P'))
  } else if (!accepted.processingIds.has(header.processingId)) {
    const list = [...accepted.processingIds].join(', ')
    errors.push(problem('E', '202', 'MSH^1^11', `processing id is not taken here (MSH-11) - send ${list}`))
  }
  if (header.version === undefined) {
    errors.push(problem(lenient, '101', 'MSH^1^12', 'version is missing (MSH-12) - send for example 2.5.1'))
  } else if (!accepted.versions.has(header.version)) {
    errors.push(
      problem('E', '203', 'MSH^1^12', 'version is not taken here (MSH-12) - send for example 2.5.1'),
    )
  }
  if (header.continuation !== undefined) {
    errors.push(
      problem(
        'E',
        '207',
        'MSH^1^14',
        'continuation is not supported (MSH-14) - send the message in one part',
      ),
    )
  }
  return errors
}

function checkEvent(header: Header, events: ReadonlySet<string>): AckError[] {
  const { type, event, structure } = header
  if (!events.has(`${type}^${event}`)) {
    for (const known of events) {
      if (!known.startsWith(`${type}^`)) continue
      const text = event === '' ? 'trigger event is missing' : 'trigger event is not taken here'
      return [problem('E', '201', 'MSH^1^9^1^2', `${text} (MSH-9.2) - ask for a mapping of it`)]
    }
    const text = 'message type is not taken here (MSH-9.1) - see the capability statement for those that are'
    return [problem('E', '200', 'MSH^1^9^1^1', text)]
  }
  if (structure === undefined || fitsEvent(structure, type, event)) return []
  const expected = structureOf(type, event)
  const text = `message structure does not belong to the event, read as ${expected} (MSH-9.3) - send ${expected}`
  return [problem('W', '200', 'MSH^1^9^1^3', text)]
}

function problem(severity: 'E' | 'W', code: string, location: string, text: string): AckError {
  return { severity, code, locations: [location], text }
}

/** True for what answers a message of ours: never to be acknowledged itself, or two gateways loop. */
export function isAcknowledgement(message: Message): boolean {
  return message.get('MSH-9.1') === 'ACK' || message.first('MSA') !== undefined
}

/** Order of two versions such as `2.3.1` and `2.10`: negative, 0 or positive. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.')
  const right = b.split('.')
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (Number(left[i] ?? 0) || 0) - (Number(right[i] ?? 0) || 0)
    if (difference !== 0) return difference
  }
  return 0
}
