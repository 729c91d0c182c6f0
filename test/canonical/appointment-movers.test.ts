// Who else moves an appointment: the patient's coming and going, and clients (semantics, section 9;
// acceptance W02, W08, W09).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chen, fold, header, moved, old, patient, reason, s12, shown, siu } from './bookings.ts'
import { visit, write } from './events.ts'

test('arrival, end and their cancellation come from the linked visit (W08)', () => {
  const arrived = ['ADT^A04', '2026-03-06T13:50:00-06:00'] as const
  const ended = ['ADT^A03', '2026-03-06T14:40:00-06:00'] as const
  assert.equal(shown(s12, visit('v1', [['ADT^A10', '2026-03-06T13:40:00-06:00']])).status, 'arrived')
  assert.equal(shown(s12, visit('v1', [arrived])).status, 'checked-in')
  assert.equal(shown(s12, visit('v1', [arrived, ended])).status, 'fulfilled')
  assert.equal(shown(s12, visit('v1', [ended])).status, 'fulfilled')
  assert.equal(shown(s12, visit('v1', [])).status, 'booked')
  assert.equal(shown(s12, visit('v1', [arrived, ['ADT^A11', '2026-03-06T13:55:00-06:00']])).status, 'booked')
  assert.equal(
    shown(s12, visit('v1', [arrived, ended, ['ADT^A13', '2026-03-06T15:00:00-06:00']])).status,
    'checked-in',
  )
  assert.equal(fold(visit('v1', [arrived])).resource, undefined)
  assert.deepEqual(fold(s12, visit('v1', [arrived, ended])).busy, [])
  assert.equal(fold(s12, visit('v1', [arrived])).busy.length, 2)
})

test('a booking repeated after the arrival is no step back, a new statement of the filler is', () => {
  const here = visit('v1', [['ADT^A04', '2026-03-06T13:50:00-06:00']])
  const again = siu('S14', '2026-03-06T13:55:00-06:00', header(old, 30, { 'comment<NTE-3': 'late' }))
  assert.equal(shown(s12, here, again).status, 'checked-in')
  assert.equal(shown(s12, here, again).comment, 'late')
  const walkIn = siu('S12', '2026-03-06T13:56:00-06:00', header(old, 30))
  assert.equal(shown(here, walkIn).status, 'checked-in')
  const started = siu(
    'S14',
    '2026-03-06T14:01:00-06:00',
    header(old, 30, { '$fillerStatus<SCH-25': 'Started' }),
  )
  const back = siu('S14', '2026-03-06T14:05:00-06:00', header(old, 30))
  assert.equal(shown(s12, here, started, back).status, 'booked')
  assert.deepEqual(fold(s12, here, started, back).warnings, ['ILLEGAL-TRANSITION'])
})

test('a missed appointment is checked in by an arrival, and the transition says so (W09)', () => {
  const s26 = siu(
    'S26',
    '2026-03-06T14:20:00-06:00',
    header(old, 30, { '$eventReason<SCH-6': reason('NOSHOW') }),
  )
  assert.deepEqual(shown(s12, s26).cancelationReason, reason('NOSHOW'))
  assert.deepEqual(fold(s12, s26).busy, [])
  const late = fold(s12, s26, visit('v1', [['ADT^A04', '2026-03-06T14:31:00-06:00']]))
  assert.equal(late.status, 'checked-in')
  assert.equal(late.resource?.cancelationReason, undefined)
  const last = late.transitions.at(-1)
  assert.deepEqual([last?.from, last?.to, last?.by, last?.legal], ['noshow', 'checked-in', 'arrival', true])
  assert.deepEqual(late.warnings, [])
})

test('an arrival does not bring back what was called off', () => {
  const s15 = siu('S15', '2026-03-05T12:00:00-06:00', header(old, 30))
  const result = fold(s12, s15, visit('v1', [['ADT^A04', '2026-03-06T13:50:00-06:00']]))
  assert.equal(result.status, 'cancelled')
  assert.deepEqual(result.warnings, ['ILLEGAL-TRANSITION'])
})

test('a client competes by time, element by element, status and participants too', () => {
  const hold = write('2026-03-04T10:01:00-06:00', {
    status: 'pending',
    start: old,
    end: '2026-03-06T14:30:00-06:00',
    minutesDuration: 30,
    participant: [{ actor: chen, status: 'tentative' }],
  })
  assert.deepEqual(fold(hold).busy, [
    {
      actor: 'Practitioner/chen',
      start: old,
      end: '2026-03-06T14:30:00-06:00',
      display: 'chen',
      tentative: true,
      since: Date.parse('2026-03-04T10:01:00-06:00'),
      capacity: 1,
    },
  ])
  const book = write('2026-03-04T10:03:00-06:00', {
    status: 'booked',
    comment: 'bring records',
    participant: [
      { actor: chen, status: 'accepted' },
      { actor: patient, status: 'accepted' },
    ],
  })
  const body = shown(hold, book)
  assert.equal(body.status, 'booked')
  assert.equal(body.minutesDuration, 30)
  assert.deepEqual(body.participant, [
    { actor: patient, status: 'accepted' },
    { actor: chen, status: 'accepted' },
  ])
  const expired = write('2026-03-04T10:11:00-06:00', {
    status: 'cancelled',
    cancelationReason: { text: 'hold-expired' },
  })
  assert.deepEqual(shown(hold, expired).cancelationReason, { text: 'hold-expired' })
  const move = write('2026-03-04T11:00:00-06:00', { start: moved, end: '2026-03-10T15:00:00-05:00' })
  assert.deepEqual(
    [shown(hold, book, move).start, shown(hold, book, move).end],
    [moved, '2026-03-10T15:00:00-05:00'],
  )
})

test('a waitlist entry has no time and takes nobody time until it is booked', () => {
  const wait = write('2026-03-03T09:10:00-06:00', {
    status: 'waitlist',
    requestedPeriod: [{ start: '2026-03-09T00:00:00-05:00' }],
    participant: [{ actor: chen, status: 'needs-action' }],
  })
  assert.equal(shown(wait).status, 'waitlist')
  assert.deepEqual(fold(wait).busy, [])
  const booked = write('2026-03-10T09:07:00-05:00', {
    status: 'booked',
    start: old,
    end: '2026-03-06T14:30:00-06:00',
  })
  assert.equal(shown(wait, booked).status, 'booked')
  assert.equal(fold(wait, booked).busy.length, 1)
})
