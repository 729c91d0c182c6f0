// Searches: pages of matches with exact totals (FHIR R4 search.html). One statement for a page, a second at most.
import type { SearchQuery } from '../fhir/search-query.ts'
import type { Queryable } from './db.ts'
import { countSql, estimateSql, pageSql } from './search-page.ts'
import { type SearchPosition, type Statement, supportedSort } from './search-sql.ts'
import { statementName } from './statement-name.ts'

export { type SearchPosition, supportedSort } from './search-sql.ts'

/** A match; `body` is without meta.versionId and meta.lastUpdated. */
export interface MatchRow {
  readonly rtype: string
  readonly id: string
  readonly version: number
  /** ISO 8601 in UTC. */
  readonly updatedAt: string
  readonly body: string
}

export interface SearchPage {
  readonly rows: readonly MatchRow[]
  /** Undefined when the query has `_total=none`. */
  readonly total: number | undefined
  /** Where this page ends; undefined when it is the last. */
  readonly next: SearchPosition | undefined
}

interface PageRow extends MatchRow {
  readonly total: number | null
  readonly seq: string | null
  readonly [key: `k${number}`]: string | null
}

async function run<Row>(
  db: Queryable,
  kind: string,
  { filters }: SearchQuery,
  { text, values }: Statement,
): Promise<Row[]> {
  return await db.query<Row>(statementName(kind, text, filters), text, values)
}

/** The page after `after`, or the first. `query.count` 0 gives no rows, only the total. */
export async function searchPage(
  db: Queryable,
  tenant: number,
  query: SearchQuery,
  after?: SearchPosition,
): Promise<SearchPage> {
  if (query.count === 0 || query.onlyCount) {
    return { rows: [], total: await countOrEstimate(db, tenant, query), next: undefined }
  }
  const found = await run<PageRow>(db, 'search', query, pageSql(tenant, query, query.count + 1, after))
  const rows = found.slice(0, query.count)
  const last = rows.at(-1)
  const more = found.length > query.count
  const total = query.total === 'none' ? undefined : (after?.total ?? found[0]?.total ?? undefined)
  const counted = total ?? (await totalOf(db, tenant, query, found.length, more))
  if (!more || !last) return { rows, total: counted, next: undefined }
  const keys = supportedSort(query).keys.map((_, i) => last[`k${i}`] ?? null)
  const seq = after?.seq ?? last.seq ?? '0'
  return {
    rows,
    total: counted,
    next: { keys, id: last.id, seq, ...(counted !== undefined && { total: counted }) },
  }
}

/** The total where the page did not bring it: all is on this page, or it has to be counted. */
async function totalOf(
  db: Queryable,
  tenant: number,
  query: SearchQuery,
  found: number,
  more: boolean,
): Promise<number | undefined> {
  if (query.total === 'none') return undefined
  if (!more) return found
  return Math.max(found, await countOrEstimate(db, tenant, query))
}

const countOrEstimate = (db: Queryable, tenant: number, query: SearchQuery): Promise<number> =>
  (query.total === 'estimate' ? estimateMatches : countMatches)(db, tenant, query)

/** What the planner takes the number of matches to be, by its statistics. */
async function estimateMatches(db: Queryable, tenant: number, query: SearchQuery): Promise<number> {
  const { text, values } = estimateSql(tenant, query)
  const [row] = await db.query<{ 'QUERY PLAN': readonly [{ Plan: { 'Plan Rows': number } }] }>(
    '',
    text,
    values,
  )
  return row?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0
}

export async function countMatches(db: Queryable, tenant: number, query: SearchQuery): Promise<number> {
  const [row] = await run<{ total: number }>(db, 'count', query, countSql(tenant, query))
  return row?.total ?? 0
}
