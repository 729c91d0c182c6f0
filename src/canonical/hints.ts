// What applying a message will need, as far as the message alone tells: loaded for a whole batch in one statement each.
import type { Mapped, Thing } from '../mappings/mapped.ts'
import { cellsAt } from './applying.ts'
import { scheduleId, slotId } from './appointment/booking.ts'
import { daysOf } from './appointment/busy.ts'
import { clinicalIds } from './clinical/clinical.ts'
import type { Scope } from './clinical/clinical-kind.ts'
import { coverageId } from './coverage/coverage.ts'
import { memberOf, planOf } from './coverage/insurance.ts'
import { type Identifier, normalValue, stableId } from './identity/identifier.ts'
import { authorityOf } from './identity/identity.ts'
import { actorIdOf } from './masters/actors.ts'
import type { Site } from './site.ts'
import { meetingOfVisit, meetingsOfAppointment, meetingType } from './visit/meeting.ts'

export interface RegistrationHint {
  readonly rtype: string
  readonly system: string
  readonly value: string
}

/** Facts that name things by identifier: path -> type of the thing. */
const factPaths: Readonly<Record<string, string>> = {
  $mothersIdentifier: 'Patient',
  $appointmentIds: 'Appointment',
  $priorIdentifier: 'Patient',
  $priorAccount: 'Account',
  $priorVisit: 'Encounter',
}
const registered = new Set(['Patient', 'Encounter', 'Account', 'Appointment', 'Practitioner', 'Organization'])

const listOf = (thing: Thing, path: string): Identifier[] =>
  cellsAt(thing, path).flatMap((each) =>
    Array.isArray(each.value) ? (each.value as readonly Identifier[]) : [],
  )

/** Registry keys that the things of a message name. */
export function registrationHints(mapped: Mapped, site: Site): RegistrationHint[] {
  const hints: RegistrationHint[] = []
  const add = (rtype: string, { system, value }: Identifier) => {
    if (system && value) hints.push({ rtype, system, value: normalValue(value, authorityOf(site, system)) })
  }
  for (const { type, cells } of mapped.things) {
    for (const { path, value } of cells) {
      const rtype = path === 'identifier' && registered.has(type) ? type : factPaths[path]
      if (rtype === undefined || !Array.isArray(value)) continue
      for (const each of value as readonly Identifier[]) add(rtype, each)
    }
  }
  return hints
}

/** Registry keys -> id, as far as they are loaded. */
export type FindId = (rtype: string, system: string, value: string) => string | undefined

/**
 * 'Type/id' of things that the message will touch: those the registry knows, and those whose id follows from their key.
 * `t` is the business time of the message, milliseconds.
 */
export function entityHints(
  mapped: Mapped,
  source: string,
  site: Site,
  find: FindId,
  t: number,
  isSaid: (thing: Thing) => boolean = () => false,
): string[] {
  const keys = new Set<string>()
  for (const { rtype, system, value } of registrationHints(mapped, site)) {
    // Actors are loaded, and with that locked, only when there is something new to say of them.
    if (!actorTypes.has(rtype))
      keys.add(`${rtype}/${find(rtype, system, value) ?? stableId(rtype, system, value)}`)
  }
  for (const thing of mapped.things) {
    if (actorTypes.has(thing.type) && !isSaid(thing))
      keys.add(`${thing.type}/${actorIdOf(thing, source, find)}`)
  }
  if (mapped.event.startsWith('SIU^')) addSchedules(keys, bookedActors(mapped, source, find))
  for (const each of meetings(mapped, t, site, find)) keys.add(`${meetingType}/${each}`)
  for (const thing of mapped.things)
    if (thing.type === 'Coverage') addCoverage(keys, mapped, thing, source, site, find)
  for (const { thing, id } of clinicalIds(mapped, source, (each) => scopeOf(mapped, each, site, find)))
    keys.add(`${thing.type}/${id}`)
  for (const line of lineHints(mapped)) {
    for (const rtype of ledgerTypes) keys.add(`${rtype}/${stableId(rtype, source, line)}`)
  }
  return [...keys]
}

const ledgerTypes = ['ChargeItem', 'PaymentNotice', 'PaymentReconciliation'] as const
const actorTypes = new Set([
  'Practitioner',
  'PractitionerRole',
  'Location',
  'Device',
  'HealthcareService',
  'Organization',
])

interface Referring {
  readonly reference?: string
}

/** Those whose time the message books: the room of an AIL, not the building that it is in. */
function bookedActors(mapped: Mapped, source: string, find: FindId): string[] {
  const handles = mapped.things
    .filter((each) => each.type === 'Appointment.participant')
    .flatMap((each) =>
      cellsAt(each, 'actor').map((cell) => (cell.value as Referring | null)?.reference?.slice(1)),
    )
  return mapped.things
    .filter((each) => actorTypes.has(each.type) && handles.includes(each.as))
    .map((each) => `${each.type}/${actorIdOf(each, source, find)}`)
}

const arriving = new Set(['ADT^A01', 'ADT^A04', 'ADT^A10'])
const booking = new Set(['SIU^S12', 'SIU^S13'])

/** Where a patient who comes, or is expected, may meet who is expected, or comes. */
function meetings(mapped: Mapped, t: number, site: Site, find: FindId): string[] {
  const isArrival = arriving.has(mapped.event)
  if (!isArrival && !booking.has(mapped.event)) return []
  const patients = mapped.things
    .filter((each) => each.type === 'Patient')
    .flatMap((each) => idOf(each, site, find) ?? [])
    .map((each) => `Patient/${each}`)
  if (isArrival) return patients.map((each) => meetingOfVisit(each, t))
  const starts = startsOf(mapped)
  return patients.flatMap((each) => starts.flatMap((start) => meetingsOfAppointment(each, start)))
}

/** Id of what a thing names, by its first number, as far as that tells. */
function idOf(thing: Thing, site: Site, find: FindId): string | undefined {
  const key = listOf(thing, 'identifier').find((each) => each.system && each.value)
  if (!key?.system || !key.value) return undefined
  const value = normalValue(key.value, authorityOf(site, key.system))
  return find(thing.type, key.system, value) ?? stableId(thing.type, key.system, value)
}

/** Times at which what a message books begins, milliseconds. */
const startsOf = (mapped: Mapped): number[] =>
  mapped.things
    .filter((thing) => thing.type.startsWith('Appointment'))
    .flatMap((thing) => cellsAt(thing, '$start'))
    .flatMap(({ value }) => (typeof value === 'string' ? [Date.parse(value)] : []))
    .filter(Number.isFinite)

/** Days of actors that a message may book. */
export function busyHints(mapped: Mapped, source: string, find: FindId): { actor: string; day: number }[] {
  if (!mapped.event.startsWith('SIU^')) return []
  const days = new Set(startsOf(mapped).flatMap((start) => daysOf({ start, end: start + usualMs })))
  return bookedActors(mapped, source, find).flatMap((actor) => [...days].map((day) => ({ actor, day })))
}

/** Of longer appointments the last day is loaded when it shows that it is needed. */
const usualMs = 4 * 3_600_000

/** Schedules of the actors, and the slots that the appointment takes on them. */
function addSchedules(keys: Set<string>, actors: readonly string[]): void {
  const appointments = [...keys].filter((each) => each.startsWith('Appointment/'))
  for (const actor of actors) {
    keys.add(`Schedule/${scheduleId(actor)}`)
    for (const appointment of appointments)
      keys.add(`Slot/${slotId(appointment.slice('Appointment/'.length), actor)}`)
  }
}

/** Whose a clinical thing will be, as far as the identifiers of the message tell. */
function scopeOf(mapped: Mapped, thing: Thing, site: Site, find: FindId): Scope | undefined {
  const of = (rtype: string, role: string) => {
    const other = mapped.things.find((each) => each.as === thing.refs[role])
    const id = other?.type === rtype ? idOf(other, site, find) : undefined
    return id === undefined ? undefined : `${rtype}/${id}`
  }
  const patient = of('Patient', 'subject')
  return patient === undefined ? undefined : { patient, encounter: of('Encounter', 'encounter') }
}

function addCoverage(
  keys: Set<string>,
  mapped: Mapped,
  thing: Thing,
  source: string,
  site: Site,
  find: FindId,
): void {
  const other = (role: string) => mapped.things.find((each) => each.as === thing.refs[role])
  const [beneficiary, payor] = [other('beneficiary'), other('payor')]
  const key = beneficiary && listOf(beneficiary, 'identifier').find((each) => each.system && each.value)
  const [plan, member] = [planOf(thing), memberOf(thing)]
  if (!key?.system || !key.value || !(payor ?? (plan || member))) return
  const value = normalValue(key.value, authorityOf(site, key.system))
  const patient = find('Patient', key.system, value) ?? stableId('Patient', key.system, value)
  const payer = payor ? `Organization/${actorIdOf(payor, source, find)}` : ''
  keys.add(`Coverage/${coverageId(`Patient/${patient}`, payer, plan, member)}`)
}

/** Ledger lines of a message: 'system|value' of FT1-2. */
export function lineHints(mapped: Mapped): string[] {
  return mapped.things
    .filter((each) => each.type === 'FinancialTransaction')
    .flatMap((thing) =>
      listOf(thing, '$lineId').flatMap(({ system, value }) => (value ? [`${system ?? ''}|${value}`] : [])),
    )
}
