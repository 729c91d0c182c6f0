// A message as offsets over its untouched text: segments, fields, repetitions (HL7 v2.9.1 chapter 2, 2.5 to 2.7).
import { controlAt, DEFAULT_DELIMITERS, type Delimiters, decode } from './escape.ts'
import { limits } from './limits.ts'
import { readPath } from './path.ts'
import { Segment, split } from './segment.ts'

export type { Delimiters } from './escape.ts'
export { limits } from './limits.ts'
export { Segment } from './segment.ts'

/** Why a text is no message. `text` has what, where and the next step, and nothing of the patient. */
export interface ParseFault {
  readonly code:
    | 'no-msh'
    | 'bad-delimiters'
    | 'too-many-segments'
    | 'too-many-fields'
    | 'too-many-repetitions'
  readonly text: string
  /** ERL position such as `PID^1^3`, when there is one. */
  readonly location?: string
}

export type ParseResult = { readonly message: Message } | { readonly fault: ParseFault }

/** Departures from the standard that were read past; for a warning once per sender. */
export type Oddity = 'byte-order-mark' | 'leading-space' | 'line-feed' | 'short-msh-2'

/** What was sent at a position. `null` is the two quote characters: delete the value. */
export type Presence = 'absent' | 'empty' | 'null' | 'value'

/** Which of the four states a raw field, component or subcomponent is in. */
export function presence(raw: string | undefined): Presence {
  if (raw === undefined) return 'absent'
  if (raw === '') return 'empty'
  return raw === '""' ? 'null' : 'value'
}

/** True for the explicit null `""`. */
export function isNull(raw: string | undefined): boolean {
  return raw === '""'
}

const CR = 0x0d

/** Reads the MSH and finds the segments; everything else is found when asked for. Never throws. */
export function parseMessage(text: string): ParseResult {
  const start = firstInk(text, 0, text.length)
  if (!text.startsWith('MSH', start) || text.length < start + 4) {
    return {
      fault: {
        code: 'no-msh',
        text: 'no MSH segment (start of message) - send one HL7 v2 message, MSH first',
      },
    }
  }
  const found = readDelimiters(text, start)
  if ('fault' in found) return found
  const message = new Message(text, found.delimiters, oddities(text, start, found.short))
  const fault = locate(message, text, start, found.delimiters.field)
  return fault ? { fault } : { message }
}

/** Index of the first character that is neither control, space nor byte order mark; `end` if none. */
function firstInk(text: string, from: number, end: number): number {
  let at = from
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code > 0x20 && code !== 0xfeff) break
    at++
  }
  return at
}

function oddities(text: string, start: number, shortMsh2: boolean): readonly Oddity[] {
  const odd: Oddity[] = []
  if (text.charCodeAt(0) === 0xfeff) odd.push('byte-order-mark')
  if (start > odd.length) odd.push('leading-space')
  if (text.indexOf('\n', start) >= 0) odd.push('line-feed')
  if (shortMsh2) odd.push('short-msh-2')
  return odd
}

/**
 * The delimiters that the header segment (MSH, FHS, BHS) at `start` declares; characters missing at the end of
 * MSH-2 get their usual value. A fault unless all are distinct printable ASCII, neither letter nor digit.
 */
export function readDelimiters(
  text: string,
  start: number,
): { readonly delimiters: Delimiters; readonly short: boolean } | { readonly fault: ParseFault } {
  const field = text.charAt(start + 3)
  let end = start + 4
  while (end < text.length && end < start + 10 && !endsField(text.charCodeAt(end), field)) end++
  const sent = text.slice(start + 4, end)
  const delimiters: Delimiters = {
    field,
    component: sent[0] ?? DEFAULT_DELIMITERS.component,
    repetition: sent[1] ?? DEFAULT_DELIMITERS.repetition,
    escape: sent[2] ?? DEFAULT_DELIMITERS.escape,
    subcomponent: sent[3] ?? DEFAULT_DELIMITERS.subcomponent,
    ...(sent[4] !== undefined && { truncation: sent[4] }),
  }
  const all = Object.values(delimiters).join('')
  const distinct = new Set(all).size === all.length
  if (sent.length === 0 || sent.length > 5 || !distinct || !/^[!-/:-@[-`{-~]+$/.test(all)) {
    return {
      fault: {
        code: 'bad-delimiters',
        text: 'delimiters are not distinct punctuation characters (MSH-1, MSH-2) - send MSH|^~\\&|',
        location: `${text.slice(start, start + 3)}^1^2`,
      },
    }
  }
  return { delimiters, short: sent.length < 4 }
}

function endsField(code: number, field: string): boolean {
  return code === CR || code === 0x0a || code === field.charCodeAt(0)
}

function locate(message: Message, text: string, start: number, field: string): ParseFault | undefined {
  const separator = field.charCodeAt(0)
  const segments: Segment[] = []
  const length = text.length
  let cr = text.indexOf('\r', start)
  let lf = text.indexOf('\n', start)
  let from = start
  while (from < length) {
    if (cr >= 0 && cr < from) cr = text.indexOf('\r', from)
    if (lf >= 0 && lf < from) lf = text.indexOf('\n', from)
    const end = cr < 0 ? (lf < 0 ? length : lf) : lf < 0 || cr < lf ? cr : lf
    const ink = text.charCodeAt(from) > 0x20 ? from : firstInk(text, from, end)
    if (ink < end) {
      if (segments.length === limits.maxSegments) return tooMany('segments', limits.maxSegments)
      const segment = new Segment(message, nameAt(text, ink, end, separator), segments.length, ink, end)
      segments.push(segment)
      // Fewer characters than the lowest limit cannot exceed it: ordinary segments are not scanned here.
      if (end - ink > limits.maxFieldsPerSegment) {
        const fault = overLimit(segment, text, message.delimiters)
        if (fault) return fault
      }
    }
    from = end + 1
  }
  message.segments = segments
  return undefined
}

function overLimit(segment: Segment, text: string, delimiters: Delimiters): ParseFault | undefined {
  const field = delimiters.field.charCodeAt(0)
  const repetition = delimiters.repetition.charCodeAt(0)
  let fields = 0
  let repetitions = 1
  for (let at = segment.start; at < segment.end; at++) {
    const code = text.charCodeAt(at)
    if (code === field) {
      repetitions = 1
      if (++fields > limits.maxFieldsPerSegment) {
        return tooMany(
          'fields',
          limits.maxFieldsPerSegment,
          `${segment.name || 'a line'} at position ${segment.index + 1}`,
        )
      }
    } else if (code === repetition && ++repetitions > limits.maxRepetitions) {
      return tooMany(
        'repetitions',
        limits.maxRepetitions,
        `${segment.name || 'a line'} at position ${segment.index + 1}`,
      )
    }
  }
  return undefined
}

function tooMany(what: 'segments' | 'fields' | 'repetitions', limit: number, where = 'message'): ParseFault {
  return { code: `too-many-${what}`, text: `more than ${limit} ${what} (${where}) - split the message` }
}

// Names are few and compared often: one string each, found by their three characters packed in a number.
const maxNames = 1_024
const names = new Map<number, string>()

/** The name of the segment at `from`, or '' when the line does not begin like a segment. */
function nameAt(text: string, from: number, end: number, separator: number): string {
  if (end - from < 3 || (end - from > 3 && text.charCodeAt(from + 3) !== separator)) return ''
  const packed = (text.charCodeAt(from) << 16) | (text.charCodeAt(from + 1) << 8) | text.charCodeAt(from + 2)
  const known = names.get(packed)
  if (known !== undefined && text.startsWith(known, from)) return known
  const name = text.slice(from, from + 3)
  if (!/^[A-Za-z][A-Za-z0-9]{2}$/.test(name)) return ''
  if (names.size < maxNames) names.set(packed, name)
  return name
}

/** A parsed message. `text` is exactly what was given; segments and values are slices of it. */
export class Message {
  readonly text: string
  readonly delimiters: Delimiters
  readonly oddities: readonly Oddity[]
  /** In the order sent; blank lines are left out, lines that are no segment have the name ''. */
  segments: readonly Segment[] = []
  #byName: Map<string, Segment[]> | undefined
  #plain: boolean | undefined
  #controlAt: number | undefined

  /** Use `parseMessage`. */
  constructor(text: string, delimiters: Delimiters, oddities: readonly Oddity[]) {
    this.text = text
    this.delimiters = delimiters
    this.oddities = oddities
  }

  /** The first segment with that name. */
  first(name: string): Segment | undefined {
    for (const segment of this.segments) if (segment.name === name) return segment
    return undefined
  }

  /** All segments with that name, in order. */
  all(name: string): readonly Segment[] {
    return this.#index().get(name) ?? []
  }

  /**
   * The decoded text at a path such as `PID-3[2].4.2`; undefined when absent or empty; `""` stays `""`.
   * Without a component the whole repetition, separators included.
   */
  get(path: string): string | undefined {
    return readPath(this, path)
  }

  /** The raw repetitions of a raw field. */
  repetitions(field: string): readonly string[] {
    return split(field, this.delimiters.repetition, limits.maxRepetitions)
  }

  /** The raw components of a raw repetition. */
  components(repetition: string): readonly string[] {
    return split(repetition, this.delimiters.component, limits.maxComponents)
  }

  /** The raw subcomponents of a raw component. */
  subcomponents(component: string): readonly string[] {
    return split(component, this.delimiters.subcomponent, limits.maxSubcomponents)
  }

  /** Raw text with its escape sequences resolved. */
  decode(raw: string): string {
    this.#plain ??= this.#isPlain()
    return this.#plain ? raw : decode(raw, this.delimiters)
  }

  // Most messages have no escape sequence at all: that is seen once, not in each value.
  #isPlain(): boolean {
    const mark = this.delimiters.escape
    const second = (this.segments[0]?.start ?? 0) + 4
    let at = this.text.indexOf(mark, second)
    if (at === second + 2) at = this.text.indexOf(mark, at + 1)
    return at < 0 && this.controlAt < 0
  }

  /** Offset of the first control character that decoding replaces; -1 without one. */
  get controlAt(): number {
    this.#controlAt ??= controlAt(this.text, this.delimiters)
    return this.#controlAt
  }

  /** 1-based place of a segment among those of its name. */
  occurrenceOf(segment: Segment): number {
    let count = 1
    const same = this.#index().get(segment.name) ?? []
    // Positions rise within the list: binary search keeps many segments of one name linear overall.
    let low = 0
    let high = same.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((same[middle]?.index ?? 0) < segment.index) low = middle + 1
      else high = middle
    }
    count += low
    return count
  }

  #index(): Map<string, Segment[]> {
    if (this.#byName) return this.#byName
    const byName = new Map<string, Segment[]>()
    for (const segment of this.segments) {
      const same = byName.get(segment.name)
      if (same) same.push(segment)
      else byName.set(segment.name, [segment])
    }
    this.#byName = byName
    return byName
  }
}
