// Points in time as FHIR writes them (FHIR R4 instant, dateTime): read to milliseconds, written with an
// offset.
import { zoneOffsetOf } from '../fhir/date.ts'
import type { Json } from '../mappings/mapped.ts'

const dateTime = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?$/
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const msPerMinute = 60_000
/** 9999-12-31T23:59:59Z: FHIR years have four digits. */
const maxMs = 253_402_300_799_000
const minMs = -62_135_596_800_000
/** A year: no visit resource is booked for longer, and sums stay far from the end of time. */
const maxMinutes = 527_040

/**
 * Milliseconds since the epoch of a FHIR date or dateTime; partial dates begin in UTC. Undefined for anything
 * else.
 */
export function readTime(value: Json | undefined): number | undefined {
  if (typeof value !== 'string' || !dateTime.test(value)) return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms
}

/** Milliseconds of a FHIR instant; undefined when it is not precise to the second or has no offset. */
export function readInstant(value: Json | undefined): number | undefined {
  return typeof value === 'string' && instant.test(value) ? readTime(value) : undefined
}

/** Minutes of a duration or an offset, which may be negative; undefined when it is no sane number. */
export function readMinutes(value: Json | undefined): number | undefined {
  if (value === null || value === undefined || Array.isArray(value)) return undefined
  const minutes = typeof value === 'object' ? Number(JSON.stringify(value)) : Number(value)
  return Number.isFinite(minutes) && Math.abs(minutes) <= maxMinutes ? minutes : undefined
}

export const minutesMs = (minutes: number): number => Math.round(minutes * msPerMinute)

/** Offset east of UTC, milliseconds, at a moment of UTC. */
export type Clock = (ms: number) => number

const maxZones = 500
const zones = new Map<string, Clock>()

/** Clock of an IANA zone; of UTC when none is given or the zone is not known. */
export function zoneClock(zone: string | undefined): Clock {
  if (zone === undefined) return () => 0
  const known = zones.get(zone)
  if (known) return known
  const fresh = clockOf(zone)
  if (zones.size < maxZones) zones.set(zone, fresh)
  return fresh
}

function clockOf(zone: string): Clock {
  try {
    const offsetAtLocal = zoneOffsetOf(zone)
    return (ms) => offsetAtLocal(ms + offsetAtLocal(ms + offsetAtLocal(ms)))
  } catch {
    return () => 0
  }
}

/** Clock with the one offset that a written time has; of UTC when it has none. */
export function clockLike(text: string): Clock {
  const match = /([+-])(\d\d):(\d\d)$/.exec(text)
  if (!match || text.length < 16) return () => 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return () => (match[1] === '-' ? -1 : 1) * minutes * msPerMinute
}

/** FHIR instant of a moment, with the offset that the clock shows then. */
export function writeInstant(ms: number, clock: Clock): string {
  const held = Number.isFinite(ms) ? Math.min(Math.max(ms, minMs), maxMs) : 0
  const offset = Math.round(clock(held) / msPerMinute) * msPerMinute
  const local = Math.min(Math.max(held + offset, minMs), maxMs)
  const text = new Date(local).toISOString().slice(0, held % 1000 === 0 ? 19 : 23)
  if (offset === 0) return `${text}Z`
  const minutes = Math.abs(offset) / msPerMinute
  const two = (n: number) => String(n).padStart(2, '0')
  return `${text}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
