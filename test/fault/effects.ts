// What the acknowledged messages must have done, read from their text by a second, much simpler reader.
import type { Query } from './database.ts'
import type { Sent } from './messages.ts'
import type { Judgement } from './oracle.ts'

type Fields = readonly string[]

interface Reading {
  readonly event: string
  readonly pid: Fields
  readonly pv1: Fields | undefined
  readonly sch: Fields | undefined
  readonly tq1: Fields | undefined
  readonly ft1: readonly Fields[]
}

function read({ event, text }: Sent): Reading {
  const segments = text.split('\r').map((each) => each.split('|'))
  const first = (name: string) => segments.find(([each]) => each === name)
  return {
    event,
    pid: first('PID') ?? [],
    pv1: first('PV1'),
    sch: first('SCH'),
    tq1: first('TQ1'),
    ft1: segments.filter(([name]) => name === 'FT1'),
  }
}

const part = (fields: Fields | undefined, field: number, component = 1): string =>
  (fields?.[field] ?? '').split('~')[0]?.split('^')[component - 1] ?? ''

/** In cents: sums of decimals without rounding. */
const cents = (amount: string): number => Math.round(Number(amount) * 100)

export async function checkEffects(judgement: Judgement, query: Query, sent: readonly Sent[]): Promise<void> {
  // One feed carries all messages of a patient, so the order of the list is the order of the facts.
  const readings = sent.filter((each) => each.acked && each.code === 'AA').map(read)
  const bodies = await currentBodies(query)
  checkPatients(judgement, readings, bodies)
  checkVisits(judgement, readings, bodies)
  checkAppointments(judgement, readings, bodies)
  await checkLedger(judgement, query, readings, bodies)
}

interface Body {
  readonly [element: string]: unknown
  readonly identifier?: readonly { readonly value?: string }[]
}

/** Of all types that have business identifiers: 'Patient 1000001' -> bodies. */
type Bodies = ReadonlyMap<string, readonly Body[]>

async function currentBodies(query: Query): Promise<Bodies> {
  const rows = await query<{ rtype: string; body: Body }>(
    `select rtype, body from resource
     where not deleted and rtype in ('Patient', 'Encounter', 'Appointment', 'ChargeItem', 'Account')`,
  )
  const found = new Map<string, Body[]>()
  for (const { rtype, body } of rows)
    for (const { value } of body.identifier ?? []) {
      const key = `${rtype} ${value}`
      found.set(key, [...(found.get(key) ?? []), body])
    }
  return found
}

/** The one body that there must be; adds to `wrong` when there is none, or several. */
function only(bodies: Bodies, key: string, wrong: string[]): Body | undefined {
  const found = bodies.get(key) ?? []
  if (found.length !== 1) wrong.push(`${key}: ${found.length} resources`)
  return found.length === 1 ? found[0] : undefined
}

const says = (body: Body, ...values: string[]): string | undefined => {
  const text = JSON.stringify(body)
  return values.find((value) => value !== '' && !text.includes(value))
}

function checkPatients(judgement: Judgement, readings: readonly Reading[], bodies: Bodies): void {
  const wrong: string[] = []
  const last = new Map(readings.map((each) => [part(each.pid, 3), each.pid]))
  for (const [mrn, pid] of last) {
    const body = only(bodies, `Patient ${mrn}`, wrong)
    const missing = body && says(body, part(pid, 5), part(pid, 11), part(pid, 11, 3), part(pid, 13, 7))
    if (missing !== undefined) wrong.push(`Patient ${mrn} lacks what was said last`)
  }
  judgement.rule('each patient is there once, as last stated', wrong)
  judgement.figures.patients = last.size
}

function checkVisits(judgement: Judgement, readings: readonly Reading[], bodies: Bodies): void {
  const wrong: string[] = []
  const visits = Map.groupBy(
    readings.filter((each) => each.event.startsWith('ADT') && part(each.pv1, 19) !== ''),
    (each) => part(each.pv1, 19),
  )
  for (const [number, events] of visits) {
    const body = only(bodies, `Encounter ${number}`, wrong)
    if (!body) continue
    const ended = events.some((each) => each.event === 'ADT^A03')
    if (body.status !== (ended ? 'finished' : 'in-progress')) wrong.push(`${number} is ${body.status}`)
    for (const { pv1 } of events) {
      const place = [1, 2, 3].map((component) => part(pv1, 3, component)).join('-')
      if (says(body, place) !== undefined) wrong.push(`${number} was never at ${place}`)
    }
  }
  judgement.rule('each visit is there once, with its end and its places', wrong)
  judgement.figures.visits = visits.size
}

function checkAppointments(judgement: Judgement, readings: readonly Reading[], bodies: Bodies): void {
  const wrong: string[] = []
  const last = new Map(readings.filter((each) => each.sch).map((each) => [part(each.sch, 2), each]))
  for (const [filler, { event, tq1 }] of last) {
    const body = only(bodies, `Appointment ${filler}`, wrong)
    if (!body) continue
    if (body.status !== (event === 'SIU^S15' ? 'cancelled' : 'booked'))
      wrong.push(`${filler} is ${body.status}`)
    const start = String(body.start).replace(/[-:T]/g, '').slice(0, 12)
    if (start !== part(tq1, 7).slice(0, 12)) wrong.push(`${filler} starts at ${body.start}`)
  }
  judgement.rule('each appointment is there once, as last booked', wrong)
  judgement.figures.appointments = last.size
}

async function checkLedger(
  judgement: Judgement,
  query: Query,
  readings: readonly Reading[],
  bodies: Bodies,
): Promise<void> {
  const due = new Map<string, number>()
  const balances = new Map<string, number>()
  const wrong: string[] = []
  for (const { ft1, pid } of readings) {
    for (const line of ft1) {
      const id = part(line, 2)
      const amount = cents(part(line, 11).split('&')[0] ?? '')
      due.set(id, amount)
      balances.set(part(pid, 18), (balances.get(part(pid, 18)) ?? 0) + amount)
      only(bodies, `ChargeItem ${id}`, wrong)
    }
  }
  judgement.rule('each charge is there once', wrong)
  const rows = await query<{ line: string; amount: string }>('select line, amount::text from ledger')
  const posted = new Map(rows.map((row) => [row.line.split('|').at(-1) ?? '', cents(row.amount)]))
  judgement.rule(
    'each acknowledged ledger line is posted once with its amount',
    [...due].filter(([id, amount]) => posted.get(id) !== amount).map(([id]) => id),
  )
  judgement.rule(
    'no ledger line is too many',
    rows.length > due.size ? [...posted.keys()].filter((id) => !due.has(id)) : [],
  )
  const balanced: string[] = []
  for (const [account, sum] of balances) {
    const body = only(bodies, `Account ${account}`, balanced)
    const [, shown = ''] = /"valueMoney":\{"value":([0-9.-]+)/.exec(JSON.stringify(body ?? {})) ?? []
    if (body && cents(shown) !== sum) balanced.push(`${account} shows ${shown}, its lines are ${sum / 100}`)
  }
  judgement.rule('each account shows the sum of its lines', balanced)
  judgement.figures.ledgerLines = rows.length
}
