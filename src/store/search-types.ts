// Searches over several types at once (FHIR R4 search.html#all): one statement, one order, one cursor for all of them.
import type { SearchQuery, SortKey } from '../fhir/search-query.ts'
import { Binds } from './binds.ts'
import type { Queryable } from './db.ts'
import { type MatchRow, type SearchPage, searchPage } from './search.ts'
import {
  beyond,
  columns,
  conditions,
  existedAt,
  keyExpression,
  kindOf,
  newestSeq,
  orderBy,
  type SearchPosition,
  type Statement,
  supportedSort,
} from './search-sql.ts'

interface PageRow extends MatchRow {
  readonly total: number | null
  readonly seq: string | null
  readonly [key: `k${number}`]: string | null
}

/** Keys that every type can be sorted by, in the same way. */
function sharedKeys(queries: readonly SearchQuery[]): readonly SortKey[] {
  const [first, ...others] = queries.map((query) => ({ type: query.type, keys: supportedSort(query).keys }))
  return (first?.keys ?? []).filter((key) =>
    others.every(({ type, keys }) =>
      keys.some(({ param }) => param === key.param && kindOf(type, key) === kindOf(first?.type ?? '', key)),
    ),
  )
}

/** A page of what matches any of the queries, each of another type. */
export async function searchTypes(
  db: Queryable,
  tenant: number,
  queries: readonly SearchQuery[],
  after?: SearchPosition,
): Promise<SearchPage> {
  const [first, ...others] = queries
  if (!first) return { rows: [], total: 0, next: undefined }
  if (others.length === 0) return await searchPage(db, tenant, first, after)
  const keys = sharedKeys(queries)
  const count = first.onlyCount ? 0 : first.count
  const { text, values } = pagesSql(tenant, queries, keys, count + 1, after)
  const found = await db.query<PageRow>('', text, values)
  const rows = found.slice(0, count)
  const last = rows.at(-1)
  const total = first.total === 'none' ? undefined : (after?.total ?? found[0]?.total ?? 0)
  if (found.length <= count || !last) return { rows, total, next: undefined }
  const next = {
    keys: keys.map((_, i) => last[`k${i}`] ?? null),
    id: `${last.rtype}/${last.id}`,
    seq: after?.seq ?? last.seq ?? '0',
    ...(total !== undefined && { total }),
  }
  return { rows, total, next }
}

export function pagesSql(
  tenant: number,
  queries: readonly SearchQuery[],
  keys: readonly SortKey[],
  limit: number,
  after: SearchPosition | undefined,
): Statement {
  const binds = new Binds(tenant)
  const found = queries.map((query) => {
    const { type, filters } = query
    const wheres = ['r.tenant = $1', `r.rtype = ${binds.text(type)}`, 'not r.deleted']
    wheres.push(...conditions(type, filters, binds))
    if (after) wheres.push(existedAt('r', after.seq, binds))
    const keyColumns = keys.map((key, i) => `, ${keyExpression(query, key, binds, after)} as k${i}`).join('')
    return `select r.rtype, r.id${keyColumns} from resource r where ${wheres.join(' and ')}`
  })
  let where = ''
  if (after) {
    const [type = '', id = ''] = after.id.split('/')
    const past = `(rtype, id) > (${binds.add(type)}::text, ${binds.add(id)}::text)`
    where = ` where ${beyond(keys, after, binds, queries[0]?.type ?? '', past)}`
  }
  const seqs = queries.map(({ type }) => `${newestSeq(binds.text(type))}::bigint`)
  const last = ['rtype', 'id']
  const text = `with found as materialized (
  ${found.join('\n  union all ')}
), page as (
  select * from found${where} order by ${orderBy(keys, '', last)} limit ${binds.add(limit)}
)
select ${columns}${keys.map((_, i) => `, page.k${i}::text as k${i}`).join('')},
  ${after ? 'null::int' : '(select count(*)::int from found)'} as total, greatest(${seqs.join(', ')})::text as seq
from page join resource r on r.tenant = $1 and r.rtype = page.rtype and r.id = page.id
order by ${orderBy(keys, 'page.', last)}`
  return { text, values: binds.values }
}
