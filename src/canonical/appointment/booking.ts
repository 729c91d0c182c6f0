// What an appointment means for others: every busy interval of every actor is a Slot on that actor's Schedule, a second
// booking of one actor and a patient who came after all are work for people (semantics, section 9).

import { canonicalText, type FhirJson } from '../fhir-json.ts'
import type { TaskRequest } from '../finding.ts'
import { stableId } from '../identity/identifier.ts'
import { movedIn } from '../identity/moved.ts'
import type { Contribution } from '../truth/contribution.ts'
import { compareText } from '../truth/event-log.ts'
import type { FoldContext, Folded, Projection } from '../truth/fold.ts'
import { pairKey } from '../truth/task.ts'
import { isMetKey, meetingsOfAppointment, type Occasion, tellMeetings } from '../visit/meeting.ts'
import { foldAppointment } from './appointment.ts'
import type { BusyInterval } from './appointment-actors.ts'
import { isEarlier, type Taken, type TakenBy, takenOf } from './busy.ts'
import { tellChildren } from './series.ts'

export const scheduleId = (actor: string): string => stableId('Schedule', actor)
export const scheduleOf = (actor: string): FhirJson => ({ active: true, actor: [{ reference: actor }] })
/** An actor may be taken several times by one appointment: `nth` counts the further ones. */
export const slotId = (appointment: string, actor: string, nth = 0): string =>
  nth === 0 ? stableId('Slot', appointment, actor) : stableId('Slot', appointment, actor, String(nth))

/** What an appointment takes now; kept with it, so that what it leaves is freed. */
const takenKey = 'taken'

export const takenBy = (contributions: Iterable<Contribution>): readonly Taken[] => {
  for (const { key, data } of contributions) if (key === takenKey) return (data ?? []) as readonly Taken[]
  return []
}

/** Ids of the slots of busy intervals, in their order. */
export function slotsOf(appointment: string, taken: readonly Taken[]): string[] {
  const times = new Map<string, number>()
  return taken.map(({ actor }) => {
    const nth = times.get(actor) ?? 0
    times.set(actor, nth + 1)
    return slotId(appointment, actor, nth)
  })
}

/** `deleted`: a client has taken it away, and with it all that it took. */
export function foldBooking(
  id: string,
  contributions: readonly Contribution[],
  context: FoldContext,
  deleted: boolean,
): Folded {
  const isOverbooked = (list: readonly BusyInterval[]) => doubleBookings(id, list, context).length > 0
  const { resource, busy: all, transitions } = foldAppointment(contributions, { ...context, isOverbooked })
  const busy = deleted ? [] : inOrder(all)
  const taken = takenOf(busy)
  const before = takenBy(contributions)
  const projections = calendarOf(id, busy, taken, before)
  const changed = canonicalText(before) !== canonicalText(taken)
  if (changed) projections.push({ rtype: 'Appointment', id, key: takenKey, data: taken as never })
  projections.push(...tellChildren(id, contributions))
  const expected = deleted ? undefined : occasionOf(contributions, resource, context)
  projections.push(...tellMeetings('Appointment', id, contributions, expected))
  const awaited = contributions.flatMap(({ key, data }) => {
    const [, visit] = /^(?:visit|met):(.+)$/.exec(key) ?? []
    return visit !== undefined && data !== undefined ? [`Encounter/${visit}`] : []
  })
  const isLate = transitions.some(
    ({ from, by, accepted }) => from === 'noshow' && by === 'arrival' && accepted,
  )
  const work = deleted
    ? []
    : [
        ...doubleBookings(id, busy, context).map((other) => doubleBooking(id, other)),
        ...(isLate ? [lateArrival(id)] : []),
      ]
  return {
    body: resource,
    projections,
    awaited,
    work,
    ...(changed ? { taking: { before, now: taken } } : {}),
  }
}

/** Whoever has an appointment that was called off, or named by a visit, is not waited for. */
const awaiting: ReadonlySet<unknown> = new Set(['booked', 'arrived', 'checked-in', 'fulfilled'])

interface Reference {
  readonly reference?: string
}

interface Participant {
  readonly actor?: Reference
}

/** Records that the log has named as the patients, whatever they are shown as now: a merge changes none of them. */
function patientsNamed(contributions: readonly Contribution[]): string[] {
  const named = new Set<string>()
  for (const { cells } of contributions) {
    for (const [key, { v }] of Object.entries(cells)) {
      if (key.startsWith('subject<')) named.add((v as Reference | null)?.reference ?? '')
      if (key.startsWith('participant<'))
        for (const each of (v ?? []) as readonly Participant[]) named.add(each.actor?.reference ?? '')
    }
  }
  return [...named].filter((each) => each.startsWith('Patient/'))
}

/** When somebody is expected, by whom and where; undefined when nobody is, or a visit says itself that it is for this. */
function occasionOf(
  contributions: readonly Contribution[],
  resource: FhirJson | undefined,
  context: FoldContext,
): { readonly ids: readonly string[]; readonly occasion: Occasion } | undefined {
  if (contributions.some(({ key, data }) => key.startsWith('visit:') && data !== undefined)) return undefined
  if (typeof resource?.start !== 'string' || movedIn(contributions)) return undefined
  // What a visit has found by itself must not decide whether it finds it.
  const plain = contributions.filter(({ key }) => !isMetKey(key))
  const { status } = plain.length < contributions.length ? foldAppointment(plain, context) : resource
  if (!awaiting.has(status)) return undefined
  const t = Date.parse(resource.start)
  const actors = ((resource.participant ?? []) as readonly Participant[]).flatMap(
    ({ actor }) => actor?.reference ?? [],
  )
  const patients = patientsNamed(contributions).filter((each) => actors.includes(context.survivor(each)))
  const at = [...new Set(actors.filter((each) => !each.startsWith('Patient/')))].sort()
  if (patients.length === 0 || at.length === 0) return undefined
  return { ids: patients.sort().flatMap((each) => meetingsOfAppointment(each, t)), occasion: { t, at } }
}

/** The same interval is taken once, however often its actor is named. */
function inOrder(busy: readonly BusyInterval[]): BusyInterval[] {
  const once = new Map(
    busy.map((each) => [`${each.actor} ${Date.parse(each.start)} ${Date.parse(each.end)}`, each]),
  )
  return [...once.values()].sort(
    (a, b) =>
      compareText(a.actor, b.actor) ||
      Date.parse(a.start) - Date.parse(b.start) ||
      Date.parse(a.end) - Date.parse(b.end),
  )
}

function calendarOf(
  id: string,
  busy: readonly BusyInterval[],
  taken: readonly Taken[],
  before: readonly Taken[],
): Projection[] {
  const slots = slotsOf(id, taken)
  const projections = busy.flatMap(({ actor, start, end, tentative }, i): Projection[] => {
    const schedule = scheduleId(actor)
    const status = tentative ? 'busy-tentative' : 'busy'
    const slot = { schedule: { reference: `Schedule/${schedule}` }, status, start, end }
    return [
      { rtype: 'Schedule', id: schedule, key: 'derived', data: scheduleOf(actor) },
      { rtype: 'Slot', id: slots[i] ?? '', key: 'derived', data: slot },
    ]
  })
  for (const slot of slotsOf(id, before))
    if (!slots.includes(slot)) projections.push({ rtype: 'Slot', id: slot, key: 'derived', data: undefined })
  return projections
}

/** Of those who had booked the same time before, as many as a booking names: beyond, there is no more to be learned. */
const maxNamedRivals = 20

/** Appointments that had booked an actor before, where it has no room for one more. */
export function doubleBookings(
  id: string,
  busy: readonly BusyInterval[],
  { rivals }: Pick<FoldContext, 'rivals'>,
): string[] {
  const found = new Set<string>()
  for (const [i, own] of takenOf(busy).entries()) {
    const capacity = busy[i]?.capacity
    if (capacity === undefined) continue
    const earlier = (rivals?.(id, own) ?? []).filter((each: TakenBy) =>
      isEarlier(each, { ...own, appointment: id }),
    )
    if (earlier.length < capacity) continue
    for (const { appointment } of earlier.slice(0, maxNamedRivals)) found.add(appointment)
  }
  return [...found].sort()
}

const doubleBooking = (id: string, other: string): TaskRequest => ({
  code: 'double-booking',
  key: pairKey(id, other),
  description: 'two appointments book one person, room or device for the same time - move one of them',
  focus: `Appointment/${id}`,
  inputs: [id, other].map((each) => ({
    type: 'appointment',
    value: { valueReference: { reference: `Appointment/${each}` } },
  })),
})

const lateArrival = (id: string): TaskRequest => ({
  code: 'late-arrival',
  key: id,
  description: 'the patient of an appointment that was marked as missed has come - see when there is time',
  focus: `Appointment/${id}`,
})
