// Batches: FHS/BHS .. BTS/FTS taken apart and put together (HL7 v2.9.1 chapter 2, 2.10.3 and 2.14.2 BHS, 2.14.6 FHS).
import type { AckError } from './ack.ts'
import { DEFAULT_DELIMITERS, type Delimiters, encode } from './escape.ts'
import { readDelimiters } from './message.ts'

/** What FHS or BHS says; fields are raw, written with the header's own delimiters. */
export interface BatchHeader {
  readonly name: 'FHS' | 'BHS'
  readonly delimiters: Delimiters
  /** By number: 1 is the separator, 3 the sending application, 11 the control id. */
  readonly fields: readonly string[]
}

/** One BHS .. BTS: which of the messages are its. */
export interface BatchPart {
  readonly header: BatchHeader | undefined
  /** Index of its first message. */
  readonly first: number
  readonly count: number
}

export interface Batch {
  /** Untouched slices of the text, in order. */
  readonly messages: readonly string[]
  /** False for a single message (and for several without any envelope, which is an issue). */
  readonly enveloped: boolean
  readonly file: BatchHeader | undefined
  readonly parts: readonly BatchPart[]
  /** Severity E: nothing of the batch may be released. */
  readonly issues: readonly AckError[]
}

export const maxBatchMessages = 100_000

type Mark = 'FHS' | 'BHS' | 'MSH' | 'BTS' | 'FTS'
const MARKS: ReadonlySet<string> = new Set(['FHS', 'BHS', 'MSH', 'BTS', 'FTS'])

/** Finds the messages of a text, enveloped or not. A text without any MSH comes back as its one message. */
export function splitBatch(text: string): Batch {
  const first = text.indexOf('MSH')
  const single = first >= 0 && text.indexOf('MSH', first + 3) < 0 && text.slice(0, first).trim() === ''
  return single ? alone(text) : new Splitter(text).run()
}

function alone(text: string, issues: readonly AckError[] = []): Batch {
  return { messages: [text], enveloped: false, file: undefined, parts: [], issues }
}

class Splitter {
  readonly #text: string
  readonly #messages: string[] = []
  readonly #parts: BatchPart[] = []
  readonly #issues: AckError[] = []
  #file: BatchHeader | undefined
  #enveloped = false
  #fileEnded = false
  /** The part that is open, and where the message that is open began. */
  #open: { readonly header: BatchHeader | undefined; readonly first: number } | undefined
  #messageStart = -1
  readonly #separators = new Set([DEFAULT_DELIMITERS.field])

  constructor(text: string) {
    this.#text = text
  }

  run(): Batch {
    const text = this.#text
    let seen = false
    for (let from = 0; from < text.length; ) {
      const end = lineEnd(text, from)
      const ink = skipBlank(text, from, end)
      const mark = this.#markAt(ink, end)
      if (mark) {
        this.#closeMessage(from)
        this.#take(mark, ink, end, seen ? from : 0)
        seen = true
        if (this.#messages.length > maxBatchMessages) break
      } else if (!seen && ink < end) {
        // Something else comes first: not a batch, and the parser says what is missing.
        return alone(text)
      }
      from = end + 1
    }
    this.#closeMessage(text.length)
    return this.#finish()
  }

  #markAt(ink: number, end: number): Mark | undefined {
    const name = this.#text.slice(ink, ink + 3)
    if (!MARKS.has(name) || ink + 3 > end) return undefined
    const next = ink + 3 === end ? '' : this.#text.charAt(ink + 3)
    const header = name === 'FHS' || name === 'BHS' || name === 'MSH'
    // A header brings its own separator; a trailer uses the one of its header.
    const fits = header ? next !== '' && !/[\w\s]/.test(next) : next === '' || this.#separators.has(next)
    return fits ? (name as Mark) : undefined
  }

  #take(mark: Mark, start: number, end: number, lineStart: number): void {
    if (mark === 'MSH') {
      this.#messageStart = lineStart
      this.#open ??= { header: undefined, first: this.#messages.length }
    } else {
      this.#enveloped = true
      if (mark === 'BTS') this.#endPart(this.#trailerCount(start, end))
      else if (mark === 'FTS') this.#endFile(this.#trailerCount(start, end))
      else this.#begin(mark, start, end)
    }
  }

  #begin(name: 'FHS' | 'BHS', start: number, end: number): void {
    if (name === 'FHS' && (this.#file || this.#parts.length > 0)) {
      this.#issue('E', `${name}^1`, 'file header inside a file (FHS) - send one file at a time')
    }
    this.#leavePart()
    const found = readDelimiters(this.#text, start)
    if ('fault' in found) this.#issue('E', `${name}^1^2`, found.fault.text)
    const delimiters = 'fault' in found ? DEFAULT_DELIMITERS : found.delimiters
    this.#separators.add(delimiters.field)
    const values = this.#text.slice(start, end).split(delimiters.field)
    const header: BatchHeader = { name, delimiters, fields: ['', delimiters.field, ...values.slice(1)] }
    if (name === 'FHS') this.#file = header
    else this.#open = { header, first: this.#messages.length }
  }

  /** A part that ends without its trailer: the rest of it may be missing. */
  #leavePart(): void {
    const open = this.#open
    if (!open) return
    const loose = open.header === undefined && this.#messages.length === open.first
    if (open.header)
      this.#issue('E', 'BTS^1', 'batch trailer is missing (BTS) - send the batch again, complete')
    if (!loose) this.#closePart(open)
    this.#open = undefined
  }

  #endPart(count: number | undefined): void {
    const open = this.#open ?? { header: undefined, first: this.#messages.length }
    if (!open.header) this.#issue('W', 'BHS^1', 'batch trailer without a header (BHS) - send BHS first')
    const found = this.#messages.length - open.first
    if (count !== undefined && count !== found) {
      this.#issue(
        'E',
        'BTS^1^1',
        `batch of ${found} messages says ${count} (BTS-1) - send it again, complete`,
      )
    }
    this.#closePart(open)
    this.#open = undefined
  }

  #endFile(count: number | undefined): void {
    this.#leavePart()
    if (!this.#file) this.#issue('W', 'FHS^1', 'file trailer without a header (FHS) - send FHS first')
    const found = this.#parts.length
    if (count !== undefined && count !== found) {
      this.#issue('E', 'FTS^1^1', `file of ${found} batches says ${count} (FTS-1) - send it again, complete`)
    }
    this.#fileEnded = true
  }

  #closePart(open: { readonly header: BatchHeader | undefined; readonly first: number }): void {
    this.#parts.push({ ...open, count: this.#messages.length - open.first })
  }

  #closeMessage(end: number): void {
    if (this.#messageStart < 0) return
    this.#messages.push(this.#text.slice(this.#messageStart, end))
    this.#messageStart = -1
  }

  /** BTS-1 or FTS-1; undefined when not sent or not a number. */
  #trailerCount(start: number, end: number): number | undefined {
    const separator = this.#text.charAt(start + 3)
    const value =
      this.#text
        .slice(start + 4, end)
        .split(separator)[0]
        ?.trim() ?? ''
    return /^\d{1,9}$/.test(value) ? Number(value) : undefined
  }

  #finish(): Batch {
    if (this.#messages.length > maxBatchMessages) {
      this.#issue('E', 'BHS^1', `more than ${maxBatchMessages} messages (batch) - split the batch`)
    }
    this.#leavePart()
    if (this.#file && !this.#fileEnded) {
      this.#issue('W', 'FTS^1', 'file trailer is missing (FTS) - send FTS last')
    }
    if (!this.#enveloped && this.#messages.length > 1) {
      const text = 'several messages without a batch header (MSH) - send one at a time or put BHS before them'
      this.#issue('E', 'MSH^2', text)
    }
    if (!this.#enveloped && this.#messages.length < 2) return alone(this.#text, this.#issues)
    return {
      messages: this.#messages,
      enveloped: this.#enveloped,
      file: this.#file,
      parts: this.#enveloped ? this.#parts : [],
      issues: this.#issues,
    }
  }

  #issue(severity: 'E' | 'W', location: string, text: string): void {
    this.#issues.push({ severity, code: '100', locations: [location], text })
  }
}

function lineEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x0d || code === 0x0a) return at
  }
  return text.length
}

function skipBlank(text: string, from: number, end: number): number {
  let at = from
  while (at < end && (text.charCodeAt(at) <= 0x20 || text.charCodeAt(at) === 0xfeff)) at++
  return at
}

export interface ReplyIdentity {
  /** FHS-7 and BHS-7: a DTM with offset. */
  readonly now: string
  /** FHS-11; BHS-11 is this, a point and the number of the batch. */
  readonly controlId: string
}

/**
 * The reply to a batch: one acknowledgement for each message, in order, in the envelope that was sent, with the
 * references FHS-12 and BHS-12. Acknowledgements end with CR.
 */
export function joinBatch(acks: readonly string[], inbound: Batch, identity: ReplyIdentity): string {
  const parts: readonly BatchPart[] =
    inbound.parts.length > 0 ? inbound.parts : [{ header: undefined, first: 0, count: acks.length }]
  const lines: string[] = []
  if (inbound.file) lines.push(headerReply('FHS', inbound.file, identity.now, identity.controlId))
  parts.forEach((part, at) => {
    const separator = (part.header?.delimiters ?? DEFAULT_DELIMITERS).field
    const own = acks.slice(part.first, part.first + part.count)
    lines.push(headerReply('BHS', part.header, identity.now, `${identity.controlId}.${at + 1}`))
    lines.push(...own, `BTS${separator}${own.length}\r`)
  })
  if (inbound.file) lines.push(`FTS${inbound.file.delimiters.field}${parts.length}\r`)
  return lines.join('')
}

function headerReply(
  name: 'FHS' | 'BHS',
  inbound: BatchHeader | undefined,
  now: string,
  controlId: string,
): string {
  const delimiters = inbound?.delimiters ?? DEFAULT_DELIMITERS
  const { component, repetition, escape: mark, subcomponent, truncation = '' } = delimiters
  const raw = (field: number) => inbound?.fields[field] ?? ''
  const fields = [
    name,
    component + repetition + mark + subcomponent + truncation,
    raw(5),
    raw(6),
    raw(3),
    raw(4),
    now,
    '',
    '',
    '',
    encode(controlId, delimiters),
    raw(11),
  ]
  if (fields.at(-1) === '') fields.pop()
  return `${fields.join(delimiters.field)}\r`
}
