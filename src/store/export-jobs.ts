// Bulk exports as rows: asked for, taken by one gateway at a time under a lease, complete or failed, and gone in the end.

import { columnsOf } from './columns.ts'
import type { Database, Queryable } from './db.ts'

export type JobState = 'queued' | 'running' | 'complete' | 'failed' | 'gone'

export interface JobRow {
  readonly id: string
  readonly client: string
  /** URL of the kick-off. */
  readonly request: string
  readonly plan: unknown
  readonly state: JobState
  readonly attempts: number
  /** Resources written so far. */
  readonly written: number
  readonly createdAt: string
  readonly transactionTime: string | null
  readonly expiresAt: string | null
}

export interface FileRow {
  readonly n: number
  readonly kind: 'output' | 'deleted'
  readonly rtype: string
  readonly count: number
  /** Of the text, and of its compressed pieces. */
  readonly bytes: number
  readonly packedBytes: number
  readonly crc: number
}

/** The job was cancelled, or another gateway has taken it: whatever is being written for it is of no use. */
export class JobLost extends Error {}

const columns = `j.id, j.client, j.request, j.plan, j.state, j.attempts, j.written, j.created_at as "createdAt",
  j.transaction_time as "transactionTime", j.expires_at as "expiresAt"`

/** One kick-off at a time per tenant, so that the limits hold however many come at once. */
const lockKickOffSql = `select pg_advisory_xact_lock(hashtext('export'), $1)`
const openJobsSql = `
select count(*) filter (where state in ('queued', 'running'))::int as open,
  count(*) filter (where client = $2 and state in ('queued', 'running'))::int as own,
  count(*) filter (where client = $2)::int as kept
from export_job where tenant = $1 and state in ('queued', 'running', 'complete')`
const addJobSql = `
insert into export_job (tenant, id, client, request, plan, state, created_at)
values ($1, $2, $3, $4, $5::jsonb, 'queued', $6::timestamptz)`

export interface JobLimits {
  /** In progress, of all clients and of one. */
  readonly maxOpen: number
  readonly maxOpenPerClient: number
  /** In progress or with files that are still kept, of one client. */
  readonly maxKeptPerClient: number
}

/** Adds a job; or says which limit is in its way. */
export async function addJob(
  db: Database,
  tenant: number,
  job: Pick<JobRow, 'id' | 'client' | 'request' | 'createdAt'> & { readonly plan: object },
  limits: JobLimits,
): Promise<keyof JobLimits | undefined> {
  return await db.transaction(async (tx) => {
    await tx.query('export_lock', lockKickOffSql, [tenant])
    const [row] = await tx.query<{ open: number; own: number; kept: number }>('export_open', openJobsSql, [
      tenant,
      job.client,
    ])
    const { open = 0, own = 0, kept = 0 } = row ?? {}
    if (own >= limits.maxOpenPerClient) return 'maxOpenPerClient'
    if (open >= limits.maxOpen) return 'maxOpen'
    if (kept >= limits.maxKeptPerClient) return 'maxKeptPerClient'
    const values = [tenant, job.id, job.client, job.request, JSON.stringify(job.plan), job.createdAt]
    await tx.execute('export_add', addJobSql, values)
    return undefined
  })
}

const readJobSql = `select ${columns} from export_job j where j.tenant = $1 and j.id = $2`

export async function readJob(db: Queryable, tenant: number, id: string): Promise<JobRow | undefined> {
  const [row] = await db.query<JobRow>('export_read', readJobSql, [tenant, id])
  return row
}

/** A job that nobody has begun, or whose gateway has not been heard of for longer than its lease. */
const takeJobSql = `
update export_job j set state = 'running', attempts = j.attempts + 1, written = 0,
  lease_until = clock_timestamp() + make_interval(secs => $2)
where j.tenant = $1 and j.id = (
  select o.id from export_job o
  where o.tenant = $1 and (o.state = 'queued' or (o.state = 'running' and o.lease_until < clock_timestamp()))
  order by o.created_at limit 1 for update skip locked)
returning ${columns}`

const clearFilesSql = 'delete from export_file where tenant = $1 and job = any($2::text[])'
const clearChunksSql = 'delete from export_chunk where tenant = $1 and job = any($2::text[])'

async function clear(tx: Queryable, tenant: number, jobs: readonly string[]): Promise<void> {
  await tx.execute('export_clear_files', clearFilesSql, [tenant, jobs])
  await tx.execute('export_clear_chunks', clearChunksSql, [tenant, jobs])
}

/** Takes a job, and away what an earlier attempt has written of it. */
export async function takeJob(
  db: Database,
  tenant: number,
  leaseSeconds: number,
): Promise<JobRow | undefined> {
  return await db.transaction(async (tx) => {
    const [row] = await tx.query<JobRow>('export_take', takeJobSql, [tenant, leaseSeconds])
    if (row && row.attempts > 1) await clear(tx, tenant, [row.id])
    return row
  })
}

/** Which attempt at a job something belongs to: an earlier one must not write any more. */
export interface Attempt {
  readonly id: string
  readonly attempts: number
}

const beatSql = `
update export_job set lease_until = clock_timestamp() + make_interval(secs => $4)
where tenant = $1 and id = $2 and attempts = $3 and state = 'running'`

/** Keeps the lease. False when the job is not ours any more. */
export async function keepLease(
  db: Database,
  tenant: number,
  { id, attempts }: Attempt,
  leaseSeconds: number,
): Promise<boolean> {
  return (
    (await db.transaction((tx) => tx.execute('export_beat', beatSql, [tenant, id, attempts, leaseSeconds]))) >
    0
  )
}

const releaseSql = `
update export_job set state = 'queued', attempts = attempts - 1, lease_until = null
where tenant = $1 and id = $2 and attempts = $3 and state = 'running'`

/** Gives a job back that this gateway has no time to finish: the next one begins it anew. */
export async function releaseJob(db: Database, tenant: number, { id, attempts }: Attempt): Promise<void> {
  await db.transaction((tx) => tx.execute('export_release', releaseSql, [tenant, id, attempts]))
}

const failSql = `
update export_job set state = 'failed', expires_at = $4::timestamptz, lease_until = null
where tenant = $1 and id = $2 and attempts = $3 and state = 'running'`

export async function failJob(
  db: Database,
  tenant: number,
  { id, attempts }: Attempt,
  expiresAt: string,
): Promise<void> {
  await db.transaction(async (tx) => {
    const failed = await tx.execute('export_fail', failSql, [tenant, id, attempts, expiresAt])
    if (failed > 0) await clear(tx, tenant, [id])
  })
}

const completeSql = `
update export_job set state = 'complete', written = $4, seq = $5, transaction_time = $6::timestamptz,
  expires_at = $7::timestamptz, lease_until = null
where tenant = $1 and id = $2 and attempts = $3 and state = 'running'`
const addFilesSql = `
insert into export_file (tenant, job, n, kind, rtype, count, bytes, packed_bytes, crc)
select $1, $2, n::int, kind, rtype, count::bigint, bytes::bigint, packed::bigint, crc::bigint
from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
  as x (n, kind, rtype, count, bytes, packed, crc)`

export interface Completion {
  readonly written: number
  readonly seq: string
  readonly transactionTime: string
  readonly expiresAt: string
  readonly files: readonly FileRow[]
}

/** All files at once, with the state: nobody sees a part of them. */
export async function completeJob(
  db: Database,
  tenant: number,
  { id, attempts }: Attempt,
  { written, seq, transactionTime, expiresAt, files }: Completion,
): Promise<void> {
  await db.transaction(async (tx) => {
    const values = [tenant, id, attempts, written, seq, transactionTime, expiresAt]
    if ((await tx.execute('export_complete', completeSql, values)) === 0) throw new JobLost()
    const rows = columnsOf(
      files,
      ({ n }) => String(n),
      ({ kind }) => kind,
      ({ rtype }) => rtype,
      ({ count }) => String(count),
      ({ bytes }) => String(bytes),
      ({ packedBytes }) => String(packedBytes),
      ({ crc }) => String(crc),
    )
    if (files.length > 0) await tx.execute('export_add_files', addFilesSql, [tenant, id, ...rows])
  })
}

const endSql = `
update export_job set state = 'gone', lease_until = null
where tenant = $1 and id = $2 and state <> 'gone'`

/** Cancels a job, or takes its files away. What is being written for it is refused from now on. */
export async function endJob(db: Database, tenant: number, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute('export_end', endSql, [tenant, id])
    await clear(tx, tenant, [id])
  })
}

const expireSql = `
update export_job set state = 'gone' where tenant = $1 and state in ('complete', 'failed') and expires_at <= $2::timestamptz
returning id`
const forgetSql = `delete from export_job where tenant = $1 and state = 'gone' and created_at < $2::timestamptz`

/** Takes away the files whose time is over, and the memory of jobs from before `before`. */
export async function sweepJobs(db: Database, tenant: number, now: string, before: string): Promise<void> {
  await db.transaction(async (tx) => {
    const rows = await tx.query<{ id: string }>('export_expire', expireSql, [tenant, now])
    if (rows.length > 0)
      await clear(
        tx,
        tenant,
        rows.map(({ id }) => id),
      )
    await tx.execute('export_forget', forgetSql, [tenant, before])
  })
}

const markSql = `
select seq::text as seq from export_job where tenant = $1 and transaction_time = $2::timestamptz and seq is not null
order by seq limit 1`

/** What an export with this transactionTime has shown; undefined when no export has. */
export async function seqOfTime(db: Queryable, tenant: number, time: string): Promise<string | undefined> {
  const [row] = await db.query<{ seq: string }>('export_mark', markSql, [tenant, time])
  return row?.seq
}
