// A search request as a typed query (http://hl7.org/fhir/R4/search.html). Pure: nothing is looked up but the
// table of search parameters; names and values of the request reach no other text than issues and bound
// values.
import { UTC, type ZoneOffset } from './date.ts'
import { fieldsOf } from './elements.ts'
import type { Filter } from './filter.ts'
import { type FilterContext, unknownParam } from './filter-read.ts'
import type { Issue, IssueCode } from './issue.ts'
import { parseFilter } from './search-filter.ts'
import { type Include, includesOf } from './search-include.ts'
import { SEARCH_LIMITS, type SearchLimits } from './search-limits.ts'
import { type SearchParamType, searchParam } from './search-params.ts'

export interface SortKey {
  readonly param: string
  readonly type: SearchParamType
  readonly descending: boolean
}

export interface SearchQuery {
  readonly type: string
  /** All hold. */
  readonly filters: readonly Filter[]
  readonly includes: readonly Include[]
  readonly revIncludes: readonly Include[]
  /** IANA zone of dates that have none. */
  readonly timezone: string
  /** Empty = the order of the store. */
  readonly sort: readonly SortKey[]
  /** Results per page; 0 = only the total. */
  readonly count: number
  readonly total: 'none' | 'estimate' | 'accurate' | undefined
  /** True for `_summary=count`. */
  readonly onlyCount: boolean
  /** Parts to return, when it is not all of a resource. */
  readonly summary: 'true' | 'text' | 'data' | undefined
  /** Top-level elements to return, or with a minus to leave out; undefined = all. */
  readonly elements: readonly string[] | undefined
  /** What was understood, in the order of the request: the self link has these and no others. */
  readonly applied: readonly (readonly [name: string, value: string])[]
}

export type SearchRead =
  | { readonly query: SearchQuery; readonly unknown: readonly Issue[] }
  | { readonly issues: readonly Issue[] }

export interface SearchOptions {
  /** What dates without a zone mean. */
  readonly zone?: ZoneOffset
  /** Milliseconds since 1970, for what is about a time (`ap`); without it, of a time only its own length counts. */
  readonly now?: number
  /** IANA name of `zone`, in which dates without a zone are sorted; UTC without it. */
  readonly timezone?: string
  /** Own base URL without a slash at the end. */
  readonly baseUrl?: string
  /** Names that are not of the search: page tokens, `_format`. */
  readonly skip?: ReadonlySet<string>
  /** What a value set has, for `:in`; without it those that are carried are known. */
  readonly codesIn?: FilterContext['codesIn']
  readonly limits?: Partial<SearchLimits>
}

/** Presentation, not search. */
const PRESENTATION: ReadonlySet<string> = new Set(['_format', '_pretty'])

interface Draft {
  readonly type: string
  readonly timezone: string
  readonly limits: SearchLimits
  readonly context: FilterContext
  readonly filters: Filter[]
  readonly includes: Include[]
  readonly revIncludes: Include[]
  readonly applied: [string, string][]
  readonly unknown: Issue[]
  readonly issues: Issue[]
  sort: SortKey[]
  count: number
  total: SearchQuery['total']
  onlyCount: boolean
  summary: SearchQuery['summary']
  inclusions: number
  elements: string[] | undefined
}

/**
 * Reads the decoded name and value pairs of a search for a type. Unknown parameters are left out and listed
 * in `unknown` as warnings: lenient handling answers with them, strict handling (`Prefer: handling=strict`)
 * refuses.
 */
export function parseSearch(
  type: string,
  pairs: Iterable<readonly [string, string]>,
  options: SearchOptions = {},
): SearchRead {
  const limits = { ...SEARCH_LIMITS, ...options.limits }
  const draft = newDraft(type, limits, options)
  let seen = 0
  for (const [name, value] of pairs) {
    if (PRESENTATION.has(name) || options.skip?.has(name)) continue
    seen += 1
    if (seen > limits.maxParams) {
      refuse(draft, 'too-costly', `has more than ${limits.maxParams} parameters - split it`)
      break
    }
    if (value.length > limits.maxValueChars || name.length > limits.maxValueChars) {
      refuse(draft, 'too-long', `has a parameter of more than ${limits.maxValueChars} characters - split it`)
    } else if (value !== '') read(draft, name, value)
  }
  if (draft.issues.length > 0) return { issues: draft.issues }
  if (draft.summary === 'text') withoutInclusions(draft)
  const { limits: _limits, context, issues, unknown, inclusions: _inclusions, ...query } = draft
  return { query, unknown }
}

function newDraft(type: string, limits: SearchLimits, options: SearchOptions): Draft {
  const { zone = UTC, timezone = 'UTC', now, baseUrl, codesIn } = options
  return {
    type,
    timezone,
    limits,
    context: {
      zone,
      now,
      baseUrl,
      codesIn,
      maxValues: limits.maxValues,
      maxChainDepth: limits.maxChainDepth,
    },
    filters: [],
    includes: [],
    revIncludes: [],
    applied: [],
    unknown: [],
    issues: [],
    sort: [],
    count: limits.defaultCount,
    total: undefined,
    onlyCount: false,
    summary: undefined,
    inclusions: 0,
    elements: undefined,
  }
}

/** Texts alone say nothing of what belongs together (http://hl7.org/fhir/R4/search.html#summary). */
function withoutInclusions(draft: Draft): void {
  for (const list of [draft.includes, draft.revIncludes]) {
    if (list.length > 0) ignore(draft, list === draft.includes ? '_include' : '_revinclude')
    list.length = 0
  }
  const kept = draft.applied.filter(([name]) => !/^_(?:rev)?include/.test(name))
  draft.applied.splice(0, draft.applied.length, ...kept)
}

function refuse(draft: Draft, code: IssueCode, text: string): void {
  draft.issues.push({ severity: 'error', code, diagnostics: `The search ${text}` })
}

function ignore(draft: Draft, name: string): void {
  draft.unknown.push(unknownParam(draft.type, name))
}

/** Reads one parameter; answers the part of its value that was understood, if any. */
type Control = (draft: Draft, value: string, name: string) => string | undefined

const CONTROLS: ReadonlyMap<string, Control> = new Map<string, Control>([
  ['_count', readCount],
  ['_sort', readSort],
  ['_total', readTotal],
  ['_summary', readSummary],
  ['_elements', readElements],
  ['_query', readNothing],
  ['_contained', readContained],
  ['_include', (draft, value, name) => readInclude(draft, value, name, draft.includes)],
  ['_revinclude', (draft, value, name) => readInclude(draft, value, name, draft.revIncludes)],
])

function read(draft: Draft, name: string, value: string): void {
  const control = CONTROLS.get(name.replace(/:(?:iterate|recurse)$/, ''))
  if (control) {
    const understood = control(draft, value, name)
    if (understood !== undefined) draft.applied.push([name, understood])
    return
  }
  const filter = parseFilter(draft.type, name, value, draft.context)
  if ('issue' in filter) draft.issues.push(filter.issue)
  else if ('unknown' in filter) draft.unknown.push(filter.unknown)
  else {
    draft.filters.push(filter.filter)
    draft.applied.push([name, value])
  }
}

function readCount(draft: Draft, value: string): string | undefined {
  if (!/^[0-9]{1,30}$/.test(value)) {
    refuse(draft, 'invalid', 'has a _count that is no number of results - use 0 or more')
    return undefined
  }
  draft.count = Math.min(Number(value), draft.limits.maxCount)
  return String(draft.count)
}

function readSort(draft: Draft, value: string): string | undefined {
  const keys: SortKey[] = []
  for (const part of value.split(',', draft.limits.maxSortKeys + 1)) {
    const descending = part.startsWith('-')
    const code = descending ? part.slice(1) : part
    const param = searchParam(draft.type, code)
    if (param) keys.push({ param: code, type: param.type, descending })
    else ignore(draft, `_sort:${code}`)
  }
  if (keys.length > draft.limits.maxSortKeys) {
    refuse(draft, 'too-costly', `has more than ${draft.limits.maxSortKeys} keys in _sort - use fewer`)
  }
  draft.sort = keys
  const understood = keys.map(({ param, descending }) => `${descending ? '-' : ''}${param}`).join(',')
  return understood === '' ? undefined : understood
}

/** What would change the whole of a search: left out, it would answer another question. */
function readNothing(draft: Draft): undefined {
  refuse(
    draft,
    'not-supported',
    'names a _query, and this server has none - use search parameters or _filter',
  )
}

function readContained(draft: Draft, value: string): string | undefined {
  if (value === 'false') return value
  refuse(
    draft,
    'not-supported',
    'asks for contained resources, and they are not searched - leave _contained out',
  )
  return undefined
}

function readTotal(draft: Draft, value: string): string | undefined {
  if (value !== 'none' && value !== 'estimate' && value !== 'accurate') {
    refuse(draft, 'invalid', 'has an unknown _total - use none, estimate or accurate')
    return undefined
  }
  draft.total = value
  return value
}

function readSummary(draft: Draft, value: string): string | undefined {
  const isPart = value === 'true' || value === 'text' || value === 'data'
  if (isPart) draft.summary = value
  else if (value !== 'count' && value !== 'false') {
    refuse(draft, 'invalid', 'has an unknown _summary - use true, text, data, count or false')
    return undefined
  }
  draft.onlyCount = value === 'count'
  return value
}

/** With a minus before it, an element is left out and the others stay. */
function readElements(draft: Draft, value: string): string | undefined {
  const prefix = `${draft.type}.`
  const known: string[] = []
  for (const part of value.split(',')) {
    const sign = part.startsWith('-') ? '-' : ''
    const path = part.slice(sign.length)
    const name = path.startsWith(prefix) ? path.slice(prefix.length) : path
    if (fieldsOf(draft.type, name).length > 0) known.push(`${sign}${name}`)
    else ignore(draft, `_elements:${name}`)
  }
  if (known.length === 0) return undefined
  draft.elements = known
  return known.join(',')
}

/** `Type:param[:target]`; an inclusion that cannot lead anywhere is ignored like an unknown parameter. */
function readInclude(draft: Draft, value: string, name: string, into: Include[]): string | undefined {
  const found = includesOf(draft.type, value, into === draft.revIncludes, name.includes(':'))
  if (found.length === 0) {
    ignore(draft, `${name}=${value}`)
    return undefined
  }
  draft.inclusions += 1
  if (draft.inclusions > draft.limits.maxIncludes) {
    refuse(draft, 'too-costly', `has more than ${draft.limits.maxIncludes} inclusions - use fewer`)
    return undefined
  }
  into.push(...found)
  return value
}
