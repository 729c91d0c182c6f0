// The people and things of an appointment with their times: Appointment.participant and what of their day it
// takes (semantics, section 9; FHIR R4
// http://hl7.org/fhir/R4/appointment-definitions.html#Appointment.participant).

import type { FhirJson } from '../fhir-json.ts'
import { type Clock, clockLike, minutesMs, writeInstant } from '../instant.ts'
import { withPath } from '../truth/event-elements.ts'
import type { Winner } from '../truth/event-log.ts'
import type { Crew } from './appointment-participants.ts'
import type { Resource } from './appointment-resource.ts'
import type { AppointmentStatus } from './appointment-states.ts'
import { takesTime } from './appointment-status.ts'
import { type AppointmentTimes, lengthOf } from './appointment-times.ts'

export interface BusyInterval {
  /** Reference of the actor: 'Practitioner/x'. Patients have no schedule here. */
  readonly actor: string
  /** FHIR instants. */
  readonly start: string
  readonly end: string
  readonly display?: string
  /** Held, not booked. */
  readonly tentative: boolean
  /** Since when the actor is booked for this time, milliseconds. */
  readonly since: number
  /** How many may book the actor at a time; undefined = any number. */
  readonly capacity: number | undefined
}

/** One entry of Appointment.participant. */
export interface Person {
  readonly entry: FhirJson
  readonly actor: string | undefined
  readonly display: string | undefined
  readonly declined: boolean
  readonly span: Span | undefined
  readonly since: number
  readonly capacity: number | undefined
  readonly winner: Winner
}

/**
 * Where no header has a time: from the first resource's start to the last one's end. Without any length, no
 * time at all.
 */
export function withResourceTimes(
  times: AppointmentTimes,
  crew: Crew,
  zone: Clock | undefined,
): AppointmentTimes {
  let { start, end } = times
  const spans = crew.resources.flatMap((each) => spanOf(each, start?.ms, end?.ms) ?? [])
  const [first] = [...spans].sort((a, b) => a.start - b.start)
  if (!start && first) {
    start = {
      ms: first.start,
      text: writeInstant(first.start, zone ?? clockLike(first.resource.written ?? '')),
      winner: first.resource.winner,
    }
  }
  if (!start) return { ...times, end: undefined }
  if (!end) {
    const last = Math.max(start.ms, ...spans.map((each) => each.end ?? each.start))
    end = { ms: last, text: writeInstant(last, zone ?? clockLike(start.text)), winner: start.winner }
  }
  const minutes = times.unstated ? undefined : lengthOf(start.ms, end.ms, times.minutes)
  return { ...times, start, end, minutes }
}

interface Span {
  readonly start: number
  readonly end: number | undefined
  readonly resource: Resource
}

/** Own interval of a resource, milliseconds; undefined when it has no time of its own. */
function spanOf(resource: Resource, start: number | undefined, end: number | undefined): Span | undefined {
  const { offsetMs, startMs, minutes } = resource
  if (offsetMs === undefined && startMs === undefined && minutes === undefined) return undefined
  const own = startMs ?? (start === undefined ? undefined : start + (offsetMs ?? 0))
  if (own === undefined) return undefined
  const length =
    minutes === undefined
      ? start === undefined || end === undefined
        ? undefined
        : end - start
      : minutesMs(minutes)
  return { start: own, end: length === undefined ? undefined : own + length, resource }
}

/** Patients first, then the rest; people merged into one are one. */
export function participantsOf(
  crew: Crew,
  times: AppointmentTimes,
  survivor: (reference: string) => string,
  zone: Clock | undefined,
): Person[] {
  const clock = zone ?? clockLike(times.start?.text ?? '')
  const people = new Map<string, Person>()
  for (const [i, each] of [...crew.patients.values(), ...crew.resources].entries()) {
    const reference = typeof each.actor?.reference === 'string' ? each.actor.reference : undefined
    const actor = reference === undefined ? undefined : survivor(reference)
    const person = personOf(each, actor, times, clock)
    const key = each.segment === 'PID' || actor?.startsWith('Patient/') ? `PID|${actor}` : `${i}`
    if (!people.has(key)) people.set(key, person)
  }
  return [...people.values()]
}

function personOf(
  resource: Resource,
  actor: string | undefined,
  times: AppointmentTimes,
  clock: Clock,
): Person {
  const span = spanOf(resource, times.start?.ms, times.end?.ms)
  const shown = actorOf(resource.actor, actor)
  const status = resource.status ?? 'accepted'
  const start = span && writeInstant(span.start, clock)
  const end = span?.end === undefined ? undefined : writeInstant(span.end, clock)
  const period = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }
  const entry: FhirJson = { ...resource.body }
  if (shown) entry.actor = shown
  entry.status = status
  if (span) entry.period = period
  // app-1: what has neither an actor nor a type is at least named.
  if (!shown && entry.type === undefined) entry.type = [{ text: resource.segment }]
  const display = typeof resource.actor?.display === 'string' ? resource.actor.display : undefined
  const { since, capacity, winner } = resource
  return { entry, actor, display, declined: status === 'declined', span, since, capacity, winner }
}

function actorOf(said: FhirJson | undefined, reference: string | undefined): FhirJson | undefined {
  if (!said || reference === undefined || said.reference === reference) return said
  return { ...withPath(withPath(said, 'display', undefined), 'identifier', undefined), reference }
}

/** What an appointment takes of its actors' time. */
export function busyOf(
  people: readonly Person[],
  times: AppointmentTimes,
  status: AppointmentStatus,
  takenAt: number,
): BusyInterval[] {
  const { start, end } = times
  if (!takesTime.has(status) || !start || !end) return []
  return people.flatMap(({ actor, display, declined, span, since, capacity, entry }) => {
    if (actor === undefined || declined || /^(Patient|RelatedPerson)\//.test(actor)) return []
    const period = (entry.period ?? {}) as { start?: string; end?: string }
    const from = span ? period.start : start.text
    const to = span ? period.end : end.text
    if (from === undefined || to === undefined || Date.parse(to) <= Date.parse(from)) return []
    return [
      {
        actor,
        start: from,
        end: to,
        ...(display === undefined ? {} : { display }),
        tentative: status === 'pending',
        since: Math.max(takenAt, times.movedAt ?? 0, since),
        capacity,
      },
    ]
  })
}
