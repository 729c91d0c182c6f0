// SCH-25: what the filler calls the state of an appointment, and what it is in FHIR (HL7 table 0278; semantics, section 9).
import type { Json } from '../../mappings/mapped.ts'
import { isObject } from '../truth/event-elements.ts'
import { type AppointmentStatus, isAppointmentStatus } from './appointment-states.ts'

/**
 * HL7 table 0278 in lower case -> its code, and the status that it is in FHIR. Blocked is of slots, not of a
 * patient.
 */
const fillerCodes: Readonly<Record<string, readonly [code: string, status: AppointmentStatus | undefined]>> =
  {
    pending: ['Pending', 'pending'],
    waitlist: ['Waitlist', 'waitlist'],
    booked: ['Booked', 'booked'],
    overbook: ['Overbook', 'booked'],
    started: ['Started', 'checked-in'],
    complete: ['Complete', 'fulfilled'],
    completed: ['Complete', 'fulfilled'],
    cancelled: ['Cancelled', 'cancelled'],
    canceled: ['Cancelled', 'cancelled'],
    discontinued: ['Discontinued', 'cancelled'],
    dc: ['Discontinued', 'cancelled'],
    deleted: ['Deleted', 'entered-in-error'],
    noshow: ['Noshow', 'noshow'],
    'no show': ['Noshow', 'noshow'],
    blocked: ['Blocked', undefined],
  }

export interface FillerStatus {
  /** Code of table 0278 in its usual spelling, or the local code. */
  readonly code: string
  readonly status: AppointmentStatus | undefined
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/**
 * Reads SCH-25: the code as sent, or { code | original, status } with the status that the site's table gave
 * it.
 */
export function fillerStatusOf(value: Json | undefined): FillerStatus | undefined {
  const sent = isObject(value) ? (textOf(value.original) ?? textOf(value.code)) : textOf(value)
  const given = isObject(value) && isAppointmentStatus(value.status) ? value.status : undefined
  if (sent === undefined) return given && { code: given, status: given }
  const known = Object.hasOwn(fillerCodes, sent.toLowerCase()) ? fillerCodes[sent.toLowerCase()] : undefined
  if (known) return { code: known[0], status: known[1] === undefined ? undefined : (given ?? known[1]) }
  return { code: sent, status: given ?? (isAppointmentStatus(sent) ? sent : undefined) }
}
