// Appointments: what bookings, changes, arrivals and clients add up to (semantics, sections 7 to 10; acceptance W02, W03,
// W06, W08, W09).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldAppointment, staleFields } from '../../src/canonical/appointment.ts'
import type { Contribution } from '../../src/canonical/contribution.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { event, part, sameReference, visit, write } from './events.ts'

const fold = (...contributions: Contribution[]) => foldAppointment(contributions, sameReference)
const shown = (...contributions: Contribution[]): Record<string, unknown> => {
  const { resource } = fold(...contributions)
  assert.ok(resource, 'nothing to show')
  return resource
}
const siu = (
  code: string,
  at: string,
  cells: Record<string, Json>,
  parts: Parameters<typeof event>[3] = {},
): Contribution => event(`SIU^${code}`, at, cells, { source: 'SCHED1|GHH', ...parts })

const actor = (type: string, id: string): Json => ({ reference: `${type}/${id}`, display: id })
const chen = actor('Practitioner', 'chen')
const patient: Json = { reference: 'Patient/p1' }
const followUp: Json = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0276', code: 'FOLLOWUP' }],
}
const visit30: Json = { coding: [{ code: 'OV30' }] }
const reason = (code: string): Json => ({ coding: [{ code }] })

const header = (
  start: string | undefined,
  minutes: number,
  more: Record<string, Json> = {},
): Record<string, Json> => ({
  'identifier<SCH-2': [{ system: 'urn:oid:2.16.840.1.113883.19.5.4', value: 'FA3001' }],
  'subject<PID-3': patient,
  '$duration<TQ1-6': minutes,
  ...(start === undefined ? {} : { '$start<TQ1-7': start }),
  '$fillerStatus<SCH-25': { original: 'Booked', status: 'booked' },
  ...more,
})
const resources = (action: string | undefined, start: string) => [
  part(
    'AIS',
    {
      'serviceType<AIS-3': visit30,
      '$start<AIS-4': start,
      '$duration<AIS-7': 30,
      '$fillerStatus<AIS-10': 'Cancelled',
    },
    action,
  ),
  part(
    'AIL',
    { 'actor<AIL-3': actor('Location', 'ex2'), '$start<AIL-6': start, '$duration<AIL-9': 30 },
    action,
  ),
  part(
    'AIP',
    { 'actor<AIP-3': chen, 'type<AIP-4': reason('ATND'), '$start<AIP-6': start, '$duration<AIP-9': 30 },
    action,
  ),
]

const old = '2026-03-06T14:00:00-06:00'
const moved = '2026-03-10T14:00:00-05:00'
const s12 = siu(
  'S12',
  '2026-03-04T11:00:00-06:00',
  header(old, 30, { 'appointmentType<SCH-7': followUp, '$eventReason<SCH-6': reason('NEW') }),
  {
    parts: resources('A', old),
  },
)
const s13 = siu(
  'S13',
  '2026-03-05T09:30:00-06:00',
  header(moved, 30, { '$eventReason<SCH-6': reason('PATREQ') }),
  {
    parts: resources('U', moved),
  },
)
const s14 = siu(
  'S14',
  '2026-03-04T17:30:00-06:00',
  header(old, 30, { 'comment<NTE-3': 'Needs interpreter', '$eventReason<SCH-6': reason('MOD') }),
  {
    parts: resources('U', old).slice(0, 1),
  },
)

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
  assert.deepEqual(fold(s12).busy, [
    { actor: 'Practitioner/chen', ...period, display: 'chen', tentative: false },
    { actor: 'Location/ex2', ...period, display: 'ex2', tentative: false },
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

test('resources follow an appointment that is moved without them', () => {
  const { busy } = fold(s12, siu('S13', '2026-03-05T09:30:00-06:00', header(moved, 30)))
  assert.deepEqual(
    busy.map((each) => each.start),
    [moved, moved],
  )
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
  assert.equal((resource?.participant as unknown[]).length, 3)
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

test('what was deleted or missed without a time is shown as cancelled, since FHIR wants a time otherwise', () => {
  const body = shown(siu('S17', '2026-03-05T12:00:00-06:00', { 'subject<PID-3': patient }))
  assert.equal(body.status, 'cancelled')
  assert.deepEqual(body.extension, [
    { url: 'http://portico.example.org/StructureDefinition/filler-status', valueCode: 'Deleted' },
  ])
})

test('resources change by action code, offsets keep their sign, and who is not named stays (W06)', () => {
  const at = '2026-03-16T07:30:00-05:00'
  const person = (id: string, start: string): Record<string, Json> => ({
    'actor<AIP-3': actor('Practitioner', id),
    '$start<AIP-6': start,
    '$duration<AIP-9': 120,
  })
  const room = (id: string): Record<string, Json> => ({
    'actor<AIL-3': actor('Location', id),
    '$startOffset<AIL-7': -30,
    '$duration<AIL-9': 180,
  })
  const arm = (start: string) =>
    part(
      'AIG',
      { 'actor<AIG-3': actor('Device', 'carm'), '$start<AIG-8': start, '$duration<AIG-11': 120 },
      'A',
    )
  const booked = siu('S12', '2026-03-04T09:00:00-06:00', header(at, 120), {
    parts: [
      arm(at),
      part('AIL', room('or3'), 'A'),
      part('AIP', person('nakamura', at), 'A'),
      part('AIP', person('rossi', at), 'A', 2),
    ],
  })
  const body = shown(booked)
  assert.equal((body.participant as unknown[]).length, 5)
  const or3 = (body.participant as { actor: { display?: string }; period?: unknown }[]).find(
    (each) => each.actor.display === 'or3',
  )
  assert.deepEqual(or3?.period, { start: '2026-03-16T07:00:00-05:00', end: '2026-03-16T10:00:00-05:00' })
  assert.equal(body.end, '2026-03-16T09:30:00-05:00')

  const to = '2026-03-18T10:00:00-05:00'
  const shifted = siu('S13', '2026-03-06T10:00:00-06:00', header(to, 120), {
    parts: [
      part(
        'AIG',
        { 'actor<AIG-3': actor('Device', 'carm'), '$start<AIG-8': to, '$duration<AIG-11': 120 },
        'U',
      ),
      part('AIL', { 'actor<AIL-3': actor('Location', 'or3') }, 'D'),
      part('AIL', room('or5'), 'A', 2),
      part('AIP', person('nakamura', to), 'U'),
      part('AIP', person('rossi', to), 'U', 2),
    ],
  })
  const actors = (...contributions: Contribution[]) =>
    fold(...contributions).busy.map((each) => [each.actor, each.start])
  assert.deepEqual(actors(booked, shifted), [
    ['Practitioner/nakamura', to],
    ['Practitioner/rossi', to],
    ['Location/or5', '2026-03-18T09:30:00-05:00'],
    ['Device/carm', to],
  ])
  const s20 = siu('S20', '2026-03-09T10:00:00-05:00', header(to, 120), {
    parts: [part('AIP', { 'actor<AIP-3': actor('Practitioner', 'rossi') }, 'D', 2)],
  })
  const s18 = siu('S18', '2026-03-09T10:00:04-05:00', header(to, 120), {
    parts: [part('AIP', person('berg', to), 'A', 2)],
  })
  assert.equal(actors(booked, shifted, s20).length, 3)
  assert.deepEqual(
    actors(booked, shifted, s20, s18).map(([who]) => who),
    ['Practitioner/nakamura', 'Practitioner/berg', 'Location/or5', 'Device/carm'],
  )
})

test('without any action code the message shows the whole set of resources', () => {
  const snapshot = siu('S14', '2026-03-05T10:00:00-06:00', header(old, 30), {
    parts: [part('AIP', { 'actor<AIP-3': actor('Practitioner', 'patel') })],
  })
  const body = shown(s12, snapshot)
  assert.deepEqual(
    (body.participant as { actor: Json }[]).map((each) => each.actor),
    [patient, actor('Practitioner', 'patel')],
  )
  assert.equal(body.serviceType, undefined)
  const nothing = siu('S14', '2026-03-05T10:00:00-06:00', header(old, 30))
  assert.equal((shown(s12, nothing).participant as unknown[]).length, 3)
})

test('an action code X is context: nothing changes, and neither do resources in what ends an appointment', () => {
  const other = (action: string) => [part('AIP', { 'actor<AIP-3': actor('Practitioner', 'patel') }, action)]
  const context = siu('S14', '2026-03-05T10:00:00-06:00', header(old, 30), { parts: other('X') })
  assert.equal((shown(s12, context).participant as unknown[]).length, 3)
  const gone = [part('AIP', { 'actor<AIP-3': chen }, 'D')]
  const s15 = siu('S15', '2026-03-05T10:00:00-06:00', header(old, 30), { parts: gone })
  assert.equal((shown(s12, s15).participant as unknown[]).length, 3)
})

test('an update of a resource keeps what it does not speak of', () => {
  const s19 = siu('S19', '2026-03-05T10:00:00-06:00', header(old, 30), {
    parts: [part('AIP', { 'actor<AIP-3': chen, '$fillerStatus<AIP-12': 'Pending' }, 'U')],
  })
  const [, doctor] = shown(s12, s19).participant as Record<string, unknown>[]
  assert.equal(doctor?.status, 'tentative')
  assert.deepEqual(doctor?.type, [reason('ATND')])
  assert.deepEqual(doctor?.period, { start: old, end: '2026-03-06T14:30:00-06:00' })
})

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
  const found = shown(s12, { source: 'gateway', key: 'overbooked', i: 'x', cells: {}, data: true })
  assert.deepEqual(found.extension, [{ url, valueBoolean: true }])
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

test('group visits have a participant per patient, and merged patients are one', () => {
  const group = siu('S12', '2026-03-04T11:00:00-06:00', {
    ...header(old, 30),
    'subject<PID-3:2': { reference: 'Patient/p2' },
  })
  assert.equal((shown(group).participant as unknown[]).length, 2)
  const { resource } = foldAppointment([group], { survivor: (each) => each.replace('p2', 'p1') })
  assert.deepEqual(resource?.participant, [{ actor: patient, status: 'accepted' }])
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
  const named = new Set(Object.keys(winners).map((each) => each.replace(/[.[].*$/, '')))
  for (const element of Object.keys(resource ?? {})) {
    if (!['resourceType', 'minutesDuration'].includes(element)) assert.ok(named.has(element), element)
  }
})
