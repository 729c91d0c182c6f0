// What the outside may rely on: acknowledgements, resends, order, identity. CONTRACT.md section 5; semantics sections 1, 2, 6, 8.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, nextId, pid, register, segment, visit, wcl } from './messages.ts'

type Resource = Record<string, unknown>

describe('acknowledgements', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway()
  })
  after(() => gateway.close())

  it('a clean message gets AA and no ERR', async () => {
    const answer = await gateway.send(...register('A1'))
    assert.equal(answer.code, 'AA')
    assert.deepEqual(answer.errors, [])
  })

  it('a resend gets the stored acknowledgement, byte for byte, and changes nothing', async () => {
    const message = register('A2')
    const first = await gateway.send(...message)
    gateway.at('2026-03-02T09:00:00-06:00')
    assert.equal((await gateway.send(...message)).text, first.text)
    const rows = await gateway.store.db.read.query<{ n: number }>(
      'test_count',
      `select count(*)::int as n from history where rtype = 'Patient' and body::text like '%"A2"%'`,
    )
    assert.equal(rows[0]?.n, 1)
  })

  it('the same control id with other content is refused, and kept', async () => {
    const id = nextId()
    await gateway.send(...register('A3', {}, { id }))
    const answer = await gateway.send(...register('A3', { 8: 'M' }, { id }))
    assert.equal(answer.code, 'AE')
    assert.deepEqual(answer.errors, ['E CONTROL-ID-REUSE MSH^1^10'])
    const rows = await gateway.store.db.read.query<{ n: number }>(
      'test_reuse',
      'select count(*)::int as n from message where control_id = $1',
      [id],
    )
    assert.equal(rows[0]?.n, 2)
  })

  it('the same control id at another time is another message', async () => {
    const id = nextId()
    await gateway.send(...register('A4', {}, { id }))
    const answer = await gateway.send(...register('A4', { 8: 'F' }, { id, time: '20260302090000' }))
    assert.equal(answer.code, 'AA')
  })

  it('twins in one payload are one message', async () => {
    const message = register('A5')
    const text = ['BHS|^~\\&|ADT1|GHH|PORTICO|GHH', ...message, ...message, 'BTS|2'].join('\r')
    const { bytes } = await gateway.engine.receive({
      raw: Buffer.from(`${text}\r`),
      channel: 'http',
      peer: 'test',
    })
    const acks = Buffer.from(bytes ?? [])
      .toString()
      .split('\r')
      .filter((line) => line.startsWith('MSA'))
    assert.equal(acks.length, 2)
    assert.equal(acks[0], acks[1])
    const rows = await gateway.store.db.read.query<{ n: number }>(
      'test_twins',
      `select count(*)::int as n from message where event = 'ADT^A28' and raw::text like '%' and position('A5^^^GHH'::bytea in raw) > 0`,
    )
    assert.equal(rows[0]?.n, 1)
  })

  const refused: [string, string[], string, string][] = [
    [
      'an event that is not mapped',
      [msh({ event: 'ADT^A99' }), pid({ 3: mrn('X'), 5: 'X' })],
      'AR',
      'E 201 MSH^1^9^1^2',
    ],
    [
      'a type that is not served',
      [msh({ event: 'ORU^R01' }), pid({ 3: mrn('X'), 5: 'X' })],
      'AR',
      'E 200 MSH^1^9^1^1',
    ],
    [
      'a version nobody knows',
      [msh({ event: 'ADT^A28' }).replace('2.5.1', '9.9'), pid({ 3: mrn('X'), 5: 'X' })],
      'AR',
      'E 203 MSH^1^12',
    ],
    [
      'a source that the site does not list',
      [msh({ event: 'ADT^A28', source: 'NOBODY|X' }), pid({ 3: mrn('X'), 5: 'X' })],
      'AR',
      'E UNKNOWN-SOURCE MSH^1^3~MSH^1^4',
    ],
    ['a missing PID-3', [msh({ event: 'ADT^A28' }), pid({ 5: 'DOE^JANE' })], 'AE', 'E 101 PID^1^3'],
    ['a missing PID-5', [msh({ event: 'ADT^A28' }), pid({ 3: mrn('X1') })], 'AE', 'E 101 PID^1^5'],
    [
      'an identifier without an authority',
      [msh({ event: 'ADT^A28' }), pid({ 3: '123^^^^MR', 5: 'DOE^JANE' })],
      'AE',
      'E 101 PID^1^3^1^4',
    ],
    [
      'a date that does not exist',
      [msh({ event: 'ADT^A28' }), pid({ 3: mrn('X2'), 5: 'DOE^JANE', 7: '19991332' })],
      'AE',
      'E 102 PID^1^7',
    ],
    [
      'a sex that no table has',
      [msh({ event: 'ADT^A28' }), pid({ 3: mrn('X3'), 5: 'DOE^JANE', 8: '1' })],
      'AE',
      'E CODE-HELD PID^1^8',
    ],
  ]
  for (const [what, message, code, error] of refused) {
    it(`${what} gets ${code} with ${error}`, async () => {
      const answer = await gateway.send(...message)
      assert.equal(answer.code, code)
      assert.equal(
        answer.errors.some((each) => each.startsWith(error)),
        true,
        answer.errors.join(', '),
      )
    })
  }

  it('bytes that are not HL7 get AR without a control id, and are kept', async () => {
    const answer = await gateway.send('hello')
    assert.equal(answer.code, 'AR')
    assert.match(answer.text, /\rMSA\|AR(\||\r)/)
    const rows = await gateway.store.db.read.query<{ n: number }>(
      'test_hello',
      `select count(*)::int as n from message where position('hello'::bytea in raw) > 0`,
    )
    assert.equal(rows[0]?.n, 1)
  })

  it('a refused message leaves nothing but itself', async () => {
    const before = await gateway.all('Patient')
    await gateway.send(msh({ event: 'ADT^A28' }), pid({ 3: mrn('HALF'), 5: 'DOE^JANE', 8: '1' }))
    assert.equal((await gateway.all('Patient')).length, before.length)
  })

  it('an acknowledgement is never acknowledged', async () => {
    const raw = Buffer.from('MSH|^~\\&|ADT1|GHH|PORTICO|GHH|20260302080000||ACK|1|P|2.5.1\rMSA|AA|1\r')
    assert.equal((await gateway.engine.receive({ raw, channel: 'mllp', peer: 'test' })).bytes, undefined)
  })
})

describe('identity', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway(
      acceptanceSite((site) => {
        site.policy = { autoLink: 'off', parkHours: 72 }
      }),
    )
  })
  after(() => gateway.close())

  const patients = async (value: string): Promise<Resource[]> =>
    (await gateway.all('Patient')).filter((each) => JSON.stringify(each.identifier).includes(`"${value}"`))

  it('two authorities in one PID-3 are one patient, found by either', async () => {
    await gateway.send(...register('B1', { 3: `${mrn('B1')}~${wcl('W1')}` }))
    await gateway.send(
      ...register('B1', { 3: wcl('W1'), 8: 'F' }, { source: 'WREG|WCL', time: '20260302090000' }),
    )
    assert.equal((await patients('B1')).length, 1)
    assert.equal((await patients('W1')).length, 1)
  })

  it('two patients of the sender in one PID-3 are refused with a Task', async () => {
    await gateway.send(...register('B2'))
    await gateway.send(...register('B3'))
    const answer = await gateway.send(...register('B2', { 3: `${mrn('B2')}~${mrn('B3')}` }))
    assert.equal(answer.code, 'AE')
    assert.deepEqual(answer.errors, ['E ID-CONFLICT PID^1^3'])
    const tasks = await gateway.all('Task')
    assert.equal(tasks.filter((each) => JSON.stringify(each.code).includes('identity-conflict')).length, 1)
  })

  it('a foreign identifier of another patient does not stop the message, and is not attached', async () => {
    await gateway.send(...register('B4'))
    await gateway.send(...register('', { 3: wcl('W4'), 5: 'OTHER^ONE^^^^^L' }, { source: 'WREG|WCL' }))
    const answer = await gateway.send(
      ...register('B4', { 3: `${mrn('B4')}~${wcl('W4')}`, 16: 'M' }, { time: '20260302093000' }),
    )
    assert.equal(answer.code, 'AA')
    assert.deepEqual(answer.errors, ['W FOREIGN-ID-CONFLICT PID^1^3'])
  })

  it('a visit number of another patient is refused: nobody gets another person’s record', async () => {
    const admit = (who: string, time: string) => [
      msh({ event: 'ADT^A01^ADT_A01', time }),
      `EVN||${time}`,
      pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
      segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 19: visit('V-B5') }),
    ]
    assert.equal((await gateway.send(...admit('B5', '20260302100000'))).code, 'AA')
    const answer = await gateway.send(...admit('B6', '20260302100500'))
    assert.equal(answer.code, 'AE')
    assert.deepEqual(answer.errors, ['E ID-CONFLICT PV1^1^19'])
    assert.equal((await patients('B6')).length, 0)
  })

  it('an update of somebody unknown creates, and says so', async () => {
    const answer = await gateway.send(
      msh({ event: 'ADT^A08^ADT_A01' }),
      'EVN||20260302080000',
      pid({ 3: mrn('B7'), 5: 'DOE^JANE^^^^^L' }),
    )
    assert.equal(answer.code, 'AA')
    assert.deepEqual(answer.errors, ['W UPSERT PID^1^3'])
  })

  it('a charge about an unknown identifier waits, and applies itself when the patient appears', async () => {
    const time = '20260302110000'
    const charge = [
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
      `EVN||${time}`,
      pid({ 3: mrn('B8'), 18: account('ACC-B8') }),
      'FT1|1|T-B8^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000|20260302110000|CG|99213^Visit^L|||1|150.00&USD|150.00&USD',
    ]
    const answer = await gateway.send(...charge)
    assert.equal(answer.code, 'AE')
    assert.deepEqual(answer.errors, ['E PARKED PID^1^3'])
    assert.deepEqual((await gateway.send(...charge)).errors, ['E PARKED PID^1^3'])
    assert.equal((await gateway.all('ChargeItem')).length, 0)
    await gateway.send(...register('B8', {}, { time: '20260302120000' }))
    await gateway.idle()
    assert.equal((await gateway.all('ChargeItem')).length, 1)
    // The stored answer is that of its end, so a sender that asks again learns it.
    assert.equal((await gateway.send(...charge)).code, 'AA')
    await gateway.idle()
    assert.equal((await gateway.all('ChargeItem')).length, 1)
  })
})

describe('absent, empty and deleted', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway()
  })
  after(() => gateway.close())

  const update = (time: string, fields: Readonly<Record<number, string>>) =>
    gateway.send(
      msh({ event: 'ADT^A08^ADT_A01', time }),
      `EVN||${time}`,
      pid({ 3: mrn('C1'), 5: 'DOE^JANE^^^^^L', ...fields }),
    )
  const patient = async (): Promise<Resource> => (await gateway.all('Patient'))[0] ?? {}

  it('an absent field changes nothing, "" deletes, an older value does not come back', async () => {
    await gateway.send(...register('C1', { 13: '^PRN^PH^^1^217^5550001', 16: 'M' }))
    await update('20260302090000', {})
    assert.ok((await patient()).maritalStatus)
    await update('20260302100000', { 16: '""' })
    assert.equal((await patient()).maritalStatus, undefined)
    const answer = await update('20260302093000', { 16: 'S' })
    assert.deepEqual(answer.errors, ['W STALE PID^1^16'])
    assert.equal((await patient()).maritalStatus, undefined)
    await update('20260302110000', { 16: 'D' })
    assert.ok((await patient()).maritalStatus)
  })

  it('a list that comes again replaces what this source said before', async () => {
    await update('20260302120000', { 13: '^PRN^PH^^1^217^5550002~^PRN^CP^^1^217^5550003' })
    assert.equal(((await patient()).telecom as unknown[]).length, 2)
    await update('20260302130000', { 13: '^PRN^PH^^1^217^5550004' })
    assert.equal(((await patient()).telecom as unknown[]).length, 1)
  })

  it('identifiers only add', async () => {
    await update('20260302140000', { 3: `${mrn('C1')}~${wcl('W-C1')}` })
    await update('20260302150000', {})
    assert.equal(((await patient()).identifier as unknown[]).length, 2)
  })
})

describe('after-commit', () => {
  it('the message is acknowledged when it is stored, and applied after that', async () => {
    const gateway = await testGateway(
      acceptanceSite((site) => {
        site.sources = (site.sources as Resource[]).map((each) =>
          each.id === 'ADT1|GHH' ? { ...each, acknowledge: 'after-commit' } : each,
        )
      }),
    )
    try {
      assert.equal((await gateway.send(...register('D1'))).code, 'AA')
      // Content that cannot be applied is acknowledged, too: the sender's part is done.
      assert.equal(
        (await gateway.send(msh({ event: 'ADT^A28' }), pid({ 3: mrn('D2'), 5: 'DOE', 8: '1' }))).code,
        'AA',
      )
      await gateway.idle()
      assert.equal((await gateway.all('Patient')).length, 1)
      const states = await gateway.store.db.read.query<{ state: string }>(
        'test_states',
        'select state from message order by id',
      )
      assert.deepEqual(
        states.map((each) => each.state),
        ['processed', 'held'],
      )
    } finally {
      await gateway.close()
    }
  })
})

describe('enhanced mode', () => {
  it('accept acknowledgements follow MSH-15', async () => {
    const gateway = await testGateway(
      acceptanceSite((site) => {
        site.sources = (site.sources as Resource[]).map((each) =>
          each.id === 'ADT1|GHH' ? { ...each, ackMode: 'auto' } : each,
        )
      }),
    )
    try {
      const asking = (head: string, msh15: string) => `${head}|||${msh15}|NE`
      const [head = '', ...rest] = register('E1')
      assert.equal((await gateway.send(asking(head, 'AL'), ...rest)).code, 'CA')
      const [other = '', ...more] = register('E2')
      assert.equal((await gateway.send(asking(other, 'ER'), ...more)).text, '')
      assert.equal((await gateway.send(...register('E3'))).code, 'AA')
      assert.equal((await gateway.all('Patient')).length, 3)
    } finally {
      await gateway.close()
    }
  })
})
