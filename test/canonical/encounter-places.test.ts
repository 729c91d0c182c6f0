// Where a visit takes place, and since when (semantics, section 10).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../src/mappings/mapped.ts'
import { event } from './events.ts'
import { a01, a02, a03, base, day, fold, imp, place, shown, v3 } from './visits.ts'

test('admission, transfer and discharge leave a contiguous history of places and statuses', () => {
  const body = shown([a01, a02, a03])
  assert.deepEqual(body.location, [
    { location: place('A'), status: 'completed', period: { start: day('10:00'), end: day('11:00') } },
    { location: place('B'), status: 'completed', period: { start: day('11:00'), end: day('11:58') } },
  ])
  assert.deepEqual(body.statusHistory, [
    { status: 'in-progress', period: { start: day('10:00'), end: day('12:00') } },
  ])
  assert.deepEqual(body.hospitalization, { dischargeDisposition: { coding: [{ code: '01' }] } })
})

test('a cancelled transfer puts the patient back as if it had not been', () => {
  const update = event('ADT^A08', day('11:10'), { ...base, '$location<PV1-3': place('B') })
  const body = shown([
    a01,
    a02,
    update,
    event('ADT^A12', day('11:30'), { ...base, '$location<PV1-3': place('A') }),
  ])
  assert.deepEqual(body.location, [
    { location: place('A'), status: 'active', period: { start: day('10:00') } },
  ])
})

test('a discharge of an unknown visit finishes it, and a late admission fills its start', () => {
  const alone = shown([a03])
  assert.equal(alone.status, 'finished')
  assert.deepEqual(alone.period, { end: day('11:58') })
  assert.deepEqual(alone.location, [
    { location: place('B'), status: 'completed', period: { end: day('11:58') } },
  ])
  assert.deepEqual(shown([a03, a01]).period, { start: day('10:00'), end: day('11:58') })
  assert.deepEqual(fold([a03, a02, a01]).resource, fold([a01, a02, a03]).resource)
})

test('the place before a transfer is told by PV1-6 only as long as nothing else tells it', () => {
  assert.deepEqual(shown([a02]).location, [
    { location: place('A'), status: 'completed', period: { end: day('11:00') } },
    { location: place('B'), status: 'active', period: { start: day('11:00') } },
  ])
  assert.equal((shown([a01, a02]).location as unknown[]).length, 2)
})

test('temporary and pending places come and go with the events that say so', () => {
  const away = event('ADT^A09', day('10:30'), { ...base, '$temporaryLocation<PV1-11': place('XRAY') })
  const back = event('ADT^A10', day('10:50'), { ...base, '$location<PV1-3': place('A') })
  const pending = event('ADT^A15', day('10:55'), { ...base, '$pendingLocation<PV1-42': place('B') })
  const status = (list: unknown) =>
    (list as { status: string; location: Json }[]).map((each) => [each.location, each.status])
  assert.deepEqual(status(shown([a01, away]).location), [
    [place('A'), 'completed'],
    [place('XRAY'), 'active'],
  ])
  assert.deepEqual(status(shown([a01, away, back]).location), [
    [place('A'), 'completed'],
    [place('XRAY'), 'completed'],
    [place('A'), 'active'],
  ])
  assert.deepEqual(status(shown([a01, pending]).location), [
    [place('A'), 'active'],
    [place('B'), 'planned'],
  ])
  assert.deepEqual(status(shown([a01, pending, a02]).location), [
    [place('A'), 'completed'],
    [place('B'), 'active'],
  ])
  assert.deepEqual(status(shown([a01, pending, event('ADT^A26', day('10:58'), base)]).location), [
    [place('A'), 'active'],
  ])
})

test('a planned place becomes where the patient is when nothing else is said', () => {
  const a05 = event('ADT^A05', day('09:00', '2026-03-01'), {
    ...base,
    '$location<PV1-3': place('A'),
    '$admitTime<PV1-44': day('08:00'),
  })
  assert.deepEqual(shown([a05]).location, [{ location: place('A'), status: 'planned' }])
  assert.deepEqual(shown([a05]).period, { start: day('08:00') })
  const bare = event('ADT^A01', day('10:00'), base)
  assert.deepEqual(shown([a05, bare]).location, [
    { location: place('A'), status: 'active', period: { start: day('10:00') } },
  ])
  assert.deepEqual(shown([a05, bare]).period, { start: day('10:00') })
})

test('a beginning that was cancelled leaves neither its class nor its place behind, in any order of arrival', () => {
  const emer = { system: v3, code: 'EMER', display: 'emergency' }
  const arrived = event('ADT^A04', day('09:00'), {
    ...base,
    'class<PV1-2': emer,
    '$location<PV1-3': place('ED'),
  })
  const updated = event('ADT^A08', day('10:20'), {
    ...base,
    'class<PV1-2': imp,
    '$location<PV1-3': place('A'),
  })
  for (const said of [imp, emer]) {
    const cancelled = event('ADT^A11', day('10:30'), { ...base, 'class<PV1-2': said })
    const told = [arrived, a01, updated, cancelled]
    for (const order of [told, told.toReversed(), [a01, cancelled, updated, arrived]]) {
      const { status, class: now, classHistory, location } = shown(order)
      assert.equal(status, 'arrived')
      assert.deepEqual([now, classHistory], [emer, undefined], `A11 says ${said.code}`)
      assert.deepEqual(location, [
        { location: place('ED'), status: 'active', period: { start: day('09:00') } },
      ])
    }
  }
  const alone = shown([a01, event('ADT^A11', day('10:30'), { ...base, 'class<PV1-2': imp })])
  assert.deepEqual([alone.status, alone.class, alone.location], ['cancelled', imp, undefined])
})

test('nobody has been at the place of a visit that was planned and called off', () => {
  const plans = [
    ['ADT^A05', 'ADT^A38'],
    ['ADT^A14', 'ADT^A27'],
  ] as const
  for (const [plan, off] of plans) {
    const planned = event(plan, day('08:00'), { ...base, 'class<PV1-2': imp, '$location<PV1-3': place('A') })
    const calledOff = event(off, day('11:00'), { ...base, 'class<PV1-2': imp, '$location<PV1-3': place('A') })
    assert.equal(shown([planned, calledOff]).location, undefined, plan)
    assert.equal(shown([calledOff, planned]).status, 'cancelled')
    // The patient has come to the same place meanwhile: that stands.
    assert.deepEqual(shown([planned, a01, calledOff]).location, [
      { location: place('A'), status: 'active', period: { start: day('10:00') } },
    ])
  }
})
