// Appointments: bookings, times and cancellations (semantics, sections 8 and 9; acceptance W03, W06).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldAppointment, staleFields } from '../../src/canonical/appointment/appointment.ts'
import {
  actor,
  chen,
  fold,
  followUp,
  header,
  moved,
  old,
  patient,
  reason,
  resources,
  s12,
  s13,
  s14,
  shown,
  siu,
  visit30,
} from './bookings.ts'
import { part, sameReference } from './events.ts'

test('a booking is booked, with its end computed and three participants (W03.2)', () => {
  const body = shown(s12)
  assert.equal(body.status, 'booked')
  assert.equal(body.start, old)
  assert.equal(body.end, '2026-03-06T14:30:00-06:00')
  assert.equal(body.minutesDuration, 30)
  assert.deepEqual(body.appointmentType, followUp)
  assert.deepEqual(body.serviceType, [visit30])
  assert.equal(body.cancelationReason, undefined)
  const period = { start: old, end: '2026-03-06T14:30:00-06:00' }
  assert.deepEqual(body.participant, [
    { actor: patient, status: 'accepted' },
    { type: [reason('ATND')], actor: chen, status: 'accepted', period },
    { actor: actor('Location', 'ex2'), status: 'accepted', period },
  ])
  const since = Date.parse('2026-03-04T11:00:00-06:00')
  assert.deepEqual(fold(s12).busy, [
    { actor: 'Practitioner/chen', ...period, display: 'chen', tentative: false, since, capacity: 1 },
    { actor: 'Location/ex2', ...period, display: 'ex2', tentative: false, since, capacity: 1 },
  ])
})

test('rescheduling moves the appointment and its resources (W03.3)', () => {
  const body = shown(s12, s13)
  assert.equal(body.status, 'booked')
  assert.equal(body.start, moved)
  assert.equal(body.end, '2026-03-10T14:30:00-05:00')
  assert.equal((body.participant as unknown[]).length, 3)
  assert.deepEqual(
    fold(s12, s13).busy.map((each) => [each.actor, each.start]),
    [
      ['Practitioner/chen', moved],
      ['Location/ex2', moved],
    ],
  )
  assert.deepEqual(fold(s12, s13).warnings, [])
})

test('an older change with older times does not win, but what it alone says applies (W03.5)', () => {
  const body = shown(s12, s13, s14)
  assert.equal(body.start, moved)
  assert.equal(body.comment, 'Needs interpreter')
  assert.deepEqual(staleFields([s12, s13], s14), ['$start<TQ1-7'])
  assert.deepEqual(staleFields([s12, s14], s13), [])
})

test('times: TQ1 before SCH-11 before the times of resources, and the latest event before all', () => {
  const at = '2026-03-04T11:00:00-06:00'
  const both = siu('S12', at, { ...header(old, 30), '$start<SCH-11': moved, '$duration<SCH-9': 45 })
  assert.deepEqual([shown(both).start, shown(both).minutesDuration], [old, 30])
  const { '$start<TQ1-7': _, '$duration<TQ1-6': __, ...none } = header(old, 30)
  const sch11 = siu('S12', at, { ...none, '$start<SCH-11': old, '$end<SCH-11': '2026-03-06T14:20:00-06:00' })
  assert.deepEqual([shown(sch11).end, shown(sch11).minutesDuration], ['2026-03-06T14:20:00-06:00', 20])
  const byParts = siu('S12', at, none, { parts: resources('A', old) })
  assert.deepEqual([shown(byParts).start, shown(byParts).end], [old, '2026-03-06T14:30:00-06:00'])
  const later = siu('S13', '2026-03-05T11:00:00-06:00', { ...none, '$start<SCH-11': moved })
  assert.deepEqual([shown(both, later).start, shown(both, later).end], [moved, '2026-03-10T14:30:00-05:00'])
})

test('a booking without a time is proposed, and booked once a time is known', () => {
  const bare = siu('S12', '2026-03-04T11:00:00-06:00', {
    'subject<PID-3': patient,
    '$fillerStatus<SCH-25': 'Booked',
  })
  const body = shown(bare)
  assert.equal(body.status, 'proposed')
  assert.equal(body.start, undefined)
  assert.equal(body.end, undefined)
  assert.equal(shown(bare, s13).status, 'booked')
})

test('a start without any length ends when it starts and takes nobody time', () => {
  const { '$duration<TQ1-6': _, ...cells } = header(old, 30)
  const point = siu('S12', '2026-03-04T11:00:00-06:00', cells, {
    parts: [part('AIP', { 'actor<AIP-3': chen }, 'A')],
  })
  assert.deepEqual(
    [shown(point).start, shown(point).end, shown(point).minutesDuration],
    [old, old, undefined],
  )
  assert.deepEqual(fold(point).busy, [])
})

test('a cancellation gives the reason of its own message and frees the actors (W06.7)', () => {
  const s15 = siu(
    'S15',
    '2026-03-05T12:00:00-06:00',
    header(old, 30, { '$eventReason<SCH-6': reason('PATCAN'), '$fillerStatus<SCH-25': 'Booked' }),
  )
  const { resource, busy, warnings } = fold(s12, s15)
  assert.equal(resource?.status, 'cancelled')
  assert.deepEqual(resource?.cancelationReason, reason('PATCAN'))
  assert.ok(Array.isArray(resource?.participant))
  assert.equal(resource.participant.length, 3)
  assert.deepEqual(busy, [])
  assert.deepEqual(warnings, [])
  const again = siu('S12', '2026-03-05T13:00:00-06:00', header(old, 30))
  assert.equal(shown(s12, s15, again).status, 'booked')
  assert.equal(shown(s12, s15, again).cancelationReason, undefined)
})

test('a cancellation or deletion of something unknown stops an older booking that comes late', () => {
  for (const [code, status] of [
    ['S15', 'cancelled'],
    ['S17', 'entered-in-error'],
    ['S26', 'noshow'],
  ] as const) {
    const end = siu(code, '2026-03-05T12:00:00-06:00', header(old, 30))
    assert.equal(shown(end).status, status)
    assert.equal(shown(end, s12).status, status)
  }
  const bare = siu('S17', '2026-03-05T12:00:00-06:00', {})
  assert.equal(fold(bare).resource, undefined)
  assert.equal(shown(bare, s12).status, 'entered-in-error')
})

test('what was deleted or missed without a time is shown as cancelled (app-3)', () => {
  const body = shown(siu('S17', '2026-03-05T12:00:00-06:00', { 'subject<PID-3': patient }))
  assert.equal(body.status, 'cancelled')
  assert.deepEqual(body.extension, [
    { url: 'http://portico.example.org/StructureDefinition/filler-status', valueCode: 'Deleted' },
  ])
})

test('an overbooked appointment is booked and says so, whoever found it out', () => {
  const url = 'http://portico.example.org/StructureDefinition/overbooked'
  const over = shown(
    siu(
      'S12',
      '2026-03-04T11:00:00-06:00',
      header(old, 30, { '$fillerStatus<SCH-25': { code: 'Overbook', status: 'booked' } }),
    ),
  )
  assert.equal(over.status, 'booked')
  assert.deepEqual(over.extension, [
    { url: 'http://portico.example.org/StructureDefinition/filler-status', valueCode: 'Overbook' },
    { url, valueBoolean: true },
  ])
  const found = foldAppointment([s12], { ...sameReference, isOverbooked: (busy) => busy.length === 2 })
  assert.match(JSON.stringify(found.resource?.extension), /overbooked","valueBoolean":true/)
})

test('wrong times, lengths and priorities are left out, not passed on', () => {
  const cells = header('2026-03-06', 1e12, { 'priority<TQ1-9': 'R' })
  const body = shown(siu('S12', '2026-03-04T11:00:00-06:00', cells))
  assert.deepEqual(
    [body.status, body.start, body.minutesDuration, body.priority],
    ['proposed', undefined, undefined, undefined],
  )
})

test('computed times are written in the zone of the place', () => {
  const { resource } = foldAppointment(
    [siu('S12', '2026-03-04T11:00:00-06:00', header('2026-03-08T01:30:00-06:00', 60))],
    {
      ...sameReference,
      zone: 'America/Chicago',
    },
  )
  assert.equal(resource?.end, '2026-03-08T03:30:00-05:00')
})

test('every winner names the message that made it', () => {
  const { winners, resource } = fold(s12, s13, s14)
  assert.equal(winners.start?.i, s13.i)
  assert.equal(winners.start?.key, '$start<TQ1-7')
  assert.equal(winners.comment?.i, s14.i)
  assert.equal(winners.status?.key, '$fillerStatus<SCH-25')
  assert.equal(winners['participant[1]']?.key, 'actor<AIP-3')
  const named = new Set(Object.keys(winners).map((each) => each.replace(/[.([].*$/, '')))
  for (const element of Object.keys(resource ?? {})) {
    if (!['resourceType', 'minutesDuration'].includes(element)) assert.ok(named.has(element), element)
  }
})

test('what TQ1-11 and notes say to the patient is one text; a later message says its own part anew', () => {
  const first = siu(
    'S12',
    old,
    header(old, 30, { 'patientInstruction<TQ1-11': 'fast', 'patientInstruction<NTE-3': 'papers' }),
  )
  assert.equal(shown(first).patientInstruction, 'papers\nfast')
  const second = siu('S14', moved, header(undefined, 30, { 'patientInstruction<TQ1-11': 'drink' }))
  const both = fold(first, second)
  assert.equal(both.resource?.patientInstruction, 'papers\ndrink')
  assert.equal(both.winners.patientInstruction?.i, first.i)
  const third = siu(
    'S14',
    '2026-03-12T08:00:00-05:00',
    header(undefined, 30, { 'patientInstruction<NTE-3': null }),
  )
  assert.equal(shown(first, second, third).patientInstruction, 'drink')
})
