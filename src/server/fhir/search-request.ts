// A search as it was asked for, checked against what the client may see (FHIR R4 search.html#errors; S06, S10).

import { everyFilter, type Filter } from '../../fhir/filter.ts'
import type { CodesIn } from '../../fhir/filter-read.ts'
import type { Issue } from '../../fhir/issue.ts'
import { parseSearch, type SearchOptions, type SearchQuery } from '../../fhir/search-query.ts'
import { supportedSort } from '../../store/search.ts'
import { minContainsCharacters } from '../../store/search-condition.ts'
import { permits } from '../auth.ts'
import type { AppOptions } from '../context.ts'
import { type Ask, type Pairs, zoneOf } from './ask.ts'
import { refuse, sendOutcome } from './reply.ts'

export const defaultCount = 50

/** Names that say how to answer, or where a page begins. */
const skip: ReadonlySet<string> = new Set(['_page', '_type'])

/** What only some of several types have to understand. */
const isInclusion = (name: string): boolean => /^_(?:rev)?include(?::|$)/.test(name)

export interface SearchRequest {
  readonly query: SearchQuery
  /** What was left out, as warnings. */
  readonly ignored: readonly Issue[]
}

export interface SearchRequests {
  /** One for each type. */
  readonly queries: readonly SearchQuery[]
  /** What was understood, in the order of the request. */
  readonly applied: Pairs
  readonly ignored: readonly Issue[]
}

/** The same search for several types: what one of them does not know is left out of all, but for inclusions. */
export function searchRequests(
  ask: Ask,
  rtypes: readonly string[],
  pairs: Pairs,
  strict: boolean,
): SearchRequests | Response {
  const [first, ...others] = rtypes
  if (others.length === 0) {
    const request = searchRequest({ ...ask, rtype: first ?? '' }, pairs, strict)
    if (request instanceof Response) return request
    return { queries: [request.query], applied: request.query.applied, ignored: request.ignored }
  }
  const { shared, ignored } = sharedPairs(ask, rtypes, pairs)
  if (strict && ignored.length > 0)
    return sendOutcome(
      ask.c,
      400,
      ignored.map((issue) => ({ ...issue, severity: 'error' })),
    )
  const queries: SearchQuery[] = []
  const applied = new Set<string>()
  for (const rtype of rtypes) {
    const own = shared.filter(
      ([name, value]) => !isInclusion(name) || unknownIn(ask, rtype, name, value) === undefined,
    )
    const request = searchRequest({ ...ask, rtype }, own, strict)
    if (request instanceof Response) return request
    queries.push(request.query)
    for (const pair of request.query.applied) applied.add(JSON.stringify(pair))
  }
  return { queries, applied: [...applied].map((pair) => JSON.parse(pair) as [string, string]), ignored }
}

/** What can be asked of all types at once, and why the rest cannot. */
function sharedPairs(
  ask: Ask,
  rtypes: readonly string[],
  pairs: Pairs,
): { readonly shared: Pairs; readonly ignored: readonly Issue[] } {
  const ignored: Issue[] = []
  const shared = pairs.filter(([name, value]) => {
    if (skip.has(name)) return true
    const issues = rtypes.map((rtype) => unknownIn(ask, rtype, name, value))
    const issue = issues.find((each) => each !== undefined)
    if (!issue || (isInclusion(name) && issues.includes(undefined))) return true
    ignored.push(issue)
    return false
  })
  return { shared, ignored }
}

function unknownIn(ask: Ask, rtype: string, name: string, value: string): Issue | undefined {
  const read = parseSearch(rtype, [[name, value]], { ...knownHere(ask.deps), skip })
  return 'unknown' in read ? read.unknown[0] : undefined
}

/** What searches are read by: zone and clock of this site, its own address, value sets of packages, too. */
export function knownHere({
  gateway,
  baseUrl,
  packages,
}: Pick<AppOptions, 'gateway' | 'baseUrl' | 'packages'>): SearchOptions {
  const codesIn: CodesIn = (url) => packages().profiles.terminology.group(url)?.list()
  const { timezone } = gateway.site().gateway
  return { zone: zoneOf({ gateway }), timezone, now: gateway.now().getTime(), baseUrl, codesIn }
}

/** The query, or the refusal. `strict`: what is not understood refuses it. */
export function searchRequest(ask: Ask, pairs: Pairs, strict: boolean): SearchRequest | Response {
  const { c, deps, rtype } = ask
  const read = parseSearch(rtype, pairs, { ...knownHere(deps), skip, limits: { defaultCount } })
  if ('issues' in read) return sendOutcome(c, statusOf(read.issues), read.issues)
  const ignored = [...read.unknown, ...unsortable(read.query)]
  if (strict && ignored.length > 0) {
    return sendOutcome(
      c,
      400,
      ignored.map((issue) => ({ ...issue, severity: 'error' })),
    )
  }
  const filters: Filter[] = []
  for (const filter of read.query.filters) {
    if (isTooShort(filter)) {
      return refuse(c, 'bad-request', `:contains and :text take at least ${minContainsCharacters} characters`)
    }
    const seen = permitted(filter, ask)
    if (!seen)
      return refuse(c, 'forbidden', 'no scope of this client gives s on a type that the search goes through')
    filters.push(seen)
  }
  return { query: { ...read.query, filters }, ignored }
}

const statusOf = (issues: readonly Issue[]): number =>
  issues.some(({ code }) => code === 'too-costly') ? 422 : 400

function unsortable(query: SearchQuery): Issue[] {
  return supportedSort(query).others.map(({ param }) => ({
    severity: 'warning',
    code: 'not-supported',
    diagnostics: `_sort by ${param} was ignored - sort by another parameter`,
  }))
}

function isTooShort(filter: Filter): boolean {
  for (const each of everyFilter(filter)) {
    if (each.kind === 'text' && each.values.some(({ raw }) => raw.length < minContainsCharacters)) return true
    const inside = each.kind === 'string' && (each.match === 'contains' || each.match === 'ends')
    if (inside && each.values.some(({ text }) => text.length < minContainsCharacters)) return true
  }
  return false
}

/**
 * The filter without the ways through types that the client must not search; undefined when none is left. What is
 * negated stays whole or is refused: less of it would find more.
 */
export function permitted(filter: Filter, ask: Pick<Ask, 'client'>): Filter | undefined {
  switch (filter.kind) {
    case 'has': {
      const inner = permits(ask.client, filter.type, 's') ? permitted(filter.filter, ask) : undefined
      return inner && { ...filter, filter: inner }
    }
    case 'chain': {
      const alternatives = filter.alternatives.flatMap(({ type, filter: each }) => {
        const inner = permits(ask.client, type, 's') ? permitted(each, ask) : undefined
        return inner ? [{ type, filter: inner }] : []
      })
      return alternatives.length > 0 ? { ...filter, alternatives } : undefined
    }
    case 'tree':
      return permits(ask.client, filter.type, 's') ? filter : undefined
    case 'list':
      return permits(ask.client, 'List', 'r') ? filter : undefined
    case 'not':
    case 'all':
    case 'any':
      return isWholly(filter, ask) ? filter : undefined
    default:
      return filter
  }
}

function isWholly(filter: Filter, ask: Pick<Ask, 'client'>): boolean {
  for (const each of everyFilter(filter)) {
    const types =
      each.kind === 'has' || each.kind === 'tree'
        ? [each.type]
        : each.kind === 'chain'
          ? each.alternatives.map(({ type }) => type)
          : each.kind === 'list'
            ? ['List']
            : []
    if (!types.every((type) => permits(ask.client, type, 's'))) return false
  }
  return true
}
