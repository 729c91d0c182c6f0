// What the elements of a visit come from: the latest word, clients, lateness and lineage (semantics, sections
// 0, 5, 8).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldEncounter, staleFields } from '../../src/canonical/visit/encounter.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { event, write } from './events.ts'
import { a01, a02, a03, a04, base, day, doctor, fold, imp, place, shown } from './visits.ts'

test('plain elements go by the latest word, deletions included, and older words fill gaps', () => {
  const say = (at: string, cells: Record<string, Json>) => event('ADT^A08', day(at), cells)
  const source = (code: string) => ({ coding: [{ code }] })
  const cells = [
    say('10:30', { 'hospitalization.admitSource<PV1-14': source('7'), 'serviceType<PV1-10': source('CAR') }),
    say('10:40', { 'hospitalization.admitSource<PV1-14': null }),
    say('10:35', { 'hospitalization.admitSource<PV1-14': source('1') }),
  ]
  const body = shown([a04, ...cells])
  assert.equal(body.hospitalization, undefined)
  assert.deepEqual(body.serviceType, source('CAR'))
})

test('fields that feed one list are joined in field order, each with its own latest word', () => {
  const update = event('ADT^A08', day('11:00'), {
    'participant<PV1-17': [doctor('ADM', 'gray')],
    'participant<PV1-7': [doctor('ATND', 'patel')],
    "extension('http://x.y/a')<PV2-2": { url: 'http://x.y/a', valueCode: 'B' },
  })
  const body = shown([update, a04])
  assert.deepEqual(body.participant, [doctor('ATND', 'patel'), doctor('ADM', 'gray')])
  assert.deepEqual(body.extension, [{ url: 'http://x.y/a', valueCode: 'B' }])
})

test('a change of the attending doctor that names none makes no participant', () => {
  assert.equal('participant' in shown([event('ADT^A54', day('11:00'), base)]), false)
})

test('a change of the attending doctor leaves the one before, with the time', () => {
  const a54 = event('ADT^A54', day('11:00'), { ...base, 'participant<PV1-7': [doctor('ATND', 'patel')] })
  const list = shown([a04, a54]).participant as Record<string, unknown>[]
  assert.deepEqual(
    list.map((each) => [each.individual, each.period]),
    [
      [{ reference: 'Practitioner/patel' }, { start: day('11:00') }],
      [{ reference: 'Practitioner/chen' }, { end: day('11:00') }],
    ],
  )
  const undone = shown([a04, a54, event('ADT^A55', day('11:30'), base)])
  assert.deepEqual(undone.participant, [doctor('ATND', 'chen')])
})

test('a client competes by time: newer than the feed it wins, older it loses', () => {
  const written = write(day('11:00'), {
    status: 'in-progress',
    participant: [doctor('ATND', 'chen'), doctor('CON', 'roe')],
    hospitalization: { admitSource: { text: 'walk-in' } },
  })
  const body = shown([a04, written])
  assert.equal(body.status, 'in-progress')
  assert.deepEqual(body.statusHistory, [
    { status: 'arrived', period: { start: day('10:20'), end: day('11:00') } },
  ])
  assert.deepEqual(body.hospitalization, { admitSource: { text: 'walk-in' } })
  const later = event('ADT^A08', day('12:00'), { 'participant<PV1-7': [doctor('ATND', 'patel')] })
  assert.deepEqual(shown([a04, written, later]).participant, [doctor('CON', 'roe'), doctor('ATND', 'patel')])
  const early = write(day('09:00'), { status: 'finished', hospitalization: { admitSource: { text: 'x' } } })
  const kept = shown([
    early,
    event('ADT^A08', day('09:30'), { 'hospitalization.admitSource<PV1-14': { text: 'v2' } }),
  ])
  assert.deepEqual(kept.hospitalization, { admitSource: { text: 'v2' } })
})

test('a client that finishes a visit sets its end, and a later A13 takes it back', () => {
  const written = write(day('13:00'), {
    status: 'finished',
    period: { start: day('10:20'), end: day('12:55') },
  })
  assert.deepEqual(shown([a04, written]).period, { start: day('10:20'), end: day('12:55') })
  assert.deepEqual(
    fold([a04, written]).events.map((each) => each.event),
    ['ADT^A04', 'ADT^A03'],
  )
  const reopened = shown([a04, written, event('ADT^A13', day('14:00'), base)])
  assert.equal(reopened.status, 'arrived')
  assert.deepEqual(reopened.period, { start: day('10:20') })
})

test('a merged patient is shown as the survivor', () => {
  const { resource } = foldEncounter([a04], {
    survivor: (each) => (each === 'Patient/p1' ? 'Patient/p2' : each),
  })
  assert.deepEqual(resource?.subject, { reference: 'Patient/p2' })
})

test('every winner names the message that made it', () => {
  const { winners, resource } = fold([a01, a02, a03])
  assert.equal(winners.status?.i, a03.i)
  assert.equal(winners['period.start']?.i, a01.i)
  assert.equal(winners['period.end']?.key, '$dischargeTime<PV1-45')
  assert.equal(winners['location[1]']?.i, a02.i)
  assert.equal(winners['statusHistory[0]']?.i, a01.i)
  assert.equal(
    winners['hospitalization.dischargeDisposition']?.key,
    'hospitalization.dischargeDisposition<PV1-36',
  )
  const named = new Set(Object.keys(winners).map((each) => each.replace(/[.[].*$/, '')))
  for (const element of Object.keys(resource ?? {}))
    if (element !== 'resourceType') assert.ok(named.has(element), element)
})

test('stale are values that a later event has replaced, never places, class or status', () => {
  const late = event('ADT^A08', day('10:10'), {
    ...base,
    'class<PV1-2': imp,
    '$location<PV1-3': place('Z'),
    'participant<PV1-7': [doctor('ATND', 'old')],
    'serviceType<PV1-10': { text: 'never said' },
    '$admitTime<PV1-44': '2026-03-05T16:20:00Z',
  })
  assert.deepEqual(staleFields([a04], late), ['participant<PV1-7'])
  assert.deepEqual(staleFields([late], a04), [])
  assert.deepEqual(staleFields([a04], a04), [])
  const written = write(day('11:00'), { hospitalization: { admitSource: { text: 'x' } } })
  const older = event('ADT^A08', day('10:40'), { 'hospitalization.admitSource<PV1-14': { text: 'y' } })
  assert.deepEqual(staleFields([a04, written], older), ['hospitalization.admitSource<PV1-14'])
})

test('protection is as strict as any source says, until that source takes it back', () => {
  const secret = event('ADT^A08', day('10:30'), { '$protection<PV2-22': true })
  const other = event('ADT^A08', day('10:40'), { '$protection<PV2-22': false }, { source: 'REG|GHH' })
  const open = event('ADT^A08', day('10:50'), { '$protection<PV2-22': false })
  assert.deepEqual(shown([a04, secret, other]).meta, {
    security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
  })
  assert.equal(shown([a04, secret, other, open]).meta, undefined)
})

test('nothing said, nothing shown', () => {
  assert.equal(fold([]).resource, undefined)
  assert.equal(
    fold([{ source: 'gateway', key: 'related:x', i: '1', cells: {}, data: {} }]).resource,
    undefined,
  )
})

test("a client's list of extensions is the whole of it, and later fields change their own", () => {
  const mine: Json = { url: 'http://x.y/a', valueCode: 'A' }
  const named = (code: string): Record<string, Json> => ({
    "extension('http://x.y/a')<PV2-2": { url: 'http://x.y/a', valueCode: code },
  })
  const other: Json = { url: 'http://x.y/b', valueBoolean: true }
  const first = event('ADT^A08', day('11:00'), named('A'))
  const written = write(day('12:00'), { extension: [mine, other] })
  const later = event('ADT^A08', day('13:00'), named('B'))
  assert.deepEqual(shown([a04, first, written]).extension, [mine, other])
  const changed: Json = { url: 'http://x.y/a', valueCode: 'B' }
  assert.deepEqual(shown([a04, first, written, later]).extension, [changed, other])
  const gone = write(day('12:30'), { extension: null })
  assert.equal(shown([a04, first, written, gone]).extension, undefined)
  assert.deepEqual(
    Object.keys(fold([a04, first, gone]).winners).filter((each) => each.startsWith('ext')),
    [],
  )
})
