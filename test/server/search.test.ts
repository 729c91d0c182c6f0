// Searches over HTTP: bundles, links, inclusions, strict and lenient handling, hostile questions (S01 to S10).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Resource } from '../../src/fhir/types.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { codesOf, entriesOf, idsOf, linkOf, type TestApp, testApp } from './setup.ts'

const person = (id: string, family: string, extra: object = {}): Resource => ({
  resourceType: 'Patient',
  id,
  name: [{ family }],
  identifier: [{ system: 'urn:mrn', value: id }],
  ...extra,
})
const visit = (id: string, patient: string): Resource => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start: `2026-03-0${id.slice(1)}T09:00:00-06:00`,
  participant: [
    { status: 'accepted', actor: { reference: `Patient/${patient}` } },
    { status: 'accepted', actor: { reference: 'Practitioner/doc' } },
    { status: 'accepted', actor: { reference: 'https://elsewhere.example/fhir/Location/9' } },
  ],
})

describe('searching', () => {
  let app: TestApp
  before(async () => {
    const site = acceptanceSite((written) => {
      const clients = written.clients as { id: string; scopes: string[] }[]
      for (const client of clients) {
        if (client.id === 'patient-app') client.scopes = ['user/Appointment.rs']
        if (client.id === 'analyst')
          client.scopes = ['user/Appointment.s', 'user/Patient.s', 'user/Practitioner.r']
      }
    })
    app = await testApp({ site })
    await app.writes.put([
      person('p1', 'Chen', { gender: 'female' }),
      person('p2', 'Chen'),
      person('p3', 'Diaz', { link: [{ type: 'seealso', other: { reference: 'Patient/p1' } }] }),
      { resourceType: 'Practitioner', id: 'doc', name: [{ family: 'Patel' }] },
      visit('a1', 'p1'),
      visit('a2', 'p1'),
      visit('a3', 'p2'),
      {
        resourceType: 'Slot',
        id: 's1',
        status: 'busy',
        schedule: { reference: 'Schedule/c1' },
        start: '2026-03-01T09:00:00Z',
        end: '2026-03-01T10:00:00Z',
      },
      { resourceType: 'Schedule', id: 'c1', actor: [{ reference: 'Practitioner/doc' }] },
    ])
  })
  after(() => app.close())

  test('a searchset has total, links, full URLs and modes', async () => {
    const answer = await app.ask('/fhir/Patient?family=chen')
    assert.equal(answer.status, 200)
    assert.equal(answer.body.type, 'searchset')
    assert.equal(answer.body.total, 2)
    assert.deepEqual(idsOf(answer), ['p1', 'p2'])
    const [first] = entriesOf(answer)
    assert.equal(first?.fullUrl, 'http://gateway.test/fhir/Patient/p1')
    assert.deepEqual(first?.search, { mode: 'match' })
    assert.equal(linkOf(answer, 'self'), '/fhir/Patient?family=chen')
    assert.equal(linkOf(answer, 'next'), undefined)
  })

  test('a searchset without matches has total 0 and no entry', async () => {
    const answer = await app.ask('/fhir/Patient?family=nobody')
    assert.deepEqual([answer.body.total, answer.body.entry], [0, undefined])
  })

  test('next links lead through everything once; each page has the total', async () => {
    const seen: unknown[] = []
    let path: string | undefined = '/fhir/Appointment?_count=1&_sort=-date'
    while (path !== undefined) {
      const page = await app.ask(path)
      assert.equal(page.body.total, 3)
      seen.push(...idsOf(page))
      path = linkOf(page, 'next')
    }
    assert.deepEqual(seen, ['a3', 'a2', 'a1'])
  })

  test('a page token is of one client and one query, and cannot be made up (S05)', async () => {
    const next = linkOf(await app.ask('/fhir/Appointment?_count=1'), 'next') ?? ''
    const token = new URL(next, 'http://x').searchParams.get('_page') ?? ''
    const forged = [
      '/fhir/Appointment?_count=1&_page=x',
      '/fhir/Appointment?_count=1&_page=x.y',
      `/fhir/Appointment?_count=1&_page=${token}A`,
      `/fhir/Appointment?_count=1&_page=${token.slice(0, -2)}`,
      `/fhir/Appointment?_count=1&_page=B${token}`,
      `/fhir/Appointment?_count=2&_page=${token}`,
      `/fhir/Appointment?_count=1&status=booked&_page=${token}`,
      `/fhir/Patient?_count=1&_page=${token}`,
      `/fhir/Appointment/_history?_count=1&_page=${token}`,
      `/fhir/Appointment?_count=1&_page=${'x'.repeat(5_000)}.y`,
    ]
    for (const path of forged) {
      const answer = await app.ask(path)
      assert.deepEqual([answer.status, ...codesOf(answer)], [400, 'invalid'], path.slice(0, 80))
    }
    assert.equal((await app.ask(next, { as: 'ehr' })).status, 400)
    assert.equal((await app.ask(next)).status, 200)
  })

  test('a page link ends after ten minutes', async () => {
    app.at('2026-03-02T08:00:00-06:00')
    const next = linkOf(await app.ask('/fhir/Appointment?_count=1'), 'next') ?? ''
    app.at('2026-03-02T08:10:00-06:00')
    assert.equal((await app.ask(next)).status, 200)
    app.at('2026-03-02T08:10:01-06:00')
    assert.deepEqual([(await app.ask(next)).status], [410])
    app.at('2026-03-02T08:00:00-06:00')
  })

  test('POST _search reads body and URL together (S09)', async () => {
    const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    const both = await app.ask('/fhir/Patient/_search?family=chen', { ...form, body: 'gender=female' })
    assert.deepEqual(idsOf(both), ['p1'])
    const twice = await app.ask('/fhir/Patient/_search?family=chen', { ...form, body: 'family=diaz' })
    assert.equal(twice.body.total, 0)
    const paged = await app.ask('/fhir/Patient/_search', { ...form, body: '_count=1' })
    assert.deepEqual(idsOf(await app.ask(linkOf(paged, 'next') ?? '')), ['p2'])
    assert.equal((await app.ask('/fhir/Patient/_search', { method: 'POST', body: {} })).status, 415)
    const large = await app.ask('/fhir/Patient/_search', { ...form, body: `family=${'x'.repeat(70_000)}` })
    assert.equal(large.status, 413)
  })

  test('what is not known is ignored with a warning, and refused under strict handling', async () => {
    for (const query of [
      'nonsense=1',
      '_sort=nonsense',
      '_sort=link.name',
      '_include=Patient:nonsense',
      '_include=Encounter:*',
      '_revinclude=Slot:*',
      '_elements=nonsense',
    ]) {
      const lenient = await app.ask(`/fhir/Patient?family=chen&${query}`)
      assert.equal(lenient.status, 200, query)
      assert.equal(lenient.body.total, 2, query)
      const outcome = entriesOf(lenient).find(({ search }) => search?.mode === 'outcome')
      assert.equal(outcome?.resource?.resourceType, 'OperationOutcome', query)
      assert.ok(!linkOf(lenient, 'self')?.includes('nonsense'), query)
      const strict = await app.ask(`/fhir/Patient?family=chen&${query}`, {
        headers: { prefer: 'handling=strict' },
      })
      assert.deepEqual([strict.status, codesOf(strict)[0]], [400, 'not-supported'], query)
    }
  })

  test('what cannot be read is refused', async () => {
    const cases: Readonly<Record<string, number>> = {
      'birthdate=yesterday': 400,
      'birthdate=2026-02-30': 400,
      'birthdate=xx2026': 400,
      '_count=-1': 400,
      '_count=many': 400,
      'name:nonsense=x': 400,
      'active:missing=perhaps': 400,
      'identifier=a|b|c': 400,
      'family:contains=ab': 400,
      '_total=perhaps': 400,
      'family.x=1': 400,
    }
    for (const [query, status] of Object.entries(cases)) {
      const answer = await app.ask(`/fhir/Patient?${query}`)
      assert.equal(answer.status, status, `${query}: ${answer.text}`)
      assert.equal(answer.body.resourceType, 'OperationOutcome')
    }
  })

  test('inclusions come once, with their mode, and are not counted', async () => {
    const cases: Readonly<Record<string, readonly [number, string]>> = {
      'Appointment?_id=a1,a2&_include=Appointment:patient': [2, 'a1 a2 +p1'],
      'Appointment?_id=a1&_include=Appointment:actor': [1, 'a1 +p1 +doc'],
      'Appointment?_id=a1&_include=Appointment:actor:Practitioner': [1, 'a1 +doc'],
      'Appointment?_id=a1&_include=Appointment:patient&_include=Appointment:practitioner': [1, 'a1 +p1 +doc'],
      'Patient?_id=p3&_include=Patient:link': [1, 'p3 +p1'],
      'Patient?family=chen&_include=Patient:link': [2, 'p1 p2'],
      'Patient?_id=p1&_revinclude=Appointment:patient': [1, 'p1 +a1 +a2'],
      'Patient?_id=p1,p3&_include=Patient:link': [2, 'p1 p3'],
      'Slot?_id=s1&_include=Slot:schedule': [1, 's1 +c1'],
      'Slot?_id=s1&_include=Slot:schedule&_include:iterate=Schedule:actor': [1, 's1 +c1 +doc'],
      'Patient?_id=p3&_include:iterate=Patient:link': [1, 'p3 +p1'],
    }
    for (const [query, [total, expected]] of Object.entries(cases)) {
      const answer = await app.ask(`/fhir/${query}`)
      const entries = entriesOf(answer).map(
        ({ resource, search }) => `${search?.mode === 'include' ? '+' : ''}${resource?.id}`,
      )
      assert.deepEqual([answer.body.total, entries.join(' ')], [total, expected], query)
    }
  })

  test('_elements leaves the rest out and says so', async () => {
    const [entry] = entriesOf(await app.ask('/fhir/Patient?_id=p1&_elements=gender,identifier'))
    assert.deepEqual(Object.keys(entry?.resource ?? {}).sort(), [
      'gender',
      'id',
      'identifier',
      'meta',
      'resourceType',
    ])
    assert.match(JSON.stringify(entry?.resource?.meta), /SUBSETTED/)
  })

  test('_total=none leaves the total out; _count=0 leaves the entries out', async () => {
    assert.equal((await app.ask('/fhir/Patient?_total=none')).body.total, undefined)
    const counted = await app.ask('/fhir/Patient?_count=0')
    assert.deepEqual([counted.body.total, counted.body.entry], [3, undefined])
  })

  test('what was just written is found (read your own write)', async () => {
    for (const n of [1, 2, 3]) {
      await app.writes.put([person(`fresh${n}`, 'Fresh')])
      assert.equal((await app.ask('/fhir/Patient?family=fresh')).body.total, n)
    }
    for (const n of [1, 2, 3]) await app.writes.remove('Patient', `fresh${n}`)
  })

  test('scopes hold for matches, inclusions and the ways of chains (S10)', async () => {
    const ask = (path: string, as: string) => app.ask(`/fhir/${path}`, { as })
    assert.equal((await ask('Patient', 'patient-app')).status, 403)
    assert.deepEqual(idsOf(await ask('Appointment?_include=Appointment:patient&_id=a1', 'patient-app')), [
      'a1',
    ])
    assert.deepEqual(idsOf(await ask('Appointment?_include=Appointment:actor&_id=a1', 'analyst')), [
      'a1',
      'doc',
    ])
    assert.equal((await ask('Appointment?patient.identifier=urn:mrn|p1', 'patient-app')).status, 403)
    assert.equal((await ask('Appointment?patient.identifier=urn:mrn|p1', 'analyst')).body.total, 2)
    assert.equal((await ask('Appointment?_has:Provenance:target:recorded=2026', 'patient-app')).status, 403)
    assert.equal((await ask('Appointment?actor.name=patel', 'patient-app')).status, 403)
    assert.equal((await ask('Patient?_revinclude=Provenance:target', 'analyst')).status, 200)
    assert.equal((await ask('Appointment/a1', 'analyst')).status, 403)
    assert.equal((await ask('_history', 'patient-app')).body.total, 3)
  })

  test('hostile questions are refused or find nothing, quickly (S01 to S06)', async () => {
    const cases: Readonly<Record<string, readonly number[]>> = {
      '_sort=name;drop table resource': [200],
      '_sort=-(select 1)': [200],
      "identifier:'--=x": [400],
      "gender' or '1'='1=x": [200],
      '__proto__=x': [200],
      'constructor=x': [200],
      'identifier:__proto__=x': [400],
      [`_id=${Array.from({ length: 201 }, (_, i) => `i${i}`).join(',')}`]: [422],
      [Array.from({ length: 60 }, (_, i) => `gender=g${i}`).join('&')]: [422],
      'family:contains=%25_%25_%25_': [200],
      'family:contains=%5C': [400],
      '_count=99999999999999999999': [200],
      'general-practitioner:Practitioner.name:contains=%25%25%25': [200],
      'link:Patient.link:Patient.link:Patient.link:Patient.name=x': [422],
      [`${'_has:Patient:link:'.repeat(5)}name=x`]: [422],
      'birthdate=9999-12-31&birthdate=0001-01-01': [200],
      'birthdate=0000': [400],
    }
    for (const [query, statuses] of Object.entries(cases)) {
      const answer = await app.ask(`/fhir/Patient?${query}`)
      assert.ok(
        statuses.includes(answer.status),
        `${query.slice(0, 60)}: ${answer.status} ${answer.text.slice(0, 300)}`,
      )
    }
    const iterated = ['_include:iterate=Patient:link', '_revinclude:iterate=Patient:link'].join('&')
    assert.equal((await app.ask(`/fhir/Patient?_id=p3&${iterated}`)).status, 200)
    assert.equal(Object.keys(Object.prototype).length, 0)
  })
})
