// Checks of FHIR R4 primitive values (http://hl7.org/fhir/R4/datatypes.html#primitive).
// Written by hand and linear in the length: the specification's own regular expression for base64Binary needs
// exponential time on 97 bytes. Each check answers undefined or the fault, a constant.
import type { IssueCode } from './issue.ts'
import { checkXhtml } from './xhtml.ts'

export interface Fault {
  readonly code: IssueCode
  /** Continues "<path>: ", names no value. */
  readonly text: string
}
export type PrimitiveCheck = (value: unknown) => Fault | undefined

const MAX_STRING_CHARS = 1024 * 1024
/** PostgreSQL numeric and IEEE decimal128 hold 34 digits; JSON numbers have no limit of their own. */
export const MAX_DECIMAL_DIGITS = 34

function fault(code: IssueCode, text: string): Fault {
  return { code, text }
}
const NOT_STRING = fault('structure', 'must be a JSON string - send it in double quotes')
const NOT_BOOLEAN = fault('structure', 'must be true or false - send a JSON boolean without quotes')
const NOT_NUMBER = fault('structure', 'must be a JSON number - send it without quotes')
const EMPTY = fault('value', 'must not be empty or only white space - leave the element out instead')
const TOO_LONG = fault('too-long', 'is longer than 1,048,576 characters - shorten it')
const CONTROL = fault('value', 'holds a control character or half a surrogate pair - remove it')
const BAD = {
  id: fault('value', 'is not an id (1 to 64 of A-Z a-z 0-9 - .) - correct it'),
  code: fault('value', 'is not a code (no white space around it, single spaces inside) - correct it'),
  uri: fault('value', 'is not a URI (no white space) - correct it'),
  oid: fault('value', 'is not an OID URI (urn:oid:1.2.3) - correct it'),
  uuid: fault('value', 'is not a UUID URI (urn:uuid: and lower case hex) - correct it'),
  base64: fault('value', 'is not base64 (A-Z a-z 0-9 + /, padded to 4) - encode it again'),
  integer: fault('value', 'is not a 32-bit integer - correct it'),
  positiveInt: fault('value', 'is not a positive integer (1 to 2,147,483,647) - correct it'),
  unsignedInt: fault('value', 'is not an unsigned integer (0 to 2,147,483,647) - correct it'),
  decimal: fault('value', `is not a decimal of at most ${MAX_DECIMAL_DIGITS} digits - correct it`),
  date: fault('value', 'is not a date that exists (YYYY, YYYY-MM or YYYY-MM-DD) - correct it'),
  dateTime: fault(
    'value',
    'is not a dateTime that exists (a date, or date T time with seconds and zone) - correct it',
  ),
  instant: fault('value', 'is not an instant (YYYY-MM-DDThh:mm:ss and zone) - correct it'),
  time: fault('value', 'is not a time (hh:mm:ss) - correct it'),
}

/** Days of a month; 0 for a month that does not exist. */
export function daysOfMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  if (month === 4 || month === 6 || month === 9 || month === 11) return 30
  return month >= 1 && month <= 12 ? 31 : 0
}

/** The number written by the digits of text[from, to), or -1 when one of them is no digit. */
export function digitsAt(text: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    number = number * 10 + digit
  }
  return number
}

/** True when text[0, end) is a real date of 4, 7 or 10 characters. */
function isDate(text: string, end: number): boolean {
  if (end !== 4 && end !== 7 && end !== 10) return false
  const year = digitsAt(text, 0, 4)
  if (year < 1) return false
  if (end === 4) return true
  const month = digitsAt(text, 5, 7)
  if (text.charCodeAt(4) !== DASH || month < 1 || month > 12) return false
  if (end === 7) return true
  const day = digitsAt(text, 8, 10)
  return text.charCodeAt(7) === DASH && day >= 1 && day <= daysOfMonth(year, month)
}
const DASH = 45
const COLON = 58

/** Where the time hh:mm:ss(.f+) that starts at `from` ends, or -1. 60 seconds are a leap second. */
function timeEnd(text: string, from: number): number {
  const hour = digitsAt(text, from, from + 2)
  const minute = digitsAt(text, from + 3, from + 5)
  const second = digitsAt(text, from + 6, from + 8)
  if (text.charCodeAt(from + 2) !== COLON || text.charCodeAt(from + 5) !== COLON) return -1
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1
  if (text.charCodeAt(from + 8) !== 46) return from + 8
  let end = from + 9
  while (digitsAt(text, end, end + 1) >= 0) end += 1
  return end === from + 9 ? -1 : end
}

function isZone(text: string, from: number): boolean {
  const sign = text.charCodeAt(from)
  if (sign === 90) return text.length === from + 1
  if ((sign !== 43 && sign !== DASH) || text.length !== from + 6 || text.charCodeAt(from + 3) !== COLON)
    return false
  const hour = digitsAt(text, from + 1, from + 3)
  const minute = digitsAt(text, from + 4, from + 6)
  return hour >= 0 && minute >= 0 && minute <= 59 && (hour < 14 || (hour === 14 && minute === 0))
}

function isInstant(text: string): boolean {
  if (text.charCodeAt(10) !== 84 || !isDate(text, 10)) return false
  const end = timeEnd(text, 11)
  return end > 0 && isZone(text, end)
}

/** Fault of any text: empty, too long, or characters that neither FHIR nor the database allows. */
function textFault(value: unknown): Fault | undefined {
  if (typeof value !== 'string') return NOT_STRING
  if (value.length > MAX_STRING_CHARS) return TOO_LONG
  let solid = false
  for (let at = 0; at < value.length; at += 1) {
    const unit = value.charCodeAt(at)
    if (unit <= 32) {
      if (unit !== 32 && unit !== 9 && unit !== 10 && unit !== 13) return CONTROL
      continue
    }
    solid = true
    if ((unit & 0xf800) === 0xd800) return value.isWellFormed() ? undefined : CONTROL
  }
  return solid ? undefined : EMPTY
}

function hasSpace(text: string): boolean {
  return /\s/.test(text)
}

/** A text check and, when that holds, a form check. */
function form(isForm: (text: string) => boolean, bad: Fault): PrimitiveCheck {
  return (value) => {
    if (typeof value !== 'string') return NOT_STRING
    if (value.length === 0) return EMPTY
    return isForm(value) ? undefined : bad
  }
}

const ID = /^[A-Za-z0-9.-]{1,64}$/
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+$/
const UUID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function isCode(text: string): boolean {
  return !/^\s|[^\S ]|\s\s|\s$/.test(text) && textFault(text) === undefined
}

function isUri(text: string): boolean {
  return !hasSpace(text) && textFault(text) === undefined
}

function isBase64(text: string): boolean {
  let quads = 0
  let padding = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit === 32 || unit === 10 || unit === 13 || unit === 9) continue
    quads += 1
    if (unit === 61) padding += 1
    else if (padding > 0) return false
    else if (!isBase64Unit(unit)) return false
  }
  return quads > 0 && quads % 4 === 0 && padding <= 2
}

function isBase64Unit(unit: number): boolean {
  const isLetter = (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122)
  return isLetter || (unit >= 48 && unit <= 57) || unit === 43 || unit === 47
}

function integer(least: number, bad: Fault): PrimitiveCheck {
  return (value) => {
    if (typeof value !== 'number') return JSON.isRawJSON(value) ? bad : NOT_NUMBER
    return Number.isInteger(value) && value >= least && value <= 2147483647 ? undefined : bad
  }
}

/** Digits that a JSON number needs when written without exponent; Infinity when it is no number. */
export function decimalDigits(text: string): number {
  const match = /^-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?$/.exec(text)
  if (!match) return Number.POSITIVE_INFINITY
  const whole = match[1] ?? ''
  const exponent = Number(match[3] ?? 0)
  const fraction = (match[2] ?? '').length - exponent
  return Math.max(whole.length + Math.max(exponent, 0), 1) + Math.max(fraction, 0)
}

function decimal(value: unknown): Fault | undefined {
  if (typeof value === 'number')
    return decimalDigits(String(value)) <= MAX_DECIMAL_DIGITS ? undefined : BAD.decimal
  if (!JSON.isRawJSON(value)) return NOT_NUMBER
  return decimalDigits(value.rawJSON) <= MAX_DECIMAL_DIGITS ? undefined : BAD.decimal
}

const uri = form(isUri, BAD.uri)

/** FHIR primitive type -> its check. */
export const PRIMITIVES = {
  boolean: (value: unknown) => (typeof value === 'boolean' ? undefined : NOT_BOOLEAN),
  integer: integer(-2147483648, BAD.integer),
  positiveInt: integer(1, BAD.positiveInt),
  unsignedInt: integer(0, BAD.unsignedInt),
  decimal,
  string: textFault,
  markdown: textFault,
  'System.String': textFault,
  id: form((text) => ID.test(text), BAD.id),
  code: form(isCode, BAD.code),
  uri,
  url: uri,
  canonical: uri,
  oid: form((text) => OID.test(text), BAD.oid),
  uuid: form((text) => UUID.test(text), BAD.uuid),
  base64Binary: form(isBase64, BAD.base64),
  date: form((text) => isDate(text, text.length), BAD.date),
  dateTime: form((text) => isDate(text, text.length) || isInstant(text), BAD.dateTime),
  instant: form(isInstant, BAD.instant),
  time: form((text) => timeEnd(text, 0) === text.length, BAD.time),
  xhtml: (value: unknown): Fault | undefined => {
    const bad = textFault(value)
    if (bad || typeof value !== 'string') return bad ?? NOT_STRING
    const text = checkXhtml(value)
    return text === undefined ? undefined : fault('invariant', text)
  },
} as const satisfies Record<string, PrimitiveCheck>

/** True for a FHIR primitive type, whose value has no JSON children. */
export function isPrimitiveType(type: string): boolean {
  return Object.hasOwn(PRIMITIVES, type)
}
