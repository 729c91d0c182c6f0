// The whole merge family, each event with late traffic before and after it, repeated, inverse, cyclic, and with sides that
// nobody knows: whatever the order, one truth. Semantics, section 3; HL7 v2.9.1 chapter 3.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, pid, segment, visit } from './messages.ts'
import { admit, count, hear, joined, type Maker, message, person, sameInEveryOrder } from './orders.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.policy = { autoLink: 'off', parkHours: 72 }
    }),
  )
})
after(() => gateway.close())

/** Structures of the events that merge patients; those of A36 name accounts, too. */
const structures = { A18: 'ADT_A18', A30: 'ADT_A30', A34: 'ADT_A30', A36: 'ADT_A30', A39: 'ADT_A39' } as const
type Merging = keyof typeof structures
const merging = Object.keys(structures) as Merging[]

const merge = (event: Merging, from: string, to: string, minute: number): Maker => {
  const accounts = event === 'A36'
  return joined(
    `${event}^${structures[event]}`,
    to,
    { 1: mrn(from), ...(accounts && { 3: account(`A-${from}`) }) },
    minute,
    [],
    accounts ? { 18: account(`A-${to}`) } : {},
  )
}

const patients = (state: readonly string[], ...parts: readonly string[]) =>
  count(state, '"resourceType":"Patient"', ...parts)

for (const event of merging) {
  describe(`${event}, a merge of patients by another name`, () => {
    it('gives the same truth with late traffic of either number, before and after it', async () => {
      const state = await sameInEveryOrder(gateway, [
        ...(event === 'A36' ? [admit('T1', 2)] : []),
        admit('S1', 1, { 16: 'M' }),
        merge(event, 'S1', 'T1', 3),
        admit('S1', 4, { 13: '^PRN^PH^^1^217^5550999' }, 'A08'),
      ])
      assert.equal(count(state, '"resourceType":"Encounter"'), event === 'A36' ? 2 : 1)
      assert.equal(patients(state, '5550999', '"active":true'), 1)
      if (event !== 'A36') return
      assert.equal(patients(state, '"active":false'), 1)
      assert.equal(count(state, '"resourceType":"Account"', '"inactive"', 'merged-into'), 1)
    })

    it('repeated changes nothing; its inverse and a cycle are refused', async () => {
      const three = [admit('S1', 1), admit('T1', 2), admit('U1', 3)]
      const list = [...three, merge(event, 'S1', 'T1', 4), merge(event, 'T1', 'U1', 5)]
      const { state } = await hear(gateway, list)
      const again = await hear(gateway, [...list, merge(event, 'S1', 'T1', 6)])
      assert.equal(again.answers.at(-1)?.code, 'AA', again.answers.at(-1)?.text)
      assert.deepEqual(again.state, state)
      for (const [from, to] of [
        ['T1', 'S1'],
        ['U1', 'S1'],
        ['U1', 'T1'],
      ] as const) {
        const inverse = await hear(gateway, [...list, merge(event, from, to, 7)])
        assert.deepEqual(inverse.answers.at(-1)?.errors, ['E MERGE-CYCLE MRG^1^1^1'], `${from} into ${to}`)
        assert.deepEqual(inverse.state, state)
      }
    })

    it('with a side that nobody knows is taken, and means the other one from then on', async () => {
      const target = await sameInEveryOrder(gateway, [
        admit('S1', 1),
        merge(event, 'S1', 'T1', 2),
        person('ADT1|GHH', mrn('T1'), 3),
      ])
      assert.equal(patients(target), 1)
      const source = await sameInEveryOrder(gateway, [
        admit('T1', 1),
        merge(event, 'S1', 'T1', 2),
        person('ADT1|GHH', mrn('S1'), 3),
      ])
      assert.equal(patients(source, '"active":true'), 1)
      const both = await hear(gateway, [
        merge(event, 'S1', 'T1', 1),
        person('ADT1|GHH', mrn('S1'), 2),
        person('ADT1|GHH', mrn('T1'), 3),
      ])
      assert.ok(both.answers.every((each) => each.code === 'AA'))
      assert.equal(patients(both.state, '"active":true'), 1)
    })
  })
}

describe('A48, a change of the number by another name', () => {
  const change = (from: string, to: string, minute: number) =>
    joined('A48^ADT_A30', to, { 1: mrn(from) }, minute)

  it('gives the same truth in every order, and repeated it changes nothing', async () => {
    const list = [admit('N1', 1), change('N1', 'N2', 2), admit('N2', 3, { 16: 'M' })]
    const state = await sameInEveryOrder(gateway, list)
    assert.equal(patients(state), 1)
    assert.equal(patients(state, '"use":"old"', '"N1"'), 1)
    const again = await hear(gateway, [...list, change('N1', 'N2', 4)])
    assert.equal(again.answers.at(-1)?.code, 'AA', again.answers.at(-1)?.text)
    assert.deepEqual(again.state, state)
  })

  it('to a number in use is refused; one back to the number before is taken', async () => {
    const used = await hear(gateway, [admit('U1', 1), admit('U2', 2), change('U1', 'U2', 3)])
    assert.deepEqual(used.answers.at(-1)?.errors, ['E ID-IN-USE MRG^1^1^1'])
    const back = await hear(gateway, [admit('N1', 1), change('N1', 'N2', 2), change('N2', 'N1', 3)])
    assert.equal(back.answers.at(-1)?.code, 'AA', back.answers.at(-1)?.text)
    assert.equal(patients(back.state), 1)
    assert.match(back.state.find((each) => each.includes('"Patient"')) ?? '', /"usual"[^}]*}[^}]*}[^}]*"N1"/)
  })

  it('of a number that nobody knows is kept for when it comes', async () => {
    const { answers, state } = await hear(gateway, [change('N1', 'N2', 1), admit('N1', 2)])
    assert.ok(answers.every((each) => each.code === 'AA'))
    assert.equal(patients(state, '"N2"'), 1)
    assert.equal(patients(state), 1)
  })
})

/** An admission with numbers for account, visit and alternate visit. */
const stay = (
  who: string,
  minute: number,
  {
    acct,
    vn,
    alternate = '',
    event = 'A01',
  }: { acct: string; vn: string; alternate?: string; event?: string },
) =>
  message(
    `ADT^${event}^ADT_A01`,
    minute,
    'ADT1|GHH',
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 18: account(acct) }),
    segment('PV1', {
      1: '1',
      2: 'I',
      3: '3N^301^^GHH',
      19: visit(vn),
      ...(alternate && { 50: visit(alternate) }),
    }),
  )

describe('A51, a change of the alternate number of a visit', () => {
  const change = (from: string, to: string, minute: number) =>
    joined(
      'A51^ADT_A50',
      'R1',
      { 1: mrn('R1'), 6: visit(from) },
      minute,
      [segment('PV1', { 1: '1', 2: 'I', 50: visit(to) })],
      {},
    )

  it('gives one visit with both numbers; what comes late under the old one, and a repetition, change nothing', async () => {
    const known = stay('R1', 1, { acct: 'AC1', vn: 'VI1', alternate: 'AL1' })
    const list = [
      known,
      change('AL1', 'AL2', 2),
      stay('R1', 3, { acct: 'AC1', vn: 'VI1', alternate: 'AL2', event: 'A08' }),
    ]
    const { answers, state } = await hear(gateway, list)
    assert.ok(
      answers.every((each) => each.code === 'AA'),
      answers.map((each) => each.text).join('\n'),
    )
    assert.equal(count(state, '"resourceType":"Encounter"', '"AL1"', '"AL2"', '"VI1"', '"old"'), 1)
    assert.equal(count(state, '"resourceType":"Encounter"'), 1)
    const [first, second, third] = list as [Maker, Maker, Maker]
    assert.deepEqual((await hear(gateway, [first, third, second])).state, state)
    const again = await hear(gateway, [...list, change('AL1', 'AL2', 4)])
    assert.equal(again.answers.at(-1)?.code, 'AA', again.answers.at(-1)?.text)
    assert.deepEqual(again.state, state)
  })
})

describe('A51, before its visit is told of', () => {
  const change = (from: string, to: string, minute: number) =>
    joined(
      'A51^ADT_A50',
      'R1',
      { 1: mrn('R1'), 6: visit(from) },
      minute,
      [segment('PV1', { 1: '1', 2: 'I', 50: visit(to) })],
      {},
    )
  const known = (minute: number, alternate: string, event = 'A01') =>
    stay('R1', minute, { acct: 'AC1', vn: 'VI1', alternate, event })
  const shown = (state: readonly string[], ...numbers: readonly string[]) =>
    count(state, '"resourceType":"Encounter"', '"VI1"', ...numbers.map((each) => `"${each}"`))

  it('is said of that visit, whatever the order', async () => {
    const state = await sameInEveryOrder(gateway, [
      known(1, 'AL1'),
      change('AL1', 'AL2', 2),
      known(3, 'AL2', 'A08'),
    ])
    assert.equal(shown(state, 'AL1', 'AL2', 'old'), 1)
    assert.equal(count(state, '"resourceType":"Encounter"'), 1)
  })

  it('also when the number changes again, and back', async () => {
    const list = [known(1, 'AL1'), change('AL1', 'AL2', 2), change('AL2', 'AL3', 3)]
    const state = await sameInEveryOrder(gateway, list)
    assert.equal(shown(state, 'AL1', 'AL2', 'AL3', 'old'), 1)
    const told = [known(1, 'AL1'), known(3, 'AL2', 'A08'), known(5, 'AL3', 'A08')]
    const changes = [change('AL1', 'AL2', 2), change('AL2', 'AL3', 4)]
    const after = await hear(gateway, [...told, ...changes])
    assert.deepEqual((await hear(gateway, [...changes, ...told])).state, after.state)
    assert.equal(count(after.state, '"old"', '"AL1"', '"AL2"', '"AL3"'), 1)
    const back = await hear(gateway, [known(1, 'AL1'), change('AL1', 'AL2', 2), change('AL2', 'AL1', 3)])
    const early = await hear(gateway, [change('AL1', 'AL2', 2), change('AL2', 'AL1', 3), known(1, 'AL1')])
    assert.deepEqual(early.state, back.state)
  })
})

describe('A45, a visit that moves to another account', () => {
  const moveVisit = (minute: number, vn = 'VI1', to = 'AC2') =>
    joined(
      'A45^ADT_A45',
      'P1',
      { 1: mrn('P1'), 3: account('AC1'), 5: visit(vn) },
      minute,
      [segment('PV1', { 1: '1', 2: 'I', 19: visit(vn) })],
      { 18: account(to) },
    )
  const bill = (minute: number, acct: string) =>
    message(
      'DFT^P03^DFT_P03',
      minute,
      'BILL1|GHH',
      pid({ 3: mrn('P1'), 18: account(acct) }),
      segment('PV1', { 1: '1', 2: 'I', 19: visit('VI1') }),
      'FT1|1|L1^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000|20260302103000|CG|99213^Visit^L|||1|150.00&USD',
    )
  const two = [stay('P1', 1, { acct: 'AC1', vn: 'VI1' }), stay('P1', 2, { acct: 'AC2', vn: 'VI2' })]

  it('takes its charges along; late traffic under the old account stays with the new one', async () => {
    const { answers, state } = await hear(gateway, [
      ...two,
      bill(3, 'AC1'),
      moveVisit(4),
      stay('P1', 5, { acct: 'AC2', vn: 'VI1', event: 'A08' }),
    ])
    assert.ok(
      answers.every((each) => each.code === 'AA'),
      answers.map((each) => each.text).join('\n'),
    )
    assert.equal(count(state, '"resourceType":"Encounter"', 'Account(AC2)'), 2)
    assert.equal(count(state, '"resourceType":"ChargeItem"', 'Account(AC2)'), 1)
    assert.equal(count(state, '"resourceType":"Account"', '"AC2"', '150'), 1)
    assert.equal(count(state, '"resourceType":"Account"', '"AC1"', '150'), 0)
  })

  it('repeated changes nothing, in every order of what is known before it', async () => {
    const list = [...two, moveVisit(3)]
    const { state } = await hear(gateway, list)
    const again = await hear(gateway, [...list, moveVisit(4)])
    assert.equal(again.answers.at(-1)?.code, 'AA')
    assert.deepEqual(again.state, state)
    const second = [two[1] as Maker, two[0] as Maker, moveVisit(3)]
    assert.deepEqual((await hear(gateway, second)).state, state)
  })

  it('whose charge is posted again under the new account has it once', async () => {
    const list = [...two, bill(3, 'AC1'), moveVisit(4)]
    const { state } = await hear(gateway, list)
    for (const acct of ['AC2', 'AC1']) {
      const again = await hear(gateway, [...list, bill(5, acct)])
      assert.deepEqual(again.answers.at(-1)?.code, 'AA', `${acct}: ${again.answers.at(-1)?.text}`)
      assert.deepEqual(again.state, state, acct)
    }
  })

  it('that nobody knows waits for it', async () => {
    const { answers, state } = await hear(gateway, [two[1] as Maker, moveVisit(3), two[0] as Maker])
    assert.deepEqual(answers[1]?.errors, ['E PARKED MRG^1^5'])
    assert.equal(count(state, '"resourceType":"Encounter"', 'Account(AC2)'), 2)
  })
})

describe('A23, a visit that was deleted', () => {
  const gone = (minute: number, vn = 'VI1') => stay('P1', minute, { acct: 'AC1', vn, event: 'A23' })

  it('is entered in error, whatever comes before it in whatever order', async () => {
    const state = await sameInEveryOrder(gateway, [
      stay('P1', 1, { acct: 'AC1', vn: 'VI1' }),
      stay('P1', 2, { acct: 'AC1', vn: 'VI1', event: 'A02' }),
      gone(3),
    ])
    assert.equal(count(state, '"resourceType":"Encounter"', '"entered-in-error"'), 1)
    assert.equal(count(state, '"resourceType":"Encounter"'), 1)
  })

  it('repeated changes nothing', async () => {
    const list = [stay('P1', 1, { acct: 'AC1', vn: 'VI1' }), gone(2)]
    const once = await hear(gateway, list)
    const twice = await hear(gateway, [...list, gone(3)])
    assert.equal(twice.answers.at(-1)?.code, 'AA', twice.answers.at(-1)?.text)
    assert.equal(count(twice.state, '"entered-in-error"'), 1)
    assert.equal(count(once.state, '"entered-in-error"'), 1)
  })
})

describe('numbers of accounts and visits that were merged away', () => {
  const change = (minute: number, event: 'A41' | 'A42') =>
    event === 'A41'
      ? joined('A41^ADT_A39', 'P1', { 1: mrn('P1'), 3: account('AC2') }, minute, [], { 18: account('AC1') })
      : joined(
          'A42^ADT_A39',
          'P1',
          { 1: mrn('P1'), 3: account('AC1'), 5: visit('VI2') },
          minute,
          [segment('PV1', { 1: '1', 2: 'I', 19: visit('VI1') })],
          { 18: account('AC1') },
        )
  const late = async () =>
    ((await gateway.all('Task')) as { readonly code?: unknown }[]).filter((each) =>
      JSON.stringify(each).includes('late-on-retired-id'),
    ).length

  it('of an account: whoever still uses it is told, and somebody has the task to see to it', async () => {
    const { answers } = await hear(gateway, [
      stay('P1', 1, { acct: 'AC1', vn: 'VI1' }),
      stay('P1', 2, { acct: 'AC2', vn: 'VI2' }),
      change(3, 'A41'),
      stay('P1', 4, { acct: 'AC2', vn: 'VI2', event: 'A08' }),
    ])
    assert.deepEqual(answers.at(-1)?.errors, ['W RETIRED-ID PID^1^18'])
    assert.match(answers.at(-1)?.text ?? '', /AC2 was merged into AC1/)
    assert.equal(await late(), 1)
  })

  it('of a visit, too', async () => {
    const { answers } = await hear(gateway, [
      stay('P1', 1, { acct: 'AC1', vn: 'VI1' }),
      stay('P1', 2, { acct: 'AC1', vn: 'VI2' }),
      change(3, 'A42'),
      stay('P1', 4, { acct: 'AC1', vn: 'VI2', event: 'A08' }),
    ])
    assert.deepEqual(answers.at(-1)?.errors, ['W RETIRED-ID PV1^1^19'])
    assert.equal(await late(), 1)
  })
})
