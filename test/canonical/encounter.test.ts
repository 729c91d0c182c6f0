// Visits: what their events add up to (semantics, sections 5, 8 and 10; acceptance W01, W04, W08, W12).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contribution } from '../../src/canonical/contribution.ts'
import { foldEncounter, staleFields } from '../../src/canonical/encounter.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { event, sameReference, write } from './events.ts'

const v3 = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'
const amb = { system: v3, code: 'AMB', display: 'ambulatory' }
const imp = { system: v3, code: 'IMP', display: 'inpatient encounter' }
const place = (id: string): Json => ({ reference: `Location/${id}`, display: id })
const doctor = (type: string, id: string): Json => ({
  type: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: type }] }],
  individual: { reference: `Practitioner/${id}` },
})
const visitNumber: Json = [{ system: 'urn:oid:2.16.840.1.113883.19.5.3', value: 'V1' }]
const base = { 'identifier<PV1-19': visitNumber, 'subject<PID-3': { reference: 'Patient/p1' } }

const day = (time: string, on = '2026-03-05'): string => `${on}T${time}:00-06:00`
const fold = (contributions: readonly Contribution[]) =>
  foldEncounter(contributions, { ...sameReference, zone: 'America/Chicago' })
const shown = (contributions: readonly Contribution[]): Record<string, unknown> => {
  const { resource } = fold(contributions)
  assert.ok(resource, 'nothing to show')
  return resource
}

const a01 = event('ADT^A01', day('10:00'), { ...base, 'class<PV1-2': imp, '$location<PV1-3': place('A') })
const a02 = event('ADT^A02', day('11:00'), {
  ...base,
  '$location<PV1-3': place('B'),
  '$priorLocation<PV1-6': place('A'),
})
const a03 = event('ADT^A03', day('12:00'), {
  ...base,
  '$location<PV1-3': place('B'),
  '$dischargeTime<PV1-45': day('11:58'),
  'hospitalization.dischargeDisposition<PV1-36': { coding: [{ code: '01' }] },
})
const a04 = event('ADT^A04', day('10:20'), {
  ...base,
  'class<PV1-2': amb,
  '$location<PV1-3': place('CLN1'),
  '$admitTime<PV1-44': day('10:20'),
  'participant<PV1-7': [doctor('ATND', 'chen')],
})

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

test('a cancelled transfer puts the patient back since the old time, also after an update from the new bed', () => {
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

test('a discharge of an unknown visit makes a finished one without a start, and a late admission fills it', () => {
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
