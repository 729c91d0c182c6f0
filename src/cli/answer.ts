// What came back for a payload: acknowledgement codes and the errors in their ERR segments, of all versions
// (HL7 v2.9.1 chapter 2, 2.14.5 ERR and 2.14.8 MSA), or why there is none.
import { splitBatch } from '../hl7/batch.ts'
import { decodeBytes } from '../hl7/charset.ts'
import { type Message, parseMessage, type Segment } from '../hl7/message.ts'

/** One error or warning of an acknowledgement. */
export interface Complaint {
  /** E, W or I; E where the version has no severity. */
  readonly severity: string
  /** HL7 table 0357. */
  readonly code: string
  /** ERR-5, such as STALE. */
  readonly app?: string
  /** 'PID^1^3' */
  readonly locations: readonly string[]
  readonly text: string
}

/** One acknowledged message. */
export interface Verdict {
  /** MSA-1, '' when the answer is no acknowledgement. */
  readonly code: string
  /** MSA-2. */
  readonly controlId: string
  readonly complaints: readonly Complaint[]
}

/** How the sending of one payload ended. `fatal`: nobody is there, sending more is of no use. */
export type Answer =
  | { readonly verdicts: readonly Verdict[] }
  /** The receiver took it and owes no acknowledgement. */
  | { readonly taken: true }
  /** Refused outside HL7, such as HTTP 403. */
  | { readonly refused: string; readonly text: string }
  | { readonly fault: string; readonly text: string; readonly fatal: boolean }

/** True for AA and CA. */
export const isPositive = (verdict: Verdict): boolean => verdict.code === 'AA' || verdict.code === 'CA'

/** Acknowledgements of a reply, in order; one for each message of a batch. */
export function readAnswer(ack: Uint8Array): readonly Verdict[] {
  const decoded = decodeBytes(ack)
  if ('fault' in decoded) return [notAnAck(decoded.fault.text)]
  return splitBatch(decoded.text).messages.map((text) => {
    const parsed = parseMessage(text)
    return 'fault' in parsed ? notAnAck(parsed.fault.text) : readVerdict(parsed.message)
  })
}

function notAnAck(text: string): Verdict {
  const complaint = { severity: 'E', code: '', locations: [], text: `the answer cannot be read: ${text}` }
  return { code: '', controlId: '', complaints: [complaint] }
}

function readVerdict(message: Message): Verdict {
  const msa = message.first('MSA')
  if (!msa) return notAnAck('no MSA segment')
  const complaints = message
    .all('ERR')
    .flatMap((err) => (err.value(3) === undefined ? oldError(err) : newError(err)))
  const text = msa.value(3)
  if (complaints.length > 0 && complaints[0]?.text === '' && text) complaints[0] = { ...complaints[0], text }
  if (complaints.length === 0 && text) complaints.push({ severity: 'E', code: '', locations: [], text })
  return { code: msa.value(1) ?? '', controlId: msa.raw(2) ?? '', complaints }
}

/** ERR of 2.5 and later: one segment for each error. */
function newError(err: Segment): Complaint {
  const app = err.value(5, 1, 1)
  return {
    severity: err.value(4) ?? 'E',
    code: err.value(3, 1, 1) ?? '',
    ...(app !== undefined && { app }),
    locations: err.repetitions(2).map((raw) => err.message.components(raw).map(plain(err.message)).join('^')),
    text: err.value(7) ?? err.value(8) ?? err.value(3, 1, 2) ?? '',
  }
}

/** ERR-1 of 2.2 to 2.4: segment, its number, field, and the code in subcomponents; a line of text in 2.1. */
function oldError(err: Segment): Complaint[] {
  const { message } = err
  return err.repetitions(1).map((raw) => {
    const [segment = '', sequence = '', field = '', condition = ''] = message.components(raw)
    if (condition === '') return { severity: 'E', code: '', locations: [], text: message.decode(raw) }
    const [code = '', text = '', , app = ''] = message.subcomponents(condition).map(plain(message))
    const place = [segment, sequence, field].map(plain(message)).filter((part) => part !== '')
    const locations = place.length > 0 ? [place.join('^')] : []
    return { severity: code === '0' ? 'W' : 'E', code, ...(app !== '' && { app }), locations, text }
  })
}

const plain =
  (message: Message) =>
  (raw: string): string =>
    message.decode(raw)

/** '101 PID^1^3 text', as it stands in a report. */
export function describeComplaint({ severity, code, app, locations, text }: Complaint): string {
  const mark = severity === 'E' || severity === '' ? '' : severity
  const places = locations.slice(0, 3).join(' ') + (locations.length > 3 ? ` +${locations.length - 3}` : '')
  const shown = mark === '' ? code : mark
  return [shown, app ?? '', places, oneLine(text)].filter((part) => part !== '').join(' ')
}

/** What comes from a stranger may hold anything; a terminal must not obey it. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}
