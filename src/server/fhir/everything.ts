// $everything of a Patient and of an Encounter (FHIR R4 patient-operation-everything.html, encounter-operation-everything.html):
// its compartment, page by page, each with what it refers to.
import { membersOf } from '../../fhir/compartment.ts'
import type { Filter } from '../../fhir/filter.ts'
import { readJson } from '../../fhir/json.ts'
import { searchParam } from '../../fhir/search-params.ts'
import { type DateValue, parseDate } from '../../fhir/search-value.ts'
import { isObject } from '../../fhir/types.ts'
import { readResource } from '../../store/resources.ts'
import { permits } from '../auth.ts'
import { type Ask, type Pairs, zoneOf } from './ask.ts'
import { pairsIn } from './parameters.ts'
import { refuse } from './reply.ts'
import { searchCompartment } from './search.ts'

/** Passed on to the search as they are. */
const kept: ReadonlySet<string> = new Set([
  '_count',
  '_type',
  '_page',
  '_elements',
  '_summary',
  '_lastUpdated',
])

export async function everything(ask: Ask): Promise<Response> {
  const { c, deps, client, rtype, id } = ask
  const row = await readResource(deps.db.read, deps.tenant, rtype, id)
  if (!row) return refuse(c, 'not-found', `${rtype}/${id} is not known here`)
  if (row.deleted) return refuse(c, 'gone', `${rtype}/${id} is deleted - its versions are in _history`)
  const rtypes = membersOf(rtype).filter((type) => permits(client, type, 's'))
  const pairs = await pairsIn(ask)
  if (pairs instanceof Response) return pairs
  const care = pairs.filter(([name, value]) => (name === 'start' || name === 'end') && value !== '')
  const zone = zoneOf(deps)
  if (care.some(([, value]) => !parseDate(value, zone)))
    return refuse(c, 'bad-request', 'start and end are dates - use YYYY-MM-DD')
  const dates = care.map(([name, value]) => parseDate(`${name === 'start' ? 'ge' : 'le'}${value}`, zone))
  const narrower = (type: string): Filter[] =>
    // What has no date of care is part of every answer: a standing warning must not be left out of any.
    searchParam(type, 'date')?.type !== 'date'
      ? []
      : dates.flatMap((each): Filter[] => (each ? [{ kind: 'any', filters: [careOn(each), undated] }] : []))
  const path = `${rtype}/${id}/$everything`
  const shown = { ...ask, id: survivorIn(row.body) ?? id }
  return await searchCompartment(shown, rtypes, path, passedOn(pairs), care, narrower)
}

/** Id of the patient that a merged one was replaced by: what was about it is about that one (semantics, section 3). */
function survivorIn(body: string): string | undefined {
  const read = readJson(body)
  const links: unknown = 'value' in read && isObject(read.value) ? read.value.link : undefined
  for (const link of Array.isArray(links) ? links.filter(isObject) : []) {
    const reference = link.type === 'replaced-by' && isObject(link.other) ? link.other.reference : undefined
    if (typeof reference === 'string') return reference.replace(/^Patient\//, '')
  }
  return undefined
}

const careOn = (value: DateValue): Filter => ({ kind: 'date', param: 'date', values: [value] })
const undated: Filter = { kind: 'missing', param: 'date', missing: true }

function passedOn(pairs: Pairs): Pairs {
  return pairs.flatMap(([name, value]): Pairs => {
    if (kept.has(name)) return [[name, value]]
    return name === '_since' ? [['_lastUpdated', `ge${value}`]] : []
  })
}
