// What sources say against each other or too late: it is skipped and told, it shows in the lineage, or it is work for a
// person; it is never decided in silence. Semantics, sections 1, 2, 5 and 8.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, nextId, pid, register, segment, visit, wcl } from './messages.ts'

type Resource = Record<string, unknown>

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

const home = (street: string): string => `${street}^^SPRINGFIELD^IL^62701^USA^H`

const patient = async (value: string): Promise<Resource> =>
  (await gateway.all('Patient')).find((each) => JSON.stringify(each.identifier).includes(`"${value}"`)) ?? {}

const tasks = async (code: string): Promise<Resource[]> =>
  (await gateway.all('Task')).filter((each) => JSON.stringify(each.code).includes(`"${code}"`))

describe('a value that is older than what is known', () => {
  const visitOf = (value: string) =>
    segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 19: visit(`V${value}`) })
  const booking = (value: string) => [
    `SCH||F${value}^SCHED1^2.16.840.1.113883.19.5.4^ISO|||||||||||||||||||||||Booked`,
    'TQ1|1||||||20260306100000|20260306103000',
  ]
  const events: readonly (readonly [event: string, source: string])[] = [
    ['ADT^A01^ADT_A01', 'ADT1|GHH'],
    ['ADT^A04^ADT_A01', 'WREG|WCL'],
    ['ADT^A08^ADT_A01', 'ADT1|GHH'],
    ['ADT^A28^ADT_A05', 'WREG|WCL'],
    ['ADT^A31^ADT_A05', 'ADT1|GHH'],
    ['SIU^S12^SIU_S12', 'SCHED1|GHH'],
  ]
  for (const [event, source] of events) {
    it(`is skipped and told whatever says it: ${event.slice(0, 7)} of ${source}`, async () => {
      const who = `S${event.slice(4, 7)}`
      await gateway.send(...register(who, { 11: home('1 OAK ST'), 16: 'M' }, { time: '20260302080000' }))
      const time = '20260302070000'
      const person = pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 11: home('2 ELM ST'), 16: 'S', 17: 'CAT' })
      const siu = event.startsWith('SIU')
      const [sch = '', tq1 = ''] = booking(who)
      const body = siu ? [sch, tq1, person] : [`EVN||${time}`, person, visitOf(who)]
      const answer = await gateway.send(msh({ event, time, source }), ...body)
      assert.deepEqual([answer.code, answer.errors], ['AA', ['W STALE PID^1^11~PID^1^16']])
      const shown = JSON.stringify(await patient(who))
      assert.match(shown, /1 OAK ST/)
      assert.doesNotMatch(shown, /2 ELM ST/)
      assert.match(shown, /CAT/, 'the rest is applied')
    })
  }

  it('is told where it stands, a list of segments by the first of them', async () => {
    const call = (kin: string, time: string) => {
      const [head = '', ...segments] = register('K1', {}, { time })
      return gateway.send(
        head,
        ...segments.slice(0, 2),
        `NK1|1|${kin}|SPO^Spouse^HL70063`,
        ...segments.slice(2),
      )
    }
    await call('DOE^JOHN', '20260302090000')
    assert.deepEqual((await call('DOE^JACK', '20260302080000')).errors, ['W STALE NK1^1'])
  })

  it('is stale also when the newer one came under another number of the person', async () => {
    await gateway.send(...register('N1', { 3: `${mrn('N1')}~${wcl('N9')}` }, { time: '20260302060000' }))
    await gateway.send(...register('N1', { 11: home('1 OAK ST') }, { time: '20260302080000' }))
    const late = { time: '20260302070000', source: 'WREG|WCL' }
    const said = { 3: `${wcl('N9')}~${mrn('N1')}`, 11: home('2 ELM ST') }
    assert.deepEqual((await gateway.send(...register('', said, late))).errors, ['W STALE PID^1^11'])
    assert.match(JSON.stringify(await patient('N1')), /1 OAK ST/)
  })

  it('is stale also when the newer one came for a number that was merged away', async () => {
    for (const each of ['N2', 'N3']) await gateway.send(...register(each, {}, { time: '20260302060000' }))
    await gateway.send(
      msh({ event: 'ADT^A40^ADT_A39', time: '20260302070000' }),
      'EVN||20260302070000',
      pid({ 3: mrn('N2'), 5: 'DOE^JANE' }),
      segment('MRG', { 1: mrn('N3') }),
    )
    await gateway.send(...register('N3', { 16: 'S' }, { time: '20260302090000' }))
    const late = await gateway.send(...register('N2', { 16: 'D' }, { time: '20260302083000' }))
    assert.deepEqual(late.errors, ['W STALE PID^1^16'])
  })
})

describe('a bill that contradicts the register', () => {
  it('changes nothing, and the lineage names what it said', async () => {
    await gateway.send(...register('B1', { 8: 'F', 11: home('1 OAK ST') }))
    const time = '20260302090000'
    const answer = await gateway.send(
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
      `EVN||${time}`,
      pid({ 3: mrn('B1'), 5: 'DOE^JANE^^^^^L', 8: 'M', 11: home('3 MAY ST'), 18: account('AB1') }),
      'FT1|1|LB1^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302||CG|99213^Visit^L|||1|10.00&USD|10.00&USD',
    )
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    const shown = await patient('B1')
    assert.equal(shown.gender, 'female')
    const found = await gateway.engine.lineage('Patient', String(shown.id), 'gender')
    assert.deepEqual(
      found?.map(({ source, wins, why }) => [source, wins, why]),
      [
        ['ADT1|GHH', true, 'most trusted, then latest'],
        ['BILL1|GHH', false, 'a bill counts only for what nobody else speaks of'],
      ],
    )
  })
})

describe('the lineage of a name, a birth date or a sex', () => {
  it('names as winner what is shown: what the trusted source has deleted since leaves the word to others', async () => {
    await gateway.send(...register('G1', { 8: 'F' }, { time: '20260302080000' }))
    await gateway.send(...register('G1', { 8: '""' }, { time: '20260302090000' }))
    await gateway.send(...register('G1', { 8: 'M' }, { time: '20260302100000', source: 'WREG|WCL' }))
    const shown = await patient('G1')
    assert.equal(shown.gender, 'male')
    const found = await gateway.engine.lineage('Patient', String(shown.id), 'gender')
    assert.deepEqual(
      found?.map(({ source, wins }) => [source, wins]),
      [
        ['WREG|WCL', true],
        ['ADT1|GHH', false],
      ],
    )
  })
})

describe('a control id that is used for two messages', () => {
  it('is work for a person, once', async () => {
    const id = nextId()
    await gateway.send(...register('R1', {}, { id }))
    for (const sex of ['M', 'M', 'U']) {
      const answer = await gateway.send(...register('R1', { 8: sex }, { id }))
      assert.deepEqual([answer.code, answer.errors], ['AE', ['E CONTROL-ID-REUSE MSH^1^10']])
    }
    const found = await tasks('control-id-reuse')
    assert.equal(found.length, 1)
    assert.match(String(found[0]?.description), new RegExp(`ADT1\\|GHH.*${id}`))
    assert.equal((await patient('R1')).gender, 'female')
  })
})

describe('numbers that one message names together and that belong to two', () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]
  it('are work for a person in every order of arrival', async () => {
    for (const order of orders) {
      const name = order.join('')
      const [m, w] = [`C${name}`, `W${name}`]
      const told = [
        register(m, {}, { time: '20260302080000' }),
        register('', { 3: wcl(w) }, { time: '20260302080100', source: 'WREG|WCL' }),
        register('', { 3: `${mrn(m)}~${wcl(w)}` }, { time: '20260302080200' }),
      ]
      for (const each of order) await gateway.send(...(told[each] ?? []))
      const found = (await tasks('identity-conflict')).filter((each) => String(each.description).includes(m))
      assert.equal(found.length, 1, name)
      assert.equal(found[0]?.status, 'requested')
      const two = JSON.stringify(found[0]?.input)
      assert.ok(
        two.includes(`Patient/${(await patient(m)).id}`) && two.includes(`Patient/${(await patient(w)).id}`),
      )
    }
  })
  it('are settled by the merge of the two', async () => {
    for (const each of ['Q1', 'Q2']) await gateway.send(...register(each))
    const both = register('Q1', { 3: `${mrn('Q1')}~${mrn('Q2')}` })
    assert.deepEqual((await gateway.send(...both)).errors, ['E ID-CONFLICT PID^1^3'])
    const about = async () =>
      (await tasks('identity-conflict')).find((each) => String(each.description).includes('Q1'))?.status
    assert.equal(await about(), 'requested')
    await gateway.send(
      msh({ event: 'ADT^A40^ADT_A39', time: '20260302100000' }),
      'EVN||20260302100000',
      pid({ 3: mrn('Q1'), 5: 'DOE^JANE' }),
      segment('MRG', { 1: mrn('Q2') }),
    )
    assert.equal(await about(), 'completed')
  })
})
