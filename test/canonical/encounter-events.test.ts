// Tables over every ADT event, and what must hold for any of them in any order (semantics, sections 8.6 and
// 20: I1, I14, I18).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import { foldEncounter } from '../../src/canonical/visit/encounter.ts'
import { VISIT_EVENTS } from '../../src/canonical/visit/encounter-events.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { event, sameReference, write } from './events.ts'

const at = (minute: number): string =>
  new Date(Date.UTC(2026, 2, 5, 16, minute)).toISOString().replace('.000Z', 'Z')
const statusAfter = (...codes: string[]): unknown =>
  foldEncounter(
    codes.map((code, i) => event(`ADT^${code}`, at(i), {}, { i: `${i}` })),
    sameReference,
  ).resource?.status

/** Status after the event: for an unknown visit, a planned, an arrived, an admitted and a discharged one. */
const table: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  A01: ['in-progress', 'in-progress', 'in-progress', 'in-progress', 'finished'],
  A02: ['in-progress', 'in-progress', 'in-progress', 'in-progress', 'finished'],
  A03: ['finished', 'finished', 'finished', 'finished', 'finished'],
  A04: ['arrived', 'arrived', 'arrived', 'in-progress', 'finished'],
  A05: ['planned', 'planned', 'arrived', 'in-progress', 'finished'],
  A06: ['in-progress', 'in-progress', 'in-progress', 'in-progress', 'finished'],
  A07: ['in-progress', 'in-progress', 'in-progress', 'in-progress', 'finished'],
  A08: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A09: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A10: ['arrived', 'arrived', 'arrived', 'in-progress', 'finished'],
  A11: ['cancelled', 'planned', 'cancelled', 'cancelled', 'cancelled'],
  A12: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A13: ['in-progress', 'planned', 'arrived', 'in-progress', 'in-progress'],
  A14: ['planned', 'planned', 'arrived', 'in-progress', 'finished'],
  A15: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A16: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A17: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A21: ['onleave', 'planned', 'onleave', 'onleave', 'finished'],
  A22: ['in-progress', 'planned', 'arrived', 'in-progress', 'finished'],
  A23: ['entered-in-error', 'entered-in-error', 'entered-in-error', 'entered-in-error', 'entered-in-error'],
  A25: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A26: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A27: ['cancelled', 'cancelled', 'arrived', 'in-progress', 'finished'],
  A32: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A33: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A38: ['cancelled', 'cancelled', 'arrived', 'in-progress', 'finished'],
  A52: ['unknown', 'planned', 'arrived', 'in-progress', 'finished'],
  A53: ['unknown', 'planned', 'arrived', 'onleave', 'finished'],
}
const passive = ['unknown', 'planned', 'arrived', 'in-progress', 'finished'] as const

test('every ADT event leads from every status to the status that the table of events says', () => {
  const before = [[], ['A05'], ['A04'], ['A01'], ['A01', 'A03']]
  for (const code of Object.keys(VISIT_EVENTS)) {
    const expected = table[code] ?? passive
    for (const [i, codes] of before.entries()) {
      assert.equal(statusAfter(...codes, code), expected[i], `${codes.join(' ')} ${code}`)
    }
  }
  assert.equal(Object.keys(VISIT_EVENTS).length, 58)
})

test('every cancellation takes back what it cancels and nothing else', () => {
  const pairs: readonly (readonly [string[], string])[] = [
    [['A01', 'A02', 'A12'], 'in-progress'],
    [['A01', 'A03', 'A13'], 'in-progress'],
    [['A04', 'A03', 'A13'], 'arrived'],
    [['A01', 'A21', 'A52'], 'in-progress'],
    [['A01', 'A21', 'A22', 'A53'], 'onleave'],
    [['A05', 'A10', 'A32'], 'planned'],
    [['A14', 'A27'], 'cancelled'],
    [['A05', 'A38'], 'cancelled'],
    [['A05', 'A04', 'A38'], 'arrived'],
    [['A05', 'A04', 'A11', 'A01'], 'in-progress'],
    [['A01', 'A11', 'A03'], 'cancelled'],
    [['A04', 'A06', 'A11'], 'arrived'],
    [['A05', 'A06', 'A11'], 'planned'],
    [['A06', 'A11'], 'cancelled'],
    [['A01', 'A07', 'A11'], 'in-progress'],
    [['A04', 'A06', 'A11', 'A11'], 'cancelled'],
    [['A01', 'A03', 'A13', 'A03'], 'finished'],
    [['A01', 'A23', 'A01'], 'entered-in-error'],
  ]
  for (const [codes, status] of pairs) assert.equal(statusAfter(...codes), status, codes.join(' '))
})

test('a cancelled change of class (A11 after A06) leaves the visit as it was: status, class, place and history', () => {
  const told = (code: string, minute: number, letter: string, bed: string) =>
    event(`ADT^${code}`, at(minute), {
      'class<PV1-2': { system: 'urn:c', code: letter },
      '$location<PV1-3': place(bed),
    })
  const before = told('A04', 0, 'O', 'CLN1')
  const after = [before, told('A06', 10, 'I', '3N'), told('A11', 20, 'I', '3N')]
  const fold = (list: readonly Contribution[]) => foldEncounter(list, sameReference).resource
  assert.deepEqual(fold(after), fold([before]))
  assert.deepEqual(fold(after.toReversed()), fold([before]))
})

test('a visit begins when the patient arrives (A10), unless somebody says when it was admitted or registered', () => {
  const period = (...list: readonly (readonly [code: string, minute: number])[]) =>
    foldEncounter(
      list.map(([code, minute]) => event(`ADT^${code}`, at(minute), {}, { i: `${minute}` })),
      sameReference,
    ).resource?.period
  assert.deepEqual(period(['A10', 5]), { start: at(5) })
  assert.deepEqual(period(['A05', 1], ['A10', 5]), { start: at(5) })
  assert.deepEqual(period(['A10', 5], ['A01', 9]), { start: at(9) })
  assert.equal(period(['A10', 5], ['A32', 9]), undefined)
})

const place = (id: string): Json => ({ reference: `Location/${id}` })
const stays = (n: number): Json => [{ individual: { reference: `Practitioner/${n}` } }]

interface Drawn {
  readonly code: string
  readonly minute: number
  readonly bed: string
  readonly doctor: number
  readonly source: string
  readonly empty: boolean
}

const drawn = fc.record<Drawn>({
  code: fc.constantFrom('FHIR', ...Object.keys(VISIT_EVENTS)),
  minute: fc.integer({ min: 0, max: 40 }),
  bed: fc.constantFrom('A', 'B', 'C'),
  doctor: fc.integer({ min: 1, max: 3 }),
  source: fc.constantFrom('ADT1|GHH', 'REG|GHH'),
  empty: fc.boolean(),
})

function contributionOf(each: Drawn, n: number): Contribution {
  const i = `m${String(n).padStart(3, '0')}`
  if (each.code === 'FHIR') {
    const status =
      ['planned', 'arrived', 'in-progress', 'finished', 'cancelled'][each.minute % 5] ?? 'planned'
    const period = each.empty ? null : { start: at(each.minute) }
    return write(at(each.minute), { status, period, participant: stays(each.doctor) }, { i })
  }
  const cells: Record<string, Json> = {
    'identifier<PV1-19': [{ system: 'urn:x', value: 'V1' }],
    'subject<PID-3': { reference: 'Patient/p1' },
    'class<PV1-2': { system: 'urn:c', code: each.bed },
    '$location<PV1-3': place(each.bed),
    '$temporaryLocation<PV1-11': each.empty ? null : place('T'),
    '$admitTime<PV1-44': at(each.minute % 7),
    'participant<PV1-7': stays(each.doctor),
  }
  if (each.empty) cells['$dischargeTime<PV1-45'] = at(each.minute)
  return event(`ADT^${each.code}`, at(each.minute), cells, { i, source: each.source })
}

test('what a cancellation names as cancelled is not said by it', () => {
  const place = (name: string): Json => ({ reference: `Location/${name}` })
  const doctor = (name: string): Json => [
    { individual: { reference: `Practitioner/${name}` }, type: [{ coding: [{ code: 'ATND' }] }] },
  ]
  const told = (...steps: [code: string, cells: Record<string, Json>][]) =>
    JSON.stringify(
      foldEncounter(
        steps.map(([code, cells], i) => event(`ADT^${code}`, at(i), cells, { i: `${i}` })),
        sameReference,
      ).resource,
    )
  const pending = { '$pendingLocation<PV1-42': place('next') }
  assert.doesNotMatch(told(['A01', {}], ['A15', pending], ['A26', pending]), /next/)
  assert.doesNotMatch(told(['A01', {}], ['A26', pending]), /next/)
  const moved = { '$location<PV1-3': place('wrong') }
  const first = { '$location<PV1-3': place('right') }
  assert.match(
    told(['A01', first], ['A02', moved], ['A12', moved]),
    /"status":"active"[^}]*right|right[^}]*}[^}]*"status":"active"/,
  )
  assert.doesNotMatch(told(['A01', first], ['A02', moved], ['A12', moved]), /wrong/)
  const changed = { 'participant<PV1-7': doctor('new') }
  const attending = { 'participant<PV1-7': doctor('old') }
  const back = told(['A01', attending], ['A54', changed], ['A55', changed])
  assert.match(back, /old/)
  assert.doesNotMatch(back, /new/)
})

test('whatever the events, their order and their repetitions, the visit is the same', () => {
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 12 }), fc.integer(), (events, seed) => {
      const all = events.map(contributionOf)
      const shuffled = [...all, ...all.filter((_, n) => n % 3 === Math.abs(seed % 3))].sort(
        (a, b) => hash(a.i, seed) - hash(b.i, seed),
      )
      assert.deepEqual(foldEncounter(shuffled, sameReference), foldEncounter(all, sameReference))
    }),
    { numRuns: 400 },
  )
})

const hash = (text: string, seed: number): number => {
  let sum = seed
  for (const letter of text) sum = (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) | 0
  return sum
}

interface Periods {
  readonly period?: { readonly start?: string; readonly end?: string }
}

test('histories are contiguous, no period ends before it starts, and the resource is valid R4', () => {
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 12 }), (events) => {
      const body = foldEncounter(events.map(contributionOf), sameReference).resource
      assert.ok(body)
      assert.deepEqual(validateResource(body), [])
      assert.equal(typeof body.status, 'string')
      assert.ok(body.class)
      for (const name of ['statusHistory', 'classHistory'] as const) {
        const history = (body[name] ?? []) as readonly Periods[]
        for (const [i, each] of history.entries()) {
          assert.ok(each.period?.start && each.period.end && each.period.start < each.period.end)
          if (i > 0) assert.equal(each.period.start, history[i - 1]?.period?.end)
        }
      }
      const places = (body.location ?? []) as readonly (Periods & { location?: Json })[]
      for (const each of [...places, body as Periods]) {
        const { start, end } = each.period ?? {}
        if (start && end) assert.ok(Date.parse(start) <= Date.parse(end), `${start} ${end}`)
      }
      for (const each of places) assert.ok(each.location)
    }),
    { numRuns: 400 },
  )
})
