// Instants as text with the offset of a zone (ISO 8601, FHIR R4 dateTime).
import { offsetAt } from '../hl7/zone.ts'

/** ISO 8601 with the offset of a zone. */
export function isoIn(at: Date | number, zone: string): string {
  const ms = typeof at === 'number' ? at : at.getTime()
  const offset = offsetAt(ms, zone)
  const local = new Date(ms + offset * 60_000).toISOString().replace(/\.000Z$|Z$/, '')
  const sign = offset < 0 ? '-' : '+'
  const abs = Math.abs(offset)
  return `${local}${sign}${String(Math.floor(abs / 60)).padStart(2, '0')}:${String(abs % 60).padStart(2, '0')}`
}
