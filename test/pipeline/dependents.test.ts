// A merge gives what only changes its reference the new one in the store, without loading it: to the last octet as folding
// it does. A replay of the log applies several messages at a time and folds everything. Semantics, section 3; I6.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { FhirJson } from '../../src/canonical/fhir-json.ts'
import { stableId } from '../../src/canonical/identity/identifier.ts'
import { replayLog } from '../../src/pipeline/later/rebuild.ts'
import { lockThings } from '../../src/store/truth.ts'
import type { TestDatabase } from '../database.ts'
import { frontdesk as client } from './frontdesk.ts'
import { baseMaps } from './gateway.ts'
import { type Listener, listener, storyDatabase, storySite } from './histories.ts'
import { account, mrn, msh, pid, register, segment, visit } from './messages.ts'

let store: TestDatabase
let scratch: TestDatabase
let gateway: Listener
const site = storySite()
before(async () => {
  store = await storyDatabase()
  scratch = await storyDatabase()
  gateway = listener(store, site)
})
after(async () => {
  await gateway.engine.close()
  await store.drop()
  await scratch.drop()
})

const common = { client, peer: 'test', strict: false, raw: Buffer.from('{}') }

let minute = 0
function later(): string {
  const at = new Date(Date.UTC(2026, 2, 2, 8, minute++))
  return at.toISOString().replace(/[-T:]/g, '').slice(0, 14)
}

async function send(...segments: readonly string[]): Promise<void> {
  const answer = await gateway.send(`${segments.join('\r')}\r`)
  assert.equal(answer.code, 'AA', answer.text)
}

const admit = (who: string, number: number, event = 'A01', more = '') => {
  const time = later()
  return send(
    msh({ event: `ADT^${event}^ADT_A01`, time }),
    `EVN||${time}`,
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 7: '19800101', 18: account(`A-${who}`) }),
    segment('PV1', { 1: '1', 2: 'I', 3: `3N^30${number % 4}^^GHH${more}`, 19: visit(`V-${who}-${number}`) }),
  )
}
const charge = (who: string, number: number, kind = 'CG') => {
  const time = later()
  return send(
    msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
    `EVN||${time}`,
    pid({ 3: mrn(who), 18: account(`A-${who}`) }),
    segment('PV1', { 1: '1', 2: 'I', 19: visit(`V-${who}-${number % 3}`) }),
    `FT1|1|${who}-${kind}-${number}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000|20260302103000|${kind}|99213^Visit^L|||1|150.00&USD`,
  )
}
const book = (who: string, number: number) => {
  const start = `202603${10 + (number % 18)}100000`
  return send(
    msh({ event: 'SIU^S12^SIU_S12', source: 'SCHED1|GHH', time: later() }),
    segment('SCH', {
      2: `F-${who}-${number}^SCHED1^2.16.840.1.113883.19.5.4^ISO`,
      25: 'Booked^Booked^HL70278',
    }),
    segment('TQ1', { 1: '1', 6: '15^min&minute&ISO+', 7: start }),
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
    'RGS|1|A',
    segment('AIL', { 1: '1', 2: 'A', 3: 'CLN1^EX1^^GHH', 6: start, 9: '15', 10: 'min' }),
  )
}
const idOf = (who: string): string => stableId('Patient', 'urn:oid:2.16.840.1.113883.19.5.1', who)

/** What a client writes of a patient: with decimals, with texts that look like references, with a display. */
const write = async (who: string, number: number) => {
  const reference = `Patient/${idOf(who)}`
  const subject = number % 2 === 0 ? { reference, display: 'Jane Doe' } : { reference }
  const bodies: FhirJson[] = [
    {
      resourceType: 'Observation',
      status: 'final',
      code: { text: `"reference": "${reference}" \\"` },
      subject,
      performer: [{ reference }],
      valueQuantity: { value: JSON.rawJSON('1.50') as unknown as number, unit: 'mg' },
    },
    { resourceType: 'Encounter', status: 'planned', class: { code: 'AMB' }, subject },
    { resourceType: 'Communication', status: 'completed', subject, note: [{ text: reference }] },
  ]
  const next = bodies[number % bodies.length] as FhirJson & { resourceType: string }
  const { status, issues } = await gateway.engine.write({
    ...common,
    op: 'create',
    rtype: next.resourceType,
    change: () => ({ next }),
  })
  assert.equal(status, 201, JSON.stringify(issues))
}

const merge = (from: string, to: string) => {
  const time = later()
  return send(
    msh({ event: 'ADT^A40^ADT_A39', time }),
    `EVN||${time}`,
    segment('PID', { 1: '1', 3: mrn(to), 5: 'DOE^JANE' }),
    segment('MRG', { 1: mrn(from) }),
  )
}

const mergeAccounts = (from: string, to: string) => {
  const time = later()
  return send(
    msh({ event: 'ADT^A41^ADT_A39', time }),
    `EVN||${time}`,
    segment('PID', { 1: '1', 3: mrn(to), 5: 'DOE^JANE', 18: account(`A-${to}`) }),
    segment('MRG', { 1: mrn(to), 3: account(`A-${from}`) }),
  )
}

async function unmerge(to: string, onConflict: 'ask' | 'stay' | 'move' = 'ask'): Promise<void> {
  const [row] = await store.db.read.query<{ id: string }>(
    'last_merge',
    `select id from merge_journal where rtype = 'Patient' and undone_at is null order by message_id desc limit 1`,
  )
  const { status, issues } = await gateway.engine.decide({
    kind: 'unmerge',
    client,
    raw: Buffer.from('{}'),
    peer: 'test',
    target: idOf(to),
    merge: row?.id ?? '',
    reason: 'two persons',
    onConflict,
  })
  assert.equal(status, 200, JSON.stringify(issues))
}

const shown = `rtype <> 'Provenance' and not (rtype = 'Task')`
const tables = {
  versions: `select rtype, id, version, op, body::text as body from history where ${shown} order by 1, 2, 3`,
  tokens: `select rtype, id, version, tokens::text from resource where ${shown} order by 1, 2`,
  reference: `select target, rtype, param, id from reference where ${shown} order by 1, 2, 3, 4`,
  identifier: `select rtype, param, value, system, id from identifier where ${shown} order by 1, 2, 3, 4, 5`,
  date: `select rtype, param, low::text, high::text, id from date where ${shown} order by 1, 2, 3, 4, 5`,
  merge: `select rtype, source_id, target_id from merge order by 1, 2`,
  journal: `select id, rtype, source_id, target_id, moved from merge_journal order by 1, 3`,
  told: `select id, body->'target' as targets, body->'activity' as activity from resource
    where rtype = 'Provenance' and body->'activity'->>'text' like 'ADT%' order by 1`,
} as const

const rowsOf = async (of: TestDatabase, table: keyof typeof tables): Promise<string[]> =>
  (await of.db.read.query<object>(`rows_${table}`, tables[table])).map((each) => JSON.stringify(each))

/** Every table of the store is that of a replay, in which everything was folded. */
async function verify(): Promise<void> {
  const emptied = listener(scratch, site)
  await emptied.reset()
  await emptied.engine.close()
  const { failed } = await replayLog({ from: store.db, into: scratch.db, tenant: 1, site, maps: baseMaps() })
  assert.deepEqual(failed, [])
  for (const table of Object.keys(tables) as (keyof typeof tables)[])
    assert.deepEqual(await rowsOf(store, table), await rowsOf(scratch, table), table)
}

/** Things that have been given their reference without being loaded. */
async function redirected(): Promise<string[]> {
  const rows = await store.db.read.query<{ rtype: string }>(
    'test_redirected',
    'select distinct rtype from resource where hash is null order by 1',
  )
  return rows.map((each) => each.rtype)
}

const state = async (): Promise<string[]> =>
  (
    await store.db.read.query<{ line: string }>(
      'test_state',
      `select rtype || '/' || id || ' ' || body::text as line from resource where ${shown} and not deleted order by 1`,
    )
  ).map((each) => each.line)

type Step = { readonly what: number; readonly who: string; readonly number: number }
const step = fc.record({
  what: fc.nat(6),
  who: fc.constantFrom('S', 'S', 'S', 'T'),
  number: fc.nat(8),
})

const carryOut = async ({ what, who, number }: Step): Promise<void> => {
  if (what < 2) await admit(who, number, number % 2 === 0 ? 'A01' : 'A08')
  else if (what === 2) await charge(who, number)
  else if (what === 3) await charge(who, number, 'CD')
  else if (what === 4) await book(who, number)
  else await write(who, number)
}

const seed = Number(process.env.PORTICO_PROPERTY_SEED ?? 20260302)
const numRuns = Math.ceil(Number(process.env.PORTICO_PROPERTY_RUNS ?? 60) / 10)

describe('what a merge and its end make of the dependents of any patient', () => {
  it('is what folding makes of them, and the end restores what was (I6)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 4, maxLength: 14 }),
        fc.array(step, { maxLength: 4 }),
        async (first, since) => {
          await gateway.reset()
          minute = 0
          await send(...register('S', {}, { time: later() }))
          await send(...register('T', { 16: 'M' }, { time: later() }))
          await admit('S', 0)
          await admit('T', 0)
          for (const each of first) await carryOut(each)
          await gateway.idle()
          const before = await state()
          await merge('S', 'T')
          await gateway.idle()
          assert.ok((await redirected()).includes('Encounter'))
          await unmerge('T')
          await gateway.idle()
          assert.deepEqual(await state(), before)
          await verify()
          await gateway.engine.decide({
            kind: 'merge',
            client,
            raw: Buffer.from('{}'),
            peer: 'test',
            source: idOf('S'),
            target: idOf('T'),
          })
          for (const each of since) await carryOut(each)
          // Visits and charges refer to what is merged now, and to what was merged before.
          await mergeAccounts('S', 'T')
          await verify()
          await unmerge('T', 'move')
          await gateway.idle()
          await verify()
        },
      ),
      { seed, numRuns },
    )
  })
})

describe('numbers of changes', () => {
  it('of a large change lie above all that was committed before it, and below all that comes after', async () => {
    await gateway.reset()
    await send(...register('S', {}, { time: later() }))
    await send(...register('T', {}, { time: later() }))
    for (let i = 0; i < 6; i++) {
      const time = later()
      const lines = Array.from(
        { length: 100 },
        (_, k) =>
          `FT1|${k + 1}|L-${i}-${k}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000|20260302103000|CG|99213^Visit^L|||1|150.00&USD`,
      )
      await send(
        msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
        `EVN||${time}`,
        pid({ 3: mrn('S'), 18: account('A-S') }),
        ...lines,
      )
    }
    const newest = async () => {
      const [row] = await store.db.read.query<{ n: string }>(
        'test_newest',
        'select max(seq)::text as n from history',
      )
      return Number(row?.n)
    }
    const first = await newest()
    // Somebody else's message comes and goes while the merge waits for its turn to number ahead.
    let free = () => {}
    const held = store.db.transaction(async (tx) => {
      await lockThings(tx, 1, ['numbers seq'])
      await new Promise<void>((resolve) => {
        free = resolve
      })
    })
    const merging = merge('S', 'T')
    await send(...register('OTHER', {}, { time: later() }))
    const between = await newest()
    free()
    await held
    await merging
    const merged = await newest()
    await send(...register('OTHER2', {}, { time: later() }))
    assert.ok(first < between && between < merged && merged < (await newest()))
    const [row] = await store.db.read.query<{ n: string; last: string }>(
      'test_numbers',
      `select min(seq)::text as n, (select max(n)::text from journal where n <= $1) as last from resource where hash is null`,
      [merged],
    )
    assert.ok(Number(row?.n) > between, 'the merge is numbered behind what was committed before it')
    const [log] = await store.db.read.query<{ n: string }>(
      'test_log',
      'select max(n)::text as n from journal',
    )
    const numbered = await store.db.read.query<{ seq: string }>(
      'test_twice',
      'select seq::text from history group by seq having count(*) > 1',
    )
    assert.deepEqual(numbered, [])
    assert.ok(Number(log?.n) > merged)
  })
})
