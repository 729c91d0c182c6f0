// T14: messages that can never be applied - the rules do not survive them, or the store refuses what they change.
// They are answered and kept; nobody else waits for them.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.ts'
import { withRows } from './database.ts'
import { Load, usualLoad } from './load.ts'
import { type Sent, sentOf } from './messages.ts'
import { Judgement, judge } from './oracle.ts'
import { type Context, type Outcome, spread, type Trial } from './trial.ts'
import { readMsa, Wire } from './wire.ts'

/** Half of what the gateway hopes for the store: whoever waits for longer waits for somebody else's poison. */
const sufferableMs = 5_000
const answeredWithinMs = 30_000
const feed = 99
const warmUpMs = 1_500

const victims = {
  rules: { mrn: '77000001', family: 'POISONRULES' },
  store: { mrn: '77000002', family: 'POISONSTORE' },
}
type Kind = keyof typeof victims

function messageFor(kind: Kind, event: 'A28' | 'A31', place: number, seed: number, code: Sent['code']): Sent {
  const { mrn, family } = victims[kind]
  const at = `20260401${String(60_000 + place).padStart(6, '0')}`
  // The first is clean: what is refused is the name, or what was done to the stored statement of the source.
  const name = event === 'A28' ? `CLEAN^${kind}` : `${family}^N${place}`
  const text = [
    `MSH|^~\\&|ADT1|LKH|PORTICO|LKH|${at}||ADT^${event}^ADT_A05|P${seed}-${kind}-${place}-${code}|P|2.5.1`,
    `EVN||${at}`,
    `PID|1||${mrn}^^^LKH&2.16.840.1.113883.19.200.1&ISO^MR||${name}||19700101|F|||1 MILL ST^^TOWN^IL^62099^USA^H||^PRN^PH^^1^217^5550100`,
    'PV1|1|N',
    '',
  ].join('\r')
  return sentOf(text, feed, place, code, code === 'AA' ? 'processed' : 'failed')
}

/** From outside, so that the gateway is the real one: a statement that no rule can read, a name that no table takes. */
async function poison(dataDir: string): Promise<void> {
  await withRows(dataDir, async (query) => {
    await query(
      `update contribution c set body = 'null' from identifier i
       where i.rtype = 'Patient' and i.value = $1 and c.tenant = i.tenant and c.rtype = i.rtype and c.id = i.id`,
      [victims.rules.mrn],
    )
    await query(
      `alter table resource add constraint poison check (strpos(body::text, '${victims.store.family}') = 0) not valid`,
    )
  })
}

async function cure(dataDir: string): Promise<void> {
  await withRows(dataDir, async (query) => {
    await query(
      `delete from contribution c using identifier i
       where i.rtype = 'Patient' and i.value = $1 and c.tenant = i.tenant and c.rtype = i.rtype and c.id = i.id`,
      [victims.rules.mrn],
    )
    await query('alter table resource drop constraint poison')
  })
}

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const count = kills ?? (quick ? 5 : 50)
  const dataDir = join(cleanup.folder(), 'data')
  const child = await Child.start({ dataDir, mutant })
  cleanup.add(() => child.end())
  const load = new Load({ ...usualLoad, seed, window: () => 1 })
  cleanup.add(() => load.abandon())
  const extra = new Judgement()
  const waitedMs: number[] = []
  const tell = async (wire: Wire, sent: Sent) => {
    load.sent.push(sent)
    const since = performance.now()
    const late = sleep(answeredWithinMs, undefined, { ref: false })
    const ack = await Promise.race([wire.send(sent.bytes), late])
    waitedMs.push(performance.now() - since)
    sent.times++
    if (ack) load.settled(sent, readMsa(ack).code, ack, 0)
    else extra.rule('poison is answered within 30 s', [sent.id])
  }
  const kinds = Object.keys(victims) as Kind[]
  const wires = await Promise.all(kinds.map(() => Wire.open(child.mllpPort)))
  const each = (work: (kind: Kind, wire: Wire) => Promise<void>) =>
    Promise.all(kinds.map(async (kind, i) => wires[i] && (await work(kind, wires[i]))))
  await each((kind, wire) => tell(wire, messageFor(kind, 'A28', 0, seed, 'AA')))
  load.aim(child.mllpPort)
  load.start()
  await sleep(warmUpMs)
  await poison(dataDir)
  load.slowestMs = 0
  await each(async (kind, wire) => {
    for (let place = 1; place <= count; place++) await tell(wire, messageFor(kind, 'A31', place, seed, 'AE'))
  })
  const { slowestMs } = load
  extra.rule(
    'nobody else waits for poison',
    slowestMs > sufferableMs ? [`an ACK took ${Math.round(slowestMs)} ms`] : [],
  )
  await cure(dataDir)
  await each((kind, wire) => tell(wire, messageFor(kind, 'A31', count + 1, seed, 'AA')))
  say(`${load.acked} acknowledged beside it`)
  const finished = await load.finish(30_000)
  extra.rule('in the end everything is answered', finished ? [] : [`${load.open} are not`])
  const { violations, figures } = await judge(load, dataDir)
  return {
    faults: 2 * count,
    figures: { ...figures, poisonMedianMs: spread(waitedMs).median, slowestOtherMs: Math.round(slowestMs) },
    violations: [...extra.violations, ...violations],
  }
}

export const poisonMessages: Trial = {
  id: 'T14',
  fault: 'messages that can never be applied',
  mutants: ['stall-with-poison'],
  run,
}
