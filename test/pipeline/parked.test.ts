// A message that waits for a key that never comes: refused for good after parkHours, never applied after that. Semantics, section 2.5.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { writeParked } from '../../src/store/messages.ts'
import { expireParked } from '../../src/store/parked.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, register } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

const states = async (): Promise<string[]> => {
  const rows = await gateway.store.db.read.query<{ state: string }>(
    'test_states',
    `select state from message where event like 'DFT%' order by id`,
  )
  return rows.map((each) => each.state)
}

const charge = (value: string, line: string): string[] => [
  msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH' }),
  'EVN||20260302080000',
  pid({ 3: mrn(value), 18: account(`A-${value}`) }),
  `FT1|1|${line}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302080000|20260302080000|CG|99213^Visit^L|||1|150.00&USD`,
]

it('a parked message is given up after the hours of the site, and not before', async () => {
  gateway.at('2026-03-02T08:00:00-06:00')
  await gateway.send(...charge('E1', 'T1'))
  await gateway.send(...charge('E2', 'T2'))
  await gateway.idle()
  assert.deepEqual(await states(), ['parked', 'parked'])
  gateway.at('2026-03-05T07:59:00-06:00')
  await gateway.send(...register('E1', {}, { time: '20260305075900' }))
  await gateway.idle()
  assert.deepEqual(await states(), ['processed', 'parked'])
  gateway.at('2026-03-05T08:00:01-06:00')
  await gateway.engine.setClock(new Date('2026-03-05T08:00:01-06:00'))
  await gateway.idle()
  assert.deepEqual(await states(), ['processed', 'rejected'])
  await gateway.send(...register('E2', {}, { time: '20260305080100' }))
  await gateway.idle()
  assert.deepEqual(await states(), ['processed', 'rejected'])
  assert.equal((await gateway.all('ChargeItem')).length, 1)
})

it('a message that waits for several keys is given up with the last of them', async () => {
  gateway.at('2026-04-01T08:00:00-05:00')
  await gateway.send(...charge('E3', 'T3'))
  const [parked] = await gateway.store.db.read.query<{ id: string; at: Date }>(
    'test_parked',
    `select message_id::text as id, received_at as at from parked where value = 'E3'`,
  )
  assert.ok(parked)
  const other = { system: 'urn:oid:2.16.840.1.113883.19.5.9', value: 'E4', message_id: parked.id }
  const park = async (until: string) => {
    const row = { ...other, received_at: new Date(parked.at).toISOString(), until }
    await gateway.store.db.transaction((tx) => writeParked(tx, 1, [row, row]))
  }
  const expire = (now: string) => gateway.store.db.transaction((tx) => expireParked(tx, 1, now))
  await park('2026-04-05T13:00:00Z')
  // Said again, it waits longer, and never less long.
  await park('2026-04-06T13:00:00Z')
  await park('2026-04-05T13:00:00Z')
  assert.equal(await expire('2026-04-04T13:00:01Z'), 0)
  assert.equal(await expire('2026-04-05T13:00:01Z'), 0)
  assert.equal((await states()).at(-1), 'parked')
  assert.equal(await expire('2026-04-06T13:00:01Z'), 1)
  assert.equal((await states()).at(-1), 'rejected')
})
