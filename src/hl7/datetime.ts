// Dates and times: DTM as sent <-> FHIR date, dateTime, instant (HL7 v2.9.1 chapter 2A, DTM; FHIR R4 datatypes).
import { type Offset, offsetAt, utcOf } from './zone.ts'

export { isZone } from './zone.ts'

export type Precision = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'

/** A DTM that names a real moment; fields beyond its precision have their lowest value. */
export interface Dtm {
  readonly year: number
  /** 1 to 12 */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** Digits after the decimal point, as sent, '' when none. */
  readonly fraction: string
  readonly precision: Precision
  /** Minutes east of UTC, when the text says so. */
  readonly offsetMinutes?: number
}

/** A FHIR dateTime, its instant, and what had to be assumed to find it. */
export interface FhirDateTime {
  /** To the day as `2026`, `2026-07`, `2026-07-14`; otherwise with seconds and offset. */
  readonly value: string
  /** Milliseconds since 1970 UTC; of a date, of its first moment in the zone. */
  readonly instantMs: number
  /** DST-GAP: the local time did not exist, moved forward. DST-AMBIGUOUS: it occurred twice, the first taken. */
  readonly note?: 'DST-GAP' | 'DST-AMBIGUOUS'
}

const GRAMMAR = /^\d{4}(?:\d\d(?:\d\d(?:\d\d(?:\d\d(?:\d\d(?:\.\d{1,4})?)?)?)?)?)?(?:[+-]\d{4})?$/
const PRECISIONS: Readonly<Record<number, Precision>> = {
  4: 'year',
  6: 'month',
  8: 'day',
  10: 'hour',
  12: 'minute',
  14: 'second',
}
const maxOffsetMinutes = 14 * 60

/** Reads `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`; undefined when it is no real date, time or offset. */
export function readDtm(text: string): Dtm | undefined {
  if (!GRAMMAR.test(text)) return undefined
  let end = text.length
  let offsetMinutes: number | undefined
  const sign = end >= 9 ? text.charCodeAt(end - 5) : 0
  if (sign === 0x2b || sign === 0x2d) {
    end -= 5
    const minutes = digits(text, end + 3)
    offsetMinutes = digits(text, end + 1) * 60 + minutes
    if (minutes > 59 || offsetMinutes > maxOffsetMinutes) return undefined
    if (sign === 0x2d && offsetMinutes > 0) offsetMinutes = -offsetMinutes
  }
  const point = end > 14 ? 14 : end
  const year = digits(text, 0) * 100 + digits(text, 2)
  const month = point >= 6 ? digits(text, 4) : 1
  const day = point >= 8 ? digits(text, 6) : 1
  const hour = point >= 10 ? digits(text, 8) : 0
  const minute = point >= 12 ? digits(text, 10) : 0
  const second = point >= 14 ? digits(text, 12) : 0
  const precision = PRECISIONS[point]
  if (precision === undefined || year === 0 || month < 1 || month > 12 || day < 1) return undefined
  if (day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return undefined
  const fraction = end > 15 ? text.slice(15, end) : ''
  const local = { year, month, day, hour, minute, second, fraction, precision }
  return offsetMinutes === undefined ? local : { ...local, offsetMinutes }
}

function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** True when no time of day was sent. */
export const isDate = ({ precision }: Dtm): boolean =>
  precision === 'day' || precision === 'month' || precision === 'year'

/** The date part, to the precision sent; never moved between zones. */
export function toFhirDate(dtm: Dtm): string {
  const year = String(dtm.year).padStart(4, '0')
  if (dtm.precision === 'year') return year
  if (dtm.precision === 'month') return `${year}-${two(dtm.month)}`
  return `${year}-${two(dtm.month)}-${two(dtm.day)}`
}

/**
 * A dateTime: a date stays a date, a time gets seconds and an offset. The offset is the field's own, else that of
 * the message (MSH-7, minutes east of UTC), else that of the zone at that local date.
 * Throws RangeError for an unknown zone; check with `isZone` when it is configured.
 */
export function toFhirDateTime(dtm: Dtm, zone: string, messageOffset?: number): FhirDateTime {
  const localMs = localTime(dtm)
  const given = dtm.offsetMinutes ?? messageOffset
  if (isDate(dtm)) {
    const instantMs = given === undefined ? utcOf(localMs, zone).utcMs : localMs - given * 60_000
    return { value: toFhirDate(dtm), instantMs }
  }
  if (given !== undefined) return { value: withOffset(dtm, given), instantMs: localMs - given * 60_000 }
  const { utcMs, offsetMinutes, note } = utcOf(localMs, zone)
  if (note === 'DST-GAP') {
    const moved = fieldsOf(utcMs + offsetMinutes * 60_000)
    return { value: withOffset({ ...dtm, ...moved }, offsetMinutes), instantMs: utcMs, note }
  }
  const value = withOffset(dtm, offsetMinutes)
  return note === undefined ? { value, instantMs: utcMs } : { value, instantMs: utcMs, note }
}

/** Milliseconds of the local fields as if they were UTC. */
function localTime(dtm: Dtm): number {
  const milliseconds = dtm.fraction === '' ? 0 : Math.floor(Number(`0.${dtm.fraction}`) * 1000)
  const ms = Date.UTC(dtm.year, dtm.month - 1, dtm.day, dtm.hour, dtm.minute, dtm.second, milliseconds)
  // Date.UTC reads years 0 to 99 as 1900 to 1999.
  if (dtm.year > 99) return ms
  const date = new Date(ms)
  date.setUTCFullYear(dtm.year, dtm.month - 1, dtm.day)
  return date.getTime()
}

type Fields = Pick<Dtm, 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'>

function fieldsOf(localMs: number): Fields {
  const date = new Date(localMs)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  }
}

function withOffset(dtm: Fields & { readonly fraction: string }, offsetMinutes: Offset): string {
  const date = `${String(dtm.year).padStart(4, '0')}-${two(dtm.month)}-${two(dtm.day)}`
  const fraction = dtm.fraction === '' ? '' : `.${dtm.fraction}`
  return `${date}T${two(dtm.hour)}:${two(dtm.minute)}:${two(dtm.second)}${fraction}${printOffset(offsetMinutes, ':')}`
}

function printOffset(minutes: Offset, separator: string): string {
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`
}

const twoDigits = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'))

function two(value: number): string {
  return twoDigits[value] ?? String(value)
}

/** An instant as `YYYYMMDDHHMMSS+ZZZZ` in the local time of the zone. Throws RangeError for an unknown zone. */
export function formatDtm(instantMs: number, zone: string): string {
  const offset = offsetAt(instantMs, zone)
  const { year, month, day, hour, minute, second } = fieldsOf(instantMs + offset * 60_000)
  const date = `${String(year).padStart(4, '0')}${two(month)}${two(day)}`
  return `${date}${two(hour)}${two(minute)}${two(second)}${printOffset(offset, '')}`
}
