// The order in which messages were applied, and the log in that order: what rebuilding the truth replays.
import type { Queryable } from './db.ts'
import type { MessageState } from './messages.ts'

export const writeJournalSql = `insert into journal (tenant, n, at, messages) values ($1, $2, $3::timestamptz, $4::bigint[])`

/** One batch; `n` is a number of the counter of changes, so that batches stand in the order of their commits. */
export async function writeJournal(
  tx: Queryable,
  tenant: number,
  n: number,
  at: string,
  messages: readonly string[],
): Promise<void> {
  if (messages.length > 0) await tx.execute('write_journal', writeJournalSql, [tenant, n, at, messages])
}

export interface JournalRow {
  /** Number of the batch; null for messages of a store that had no journal yet. */
  readonly n: string | null
  readonly at: string
  readonly id: string
  readonly receivedAt: string
  readonly source: string
  readonly channel: 'mllp' | 'http' | 'file' | 'fhir'
  readonly peer: string | null
  readonly charset: string | null
  readonly event: string | null
  readonly raw: Buffer
  readonly state: MessageState
  readonly findings: readonly { readonly app?: string }[] | null
  /** JSON text. */
  readonly command: string | null
}

const columns = `m.id::text as id, m.received_at as "receivedAt", m.source, m.channel, m.peer, m.charset, m.event, m.raw, m.state,
  m.findings, m.command::text as command`

/** Messages from before the journal, in the order of their numbers. */
export const earlierLogSql = `
select null as n, m.received_at as at, ${columns}
from message m
where m.tenant = $1 and m.id > $2::bigint
  and m.id < coalesce((select min(x) from journal j, unnest(j.messages) as x where j.tenant = $1), 9223372036854775807)
  and m.state <> 'received'
order by m.id limit $3`

/** Uses the primary key of journal and message_id. */
export const journalSql = `
select j.n::text as n, j.at, ${columns}
from (select n, at, messages from journal where tenant = $1 and n > $2::bigint order by n limit $3) as j
cross join lateral unnest(j.messages) with ordinality as x (id, place)
join message m on m.tenant = $1 and m.id = x.id
order by j.n, x.place`

const batchesAtOnce = 50
const messagesAtOnce = 500

/** The message log in the order in which it was applied, a page at a time. */
export async function* readLog(db: Queryable, tenant: number): AsyncIterable<readonly JournalRow[]> {
  for (let last = '-1'; ; ) {
    const rows = await db.query<JournalRow>('earlier_log', earlierLogSql, [tenant, last, messagesAtOnce])
    if (rows.length > 0) yield rows
    const end = rows.at(-1)
    if (!end || rows.length < messagesAtOnce) break
    last = end.id
  }
  for (let last = '-1'; ; ) {
    const rows = await db.query<JournalRow>('journal', journalSql, [tenant, last, batchesAtOnce])
    const end = rows.at(-1)
    if (!end?.n) return
    yield rows
    last = end.n
  }
}

/** Resources that are state: not what happened (Provenance, AuditEvent), and not work for people (Task). */
export const stateSql = `
select r.rtype, r.id, r.body::text as body
from resource r
where r.tenant = $1 and (r.rtype, r.id) > ($2, $3) and not r.deleted
  and r.rtype not in ('Provenance', 'AuditEvent', 'Task')
order by r.rtype, r.id limit $4`

export interface StateRow {
  readonly rtype: string
  readonly id: string
  /** JSON text. */
  readonly body: string
}

const resourcesAtOnce = 1_000

/** Everything that is shown, in the order of type and id; uses the primary key of resource. */
export async function* readState(db: Queryable, tenant: number): AsyncIterable<StateRow> {
  for (let [rtype, id] = ['', '']; ; ) {
    const rows = await db.query<StateRow>('state', stateSql, [tenant, rtype, id, resourcesAtOnce])
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < resourcesAtOnce) return
    ;({ rtype, id } = last)
  }
}

/** Things of which somebody has said something, after a key; uses the primary key of contribution. */
export const contributedSql = `
select distinct c.rtype, c.id from contribution c
where c.tenant = $1 and (c.rtype, c.id) > ($2, $3) order by c.rtype, c.id limit $4`

export async function readContributed(
  db: Queryable,
  tenant: number,
  after: readonly [rtype: string, id: string],
  limit: number,
): Promise<{ readonly rtype: string; readonly id: string }[]> {
  return await db.query('contributed', contributedSql, [tenant, ...after, limit])
}

export const readProgressSql = `select place from progress where tenant = $1 and name = $2 and subject = $3`
export const writeProgressSql = `
insert into progress (tenant, name, subject, place) values ($1, $2, $3, $4::text[])
on conflict (tenant, name) do update set subject = excluded.subject, place = excluded.place`
export const clearProgressSql = `delete from progress where tenant = $1 and name = $2`

/** The last key that is done of work of this name for this subject; undefined when it has not begun. */
export async function readProgress(
  db: Queryable,
  tenant: number,
  name: string,
  subject: string,
): Promise<readonly string[] | undefined> {
  const [row] = await db.query<{ place: string[] }>('read_progress', readProgressSql, [tenant, name, subject])
  return row?.place
}

export async function writeProgress(
  tx: Queryable,
  tenant: number,
  name: string,
  subject: string,
  place: readonly string[] | undefined,
): Promise<void> {
  if (place === undefined) await tx.execute('clear_progress', clearProgressSql, [tenant, name])
  else await tx.execute('write_progress', writeProgressSql, [tenant, name, subject, place])
}
