// The status machine of appointments: what the filler's events, arrivals and clients make of a status (HL7
// v2.9.1 chapter 10; semantics, section 9; FHIR R4 http://hl7.org/fhir/R4/valueset-appointmentstatus.html).
import { type Step, said } from '../truth/event-log.ts'
import { type AppointmentStatus, byAnyone, isAppointmentStatus } from './appointment-states.ts'
import { type FillerStatus, fillerStatusOf } from './filler-status.ts'

/**
 * Whose word moves the status: a FHIR client, the owner of the schedule, or the patient's coming and going.
 */
export type Mover = 'client' | 'filler' | 'arrival'

const byFillerOnly: Partial<Record<AppointmentStatus, readonly AppointmentStatus[]>> = {
  noshow: ['booked'],
  cancelled: ['booked'],
}

const waiting: readonly AppointmentStatus[] = ['proposed', 'pending', 'waitlist', 'booked', 'noshow']

/** Arrival and end may skip states; what was called off does not come back by them. */
const arrivals: Readonly<Record<string, { to: AppointmentStatus; from: readonly AppointmentStatus[] }>> = {
  A10: { to: 'arrived', from: waiting },
  A04: { to: 'checked-in', from: [...waiting, 'arrived'] },
  A01: { to: 'checked-in', from: [...waiting, 'arrived'] },
  A03: { to: 'fulfilled', from: [...waiting, 'arrived', 'checked-in'] },
  A09: { to: 'fulfilled', from: [...waiting, 'arrived', 'checked-in'] },
}

/**
 * Whether a status may follow another; when not, `legal` lists those that may. Staying as it is and the first
 * status of all (`from` undefined) are always legal.
 */
export function legalTransition(
  from: string | undefined,
  to: string,
  by: Mover = 'client',
): { readonly ok: true } | { readonly ok: false; readonly legal: string[] } {
  if (from === undefined || from === to || !isAppointmentStatus(from)) return { ok: true }
  const arriving = by === 'arrival' ? Object.values(arrivals).filter((each) => each.from.includes(from)) : []
  const legal = [
    ...byAnyone[from],
    ...(by === 'filler' ? (byFillerOnly[from] ?? []) : []),
    ...arriving.map((each) => each.to),
  ]
  return legal.includes(to as AppointmentStatus) ? { ok: true } : { ok: false, legal: [...new Set(legal)] }
}

/** How one step moved the status, or tried to. */
export interface Transition {
  /** Message. */
  readonly i: string
  /** 'SIU^S14', 'ADT^A04', 'FHIR'. */
  readonly event: string
  /** Undefined: nothing was known of the appointment. */
  readonly from: AppointmentStatus | undefined
  readonly to: AppointmentStatus
  readonly by: Mover
  readonly legal: boolean
  /** False when the step was overruled: what was called off does not come back by an arrival. */
  readonly accepted: boolean
}

export interface StatusCourse {
  readonly status: AppointmentStatus | undefined
  /** Step that set the present status. */
  readonly by: Step | undefined
  /** Index in the steps since which the status is what it is. */
  readonly since: number
  /** The filler's last word, in its own code; 'Discontinued' after S16 and so on. */
  readonly filler: string | undefined
  readonly fillerStep: Step | undefined
  /** When it began to take its actors' time, milliseconds. */
  readonly takenAt: number
  readonly transitions: readonly Transition[]
}

const inProgress: ReadonlySet<AppointmentStatus | undefined> = new Set(['arrived', 'checked-in', 'fulfilled'])
const bookable: ReadonlySet<AppointmentStatus | undefined> = new Set(['booked', 'pending', 'waitlist'])
/** Statuses that a booking opens again, whoever set them. */
const lapsed: ReadonlySet<AppointmentStatus | undefined> = new Set([
  'cancelled',
  'noshow',
  'entered-in-error',
])
const updates: ReadonlySet<string> = new Set(['S14', 'S18', 'S19', 'S20', 'S21', 'S22', 'S27'])

/** Statuses in which the actors are taken; a missed or fulfilled appointment takes nobody's time any more. */
export const takesTime: ReadonlySet<AppointmentStatus | undefined> = new Set([
  'pending',
  'booked',
  'arrived',
  'checked-in',
])

/** Events that end an appointment by themselves, whatever SCH-25 says, and the code that stands for each. */
const endings: Readonly<Record<string, string>> = {
  S15: 'Cancelled',
  S16: 'Discontinued',
  S17: 'Deleted',
  S26: 'Noshow',
}

export const isEnding = (code: string): boolean => Object.hasOwn(endings, code)

/** Statuses in which nothing has begun. */
const coming: ReadonlySet<AppointmentStatus> = new Set(['proposed', 'pending', 'waitlist', 'booked'])

/** What has begun ends by being stopped; what has not is cancelled. */
const stopped = (now: AppointmentStatus | undefined): AppointmentStatus =>
  inProgress.has(now) ? 'fulfilled' : 'cancelled'

class Machine {
  status: AppointmentStatus | undefined
  by: Step | undefined
  since = 0
  filler: string | undefined
  fillerStep: Step | undefined
  takenAt = 0
  readonly transitions: Transition[] = []

  apply(step: Step, at: number): void {
    if (step.code === 'FHIR') {
      const written = said(step, 'status')
      if (isAppointmentStatus(written)) this.#move(step, at, written, 'client', 'FHIR')
    } else if (step.code in arrivals) this.#arrive(step, at)
    else if (step.code.startsWith('S')) this.#schedule(step, at)
    else if (step.code.startsWith('P')) this.#endWithSeries(step, at)
  }

  /** The series has ended: what has not begun ends with it, all else stays. */
  #endWithSeries(step: Step, at: number): void {
    if (this.status === undefined || !coming.has(this.status)) return
    const ending = step.code.replace('P', 'S')
    this.filler = endings[ending]
    this.fillerStep = step
    this.#move(step, at, ending === 'S17' ? 'entered-in-error' : 'cancelled', 'filler', `SIU^${ending}`)
  }

  #move(step: Step, at: number, to: AppointmentStatus, by: Mover, event: string, accepted = true): void {
    const from = this.status
    if (from !== to) {
      const { ok } = legalTransition(from, to, by)
      this.transitions.push({ i: step.i, event, from, to, by, legal: ok && accepted, accepted })
    }
    if (!accepted || (from === to && !isEnding(step.code))) return
    if (from !== to) this.since = at
    if (!takesTime.has(from)) this.takenAt = step.t
    this.status = to
    this.by = step
  }

  #arrive(step: Step, at: number): void {
    const rule = arrivals[step.code]
    if (!rule || this.status === rule.to) return
    if (this.status === undefined || rule.from.includes(this.status)) {
      this.#move(step, at, rule.to, 'arrival', `ADT^${step.code}`)
    } else if (lapsed.has(this.status)) this.#move(step, at, rule.to, 'arrival', `ADT^${step.code}`, false)
  }

  #schedule(step: Step, at: number): void {
    const ending = endings[step.code]
    const sent = ending ? undefined : fillerStatusOf(said(step, '$fillerStatus'))
    const code = ending ?? sent?.code
    const repeated = code !== undefined && code === this.filler
    const first = this.filler === undefined
    const to = ending ? this.#end(step.code) : this.#follow(step, at, sent, repeated, first)
    if (code !== undefined) {
      this.filler = code
      this.fillerStep = step
    }
    if (to !== undefined) this.#move(step, at, to, 'filler', `SIU^${step.code}`)
  }

  #end(code: string): AppointmentStatus | undefined {
    if (code === 'S17') return 'entered-in-error'
    if (this.status === 'entered-in-error') return undefined
    if (code === 'S26') return 'noshow'
    return code === 'S16' ? stopped(this.status) : 'cancelled'
  }

  /** S12 to S14 and the rest: SCH-25 counts, but a status that is merely repeated is no new statement. */
  #follow(
    step: Step,
    at: number,
    sent: FillerStatus | undefined,
    repeated: boolean,
    first: boolean,
  ): AppointmentStatus | undefined {
    const now = this.status
    const to = sent?.code === 'Discontinued' ? stopped(now) : sent?.status
    if (sent ? sent.code === 'Blocked' : this.filler === 'Blocked') return undefined
    if (step.code === 'S12') {
      // The first that the filler says of a patient who has come already is no reason to send the patient
      // away.
      if (inProgress.has(now) && (sent === undefined || repeated || (first && to === 'booked')))
        return undefined
      return to ?? 'booked'
    }
    if (step.code === 'S13') return this.#reschedule(step, at, to, repeated)
    if (!updates.has(step.code)) return undefined
    if (step.code === 'S27' && lapsed.has(to)) return now ?? 'booked'
    if (now === undefined) return to ?? 'booked'
    return repeated ? undefined : to
  }

  /**
   * A new time keeps the status; what has begun cannot be rescheduled, nor does rescheduling begin or end
   * anything.
   */
  #reschedule(
    step: Step,
    at: number,
    to: AppointmentStatus | undefined,
    repeated: boolean,
  ): AppointmentStatus | undefined {
    const now = this.status
    const impossible = to !== undefined && (!bookable.has(to) || inProgress.has(now))
    if (impossible) {
      if (now !== undefined) this.#move(step, at, to, 'filler', 'SIU^S13', false)
      return now ?? 'booked'
    }
    if (now === undefined || now === 'proposed') return to ?? 'booked'
    return repeated && lapsed.has(now) ? undefined : to
  }
}

/** Follows the steps, earliest first. */
export function followStatus(steps: readonly Step[]): StatusCourse {
  const machine = new Machine()
  for (const [at, step] of steps.entries()) machine.apply(step, at)
  const { status, by, since, filler, fillerStep, takenAt, transitions } = machine
  return { status, by, since, filler, fillerStep, takenAt, transitions }
}
