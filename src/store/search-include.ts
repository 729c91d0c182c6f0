// What a page of matches brings along: _include and _revinclude (FHIR R4 search.html#include), bounded, each thing once.
import { UTC } from '../fhir/date.ts'
import { parseReference } from '../fhir/reference.ts'
import type { Include } from '../fhir/search-include.ts'
import { isCanonical, type SearchParam, searchParam } from '../fhir/search-params.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import { RowSink } from '../fhir/search-rows.ts'
import { isServedType } from '../fhir/types.ts'
import type { Queryable } from './db.ts'
import { keyText } from './index-rows.ts'
import { readResources } from './resources.ts'
import type { MatchRow } from './search.ts'

export const includeLimits = {
  maxIncluded: 1_000,
  /** Rounds of `:iterate`, the first included. */
  maxRounds: 10,
} as const

export interface Included {
  readonly rows: readonly MatchRow[]
  /** There was more than is allowed on one page, or it was farther away. */
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
    const includes = asked(query.includes)
    const forward = await forwardRows(db, tenant, from, includes, seen, mayRead)
    const canonical = await canonicalRows(db, tenant, from, includes, mayRead)
    const backward = await backwardRows(db, tenant, from, asked(query.revIncludes), seen, mayRead)
    const fresh = [...forward, ...canonical, ...backward].filter(
      (row) => !seen.has(nameOf(row)) && seen.add(nameOf(row)),
    )
    rows.push(...fresh)
    if (rows.length > includeLimits.maxIncluded) {
      return { rows: rows.slice(0, includeLimits.maxIncluded), truncated: true }
    }
    from = fresh
  }
  const iterates = [...query.includes, ...query.revIncludes].some(({ iterate }) => iterate)
  return { rows, truncated: iterates && from.length > 0 }
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
  for (const { reference, target } of referencesOf(from, includes)) {
    const parsed = parseReference(reference)
    if (!parsed || parsed.base !== undefined || (target !== undefined && parsed.type !== target)) continue
    const thing = { rtype: parsed.type, id: parsed.id }
    if (mayRead(thing.rtype) && !seen.has(nameOf(thing))) wanted.set(nameOf(thing), thing)
  }
  return await readResources(db, tenant, [...wanted.values()].slice(0, includeLimits.maxIncluded + 1))
}

interface Pointing {
  readonly reference: string
  readonly param: SearchParam
  /** Only things of this type. */
  readonly target: string | undefined
}

/** What resources refer to by the parameters of inclusions. */
function* referencesOf(from: readonly Found[], includes: readonly Include[]): Generator<Pointing> {
  for (const row of from) {
    const own = includes.filter(({ source }) => source === row.rtype)
    if (own.length === 0) continue
    const resource: unknown = JSON.parse(row.body)
    for (const { source, param: code, target } of own) {
      const param = searchParam(source, code)
      const sink = new RowSink(UTC, false)
      param?.extract(resource, sink)
      for (const reference of sink.references) if (param) yield { reference: reference.target, param, target }
    }
  }
}

export const canonicalSql = `
select r.rtype, r.id, r.version, r.updated_at as "updatedAt", r.body::text as body
from (
  select distinct i.rtype, i.id, wanted.version
  from unnest($2::text[], $3::text[], $4::text[]) as wanted (rtype, url, version)
  join identifier i on i.tenant = $1 and i.rtype = wanted.rtype and i.param = 'url' and i.value = wanted.url
) f
join resource r on r.tenant = $1 and r.rtype = f.rtype and r.id = f.id
where not r.deleted and (f.version = '' or r.body ->> 'version' = f.version)
order by r.rtype, r.id
limit $5`

/** Canonical references name a URL, and perhaps a version of what has it. */
async function canonicalRows(
  db: Queryable,
  tenant: number,
  from: readonly Found[],
  includes: readonly Include[],
  mayRead: (rtype: string) => boolean,
): Promise<readonly MatchRow[]> {
  const canonical = includes.filter(({ source, param }) => isCanonical(source, param))
  if (canonical.length === 0) return []
  const wanted = new Map<string, readonly [rtype: string, url: string, version: string]>()
  let last = ''
  // One with a version is followed by its URL alone, by which it is found as well: here only the version is meant.
  for (const { reference, param, target } of referencesOf(from, canonical)) {
    const [url = '', version = ''] = reference.split('|')
    const repeats = last === `${url}|${last.slice(url.length + 1)}`
    last = reference
    if (version === '' && repeats) continue
    for (const rtype of param.targets) {
      const isMeant = isServedType(rtype) && mayRead(rtype) && (target === undefined || target === rtype)
      if (isMeant) wanted.set(`${rtype} ${reference}`, [rtype, keyText(url), version])
    }
  }
  if (wanted.size === 0) return []
  const list = [...wanted.values()]
  const column = (at: 0 | 1 | 2): string[] => list.map((each) => each[at])
  const values = [tenant, column(0), column(1), column(2), includeLimits.maxIncluded + 1]
  return await db.query<MatchRow>('canonical_include', canonicalSql, values)
}

/** Ways by which a page can be referred to: as what it is, and by its URL where that is asked for. */
function namesOf(from: readonly Found[], includes: readonly Include[]): string[] {
  const names = from.map((row) => keyText(nameOf(row)))
  if (!includes.some(({ source, param }) => isCanonical(source, param))) return names
  const urls = from.flatMap(({ rtype, body }): string[] => {
    if (!searchParam(rtype, 'url')) return []
    const { url } = JSON.parse(body) as { readonly url?: unknown }
    return typeof url === 'string' ? [keyText(url)] : []
  })
  return [...names, ...urls]
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
    namesOf(from, allowed),
    allowed.map(({ source }) => source),
    allowed.map(({ param }) => param),
    includeLimits.maxIncluded + seen.size + 1,
  ]
  return await db.query<MatchRow>('rev_include', revIncludeSql, values)
}
