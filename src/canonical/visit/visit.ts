// ADT: persons, visits and accounts (semantics, sections 5, 8, 10). What an event does to a visit is in encounter.ts.

import type { Json, Thing } from '../../mappings/mapped.ts'
import {
  type Applying,
  assertionsOf,
  cellAt,
  cellsAt,
  derived,
  referred,
  thingsOf,
  warn,
  warnStale,
} from '../applying.ts'
import { applyBeside, visitParts } from '../clinical/clinical.ts'
import { Refusal } from '../finding.ts'
import { type Identifier, identifierType, stableId } from '../identity/identifier.ts'
import { authorityOf, type Key, keysOf, warnRetiredNumber } from '../identity/identity.ts'
import { mergeVisits } from '../identity/merge.ts'
import { followMove } from '../identity/moves.ts'
import { refuseOtherPatient } from '../identity/other-patient.ts'
import { adopt, saySole } from '../identity/records.ts'
import { resolveActors } from '../masters/actors.ts'
import { applyPerson } from '../person/person.ts'
import type { Assertion, CellKey, Contribution } from '../truth/contribution.ts'
import { liftedRestriction } from '../truth/restriction.ts'
import { needsPast, pastKey } from '../truth/settled.ts'
import { Miss } from '../truth/world.ts'
import { type EncounterContext, foldEncounter, staleFields } from './encounter.ts'
import { isCancelEvent } from './encounter-events.ts'
import { fitOf } from './strict-visit.ts'

/** Person-level events: their PV1 is a formality (IHE ITI-30). */
const personEvents = new Set(['ADT^A28', 'ADT^A31'])

/** A registration, admission, transfer, discharge, update or cancellation of one patient. */
export function applyAdt(applying: Applying): void {
  resolveActors(applying)
  for (const thing of thingsOf(applying, 'Patient')) applyPerson(applying, thing)
  for (const thing of thingsOf(applying, 'Account')) applyAccount(applying, thing)
  if (!personEvents.has(applying.event))
    for (const thing of thingsOf(applying, 'Encounter')) applyEncounter(applying, thing)
  applyBeside(applying)
}

/** The account of PID-18, created if need be. */
export function applyAccount(applying: Applying, thing: Thing): string | undefined {
  const { draft, source, times } = applying
  const keys = keysOf(applying, thing)
  const [first] = keys
  if (!first) return undefined
  const id = namedBy(applying, 'Account', keys, keys)
  const subject = subjectOf(applying, thing)
  if (subject) refuseOtherPatient(applying, 'Account', id, subject, first, thing)
  applying.references.set(`#${thing.as}`, `Account/${id}`)
  const cells = assertionsOf(applying, thing, times.event)
  if (subject) cells['subject<PID-3'] = derived(applying, [{ reference: subject }], times.event)
  draft.assert('Account', id, source.id, cells)
  return id
}

/** The record of the first of these numbers that is known, else of the first; all others are from now on its numbers, too. */
function namedBy(
  applying: Applying,
  rtype: 'Account' | 'Encounter',
  keys: readonly Key[],
  all: readonly Key[],
): string {
  const { draft, times } = applying
  const [first] = keys
  const known = keys
    .map((key) => draft.lookup(rtype, key.system, key.value))
    .find((each) => each !== undefined)
  const id = known?.id ?? stableId(rtype, first?.system ?? '', first?.value ?? '')
  const now = { m: times.message, i: draft.messageId }
  for (const { system, value } of all) {
    const told = draft.lookup(rtype, system, value)
    const number = { system, value, record: told?.id ?? id }
    saySole(draft, rtype, number, now)
    if (!told) adopt(draft, rtype, number)
  }
  if (first) warnRetiredNumber(applying, rtype, first)
  return id
}

export const subjectOf = (applying: Applying, thing: Thing): string | undefined => {
  const patient = referred(applying, thing, 'subject') ?? referred(applying, thing, 'patient')
  return patient && applying.references.get(`#${patient.as}`)
}

/** Adds the event of this message to the visit's log; the visit is folded from it. */
function applyEncounter(applying: Applying, thing: Thing): void {
  const { draft, source, times, event } = applying
  // C and N: an account without a visit; PV1-51 A: the whole PV1 is of the account.
  const sent = cellAt(thing, '$patientClass')?.value
  if (sent === 'N' || sent === 'C' || cellAt(thing, '$visitIndicator')?.value === 'A') return
  const id = encounterId(applying, thing)
  if (!id) return
  const isOther = ({ system, value }: Key) => {
    const record = draft.lookup('Encounter', system, value)?.id
    return record !== undefined && draft.survivorId('Encounter', record) !== draft.survivorId('Encounter', id)
  }
  if (priorKeys(applying, thing).some(isOther)) mergeVisits(applying)
  applying.references.set(`#${thing.as}`, `Encounter/${id}`)
  const cells = {
    ...liftedRestriction(applying, thing, times.event),
    ...assertionsOf(applying, thing, times.event),
    ...visitParts(applying, thing),
  }
  const subject = subjectOf(applying, thing)
  if (subject) cells['subject<PID-3'] = derived(applying, { reference: subject }, times.event)
  const account = applying.references.get(`#${referred(applying, thing, 'account')?.as ?? ''}`)
  if (account) cells['account<PID-18'] = derived(applying, [{ reference: account }], times.event)
  const prior = priorKeys(applying, thing).map(({ identifier }) => ({ ...identifier, use: 'old' }) as Json)
  if (prior.length > 0) cells['identifier<MRG-5'] = derived(applying, prior, times.event)
  const appointments = linkedAppointments(applying, thing)
  if (appointments.length > 0) cells['appointment<PV1-50'] = derived(applying, appointments, times.event)
  const incoming: Contribution = {
    source: source.id,
    key: draft.messageId,
    event,
    t: times.event,
    m: times.message,
    i: draft.messageId,
    cells,
  }
  const past = draft.contribution('Encounter', id, 'gateway', pastKey)
  if (needsPast(past, event, times.event)) throw new Miss({ kind: 'past', id })
  if (source.strictPam && !isInOrder(applying, thing, id, incoming)) return
  warnStale(applying, thing, staleFields([...draft.contributions('Encounter', id).values()], incoming))
  draft.contribute('Encounter', id, incoming)
  if (subject) noteDeath(applying, thing, subject)
  if (account) followMove(applying, ['Account', account.slice('Account/'.length)], 'Encounter', id)
  if (isCancelEvent(event)) warnNothingToCancel(applying, thing, id)
}

/** Table 0112: expired, here or elsewhere. */
const expired: ReadonlySet<unknown> = new Set(['20', '40', '41', '42'])

/** A discharge may say that the person has died (PV1-36); a cancelled discharge takes back no more than that. */
function noteDeath(applying: Applying, thing: Thing, subject: string): void {
  const { draft, source, times, event } = applying
  if (event !== 'ADT^A03' && event !== 'ADT^A13') return
  const said = cellAt(thing, 'hospitalization.dischargeDisposition')?.value as
    | { readonly coding?: readonly { readonly code?: string }[] }
    | null
    | undefined
  const died = event === 'ADT^A03' && said?.coding?.some(({ code }) => expired.has(code)) === true
  if (!died && event === 'ADT^A03') return
  draft.assert('Patient', subject.slice('Patient/'.length), source.id, {
    '$died<PV1-36': derived(applying, died ? true : null, times.event),
  })
}

/** strictPam: what does not fit is refused; what cancels nothing is told so, and dropped. */
function isInOrder(applying: Applying, thing: Thing, id: string, incoming: Contribution): boolean {
  const { draft, event } = applying
  const known = [...draft.contributions('Encounter', id).values()]
  const fit = fitOf(known, incoming, contextOf(applying))
  const where = whereOf(thing)
  if (fit.does === 'refuse') {
    const text = `${event} does not fit a visit that is ${fit.status} (${where}) - send the events in the order in which they happen`
    throw new Refusal('AE', { code: '206', app: 'ILLEGAL-TRANSITION', locations: [where], text })
  }
  if (fit.does === 'drop')
    warn(
      applying,
      'NOTHING-TO-CANCEL',
      [where],
      `${event} finds nothing to cancel in this visit (${where}) - dropped`,
    )
  return fit.does === 'apply'
}

const whereOf = (thing: Thing): string => cellAt(thing, 'identifier')?.location ?? 'PV1^1^19'

const contextOf = ({ site }: Applying): EncounterContext => ({
  survivor: (reference) => reference,
  source: (source) => site.sources.get(source),
})

/** What is cancelled may still come: it is cancelled then. The sender is told that it is not here yet, or was undone. */
function warnNothingToCancel(applying: Applying, thing: Thing, id: string): void {
  const { draft, event } = applying
  const { nothingToCancel } = foldEncounter(
    [...draft.contributions('Encounter', id).values()],
    contextOf(applying),
  )
  if (!nothingToCancel.includes(draft.messageId)) return
  const where = whereOf(thing)
  warn(applying, 'NOTHING-TO-CANCEL', [where], `${event} finds nothing to cancel in this visit (${where})`)
}

/** Cells that a message about something else may state of a visit that nobody has told of yet: no facts of events. */
const passing = /^(?:[^$]|\$patientClass<)/

/** The visit that a charge or an appointment names: linked, and opened with what identifies it when it is not known yet. */
export function applyVisitReference(applying: Applying, thing: Thing, status?: string): string | undefined {
  const { draft, source, times } = applying
  const id = encounterId(applying, thing)
  if (!id) return undefined
  applying.references.set(`#${thing.as}`, `Encounter/${id}`)
  const told = [...draft.contributions('Encounter', id).values()]
  if (told.some((each) => each.data === undefined && each.key !== 'mention')) return id
  const all = Object.entries(assertionsOf(applying, thing, times.event)).filter(([key]) => passing.test(key))
  const cells: Record<CellKey, Assertion> = Object.fromEntries(all)
  const subject = subjectOf(applying, thing)
  if (subject) cells['subject<PID-3'] = derived(applying, { reference: subject }, times.event)
  if (status !== undefined) cells['status<PV1-19'] = derived(applying, status, times.event)
  draft.assert('Encounter', id, source.id, cells, 'mention')
  return id
}

/** A06 and A07: the same visit goes on, perhaps under another number (MRG-5), as if A50 had come with it. */
function priorKeys(applying: Applying, thing: Thing): Key[] {
  if (applying.event !== 'ADT^A06' && applying.event !== 'ADT^A07') return []
  const patient = referred(applying, thing, 'subject')
  return thingsOf(applying, 'Merge')
    .filter((each) => referred(applying, each, 'target') === patient)
    .flatMap((each) => keysOf(applying, each, ['$priorVisit']))
}

/** PV1-19 (or PID-18, where the source means that), else PV1-50, else the account with the class; none of them = no visit of its own. */
export function encounterId(applying: Applying, thing: Thing): string | undefined {
  const all = [...keysOf(applying, thing), ...priorKeys(applying, thing)]
  const visit = all.filter((each) => /\^1[89]$/.test(each.location))
  const prior = all.filter((each) => each.location.startsWith('MRG'))
  const keys = visit.length > 0 ? [...visit, ...prior] : all
  const [first] = keys
  const subject = subjectOf(applying, thing)
  if (first) {
    const id = namedBy(applying, 'Encounter', keys, all)
    if (subject) refuseOtherPatient(applying, 'Encounter', id, subject, first, thing)
    return id
  }
  const account = applying.references.get(`#${referred(applying, thing, 'account')?.as ?? ''}`)
  const code = cellAt(thing, '$patientClass')?.value
  return account ? stableId('Encounter', account, String(code ?? '')) : undefined
}

/**
 * Appointments that PV1-50 or PV1-5 names. The id of one that is not known yet follows from its number, when the number
 * says of itself that it is an appointment's.
 */
function linkedAppointments(applying: Applying, thing: Thing): Json[] {
  const found = new Map<string, Json>()
  for (const cell of cellsAt(thing, '$appointmentIds')) {
    for (const identifier of (cell.value ?? []) as readonly Identifier[]) {
      const { system, value } = identifier
      if (!system || !value) continue
      const id = applying.draft.lookup('Appointment', system, value)?.id
      if (id === undefined && !isBookingNumber(applying, identifier)) continue
      const reference = `Appointment/${stableId('Appointment', system, value)}`
      found.set(reference, { reference, identifier: { system, value } })
    }
  }
  return [...found.values()]
}

const bookingTypes = new Set<string | undefined>(['FILL', 'PLAC'])

const isBookingNumber = (applying: Applying, identifier: Identifier): boolean =>
  bookingTypes.has(identifierType(identifier)) ||
  (authorityOf(applying.site, identifier.system ?? '')?.types.some((each) => bookingTypes.has(each)) ?? false)
