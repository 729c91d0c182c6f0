// A resend after retention has dropped the message: its key still knows how it ended (durability.md, sections 5 and 10).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { dropPartitions, makePartitions } from '../../src/store/maintenance.ts'
import { migrationsFolder } from '../../src/store/migrate.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, register, segment } from './messages.ts'

describe('a message that is sent again after its partition was dropped', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway()
  })
  after(() => gateway.close())

  /** A partition for the day of the messages: what is in the default one is never dropped. */
  const prepare = () =>
    gateway.store.db.transaction((tx) => makePartitions(tx, new Date('2026-03-02T00:00:00Z')))
  async function forget(): Promise<void> {
    const dropped = await gateway.store.db.transaction((tx) =>
      dropPartitions(tx, new Date('2026-03-05T00:00:00Z')),
    )
    assert.ok(dropped.includes('message_20260302'))
  }
  const rows = async (table: 'message' | 'message_key'): Promise<number> => {
    const [row] = await gateway.store.db.read.query<{ n: number }>(
      `test_count_${table}`,
      `select count(*)::int as n from ${table} where tenant = 1`,
    )
    return row?.n ?? -1
  }

  it('gets the code that it got at first, and is not applied', async () => {
    await prepare()
    const fine = register('R1')
    const refused = [msh({ event: 'ADT^A28^ADT_A05', source: 'NOBODY|X' }), 'EVN||20260302080000']
    const merge = [
      msh({ event: 'ADT^A40^ADT_A39' }),
      'EVN||20260302080000',
      segment('PID', { 1: '1', 3: mrn('R1'), 5: 'DOE^JANE^^^^^L' }),
      segment('MRG', { 1: mrn('R1') }),
    ]
    const all = [fine, refused, merge]
    const first: string[] = []
    for (const each of all) first.push((await gateway.send(...each)).code)
    assert.deepEqual(first, ['AA', 'AR', 'AE'])
    await gateway.idle()
    await forget()
    assert.deepEqual([await rows('message'), await rows('message_key')], [0, 3])

    for (const [i, each] of all.entries()) {
      const again = await gateway.send(...each)
      assert.equal(again.code, first[i])
      assert.deepEqual(again.errors, i === 0 ? [] : ['E 207 MSH^1^10'])
    }
    assert.equal((await gateway.all('Patient')).length, 1)
    assert.deepEqual([await rows('message'), await rows('message_key')], [0, 3])
  })

  it('gets AA when it was parked and has been applied since', async () => {
    await prepare()
    const time = '20260302080000'
    const parked = [
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
      `EVN||${time}`,
      segment('PID', { 1: '1', 3: mrn('P1'), 18: account('ACC-P1') }),
      'FT1|1|T-P1^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302073000|20260302080000|CG|99213^Visit^L|||1|150.00&USD|150.00&USD',
    ]
    const first = await gateway.send(...parked)
    assert.equal(first.code, 'AE')
    assert.match(first.errors.join(), /PARKED/)
    const code = async () =>
      (
        await gateway.store.db.read.query<{ ack_code: string | null }>(
          'test_code',
          'select ack_code from message_key where tenant = 1 order by message_id desc limit 1',
        )
      )[0]?.ack_code
    assert.equal(await code(), 'AE')
    await gateway.send(...register('P1'))
    await gateway.idle()
    assert.equal((await gateway.all('ChargeItem')).length, 1)
    await forget()
    assert.equal((await gateway.send(...parked)).code, 'AA')
    assert.equal((await gateway.all('ChargeItem')).length, 1)
  })

  it('000002.sql reads the code of refused messages that are still there', async () => {
    await prepare()
    const refused = [msh({ event: 'ADT^A28^ADT_A05', source: 'NOBODY|X' }), 'EVN||20260302080000']
    assert.equal((await gateway.send(...refused)).code, 'AR')
    const text = readFileSync(join(migrationsFolder, '000002.sql'), 'utf8')
    await gateway.store.db.transaction(async (tx) => {
      await tx.script('alter table message_key drop column ack_code')
      await tx.script(text)
    })
    await forget()
    assert.equal((await gateway.send(...refused)).code, 'AR')
  })
})
