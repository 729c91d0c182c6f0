// A visit and an appointment that name each other by no number: they are one when the patient came within two hours of the
// only one that is booked, to the same practitioner or place. Semantics, section 10.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { type TestGateway, testGateway } from './gateway.ts'
import {
  difference,
  digestOf,
  listener,
  permuted,
  stateOf,
  storyDatabase,
  storySite,
  type Told,
  textOf,
} from './histories.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

type Resource = Record<string, unknown> & { id: string; status: string }

const chen = '1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI'
const lopez = '1003000126^LOPEZ^INES^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI'

interface Booked {
  readonly start?: string
  readonly doctor?: string
  readonly room?: string
  readonly event?: string
  readonly time?: string
}
const booking = (who: string, n: string, more: Booked = {}): string[] => {
  const {
    start = '20260310100000',
    doctor = chen,
    room = 'EX1',
    event = 'S12',
    time = '20260301090000',
  } = more
  return [
    msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH', time }),
    segment('SCH', { 2: `F${n}^SCHED1^2.16.840.1.113883.19.5.4^ISO` }),
    segment('TQ1', { 1: '1', 6: '30^min', 7: start }),
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
    'RGS|1|A',
    segment('AIL', { 1: '1', 2: 'A', 3: `CLN1^${room}^^GHH` }),
    segment('AIP', { 1: '1', 2: 'A', 3: doctor, 4: 'ATND^attender^L' }),
  ]
}
const arrival = (
  who: string,
  time: string,
  more: Readonly<Record<number, string>> = {},
  event = 'A04',
): string[] => [
  msh({ event: `ADT^${event}^ADT_A01`, time }),
  `EVN||${time}`,
  pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
  segment('PV1', { 1: '1', 2: 'O', 3: 'CLN1^EX1^^GHH', 19: visit(`V${who}`), ...more }),
]

describe('a visit without the number of its appointment', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway()
    gateway.at('2026-03-10T23:00:00-05:00')
  })
  after(() => gateway.close())

  const find = async (rtype: string, holds: string): Promise<Resource> => {
    const found = (await gateway.all(rtype)).find((each) =>
      JSON.stringify(each.identifier).includes(`"${holds}"`),
    )
    assert.ok(found, `no ${rtype} ${holds}`)
    return found as Resource
  }
  const links = async (who: string): Promise<string[]> =>
    (((await find('Encounter', `V${who}`)).appointment ?? []) as { reference: string }[]).map(
      (each) => each.reference,
    )
  const statusOf = async (n: string): Promise<string> => (await find('Appointment', `F${n}`)).status
  const tell = async (...messages: readonly string[][]): Promise<void> => {
    for (const each of messages) assert.equal((await gateway.send(...each)).code, 'AA')
  }

  it('is for the one that is booked near that time at that place or with that doctor, whichever is told first', async () => {
    const place = arrival('M1', '20260310094500', { 7: lopez })
    const doctor = arrival('M2', '20260310115900', { 3: 'OTHER^1^^GHH', 7: chen })
    await tell(booking('M1', '1'), place, doctor, booking('M2', '2'))
    for (const n of ['1', '2']) {
      assert.equal(await statusOf(n), 'checked-in')
      assert.deepEqual(await links(`M${n}`), [`Appointment/${(await find('Appointment', `F${n}`)).id}`])
    }
  })

  it('is for none that is too far off, elsewhere with somebody else, or not booked', async () => {
    await tell(booking('M3', '3'), arrival('M3', '20260310120100'))
    await tell(booking('M4', '4'), arrival('M4', '20260310100000', { 3: 'OTHER^1^^GHH', 7: lopez }))
    await tell(booking('M5', '5'), booking('M5', '5', { event: 'S15', time: '20260302090000' }))
    await tell(arrival('M5', '20260310100000'))
    assert.deepEqual([await links('M3'), await links('M4'), await links('M5')], [[], [], []])
    assert.deepEqual(
      [await statusOf('3'), await statusOf('4'), await statusOf('5')],
      ['booked', 'booked', 'cancelled'],
    )
  })

  it('is for none of two that fit, until one of them is called off', async () => {
    await tell(
      booking('M6', '6'),
      booking('M6', '6B', { start: '20260310110000' }),
      arrival('M6', '20260310094500'),
    )
    assert.deepEqual(await links('M6'), [])
    await tell(booking('M6', '6B', { start: '20260310110000', event: 'S15', time: '20260310094000' }))
    assert.equal(await statusOf('6'), 'checked-in')
  })

  it('is not for it any more once it names another, or the arrival is taken back', async () => {
    await tell(
      booking('M7', '7'),
      booking('M7', '7B', { start: '20260320100000' }),
      arrival('M7', '20260310094500'),
    )
    assert.equal(await statusOf('7'), 'checked-in')
    const named = { 50: 'F7B^^^SCHED1&2.16.840.1.113883.19.5.4&ISO^FILL' }
    await tell(arrival('M7', '20260310095000', named, 'A08'))
    assert.deepEqual([await statusOf('7'), await statusOf('7B')], ['booked', 'checked-in'])

    await tell(
      booking('M8', '8'),
      arrival('M8', '20260310094500'),
      arrival('M8', '20260310095000', {}, 'A11'),
    )
    assert.equal(await statusOf('8'), 'booked')
    assert.deepEqual(await links('M8'), [])
  })

  it('keeps what it has found when its patient is merged', async () => {
    await tell(booking('M10', '9'), arrival('M10', '20260310094500'), arrival('M9', '20260310094500'))
    await tell([
      msh({ event: 'ADT^A40^ADT_A39', time: '20260310100000' }),
      'EVN||20260310100000',
      pid({ 3: mrn('M9'), 5: 'DOE^JANE' }),
      segment('MRG', { 1: mrn('M10') }),
    ])
    const kept = async () => assert.deepEqual([(await links('M10')).length, await links('M9')], [1, []])
    await kept()
    await tell(arrival('M9', '20260310101500', { 10: 'MED', 19: visit('VM10') }, 'A08'))
    await tell(booking('M10', '9', { event: 'S14', time: '20260310101600' }))
    await kept()
    assert.equal(await statusOf('9'), 'checked-in')
  })
})

const doctors = [chen, lopez]
const rooms = ['EX1', 'EX2']
const starts = ['20260302100000', '20260302103000', '20260302123000', '20260302190000']

const said: fc.Arbitrary<Omit<Told, 'minute'>> = fc.oneof(
  fc
    .record({
      n: fc.integer({ min: 0, max: 2 }),
      event: fc.constantFrom('S12', 'S12', 'S13', 'S14', 'S15', 'S26'),
      start: fc.constantFrom(...starts),
      doctor: fc.constantFrom(...doctors),
      room: fc.constantFrom(...rooms),
    })
    .map(({ n, event, ...more }) => ({
      source: 'SCHED1|GHH',
      event: `SIU^${event}`,
      segments: booking('M', String(n), more).slice(1),
    })),
  fc
    .record({
      n: fc.integer({ min: 0, max: 1 }),
      event: fc.constantFrom('A04', 'A04', 'A01', 'A08', 'A11', 'A03', 'A10'),
      doctor: fc.constantFrom(...doctors),
      room: fc.constantFrom(...rooms),
      named: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined, freq: 5 }),
    })
    .map(({ n, event, doctor, room, named }) => ({
      source: 'ADT1|GHH',
      event: `ADT^${event}`,
      segments: arrival('M', '', {
        3: `CLN1^${room}^^GHH`,
        7: doctor,
        19: visit(`V${n}`),
        50: named === undefined ? '' : `F${named}^^^SCHED1&2.16.840.1.113883.19.5.4&ISO^FILL`,
      }).slice(2),
    })),
)

describe('visits and appointments of one day', () => {
  it('find each other the same in every order (I1)', async () => {
    const store = await storyDatabase()
    const site = storySite()
    let tenant = 0
    const hear = async (texts: readonly string[]) => {
      const own = listener(store, site, { tenant: ++tenant })
      try {
        for (const each of texts) await own.send(each)
        await own.idle()
        assert.deepEqual(own.faults, [])
        return await stateOf(store, tenant)
      } finally {
        await own.engine.close()
      }
    }
    try {
      const keys = fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 10, maxLength: 10 })
      const property = fc.asyncProperty(
        fc.array(said, { minLength: 2, maxLength: 10 }),
        keys,
        async (list, order) => {
          const texts = list.map((each, i) => textOf({ ...each, minute: 30 + i * 25 }, `M${i}`))
          const shuffled = permuted(texts, order)
          const [a, b] = [await hear(texts), await hear(shuffled)]
          if (digestOf(a) !== digestOf(b))
            assert.fail(
              `${difference(a, b).join('\n')}\nafter\n${shuffled.join('\n').replaceAll('\r', '\n   ')}`,
            )
        },
      )
      await fc.assert(property, { numRuns: Number(process.env.PORTICO_PROPERTY_RUNS ?? 25), seed: 20260310 })
    } finally {
      await store.drop()
    }
  })
})
