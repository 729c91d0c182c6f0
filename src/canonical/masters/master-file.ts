// MFN: what a master file says of practitioners and places (HL7 v2.9.1 chapter 8, M02 and M05; mapping, section 3.3).
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
} from '../applying.ts'
import { Refusal } from '../finding.ts'
import { type Identifier, stableId } from '../identity/identifier.ts'
import type { Assertion, CellKey } from '../truth/contribution.ts'
import { resolveActors } from './actors.ts'

/** Table 0180: whether the record is in use afterwards; undefined = as it was. A deleted one is still referred to. */
const inUseAfter: Readonly<Record<string, boolean | undefined>> = {
  MAD: true,
  MUP: undefined,
  MAC: true,
  MDC: false,
  MDL: false,
}

/** Applies every record of the file, or none. */
export function applyMfn(applying: Applying): void {
  resolveActors(applying)
  const entries = thingsOf(applying, 'MasterEntry')
  if (entries.length === 0) throw refuse('101', 'MFE^1', 'the file names no record (MFE^1) - send MFE')
  for (const entry of entries) {
    const action = String(cellAt(entry, '$action')?.value ?? '')
    const where = `MFE^${entry.segment.occurrence}^1`
    if (!(action in inUseAfter)) {
      throw refuse(
        '103',
        where,
        `record event ${action} is not in table 0180 (${where}) - send MAD, MUP, MDC, MDL or MAC`,
      )
    }
    const effective = asOf(applying, entry)
    if (applying.event === 'MFN^M05') applyPlaces(effective, entry, inUseAfter[action])
    else applyStaff(effective, entry, inUseAfter[action])
  }
}

const msPerHour = 3_600_000

/** A record holds since MFE-3, else since MFI-5, else since the message; what lies ahead holds now, as every event does. */
function asOf(applying: Applying, entry: Thing): Applying {
  const { times, site } = applying
  const [file] = thingsOf(applying, 'MasterFile')
  const cell = cellAt(entry, '$effective') ?? cellAt(file, '$effective')
  const said = typeof cell?.value === 'string' ? Date.parse(cell.value) : Number.NaN
  if (Number.isNaN(said)) return applying
  const isAhead = said > times.receipt + site.policy.futureEventHours * msPerHour
  if (isAhead && cell)
    warn(
      applying,
      'FUTURE-EVENT',
      [cell.location],
      `the record changes in the future (${String(cell.value)}) - taken as changed now`,
    )
  return { ...applying, times: { ...times, event: isAhead ? times.receipt : said } }
}

const refuse = (code: string, location: string, text: string): Refusal =>
  new Refusal('AE', { code, locations: [location], text })

const of = (applying: Applying, type: string, entry: Thing): readonly Thing[] =>
  thingsOf(applying, type).filter((each) => referred(applying, each, 'entry') === entry)

const identifiersAt = (thing: Thing, path: string): Required<Pick<Identifier, 'system' | 'value'>>[] =>
  cellsAt(thing, path).flatMap(({ value }) =>
    (Array.isArray(value) ? (value as readonly Identifier[]) : []).flatMap(({ system, value: number }) =>
      system && number ? [{ system, value: number }] : [],
    ),
  )

/** What a file says of an element counts before what other messages say of it in passing. */
function state(
  applying: Applying,
  rtype: string,
  id: string,
  thing: Thing | undefined,
  more: Readonly<Record<CellKey, Json | undefined>>,
): void {
  const { draft, source, times } = applying
  const cells: Record<CellKey, Assertion> = {}
  const said = thing ? Object.entries(assertionsOf(applying, thing, times.event)) : []
  for (const [key, cell] of said) if (!key.startsWith('$')) cells[key] = cell
  for (const [key, value] of Object.entries(more))
    if (value !== undefined) cells[key] = derived(applying, value, times.event)
  if (Object.keys(cells).length > 0) draft.assert(rtype, id, source.id, cells, 'file')
}

function applyStaff(applying: Applying, entry: Thing, inUse: boolean | undefined): void {
  const { draft, source } = applying
  const people = of(applying, 'Staff', entry)
  if (people.length === 0) {
    const known = identifiersAt(entry, '$key')
      .map(({ system, value }) => draft.lookup('Practitioner', system, value))
      .find((each) => each !== undefined)
    if (known) state(applying, 'Practitioner', known.id, undefined, { 'active<MFE-1': inUse })
    else warnUnknown(applying, entry)
  }
  for (const person of people) {
    const keys = identifiersAt(person, 'identifier')
    const [first] = keys
    const where = `STF^${person.segment.occurrence}^2`
    if (!first) throw refuse('101', where, `the identifier is missing (${where}) - send STF-2 or STF-1`)
    const all = [...keys, ...identifiersAt(person, '$key')]
    const hit = all
      .map(({ system, value }) => draft.lookup('Practitioner', system, value))
      .find((each) => each !== undefined)
    const id = hit?.id ?? stableId('Practitioner', first.system, first.value)
    for (const { system, value } of all)
      if (!draft.lookup('Practitioner', system, value)) draft.register('Practitioner', system, value, id)
    state(applying, 'Practitioner', id, person, { 'active<MFE-1': statedUse(person, inUse) })
    const role = thingsOf(applying, 'StaffRole').find((each) => referred(applying, each, 'staff') === person)
    const roleId = stableId('PractitionerRole', source.id, id)
    if (!role || (role.cells.length === 0 && !draft.exists('PractitionerRole', roleId))) continue
    state(applying, 'PractitionerRole', roleId, role, {
      'practitioner<STF-1': { reference: `Practitioner/${id}` },
      'active<MFE-1': inUse,
    })
  }
}

/** STF-7 and LDP-6 say it themselves, unless the record is put out of use. */
const statedUse = (thing: Thing, inUse: boolean | undefined): boolean | undefined =>
  inUse === true && cellAt(thing, 'active') ? undefined : inUse

function applyPlaces(applying: Applying, entry: Thing, inUse: boolean | undefined): void {
  const status = inUse === undefined ? undefined : inUse ? 'active' : 'inactive'
  const places = of(applying, 'MasterPlace', entry)
  const named = placeOf(applying, places[0] ?? entry)
  if (!named) {
    const where = places[0] ? `LOC^${places[0].segment.occurrence}^1` : `MFE^${entry.segment.occurrence}^4`
    throw refuse('101', where, `the place is missing (${where}) - send it as PL`)
  }
  for (const place of places.length > 0 ? places : [undefined]) {
    const at = (place && placeOf(applying, place)) ?? named
    state(applying, 'Location', idOf(at), place, { 'status<MFE-1': status })
  }
  for (const service of of(applying, 'MasterService', entry)) applyService(applying, service, named, inUse)
}

/** LDP: what a department offers at a place. */
function applyService(applying: Applying, service: Thing, named: string, inUse: boolean | undefined): void {
  const at = placeOf(applying, service) ?? named
  const department = String(cellAt(service, '$department')?.value ?? '')
  const place = referred(applying, service, 'place')
  const owner = place && cellAt(place, 'managingOrganization')?.value
  const provider = (owner as { readonly reference?: string } | null | undefined)?.reference
  const reference = provider === undefined ? undefined : applying.references.get(provider)
  const id = stableId('HealthcareService', applying.source.id, at, department)
  state(applying, 'HealthcareService', id, service, {
    'location<LDP-1': [{ reference: at }],
    'providedBy<LOC-4': reference === undefined ? undefined : { reference },
    'active<MFE-1': statedUse(service, inUse),
  })
}

function placeOf(applying: Applying, thing: Thing): string | undefined {
  const named = cellAt(thing, '$location')?.value as { readonly reference?: string } | null | undefined
  return named?.reference === undefined ? undefined : applying.references.get(named.reference)
}

const idOf = (reference: string): string => reference.slice(reference.indexOf('/') + 1)

function warnUnknown(applying: Applying, entry: Thing): void {
  const where = `MFE^${entry.segment.occurrence}^4`
  const name = identifiersAt(entry, '$key')[0]?.value ?? ''
  warn(applying, 'NOTHING-TO-CANCEL', [where], `record ${name} is not known (${where}) - nothing was changed`)
}
