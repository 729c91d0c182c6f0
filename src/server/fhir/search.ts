// search by GET and POST _search, of one type, of several, or inside of a compartment (FHIR R4 search.html): a searchset
// with exact total, signed page links, inclusions.
import { COMPARTMENT_TYPES, compartmentFilter, membersOf } from '../../fhir/compartment.ts'
import type { Filter } from '../../fhir/filter.ts'
import type { Issue } from '../../fhir/issue.ts'
import { operationOutcome } from '../../fhir/outcome.ts'
import { type Include, includesOf } from '../../fhir/search-include.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import { isServedType, SERVED_TYPES } from '../../fhir/types.ts'
import type { SearchPage, SearchPosition } from '../../store/search.ts'
import { includedRows } from '../../store/search-include.ts'
import { searchTypes } from '../../store/search-types.ts'
import { permits } from '../auth.ts'
import { isUtf8, mediaType, readBody } from '../body.ts'
import { requestLimits } from '../context.ts'
import { type Ask, type Pairs, queryOf } from './ask.ts'
import { type BundleEntry, bundleText } from './bundle.ts'
import { partsOf } from './elements.ts'
import { refuse, sendOutcome, sendText } from './reply.ts'
import { resourceText, type Stored } from './resource-text.ts'
import { searchRequests } from './search-request.ts'

/** What is searched: types, the path that says so, and a condition that the path adds for each type. */
interface Scope {
  readonly rtypes: readonly string[]
  readonly path: string
  readonly within?: (rtype: string) => Filter | undefined
  /** One type, which the path names: `_type` says nothing there. */
  readonly isOfType?: true
  /** Parameters that only the path understands, for the links. */
  readonly extra?: Pairs
  readonly includes?: (rtype: string) => readonly Include[]
}

export type Source = (ask: Ask) => Promise<Pairs | Response>

export const ofUrl: Source = async ({ c }) => queryOf(c)

/** The parameters of the body are added to those of the URL. */
export const ofForm: Source = async ({ c }) => {
  const { type, charset } = mediaType(c.req.header('content-type'))
  if (type !== 'application/x-www-form-urlencoded' || !isUtf8(charset)) {
    return refuse(
      c,
      'unsupported-media-type',
      'Content-Type must be application/x-www-form-urlencoded in UTF-8',
    )
  }
  const body = await readBody(c.req.raw, requestLimits.maxFormBytes, c.env)
  if ('fault' in body) {
    if (body.fault === 'compressed')
      return refuse(c, 'unsupported-media-type', 'compressed bodies are not taken')
    if (body.fault === 'aborted') return refuse(c, 'bad-request', 'the body ended early')
    return refuse(c, 'too-large', `a search has at most ${requestLimits.maxFormBytes} bytes`)
  }
  const form = new URLSearchParams(Buffer.from(body.bytes).toString())
  const format = form.get('_format')
  if (format !== null) c.set('format', format)
  return [...queryOf(c), ...form]
}

const ofType =
  (source: Source) =>
  async (ask: Ask): Promise<Response> =>
    await answer(ask, await source(ask), () => ({ rtypes: [ask.rtype], path: ask.rtype, isOfType: true }))

export const search = ofType(ofUrl)
export const postSearch = ofType(ofForm)

/** `/fhir?_type=A,B`: all types that the client may search, or those of `_type`. */
const ofSystem =
  (source: Source) =>
  async (ask: Ask): Promise<Response> =>
    await answer(ask, await source(ask), (pairs) => {
      const rtypes = typesOf(ask, pairs, SERVED_TYPES)
      return rtypes instanceof Response ? rtypes : { rtypes, path: '' }
    })

export const systemSearch = ofSystem(ofUrl)
export const postSystemSearch = ofSystem(ofForm)

/** `/fhir/Patient/x/Appointment`, and `/fhir/Patient/x/*` for all that belongs to it. */
const ofCompartment =
  (source: Source) =>
  async (ask: Ask): Promise<Response> => {
    const { c, rtype: compartment, id } = ask
    const member = c.req.param('member') ?? ''
    if (!COMPARTMENT_TYPES.includes(compartment) || !(member === '*' || isServedType(member)))
      return refuse(c, 'not-found', 'there is nothing here - see /fhir/metadata')
    const members = membersOf(compartment)
    if (member !== '*' && !members.includes(member))
      return refuse(c, 'not-found', `no ${member} belongs to a ${compartment} - search for ${member} itself`)
    return await answer(ask, await source(ask), (pairs) => {
      const rtypes = typesOf(ask, pairs, member === '*' ? members : [member])
      if (rtypes instanceof Response) return rtypes
      const within = (rtype: string) => compartmentFilter(compartment, id, rtype)
      return { rtypes, path: `${compartment}/${id}/${member}`, within }
    })
  }

export const compartmentSearch = ofCompartment(ofUrl)
export const postCompartmentSearch = ofCompartment(ofForm)

/** Those of the types that the client may search and asks for; a type that it names and may not search refuses. */
function typesOf({ c, client }: Ask, pairs: Pairs, all: readonly string[]): readonly string[] | Response {
  const named = pairs.filter(([name]) => name === '_type').flatMap(([, value]) => value.split(','))
  const unknown = named.find((type) => !isServedType(type))
  if (unknown !== undefined) return refuse(c, 'bad-request', '_type names a type that is not served here')
  const denied = (named.length > 0 ? named : all.length === 1 ? all : []).find(
    (type) => !permits(client, type, 's'),
  )
  if (denied !== undefined) return refuse(c, 'forbidden', `no scope of this client gives s on ${denied}`)
  const found = all.filter(
    (type) => permits(client, type, 's') && (named.length === 0 || named.includes(type)),
  )
  return found.length > 0
    ? found
    : refuse(c, 'forbidden', 'no scope of this client gives s on any of these types')
}

/** All of a compartment with what it refers to; `narrower` adds conditions to those of a type. */
export async function searchCompartment(
  ask: Ask,
  all: readonly string[],
  path: string,
  pairs: Pairs,
  extra: Pairs,
  narrower: (rtype: string) => readonly Filter[],
): Promise<Response> {
  return await answer(ask, pairs, () => {
    const rtypes = typesOf(ask, pairs, all)
    if (rtypes instanceof Response) return rtypes
    const within = (rtype: string): Filter | undefined => {
      const own = compartmentFilter(ask.rtype, ask.id, rtype)
      return own && { kind: 'all', filters: [own, ...narrower(rtype)] }
    }
    return { rtypes, path, within, extra, includes: (rtype) => includesOf(rtype, '*', false, false) }
  })
}

/** A search of the type of the path that finds nothing but what `within` allows; `extra` are parameters of the path alone. */
export const searchWithin = async (
  ask: Ask,
  path: string,
  pairs: Pairs,
  extra: Pairs,
  within: Filter,
): Promise<Response> =>
  await answer(ask, pairs, () => ({ rtypes: [ask.rtype], path, within: () => within, extra }))

async function answer(
  ask: Ask,
  pairs: Pairs | Response,
  scopeOf: (pairs: Pairs) => Scope | Response,
): Promise<Response> {
  if (pairs instanceof Response) return pairs
  const { c, deps, client, prefer } = ask
  const scope = scopeOf(pairs)
  if (scope instanceof Response) return scope
  const strict = prefer.handling === 'strict'
  const named = pairs.filter(([name]) => name === '_type')
  if (strict && scope.isOfType && named.length > 0)
    return sendOutcome(c, 400, [{ ...typeIgnored, severity: 'error' }])
  const request = searchRequests(ask, scope.rtypes, pairs, strict)
  if (request instanceof Response) return request
  const queries = request.queries.map((query) => narrowed(query, scope.within?.(query.type)))
  const [query] = queries
  if (!query) return refuse(c, 'bad-request', 'there is no type to search')
  const applied = [...request.applied, ...(scope.extra ?? []), ...(scope.isOfType ? [] : named)]
  const binding = `search\n${deps.tenant}\n${client.id}\n${scope.path}\n${encoded(applied)}`
  const position = positionOf(ask, pairs, binding)
  if (position instanceof Response) return position
  const page = await searchTypes(deps.db.read, deps.tenant, queries, position)
  const mayRead = (type: string): boolean => permits(client, type, 'r')
  const inclusions = {
    includes: queries.flatMap(({ type, includes }) => [...includes, ...(scope.includes?.(type) ?? [])]),
    revIncludes: queries.flatMap(({ revIncludes }) => revIncludes),
  }
  const included = await includedRows(deps.db.read, deps.tenant, inclusions, page.rows, mayRead)
  const warnings = [
    ...request.ignored,
    ...(scope.isOfType && named.length > 0 ? [typeIgnored] : []),
    ...(included.truncated ? [truncation] : []),
  ]
  const entry = (row: Stored & { rtype: string; id: string }, mode: 'match' | 'include'): BundleEntry => ({
    fullUrl: `${deps.baseUrl}/${row.rtype}/${row.id}`,
    resource: mode === 'match' ? partsOf(resourceText(row), query) : resourceText(row),
    mode,
  })
  const text = bundleText({
    type: 'searchset',
    total: page.total,
    timestamp: deps.gateway.now().toISOString(),
    links: linksOf(ask, scope.path, applied, pairs, page, binding),
    entries: [
      ...page.rows.map((row) => entry(row, 'match')),
      ...included.rows.map((row) => entry(row, 'include')),
      ...outcomeEntry(warnings),
    ],
  })
  return sendText(c, 200, text)
}

const narrowed = (query: SearchQuery, within: Filter | undefined): SearchQuery =>
  within ? { ...query, filters: [...query.filters, within] } : query

const truncation: Issue = {
  severity: 'warning',
  code: 'incomplete',
  diagnostics: 'not everything to be included is on this page - ask for fewer results or inclusions',
}

const typeIgnored: Issue = {
  severity: 'warning',
  code: 'not-supported',
  diagnostics: '_type was ignored: the path names the type already - search /fhir for several types',
}

/** What was ignored, as the last entry of the answer. */
export function outcomeEntry(issues: readonly Issue[]): readonly BundleEntry[] {
  return issues.length > 0 ? [{ resource: JSON.stringify(operationOutcome(issues)), mode: 'outcome' }] : []
}

/** Where the page begins: undefined for the first one; a refusal when the token is not ours for this query. */
function positionOf({ c, deps }: Ask, pairs: Pairs, binding: string): SearchPosition | undefined | Response {
  const token = pairs.findLast(([name]) => name === '_page')?.[1]
  if (token === undefined) return undefined
  const reading = deps.cursors.read(token, binding)
  if (!('fault' in reading)) return reading.position
  return reading.fault === 'expired'
    ? refuse(c, 'gone', 'this page link is too old - start the search again')
    : refuse(c, 'bad-request', '_page is not a page of this search - follow the links of the Bundle')
}

export const encoded = (pairs: Pairs): string =>
  new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()

function linksOf(
  { deps }: Ask,
  path: string,
  applied: Pairs,
  pairs: Pairs,
  page: SearchPage,
  binding: string,
): { relation: 'self' | 'first' | 'next'; url: string }[] {
  const url = (extra: Pairs): string => {
    const text = encoded([...applied, ...extra])
    return `${deps.baseUrl}${path === '' ? '' : `/${path}`}${text === '' ? '' : `?${text}`}`
  }
  const own = pairs.filter(([name]) => name === '_page').slice(-1)
  const self = { relation: 'self', url: url(own) } as const
  const begin = own.length > 0 ? [self, { relation: 'first', url: url([]) } as const] : [self]
  if (!page.next) return begin
  return [...begin, { relation: 'next', url: url([['_page', deps.cursors.write(page.next, binding)]]) }]
}
