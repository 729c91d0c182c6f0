// Visits and their appointments find each other in whatever order they come, by either's number (semantics, section 10).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

type Resource = Record<string, unknown> & { id: string; status: string }

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
  gateway.at('2026-03-10T23:00:00-05:00')
})
after(() => gateway.close())

const filler = (id: string): string => `${id}^SCHED1^2.16.840.1.113883.19.5.4^ISO`
const placer = (id: string): string => `${id}^PORTAL^2.16.840.1.113883.19.5.5^ISO`

function booking(
  n: string,
  time: string,
  more: { placer?: string; visit?: string; event?: string } = {},
): string[] {
  return [
    msh({ event: `SIU^${more.event ?? 'S12'}^SIU_S12`, source: 'SCHED1|GHH', time }),
    segment('SCH', { 1: more.placer ? placer(more.placer) : '', 2: filler(`F${n}`), 25: 'Booked^^HL70278' }),
    segment('TQ1', { 1: '1', 6: '30^min', 7: '20260310100000' }),
    pid({ 3: mrn(`M${n}`), 5: 'DOE^JANE^^^^^L' }),
    ...(more.visit ? [segment('PV1', { 1: '1', 2: 'O', 19: visit(more.visit) })] : []),
  ]
}

const arrival = (n: string, time: string, number: string, event = 'A04'): string[] => [
  msh({ event: `ADT^${event}^ADT_A01`, time }),
  `EVN||${time}|||OP|${time}`,
  pid({ 3: mrn(`M${n}`), 5: 'DOE^JANE^^^^^L' }),
  segment('PV1', { 1: '1', 2: 'O', 19: visit(`V${n}`), 50: number }),
]

async function find(rtype: string, holds: string): Promise<Resource> {
  const found = (await gateway.all(rtype)).find((each) =>
    JSON.stringify(each.identifier).includes(`"${holds}"`),
  )
  assert.ok(found, `no ${rtype} ${holds}`)
  return found as Resource
}
const linked = async (n: string): Promise<unknown> => (await find('Encounter', `V${n}`)).appointment
const status = async (n: string): Promise<string> => (await find('Appointment', `F${n}`)).status

describe('a visit and its appointment', () => {
  const ways: [
    name: string,
    number: (n: string) => string,
    more: (n: string) => { placer?: string; visit?: string },
  ][] = [
    ['the filler’s number in PV1-50', (n) => `F${n}^^^SCHED1&2.16.840.1.113883.19.5.4&ISO^FILL`, () => ({})],
    [
      'the placer’s number in PV1-50',
      (n) => `P${n}^^^PORTAL&2.16.840.1.113883.19.5.5&ISO^PLAC`,
      (n) => ({ placer: `P${n}` }),
    ],
    ['the visit’s number in the SIU', () => '', (n) => ({ visit: `V${n}` })],
  ]
  for (const [w, [name, number, more]] of ways.entries()) {
    it(`find each other by ${name}, in either order`, async () => {
      for (const first of ['SIU', 'ADT']) {
        const n = `${w}${first}`
        const siu = booking(n, '20260309100000', more(n))
        const adt = arrival(n, '20260310095000', number(n))
        for (const each of first === 'SIU' ? [siu, adt] : [adt, siu])
          assert.equal((await gateway.send(...each)).code, 'AA')
        const { id } = await find('Appointment', `F${n}`)
        assert.deepEqual(await linked(n), [{ reference: `Appointment/${id}` }], `${first} first`)
        assert.equal(await status(n), 'checked-in', `${first} first`)
        await gateway.send(...arrival(n, '20260310103000', number(n), 'A03'))
        assert.equal(await status(n), 'fulfilled', `${first} first`)
      }
    })
  }

  it('find each other when the number comes with a later event of the appointment', async () => {
    await gateway.send(...arrival('L', '20260310095000', 'PL^^^PORTAL&2.16.840.1.113883.19.5.5&ISO^PLAC'))
    await gateway.send(...booking('L', '20260309100000'))
    assert.equal(await status('L'), 'booked')
    assert.equal(await linked('L'), undefined)
    await gateway.send(...booking('L', '20260309110000', { placer: 'PL', event: 'S14' }))
    assert.equal(await status('L'), 'checked-in')
    assert.deepEqual(await linked('L'), [
      { reference: `Appointment/${(await find('Appointment', 'FL')).id}` },
    ])
  })

  it('that the visit is not about any more goes back to what it was', async () => {
    const number = (n: string) => `F${n}^^^SCHED1&2.16.840.1.113883.19.5.4&ISO^FILL`
    await gateway.send(...booking('X', '20260309100000'))
    await gateway.send(...booking('Y', '20260309100000').with(3, pid({ 3: mrn('MX'), 5: 'DOE^JANE^^^^^L' })))
    await gateway.send(...arrival('X', '20260310095000', number('X')))
    assert.deepEqual([await status('X'), await status('Y')], ['checked-in', 'booked'])
    await gateway.send(...arrival('X', '20260310095500', number('Y'), 'A08'))
    assert.deepEqual([await status('X'), await status('Y')], ['booked', 'checked-in'])
  })
})

describe('two patients who swap beds (A17)', () => {
  it('are each where the other was', async () => {
    const stay = (n: string, bed: string, prior = '') => [
      pid({ 3: mrn(`S${n}`), 5: `SWAP^P${n}^^^^^L` }),
      segment('PV1', {
        1: '1',
        2: 'I',
        3: `W^${bed}^A^GHH`,
        6: prior === '' ? '' : `W^${prior}^A^GHH`,
        19: visit(`SV${n}`),
      }),
    ]
    const send = (event: string, time: string, ...segments: string[]) =>
      gateway.send(msh({ event, time }), `EVN||${time}|||OP|${time}`, ...segments)
    await send('ADT^A01^ADT_A01', '20260308100000', ...stay('1', '101'))
    await send('ADT^A01^ADT_A01', '20260308110000', ...stay('2', '102'))
    const swap = await send(
      'ADT^A17^ADT_A17',
      '20260309100000',
      ...stay('1', '102', '101'),
      ...stay('2', '101', '102'),
    )
    assert.deepEqual([swap.code, swap.errors], ['AA', []])
    const places = (await gateway.all('Location')) as (Resource & { identifier: { value: string }[] })[]
    const bedOf = async (n: string) => {
      const list = (await find('Encounter', `SV${n}`)).location as {
        status: string
        location: { reference: string }
        period: { start: string; end?: string }
      }[]
      return list.map(({ status: state, location, period }) => {
        const place = places.find((each) => `Location/${each.id}` === location.reference)
        return `${place?.identifier[0]?.value} ${state} ${period.start.slice(8, 16)} ${(period.end ?? '').slice(8, 16)}`
      })
    }
    assert.deepEqual(await bedOf('1'), ['W-101-A completed 08T10:00 09T10:00', 'W-102-A active 09T10:00 '])
    assert.deepEqual(await bedOf('2'), ['W-102-A completed 08T11:00 09T10:00', 'W-101-A active 09T10:00 '])
  })
})

describe('an outpatient who becomes an inpatient (A06)', () => {
  it('stays in the same visit, also under another number, in either order of arrival', async () => {
    const stay = (n: string, event: string, time: string, of: string, patientClass: string, mrg = '') => [
      msh({ event, time }),
      `EVN||${time}|||OP|${time}`,
      pid({ 3: mrn(`K${n}`), 5: 'DOE^JANE^^^^^L' }),
      ...(mrg === '' ? [] : [segment('MRG', { 1: mrn(`K${n}`), 5: visit(mrg) })]),
      segment('PV1', { 1: '1', 2: patientClass, 3: 'W^1^A^GHH', 19: visit(of) }),
    ]
    for (const [n, order] of [
      ['1', [0, 1, 2]],
      ['2', [1, 0, 2]],
      ['3', [2, 1, 0]],
      ['4', [0, 2, 1]],
      ['5', [2, 0, 1]],
    ] as const) {
      const [o, i] = [`KO${n}`, `KI${n}`]
      const told = [
        stay(n, 'ADT^A04^ADT_A01', '20260309080000', o, 'O'),
        stay(n, 'ADT^A06^ADT_A06', '20260309100000', i, 'I', o),
        stay(n, 'ADT^A03^ADT_A03', '20260309120000', i, 'I'),
      ]
      for (const at of order) assert.equal((await gateway.send(...(told[at] ?? []))).code, 'AA')
      const visits = (await gateway.all('Encounter')).filter((each) =>
        JSON.stringify(each.identifier).includes(`"${i}"`),
      ) as (Resource & { class: { code: string }; classHistory: { class: { code: string } }[] })[]
      assert.equal(visits.length, 1, `order ${order.join()}`)
      const [only] = visits
      assert.match(JSON.stringify(only?.identifier), new RegExp(`"${o}"`))
      assert.deepEqual(
        [only?.status, only?.class.code, only?.classHistory.map((each) => each.class.code)],
        ['finished', 'IMP', ['AMB']],
        `order ${order.join()}`,
      )
    }
  })
})
