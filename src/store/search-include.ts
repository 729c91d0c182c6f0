// What a page of matches brings along: _include and _revinclude (FHIR R4 search.html#include), bounded, each thing once.
import { UTC } from '../fhir/date.ts'
import { parseReference } from '../fhir/reference.ts'
import type { Include } from '../fhir/search-include.ts'
import { searchParam } from '../fhir/search-params.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import { RowSink } from '../fhir/search-rows.ts'
import type { Queryable } from './db.ts'
import { keyText } from './index-rows.ts'
import { readResources } from './resources.ts'
import type { MatchRow } from './search.ts'

export const includeLimits = {
  maxIncluded: 1_000,
  /** Rounds of `:iterate`, the first included. */
  maxRounds: 3,
} as const

export interface Included {
  readonly rows: readonly MatchRow[]
  /** There was more than is allowed on one page. */
  readonly truncated: boolean
}

interface Found {
  readonly rtype: string
  readonly id: string
  readonly body: string
}

/** `mayRead` leaves out types that the client must not see. */
export async function includedRows(
  db: Queryable,
  tenant: number,
  query: Pick<SearchQuery, 'includes' | 'revIncludes'>,
  matches: readonly MatchRow[],
  mayRead: (rtype: string) => boolean,
): Promise<Included> {
  const seen = new Set(matches.map(nameOf))
  const rows: MatchRow[] = []
  let from: readonly Found[] = matches
  for (let round = 0; round < includeLimits.maxRounds && from.length > 0; round++) {
    const asked = (list: readonly Include[]): readonly Include[] =>
      list.filter(({ iterate }) => round === 0 || iterate)
    const forward = await forwardRows(db, tenant, from, asked(query.includes), seen, mayRead)
    const backward = await backwardRows(db, tenant, from, asked(query.revIncludes), seen, mayRead)
    const fresh = [...forward, ...backward].filter((row) => !seen.has(nameOf(row)) && seen.add(nameOf(row)))
    rows.push(...fresh)
    if (rows.length > includeLimits.maxIncluded) {
      return { rows: rows.slice(0, includeLimits.maxIncluded), truncated: true }
    }
    from = fresh
  }
  return { rows, truncated: false }
}

const nameOf = ({ rtype, id }: { readonly rtype: string; readonly id: string }): string => `${rtype}/${id}`

/** References are indexed by their target; those of a page are read from its resources. */
async function forwardRows(
  db: Queryable,
  tenant: number,
  from: readonly Found[],
  includes: readonly Include[],
  seen: ReadonlySet<string>,
  mayRead: (rtype: string) => boolean,
): Promise<readonly MatchRow[]> {
  if (includes.length === 0) return []
  const wanted = new Map<string, { readonly rtype: string; readonly id: string }>()
  for (const row of from) {
    const own = includes.filter(({ source }) => source === row.rtype)
    if (own.length === 0) continue
    const resource: unknown = JSON.parse(row.body)
    for (const { source, param, target } of own) {
      const sink = new RowSink(UTC, false)
      searchParam(source, param)?.extract(resource, sink)
      for (const reference of sink.references) {
        const parsed = parseReference(reference.target)
        if (!parsed || parsed.base !== undefined || (target !== undefined && parsed.type !== target)) continue
        const thing = { rtype: parsed.type, id: parsed.id }
        if (mayRead(thing.rtype) && !seen.has(nameOf(thing))) wanted.set(nameOf(thing), thing)
      }
    }
  }
  return await readResources(db, tenant, [...wanted.values()].slice(0, includeLimits.maxIncluded + 1))
}

export const revIncludeSql = `
select r.rtype, r.id, r.version, r.updated_at as "updatedAt", r.body::text as body
from (
  select distinct f.rtype, f.id
  from unnest($3::text[], $4::text[]) as wanted (rtype, param)
  join reference f on f.tenant = $1 and f.target = any($2::text[]) and f.rtype = wanted.rtype and f.param = wanted.param
  order by f.rtype, f.id
  limit $5
) f
join resource r on r.tenant = $1 and r.rtype = f.rtype and r.id = f.id
where not r.deleted
order by r.rtype, r.id`

async function backwardRows(
  db: Queryable,
  tenant: number,
  from: readonly Found[],
  includes: readonly Include[],
  seen: ReadonlySet<string>,
  mayRead: (rtype: string) => boolean,
): Promise<readonly MatchRow[]> {
  const allowed = includes.filter(({ source }) => mayRead(source))
  if (allowed.length === 0) return []
  const values = [
    tenant,
    from.map((row) => keyText(nameOf(row))),
    allowed.map(({ source }) => source),
    allowed.map(({ param }) => param),
    includeLimits.maxIncluded + seen.size + 1,
  ]
  return await db.query<MatchRow>('rev_include', revIncludeSql, values)
}
