// Doctors, wards and payers that messages name in passing, over several gateways; what versions say of their time.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Database, openDatabase } from '../../src/store/db.ts'
import { readHistory } from '../../src/store/history.ts'
import type { TestDatabase } from '../database.ts'
import { type Listener, listener, storyDatabase, storySite } from './histories.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

let store: TestDatabase
let otherDb: Database
let one: Listener
let other: Listener
before(async () => {
  store = await storyDatabase()
  otherDb = await openDatabase({ connection: store.url, schema: store.schema, warn: () => {} })
  one = listener(store, storySite())
  other = listener({ ...store, db: otherDb }, storySite())
})
after(async () => {
  await one.engine.close()
  await other.engine.close()
  await otherDb.close()
  await store.drop()
})

const doctor = (family: string): string =>
  `1234567893^${family}^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI`

function named(family: string, time: string, patient = 'M1', source = 'ADT1|GHH'): string {
  const lines = [
    msh({ event: 'ADT^A08', time, source }),
    `EVN||${time}|||OP1|${time}`,
    pid({ 3: mrn(patient), 5: 'DOE^JANE^^^^^L' }),
    segment('PV1', { 1: '1', 2: 'I', 7: doctor(family), 19: visit(`V${patient}`) }),
  ]
  return `${lines.join('\r')}\r`
}

async function familyName(): Promise<string | undefined> {
  const [body] = [...(await one.state())].filter(([key]) => key.startsWith('Practitioner/'))
  const { name } = JSON.parse(body?.[1] ?? '{}') as { name?: { family: string }[] }
  return name?.[0]?.family
}

const versions = async (): Promise<number> =>
  (
    await readHistory(store.db.read, 1, {
      rtypes: ['Practitioner'],
      id: undefined,
      since: undefined,
      at: undefined,
      count: 100,
      before: undefined,
    })
  ).rows.length

describe('a doctor whom messages name', () => {
  it('is called as last said, also by a name that another gateway heard before', async () => {
    await one.reset()
    assert.match(await codeOf(one, named('CHEN', '20260302080000')), /AA/)
    await other.send(named('CHAN', '20260302090000'))
    assert.equal(await familyName(), 'CHAN')
    // This gateway has heard of CHEN long ago, and of CHAN never.
    await one.send(named('CHEN', '20260302100000'))
    assert.equal(await familyName(), 'CHEN')
  })

  it('loses no name that two gateways hear at once (I1)', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `NAME${i}`)
    const texts = names.map((name, i) =>
      named(name, `20260302${String(8 + i).padStart(2, '0')}0000`, `M${i}`),
    )
    for (const order of [texts, texts.toReversed()]) {
      await one.reset()
      await other.reset()
      await Promise.all(order.map((text, i) => (i % 2 ? one : other).send(text)))
      assert.equal(await familyName(), 'NAME11')
      const rows = await store.db.read.query<{ n: number }>(
        'test_names',
        `select count(*)::int as n from contribution c, jsonb_each(coalesce(c.body::jsonb -> 'v', '{}') || coalesce(c.body::jsonb -> 'o', '{}')) as each
         where c.rtype = 'Practitioner' and each.key like 'name<%'`,
      )
      assert.equal(rows[0]?.n, names.length)
    }
  })

  it('is not written again by a feed that only repeats itself', async () => {
    await one.reset()
    await other.reset()
    for (let i = 0; i < 8; i++) await one.send(named('CHEN', `202603020800${10 + i}`, `M${i}`))
    assert.equal(await versions(), 1)
  })
})

describe('a message that lies in the future', () => {
  const codes = async (text: string) => (await one.send(text)).errors

  it('is told so where its time stands: EVN-2 and EVN-6, or MSH-7 of a schedule message', async () => {
    await one.reset()
    const adt = named('CHEN', '20270302080000')
    assert.ok((await codes(adt)).includes('W FUTURE-EVENT EVN^1^2~EVN^1^6'))
    const siu = [
      msh({ event: 'SIU^S12', time: '20270302080000', source: 'SCHED1|GHH' }),
      segment('SCH', { 2: 'F1^SCHED1^2.16.840.1.113883.19.5.4^ISO', 7: 'FU^Follow up^L', 25: 'Booked' }),
      segment('TQ1', { 1: '1', 6: '30^min&minute&ISO+', 7: '20270402080000' }),
      pid({ 3: mrn('M1'), 5: 'DOE^JANE^^^^^L' }),
      segment('RGS', { 1: '1', 2: 'A' }),
      segment('AIS', { 1: '1', 2: 'A', 3: 'OV^Visit^L', 4: '20270402080000', 7: '30', 8: 'min' }),
    ]
    assert.ok((await codes(`${siu.join('\r')}\r`)).includes('W FUTURE-EVENT MSH^1^7'))
  })
})

async function codeOf(listens: Listener, text: string): Promise<string> {
  return (await listens.send(text)).code
}
