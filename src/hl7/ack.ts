// Acknowledgements: MSH, MSA and ERR in the sender's own terms (HL7 v2.9.1 chapter 2, 2.8 and 2.14.5, 2.14.8).
import { DEFAULT_DELIMITERS, type Delimiters, encode } from './escape.ts'
import { compareVersions } from './header.ts'
import { type Message, type ParseFault, parseMessage, type Segment } from './message.ts'
import { type Reply, segmentLine } from './reply.ts'

/** Table 0008, acknowledgement code. */
export const ACK_CODES = {
  AA: 'Application Accept',
  AE: 'Application Error',
  AR: 'Application Reject',
  CA: 'Commit Accept',
  CE: 'Commit Error',
  CR: 'Commit Reject',
} as const
export type AckCode = keyof typeof ACK_CODES

/** Table 0357, message error condition codes, with the texts ERR-3.2 repeats. */
export const ERROR_CODES: Readonly<Record<string, string>> = {
  '0': 'Message accepted',
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '104': 'Value too long',
  '198': 'Non-conformant cardinality',
  '199': 'Other HL7 error',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '204': 'Unknown key identifier',
  '205': 'Duplicate key identifier',
  '206': 'Application record locked',
  '207': 'Application error',
}

/** Table 0516, error severity. */
export const SEVERITIES = { E: 'Error', W: 'Warning', I: 'Information' } as const
export type Severity = keyof typeof SEVERITIES

/** One thing to tell the sender. */
export interface AckError {
  readonly severity: Severity
  /** Table 0357. With a positive acknowledgement ERR-3 is 0, whatever stands here. */
  readonly code: string
  /** ERR-5.1, a code of system PORTICO. */
  readonly app?: string
  /** ERL positions such as `PID^1^3^1^4`. */
  readonly locations: readonly string[]
  /** What (where) - next step. Goes to the sender as ERR-7 and ERR-8. */
  readonly text: string
}

export interface AckInput {
  /** The message answered, or what `salvageHeader` got of it; absent when nothing could be read. */
  readonly message?: Message | undefined
  readonly code: AckCode
  readonly errors: readonly AckError[]
  /** MSH-7 of the acknowledgement: a DTM with offset. */
  readonly now: string
  /** MSH-10 of the acknowledgement: new, unique, at most 20 characters. */
  readonly controlId: string
  /** MSH-3 and MSH-4 when the message does not say whom it was for. */
  readonly gateway?: { readonly application?: string; readonly facility?: string }
  /** MSA-4, when the sequence number protocol is on. */
  readonly expectedSequence?: number
  /** MSH-15 and MSH-16 of the acknowledgement (enhanced mode only). */
  readonly acceptAck?: string
  readonly applicationAck?: string
  /** The answer to a query, in place of a plain acknowledgement. */
  readonly reply?: Reply | undefined
}

/** More errors than this help nobody; the last ERR says how many were left out. */
export const maxErrorSegments = 50
/** Locations per ERR. */
export const maxErrorLocations = 100
/** Characters of the text of an ERR: it may quote what was sent, which may be long. */
export const maxErrorCharacters = 500

const assumedVersion = '2.5.1'

/** The acknowledgement as text: CR after each segment, delimiters and shapes of the sender's version. */
export function buildAck(input: AckInput): string {
  const delimiters = input.message?.delimiters ?? DEFAULT_DELIMITERS
  const version = shapeVersion(input.message?.get('MSH-12.1'))
  const positive = input.code === 'AA' || input.code === 'CA'
  const errors = positive || input.errors.length > 0 ? input.errors : [unspecified(input.code)]
  const shown = errors.map((error) => (positive ? { ...error, code: '0' } : error))
  const lines = [
    headerLine(input, delimiters, version),
    msaLine(input, shown, delimiters, version),
    ...errorLines(capped(shown), delimiters, version),
    ...replyLines(input, delimiters),
  ]
  return `${lines.join('\r')}\r`
}

/** Version whose shapes the sender is answered in; of one that nobody knows the number means nothing. */
function shapeVersion(sent: string | undefined): string {
  return sent !== undefined && /^2\.[1-9]\d?(\.\d{1,2})?$/.test(sent) ? sent : assumedVersion
}

function headerLine(input: AckInput, delimiters: Delimiters, version: string): string {
  const msh = input.message?.segments[0]
  const raw = (field: number) => msh?.raw(field) ?? ''
  const text = (value: string | undefined) => encode(value ?? '', delimiters)
  const { component, repetition, escape: mark, subcomponent, truncation = '' } = delimiters
  // Raw fields of the sender go back as they came: same delimiters, same escapes, all components.
  return trimmed(
    [
      'MSH',
      component + repetition + mark + subcomponent + truncation,
      raw(5) || text(input.gateway?.application),
      raw(6) || text(input.gateway?.facility),
      raw(3),
      raw(4),
      input.now,
      '',
      input.reply?.type.join(component) ?? messageType(input.message, delimiters, version),
      text(input.controlId),
      raw(11) || 'P',
      raw(12) || assumedVersion,
      '',
      '',
      text(input.acceptAck),
      text(input.applicationAck),
      '',
      raw(18),
    ],
    delimiters.field,
  )
}

/** The question as it came, then what was found. */
function replyLines({ message, reply }: AckInput, delimiters: Delimiters): string[] {
  if (!reply) return []
  const echo = (message?.segments ?? []).filter(({ name }) => reply.echo.includes(name))
  const asSent = (segment: Segment) => {
    const fields = Array.from({ length: segment.fieldCount }, (_, i) => segment.raw(i + 1) ?? '')
    return [segment.name, ...fields].join(delimiters.field)
  }
  return [...echo.map(asSent), ...reply.segments.map((each) => segmentLine(each, delimiters))]
}

function messageType(message: Message | undefined, { component }: Delimiters, version: string): string {
  const msh = message?.segments[0]
  const event = msh?.part(9, 1, 2) || message?.first('EVN')?.part(1, 1, 1) || ''
  if (event === '' || compareVersions(version, '2.3.1') < 0) return 'ACK'
  const type = `ACK${component}${event}`
  return compareVersions(version, '2.4') < 0 ? type : `${type}${component}ACK`
}

function msaLine(
  input: AckInput,
  errors: readonly AckError[],
  delimiters: Delimiters,
  version: string,
): string {
  const controlId = input.message?.segments[0]?.raw(10) ?? ''
  const first = errors[0]
  const text = first && compareVersions(version, '2.5') < 0 ? clip(first.text, 80) : ''
  const expected = input.expectedSequence === undefined ? '' : String(input.expectedSequence)
  return trimmed(['MSA', input.code, controlId, encode(text, delimiters), expected], delimiters.field)
}

// Three shapes: one line of text (2.1), one ERR with a repetition for each error (2.2 to 2.4), one ERR for each.
function errorLines(errors: readonly AckError[], delimiters: Delimiters, version: string): string[] {
  if (errors.length === 0) return []
  if (compareVersions(version, '2.5') >= 0) return errors.map((error) => errorSegment(error, delimiters))
  const { field, repetition } = delimiters
  if (compareVersions(version, '2.2') < 0) {
    const texts = errors.map(({ locations, code, text }) =>
      encode(`${locations.join(' ')} ${code} ${text}`.trim(), delimiters),
    )
    return [`ERR${field}${texts.join(repetition)}`]
  }
  return [`ERR${field}${errors.flatMap((error) => errorLocations(error, delimiters)).join(repetition)}`]
}

/** ERR of 2.5 and later. */
function errorSegment(error: AckError, delimiters: Delimiters): string {
  const { component, repetition } = delimiters
  const text = (value: string) => encode(value, delimiters)
  const locations = error.locations
    .slice(0, maxErrorLocations)
    .map((location) => location.split('^').map(text).join(component))
  const said = clip(error.text, maxErrorCharacters)
  return trimmed(
    [
      'ERR',
      '',
      locations.join(repetition),
      [error.code, ERROR_CODES[error.code] ?? '', 'HL70357'].map(text).join(component),
      error.severity,
      error.app === undefined ? '' : [error.app, '', 'PORTICO'].map(text).join(component),
      '',
      text(said),
      text(said),
    ],
    delimiters.field,
  )
}

/** ERR-1 of 2.2 to 2.4, one ELD for each location: segment, its number, field, code as subcomponents. */
function errorLocations(error: AckError, delimiters: Delimiters): string[] {
  const { component, subcomponent } = delimiters
  const condition = [error.code, ERROR_CODES[error.code] ?? '', 'HL70357']
  if (error.app !== undefined) condition.push(error.app, '', 'PORTICO')
  const code = condition.map((part) => encode(part, delimiters)).join(subcomponent)
  const locations = error.locations.length > 0 ? error.locations.slice(0, maxErrorLocations) : ['']
  return locations.map((location) => {
    const [segment = '', sequence = '', field = ''] = location
      .split('^')
      .map((part) => encode(part, delimiters))
    return [segment, sequence, field, code].join(component)
  })
}

function capped(errors: readonly AckError[]): readonly AckError[] {
  if (errors.length <= maxErrorSegments) return errors
  const left = errors.length - maxErrorSegments + 1
  const last: AckError = {
    severity: 'I',
    code: errors[0]?.code ?? '207',
    locations: [],
    text: `${left} more errors are not listed (ERR) - correct these and send again`,
  }
  return [...errors.slice(0, maxErrorSegments - 1), last]
}

function unspecified(code: AckCode): AckError {
  const text = `${ACK_CODES[code]} (message) - ask the receiver for the reason`
  return { severity: 'E', code: '207', locations: [], text }
}

/** Fields joined, empty ones at the end left out. */
function trimmed(fields: readonly string[], separator: string): string {
  let last = fields.length
  while (last > 0 && fields[last - 1] === '') last--
  return fields.slice(0, last).join(separator)
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3).toWellFormed()}...`
}

/** What can be said to the sender of a text that is no message. AR, except where limits are exceeded: AE. */
export function faultAnswer(fault: ParseFault): {
  readonly code: 'AE' | 'AR'
  readonly error: AckError
} {
  const tooMany = fault.code.startsWith('too-many')
  return {
    code: tooMany ? 'AE' : 'AR',
    error: {
      severity: 'E',
      code: tooMany ? '102' : '100',
      locations: fault.location === undefined ? [] : [fault.location],
      text: fault.text,
    },
  }
}

/** The MSH of a text that is otherwise unreadable, as a message of one segment: enough to answer it. */
export function salvageHeader(text: string): Message | undefined {
  const start = text.search(/MSH/)
  if (start < 0 || start > 64) return undefined
  const end = text.slice(start, start + 65_536).search(/[\r\n]/)
  const parsed = parseMessage(text.slice(start, end < 0 ? start + 65_536 : start + end))
  return 'message' in parsed ? parsed.message : undefined
}

export { type AckPlan, type AckSetting, decideAckMode } from './ack-mode.ts'
