// The judge: compares what senders were told with the rows, in plain SQL. It never asks the gateway.
import { readFileSync } from 'node:fs'
import { siteFile } from './child.ts'
import { type Query, withRows } from './database.ts'
import { checkEffects } from './effects.ts'
import type { Load } from './load.ts'
import type { Sent } from './messages.ts'
import { until } from './wait.ts'

/** One rule that does not hold: how often, and the first cases. */
export interface Violation {
  readonly rule: string
  readonly count: number
  readonly samples: readonly string[]
}

export class Judgement {
  readonly violations: Violation[] = []
  readonly figures: Record<string, number> = {}

  /** `wrong`: the cases that break the rule. */
  rule(rule: string, wrong: readonly string[]): void {
    if (wrong.length > 0) this.violations.push({ rule, count: wrong.length, samples: wrong.slice(0, 5) })
  }
}

interface MessageRow {
  readonly id: number
  readonly control_id: string
  readonly state: string
  readonly sha256: string
  readonly ack: Buffer | null
  readonly ack_code: string
}

/** Everything that must hold once the senders have all their answers. */
export async function judge(load: Load, dataDir: string): Promise<Judgement> {
  const judgement = new Judgement()
  judgement.rule('answers are those that the messages deserve', load.complaints)
  await withRows(dataDir, async (query) => {
    const quiet = await until(
      async () => (await query('select 1 from todo limit 1')).length === 0,
      30_000,
      200,
    )
    judgement.rule('within 30 s nothing is left to do', quiet ? [] : ['todo is not empty'])
    const rows = await query<MessageRow>(
      `select id, control_id, state, encode(sha256, 'hex') as sha256, ack, ack_code from message order by id`,
    )
    checkLog(judgement, load, rows)
    const idOf = new Map(rows.map((row) => [row.control_id, row.id]))
    await checkHistory(judgement, query, load, idOf)
    await checkOutbox(judgement, query, load.sent, idOf)
    await checkEffects(judgement, query, load.sent)
    judgement.figures.rows = rows.length
  })
  judgement.figures.acknowledged = load.acked
  judgement.figures.resends = load.sent.reduce((sum, each) => sum + each.times - 1, 0)
  return judgement
}

/** The log has each answered message once, byte for byte, with the answer that its sender got. */
function checkLog(judgement: Judgement, load: Load, rows: readonly MessageRow[]): void {
  const { sent } = load
  const byControlId = Map.groupBy(rows, (row) => row.control_id)
  const of = (each: Sent) => byControlId.get(each.id) ?? []
  const answered = sent.filter((each) => each.acked)
  const acked = answered.filter((each) => each.code === 'AA')
  judgement.rule(
    'no acknowledged message is missing',
    acked.filter((each) => of(each).length === 0).map((each) => `${each.id} ${each.event}`),
  )
  judgement.rule(
    'no refused message is missing from the log',
    answered.filter((each) => each.code !== 'AA' && of(each).length === 0).map((each) => each.id),
  )
  judgement.rule(
    'no message is there twice',
    sent.filter((each) => of(each).length > 1).map((each) => `${each.id} ${each.event} x ${of(each).length}`),
  )
  const names = Map.groupBy(rows, (row) => row.id)
  judgement.rule(
    'no two messages have one name',
    [...names].filter(([, own]) => own.length > 1).map(([id, own]) => `${id} x ${own.length}`),
  )
  judgement.rule(
    'the log says of each message what became of it',
    answered
      .filter((each) => of(each).some((row) => row.state !== each.state || row.ack_code !== each.code))
      .map((each) => `${each.id} ${each.code} ${of(each)[0]?.state}`),
  )
  judgement.rule(
    'the bytes are those that were sent',
    sent.filter((each) => of(each).some((row) => row.sha256 !== each.sha256)).map((each) => each.id),
  )
  judgement.rule(
    'the stored answer is the one that was given',
    answered
      .filter((each) => !load.isEarly(each))
      .filter((each) => of(each).some((row) => !row.ack || !each.ack?.equals(row.ack)))
      .map((each) => each.id),
  )
  const known = new Set(sent.map((each) => each.id))
  judgement.rule(
    'nothing is there that nobody sent',
    [...byControlId.keys()].filter((id) => !known.has(id)),
  )
  judgement.rule(
    'every message has got its answer in the end',
    sent.filter((each) => !each.acked).map((each) => each.id),
  )
}

interface VersionRow {
  readonly rtype: string
  readonly id: string
  readonly version: number
  readonly seq: number
  readonly message_id: number
}

/**
 * Each message changes a thing once; versions have no gaps; what a connection sent about a thing was applied in its
 * order. A sender that waits for each ACK finds all that it sent in its order.
 */
async function checkHistory(
  judgement: Judgement,
  query: Query,
  load: Load,
  idOf: ReadonlyMap<string, number>,
): Promise<void> {
  const rows = await query<VersionRow>('select rtype, id, version, seq, message_id from history order by seq')
  const sentOf = new Map(load.sent.map((each) => [idOf.get(each.id), each]))
  const twice = new Map<string, number>()
  const gaps: string[] = []
  const disorder: string[] = []
  const lastVersion = new Map<string, number>()
  const lastPlace = new Map<string, number>()
  const lastOfFeed = new Map<number, number>()
  for (const { rtype, id, version, message_id } of rows) {
    const key = `${rtype}/${id}`
    const both = `${key} ${message_id}`
    twice.set(both, (twice.get(both) ?? 0) + 1)
    if (version !== (lastVersion.get(key) ?? 0) + 1) gaps.push(`${key} ${version}`)
    lastVersion.set(key, version)
    const from = sentOf.get(message_id)
    if (!from) continue
    const early = load.isEarly(from)
    const at = `${key} ${from.feed} ${early}`
    if (from.place <= (lastPlace.get(at) ?? -1)) disorder.push(`${key} ${from.id}`)
    lastPlace.set(at, from.place)
    if (load.options.window(from.feed) > 1 || early) continue
    if (from.place < (lastOfFeed.get(from.feed) ?? -1)) disorder.push(`feed ${from.feed} ${from.id}`)
    lastOfFeed.set(from.feed, from.place)
  }
  judgement.rule('versions count 1, 2, 3 in the order of commits', gaps)
  judgement.rule(
    'a message makes at most one version of a thing',
    [...twice].filter(([, times]) => times > 1).map(([what]) => what),
  )
  judgement.rule('changes are in the order of their connection', disorder)
  const stale = await query<{ what: string }>(
    `select r.rtype || '/' || r.id as what from resource r
     where exists (select from superseded later where later.tenant = r.tenant and later.rtype = r.rtype
       and later.id = r.id and later.version >= r.version)
     union all
     select s.rtype || '/' || s.id from superseded s
     where not exists (select from resource r where r.tenant = s.tenant and r.rtype = s.rtype and r.id = s.id)`,
  )
  judgement.rule(
    'what is current is the newest version',
    stale.map((row) => row.what),
  )
  judgement.figures.versions = rows.length
}

interface Subscriber {
  readonly id: string
  readonly feeds: readonly string[]
}

const feedsOf = (event: string): string[] => {
  if (event.startsWith('SIU')) return ['siu']
  if (event.startsWith('DFT')) return ['dft']
  return event === 'ADT^A28' || event === 'ADT^A31' ? ['adt-person'] : ['adt-visit']
}

/** Each message that changed something is in the outbox once for each subscriber it concerns, and no other is. */
async function checkOutbox(
  judgement: Judgement,
  query: Query,
  sent: readonly Sent[],
  idOf: ReadonlyMap<string, number>,
): Promise<void> {
  const { subscribers } = JSON.parse(readFileSync(siteFile, 'utf8')) as { subscribers: Subscriber[] }
  const changed = new Set(
    (await query<{ message_id: number }>('select distinct message_id from history')).map(
      (row) => row.message_id,
    ),
  )
  const due = new Set<string>()
  for (const each of sent) {
    const id = idOf.get(each.id)
    if (id === undefined || !changed.has(id)) continue
    const sender = each.text.split('|').slice(2, 4).join('|')
    for (const { id: subscriber, feeds } of subscribers)
      if (subscriber !== sender && feedsOf(each.event).some((feed) => feeds.includes(feed)))
        due.add(`${id} ${subscriber}`)
  }
  const rows = await query<{ message_id: number; subscriber: string; times: number }>(
    'select message_id, subscriber, count(*)::int as times from outbox group by 1, 2',
  )
  const there = new Set(rows.map((row) => `${row.message_id} ${row.subscriber}`))
  judgement.rule(
    'no outbox row is missing',
    [...due].filter((each) => !there.has(each)),
  )
  judgement.rule(
    'no outbox row is too many',
    [...there].filter((each) => !due.has(each)),
  )
  judgement.rule(
    'no outbox row is doubled',
    rows.filter((row) => row.times > 1).map((row) => `${row.message_id} ${row.subscriber} x ${row.times}`),
  )
  judgement.figures.outbox = rows.length
}
