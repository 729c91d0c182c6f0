// Participants and services of an appointment (semantics, sections 7 and 9; acceptance W06).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldAppointment } from '../../src/canonical/appointment/appointment.ts'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { actor, chen, fold, header, moved, old, patient, reason, s12, shown, siu } from './bookings.ts'
import { part } from './events.ts'

test('resources follow an appointment that is moved without them', () => {
  const { busy } = fold(s12, siu('S13', '2026-03-05T09:30:00-06:00', header(moved, 30)))
  assert.deepEqual(
    busy.map((each) => each.start),
    [moved, moved],
  )
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

test('an action code X is context, and what ends an appointment removes no resource', () => {
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

test('group visits have a participant per patient, and merged patients are one', () => {
  const group = siu('S12', '2026-03-04T11:00:00-06:00', {
    ...header(old, 30),
    'subject<PID-3:2': { reference: 'Patient/p2' },
  })
  assert.equal((shown(group).participant as unknown[]).length, 2)
  const { resource } = foldAppointment([group], { survivor: (each) => each.replace('p2', 'p1') })
  assert.deepEqual(resource?.participant, [{ actor: patient, status: 'accepted' }])
})
