// BAR: an account is opened, updated, ended or purged (HL7 v2.9.1 chapter 6, 6.4; mapping, section 3.3).
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, derived, thingsOf } from '../applying.ts'
import { applyBeside } from '../clinical/clinical.ts'
import { Refusal } from '../finding.ts'
import { writeInstant, zoneClock } from '../instant.ts'
import { resolveActors } from '../masters/actors.ts'
import { applyPerson } from '../person/person.ts'
import type { Assertion, CellKey } from '../truth/contribution.ts'
import { applyAccount, applyVisitReference } from '../visit/visit.ts'

/** What an event makes of the account's status; of others it stays as it is. */
const statusAfter: Readonly<Record<string, string>> = {
  'BAR^P01': 'active',
  'BAR^P02': 'entered-in-error',
  'BAR^P06': 'inactive',
}

/**
 * A billing message about accounts. It is no feed of demographics or of visits: of the person it fills gaps, and a
 * visit is named, not told. Its diagnoses and procedures are what is billed.
 */
export function applyBar(applying: Applying): void {
  resolveActors(applying)
  for (const thing of thingsOf(applying, 'Patient')) applyPerson(applying, thing, true)
  const accounts = thingsOf(applying, 'Account')
  if (accounts.length === 0 && applying.event in statusAfter) throw withoutAccount()
  for (const thing of accounts) {
    const id = applyAccount(applying, thing)
    if (id !== undefined) changeStatus(applying, thing, id)
  }
  for (const thing of thingsOf(applying, 'Encounter')) applyVisitReference(applying, thing)
  applyBeside(applying)
}

/** The event beats PV1-41 of the same message; the end of an account is the time of the event. */
function changeStatus(applying: Applying, thing: Thing, id: string): void {
  const { draft, source, times, event, site } = applying
  const status = statusAfter[event]
  const stated = thing.cells.some(({ path }) => path === 'status')
  if (status === undefined || (event === 'BAR^P01' && stated)) return
  const say = (v: Json) => derived(applying, v, times.event)
  const cells: Record<CellKey, Assertion> = { 'status<MSH-9': say(status) }
  const ended = thing.cells.some(({ path }) => path === 'servicePeriod.end')
  if (event === 'BAR^P06' && !ended)
    cells['servicePeriod.end<EVN-6'] = say(writeInstant(times.event, zoneClock(site.gateway.timezone)))
  draft.assert('Account', id, source.id, cells)
}

const withoutAccount = (): Refusal =>
  new Refusal('AE', {
    code: '101',
    locations: ['PID^1^18'],
    text: 'the account is missing (PID^1^18) - send its number',
  })
