// What sources say, as a batch writes it: new texts, and what was only said once more.

import { columnsOf, textColumn } from './columns.ts'
import type { Queryable } from './db.ts'
import { pipelined } from './transaction.ts'

export interface ContributionWrite {
  readonly rtype: string
  readonly id: string
  readonly source: string
  readonly key: string
  /** JSON text; undefined when it is as it was, and only was said once more. */
  readonly body: string | undefined
  readonly t: number | undefined
  readonly m: number | undefined
  readonly message_id: string
}

export const writeContributionsSql = `
insert into contribution as c (tenant, rtype, id, source, key, t, m, message_id, body)
select $1, rtype, id, source, key, t::bigint, m::bigint, message_id::bigint, body
from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
  as x (rtype, id, source, key, t, m, message_id, body)
on conflict (tenant, rtype, id, source, key) do update
set t = excluded.t, m = excluded.m, message_id = excluded.message_id, body = excluded.body`

/** The row is copied with its body as it lies on the page: nothing of it is sent, parsed or compressed. */
export const repeatContributionsSql = `
update contribution c set t = x.t::bigint, m = x.m::bigint, message_id = x.message_id::bigint
from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
  as x (rtype, id, source, key, t, m, message_id)
where c.tenant = $1 and c.rtype = x.rtype and c.id = x.id and c.source = x.source and c.key = x.key`

export async function writeContributions(
  tx: Queryable,
  tenant: number,
  list: readonly ContributionWrite[],
): Promise<void> {
  const columns = (rows: readonly ContributionWrite[]) =>
    columnsOf(
      rows,
      (each) => each.rtype,
      (each) => each.id,
      (each) => each.source,
      (each) => each.key,
      (each) => each.t?.toString(),
      (each) => each.m?.toString(),
      (each) => each.message_id,
    )
  const fresh = list.filter((each) => each.body !== undefined)
  const repeated = list.filter((each) => each.body === undefined)
  const bodies = textColumn(fresh.map((each) => each.body))
  await pipelined([
    fresh.length > 0 &&
      tx.execute('write_contributions', writeContributionsSql, [tenant, ...columns(fresh), bodies]),
    repeated.length > 0 &&
      tx.execute('repeat_contributions', repeatContributionsSql, [tenant, ...columns(repeated)]),
  ])
}
