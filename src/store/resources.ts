// Reads of single resources and versions (FHIR R4 http, read and vread). Bodies stay text: decimals keep their digits.
import type { Queryable } from './db.ts'

/** A resource as it is stored; `body` is without meta.versionId and meta.lastUpdated. */
export interface ResourceRow {
  readonly rtype: string
  readonly id: string
  readonly version: number
  /** ISO 8601 in UTC. */
  readonly updatedAt: string
  readonly deleted: boolean
  readonly body: string
}

/** One version; `body` is null where the resource was deleted. */
export interface VersionRow {
  readonly rtype: string
  readonly id: string
  readonly version: number
  readonly seq: string
  readonly updatedAt: string
  readonly op: 'create' | 'update' | 'delete'
  readonly body: string | null
}

export const readResourceSql = `
select r.rtype, r.id, r.version, r.updated_at as "updatedAt", r.deleted, r.body::text as body
from resource r
where r.tenant = $1 and r.rtype = $2 and r.id = $3`

/** The current state, also when it is deleted; undefined when there never was one. */
export async function readResource(
  db: Queryable,
  tenant: number,
  rtype: string,
  id: string,
): Promise<ResourceRow | undefined> {
  const [row] = await db.query<ResourceRow>('read_resource', readResourceSql, [tenant, rtype, id])
  return row
}

export const readVersionSql = `
select h.rtype, h.id, h.version, h.seq::text as seq, h.updated_at as "updatedAt", h.op, h.body::text as body
from history h
where h.tenant = $1 and h.rtype = $2 and h.id = $3 and h.version = $4`

export async function readVersion(
  db: Queryable,
  tenant: number,
  rtype: string,
  id: string,
  version: number,
): Promise<VersionRow | undefined> {
  const [row] = await db.query<VersionRow>('read_version', readVersionSql, [tenant, rtype, id, version])
  return row
}

export const readResourcesSql = `
select r.rtype, r.id, r.version, r.updated_at as "updatedAt", r.deleted, r.body::text as body
from unnest($2::text[], $3::text[]) with ordinality as wanted (rtype, id, place)
join resource r on r.tenant = $1 and r.rtype = wanted.rtype and r.id = wanted.id
where not r.deleted
order by wanted.place`

/** Those of `wanted` that exist, in that order. */
export async function readResources(
  db: Queryable,
  tenant: number,
  wanted: readonly { readonly rtype: string; readonly id: string }[],
): Promise<ResourceRow[]> {
  if (wanted.length === 0) return []
  const values = [tenant, wanted.map(({ rtype }) => rtype), wanted.map(({ id }) => id)]
  return await db.query<ResourceRow>('read_resources', readResourcesSql, values)
}
