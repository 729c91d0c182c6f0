// A search as it was asked for, checked against what the client may see (FHIR R4 search.html#errors; S06, S10).

import type { Issue } from '../../fhir/issue.ts'
import type { Filter } from '../../fhir/search-filter.ts'
import { parseSearch, type SearchQuery } from '../../fhir/search-query.ts'
import { supportedSort } from '../../store/search.ts'
import { minContainsCharacters } from '../../store/search-condition.ts'
import { permits } from '../auth.ts'
import { type Ask, type Pairs, zoneOf } from './ask.ts'
import { refuse, sendOutcome } from './reply.ts'

export const defaultCount = 50

/** Names that say how to answer, or where a page begins. */
const skip: ReadonlySet<string> = new Set(['_page'])

export interface SearchRequest {
  readonly query: SearchQuery
  /** What was left out, as warnings. */
  readonly ignored: readonly Issue[]
}

/** The query, or the refusal. `strict`: what is not understood refuses it. */
export function searchRequest(ask: Ask, pairs: Pairs, strict: boolean): SearchRequest | Response {
  const { c, deps, rtype } = ask
  const read = parseSearch(rtype, pairs, {
    zone: zoneOf(ask),
    baseUrl: deps.baseUrl,
    skip,
    limits: { defaultCount },
  })
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
    diagnostics: `_sort by ${param} was ignored - sort by a date, a text, _id or _lastUpdated`,
  }))
}

function isTooShort(filter: Filter): boolean {
  switch (filter.kind) {
    case 'chain':
      return filter.alternatives.some((each) => isTooShort(each.filter))
    case 'has':
      return isTooShort(filter.filter)
    case 'text':
      return filter.values.some(({ raw }) => raw.length < minContainsCharacters)
    case 'string':
      return (
        filter.match === 'contains' && filter.values.some(({ text }) => text.length < minContainsCharacters)
      )
    default:
      return false
  }
}

/** The filter without the ways through types that the client must not search; undefined when none is left. */
function permitted(filter: Filter, ask: Ask): Filter | undefined {
  if (filter.kind === 'has') {
    const inner = permits(ask.client, filter.type, 's') ? permitted(filter.filter, ask) : undefined
    return inner && { ...filter, filter: inner }
  }
  if (filter.kind !== 'chain') return filter
  const alternatives = filter.alternatives.flatMap(({ type, filter: each }) => {
    const inner = permits(ask.client, type, 's') ? permitted(each, ask) : undefined
    return inner ? [{ type, filter: inner }] : []
  })
  return alternatives.length > 0 ? { ...filter, alternatives } : undefined
}
