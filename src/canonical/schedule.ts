// SIU: appointments and whose they are to change (HL7 v2 ch. 10; semantics, section 9). Status rules are in appointment.ts.
import type { Json, Thing } from '../mappings/mapped.ts'
import { resolveActors } from './actors.ts'
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
} from './applying.ts'
import { foldAppointment, staleFields } from './appointment.ts'
import { urnPart } from './authority.ts'
import { applyClinical } from './clinical.ts'
import type { Contribution, Part } from './contribution.ts'
import type { Draft } from './draft.ts'
import { Refusal } from './finding.ts'
import { scheduleId, scheduleOf } from './fold.ts'
import { type Identifier, stableId } from './identifier.ts'
import { applyPerson } from './person.ts'

const partTypes = ['Appointment.participant', 'Appointment.service'] as const
const upserts = new Set(['SIU^S13', 'SIU^S14', 'SIU^S18', 'SIU^S19', 'SIU^S20', 'SIU^S21', 'SIU^S22'])
const cancels = new Set(['SIU^S15', 'SIU^S16', 'SIU^S17'])

/** A booking, its change or its end, as the filler tells it. */
export function applySiu(applying: Applying): void {
  const [appointment] = thingsOf(applying, 'Appointment')
  if (!appointment) throw refuse('100', 'SCH^1', 'the SCH segment is missing - send it')
  resolveActors(applying)
  const patients = thingsOf(applying, 'Patient').map((each) => `Patient/${applyPerson(applying, each)}`)
  const keys = appointmentKeys(applying, appointment)
  const id = appointmentId(applying, appointment, keys)
  applying.references.set(`#${appointment.as}`, `Appointment/${id}`)
  const parts = partTypes
    .flatMap((type) => thingsOf(applying, type))
    .map((each) => partOf(applying, each, actionOf(applying, each)))
  warnWithoutActions(applying, parts)
  claimSchedules(applying, parts)
  addEvent(applying, appointment, id, keys, parts, patients)
  applyClinical(applying)
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
  for (const key of keys)
    if (!draft.lookup('Appointment', key.system, key.value))
      draft.register('Appointment', key.system, key.value, id)
  if (hit && draft.exists('Appointment', id)) return id
  const name = first?.value ?? ''
  if (upserts.has(event))
    warn(applying, 'UPSERT', ['SCH^1^2'], `appointment ${name} was not known - created by ${event}`)
  if (cancels.has(event))
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

/**
 * The schedule of an actor belongs to whom the site says, else to the source that books it first. It is there from then
 * on, also when a later event that came first has freed the actor again.
 */
function claimSchedules(applying: Applying, parts: readonly Part[]): void {
  const { draft, source } = applying
  for (const part of parts) {
    const actor = Object.entries(part.cells).find(([key]) => key.startsWith('actor<'))?.[1] as
      | { reference?: string }
      | undefined
    if (!actor?.reference || part.action === 'X') continue
    const owner = siteOwner(applying, actor.reference) ?? claimed(applying, actor.reference)
    if (owner === undefined) {
      draft.contribute('Schedule', scheduleId(actor.reference), {
        source: 'gateway',
        key: 'owner',
        i: draft.messageId,
        cells: {},
        data: source.id,
      })
    } else if (owner !== source.id) {
      const where = `${part.segment}^${part.occurrence}^3`
      throw new Refusal('AE', {
        code: '207',
        app: 'NOT-FILLER',
        locations: [where],
        text: `the schedule belongs to ${owner}, not to ${source.id} (${where}) - send the request to ${owner}`,
      })
    }
    openSchedule(draft, actor.reference)
  }
}

function openSchedule(draft: Draft, actor: string): void {
  const id = scheduleId(actor)
  if (draft.contribution('Schedule', id, 'gateway', 'derived')) return
  const data = scheduleOf(actor)
  draft.contribute('Schedule', id, { source: 'gateway', key: 'derived', i: draft.messageId, cells: {}, data })
}

function siteOwner(applying: Applying, reference: string): string | undefined {
  const handle = [...applying.references].find(([, to]) => to === reference)?.[0]
  const thing = applying.mapped.things.find((each) => `#${each.as}` === handle)
  const identifiers = thing
    ? cellsAt(thing, 'identifier').flatMap((each) => (each.value ?? []) as readonly Identifier[])
    : []
  return applying.site.schedules.find(({ actor }) =>
    identifiers.some(({ system, value }) => system === actor.system && value === actor.value),
  )?.owner
}

const claimed = (applying: Applying, actor: string): string | undefined =>
  applying.draft.contribution('Schedule', scheduleId(actor), 'gateway', 'owner')?.data as string | undefined

function addEvent(
  applying: Applying,
  thing: Thing,
  id: string,
  keys: readonly { system: string; value: string }[],
  parts: readonly Part[],
  patients: readonly string[],
): void {
  const { draft, source, times, event } = applying
  const t = times.event
  const cells = assertionsOf(applying, thing, t)
  for (const [key, cell] of Object.entries(cells)) {
    if (key.startsWith('identifier<')) cells[key] = { ...cell, v: withSystem(cell.v, keys) }
  }
  for (const [i, reference] of patients.entries()) {
    cells[i === 0 ? 'subject<PID-3' : `subject<PID-3:${i + 1}`] = derived(applying, { reference }, t)
  }
  const incoming: Contribution = {
    source: source.id,
    key: draft.messageId,
    event,
    t,
    m: times.message,
    i: draft.messageId,
    cells,
    parts,
  }
  const known = [...draft.contributions('Appointment', id).values()]
  warnStale(applying, thing, staleFields(known, incoming))
  draft.contribute('Appointment', id, incoming)
  const { transitions } = foldAppointment([...known, incoming], { survivor: (reference) => reference })
  for (const { i, by, legal, from, to } of transitions) {
    if (i !== draft.messageId) continue
    if (!legal && by !== 'client') {
      warn(
        applying,
        'ILLEGAL-TRANSITION',
        ['SCH^1^25'],
        `${String(from)} does not become ${String(to)} by rule - accepted from the filler`,
      )
    }
  }
}

function withSystem(value: Json, keys: readonly { system: string; value: string }[]): Json {
  if (!Array.isArray(value)) return value
  return (value as readonly Identifier[]).map((each) => {
    const key = keys.find((one) => one.value === each.value)
    return { ...each, system: each.system ?? key?.system } as Json
  })
}
