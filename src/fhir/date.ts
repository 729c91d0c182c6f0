// FHIR date, dateTime, instant and the partial dates of searches as ranges of time
// (http://hl7.org/fhir/R4/datatypes.html#dateTime, http://hl7.org/fhir/R4/search.html#date).
import { daysOfMonth, digitsAt } from './primitives.ts'

/**
 * Half-open: `from` belongs to it, `to` does not. Milliseconds since 1970 UTC; infinite where a Period is
 * open.
 */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** Offset from UTC, in ms east, of the wall-clock time `localMs` (the wall clock read as if it were UTC). */
export type ZoneOffset = (localMs: number) => number

/** How to read a time of day written to the second: as that moment (1 ms), or as the whole second. */
export type SecondAs = 'moment' | 'second'

export const UTC: ZoneOffset = () => 0

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Days since 1970-01-01 in the proleptic Gregorian calendar. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146097 + dayOfEra - 719468
}

/** The wall-clock range of a year, month or day. */
function localDateRange(year: number, month: number, day: number): TimeRange {
  const from = daysSinceEpoch(year, month < 0 ? 1 : month, day < 0 ? 1 : day) * DAY_MS
  if (day >= 0) return { from, to: from + DAY_MS }
  const to =
    month < 0
      ? daysSinceEpoch(year + 1, 1, 1)
      : daysSinceEpoch(year + Number(month === 12), (month % 12) + 1, 1)
  return { from, to: to * DAY_MS }
}

/**
 * Reads YYYY, YYYY-MM, YYYY-MM-DD and YYYY-MM-DDThh:mm[:ss[.f]][zone]; undefined when it is no such date.
 * What has no zone of its own is wall-clock time of `zone`.
 */
export function parseTime(
  text: string,
  zone: ZoneOffset,
  secondAs: SecondAs = 'moment',
): TimeRange | undefined {
  const length = text.length
  if (length < 4 || length > 40) return undefined
  const year = digitsAt(text, 0, 4)
  const month = length > 4 ? digitsAt(text, 5, 7) : -1
  const day = length > 7 ? digitsAt(text, 8, 10) : -1
  if (year < 1 || (length > 4 && (text[4] !== '-' || month < 1 || month > 12))) return undefined
  if (length > 7 && (text[7] !== '-' || day < 1 || day > daysOfMonth(year, month))) return undefined
  if (length === 4 || length === 7 || length === 10) {
    const local = localDateRange(year, month, day)
    return { from: local.from - zone(local.from), to: local.to - zone(local.to) }
  }
  if (length < 16 || text[10] !== 'T') return undefined
  return timeOfDay(text, daysSinceEpoch(year, month, day) * DAY_MS, zone, secondAs)
}

function timeOfDay(
  text: string,
  midnight: number,
  zone: ZoneOffset,
  secondAs: SecondAs,
): TimeRange | undefined {
  const hour = digitsAt(text, 11, 13)
  const minute = digitsAt(text, 14, 16)
  if (text[13] !== ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59) return undefined
  let local = midnight + hour * HOUR_MS + minute * MINUTE_MS
  let width = MINUTE_MS
  let at = 16
  if (text[at] === ':') {
    const second = digitsAt(text, 17, 19)
    if (second < 0 || second > 60) return undefined
    local += second * 1000
    width = secondAs === 'second' ? 1000 : 1
    at = 19
    if (text[at] === '.') {
      let end = at + 1
      while (digitsAt(text, end, end + 1) >= 0) end += 1
      if (end === at + 1) return undefined
      local += Number(
        text
          .slice(at + 1, at + 4)
          .padEnd(3, '0')
          .replace(/[^0-9].*/, '')
          .padEnd(3, '0'),
      )
      width = secondAs === 'second' ? Math.max(1, 10 ** (4 - Math.min(end - at, 4))) : 1
      at = end
    }
  }
  const offset = at === text.length ? zone(local) : writtenOffset(text, at)
  return offset === undefined ? undefined : { from: local - offset, to: local - offset + width }
}

/** Offset written at text[at...] as Z or +hh:mm, in ms; undefined when it is none. */
function writtenOffset(text: string, at: number): number | undefined {
  if (text[at] === 'Z') return text.length === at + 1 ? 0 : undefined
  const sign = text[at] === '+' ? 1 : text[at] === '-' ? -1 : 0
  const hour = digitsAt(text, at + 1, at + 3)
  const minute = digitsAt(text, at + 4, at + 6)
  const isForm = sign !== 0 && text[at + 3] === ':' && text.length === at + 6
  if (!isForm || hour < 0 || hour > 14 || minute < 0 || minute > 59) return undefined
  return sign * (hour * HOUR_MS + minute * MINUTE_MS)
}

/**
 * Order of two FHIR dates or times: negative, 0 or positive. 0 also when they are not precise enough to tell:
 * then only the part that both have is compared, as written.
 */
export function compareTimes(a: string, b: string): number {
  if (a.length > 10 && b.length > 10) {
    const from = parseTime(a, UTC)
    const to = parseTime(b, UTC)
    if (from && to) return from.from - to.from
  }
  const common = Math.min(a.length, b.length, 10)
  const [left, right] = [a.slice(0, common), b.slice(0, common)]
  return left < right ? -1 : left > right ? 1 : 0
}

const MAX_CACHED_DAYS = 50_000

/**
 * Offsets of an IANA time zone, cached by day. In a gap the offset before it holds; of a doubled hour the
 * first. Throws a RangeError when the zone is unknown.
 */
export function zoneOffsetOf(timeZone: string): ZoneOffset {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  const offsetAt = (utcMs: number): number => {
    const name = format.format(Math.max(Math.min(utcMs, MAX_DATE_MS), -MAX_DATE_MS))
    const match = /GMT(?:([+-])(\d\d?):?(\d\d)?(?::(\d\d))?)?$/.exec(name)
    const [, sign, hours, minutes, seconds] = match ?? []
    const ms = Number(hours ?? 0) * HOUR_MS + Number(minutes ?? 0) * MINUTE_MS + Number(seconds ?? 0) * 1000
    return sign === '-' ? -ms : ms
  }
  const quietDays = new Map<number, number>()
  return (localMs) => {
    const day = Math.floor(localMs / DAY_MS)
    const known = quietDays.get(day)
    if (known !== undefined) return known
    const before = offsetAt((day - 1) * DAY_MS)
    const after = offsetAt((day + 2) * DAY_MS)
    if (before === after) {
      if (quietDays.size >= MAX_CACHED_DAYS) quietDays.clear()
      quietDays.set(day, before)
      return before
    }
    if (offsetAt(localMs - before) === before) return before
    return offsetAt(localMs - after) === after ? after : before
  }
}
/** The largest time that a Date can hold. */
const MAX_DATE_MS = 8.64e15
