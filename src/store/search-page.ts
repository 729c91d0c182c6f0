// A page of a search as one statement (FHIR R4 search.html), and the number of all matches. Without conditions the walk along
// an index is what we want, in order of ids or of changes.
import type { SearchQuery, SortKey } from '../fhir/search-query.ts'
import { Binds } from './binds.ts'
import { replacedToken } from './index-rows.ts'
import {
  columns,
  conditions,
  existedAt,
  hidesReplaced,
  matchSql,
  newestSeq,
  notReplaced,
  type SearchPosition,
  type Statement,
  supportedSort,
} from './search-sql.ts'

/** One page and, on the first one, the total: rows with `total`, `seq` and the sort keys k0, k1, ... */
export function pageSql(
  tenant: number,
  query: SearchQuery,
  limit: number,
  after: SearchPosition | undefined,
): Statement {
  const { keys } = supportedSort(query)
  return isBrowse(query, keys)
    ? browseSql(tenant, query, keys[0], limit, after)
    : matchSql(tenant, query, keys, limit, after)
}

function isBrowse(query: SearchQuery, keys: readonly SortKey[]): boolean {
  if (query.filters.length > 0 || keys.length > 1) return false
  const [key] = keys
  if (key === undefined) return true
  return key.param === '_id' ? !key.descending : key.param === '_lastUpdated'
}

function browseSql(
  tenant: number,
  query: SearchQuery,
  key: SortKey | undefined,
  limit: number,
  after: SearchPosition | undefined,
): Statement {
  const binds = new Binds(tenant)
  const rtype = binds.text(query.type)
  const wheres = ['r.tenant = $1', `r.rtype = ${rtype}`, 'not r.deleted']
  if (hidesReplaced(query.type, query.filters)) wheres.push(notReplaced('r', binds))
  const bySeq = key?.param === '_lastUpdated'
  if (bySeq && after) return laterBySeq(rtype, wheres, key, limit, after, binds)
  if (after) wheres.push(`r.id > ${binds.add(after.id)}`, existedAt('r', after.seq, binds))
  const order = bySeq ? `r.seq ${key.descending ? 'desc' : 'asc'}` : 'r.id'
  const keyColumn = bySeq ? ', r.seq::text as k0' : key ? ', r.id as k0' : ''
  const text = `select ${columns}${keyColumn}, null::int as total, ${newestSeq(rtype)} as seq
from resource r where ${wheres.join(' and ')} order by ${order} limit ${binds.add(limit)}`
  return { text, values: binds.values }
}

/**
 * Two walks: what has not changed since the first page, along the index; and what has, which is little, by the number
 * that it had then.
 */
function laterBySeq(
  rtype: string,
  wheres: readonly string[],
  { descending }: SortKey,
  limit: number,
  { keys: [last], seq }: SearchPosition,
  binds: Binds,
): Statement {
  const [place, from, count] = [`${binds.add(seq)}::bigint`, `${binds.add(last)}::bigint`, binds.add(limit)]
  const [sign, order] = descending ? ['<', 'desc'] : ['>', 'asc']
  const where = wheres.join(' and ')
  const text = `select k.rtype, k.id, k.version, k."updatedAt", k.body::text as body, k.k0::text as k0,
  null::int as total, ${newestSeq(rtype)} as seq
from (
  (select ${raw}, r.seq as k0 from resource r where ${where} and r.seq ${sign} ${from} and r.seq <= ${place}
    order by r.seq ${order} limit ${count})
  union all
  (select ${raw}, h.seq as k0 from resource r cross join lateral (
      select h.seq, h.op from history h where h.tenant = $1 and h.rtype = r.rtype and h.id = r.id and h.seq <= ${place}
      order by h.version desc limit 1
    ) h
    where ${where} and r.seq > ${place} and h.op <> 'delete' and h.seq ${sign} ${from}
    order by h.seq ${order} limit ${count})
) k order by k.k0 ${order} limit ${count}`
  return { text, values: binds.values }
}

const raw = 'r.rtype, r.id, r.version, r.updated_at as "updatedAt", r.body'

/** The number of all matches. */
export function countSql(tenant: number, query: SearchQuery): Statement {
  const binds = new Binds(tenant)
  const all = `select count(*) from resource r where r.tenant = $1 and r.rtype = ${binds.text(query.type)}`
  if (query.filters.length > 0) {
    const tests = ['not r.deleted', ...conditions(query.type, query.filters, binds)].join(' and ')
    return { text: `select (${all} and ${tests})::int as total`, values: binds.values }
  }
  // All are counted in an index alone, and what is deleted or replaced in others: no row is read.
  const deleted = `(${all} and r.deleted)`
  if (!hidesReplaced(query.type, query.filters))
    return { text: `select ((${all}) - ${deleted})::int as total`, values: binds.values }
  const replaced = `(${all} and not r.deleted and r.tokens @> ${binds.add([replacedToken])}::bigint[])`
  return { text: `select ((${all}) - ${deleted} - ${replaced})::int as total`, values: binds.values }
}

/** The plan for all matches, which says how many it expects. */
export function estimateSql(tenant: number, query: SearchQuery): Statement {
  const binds = new Binds(tenant)
  const wheres = ['r.tenant = $1', `r.rtype = ${binds.text(query.type)}`, 'not r.deleted']
  wheres.push(...conditions(query.type, query.filters, binds))
  const text = `explain (format json) select r.id from resource r where ${wheres.join(' and ')}`
  return { text, values: binds.values }
}
