// Versions of resources as a batch writes them: the current ones in `resource`, those they replace in `superseded`.
import { columnsOf } from './columns.ts'
import type { Queryable } from './db.ts'

export interface VersionWrite {
  readonly rtype: string
  readonly id: string
  readonly version: number
  readonly op: 'create' | 'update' | 'delete'
  /** JSON text of the resource; undefined when it is deleted. */
  readonly body: string | undefined
  readonly hash: string
  readonly message_id: string
  readonly updated_at: string
  /** Of the newest version of the resource in this batch, which becomes the current one; undefined for the others. */
  readonly tokens: readonly string[] | undefined
}

/**
 * The newest version becomes the current one, the others and what was current are superseded. A version that is there
 * already means somebody else was faster: then a row is missing from the count, or the key of a superseded one is taken.
 */
export const writeVersionsSql = `
with v as materialized (
  select rtype, id, version::int as version, $2::bigint + place - 1 as seq, op, body::jsonb as body, hash,
    message_id::bigint as message_id, updated_at::timestamptz as updated_at, tokens
  from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
    with ordinality as x (rtype, id, version, op, body, hash, message_id, updated_at, tokens, place)
), s as (
  insert into superseded (tenant, rtype, id, version, seq, updated_at, op, body, message_id)
  select r.tenant, r.rtype, r.id, r.version, r.seq, r.updated_at,
    case when r.deleted then 'delete' when r.version = 1 then 'create' else 'update' end,
    case when not r.deleted then r.body end, r.message_id
  from v cross join lateral (
    select * from resource r where r.tenant = $1 and r.rtype = v.rtype and r.id = v.id offset 0
  ) r
  where v.tokens is not null and v.version > 1
  union all
  select $1, rtype, id, version, seq, updated_at, op, body, message_id from v where tokens is null
)
insert into resource as r (tenant, rtype, id, version, seq, updated_at, deleted, body, hash, tokens, message_id)
select $1, rtype, id, version, seq, updated_at, op = 'delete', coalesce(body, '{}'::jsonb), decode(hash, 'hex'),
  tokens::bigint[], message_id
from v where tokens is not null
on conflict (tenant, rtype, id) do update set version = excluded.version, seq = excluded.seq, updated_at = excluded.updated_at,
  deleted = excluded.deleted, body = excluded.body, hash = excluded.hash, tokens = excluded.tokens, message_id = excluded.message_id
where r.version < excluded.version`

/** Somebody else has written a version of the same thing in between: the batch must be applied again. */
export class VersionConflict extends Error {
  /** SQLSTATE serialization_failure, so that the transaction is tried again. */
  readonly code = '40001'
  readonly severity = 'ERROR'
}

/** The versions in the order of their numbers, the first of which is `firstSeq`. */
export async function writeVersions(
  tx: Queryable,
  tenant: number,
  firstSeq: number,
  list: readonly VersionWrite[],
): Promise<void> {
  if (list.length === 0) return
  const columns = columnsOf(
    list,
    (each) => each.rtype,
    (each) => each.id,
    (each) => String(each.version),
    (each) => each.op,
    (each) => each.body,
    (each) => each.hash,
    (each) => each.message_id,
    (each) => each.updated_at,
    (each) => each.tokens && `{${each.tokens.join()}}`,
  )
  const written = await tx.execute('write_versions', writeVersionsSql, [tenant, firstSeq, ...columns])
  if (written !== list.filter((each) => each.tokens).length) throw new VersionConflict()
}
