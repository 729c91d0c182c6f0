// Searches as SQL: from the parsed query to one statement per page, by keyset (FHIR R4 search.html, sorting, paging).
import type { Filter } from '../fhir/filter.ts'
import type { SearchQuery, SortKey } from '../fhir/search-query.ts'
import { Binds } from './binds.ts'
import { replacedToken } from './index-rows.ts'
import { condition } from './search-condition.ts'
import { instantPath, rangeShape, sortPath } from './search-path.ts'
import { dateIds, instantTest } from './search-range.ts'

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Where the last page ended, and what it is a page of. */
export interface SearchPosition {
  /** Sort values of the last row as text; null = it had none. */
  readonly keys: readonly (string | null)[]
  readonly id: string
  /** Newest change that the first page could see: later pages show only what existed then. */
  readonly seq: string
  readonly total?: number
}

/** The keys that results can be sorted by here; the others of a query are left out. */
export function supportedSort(query: SearchQuery): { keys: readonly SortKey[]; others: readonly SortKey[] } {
  const isSupported = ({ param }: SortKey): boolean =>
    param === '_id' || param === '_lastUpdated' || sortPath(query.type, param) !== undefined
  return { keys: query.sort.filter(isSupported), others: query.sort.filter((key) => !isSupported(key)) }
}

export const columns = `r.rtype, r.id, r.version, r.updated_at as "updatedAt", r.body::text as body`

/**
 * Whatever matches is found first, then counted and sorted: the planner must not walk the whole type in sort order
 * in the hope of early matches, and the total is exact at no further cost.
 */
export function matchSql(
  tenant: number,
  query: SearchQuery,
  keys: readonly SortKey[],
  limit: number,
  after: SearchPosition | undefined,
): Statement {
  const binds = new Binds(tenant)
  const rtype = binds.text(query.type)
  const wheres = [
    'r.tenant = $1',
    `r.rtype = ${rtype}`,
    'not r.deleted',
    ...conditions(query.type, query.filters, binds),
  ]
  if (after) wheres.push(existedAt('r', after.seq, binds))
  const keyColumns = keys.map((key, i) => `, ${keyExpression(query, key, binds, after)} as k${i}`).join('')
  const counted = after === undefined && query.total !== 'none'
  const text = `with found as materialized (
  select r.id${keyColumns} from resource r where ${wheres.join(' and ')}
), page as (
  select * from found${after ? ` where ${beyond(keys, after, binds, query.type)}` : ''} order by ${orderBy(keys, '')} limit ${binds.add(limit)}
)
select ${columns}${keys.map((_, i) => `, page.k${i}::text as k${i}`).join('')},
  ${counted ? '(select count(*)::int from found)' : 'null::int'} as total, ${newestSeq(rtype)} as seq
from page join resource r on r.tenant = $1 and r.rtype = ${rtype} and r.id = page.id
order by ${orderBy(keys, 'page.')}`
  return { text, values: binds.values }
}

/** All of them hold for a row `r` of resource. */
export function conditions(rtype: string, filters: readonly Filter[], binds: Binds): readonly string[] {
  const ordered = filters.toSorted((a, b) => compareText(nameOf(a), nameOf(b)))
  const list: string[] = []
  const ranges = new Map<string, Extract<Filter, { kind: 'date' }>[]>()
  for (const filter of ordered) {
    // ge and lt of one time are one range of the index, if a resource has only one such time.
    if (filter.kind === 'date' && filter.param !== '_lastUpdated' && rangeShape(rtype, filter.param).single) {
      const same = ranges.get(filter.param)
      if (same) same.push(filter)
      else ranges.set(filter.param, [filter])
    } else list.push(condition(rtype, filter, 'r', binds))
  }
  const fewOthers = filters.some(
    ({ kind }) => kind === 'id' || kind === 'identifier' || kind === 'reference' || kind === 'chain',
  )
  for (const [param, same] of ranges) {
    const lists = same.map(({ values }) => values)
    const path = fewOthers && isOpen(same) ? instantPath(rtype, param) : undefined
    if (path) {
      // Half of all times, of the few resources that something else selects: read there instead of from the index.
      const column = `(r.body #>> ${binds.add(path)}::text[])::timestamptz`
      for (const values of lists) list.push(instantTest(column, values, binds))
    } else list.push(`r.id in (${dateIds(rtype, param, lists, binds)})`)
  }
  if (hidesReplaced(rtype, filters)) list.push(notReplaced('r', binds))
  return list
}

/** True when the conditions leave time without an end on one side. */
function isOpen(same: readonly Extract<Filter, { kind: 'date' }>[]): boolean {
  const prefixes = same.flatMap(({ values }) => values.map(({ prefix }) => prefix))
  const below = prefixes.some((prefix) => prefix === 'lt' || prefix === 'le' || prefix === 'eb')
  const above = prefixes.some((prefix) => prefix === 'gt' || prefix === 'ge' || prefix === 'sa')
  return prefixes.includes('ne') || ((below || above) && !(below && above) && !prefixes.includes('eq'))
}

const nameOf = (filter: Filter): string => `${filter.kind} ${'param' in filter ? filter.param : ''}`
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Retired patients are found by `_id`, and where inactive ones are asked for; their survivor has their identifiers. */
export function hidesReplaced(rtype: string, filters: readonly Filter[]): boolean {
  if (rtype !== 'Patient') return false
  return !filters.some((filter) => {
    if (filter.kind === 'not') return false
    if (filter.kind === 'all' || filter.kind === 'any') return !hidesReplaced(rtype, filter.filters)
    if (filter.kind === 'id') return true
    if (filter.kind !== 'token' || filter.param !== 'active') return false
    return filter.not
      ? filter.values.every(({ code }) => code === 'true')
      : filter.values.some(({ code }) => code === 'false')
  })
}

export const notReplaced = (alias: string, binds: Binds): string =>
  `not (${alias}.tokens @> ${binds.add([replacedToken])}::bigint[])`

/** What stands now has later numbers than what it took the place of, so history is not asked: that plan takes longer than the search. */
export const newestSeq = (rtype: string): string =>
  `(select max(n.seq)::text from resource n where n.tenant = $1 and n.rtype = ${rtype})`

/** What was made after the first page is not on the later ones; what was changed since then still is. */
export function existedAt(alias: string, seq: string, binds: Binds): string {
  const place = `${binds.add(seq)}::bigint`
  return `(${alias}.seq <= ${place} or (select e.op <> 'delete' from history e
    where e.tenant = $1 and e.rtype = ${alias}.rtype and e.id = ${alias}.id and e.seq <= ${place}
    order by e.version desc limit 1))`
}

const casts = {
  time: 'timestamptz',
  text: 'text',
  seq: 'bigint',
  number: 'numeric',
  flag: 'boolean',
} as const

export function kindOf(rtype: string, { param }: SortKey): keyof typeof casts {
  if (param === '_lastUpdated') return 'seq'
  return param === '_id' ? 'text' : (sortPath(rtype, param)?.kind ?? 'text')
}

export function keyExpression(
  { type, timezone }: Pick<SearchQuery, 'type' | 'timezone'>,
  key: SortKey,
  binds: Binds,
  after: SearchPosition | undefined,
): string {
  if (key.param === '_id') return 'r.id'
  if (key.param === '_lastUpdated') {
    // Changes are numbered as they are committed: their order is that of time. Later pages keep that of the first.
    if (!after) return 'r.seq'
    const place = `${binds.add(after.seq)}::bigint`
    return `(case when r.seq <= ${place} then r.seq else (select max(k.seq) from history k
      where k.tenant = $1 and k.rtype = r.rtype and k.id = r.id and k.seq <= ${place}) end)`
  }
  const path = sortPath(type, key.param)
  const body = after ? bodyAt(after.seq, binds) : 'r.body'
  const values = (path?.places ?? []).map(({ elements, path: json }) =>
    elements
      ? `${body} #>> ${binds.add(elements)}::text[]`
      : `jsonb_path_query_first(${body}, ${binds.add(json)}::jsonpath) #>> '{}'`,
  )
  const value = values.length === 1 ? values.join('') : `coalesce(${values.join(', ')})`
  switch (path?.kind) {
    case 'flag':
      return `(coalesce(${value}, 'false') <> 'false')`
    case 'number':
      return `(${value})::numeric`
    case 'time':
      return timeExpression(value, binds.text(timezone))
    default:
      return `lower(${value}) collate "C"`
  }
}

/** What was changed since the first page keeps its place: moved, it would be missed or come twice. */
function bodyAt(seq: string, binds: Binds): string {
  const place = `${binds.add(seq)}::bigint`
  return `(case when r.seq <= ${place} then r.body else (select h.body from history h
    where h.tenant = $1 and h.rtype = r.rtype and h.id = r.id and h.seq <= ${place}
    order by h.version desc limit 1) end)`
}

/** FHIR dates may lack month and day; what has no time of day has no zone, and is of the site's. */
const timeExpression = (value: string, zone: string): string =>
  `(select case when length(v.t) > 10 then v.t::timestamptz else
      (v.t || case length(v.t) when 4 then '-01-01' when 7 then '-01' else '' end)::timestamp at time zone ${zone} end
    from (select ${value} as t) v)`

export const orderBy = (keys: readonly SortKey[], prefix: string, last = ['id']): string =>
  [
    ...keys.map(({ descending }, i) => `${prefix}k${i} ${descending ? 'desc' : 'asc'} nulls last`),
    ...last.map((each) => prefix + each),
  ].join(', ')

/** Rows of `found` that come after a position in the order of `orderBy`. */
export function beyond(
  keys: readonly SortKey[],
  { keys: last, id }: SearchPosition,
  binds: Binds,
  rtype: string,
  past = `id > ${binds.add(id)}`,
): string {
  let test = past
  for (const [i, key] of [...keys.entries()].toReversed()) {
    const value = `${binds.add(last[i] ?? null)}::${casts[kindOf(rtype, key)]}`
    const later = `k${i} ${key.descending ? '<' : '>'} ${value} or (k${i} is null and ${value} is not null)`
    test = `(${later} or (k${i} is not distinct from ${value} and ${test}))`
  }
  return test
}
