// Visits: status, class and period (semantics, sections 8 and 10; acceptance W01, W04, W08).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import { foldEncounter } from '../../src/canonical/visit/encounter.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { event, sameReference } from './events.ts'
import { a01, a02, a03, a04, amb, base, day, doctor, fold, imp, place, shown, visitNumber } from './visits.ts'

test('a registration is an arrival, with the admit time as its start and the place as active', () => {
  const body = shown([a04])
  assert.equal(body.status, 'arrived')
  assert.deepEqual(body.class, amb)
  assert.deepEqual(body.period, { start: day('10:20') })
  assert.deepEqual(body.location, [
    { location: place('CLN1'), status: 'active', period: { start: day('10:20') } },
  ])
  assert.deepEqual(body.participant, [doctor('ATND', 'chen')])
  assert.deepEqual(body.identifier, visitNumber)
  assert.deepEqual(body.subject, { reference: 'Patient/p1' })
  assert.equal(body.statusHistory, undefined)
})

test('a discharge finishes the visit with PV1-45 as its end', () => {
  const body = shown([
    a04,
    event('ADT^A03', day('11:20'), {
      ...base,
      '$location<PV1-3': place('CLN1'),
      '$dischargeTime<PV1-45': day('11:18'),
    }),
  ])
  assert.equal(body.status, 'finished')
  assert.deepEqual(body.period, { start: day('10:20'), end: day('11:18') })
  assert.deepEqual(body.statusHistory, [
    { status: 'arrived', period: { start: day('10:20'), end: day('11:20') } },
  ])
  assert.deepEqual(body.location, [
    { location: place('CLN1'), status: 'completed', period: { start: day('10:20'), end: day('11:18') } },
  ])
})

test('a cancelled discharge reopens the visit and takes end and disposition along', () => {
  const body = shown([
    a01,
    a02,
    a03,
    event('ADT^A13', day('13:00'), { ...base, '$location<PV1-3': place('C') }),
  ])
  assert.equal(body.status, 'in-progress')
  assert.deepEqual(body.period, { start: day('10:00') })
  assert.equal(body.hospitalization, undefined)
  assert.equal(body.statusHistory, undefined)
  assert.deepEqual(
    (body.location as { location: Json }[]).map((each) => each.location),
    [place('A'), place('B'), place('C')],
  )
})

test('a cancelled admission falls back to what was before, and to cancelled when there was nothing', () => {
  const a05 = event('ADT^A05', day('09:00', '2026-03-01'), { ...base, 'class<PV1-2': imp })
  const a11 = event('ADT^A11', day('10:30'), base)
  assert.equal(shown([a05, a01, a11]).status, 'planned')
  const cancelled = shown([a01, a11])
  assert.equal(cancelled.status, 'cancelled')
  assert.equal(cancelled.period, undefined)
  assert.equal(cancelled.location, undefined)
  assert.equal(shown([a04, event('ADT^A01', day('10:25'), base), a11]).status, 'arrived')
})

test('a cancellation that came first cancels the admission that comes late', () => {
  const a11 = event('ADT^A11', day('10:30'), base)
  assert.deepEqual(fold([a11]).nothingToCancel, [a11.i])
  assert.equal(shown([a11]).status, 'cancelled')
  assert.equal(shown([a11, a01]).status, 'cancelled')
  assert.deepEqual(fold([a11, a01]).nothingToCancel, [])
  const again = event('ADT^A04', day('11:30'), base)
  assert.equal(shown([a11, a01, again]).status, 'arrived')
})

test('the same cancellation under a new control id does not take the next event with it', () => {
  const admitted = event('ADT^A01', day('10:25'), base)
  const a11 = event('ADT^A11', day('10:30'), base)
  const resent = { ...a11, key: 'x', i: 'x' }
  assert.equal(shown([a04, admitted, a11, resent]).status, 'arrived')
})

test('a discharge told twice is one discharge: one cancellation undoes it', () => {
  const again = event('ADT^A03', day('12:05'), base)
  assert.equal(shown([a01, a03, again, event('ADT^A13', day('13:00'), base)]).status, 'in-progress')
})

test('an update never changes the status, and creates an unknown visit when it comes first', () => {
  const update = event('ADT^A08', day('09:00'), {
    ...base,
    'class<PV1-2': amb,
    '$dischargeTime<PV1-45': day('08:00'),
  })
  const first = shown([update])
  assert.equal(first.status, 'unknown')
  assert.equal((first.period as Record<string, unknown> | undefined)?.end, undefined)
  const later = event('ADT^A08', day('14:00'), { ...base, '$dischargeTime<PV1-45': day('13:00') })
  assert.equal(shown([a04, later]).status, 'arrived')
  assert.deepEqual(shown([a04, later]).period, { start: day('10:20') })
})

test('an update discharges only where the site says that this source does so', () => {
  const update = event('ADT^A08', day('14:00'), { ...base, '$dischargeTime<PV1-45': day('13:00') })
  const source = (id: string) => ({ a08CanDischarge: id === 'ADT1|GHH', strictPam: false })
  const { resource, events } = foldEncounter([a04, update], { ...sameReference, source })
  assert.equal(resource?.status, 'finished')
  assert.deepEqual(resource?.period, { start: day('10:20'), end: day('13:00') })
  assert.deepEqual(
    events.map((each) => each.event),
    ['ADT^A04', 'ADT^A03'],
  )
})

test('a visit without any class has the null flavor, since class is required', () => {
  const { class: unknown } = shown([event('ADT^A03', day('12:00'), base)])
  assert.deepEqual(unknown, {
    system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor',
    code: 'UNK',
    display: 'unknown',
  })
  const { class: kept } = shown([event('ADT^A04', day('12:00'), { ...base, '$patientClass<PV1-2': 'U' })])
  assert.deepEqual(kept, { system: 'http://terminology.hl7.org/CodeSystem/v2-0004', code: 'U' })
})

test('a change of class goes to the class history, by A06 also without PV1-2', () => {
  const body = shown([a04, event('ADT^A06', day('15:00'), base)])
  assert.equal(body.status, 'in-progress')
  assert.deepEqual(body.class, imp)
  assert.deepEqual(body.classHistory, [{ class: amb, period: { start: day('10:20'), end: day('15:00') } }])
})

test('an appointment hears of arrival and end, and of nothing that was cancelled', () => {
  const codes = (contributions: readonly Contribution[]) =>
    fold(contributions).events.map((each) => each.event)
  assert.deepEqual(codes([a01, a02, a03]), ['ADT^A01', 'ADT^A03'])
  assert.deepEqual(codes([a01, a03, event('ADT^A13', day('13:00'), base)]), ['ADT^A01'])
  assert.deepEqual(codes([a04, event('ADT^A11', day('13:00'), base)]), [])
  assert.deepEqual(codes([a04, event('ADT^A09', day('11:00'), base)]), ['ADT^A04', 'ADT^A09'])
  assert.deepEqual(codes([a01, event('ADT^A09', day('11:00'), base)]), ['ADT^A01'])
  assert.deepEqual(codes([a04, event('ADT^A23', day('11:00'), base)]), [])
})
