// Whose time is taken: double bookings in any order, blocked time, patients who come after all (semantics, section 9).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, nextId, pid, segment, visit } from './messages.ts'

type Resource = Record<string, unknown> & { id: string; status?: string }

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      const [patel] = site.schedules as object[]
      site.schedules = [
        ...(site.schedules as object[]),
        {
          ...patel,
          id: 'SCH-GYM',
          owner: 'SCHED1|GHH',
          capacity: 2,
          actor: {
            type: 'Practitioner',
            system: 'http://hl7.org/fhir/sid/us-npi',
            value: '1932102951',
            name: 'Group',
          },
        },
      ]
    }),
  )
  gateway.at('2026-03-06T23:00:00-06:00')
})
after(() => gateway.close())

const filler = (id: string): string => `${id}^SCHED1^2.16.840.1.113883.19.5.4^ISO`
const npi = (value: string): string => `${value}^DOC^D^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI`
const doctor = (value: string, action = 'A'): string => segment('AIP', { 1: '1', 2: action, 3: npi(value) })
const room = (name: string, action = 'A'): string => segment('AIL', { 1: '1', 2: action, 3: name })

interface Booking {
  readonly event?: string
  readonly id: string
  readonly at: string
  /** MSH-7. */
  readonly told: string
  readonly minutes?: number
  readonly who?: string
  readonly filler?: string
  readonly resources: readonly string[]
}

function booking({ event = 'S12', id, at, told, minutes = 30, who, resources, ...more }: Booking): string[] {
  return [
    msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH', time: told, id: nextId() }),
    segment('SCH', { 2: filler(id), 25: `${more.filler ?? 'Booked'}^^HL70278` }),
    ...(at === '' ? [] : [segment('TQ1', { 1: '1', 6: `${minutes}^min&minute&ISO+`, 7: at })]),
    ...(who === undefined ? [] : [pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' })]),
    ...(resources.length === 0
      ? []
      : [segment('RGS', { 1: '1', 2: event === 'S12' ? 'A' : 'U' }), ...resources]),
  ]
}

const send = (message: readonly string[]): Promise<Answer> => gateway.send(...message)

async function appointment(id: string): Promise<Resource> {
  const found = (await gateway.all('Appointment')).find((each) =>
    JSON.stringify(each.identifier).includes(`"${id}"`),
  )
  assert.ok(found, `no appointment ${id}`)
  return found as Resource
}
const isOverbooked = async (id: string): Promise<boolean> =>
  JSON.stringify((await appointment(id)).extension ?? []).includes('overbooked')
const tasks = async (code: string, focus: string): Promise<Resource[]> =>
  ((await gateway.all('Task')) as Resource[]).filter(
    (each) => JSON.stringify(each.code).includes(code) && JSON.stringify(each).includes(focus),
  )
const slots = async (start: string): Promise<Resource[]> =>
  ((await gateway.all('Slot')) as Resource[]).filter((each) => each.start === start)

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((each, i) => permutations(list.toSpliced(i, 1)).map((rest) => [each, ...rest]))
}

describe('an actor that is booked twice', () => {
  it('is told to the filler, and the later booking is overbooked, whichever comes first', async () => {
    for (const [n, order] of permutations(['A', 'B']).entries()) {
      const doc = ['1497758544', '1003000126'][n] ?? ''
      const messages: Record<string, string[]> = {
        A: booking({
          id: `OA${n}`,
          at: '20260310100000',
          told: '20260305100000',
          who: 'O1',
          resources: [doctor(doc)],
        }),
        B: booking({
          id: `OB${n}`,
          at: '20260310101500',
          told: '20260305110000',
          who: 'O2',
          resources: [doctor(doc)],
        }),
      }
      const answers = []
      for (const each of order) answers.push(await send(messages[each] ?? []))
      assert.deepEqual(
        answers.map((each) => each.errors),
        [[], ['W OVERBOOKED AIP^1^3']],
      )
      assert.deepEqual([await isOverbooked(`OA${n}`), await isOverbooked(`OB${n}`)], [false, true])
      const later = await appointment(`OB${n}`)
      assert.equal((await tasks('double-booking', later.id)).length, 1)
    }
  })

  it('is free of it again when one of the two moves, ends or is taken away; the Task is done', async () => {
    const resources = [room('OR^R7^^GHH')]
    await send(booking({ id: 'P1', at: '20260311100000', told: '20260305100000', who: 'O1', resources }))
    await send(booking({ id: 'P2', at: '20260311100000', told: '20260305100100', who: 'O2', resources }))
    const { id } = await appointment('P2')
    assert.equal((await tasks('double-booking', id))[0]?.status, 'requested')
    await send(booking({ event: 'S15', id: 'P1', at: '', told: '20260305100200', who: 'O1', resources: [] }))
    assert.equal(await isOverbooked('P2'), false)
    assert.equal((await tasks('double-booking', id))[0]?.status, 'completed')
    const back = booking({ id: 'P1', at: '20260311100000', told: '20260305100300', who: 'O1', resources })
    assert.deepEqual((await send(back)).errors, ['W OVERBOOKED AIL^1^3'])
    // P1 is the later one now.
    assert.deepEqual([await isOverbooked('P1'), await isOverbooked('P2')], [true, false])
  })

  it('is told once: an update that moves nothing is no second booking, and the older booking stays the older', async () => {
    const resources = [doctor('1111111112')]
    await send(booking({ id: 'Q1', at: '20260312100000', told: '20260305100000', who: 'O1', resources }))
    await send(booking({ id: 'Q2', at: '20260312100000', told: '20260305100100', who: 'O2', resources }))
    const again = [doctor('1111111112', 'U')]
    const answer = await send(
      booking({
        event: 'S14',
        id: 'Q1',
        at: '20260312100000',
        told: '20260305100200',
        who: 'O1',
        resources: again,
      }),
    )
    assert.deepEqual(answer.errors, [])
    assert.deepEqual([await isOverbooked('Q1'), await isOverbooked('Q2')], [false, true])
  })

  it('is not booked twice by what follows it, by a department, or within its capacity', async () => {
    const resources = [doctor('1222222223'), segment('AIL', { 1: '1', 2: 'A', 3: 'CLN9^^^GHH' })]
    const clean = [
      booking({ id: 'C1', at: '20260313100000', told: '20260305100000', who: 'O1', resources }),
      booking({ id: 'C2', at: '20260313103000', told: '20260305100100', who: 'O2', resources }),
      booking({
        id: 'C3',
        at: '20260313100000',
        told: '20260305100200',
        who: 'O3',
        resources: [resources[1] ?? ''],
      }),
      booking({
        id: 'G1',
        at: '20260313100000',
        told: '20260305100300',
        who: 'O1',
        resources: [doctor('1932102951')],
      }),
      booking({
        id: 'G2',
        at: '20260313100000',
        told: '20260305100400',
        who: 'O2',
        resources: [doctor('1932102951')],
      }),
    ]
    for (const each of clean) assert.deepEqual((await send(each)).errors, [])
    const third = booking({
      id: 'G3',
      at: '20260313100000',
      told: '20260305100500',
      who: 'O3',
      resources: [doctor('1932102951')],
    })
    assert.deepEqual((await send(third)).errors, ['W OVERBOOKED AIP^1^3'])
  })

  it('shows across midnight of UTC and over days', async () => {
    const resources = [room('OR^R8^^GHH')]
    await send(
      booking({
        id: 'D1',
        at: '20260314080000',
        minutes: 3000,
        told: '20260305100000',
        who: 'O1',
        resources,
      }),
    )
    const answer = await send(
      booking({ id: 'D2', at: '20260315230000', told: '20260305100100', who: 'O2', resources }),
    )
    assert.deepEqual(answer.errors, ['W OVERBOOKED AIL^1^3'])
  })

  it('names no more than twenty of many that have the same time, so that a crowd costs no more than a few', async () => {
    const resources = [room('OR^R9^^GHH')]
    const at = '20260312100000'
    for (let n = 0; n < 23; n++) {
      const told = `202603051000${String(n).padStart(2, '0')}`
      await send(booking({ id: `OC${n}`, at, told, who: `OC${n}`, resources }))
    }
    assert.equal((await tasks('double-booking', (await appointment('OC5')).id)).length, 5 + 17)
    assert.equal((await tasks('double-booking', (await appointment('OC22')).id)).length, 20)
  })

  it('shows to two senders at once', async () => {
    const resources = [room('OR^R9^^GHH')]
    const both = await Promise.all(
      ['E1', 'E2'].map((id, i) =>
        send(booking({ id, at: '20260316100000', told: `2026030510000${i}`, who: `OE${i}`, resources })),
      ),
    )
    assert.deepEqual(
      both.flatMap((each) => each.errors),
      ['W OVERBOOKED AIL^1^3'],
    )
    assert.deepEqual([await isOverbooked('E1'), await isOverbooked('E2')], [false, true])
  })
})

describe('blocked time', () => {
  const block = (event: string, told: string, more: Partial<Booking> = {}) =>
    booking({
      event,
      id: 'BL1',
      at: '20260317120000',
      minutes: 60,
      told,
      filler: 'Blocked',
      resources: [doctor('1497758544')],
      ...more,
    })
  const start = '2026-03-17T12:00:00-05:00'

  it('is a slot that nobody may book, and no appointment; S24 opens it', async () => {
    const before = (await gateway.all('Appointment')).length
    assert.deepEqual((await send(block('S23', '20260306100000'))).errors, [])
    assert.deepEqual(
      (await slots(start)).map((each) => each.status),
      ['busy-unavailable'],
    )
    assert.equal((await gateway.all('Appointment')).length, before)
    assert.deepEqual((await send(block('S24', '20260306110000', { filler: '' }))).errors, [])
    assert.deepEqual(
      (await slots(start)).map((each) => each.status),
      ['free'],
    )
  })

  it('stays open when the block comes after it, but was made before', async () => {
    const at = '20260318120000'
    assert.deepEqual((await send(block('S24', '20260306110000', { id: 'BL2', at }))).errors, [])
    assert.deepEqual((await send(block('S23', '20260306100000', { id: 'BL2', at }))).errors, [])
    assert.deepEqual(
      (await slots('2026-03-18T12:00:00-05:00')).map((each) => each.status),
      ['free'],
    )
  })

  it('may be named by SCH-5 alone, and opened by its number alone', async () => {
    const sch = (event: string, told: string, timed: boolean) => [
      msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH', time: told }),
      segment('SCH', { 2: filler('BL3'), 5: 'SCH-DRCHEN' }),
      ...(timed ? [segment('TQ1', { 1: '1', 6: '60^min&minute&ISO+', 7: '20260319120000' })] : []),
    ]
    assert.deepEqual((await send(sch('S23', '20260306100000', true))).errors, [])
    const [slot] = await slots('2026-03-19T12:00:00-05:00')
    assert.equal(slot?.status, 'busy-unavailable')
    assert.deepEqual((await send(sch('S24', '20260306110000', false))).errors, [])
    assert.equal((await slots('2026-03-19T12:00:00-05:00'))[0]?.status, 'free')
  })

  it('of somebody else’s schedule, or of none, is refused', async () => {
    const patel = block('S23', '20260306120000', { id: 'BL4', resources: [doctor('1245319599')] })
    assert.deepEqual((await send(patel)).errors, ['E NOT-FILLER AIP^1^3'])
    const nothing = block('S23', '20260306130000', { id: 'BL5', resources: [] })
    assert.deepEqual((await send(nothing)).errors, ['E 101 SCH^1^5'])
  })
})

describe('a patient who comes after all', () => {
  const arrival = (n: number, id: string, told: string, event = 'A04') => [
    msh({ event: `ADT^${event}^ADT_A01`, time: told }),
    `EVN||${told}|||REG07|${told}`,
    pid({ 3: mrn(`L${n}`), 5: 'DOE^JANE^^^^^L', 18: account(`LA${n}`) }),
    segment('PV1', {
      1: '1',
      2: 'O',
      19: visit(`LV${n}`),
      50: `${id}^^^SCHED1&2.16.840.1.113883.19.5.4&ISO^FILL`,
    }),
  ]

  it('is work for the desk, in whatever order the news comes; a cancelled arrival takes it back', async () => {
    for (const [n, order] of permutations([0, 1, 2]).entries()) {
      const id = `LF${n}`
      const at = `202603201${n}0000`
      const messages = [
        booking({ id, at, told: '20260306100000', who: `L${n}`, resources: [doctor('1333333334')] }),
        booking({
          event: 'S26',
          id,
          at,
          told: `202603201${n}2000`,
          who: `L${n}`,
          filler: 'Noshow',
          resources: [],
        }),
        arrival(n, id, `202603201${n}3000`),
      ]
      gateway.at('2026-03-20T22:00:00-05:00')
      for (const each of order) await send(messages[each] ?? [])
      const found = await appointment(id)
      assert.equal(found.status, 'checked-in', `order ${order.join()}`)
      assert.equal((await tasks('late-arrival', found.id)).length, 1, `order ${order.join()}`)
      const cancel = arrival(n, id, `202603201${n}4000`, 'A11')
      assert.deepEqual((await send(cancel)).errors, [])
      assert.equal((await appointment(id)).status, 'noshow')
      assert.equal((await tasks('late-arrival', found.id))[0]?.status, 'completed')
    }
  })
})

describe('an event that cancels another', () => {
  const told = (event: string, at: string, number: string) => [
    msh({ event: `ADT^${event}`, time: at }),
    `EVN||${at}|||REG07|${at}`,
    pid({ 3: mrn('N1'), 5: 'DOE^JANE^^^^^L' }),
    segment('PV1', {
      1: '1',
      2: 'I',
      3: 'W^1^A^GHH',
      7: npi('1497758544'),
      9: npi('1003000126'),
      19: visit(number),
    }),
  ]
  const pairs: [opens: string, cancels: string][] = [
    ['A01', 'A11'],
    ['A02', 'A12'],
    ['A03', 'A13'],
    ['A05', 'A38'],
    ['A14', 'A27'],
    ['A15', 'A26'],
    ['A16', 'A25'],
    ['A21', 'A52'],
    ['A22', 'A53'],
    ['A09', 'A33'],
    ['A10', 'A32'],
    ['A54', 'A55'],
    ['A61', 'A62'],
  ]
  for (const [opens, cancels] of pairs) {
    it(`${cancels} after ${opens} is clean; without it the sender is told that there is nothing to cancel`, async () => {
      assert.equal((await send(told(opens, '20260306100000', `N${cancels}`))).code, 'AA')
      assert.deepEqual((await send(told(cancels, '20260306110000', `N${cancels}`))).errors, [])
      const alone = await send(told(cancels, '20260306110000', `NN${cancels}`))
      assert.deepEqual([alone.code, alone.errors], ['AA', ['W NOTHING-TO-CANCEL PV1^1^19']])
    })
  }
})
