// Offsets of IANA time zones at an instant and at a local time, from Intl and kept by year (FHIR R4 dateTime).

/** Minutes east of UTC. */
export type Offset = number

/** From `fromMs` (UTC) on, the zone is this far from UTC. */
interface Period {
  readonly fromMs: number
  readonly offset: Offset
}

const DAY_MS = 86_400_000
// No zone is known to change twice within a week.
const SAMPLE_MS = 7 * DAY_MS
const formats = new Map<string, Intl.DateTimeFormat>()
// zone -> year (of UTC) -> its periods, the first of which begins before the year does
const years = new Map<string, Map<number, readonly Period[]>>()
// Zones come from configuration and are few; years come from messages, so they are counted.
const maxCachedYears = 1_000

/** True when the runtime knows the zone. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

/** The stretch of one offset that was asked for last: feeds speak of these days. */
let latest = { zone: '', fromMs: 0, toMs: 0, offset: 0 }

/** The offset at an instant. Throws RangeError for an unknown zone. */
export function offsetAt(utcMs: number, zone: string): Offset {
  if (zone === 'UTC') return 0
  if (utcMs >= latest.fromMs && utcMs < latest.toMs && zone === latest.zone) return latest.offset
  const year = new Date(utcMs).getUTCFullYear()
  let [fromMs, toMs, offset] = [yearStart(year), yearStart(year + 1), 0]
  for (const period of periodsOf(zone, year)) {
    if (period.fromMs > utcMs) {
      toMs = period.fromMs
      break
    }
    fromMs = period.fromMs
    offset = period.offset
  }
  latest = { zone, fromMs, toMs, offset }
  return offset
}

/** The instant of a local time given as if it were UTC, and how clear that was. Throws RangeError for an unknown zone. */
export function utcOf(
  localMs: number,
  zone: string,
): {
  readonly utcMs: number
  readonly offsetMinutes: Offset
  readonly note?: 'DST-GAP' | 'DST-AMBIGUOUS'
} {
  if (zone === 'UTC') return { utcMs: localMs, offsetMinutes: 0 }
  // Only the offsets of the day before and the day after can apply: equal offsets mean no change near.
  const before = offsetAt(localMs - DAY_MS, zone)
  const after = offsetAt(localMs + DAY_MS, zone)
  if (before === after) return { utcMs: localMs - before * 60_000, offsetMinutes: before }
  const early = localMs - before * 60_000
  const late = localMs - after * 60_000
  const earlyHolds = offsetAt(early, zone) === before
  const lateHolds = offsetAt(late, zone) === after
  if (earlyHolds && lateHolds) return { utcMs: early, offsetMinutes: before, note: 'DST-AMBIGUOUS' }
  if (earlyHolds) return { utcMs: early, offsetMinutes: before }
  if (lateHolds) return { utcMs: late, offsetMinutes: after }
  // A gap: the clock that had not been moved forward shows how far into it the time is.
  return { utcMs: early, offsetMinutes: after, note: 'DST-GAP' }
}

function periodsOf(zone: string, year: number): readonly Period[] {
  let known = years.get(zone)
  if (!known) {
    known = new Map()
    years.set(zone, known)
  }
  const found = known.get(year)
  if (found) return found
  const periods = findPeriods(zone, year)
  if (known.size >= maxCachedYears) known.clear()
  known.set(year, periods)
  return periods
}

function findPeriods(zone: string, year: number): readonly Period[] {
  const start = yearStart(year)
  const end = yearStart(year + 1)
  let offset = ask(start, zone)
  const periods: Period[] = [{ fromMs: start, offset }]
  for (let from = start; from < end; from += SAMPLE_MS) {
    const to = Math.min(from + SAMPLE_MS, end)
    const next = ask(to, zone)
    if (next === offset) continue
    periods.push({ fromMs: changeBetween(from, to, next, zone), offset: next })
    offset = next
  }
  return periods
}

function yearStart(year: number): number {
  return new Date(0).setUTCFullYear(year, 0, 1)
}

/** The first whole minute at which the zone has the later offset. */
function changeBetween(from: number, to: number, later: Offset, zone: string): number {
  let low = Math.floor(from / 60_000)
  let high = Math.floor(to / 60_000)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (ask(middle * 60_000, zone) === later) high = middle
    else low = middle
  }
  return high * 60_000
}

const OFFSET = /^GMT(?:([+-])(\d\d):(\d\d)(?::\d\d)?)?$/

/** Asks Intl (slow). Seconds of local mean times are dropped: neither DTM nor dateTime can say them. */
function ask(utcMs: number, zone: string): Offset {
  const parts = formatOf(zone).formatToParts(utcMs)
  const match = OFFSET.exec(parts.find((part) => part.type === 'timeZoneName')?.value ?? '')
  const minutes = Number(match?.[2] ?? 0) * 60 + Number(match?.[3] ?? 0)
  return match?.[1] === '-' ? -minutes : minutes
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  formats.set(zone, format)
  return format
}
