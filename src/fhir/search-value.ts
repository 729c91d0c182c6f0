// Values of search parameters as they stand in a URL (http://hl7.org/fhir/R4/search.html#escaping and
// #prefix).
import { parseTime, type TimeRange, type ZoneOffset } from './date.ts'
import { decimalDigits, MAX_DECIMAL_DIGITS } from './primitives.ts'

/**
 * eq contains; ne not; gt, lt beyond; ge, le not before, not after; sa, eb wholly after, before; ap overlaps.
 */
export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'

/** `system|code`: system undefined = any, '' = none; code undefined = any of the system. */
export interface TokenValue {
  readonly system: string | undefined
  readonly code: string | undefined
}

/** A stretch of time with its prefix; with `ap` it is already as wide as that means. */
export interface DateValue extends TimeRange {
  readonly prefix: Prefix
}

/** A number with the range that its digits imply: 5.4 is [5.35, 5.45). All are decimal text. */
export interface NumberValue {
  readonly prefix: Prefix
  readonly value: string
  readonly low: string
  readonly high: string
  /** System of the unit, undefined = any; '' in a plain number. */
  readonly system: string | undefined
  /** Code or text of the unit; undefined = any. */
  readonly unit: string | undefined
}

/** Cuts at a separator that no backslash stands before; the parts keep their escapes. */
export function splitUnescaped(text: string, separator: ',' | '|' | '$'): string[] {
  if (!text.includes('\\')) return text.split(separator)
  const parts: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === separator) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  parts.push(text.slice(from))
  return parts
}

/** Takes the backslash off `\,`, `\|`, `\$` and `\\`; any other stays. */
export function unescapeValue(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,|$\\])/g, '$1') : text
}

export function parseToken(text: string): TokenValue | undefined {
  const parts = splitUnescaped(text, '|').map(unescapeValue)
  const [first = '', second] = parts
  if (parts.length > 2) return undefined
  if (second === undefined) return { system: undefined, code: first }
  if (first === '' && second === '') return undefined
  return { system: first, code: second === '' ? undefined : second }
}

const PREFIX = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[-+0-9.])/

function isPrefix(text: string | undefined): text is Prefix {
  return text !== undefined && text !== ''
}

function cutPrefix(text: string): { readonly prefix: Prefix; readonly rest: string } {
  const prefix = PREFIX.exec(text)?.[1]
  return isPrefix(prefix) ? { prefix, rest: text.slice(2) } : { prefix: 'eq', rest: text }
}

/** Dates without a zone are wall-clock time of `zone`; `+` may have become a blank on its way. `now`: milliseconds, for `ap`. */
export function parseDate(text: string, zone: ZoneOffset, now?: number): DateValue | undefined {
  const { prefix, rest } = cutPrefix(unescapeValue(text))
  const time = parseTime(rest.replace(/ (?=\d\d:\d\d$)/, '+'), zone, 'second')
  if (!time) return undefined
  const width = prefix === 'ap' ? nearness(time, now) : 0
  return { prefix, from: time.from - width, to: time.to + width }
}

/** How far from a time is about that time: a tenth of what lies between it and now, and never less than it is long itself. */
function nearness({ from, to }: TimeRange, now: number | undefined): number {
  const gap = now === undefined ? 0 : Math.max(from - now, now - to, 0)
  return Math.max(to - from, Math.round(gap / 10))
}

/** Half of the last digit that is written, on either side. */
function impliedRange(text: string): { readonly low: string; readonly high: string } {
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/.exec(text)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? []
  const scaled = BigInt(`${whole}${fraction}` || '0') * (sign === '-' ? -10n : 10n)
  const scale = fraction.length + 1 - Number(exponent)
  return { low: scaledText(scaled - 5n, scale), high: scaledText(scaled + 5n, scale) }
}

/** `digits` divided by ten to the power of `scale`, as decimal text. */
function scaledText(digits: bigint, scale: number): string {
  if (scale <= 0) return String(digits * 10n ** BigInt(-scale))
  const sign = digits < 0n ? '-' : ''
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`
}

/** `5.4`, `le5.4`, and for quantities `5.4|http://unitsofmeasure.org|mg` or `5.4||mg`. */
export function parseNumber(text: string, isQuantity: boolean): NumberValue | undefined {
  const parts = splitUnescaped(text, '|').map(unescapeValue)
  const [first = '', system = '', unit = ''] = parts
  if (parts.length !== 1 && !(isQuantity && parts.length === 3)) return undefined
  const { prefix, rest } = cutPrefix(first)
  if (decimalDigits(rest.replace(/^\+/, '')) > MAX_DECIMAL_DIGITS) return undefined
  const value = rest.replace(/^\+/, '')
  const units = { system: system === '' ? undefined : system, unit: unit === '' ? undefined : unit }
  return { prefix, value, ...impliedRange(value), ...(isQuantity ? units : { system: undefined, unit: '' }) }
}
