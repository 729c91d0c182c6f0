// SIU: appointments and whose they are to change (HL7 v2 ch. 10; semantics, section 9). Status rules are in appointment.ts.
import type { Json, Thing } from '../../mappings/mapped.ts'
import {
  type Applying,
  assertionsOf,
  cellAt,
  cellsAt,
  derived,
  partOf,
  referred,
  thingsOf,
  warn,
  warnStale,
} from '../applying.ts'
import { applyClinical } from '../clinical/clinical.ts'
import { Refusal } from '../finding.ts'
import { urnPart } from '../identity/authority.ts'
import { type Identifier, stableId } from '../identity/identifier.ts'
import { resolveActors } from '../masters/actors.ts'
import { applyPerson } from '../person/person.ts'
import type { CellKey, Contribution, Part } from '../truth/contribution.ts'
import { isObject } from '../truth/event-elements.ts'
import { applyVisitReference } from '../visit/visit.ts'
import { bookedKey, relinkVisits } from '../visit/visit-links.ts'
import { type BusyInterval, foldAppointment, staleFields } from './appointment.ts'
import { applyBlock, isBlock, saysBlocked } from './blocked-time.ts'
import { takenOf } from './busy.ts'
import { actorOf, capacityOf, claimSchedules, namedSchedule } from './schedule-owner.ts'
import { hasChildren, noteChild, occurrenceKey, seriesCells, seriesOf } from './series.ts'

const partTypes = ['Appointment.participant', 'Appointment.service'] as const
const upserts = new Set(['SIU^S13', 'SIU^S14', 'SIU^S18', 'SIU^S19', 'SIU^S20', 'SIU^S21', 'SIU^S22'])
const cancels = new Set(['SIU^S15', 'SIU^S16', 'SIU^S17'])

/** A booking, its change or its end, as the filler tells it. */
export function applySiu(applying: Applying): void {
  const [appointment] = thingsOf(applying, 'Appointment')
  if (!appointment) throw refuse('100', 'SCH^1', 'the SCH segment is missing - send it')
  resolveActors(applying)
  const patients = thingsOf(applying, 'Patient').map((each) => `Patient/${applyPerson(applying, each)}`)
  const named = appointmentKeys(applying, appointment)
  const series = seriesOf(appointment, named[0])
  const keys = series?.unnamed ? named.map((each) => occurrenceKey(each, series)) : named
  const id = appointmentId(applying, appointment, keys)
  applying.references.set(`#${appointment.as}`, `Appointment/${id}`)
  const parts = partTypes
    .flatMap((type) => thingsOf(applying, type))
    .map((each) => bookedPart(applying, each))
  warnWithoutActions(applying, parts)
  claimSchedules(applying, parts)
  for (const visit of thingsOf(applying, 'Encounter')) {
    // What stands in a booking opens a visit that nobody has told of: it has a number, and is not here yet.
    const named = applyVisitReference(applying, visit, 'planned')
    if (named) applying.draft.project({ rtype: 'Encounter', id: named, key: bookedKey(id), data: true })
  }
  if (series) noteChild(applying, id, series)
  const incoming = eventOf(applying, appointment, named, parts, patients)
  Object.assign(incoming.cells, seriesCells(applying, series, applying.times.event))
  if (isBlock(applying.event) || saysBlocked(appointment))
    applyBlock(applying, id, incoming, parts.length === 0 ? namedSchedule(applying, appointment) : undefined)
  if (!isBlock(applying.event)) addEvent(applying, appointment, id, incoming)
  applyClinical(applying)
}

/** The set of resources that a participant is one of (RGS-3). */
const groupUrl = 'http://portico.example.org/StructureDefinition/resource-group-id'

/** A part with what is known of its actor here: its first identifier, and how many may book it at a time. */
function bookedPart(applying: Applying, thing: Thing): Part {
  const part = partOf(applying, thing, actionOf(applying, thing))
  const cells: Record<CellKey, Json> = { ...part.cells }
  const group = cellsAt(referred(applying, thing, 'group') ?? thing, '$groupId').find(
    ({ field }) => field === 'RGS-3',
  )
  if (typeof group?.value === 'string' && thing.type === 'Appointment.participant')
    cells[`extension('${groupUrl}')<RGS-3`] = { url: groupUrl, valueString: group.value }
  const capacity = capacityOf(applying, thing)
  if (capacity !== undefined) cells['$capacity<site'] = capacity
  const [key, actor] = Object.entries(cells).find(([each]) => each.startsWith('actor<')) ?? []
  const identifier = actorOf(applying, thing)
    ?.cells.filter((each) => each.path === 'identifier')
    .flatMap(({ value }) => (Array.isArray(value) ? (value as readonly Identifier[]) : []))
    .find((each) => each.system && each.value)
  if (key !== undefined && isObject(actor) && identifier) {
    const { system = '', value = '' } = identifier
    cells[key] = { ...actor, identifier: { system, value } }
  }
  return { ...part, cells }
}

function refuse(code: string, location: string, text: string): Refusal {
  return new Refusal('AE', { code, locations: [location], text })
}

/** SCH-2, then SCH-1; an entity identifier without a namespace is the sender's own. */
function appointmentKeys(applying: Applying, thing: Thing): Required<Pick<Identifier, 'system' | 'value'>>[] {
  const cells = cellsAt(thing, 'identifier').toSorted((a, b) => (a.field < b.field ? 1 : -1))
  const keys = cells.flatMap((cell) =>
    Array.isArray(cell.value) ? (cell.value as readonly Identifier[]) : [],
  )
  const named = keys.flatMap(({ system, value }) =>
    value ? [{ system: system ?? ownSystem(applying), value }] : [],
  )
  if (named.length === 0)
    throw refuse(
      '101',
      'SCH^1^2',
      'neither a filler nor a placer appointment id (SCH^1^2, SCH^1^1) - send one',
    )
  return named
}

const ownSystem = (applying: Applying): string => `urn:portico:source:${urnPart(applying.source.id)}`

function appointmentId(
  applying: Applying,
  thing: Thing,
  keys: readonly { system: string; value: string }[],
): string {
  const { draft, event } = applying
  const hit = keys
    .map((key) => draft.lookup('Appointment', key.system, key.value))
    .find((each) => each !== undefined)
  const [first] = keys
  const id = hit?.id ?? stableId('Appointment', first?.system ?? '', first?.value ?? '')
  for (const { system, value } of keys) {
    if (draft.lookup('Appointment', system, value)) continue
    draft.register('Appointment', system, value, id)
    relinkVisits(draft, id, system, value)
  }
  if (hit && draft.exists('Appointment', id)) return id
  const name = first?.value ?? ''
  if (upserts.has(event))
    warn(applying, 'UPSERT', ['SCH^1^2'], `appointment ${name} was not known - created by ${event}`)
  // The number of a series may be known by its occurrences alone: these are ended then.
  if (cancels.has(event) && !hasChildren(draft, id))
    warn(applying, 'NOTHING-TO-CANCEL', ['SCH^1^2'], `appointment ${name} is not known - nothing to cancel`)
  const timed = thing.cells.some((each) => each.path === '$start' && each.value !== null)
  if (event === 'SIU^S26' && !timed) {
    throw new Refusal(
      'AE',
      {
        code: '204',
        app: 'PARKED',
        locations: ['SCH^1^2'],
        text: `appointment ${name} is not known (SCH^1^2) - the message is kept and applied when it appears`,
      },
      { waitsFor: keys },
    )
  }
  return id
}

/** Action code of a part, else of its resource group. */
function actionOf(applying: Applying, thing: Thing): string | undefined {
  const own = cellAt(thing, '$actionCode')?.value
  const group = referred(applying, thing, 'group')
  const code = own ?? (group && cellAt(group, '$actionCode')?.value)
  return typeof code === 'string' ? code.toUpperCase() : undefined
}

function warnWithoutActions(applying: Applying, parts: readonly Part[]): void {
  if (applying.event === 'SIU^S12') return
  const groups = thingsOf(applying, 'ResourceGroup')
  const coded =
    parts.some((each) => each.action !== undefined) ||
    groups.some((each) => cellAt(each, '$actionCode')?.value)
  if (coded || (parts.length === 0 && groups.length === 0)) return
  warn(
    applying,
    'NO-ACTION-CODE',
    ['RGS^1^2'],
    'no action code in the message - taken as the complete set of resources',
  )
}

function eventOf(
  applying: Applying,
  thing: Thing,
  keys: readonly { system: string; value: string }[],
  parts: readonly Part[],
  patients: readonly string[],
): Contribution {
  const { draft, source, times, event } = applying
  const t = times.event
  const cells = assertionsOf(applying, thing, t)
  for (const [key, cell] of Object.entries(cells)) {
    if (key.startsWith('identifier<')) cells[key] = { ...cell, v: withSystem(cell.v, keys) }
  }
  for (const [i, reference] of patients.entries()) {
    cells[i === 0 ? 'subject<PID-3' : `subject<PID-3:${i + 1}`] = derived(applying, { reference }, t)
  }
  const i = draft.messageId
  return { source: source.id, key: i, event, t, m: times.message, i, cells, parts }
}

/** Adds the event of this message to the appointment's log; the appointment is folded from it. */
function addEvent(applying: Applying, thing: Thing, id: string, incoming: Contribution): void {
  const { draft } = applying
  const known = [...draft.contributions('Appointment', id).values()]
  warnStale(applying, thing, staleFields(known, incoming))
  draft.contribute('Appointment', id, incoming)
  const context = { survivor: (reference: string) => reference }
  const { transitions, busy } = foldAppointment([...known, incoming], context)
  for (const { i, by, legal, from, to } of transitions) {
    if (i !== draft.messageId || legal || by === 'client') continue
    warn(
      applying,
      'ILLEGAL-TRANSITION',
      ['SCH^1^25'],
      `${String(from)} does not become ${String(to)} by rule - accepted from the filler`,
    )
  }
  warnOverbooked(applying, id, busy, () => foldAppointment(known, context).busy)
}

/** The filler is told of each actor that this message, and none before, books for a time that is taken. */
function warnOverbooked(
  applying: Applying,
  id: string,
  busy: readonly BusyInterval[],
  busyBefore: () => readonly BusyInterval[],
): void {
  const { draft } = applying
  const taken = takenOf(busy)
  for (const [i, own] of taken.entries()) {
    const { capacity, display = own.actor } = busy[i] ?? {}
    if (capacity === undefined || draft.busy.rivals(id, own).length < capacity) continue
    const before = takenOf(busyBefore()).filter((each) => each.actor === own.actor)
    if (before.some((each) => draft.busy.rivals(id, each).length >= capacity)) continue
    const where = placeOf(applying, own.actor)
    const text = `${display} is booked for that time already (${where}) - accepted from the filler; see the task`
    warn(applying, 'OVERBOOKED', [where], text)
  }
}

/** Where the message names an actor; its times when it does not. */
function placeOf(applying: Applying, actor: string): string {
  const part = thingsOf(applying, 'Appointment.participant').find((each) =>
    cellsAt(each, 'actor').some(
      ({ value }) =>
        applying.references.get((value as { reference?: string } | null)?.reference ?? '') === actor,
    ),
  )
  return part ? `${part.segment.name}^${part.segment.occurrence}^3` : 'SCH^1^11'
}

function withSystem(value: Json, keys: readonly { system: string; value: string }[]): Json {
  if (!Array.isArray(value)) return value
  return (value as readonly Identifier[]).map((each) => {
    const key = keys.find((one) => one.value === each.value)
    return { ...each, system: each.system ?? key?.system } as Json
  })
}
