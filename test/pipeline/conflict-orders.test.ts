// A visit, an account or a number that two patients claim: refused, kept, and applied when both turn out to be one or when
// what they share is moved. Whatever the order, one truth. Semantics, sections 2, 3, 8.6 and 18.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, pid, segment, visit } from './messages.ts'
import { count, hear, joined, type Maker, message, person, sameInEveryOrder } from './orders.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.policy = { autoLink: 'off', parkHours: 72 }
    }),
  )
})
after(() => gateway.close())

const merge = joined('A40^ADT_A39', 'T1', { 1: mrn('S1') }, 30)

const stay = (
  who: string,
  minute: number,
  { acct, vn, event = 'A01', service = '' }: { acct?: string; vn: string; event?: string; service?: string },
): Maker =>
  message(
    `ADT^${event}^ADT_A01`,
    minute,
    'ADT1|GHH',
    pid({ 3: mrn(who), 5: `DOE^${who}^^^^^L`, ...(acct && { 18: account(acct) }) }),
    segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 10: service, 19: visit(vn) }),
  )

const bill = (who: string, minute: number, line: string): Maker =>
  message(
    'DFT^P03^DFT_P03',
    minute,
    'BILL1|GHH',
    pid({ 3: mrn(who), 5: `DOE^${who}^^^^^L`, 18: account('AC1') }),
    `FT1|1|${line}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000|20260302103000|CG|99213^Visit^L|||1|150.00&USD`,
  )

/** MRG-3 of R1 goes to R2. */
const moveAccount = (minute: number): Maker =>
  joined('A44^ADT_A43', 'R2', { 1: mrn('R1'), 3: account('AC1') }, minute, [], { 18: account('AC1') })

const tasks = async (code: string): Promise<string[]> =>
  ((await gateway.all('Task')) as { status: string; code: { coding: { code: string }[] } }[])
    .filter((each) => each.code.coding[0]?.code === code)
    .map((each) => each.status)

describe('in every order of arrival', () => {
  it('a visit that was told of under two numbers of one person', async () => {
    const state = await sameInEveryOrder(gateway, [
      stay('S1', 1, { vn: 'V1' }),
      merge,
      stay('T1', 2, { vn: 'V1', event: 'A08', service: 'MED' }),
    ])
    assert.equal(count(state, '"resourceType":"Encounter"', '"V1"', 'MED', 'Patient(S1+T1)'), 1)
    assert.equal(count(state, '"resourceType":"Encounter"'), 1)
  })

  it('an account, with a visit under one number and a charge under the other', async () => {
    const state = await sameInEveryOrder(gateway, [
      stay('S1', 1, { acct: 'AC1', vn: 'V1' }),
      merge,
      bill('T1', 2, 'L1'),
    ])
    assert.equal(count(state, '"resourceType":"Account"', '150', 'Patient(S1+T1)'), 1)
    assert.equal(count(state, '"resourceType":"ChargeItem"'), 1)
  })

  it('one line of the ledger under both numbers: it is posted once', async () => {
    const state = await sameInEveryOrder(gateway, [bill('S1', 1, 'L1'), merge, bill('T1', 2, 'L1')])
    assert.equal(count(state, '"resourceType":"ChargeItem"'), 1)
  })

  it('an account that moves to another patient (A44), told of before and after it', async () => {
    const state = await sameInEveryOrder(gateway, [
      stay('R1', 1, { acct: 'AC1', vn: 'V1' }),
      moveAccount(2),
      stay('R2', 3, { acct: 'AC1', vn: 'V1', event: 'A03' }),
    ])
    assert.equal(count(state, '"resourceType":"Encounter"', 'Patient(R2)', '"finished"', '"start"'), 1)
    assert.equal(count(state, '"resourceType":"Account"', 'Patient(R2)'), 1)
  })

  it('a merge of two accounts (A41) whose patients turn out to be one', async () => {
    const accounts = joined('A41^ADT_A39', 'T1', { 1: mrn('S1'), 3: account('AC2') }, 40, [], {
      18: account('AC1'),
    })
    const list = [stay('S1', 1, { acct: 'AC2', vn: 'V2' }), stay('T1', 2, { acct: 'AC1', vn: 'V1' })]
    const { state } = await hear(gateway, [...list, merge, accounts])
    assert.equal(count(state, '"resourceType":"Account"', '"inactive"', 'merged-into'), 1)
    const early = await hear(gateway, [...list, accounts, merge])
    assert.deepEqual(early.answers[2]?.errors, ['E ID-CONFLICT MRG^1^1'])
    assert.deepEqual(early.state, state)
  })

  it('a message that names two numbers of its sender, and the merge that says that they are one', async () => {
    const both = person('ADT1|GHH', `${mrn('T1')}~${mrn('S1')}`, 40, { 16: 'M' })
    const list = [person('ADT1|GHH', mrn('S1'), 1), person('ADT1|GHH', mrn('T1'), 2), merge, both]
    const { state } = await hear(gateway, list)
    for (const order of [
      [0, 1, 3, 2],
      [1, 0, 3, 2],
      [3, 0, 1, 2],
      [2, 3, 1, 0],
    ]) {
      const heard = await hear(
        gateway,
        order.flatMap((i) => list[i] ?? []),
      )
      assert.deepEqual(heard.state, state, `arrived as ${order.join()}`)
    }
  })
})

describe('a message about a visit of another patient', () => {
  const early = [stay('S1', 1, { vn: 'V1' }), stay('T1', 2, { vn: 'V1', event: 'A08', service: 'MED' })]
  const open = async () =>
    (
      await gateway.engine.messages.list({
        states: ['parked'],
        source: undefined,
        before: undefined,
        limit: 10,
      })
    ).at(0)

  it('is refused, kept with reason and next step, and a Task; nothing of it shows', async () => {
    const { answers, state } = await hear(gateway, early)
    assert.deepEqual(answers[1]?.errors, ['E ID-CONFLICT PV1^1^19'])
    assert.deepEqual(answers[1]?.codes, ['205'])
    assert.equal(count(state, 'MED'), 0)
    assert.equal(count(state, '"resourceType":"Patient"'), 1)
    const kept = await open()
    assert.deepEqual(
      kept?.reasons.map((each) => each.app),
      ['ID-CONFLICT'],
    )
    assert.match(kept?.nextStep ?? '', /merge the patients .*applies itself/)
    assert.deepEqual(await tasks('identity-conflict'), ['requested'])
  })

  it('applies itself when the patients are merged, and its Task is done', async () => {
    const { answers, state } = await hear(gateway, [...early, merge])
    assert.equal(answers.at(-1)?.code, 'AA', answers.at(-1)?.text)
    assert.equal(count(state, 'MED', 'Patient(S1+T1)'), 1)
    assert.equal(await open(), undefined)
    assert.deepEqual(await tasks('identity-conflict'), ['completed'])
  })

  it('waits on when somebody else is merged', async () => {
    const { state } = await hear(gateway, [...early, joined('A40^ADT_A39', 'U1', { 1: mrn('S1') }, 30)])
    assert.equal(count(state, 'MED'), 0)
    assert.notEqual(await open(), undefined)
    assert.deepEqual(await tasks('identity-conflict'), ['requested'])
  })
})

it('an account that is where a move (A44) says keeps its policies', async () => {
  const insured: Maker = message(
    'ADT^A01^ADT_A01',
    1,
    'ADT1|GHH',
    pid({ 3: mrn('R2'), 5: 'DOE^JANE^^^^^L', 18: account('AC1') }),
    segment('PV1', { 1: '1', 2: 'I', 19: visit('V1') }),
    segment('IN1', {
      1: '1',
      2: 'PPO',
      3: 'P1^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP',
      17: 'SEL^Self^HL70063',
      36: 'M1',
    }),
  )
  const { state } = await hear(gateway, [insured])
  const moved = await hear(gateway, [insured, moveAccount(2)])
  assert.equal(count(state, '"resourceType":"Account"', '"coverage"'), 1)
  assert.deepEqual(moved.state, state)
  assert.deepEqual(await tasks('coverage-review'), [])
})
