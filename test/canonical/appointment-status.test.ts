// The status machine of appointments over every event, code and status, and its invariants in any order
// (semantics, sections 9 and 20).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldAppointment, legalTransition } from '../../src/canonical/appointment/appointment.ts'
import { fillerStatusOf } from '../../src/canonical/appointment/filler-status.ts'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { event, part, sameReference, visit, write } from './events.ts'

const at = (minute: number): string =>
  new Date(Date.UTC(2026, 2, 6, 16, minute)).toISOString().replace('.000Z', 'Z')
const time = { '$start<TQ1-7': at(300), '$duration<TQ1-6': 30, 'subject<PID-3': { reference: 'Patient/p1' } }
const siu = (code: string, minute: number, sent?: string): Contribution =>
  event(`SIU^${code}`, at(minute), {
    ...time,
    ...(sent === undefined ? {} : { '$fillerStatus<SCH-25': sent }),
  })
const statusOf = (...contributions: Contribution[]) => foldAppointment(contributions, sameReference).status

test('table 0278 maps in any case, and a local code as the site says', () => {
  const expected: Record<string, string | undefined> = {
    Pending: 'pending',
    Waitlist: 'waitlist',
    Booked: 'booked',
    Started: 'checked-in',
    Complete: 'fulfilled',
    Cancelled: 'cancelled',
    DC: 'cancelled',
    Discontinued: 'cancelled',
    Deleted: 'entered-in-error',
    Noshow: 'noshow',
    Overbook: 'booked',
    Blocked: undefined,
  }
  for (const [code, status] of Object.entries(expected)) {
    for (const each of [code, code.toUpperCase(), code.toLowerCase()]) {
      assert.equal(fillerStatusOf(each)?.status, status, each)
      assert.equal(
        fillerStatusOf({ original: each, status: 'booked' })?.status,
        status === undefined ? undefined : 'booked',
      )
    }
  }
  assert.deepEqual(fillerStatusOf({ code: 'CONFIRMED', status: 'booked' }), {
    code: 'CONFIRMED',
    status: 'booked',
  })
  assert.deepEqual(fillerStatusOf({ code: 'XYZ' }), { code: 'XYZ', status: undefined })
  assert.equal(fillerStatusOf(undefined), undefined)
  assert.equal(fillerStatusOf('constructor')?.status, undefined)
})

test('every event of the filler leads where the table says, from every kind of status', () => {
  const before: readonly (readonly Contribution[])[] = [
    [],
    [siu('S12', 0, 'Booked')],
    [siu('S12', 0, 'Booked'), visit('v', [['ADT^A04', at(1)]])],
    [siu('S12', 0, 'Booked'), siu('S26', 1)],
    [siu('S12', 0, 'Booked'), siu('S15', 1)],
  ]
  const table: Record<string, readonly (string | undefined)[]> = {
    'S12 ': ['booked', 'booked', 'checked-in', 'booked', 'booked'],
    'S12 Booked': ['booked', 'booked', 'checked-in', 'booked', 'booked'],
    'S12 Pending': ['pending', 'pending', 'pending', 'pending', 'pending'],
    'S12 Cancelled': ['cancelled', 'cancelled', 'cancelled', 'cancelled', 'cancelled'],
    'S12 Blocked': [undefined, 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S13 ': ['booked', 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S13 Booked': ['booked', 'booked', 'checked-in', 'booked', 'booked'],
    'S13 Started': ['booked', 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S14 ': ['booked', 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S14 Booked': ['booked', 'booked', 'checked-in', 'booked', 'booked'],
    'S14 Started': ['checked-in', 'checked-in', 'checked-in', 'checked-in', 'checked-in'],
    'S14 Complete': ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'],
    'S14 Discontinued': ['cancelled', 'cancelled', 'fulfilled', 'cancelled', 'cancelled'],
    'S15 Booked': ['cancelled', 'cancelled', 'cancelled', 'cancelled', 'cancelled'],
    'S16 ': ['cancelled', 'cancelled', 'fulfilled', 'cancelled', 'cancelled'],
    'S17 Booked': [
      'entered-in-error',
      'entered-in-error',
      'entered-in-error',
      'entered-in-error',
      'entered-in-error',
    ],
    'S18 ': ['booked', 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S19 Booked': ['booked', 'booked', 'checked-in', 'booked', 'booked'],
    'S20 ': ['booked', 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S21 ': ['booked', 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S22 ': ['booked', 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S23 ': [undefined, 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S24 ': [undefined, 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S26 Booked': ['noshow', 'noshow', 'noshow', 'noshow', 'noshow'],
    'S27 Cancelled': ['booked', 'booked', 'checked-in', 'noshow', 'cancelled'],
    'S27 Booked': ['booked', 'booked', 'checked-in', 'booked', 'booked'],
  }
  for (const [row, expected] of Object.entries(table)) {
    const [code = '', sent] = row.split(' ')
    const seen = before.map((each) => statusOf(...each, siu(code, 2, sent === '' ? undefined : sent)))
    assert.deepEqual(seen, expected, row)
  }
})

test('a discontinued appointment says so, in the code of the filler', () => {
  const url = 'http://portico.example.org/StructureDefinition/filler-status'
  const { resource } = foldAppointment([siu('S12', 0), siu('S16', 1)], sameReference)
  assert.deepEqual(resource?.extension, [{ url, valueCode: 'Discontinued' }])
  const again = foldAppointment([siu('S12', 0), siu('S16', 1), siu('S12', 2, 'Booked')], sameReference)
  assert.equal(again.resource?.extension, undefined)
})

test('what a deleted appointment was is not told again, unless the filler books it anew', () => {
  const gone = [siu('S12', 0, 'Booked'), siu('S17', 1)]
  assert.equal(statusOf(...gone, siu('S15', 2)), 'entered-in-error')
  assert.equal(statusOf(...gone, siu('S26', 2)), 'entered-in-error')
  assert.equal(statusOf(...gone, siu('S14', 2)), 'entered-in-error')
  assert.equal(statusOf(...gone, siu('S12', 2, 'Booked')), 'booked')
})

test('legal transitions for clients, and what only the filler or an arrival may do', () => {
  const statuses = [
    'proposed',
    'pending',
    'waitlist',
    'booked',
    'arrived',
    'checked-in',
    'noshow',
    'cancelled',
    'fulfilled',
    'entered-in-error',
  ]
  const legal: Record<string, string> = {
    proposed: 'pending booked waitlist cancelled entered-in-error',
    pending: 'booked cancelled waitlist entered-in-error',
    waitlist: 'pending booked cancelled entered-in-error',
    booked: 'arrived checked-in noshow cancelled entered-in-error',
    arrived: 'checked-in fulfilled cancelled entered-in-error',
    'checked-in': 'fulfilled cancelled arrived entered-in-error',
    noshow: '',
    cancelled: '',
    fulfilled: 'entered-in-error',
    'entered-in-error': '',
  }
  for (const from of statuses) {
    const list = (legal[from] ?? '').split(' ').filter((each) => each !== '')
    for (const to of statuses) {
      const expected = from === to || list.includes(to) ? { ok: true } : { ok: false, legal: list }
      assert.deepEqual(legalTransition(from, to), expected, `${from} -> ${to}`)
    }
  }
  assert.deepEqual(legalTransition('noshow', 'booked', 'filler'), { ok: true })
  assert.deepEqual(legalTransition('cancelled', 'booked', 'filler'), { ok: true })
  assert.deepEqual(legalTransition('noshow', 'checked-in', 'arrival'), { ok: true })
  assert.deepEqual(legalTransition('booked', 'fulfilled', 'arrival'), { ok: true })
  assert.equal(legalTransition('cancelled', 'checked-in', 'arrival').ok, false)
  assert.deepEqual(legalTransition(undefined, 'fulfilled'), { ok: true })
  assert.deepEqual(legalTransition('booked', 'nonsense'), {
    ok: false,
    legal: (legal.booked ?? '').split(' '),
  })
})

interface Drawn {
  readonly code: string
  readonly minute: number
  readonly sent: string | undefined
  readonly who: string
  readonly action: string | undefined
  readonly start: number | undefined
}

const drawn = fc.record<Drawn>({
  code: fc.constantFrom(
    'S12',
    'S13',
    'S14',
    'S15',
    'S16',
    'S17',
    'S18',
    'S19',
    'S20',
    'S21',
    'S22',
    'S26',
    'S27',
    'FHIR',
    'A04',
    'A03',
  ),
  minute: fc.integer({ min: 0, max: 30 }),
  sent: fc.constantFrom(
    undefined,
    'Booked',
    'Pending',
    'Waitlist',
    'Started',
    'Complete',
    'Overbook',
    'Cancelled',
    'DC',
    'Deleted',
    'Blocked',
  ),
  who: fc.constantFrom('chen', 'patel', 'roe'),
  action: fc.constantFrom(undefined, 'A', 'U', 'D', 'X'),
  start: fc.constantFrom(undefined, 200, 300, 400),
})

function contributionOf(each: Drawn, n: number): Contribution {
  const i = `m${String(n).padStart(3, '0')}`
  const doctor = { reference: `Practitioner/${each.who}` }
  const start: Record<string, Json> =
    each.start === undefined ? {} : { '$start<TQ1-7': at(each.start), '$duration<TQ1-6': 30 }
  if (each.code.startsWith('A')) return visit(i, [[`ADT^${each.code}`, at(each.minute)]])
  if (each.code === 'FHIR') {
    const times = each.start === undefined ? {} : { start: at(each.start), end: at(each.start + 20) }
    const participant = [{ actor: doctor, status: 'accepted' }]
    const status = ['proposed', 'pending', 'booked', 'cancelled', 'waitlist'][each.minute % 5] ?? 'booked'
    return write(at(each.minute), { status, participant, cancelationReason: { text: i }, ...times }, { i })
  }
  const filler: Record<string, Json> = each.sent === undefined ? {} : { '$fillerStatus<SCH-25': each.sent }
  const cells = {
    'subject<PID-3': { reference: 'Patient/p1' },
    '$eventReason<SCH-6': { text: i },
    ...start,
    ...filler,
  }
  const own: Record<string, Json> = { 'actor<AIP-3': doctor, '$startOffset<AIP-7': -10 }
  return event(`SIU^${each.code}`, at(each.minute), cells, {
    i,
    source: 'SCHED1|GHH',
    parts: [part('AIP', own, each.action)],
  })
}

const hash = (text: string, seed: number): number => {
  let sum = seed
  for (const letter of text) sum = (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) | 0
  return sum
}

test('whatever the events, their order and their repetitions, the appointment is the same', () => {
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 12 }), fc.integer(), (events, seed) => {
      const all = events.map(contributionOf)
      const shuffled = [...all, ...all.filter((_, n) => n % 3 === Math.abs(seed % 3))].sort(
        (a, b) => hash(a.key, seed) - hash(b.key, seed),
      )
      assert.deepEqual(foldAppointment(shuffled, sameReference), foldAppointment(all, sameReference))
    }),
    { numRuns: 400 },
  )
})

test('the resource is valid R4, and only what is pending, booked or begun takes time', () => {
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 12 }), (events) => {
      const { resource, busy, status } = foldAppointment(events.map(contributionOf), sameReference)
      if (busy.length > 0) assert.ok(['pending', 'booked', 'arrived', 'checked-in'].includes(String(status)))
      for (const each of busy)
        assert.ok(Date.parse(each.start) < Date.parse(each.end) && !each.actor.startsWith('Patient/'))
      if (!resource) return
      assert.deepEqual(validateResource(resource), [])
      const { start, end, participant, cancelationReason } = resource
      assert.equal(resource.status, status)
      assert.equal(start === undefined, end === undefined)
      if (start === undefined) assert.ok(['proposed', 'cancelled', 'waitlist'].includes(String(status)))
      else assert.ok(Date.parse(String(start)) <= Date.parse(String(end)))
      if (cancelationReason !== undefined) assert.ok(['cancelled', 'noshow'].includes(String(status)))
      const people = participant as readonly { actor?: Json; type?: Json; status?: string }[]
      assert.ok(people.length > 0)
      for (const each of people)
        assert.ok((each.actor !== undefined || each.type !== undefined) && each.status)
      assert.ok(resource.minutesDuration === undefined || Number(resource.minutesDuration) >= 1)
    }),
    { numRuns: 400 },
  )
})
