// Repairs in the pipeline: for their source alone, before the message is read, with the bytes that came in the log.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parseSite } from '../../src/pipeline/site/site.ts'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      const [first] = site.sources as Record<string, unknown>[]
      if (first)
        first.repairs = [
          { repair: 'set', at: 'MSH-12', from: '2.5.01', to: '2.5.1' },
          { repair: 'date', at: 'PID-7', form: 'MM/DD/YYYY' },
        ]
    }),
  )
})
after(() => gateway.close())

const odd = (source: string) => [
  msh({ event: 'ADT^A28^ADT_A05', source }).replace('|2.5.1', '|2.5.01'),
  'EVN||20260302080000',
  pid({ 3: mrn('R1'), 5: 'DOE^JANE^^^^^L', 7: '05/03/1965', 8: 'F' }),
]

describe('a repair', () => {
  it('puts right what its source does wrong, and the log keeps what came', async () => {
    assert.equal((await gateway.send(...odd('ADT1|GHH'))).code, 'AA')
    const [patient] = await gateway.all('Patient')
    assert.equal(patient?.birthDate, '1965-05-03')
    const [row] = await gateway.store.db.read.query<{ raw: Buffer }>(
      'test_raw',
      'select raw from message',
      [],
    )
    assert.match(String(row?.raw), /\|2\.5\.01\r.*\|05\/03\/1965\|/s)
  })

  it('is nothing to other sources', async () => {
    assert.equal((await gateway.send(...odd('SCHED1|GHH'))).code, 'AR')
  })

  it('that is wrong keeps the site out, with place and remedy', () => {
    const site = acceptanceSite()
    const sources = [{ id: 'A|B', token: 'x', repairs: [{ repair: 'trim' }] }]
    const text = JSON.stringify({ gateway: site.gateway, authorities: [], sources, clients: [] })
    const read = parseSite(text)
    assert.ok('problems' in read)
    assert.deepEqual(read.problems, ['trim has no at (repair 1 of source A|B) - write it'])
  })
})

describe('a dry run of a message that was refused', () => {
  it('says the error of the stored answer', async () => {
    const message = [
      msh({ event: 'ADT^A28^ADT_A05' }),
      'EVN||20260302080000',
      pid({ 3: mrn('R2'), 5: 'X', 7: 'spring' }),
    ]
    assert.equal((await gateway.send(...message)).code, 'AE')
    const raw = Buffer.from(`${message.join('\r')}\r`)
    const dry = await gateway.engine.dryRun({ raw, channel: 'http', peer: 'test:1' })
    assert.ok('messages' in dry)
    assert.deepEqual(
      dry.messages.map(({ ack, err }) => [ack, err]),
      [['AE', '102']],
    )
  })
})
