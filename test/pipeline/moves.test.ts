// What moves leaves nothing behind it that refers to nobody: accounts, visits and numbers that go elsewhere, policies of
// a merged account, visits under a new number, records of people whom nobody knew (semantics, sections 3, 8 and 10).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, pid, segment, visit, wcl } from './messages.ts'
import { admit, count, hear, joined, message, person, sameInEveryOrder } from './orders.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.policy = { autoLink: 'off', parkHours: 72 }
    }),
  )
})
after(() => gateway.close())

/** A message about one visit of one patient. */
const stay = (event: string, minute: number, number: string, more: readonly string[] = []) =>
  message(
    `ADT^${event}`,
    minute,
    'ADT1|GHH',
    pid({ 3: mrn('N1'), 5: 'DOE^JANE^^^^^L' }),
    ...more,
    segment('PV1', { 1: '1', 2: 'I', 19: visit(number) }),
  )

describe('what moves to somebody whom nobody has told of', () => {
  it('an account (A44) opens the patient with what the message says, and who comes later says more', async () => {
    const moved = joined('A44^ADT_A43', 'M2', { 1: mrn('M1'), 3: account('A-M1') }, 2, [], {
      13: '^PRN^PH^^1^217^5550111',
      18: account('A-M1'),
    })
    const early = await hear(gateway, [admit('M1', 1), moved])
    assert.equal(count(early.state, '"resourceType":"Patient"', '"M2"', '"JANE"'), 1)
    assert.equal(count(early.state, '"resourceType":"Account"', 'Patient(M2)'), 1)
    const late = (minute: number) => person('ADT1|GHH', mrn('M2'), minute, { 5: 'DOE^JOAN^^^^^L' })
    const { state } = await hear(gateway, [admit('M1', 1), moved, late(3)])
    assert.deepEqual((await hear(gateway, [admit('M1', 1), late(3), moved])).state, state)
    assert.equal(count(state, '"resourceType":"Patient"', '"M2"', '"JOAN"', '5550111'), 1)
  })

  it('a visit (A45) opens the account that it goes to', async () => {
    const moved = joined(
      'A45^ADT_A45',
      'M1',
      { 1: mrn('M1'), 3: account('A-M1'), 5: visit('V-M1') },
      2,
      [segment('PV1', { 1: '1', 2: 'I', 19: visit('V-M1') })],
      { 18: account('A-NEW') },
    )
    const { state } = await hear(gateway, [admit('M1', 1), moved])
    assert.equal(count(state, '"resourceType":"Account"', '"A-NEW"', 'Patient(M1)', '"active"'), 1)
    assert.equal(count(state, '"resourceType":"Encounter"', 'Account(A-NEW)'), 1)
  })

  it('a number (A43) opens the patient whose it is', async () => {
    const { state } = await hear(gateway, [
      person('ADT1|GHH', `${mrn('M1')}~${wcl('M9')}`, 1),
      message(
        'ADT^A43^ADT_A43',
        2,
        'ADT1|GHH',
        segment('PID', { 1: '1', 3: `${wcl('M9')}~${mrn('M2')}`, 5: 'ROE^ANN^^^^^L' }),
        segment('MRG', { 1: wcl('M9'), 4: mrn('M1') }),
      ),
    ])
    assert.equal(count(state, '"resourceType":"Patient"', '"M2"', '"M9"', '"ROE"'), 1)
    assert.equal(count(state, '"resourceType":"Patient"', '"M1"', '"M9"'), 0)
  })
})

describe('accounts that become one (A41)', () => {
  const policy = (member: string, order: string) =>
    segment('IN1', {
      1: '1',
      2: `P${member}^Plan^L`,
      3: 'PPOP^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP',
      22: order,
      36: member,
    })
  const open = (minute: number, number: string, ...policies: readonly string[]) =>
    message(
      'ADT^A04^ADT_A01',
      minute,
      'ADT1|GHH',
      pid({ 3: mrn('N1'), 5: 'DOE^JANE^^^^^L', 18: account(number) }),
      segment('PV1', { 1: '1', 2: 'O', 19: visit(`V-${number}`) }),
      ...policies,
    )
  const merge = joined('A41^ADT_A39', 'N1', { 1: mrn('N1'), 3: account('AC2') }, 3, [], {
    18: account('AC1'),
  })
  /** Policies that the account in use names. */
  const named = (state: readonly string[]): number => {
    const [shown = ''] = state.filter(
      (each) => /"resourceType":"Account"/.test(each) && !/"inactive"/.test(each),
    )
    return shown.match(/"reference":"Coverage/g)?.length ?? 0
  }

  it('have the policies of both, no two of one order, in every order of arrival', async () => {
    const state = await sameInEveryOrder(gateway, [
      open(1, 'AC1', policy('M1', '1')),
      open(2, 'AC2', policy('M2', '1')),
      merge,
    ])
    assert.equal(named(state), 2)
    assert.equal(count(state, '"AC1"', '"priority":1', '"priority":2'), 1)
  })

  it('have those of the next list alone, and what both had once', async () => {
    const two = [open(1, 'AC1', policy('M1', '1')), open(2, 'AC2', policy('M1', '1'), policy('M2', '2'))]
    assert.equal(named((await hear(gateway, [...two, merge])).state), 2)
    const listed = await sameInEveryOrder(gateway, [merge, ...two, open(4, 'AC1', policy('M3', '1'))])
    assert.equal(named(listed), 1)
  })
})

describe('a visit that goes on under another number (A06 with MRG-5)', () => {
  it('warns whoever still uses the number before', async () => {
    const { answers, state } = await hear(gateway, [
      stay('A04^ADT_A01', 1, 'OLD'),
      stay('A06^ADT_A06', 2, 'NEW', [segment('MRG', { 1: mrn('N1'), 5: visit('OLD') })]),
      stay('A08^ADT_A01', 3, 'OLD'),
      stay('A03^ADT_A03', 4, 'NEW'),
    ])
    assert.deepEqual(
      answers.map((each) => each.errors.join()),
      ['', '', 'W RETIRED-ID PV1^1^19', ''],
    )
    assert.equal(count(state, '"resourceType":"Encounter"', '"OLD"', '"NEW"', '"finished"'), 1)
  })
})

describe('a leave of absence', () => {
  it('that has ended is not cancelled any more: the cancellation finds nothing', async () => {
    const list = [
      stay('A01^ADT_A01', 1, 'LEAVE'),
      stay('A21^ADT_A21', 2, 'LEAVE'),
      stay('A22^ADT_A21', 3, 'LEAVE'),
    ]
    const before = await hear(gateway, list)
    const { answers, state } = await hear(gateway, [...list, stay('A52^ADT_A52', 4, 'LEAVE')])
    assert.deepEqual(answers.at(-1)?.errors, ['W NOTHING-TO-CANCEL PV1^1^19'])
    assert.deepEqual(state, before.state)
    const away = await hear(gateway, [...list, stay('A53^ADT_A52', 4, 'LEAVE')])
    assert.deepEqual(away.answers.at(-1)?.errors, [])
    assert.equal(count(away.state, '"status":"onleave"'), 1)
  })
})

describe('somebody whom nobody knew (PID-31), merged into who it is', () => {
  it('is not called by the placeholder again by what comes late', async () => {
    const unknown = (minute: number, more = {}) =>
      person('ADT1|GHH', mrn('TMP'), minute, { 5: 'DOE^JOHN^^^^^U', 31: 'Y', ...more })
    const state = await sameInEveryOrder(gateway, [
      unknown(1),
      person('ADT1|GHH', mrn('REAL'), 2, { 5: 'WALSH^PETER^^^^^L' }),
      joined('A40^ADT_A39', 'REAL', { 1: mrn('TMP') }, 3),
      unknown(4, { 16: 'S' }),
    ])
    assert.equal(count(state, '"REAL"', '"WALSH"', '"maritalStatus"', '"active":true'), 1)
    assert.equal(count(state, '"active":true', '"DOE"'), 0)
    assert.equal(count(state, '"active":true', 'identity-unknown'), 0)
  })
})
