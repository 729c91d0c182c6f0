// A bulk export as it was asked for (Bulk Data Access IG 2.0.0, export.html, kick-off request): parameters of the URL or of
// Parameters in the body, checked before anything is begun.
import type { Client } from '../../canonical/site.ts'
import { membersOf } from '../../fhir/compartment.ts'
import { fieldsOf } from '../../fhir/elements.ts'
import type { Issue } from '../../fhir/issue.ts'
import { isServedType, SERVED_TYPES } from '../../fhir/types.ts'
import { permits } from '../auth.ts'
import type { Ask } from '../fhir/ask.ts'
import { pairsIn } from '../fhir/parameters.ts'
import { refuse } from '../fhir/reply.ts'
import { searchRequest } from '../fhir/search-request.ts'
import { bulkLimits } from './limits.ts'

export type Level = 'system' | 'patient' | 'group'

/** Kept as JSON with the job: whoever takes the job up begins with it. */
export interface ExportPlan {
  readonly level: Level
  readonly group?: string
  /** Ids of `patient`. */
  readonly patients?: readonly string[]
  readonly types: readonly string[]
  /** Searches of a type, any of which may match. */
  readonly filters: { readonly [type: string]: readonly string[] }
  /** Names of elements, for all types or after a type and a dot. */
  readonly elements: readonly string[]
  readonly since?: string
  readonly until?: string
}

export interface PlanRead {
  readonly plan: ExportPlan
  /** What was left out because the client is lenient. */
  readonly ignored: readonly Issue[]
}

const formats: ReadonlySet<string> = new Set(['application/fhir+ndjson', 'application/ndjson', 'ndjson'])
const known: ReadonlySet<string> = new Set([
  '_outputFormat',
  '_since',
  '_until',
  '_type',
  '_typeFilter',
  '_elements',
  'patient',
  '_format',
  '_pretty',
])
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** What is wrong: with lenient handling it is left out, else it refuses the request. */
type Complaint = (text: string) => void

/** The plan, or the refusal. */
export async function readPlan(ask: Ask, level: Level, isLenient: boolean): Promise<PlanRead | Response> {
  const { c } = ask
  const pairs = await pairsIn(ask)
  if (pairs instanceof Response) return pairs
  const ignored: Issue[] = []
  const faults: string[] = []
  const complain: Complaint = (text) => {
    if (isLenient)
      ignored.push({ severity: 'warning', code: 'not-supported', diagnostics: `${text} - ignored` })
    else faults.push(text)
  }
  const values = (name: string): string[] => pairs.filter(([each]) => each === name).map(([, value]) => value)
  for (const [name] of pairs) if (!known.has(name)) complain(`${name} is not supported - leave it out`)
  const format = values('_outputFormat').at(-1)?.replace(' ', '+')
  if (format !== undefined && !formats.has(format))
    return refuse(c, 'bad-request', '_outputFormat must be application/fhir+ndjson: there is no other')
  const times = timesOf(values('_since').at(-1), values('_until').at(-1))
  if (typeof times === 'string') return refuse(c, 'bad-request', times)
  const types = typesOf(ask, level, listOf(values('_type')), complain)
  if (types instanceof Response) return types
  const filters = filtersOf(ask, types, values('_typeFilter'), complain)
  if (filters instanceof Response) return filters
  const patients = patientsOf(ask, level, values('patient'))
  if (patients instanceof Response) return patients
  const elements = elementsOf(types, listOf(values('_elements')), complain)
  const [fault] = faults
  if (fault !== undefined) return refuse(c, 'unknown-parameter', fault)
  if (types.length === 0) return refuse(c, 'bad-request', 'there is no type left to export - correct _type')
  const group = level === 'group' ? { group: ask.id } : {}
  return {
    plan: { level, ...group, ...(patients && { patients }), types, filters, elements, ...times },
    ignored,
  }
}

const listOf = (values: readonly string[]): string[] =>
  values
    .flatMap((value) => value.split(','))
    .map((each) => each.trim())
    .filter((each) => each !== '')

function timesOf(
  since: string | undefined,
  until: string | undefined,
): { since?: string; until?: string } | string {
  // A plus sign in a query is a blank.
  const read = (text: string) => text.replace(/ (?=\d\d:\d\d$)/, '+')
  for (const [name, text] of [
    ['_since', since],
    ['_until', until],
  ] as const) {
    if (text !== undefined && !(instant.test(read(text)) && !Number.isNaN(Date.parse(read(text)))))
      return `${name} must be an instant with its zone, such as 2026-03-02T08:00:00Z`
  }
  return {
    ...(since !== undefined && { since: read(since) }),
    ...(until !== undefined && { until: read(until) }),
  }
}

/** A type of the plan that the client may not read or search (any more), or the Group that it may not read. */
export function deniedIn({ types, level }: ExportPlan, client: Client): string | undefined {
  if (level === 'group' && !permits(client, 'Group', 'r')) return 'Group'
  return types.find((type) => !permits(client, type, 'r', 's'))
}

/** Types outside of the compartment that an export of patients may have: what is referred to. */
export const isMember = (type: string): boolean => membersOf('Patient').includes(type)

function typesOf(
  ask: Ask,
  level: Level,
  named: readonly string[],
  complain: Complaint,
): readonly string[] | Response {
  const { c, client } = ask
  const mayExport = (type: string): boolean => permits(client, type, 'r', 's')
  const unknown = named.filter((type) => !isServedType(type))
  if (unknown.length > 0) complain('_type names a type that is not served here - see /fhir/metadata')
  const wanted = [...new Set(named.filter(isServedType))]
  const denied = wanted.find((type) => !mayExport(type))
  if (denied !== undefined) return refuse(c, 'forbidden', `no scope of this client gives rs on ${denied}`)
  if (level !== 'system' && wanted.length > 0 && !wanted.some(isMember))
    complain('_type names no type that belongs to a patient - use the export of the whole system')
  if (named.length > 0) return wanted
  const all = SERVED_TYPES.filter(mayExport)
  return all.length > 0 ? all : refuse(c, 'forbidden', 'no scope of this client gives rs on any type')
}

/** Parameters that say how to answer a search; an export has its own way. */
const answering = /^_(?:include|revinclude|sort|count|total|summary|elements|page|contained)/

function filtersOf(
  ask: Ask,
  types: readonly string[],
  values: readonly string[],
  complain: Complaint,
): ExportPlan['filters'] | Response {
  const filters: Record<string, string[]> = {}
  // A comma begins the next search only before a type and its mark.
  const queries = values
    .flatMap((value) => value.split(/,(?=[A-Z][A-Za-z]+\?)/))
    .filter((each) => each !== '')
  if (queries.length > bulkLimits.maxTypeFilters)
    return refuse(ask.c, 'bad-request', `at most ${bulkLimits.maxTypeFilters} searches in _typeFilter`)
  for (const query of queries) {
    const mark = query.indexOf('?')
    const rtype = query.slice(0, Math.max(mark, 0))
    if (!isServedType(rtype)) {
      complain('_typeFilter must be searches such as Appointment?status=booked of types that are served')
      continue
    }
    if (!types.includes(rtype)) {
      complain(`_typeFilter has a search for ${rtype}, which is not exported`)
      continue
    }
    const pairs = [...new URLSearchParams(query.slice(mark + 1))]
    if (pairs.some(([name]) => answering.test(name))) {
      complain('_typeFilter takes conditions only, no _sort, _include, _count and the like')
      continue
    }
    const request = searchRequest({ ...ask, rtype }, pairs, true)
    if (request instanceof Response) {
      if (request.status !== 400) return request
      complain(`_typeFilter: the search for ${rtype} is not understood`)
      continue
    }
    filters[rtype] = [...(filters[rtype] ?? []), query.slice(mark + 1)]
  }
  return filters
}

function patientsOf(
  { c }: Ask,
  level: Level,
  values: readonly string[],
): readonly string[] | undefined | Response {
  if (values.length === 0) return undefined
  if (c.req.method !== 'POST') return refuse(c, 'bad-request', 'patient is taken in the body of a POST only')
  if (level === 'system')
    return refuse(c, 'bad-request', 'patient is for exports of patients or of a Group - use Patient/$export')
  if (values.length > bulkLimits.maxPatients)
    return refuse(c, 'too-large', `patient may be repeated ${bulkLimits.maxPatients} times - use a Group`)
  const ids = values.map((value) => /(?:^|\/)Patient\/([A-Za-z0-9.-]{1,64})$/.exec(value)?.[1] ?? '')
  return ids.includes('')
    ? refuse(c, 'bad-request', 'patient must be references such as Patient/123')
    : [...new Set(ids)]
}

function elementsOf(
  types: readonly string[],
  named: readonly string[],
  complain: Complaint,
): readonly string[] {
  return named.filter((each) => {
    const [name = '', type] = each.split('.', 2).toReversed()
    const among = type === undefined ? types : types.filter((own) => own === type)
    const isKnown = among.some((own) => fieldsOf(own, name).length > 0)
    if (!isKnown) complain('_elements names an element that no exported type has')
    return isKnown
  })
}
