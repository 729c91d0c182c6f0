// What refers to something, without loading it; and giving thousands of such things another reference in a few statements.
import { columnsOf, textColumn } from './columns.ts'
import type { Queryable } from './db.ts'
import { pipelined } from './transaction.ts'
import { VersionConflict } from './versions.ts'

export interface DependentRow {
  readonly rtype: string
  readonly id: string
  readonly version: number
  /** When the version was made, milliseconds. */
  readonly since: number
  /** Those of the names that its contributions speak of, as '"Patient/x"'. */
  readonly names: readonly string[]
  /** They stand in nothing but `{"reference": ...}`. */
  readonly bare: boolean
}

/**
 * Of these things those whose own contributions alone say what they refer to: nothing was moved, nothing was merged into
 * them. What several things say together is not among them. Uses the primary keys of resource, contribution and merge, and
 * merge_target, each by itself (offset 0), whatever the planner thinks of the number of rows.
 */
export const loadDependentsSql = `
select wanted.rtype, wanted.id, r.version, (extract(epoch from r.updated_at) * 1000)::float8 as since, said.names, said.bare
from unnest($2::text[], $3::text[]) as wanted (rtype, id)
cross join lateral (
  select version, updated_at from resource r
  where r.tenant = $1 and r.rtype = wanted.rtype and r.id = wanted.id and not r.deleted offset 0
) r
cross join lateral (
  select array_agg(distinct n.name) filter (where strpos(c.body, n.name) > 0) as names,
    bool_and(strpos(replace(c.body, '{"reference":' || n.name || '}', ''), n.name) = 0) as bare,
    bool_or(c.source = 'gateway' and c.key = 'moved') as moved
  from (
    select source, key, body from contribution c where c.tenant = $1 and c.rtype = wanted.rtype and c.id = wanted.id offset 0
  ) c cross join unnest($4::text[]) as n (name)
) said
where said.names is not null and not said.moved
  and (select count(*) from merge m where m.tenant = $1 and m.rtype = wanted.rtype and m.source_id = wanted.id) = 0
  and (select count(*) from merge m where m.tenant = $1 and m.rtype = wanted.rtype and m.target_id = wanted.id) = 0`

/** `names`: records shown as one, 'Patient/x'. Those that are not among the result have to be folded. */
export async function loadDependents(
  tx: Queryable,
  tenant: number,
  keys: readonly { readonly rtype: string; readonly id: string }[],
  names: readonly string[],
): Promise<DependentRow[]> {
  if (keys.length === 0) return []
  const columns = [textColumn(keys.map((k) => k.rtype)), textColumn(keys.map((k) => k.id))]
  const quoted = names.map((each) => JSON.stringify(each))
  return await tx.query<DependentRow>('load_dependents', loadDependentsSql, [tenant, ...columns, quoted])
}

export interface ReferrerRow {
  readonly rtype: string
  readonly id: string
  /** Search parameters by which it is found there. */
  readonly params: readonly string[]
}

/** Things that refer to one, and how they are found; uses the primary key of reference. */
export const loadReferrerRowsSql = `
select r.rtype, r.id, array_agg(r.param) as params from reference r where r.tenant = $1 and r.target = $2 group by r.rtype, r.id order by r.rtype, r.id`

export const loadReferrerRows = (tx: Queryable, tenant: number, target: string): Promise<ReferrerRow[]> =>
  tx.query<ReferrerRow>('load_referrer_rows', loadReferrerRowsSql, [tenant, target])

export interface RedirectWrite extends ReferrerRow {
  /** The one that is written. */
  readonly version: number
}

const things = 'unnest($2::text[], $3::text[], $4::text[])'

/** The rows of these things, each by the primary key of resource, whatever the planner thinks of their number. */
const current = `
from ${things} with ordinality as x (rtype, id, version, place)
cross join lateral (
  select * from resource r where r.tenant = $1 and r.rtype = x.rtype and r.id = x.id and r.version = x.version::int - 1 offset 0
) r`

/** What is about to be changed is kept as it is. */
export const supersedeSql = `
insert into superseded (tenant, rtype, id, version, seq, updated_at, op, body, message_id)
select $1, r.rtype, r.id, r.version, r.seq, r.updated_at, case when r.version = 1 then 'create' else 'update' end, r.body, r.message_id
${current}`

/**
 * A reference is a member of that name: no text that stands in a body has its quotation marks unescaped. The hash is that of
 * the canonical text, which is reckoned when the thing is loaded. An insert that always meets its row: an update would join
 * the list with the table, and a planner without statistics does so row by row.
 */
export const redirectSql = `
insert into resource as r (tenant, rtype, id, version, seq, updated_at, deleted, body, hash, tokens, message_id)
select $1, r.rtype, r.id, x.version::int, $5::bigint + x.place - 1, greatest(r.updated_at, $6::timestamptz), r.deleted,
  replace(r.body::text, '"reference": ' || $8::text, '"reference": ' || $9::text)::jsonb, null, r.tokens, $7::bigint
${current}
on conflict (tenant, rtype, id) do update set version = excluded.version, seq = excluded.seq, updated_at = excluded.updated_at,
  body = excluded.body, hash = null, message_id = excluded.message_id
where r.version = excluded.version - 1`

/** By row: the planner would otherwise look for each of them among all that refer to the same. Uses the primary key of reference. */
export const removeReferrersSql = `
delete from reference where ctid = any(array(
  select t.ctid from ${things} as x (rtype, id, param)
  cross join lateral (
    select ctid from reference t
    where t.tenant = $1 and t.target = $5 and t.rtype = x.rtype and t.param = x.param and t.id = x.id offset 0
  ) t))`

export const addReferrersSql = `
insert into reference (tenant, target, rtype, param, id) select $1, $5, rtype, param, id from ${things} as x (rtype, id, param)
on conflict do nothing`

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** One message's new versions of things that are shown to refer to something else, with numbers from `firstSeq` on. */
export async function writeRedirects(
  tx: Queryable,
  tenant: number,
  firstSeq: number,
  { from, to }: { readonly from: string; readonly to: string },
  { messageId, at }: { readonly messageId: string; readonly at: string },
  list: readonly RedirectWrite[],
): Promise<void> {
  const columns = columnsOf(
    list,
    (each) => each.rtype,
    (each) => each.id,
    (each) => String(each.version),
  )
  const rows = list.flatMap(({ rtype, id, params }) => params.map((param) => ({ rtype, id, param })))
  // In the order of their keys: neighbours lie on one page.
  rows.sort((a, b) => order(a.rtype, b.rtype) || order(a.param, b.param) || order(a.id, b.id))
  const rowColumns = columnsOf(
    rows,
    (each) => each.rtype,
    (each) => each.id,
    (each) => each.param,
  )
  const quoted = [JSON.stringify(from), JSON.stringify(to)]
  const [, written] = await pipelined([
    tx.execute('supersede', supersedeSql, [tenant, ...columns]),
    tx.execute('redirect', redirectSql, [tenant, ...columns, firstSeq, at, messageId, ...quoted]),
    tx.execute('remove_referrers', removeReferrersSql, [tenant, ...rowColumns, from]),
    tx.execute('add_referrers', addReferrersSql, [tenant, ...rowColumns, to]),
  ])
  if (written !== list.length) throw new VersionConflict()
}
