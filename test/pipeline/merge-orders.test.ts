// Messages around a merge, a link, a move or a change of numbers: whatever the order of arrival, the truth is the same.
// Semantics, sections 2, 3 and 8.6.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, pid, segment, visit, wcl } from './messages.ts'
import { admit, count, hear, joined, message, person, sameInEveryOrder } from './orders.ts'

type Resource = Record<string, unknown> & { id: string }

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.policy = { autoLink: 'off', parkHours: 72 }
    }),
  )
})
after(() => gateway.close())

describe('in every order of arrival', () => {
  it('numbers of two authorities that were known apart stay two patients', async () => {
    const list = [
      person('WREG|WCL', wcl('W1'), 1),
      person('ADT1|GHH', mrn('M1'), 2),
      person('WREG|WCL', `${mrn('M1')}~${wcl('W1')}`, 3, { 16: 'M' }),
    ]
    const state = await sameInEveryOrder(gateway, list)
    assert.equal(count(state, '"resourceType":"Patient"'), 2)
    assert.equal(count(state, '"resourceType":"Patient"', '"M1"'), 1, 'M1 is on one patient')
  })

  it('numbers of two authorities that came together first are one patient', async () => {
    const state = await sameInEveryOrder(gateway, [
      person('ADT1|GHH', mrn('M2'), 1),
      person('WREG|WCL', `${mrn('M2')}~${wcl('W2')}`, 2, { 16: 'M' }),
      person('WREG|WCL', wcl('W2'), 3, { 15: 'en^English^HL70296' }),
    ])
    assert.equal(count(state, '"resourceType":"Patient"'), 1)
  })

  it('a merge of two who were known, with a late word about each', async () => {
    const state = await sameInEveryOrder(gateway, [
      admit('S1', 1, { 16: 'M' }),
      admit('T1', 2),
      joined('A40^ADT_A39', 'T1', { 1: mrn('S1') }, 3),
      admit('S1', 4, { 13: '^PRN^PH^^1^217^5550999' }, 'A08'),
    ])
    assert.equal(count(state, '"resourceType":"Patient"', '"active":false'), 1)
    assert.equal(count(state, '"resourceType":"Encounter"', 'Patient(S1+T1)'), 2)
  })

  it('a merge into a number that was not known then', async () => {
    const state = await sameInEveryOrder(gateway, [
      admit('S2', 1),
      joined('A40^ADT_A39', 'T2', { 1: mrn('S2') }, 2),
      admit('T2', 3, { 16: 'S' }),
    ])
    assert.equal(count(state, '"resourceType":"Patient"'), 1)
  })

  it('a chain of merges', async () => {
    const state = await sameInEveryOrder(gateway, [
      admit('X1', 1),
      admit('X2', 2),
      person('ADT1|GHH', mrn('X3'), 3),
      joined('A40^ADT_A39', 'X2', { 1: mrn('X1') }, 4),
    ])
    assert.equal(count(state, '"resourceType":"Patient"', '"active":true'), 2)
  })

  it('a change of a number, and what comes under both', async () => {
    for (const event of ['A47^ADT_A30', 'A46^ADT_A30']) {
      const state = await sameInEveryOrder(gateway, [
        admit('N1', 1),
        joined(event, 'N2', { 1: mrn('N1') }, 2),
        admit('N2', 3, { 16: 'M' }),
      ])
      assert.equal(count(state, '"resourceType":"Patient"'), 1)
      assert.equal(count(state, '"resourceType":"Patient"', '"use":"old"', '"N1"'), 1)
    }
  })

  it('a merge of accounts, and of visits', async () => {
    const two = (event: string, minute: number, number: string) =>
      message(
        `ADT^${event}^ADT_A01`,
        minute,
        'ADT1|GHH',
        pid({ 3: mrn('P1'), 5: 'DOE^JANE^^^^^L', 18: account(`AC${number}`) }),
        segment('PV1', { 1: '1', 2: 'I', 3: `3N^30${number}^^GHH`, 19: visit(`VI${number}`) }),
      )
    const accounts = await sameInEveryOrder(gateway, [
      two('A01', 1, '1'),
      two('A01', 2, '2'),
      joined('A41^ADT_A39', 'P1', { 1: mrn('P1'), 3: account('AC2') }, 3, [], { 18: account('AC1') }),
    ])
    assert.equal(count(accounts, '"resourceType":"Account"', '"inactive"', 'merged-into'), 1)
    assert.equal(count(accounts, '"resourceType":"Encounter"', 'Account(AC1+AC2)'), 2)
    const visits = await sameInEveryOrder(gateway, [
      two('A01', 1, '1'),
      message(
        'ADT^A01^ADT_A01',
        2,
        'ADT1|GHH',
        pid({ 3: mrn('P1'), 5: 'DOE^JANE^^^^^L', 18: account('AC1') }),
        segment('PV1', { 1: '1', 2: 'I', 3: '3N^302^^GHH', 19: visit('VI2') }),
      ),
      joined(
        'A42^ADT_A39',
        'P1',
        { 1: mrn('P1'), 3: account('AC1'), 5: visit('VI2') },
        3,
        [segment('PV1', { 1: '1', 2: 'I', 19: visit('VI1') })],
        { 18: account('AC1') },
      ),
    ])
    assert.equal(count(visits, '"resourceType":"Encounter"', 'entered-in-error'), 1)
  })

  it('changes of the numbers of an account and a visit', async () => {
    const state = await sameInEveryOrder(gateway, [
      admit('R1', 1),
      joined('A49^ADT_A30', 'R1', { 1: mrn('R1'), 3: account('A-R1') }, 2, [], { 18: account('B-R1') }),
      joined('A50^ADT_A50', 'R1', { 1: mrn('R1'), 5: visit('V-R1') }, 3, [
        segment('PV1', { 1: '1', 2: 'I', 19: visit('W-R1') }),
      ]),
    ])
    assert.equal(count(state, '"resourceType":"Encounter"', '"V-R1"', '"W-R1"', '"use":"old"'), 1)
    assert.equal(count(state, '"resourceType":"Account"', '"A-R1"', '"B-R1"', '"use":"old"'), 1)
    assert.equal(state.length, 3)
  })

  it('a link and its end, with sides that are not known yet', async () => {
    const pair = (event: string, minute: number) =>
      message(
        `ADT^${event}`,
        minute,
        'ADT1|GHH',
        segment('PID', { 1: '1', 3: mrn('L1'), 5: 'DOE^JANE^^^^^L' }),
        segment('PID', { 1: '2', 3: wcl('L2'), 5: 'DOE^JANE^^^^^L' }),
      )
    const two = [person('ADT1|GHH', mrn('L1'), 1), person('WREG|WCL', wcl('L2'), 2)]
    const linked = await sameInEveryOrder(gateway, [...two, pair('A24^ADT_A24', 3)])
    assert.equal(count(linked, 'seealso'), 2)
    const apart = await sameInEveryOrder(gateway, [...two, pair('A24^ADT_A24', 3), pair('A37^ADT_A37', 4)])
    assert.equal(count(apart, 'seealso'), 0)
  })

  it('an account that moves to another patient, and what comes for it late', async () => {
    const state = await sameInEveryOrder(gateway, [
      admit('F1', 1),
      person('ADT1|GHH', mrn('F2'), 2),
      joined('A44^ADT_A43', 'F2', { 1: mrn('F1'), 3: account('A-F1') }, 3, [], { 18: account('A-F1') }),
    ]).catch(async (error: unknown) => {
      // The move waits for its account: it is answered with AE then, and applied when the account comes.
      if (!/PARKED/.test(String(error))) throw error
      return []
    })
    assert.equal(count(state, '"resourceType":"Encounter"', 'Patient(F2)'), 1)
    assert.equal(count(state, '"resourceType":"Account"', 'Patient(F2)'), 1)
  })

  it('a number that moves to another patient', async () => {
    const state = await sameInEveryOrder(gateway, [
      message(
        'ADT^A28^ADT_A05',
        1,
        'ADT1|GHH',
        pid({ 3: `${mrn('G1')}~${wcl('G9')}`, 5: 'DOE^JANE^^^^^L' }),
        'PV1|1|N',
      ),
      person('ADT1|GHH', mrn('G2'), 2),
      message(
        'ADT^A43^ADT_A43',
        3,
        'ADT1|GHH',
        segment('PID', { 1: '1', 3: `${wcl('G9')}~${mrn('G2')}`, 5: 'DOE^JANE^^^^^L' }),
        segment('MRG', { 1: wcl('G9'), 4: mrn('G1') }),
      ),
    ])
    assert.equal(count(state, '"resourceType":"Patient"', '"G2"', '"G9"'), 1)
    assert.equal(count(state, '"resourceType":"Patient"', '"G1"', '"G9"'), 0)
  })
})

describe('a retired number', () => {
  it('that comes with somebody else’s demographics is refused, not applied to the survivor', async () => {
    const { answers, state } = await hear(gateway, [
      admit('Q1', 1),
      admit('Q2', 2),
      joined('A40^ADT_A39', 'Q1', { 1: mrn('Q2') }, 3),
      person('ADT1|GHH', mrn('Q2'), 4, { 5: 'ZIMMERMANN^OTTO^^^^^L', 7: '19310505', 8: 'M' }),
    ])
    assert.deepEqual(answers.at(-1)?.errors, ['E ID-CONFLICT PID^1^3'])
    assert.equal(count(state, 'ZIMMERMANN'), 0)
  })
})

describe('the deletion of a person', () => {
  it('retires the record, whatever the order; what is said later brings it back', async () => {
    const gone = message(
      'ADT^A29^ADT_A21',
      2,
      'ADT1|GHH',
      pid({ 3: mrn('D1'), 5: 'DOE^JANE^^^^^L' }),
      'PV1|1|N',
    )
    const state = await sameInEveryOrder(gateway, [person('ADT1|GHH', mrn('D1'), 1), gone])
    assert.equal(count(state, '"active":false', '"deleted"', '"use":"old"'), 1)
    const back = await sameInEveryOrder(gateway, [
      person('ADT1|GHH', mrn('D1'), 1),
      gone,
      person('ADT1|GHH', mrn('D1'), 3),
    ])
    assert.equal(count(back, '"active":true', '"use":"usual"'), 1)
  })

  it('is refused while a visit is open', async () => {
    const gone = message(
      'ADT^A29^ADT_A21',
      2,
      'ADT1|GHH',
      pid({ 3: mrn('D2'), 5: 'DOE^JANE^^^^^L' }),
      'PV1|1|N',
    )
    const { answers, state } = await hear(gateway, [admit('D2', 1), gone])
    assert.deepEqual(answers.at(-1)?.errors, ['E 206 PID^1^3'])
    assert.equal(count(state, '"deleted"'), 0)
  })
})

describe('a change to a number that is somebody else’s', () => {
  it('is refused: ID-IN-USE', async () => {
    const { answers } = await hear(gateway, [
      admit('U1', 1),
      admit('U2', 2),
      joined('A47^ADT_A30', 'U2', { 1: mrn('U1') }, 3),
    ])
    assert.deepEqual(answers.at(-1)?.errors, ['E ID-IN-USE MRG^1^1^1'])
  })
})

describe('two of different authorities who are certainly one', () => {
  const who = (source: string, identifier: string, minute: number) =>
    message(
      'ADT^A31^ADT_A05',
      minute,
      source,
      pid({
        3: identifier,
        5: "O'NEIL^CATHERINE^ANN^^^^L",
        7: '19680317',
        8: 'F',
        11: '22 PARK PL^^SPRINGFIELD^IL^62701^USA^H',
        13: '^PRN^PH^^1^217^5551801',
      }),
      'PV1|1|N',
    )
  let linking: TestGateway
  before(async () => {
    linking = await testGateway()
  })
  after(() => linking.close())

  it('are linked by themselves, and not again once somebody has told them apart', async () => {
    const links = async () => {
      await linking.idle()
      return ((await linking.all('Patient')) as Resource[]).filter((each) =>
        JSON.stringify(each).includes('seealso'),
      ).length
    }
    await linking.send(...who('ADT1|GHH', mrn('K1'), 1)('K1'))
    await linking.send(...who('WREG|WCL', wcl('K2'), 2)('K2'))
    assert.equal(await links(), 2)
    const apart = message(
      'ADT^A37^ADT_A37',
      600,
      'ADT1|GHH',
      segment('PID', { 1: '1', 3: mrn('K1'), 5: 'X^Y' }),
      segment('PID', { 1: '2', 3: wcl('K2'), 5: 'X^Y' }),
    )
    assert.equal((await linking.send(...apart('K3'))).code, 'AA')
    assert.equal(await links(), 0)
    await linking.send(...who('WREG|WCL', wcl('K2'), 601)('K4'))
    assert.equal(await links(), 0)
    assert.deepEqual(await linking.all('Task'), [])
  })

  it('who are linked leave no task behind that names a merged one', async () => {
    await linking.send(...who('ADT1|GHH', mrn('J1'), 610)('J1'))
    await linking.send(...who('ADT1|GHH', mrn('J2'), 611)('J2'))
    await linking.send(...who('ADT1|GHH', mrn('J3'), 612)('J3'))
    await linking.idle()
    assert.ok((await linking.all('Task')).length >= 3)
    await linking.send(...joined('A40^ADT_A39', 'J1', { 1: mrn('J2') }, 613)('J4'))
    await linking.idle()
    const all = (await linking.all('Patient')) as Resource[]
    const gone = all.find((each) => each.active === false)?.id ?? ''
    assert.notEqual(gone, '')
    for (const task of await linking.all('Task')) assert.ok(!JSON.stringify(task).includes(`Patient/${gone}`))
  })
})
