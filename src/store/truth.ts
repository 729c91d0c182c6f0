// Loading what a batch of messages touches: registry, contributions, current versions, ledger lines. One statement each.
import { textColumn } from './columns.ts'
import type { Queryable, Transaction } from './db.ts'

/** JSON with decimals as raw numbers: 150.00 stays 150.00. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key, value, context) =>
    typeof value === 'number' && context.source !== undefined && /[.eE]/.test(context.source)
      ? JSON.rawJSON(context.source)
      : value,
  )
}

/**
 * A number with a fraction or an exponent, after a name or in a list; most bodies have none. The quotation mark tells it
 * from what stands in texts: 'urn:oid:2.16' is in nearly all of them.
 */
const decimal = /(?:":|[[,]) ?-?\d+[.eE]/

const parseBody = (text: string): unknown => (decimal.test(text) ? parseExact(text) : JSON.parse(text))

/**
 * Serialises everybody who is about to change the same things, across processes, until the end of the transaction.
 * Sorted, so that two batches never wait for each other. Advisory locks write nothing and are gone with a crash.
 */
export const lockSql = `
select pg_advisory_xact_lock(k) from (select distinct hashtextextended(name, $1) as k from unnest($2::text[]) as name order by 1) as keys`

export async function lockThings(tx: Queryable, tenant: number, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  for (const name of names) tx.locks?.add(name)
  await tx.query('lock_things', lockSql, [tenant, names])
}

/**
 * Of a transaction that is tried again: what its earlier attempts had locked, all at once. They met others because they
 * learned of some of it late; from here on nobody is met who did the same.
 */
export const lockAgain = (tx: Transaction, tenant: number): Promise<void> =>
  lockThings(tx, tenant, [...tx.locks])

export interface RegistrationRow {
  readonly rtype: string
  readonly system: string
  readonly value: string
  readonly id: string
  /** When the number was first named alone: time of the message, milliseconds, and the message. Null = unknown. */
  readonly sinceM: number | null
  readonly sinceI: string | null
}

/** Uses the primary key of registry. */
export const loadRegistrationsSql = `
select r.rtype, r.system, r.value, r.id, r.since_m::float8 as "sinceM", r.since_i::text as "sinceI"
from unnest($2::text[], $3::text[], $4::text[]) as wanted (rtype, system, value)
join registry r on r.tenant = $1 and r.rtype = wanted.rtype and r.system = wanted.system and r.value = wanted.value`

export async function loadRegistrations(
  tx: Queryable,
  tenant: number,
  keys: readonly { readonly rtype: string; readonly system: string; readonly value: string }[],
): Promise<RegistrationRow[]> {
  if (keys.length === 0) return []
  const columns = [keys.map((k) => k.rtype), keys.map((k) => k.system), keys.map((k) => k.value)]
  return await tx.query<RegistrationRow>('load_registrations', loadRegistrationsSql, [tenant, ...columns])
}

export interface EntityRow {
  readonly rtype: string
  readonly id: string
  readonly version: number
  readonly deleted: boolean
  /** Null: it has not been reckoned since a reference of it was changed. */
  readonly hash: string | null
  /** Milliseconds. */
  readonly updatedAt: number
  readonly body: unknown
}

export interface ContributionRow {
  readonly rtype: string
  readonly id: string
  readonly source: string
  readonly key: string
  /** JSON text as it was written. */
  readonly text: string
  readonly body: unknown
  readonly t: number | null
  readonly m: number | null
  readonly messageId: string
}

export interface MergeRow {
  readonly rtype: string
  readonly sourceId: string
  readonly targetId: string
}

/** Uses the primary key of resource. */
export const loadEntitiesSql = `
select r.rtype, r.id, r.version, r.deleted, encode(r.hash, 'hex') as hash,
  (extract(epoch from r.updated_at) * 1000)::float8 as "updatedAt", r.body::text as body
from unnest($2::text[], $3::text[]) as wanted (rtype, id)
join resource r on r.tenant = $1 and r.rtype = wanted.rtype and r.id = wanted.id`

/** Uses the primary key of contribution. */
export const loadContributionsSql = `
select c.rtype, c.id, c.source, c.key, c.t, c.m, c.message_id::text as "messageId", c.body as text
from unnest($2::text[], $3::text[]) as wanted (rtype, id)
join contribution c on c.tenant = $1 and c.rtype = wanted.rtype and c.id = wanted.id`

/** As what things are shown, and what is shown as they: uses the primary key of merge and merge_target. */
export const loadMergesSql = `
select m.rtype, m.source_id as "sourceId", m.target_id as "targetId"
from unnest($2::text[], $3::text[]) as wanted (rtype, id)
join merge m on m.tenant = $1 and m.rtype = wanted.rtype and m.source_id = wanted.id
union
select m.rtype, m.source_id, m.target_id
from unnest($2::text[], $3::text[]) as wanted (rtype, id)
join merge m on m.tenant = $1 and m.rtype = wanted.rtype and m.target_id = wanted.id`

/** Types that are ever merged. */
const merged: ReadonlySet<string> = new Set(['Patient', 'Account', 'Encounter', 'Coverage'])

export async function loadMerges(
  tx: Queryable,
  tenant: number,
  keys: readonly { readonly rtype: string; readonly id: string }[],
): Promise<MergeRow[]> {
  const some = keys.filter((each) => merged.has(each.rtype))
  if (some.length === 0) return []
  const values = [tenant, textColumn(some.map((k) => k.rtype)), textColumn(some.map((k) => k.id))]
  return await tx.query<MergeRow>('load_merges', loadMergesSql, values)
}

export interface LoadedThings {
  readonly entities: readonly EntityRow[]
  readonly contributions: readonly ContributionRow[]
  readonly merges: readonly MergeRow[]
}

export async function loadThings(
  tx: Queryable,
  tenant: number,
  keys: readonly { readonly rtype: string; readonly id: string }[],
): Promise<LoadedThings> {
  if (keys.length === 0) return { entities: [], contributions: [], merges: [] }
  const values = [tenant, textColumn(keys.map((k) => k.rtype)), textColumn(keys.map((k) => k.id))]
  type Texted = { readonly body: string }
  const [entities, contributions, merges] = await Promise.all([
    tx.query<EntityRow & Texted>('load_entities', loadEntitiesSql, values),
    tx.query<Omit<ContributionRow, 'body'>>('load_contributions', loadContributionsSql, values),
    loadMerges(tx, tenant, keys),
  ])
  return {
    entities: entities.map((row) => ({ ...row, body: parseBody(row.body) })),
    contributions: contributions.map((row) => ({ ...row, body: parseBody(row.text) })),
    merges,
  }
}

export interface LedgerRow {
  readonly source: string
  readonly line: string
  readonly accountId: string | null
  readonly rtype: string
  readonly id: string
  readonly kind: 'CG' | 'CD' | 'PY' | 'AJ' | 'CO'
  readonly code: string
  readonly amount: string
  readonly currency: string
  readonly content: string
  readonly original: string | null
  readonly t: number
  readonly m: number
  readonly messageId: string
}

const ledgerColumns = `l.source, l.line, l.account_id as "accountId", l.rtype, l.id, l.kind, coalesce(l.code, '') as code, l.amount::text as amount,
  l.currency, encode(l.content, 'hex') as content, l.original, l.t::float8 as t, l.m::float8 as m, l.message_id::text as "messageId"`

/** Uses the primary key of ledger. */
export const loadLinesSql = `
select ${ledgerColumns}
from unnest($2::text[], $3::text[]) as wanted (source, line)
join ledger l on l.tenant = $1 and l.source = wanted.source and l.line = wanted.line`

/** Charges of one code, and the credits that may use them up; uses ledger_account. */
export const loadChargesSql = `
select ${ledgerColumns}
from unnest($2::text[], $3::text[]) as wanted (account_id, code)
join ledger l on l.tenant = $1 and l.account_id = wanted.account_id and l.code = wanted.code and l.kind in ('CG', 'CD')`

export async function loadLines(
  tx: Queryable,
  tenant: number,
  keys: readonly { readonly source: string; readonly line: string }[],
): Promise<LedgerRow[]> {
  if (keys.length === 0) return []
  return await tx.query<LedgerRow>('load_lines', loadLinesSql, [
    tenant,
    keys.map((k) => k.source),
    keys.map((k) => k.line),
  ])
}

export async function loadCharges(
  tx: Queryable,
  tenant: number,
  wanted: readonly { readonly accountId: string; readonly code: string }[],
): Promise<LedgerRow[]> {
  if (wanted.length === 0) return []
  const columns = [wanted.map((each) => each.accountId), wanted.map((each) => each.code)]
  return await tx.query<LedgerRow>('load_charges', loadChargesSql, [tenant, ...columns])
}

/** Things that refer to any of the targets; uses the primary key of reference. */
export const loadReferrersSql = `
select distinct r.target, r.rtype, r.id from reference r where r.tenant = $1 and r.target = any($2::text[])`

export async function loadReferrers(
  tx: Queryable,
  tenant: number,
  targets: readonly string[],
): Promise<{ readonly target: string; readonly rtype: string; readonly id: string }[]> {
  if (targets.length === 0) return []
  return await tx.query('load_referrers', loadReferrersSql, [tenant, targets])
}

export interface ShapeRow {
  readonly id: string
  readonly spans: readonly { readonly fhir: string; readonly v2: string; readonly row: string }[]
}

/** Uses the primary key of lineage_shape. */
export const loadShapesSql = `select s.id, s.spans from lineage_shape s where s.tenant = $1 and s.id = any($2::text[])`

export async function loadShapes(db: Queryable, tenant: number, ids: readonly string[]): Promise<ShapeRow[]> {
  return ids.length === 0 ? [] : await db.query<ShapeRow>('load_shapes', loadShapesSql, [tenant, ids])
}

/** All that is said of what is shown as one thing, under all its records; uses the primary keys of merge and contribution. */
export const readFamilySql = `
with own as (select coalesce((select target_id from merge where tenant = $1 and rtype = $2 and source_id = $3), $3) as id),
  family as (select id from own union select m.source_id from own join merge m on m.tenant = $1 and m.rtype = $2 and m.target_id = own.id)
select c.rtype, c.id, c.source, c.key, c.t, c.m, c.message_id::text as "messageId", c.body as text
from family f join contribution c on c.tenant = $1 and c.rtype = $2 and c.id = f.id
order by c.id, c.source, c.key`

export async function readFamily(
  db: Queryable,
  tenant: number,
  rtype: string,
  id: string,
): Promise<ContributionRow[]> {
  const rows = await db.query<Omit<ContributionRow, 'body'>>('read_family', readFamilySql, [
    tenant,
    rtype,
    id,
  ])
  return rows.map((row) => ({ ...row, body: parseBody(row.text) }))
}
