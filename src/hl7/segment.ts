// A segment as offsets over the text of its message: fields, repetitions, parts (HL7 v2.9.1 chapter 2, 2.5.3 to 2.6).
import { decode } from './escape.ts'
import { limits } from './limits.ts'
import type { Message } from './message.ts'

const EMPTY: readonly string[] = []
/** Bits of one number of a form. */
const formBits = 30

/** One segment: offsets into the text of its message, fields found on first use. */
export class Segment {
  readonly message: Message
  readonly name: string
  /** 0-based in the message. */
  readonly index: number
  /** Offsets in characters, end exclusive; the segment terminator is outside. */
  readonly start: number
  readonly end: number
  readonly #header: boolean
  #occurrence = 0
  #fields: readonly number[] | undefined
  #form: readonly number[] | undefined
  #repetitions: Map<number, readonly string[]> | undefined

  /** Use `parseMessage`. */
  constructor(message: Message, name: string, index: number, start: number, end: number) {
    this.message = message
    this.name = name
    this.index = index
    this.start = start
    this.end = end
    this.#header = end - start >= 4 && (name === 'MSH' || name === 'BHS' || name === 'FHS')
  }

  /** 1-based among the segments of its name. */
  get occurrence(): number {
    if (this.#occurrence === 0) this.#occurrence = this.message.occurrenceOf(this)
    return this.#occurrence
  }

  /** Number of the last field sent. */
  get fieldCount(): number {
    return this.#starts().length - 2 + (this.#header ? 1 : 0)
  }

  /** True when something was sent in the field, be it `""`. */
  has(field: number): boolean {
    const at = this.#header ? field - 1 : field
    if (at < 1) return this.#header && field === 1
    const starts = this.#fields ?? this.#starts()
    return at < starts.length - 1 && (starts[at + 1] ?? 0) - (starts[at] ?? 0) > 1
  }

  /** Which fields have something: a bit for each, in so many numbers. Segments with equal forms have the same fields. */
  get form(): readonly number[] {
    if (this.#form) return this.#form
    const starts = this.#starts()
    const first = this.#header ? 1 : 0
    const form: number[] = []
    let bits = first
    let place = first + 1
    for (let at = 1; at < starts.length - 1; at++) {
      if (place === formBits) {
        form.push(bits)
        bits = 0
        place = 0
      }
      if ((starts[at + 1] ?? 0) - (starts[at] ?? 0) > 1) bits |= 1 << place
      place++
    }
    form.push(bits)
    this.#form = form
    return form
  }

  /** Code of the first character that was sent in the field; NaN when there is none. */
  initial(field: number): number {
    if (!this.has(field)) return Number.NaN
    const at = this.#header ? field - 1 : field
    return this.message.text.charCodeAt(at < 1 ? this.start + 3 : (this.#starts()[at] ?? this.end))
  }

  /** Raw text of a field: undefined = not sent, '' = sent empty, '""' = null. MSH-1 is the separator. */
  raw(field: number): string | undefined {
    let at = field
    if (this.#header) {
      if (field === 1) return this.message.delimiters.field
      at--
    }
    const starts = this.#starts()
    const from = starts[at]
    const next = starts[at + 1]
    if (at < 1 || from === undefined || next === undefined) return undefined
    return next - 1 === from ? '' : this.message.text.slice(from, next - 1)
  }

  /** Raw text from one field to another, as far as they were sent, with the separators between them. */
  stretch(first: number, last: number): string {
    const starts = this.#starts()
    const before = this.#header ? 1 : 0
    const end = Math.min(last - before + 1, starts.length - 1)
    return this.message.text.slice(starts[first - before], (starts[end] ?? 0) - 1)
  }

  /** The raw repetitions of a field; none when it is absent or empty. */
  repetitions(field: number): readonly string[] {
    const known = this.#repetitions?.get(field)
    if (known) return known
    const raw = this.raw(field)
    const separator = this.message.delimiters.repetition
    const whole = raw === undefined || raw === '' || this.#isDelimiterField(field)
    const list = whole ? (raw ? [raw] : EMPTY) : split(raw, separator, limits.maxRepetitions)
    // One alone is made anew sooner than it is found again.
    if (list.length > 1) {
      this.#repetitions ??= new Map()
      this.#repetitions.set(field, list)
    }
    return list
  }

  /** The repetitions of a field, `raw` as it was sent, when there are several. */
  several(field: number, raw: string): readonly string[] | undefined {
    const separator = this.message.delimiters.repetition
    if (raw.indexOf(separator) < 0 || this.#isDelimiterField(field)) return undefined
    return this.repetitions(field)
  }

  /** True when a field has no more components than that, in any repetition; `every`: there may be several of those. */
  isWithin(field: number, components: number, every: boolean): boolean {
    const starts = this.#starts()
    const at = this.#header ? field - 1 : field
    const end = (starts[at + 1] ?? 0) - 1
    const { text, delimiters } = this.message
    const component = delimiters.component.charCodeAt(0)
    const repetition = delimiters.repetition.charCodeAt(0)
    let count = 1
    for (let i = starts[at] ?? end; i < end && count <= components; i++) {
      const code = text.charCodeAt(i)
      if (code === component) count++
      else if (code === repetition) {
        if (!every) return false
        count = 1
      }
    }
    return count <= components
  }

  /** Decoded text at a position, undefined when absent or empty; see `Message.get`. */
  value(field: number, repetition = 1, component?: number, subcomponent?: number): string | undefined {
    const raw = this.part(field, repetition, component, subcomponent)
    if (raw === undefined || raw === '') return undefined
    return this.#isDelimiterField(field) ? raw : decode(raw, this.message.delimiters)
  }

  /** Raw text at a position; undefined when absent. */
  part(field: number, repetition = 1, component?: number, subcomponent?: number): string | undefined {
    let raw = this.raw(field)
    if (raw === undefined || raw === '')
      return raw !== undefined && repetition === 1 && !component ? raw : undefined
    if (this.#isDelimiterField(field)) return repetition === 1 && (component ?? 1) === 1 ? raw : undefined
    const { repetition: r, component: c, subcomponent: s } = this.message.delimiters
    raw = piece(raw, r, repetition)
    if (raw !== undefined && component !== undefined) raw = piece(raw, c, component)
    if (raw !== undefined && subcomponent !== undefined) raw = piece(raw, s, subcomponent)
    return raw
  }

  /** The position as ERL: `PID^1^3^1^4` (segment, occurrence, field, repetition, component, subcomponent). */
  location(field?: number, repetition?: number, component?: number, subcomponent?: number): string {
    let text = `${this.name}^${this.occurrence}`
    if (field === undefined) return text
    text += `^${field}`
    if (repetition === undefined && component === undefined) return text
    text += `^${repetition ?? 1}`
    if (component !== undefined) text += `^${component}`
    if (subcomponent !== undefined) text += `^${subcomponent}`
    return text
  }

  /** Character offsets in the text of the message, end exclusive; an empty span at the end when absent. */
  span(
    field: number,
    repetition?: number,
    component?: number,
    subcomponent?: number,
  ): readonly [start: number, end: number] {
    const header = this.#header
    if (header && field === 1) return [this.start + 3, this.start + 4]
    const starts = this.#starts()
    const at = header ? field - 1 : field
    const from = starts[at]
    const next = starts[at + 1]
    if (at < 1 || from === undefined || next === undefined) return [this.end, this.end]
    if (this.#isDelimiterField(field)) return [from, next - 1]
    const { text, delimiters } = this.message
    let span: Span | undefined = [from, next - 1]
    if (repetition !== undefined || component !== undefined) {
      span = spanOf(text, span, delimiters.repetition, repetition ?? 1)
    }
    if (span && component !== undefined) span = spanOf(text, span, delimiters.component, component)
    if (span && subcomponent !== undefined) span = spanOf(text, span, delimiters.subcomponent, subcomponent)
    return span ?? [this.end, this.end]
  }

  // Header segments count their field separator as field 1, once there is one.
  #isDelimiterField(field: number): boolean {
    return field <= 2 && this.#header
  }

  /** Start of the name, of each field, and one past the separator that would end the last field. */
  #starts(): readonly number[] {
    if (this.#fields) return this.#fields
    const { text, delimiters } = this.message
    const starts = [this.start]
    const end = this.end
    for (let at = text.indexOf(delimiters.field, this.start); at >= 0 && at < end; ) {
      starts.push(at + 1)
      at = text.indexOf(delimiters.field, at + 1)
    }
    starts.push(end + 1)
    this.#fields = starts
    return starts
  }
}

type Span = readonly [start: number, end: number]

/** The parts of a text; beyond `max` the last part keeps the rest. */
export function split(text: string, separator: string, max: number): readonly string[] {
  const parts: string[] = []
  let from = 0
  let at = text.indexOf(separator)
  if (at < 0) return [text]
  while (at >= 0 && parts.length < max - 1) {
    parts.push(text.slice(from, at))
    from = at + 1
    at = text.indexOf(separator, from)
  }
  parts.push(text.slice(from))
  return parts
}

/** The k-th part (from 1) of a text, without making the others. */
function piece(text: string, separator: string, k: number): string | undefined {
  let from = 0
  for (let left = k; left > 1; left--) {
    from = text.indexOf(separator, from) + 1
    if (from === 0) return undefined
  }
  const end = text.indexOf(separator, from)
  return end < 0 ? (from === 0 ? text : text.slice(from)) : text.slice(from, end)
}

function spanOf(text: string, [start, end]: Span, separator: string, k: number): Span | undefined {
  let from = start
  for (let left = k; left > 1; left--) {
    const at = text.indexOf(separator, from)
    if (at < 0 || at >= end) return undefined
    from = at + 1
  }
  const at = text.indexOf(separator, from)
  return [from, at < 0 || at > end ? end : at]
}
