// Versions of one resource, one type or everything, newest first (FHIR R4 http, history). Always paged.
import type { Queryable } from './db.ts'
import type { VersionRow } from './resources.ts'

export interface HistoryQuery {
  /** Types that the client may read, or the one asked for. */
  readonly rtypes: readonly string[]
  /** With exactly one type: the history of this resource. */
  readonly id: string | undefined
  /** Only versions made at this instant or later. ISO 8601. */
  readonly since: string | undefined
  /** Only versions that were current at some time in [from, to). */
  readonly at: { readonly from: string; readonly to: string } | undefined
  readonly count: number
  /** Change number below which a page begins; undefined on the first page. */
  readonly before: string | undefined
}

export interface HistoryPage {
  readonly rows: readonly VersionRow[]
  /** True when there are older ones. */
  readonly more: boolean
}

const columns = `h.rtype, h.id, h.version, h.seq::text as seq, h.updated_at as "updatedAt", h.op, h.body::text as body`

// A version is current from its own time to that of the next one. Unset parameters are null, so that one text serves.
const conditions = `
  and ($3::timestamptz is null or h.updated_at >= $3)
  and ($4::timestamptz is null or (h.updated_at < $5::timestamptz and not exists (
    select from history n
    where n.tenant = $1 and n.rtype = h.rtype and n.id = h.id and n.version = h.version + 1 and n.updated_at <= $4)))`

const page = `
  and ($6::bigint is null or h.seq < $6)
order by h.seq desc
limit $7`

const scopes = {
  instance: 'h.tenant = $1 and h.rtype = $2 and h.id = $8',
  type: 'h.tenant = $1 and h.rtype = $2',
  types: 'h.tenant = $1 and h.rtype = any($2::text[])',
} as const
const counts = {
  instance: 'h.tenant = $1 and h.rtype = $2 and h.id = $6',
  type: scopes.type,
  types: scopes.types,
} as const

/** The order of versions is that of change numbers, which a resource's versions follow, too. */
export const historySql = {
  instance: `select ${columns} from history h where ${scopes.instance}${conditions}${page}`,
  type: `select ${columns} from history h where ${scopes.type}${conditions}${page}`,
  // The newest of each type, and of these the newest: no index has all types in the order of their changes.
  types: `select p.* from unnest($2::text[]) as t (rtype) cross join lateral (
    select ${columns} from history h where h.tenant = $1 and h.rtype = t.rtype${conditions}${page}) p
order by p.seq::bigint desc
limit $7`,
} as const
export const historyCountSql = {
  instance: `select count(*)::int as total from history h where ${counts.instance}${conditions}`,
  type: `select count(*)::int as total from history h where ${counts.type}${conditions}`,
  types: `select count(*)::int as total from history h where ${counts.types}${conditions}`,
} as const

type Scope = keyof typeof historySql

function scopeOf(query: HistoryQuery): Scope {
  if (query.id !== undefined) return 'instance'
  return query.rtypes.length === 1 ? 'type' : 'types'
}

function bindsOf(tenant: number, query: HistoryQuery, scope: Scope): unknown[] {
  const { rtypes } = query
  return [
    tenant,
    scope === 'types' ? rtypes : rtypes[0],
    query.since ?? null,
    query.at?.from ?? null,
    query.at?.to ?? null,
  ]
}

export async function readHistory(db: Queryable, tenant: number, query: HistoryQuery): Promise<HistoryPage> {
  const scope = scopeOf(query)
  const values = [...bindsOf(tenant, query, scope), query.before ?? null, query.count + 1]
  if (query.id !== undefined) values.push(query.id)
  const rows = await db.query<VersionRow>(`history_${scope}`, historySql[scope], values)
  return { rows: rows.slice(0, query.count), more: rows.length > query.count }
}

export async function countHistory(db: Queryable, tenant: number, query: HistoryQuery): Promise<number> {
  const scope = scopeOf(query)
  const values = bindsOf(tenant, query, scope)
  if (query.id !== undefined) values.push(query.id)
  const [row] = await db.query<{ total: number }>(`history_count_${scope}`, historyCountSql[scope], values)
  return row?.total ?? 0
}
