// The states of an appointment (FHIR R4 http://hl7.org/fhir/R4/valueset-appointmentstatus.html) and which may follow which.

export type AppointmentStatus =
  | 'proposed'
  | 'pending'
  | 'booked'
  | 'arrived'
  | 'fulfilled'
  | 'cancelled'
  | 'noshow'
  | 'entered-in-error'
  | 'checked-in'
  | 'waitlist'

/** Moves that anybody may make. */
export const byAnyone: Readonly<Record<AppointmentStatus, readonly AppointmentStatus[]>> = {
  proposed: ['pending', 'booked', 'waitlist', 'cancelled', 'entered-in-error'],
  pending: ['booked', 'cancelled', 'waitlist', 'entered-in-error'],
  waitlist: ['pending', 'booked', 'cancelled', 'entered-in-error'],
  booked: ['arrived', 'checked-in', 'noshow', 'cancelled', 'entered-in-error'],
  arrived: ['checked-in', 'fulfilled', 'cancelled', 'entered-in-error'],
  'checked-in': ['fulfilled', 'cancelled', 'arrived', 'entered-in-error'],
  noshow: [],
  cancelled: [],
  fulfilled: ['entered-in-error'],
  'entered-in-error': [],
}

export const isAppointmentStatus = (value: unknown): value is AppointmentStatus =>
  typeof value === 'string' && Object.hasOwn(byAnyone, value)
