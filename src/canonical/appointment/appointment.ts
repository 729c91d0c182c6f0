// The appointment that its events add up to: Appointment and the busy intervals of its actors (semantics,
// sections 0, 7, 8 and 9; FHIR R4 http://hl7.org/fhir/R4/appointment.html, invariants app-1 to app-4).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { zoneClock } from '../instant.ts'
import type { CellKey, Contribution } from '../truth/contribution.ts'
import { type Elements, foldElements, isObject, withPath } from '../truth/event-elements.ts'
import { compareSteps, type Step, stepsOf, type Winner, winnerOf } from '../truth/event-log.ts'
import { staleCells } from '../truth/stale.ts'
import {
  type BusyInterval,
  busyOf,
  type Person,
  participantsOf,
  withResourceTimes,
} from './appointment-actors.ts'
import { type Crew, followCrew } from './appointment-participants.ts'
import type { AppointmentStatus } from './appointment-states.ts'
import {
  followStatus,
  isEnding,
  legalTransition,
  type StatusCourse,
  type Transition,
} from './appointment-status.ts'
import { type AppointmentTimes, followTimes } from './appointment-times.ts'
import { visitSteps } from './appointment-visits.ts'
import { parentSteps } from './series.ts'

export type { BusyInterval }
export { legalTransition }

export interface AppointmentContext {
  /** 'Patient/old' -> the reference that survives; any other reference as it is. */
  survivor(reference: string): string
  /** IANA zone of the place: computed times are written in it, else with the offset of the start. */
  readonly zone?: string
  /** True when more book one of the actors at that time, and did so before, than it has room for. */
  isOverbooked?(busy: readonly BusyInterval[]): boolean
}

export interface FoldedAppointment {
  /**
   * Without id and meta. Undefined when there is nothing that could be shown; the events are kept all the
   * same.
   */
  readonly resource: FhirJson | undefined
  readonly busy: readonly BusyInterval[]
  /** As shown; undefined when nobody has said anything of it. */
  readonly status: AppointmentStatus | undefined
  readonly winners: Readonly<Record<string, Winner>>
  /** One per event that moved the status against the rules of section 9, or tried to. */
  readonly warnings: readonly 'ILLEGAL-TRANSITION'[]
  /** Every move of the status, earliest first, with the message that made it. */
  readonly transitions: readonly Transition[]
}

const overbookedUrl = 'http://portico.example.org/StructureDefinition/overbooked'
const fillerStatusUrl = 'http://portico.example.org/StructureDefinition/filler-status'

/** app-3: only these may be without start and end. */
const timeless: ReadonlySet<AppointmentStatus> = new Set(['proposed', 'cancelled', 'waitlist'])
const calledOff: ReadonlySet<AppointmentStatus> = new Set(['cancelled', 'noshow'])

const decidedHere: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'meta',
  'status',
  'start',
  'end',
  'minutesDuration',
  'participant',
  'serviceType',
  'cancelationReason',
  'subject',
])

/** What to say to the patient stands in TQ1-11 and in notes (NTE of type PI); FHIR has one text for all of it. */
const texts: ReadonlySet<string> = new Set(['comment', 'patientInstruction', 'description'])

/** Bookings before what is done with them, arrivals after, what ends them last. */
function rankOf(code: string): number {
  if (code === 'FHIR') return 5
  if (code === 'S12') return 0
  if (isEnding(code)) return code === 'S17' ? 4 : 3
  return code.startsWith('A') ? 2 : 1
}

/** Pure: the same contributions give the same result, in whatever order and however often they came. */
export function foldAppointment(
  contributions: readonly Contribution[],
  context: AppointmentContext,
): FoldedAppointment {
  const own = stepsOf(contributions, rankOf)
  const told = [...visitSteps(contributions, rankOf), ...parentSteps(contributions, rankOf)]
  const steps = [...own, ...told].sort(compareSteps)
  const course = followStatus(steps)
  const { transitions } = course
  const warnings = transitions.flatMap((each) =>
    each.by !== 'client' && !each.legal ? ['ILLEGAL-TRANSITION' as const] : [],
  )
  if (own.length === 0 || course.status === undefined) {
    return { resource: undefined, busy: [], status: course.status, winners: {}, warnings, transitions }
  }
  const zone = context.zone === undefined ? undefined : zoneClock(context.zone)
  const stated = followTimes(steps, zone)
  const crew = followCrew(steps, stated.startAfter)
  const times = withResourceTimes(stated, crew, zone)
  const status = shownStatus(course.status, times)
  const people = participantsOf(crew, times, (reference) => context.survivor(reference), zone)
  const busy = busyOf(people, times, status, course.takenAt)
  const overbooked = course.filler === 'Overbook' || context.isOverbooked?.(busy) === true
  const view: View = { course, status, times, crew, people, steps, overbooked }
  if (people.length === 0) return { resource: undefined, busy, status, winners: {}, warnings, transitions }
  const plain = foldElements(steps, { accept: (_, cell) => !decidedHere.has(cell.path), texts })
  const { tree, winners } = assemble(plain, view)
  return { resource: tree, busy, status, winners, warnings, transitions }
}

interface View {
  readonly course: StatusCourse
  readonly status: AppointmentStatus
  readonly times: AppointmentTimes
  readonly crew: Crew
  readonly people: readonly Person[]
  readonly steps: readonly Step[]
  readonly overbooked: boolean
}

function assemble({ tree, winners: plain }: Elements, view: View): Elements {
  const { course, status, times, people } = view
  const winners: Record<string, Winner> = { ...plain }
  const body: FhirJson = {
    resourceType: 'Appointment',
    ...withPriority(withFillerStatus(tree, view)),
    status,
  }
  if (course.by) winners.status = winnerOf(course.by, statusKey(course.by))
  const reason = calledOff.has(status) ? reasonOf(view) : undefined
  if (reason) {
    body.cancelationReason = reason.value
    winners.cancelationReason = reason.winner
  }
  const told = calledOff.has(status) ? undefined : toldReason(view)
  if (told) {
    const value = { valueCodeableConcept: told.value }
    body.extension = withPath(body, eventReason, value).extension
    winners[eventReason] = told.winner
  }
  serviceTypes(view.crew, body, winners)
  if (times.start && times.end) {
    body.start = times.start.text
    body.end = times.end.text
    winners.start = times.start.winner
    winners.end = times.end.winner
    if (times.minutes !== undefined) body.minutesDuration = times.minutes
  }
  body.participant = people.map((each) => each.entry)
  for (const [i, each] of people.entries()) winners[`participant[${i}]`] = each.winner
  return { tree: body, winners }
}

/** Cell that a status comes from: the event itself where SCH-25 had nothing to add. */
function statusKey(step: Step): CellKey {
  if (step.code === 'FHIR') return 'status<FHIR'
  const sent = step.cells.find((each) => each.path === '$fillerStatus')
  return sent && !isEnding(step.code) ? sent.key : 'status<MSH-9'
}

/** Codes of table 0278 that a FHIR status does not carry, so that v2 gets back what came in. */
function withFillerStatus(tree: FhirJson, { course, status, overbooked }: View): FhirJson {
  const { filler } = course
  const stopped = filler === 'Discontinued' && (status === 'cancelled' || status === 'fulfilled')
  const hidden = course.status !== status && (filler === 'Deleted' || filler === 'Noshow')
  let next = tree
  if (filler !== undefined && (stopped || hidden || filler === 'Overbook')) {
    next = withPath(next, `extension('${fillerStatusUrl}')`, { valueCode: filler })
  }
  return overbooked ? withPath(next, `extension('${overbookedUrl}')`, { valueBoolean: true }) : next
}

/** A priority is a number, or it is not there. */
function withPriority(tree: FhirJson): FhirJson {
  const body = { ...tree }
  const { priority } = body
  const isNumber =
    priority === undefined || (typeof priority === 'number' && Number.isInteger(priority) && priority >= 0)
  if (!isNumber) delete body.priority
  return body
}

const eventReason = "extension('http://portico.example.org/StructureDefinition/event-reason')"

/** Why the latest event that says so has happened (SCH-6): FHIR has a reason for calling off only. */
function toldReason({ steps }: View): { value: Json; winner: Winner } | undefined {
  for (const step of [...steps].reverse()) {
    const cell = step.cells.find((each) => each.path === '$eventReason')
    if (cell) return isObject(cell.v) ? { value: cell.v, winner: winnerOf(step, cell.key) } : undefined
  }
  return undefined
}

/** The latest reason given since the appointment was called off, by what called it off or by a client. */
function reasonOf({ course, steps }: View): { value: Json; winner: Winner } | undefined {
  for (const step of steps.slice(course.since).reverse()) {
    const written = step.cells.find((each) => each.path === 'cancelationReason')
    const ending = step === course.by || isEnding(step.code)
    const cell = written ?? (ending ? step.cells.find((each) => each.path === '$eventReason') : undefined)
    if (!cell) continue
    const value = Array.isArray(cell.v) ? (cell.v as readonly Json[])[0] : cell.v
    return isObject(value) ? { value, winner: winnerOf(step, cell.key) } : undefined
  }
  return undefined
}

function serviceTypes(crew: Crew, body: FhirJson, winners: Record<string, Winner>): void {
  const list = new Map(crew.services.map((each) => [canonicalText(each.value), each]))
  if (list.size === 0) return
  body.serviceType = [...list.values()].map((each) => each.value)
  for (const [i, each] of [...list.values()].entries()) winners[`serviceType[${i}]`] = each.winner
}

/** app-3: without a time nothing is booked, and what was deleted or missed is shown as called off. */
function shownStatus(status: AppointmentStatus, times: AppointmentTimes): AppointmentStatus {
  if (times.start || timeless.has(status)) return status
  return status === 'noshow' || status === 'entered-in-error' ? 'cancelled' : 'proposed'
}

/** Never older than what is known: the status machine takes them in, or they belong to their own event. */
const neverStale =
  /^(status|identifier|subject|participant|serviceType|meta)\b|^\$(?!start\b|end\b|duration\b)/

/**
 * Cells of an event that differ from what a later event already says: they are skipped, and the sender is
 * told.
 */
export function staleFields(existing: readonly Contribution[], incoming: Contribution): readonly CellKey[] {
  return staleCells(existing, incoming, rankOf, (path) => neverStale.test(path))
}
