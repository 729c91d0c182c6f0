// Operations and definitions: one table of operations, resources made from the tables, value sets that are carried.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { searchParameters } from '../../src/fhir/definition-resources.ts'
import { searchParamsOf } from '../../src/fhir/search-params.ts'
import { isObject, type JsonObject, type Resource, SERVED_TYPES } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { OPERATIONS } from '../../src/server/fhir/operations.ts'
import { type Answer, codesOf, entriesOf, idsOf, linkOf, type TestApp, testApp } from './setup.ts'

const visit = (id: string, start: string, extra: object = {}): Resource => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  class: { code: 'AMB' },
  subject: { reference: 'Patient/p1' },
  participant: [{ individual: { reference: 'Practitioner/d1' } }],
  period: { start, end: start },
  ...extra,
})

describe('operations', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
    await app.writes.put([
      {
        resourceType: 'Patient',
        id: 'p1',
        name: [{ family: 'Chen' }],
        meta: { tag: [{ system: 'urn:t', code: 'x' }] },
      },
      { resourceType: 'Patient', id: 'p2', name: [{ family: 'Diaz' }] },
      { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Doe' }] },
      visit('e1', '2026-01-10'),
      visit('e2', '2026-02-10'),
      visit('e3', '2026-03-10', { subject: { reference: 'Patient/p2' } }),
      {
        resourceType: 'Flag',
        id: 'f1',
        status: 'active',
        code: { text: 'x' },
        subject: { reference: 'Patient/p1' },
      },
    ])
  })
  after(() => app.close())

  const modes = (answer: Answer): string =>
    entriesOf(answer)
      .map(({ resource, search }) => `${search?.mode === 'include' ? '+' : ''}${resource?.id}`)
      .sort()
      .join(' ')

  test('$everything is the compartment with what it refers to, and nothing of another patient', async () => {
    const cases: Readonly<Record<string, string>> = {
      '': '+d1 e1 e2 f1 p1',
      '?_type=Encounter': '+d1 +p1 e1 e2',
      '?start=2026-02-01': '+d1 e2 f1 p1',
      '?end=2026-01-31': '+d1 e1 f1 p1',
      '?_since=2030-01-01T00:00:00Z': '',
    }
    for (const [query, expected] of Object.entries(cases)) {
      const answer = await app.ask(`/fhir/Patient/p1/$everything${query}`)
      assert.equal(answer.status, 200, answer.text)
      const found = modes(answer)
      // A Flag without a date stands at all times.
      assert.equal(found, expected, query)
    }
    assert.equal((await app.ask('/fhir/Patient/nobody/$everything')).status, 404)
    assert.equal((await app.ask('/fhir/Patient/p1/$everything?start=soon')).status, 400)
    assert.equal((await app.ask('/fhir/Account/e1/$everything')).status, 404)
  })

  test('$everything is paged', async () => {
    const seen: unknown[] = []
    let path: string | undefined = '/fhir/Patient/p1/$everything?_count=1&start=2020-01-01'
    for (let pages = 0; path !== undefined && pages < 10; pages += 1) {
      const page = await app.ask(path)
      assert.equal(page.status, 200, page.text)
      seen.push(
        ...entriesOf(page)
          .filter(({ search }) => search?.mode === 'match')
          .map(({ resource }) => resource?.id),
      )
      path = linkOf(page, 'next')
    }
    assert.deepEqual(seen.toSorted(), ['e1', 'e2', 'f1', 'p1'])
  })

  test('$everything takes Parameters, too', async () => {
    const parameter = [
      { name: 'start', valueDate: '2026-02-01' },
      { name: '_type', valueCode: 'Encounter' },
      { name: '_count', valueInteger: 10 },
    ]
    const body = { resourceType: 'Parameters', parameter }
    const answer = await app.ask('/fhir/Patient/p1/$everything', { method: 'POST', body })
    assert.deepEqual([answer.status, modes(answer)], [200, '+d1 +p1 e2'], answer.text)
  })

  test('$meta shows version, time and labels', async () => {
    const { body } = await app.ask('/fhir/Patient/p1/$meta')
    const [parameter] = body.parameter as { name: string; valueMeta: JsonObject }[]
    assert.equal(parameter?.name, 'return')
    assert.deepEqual(
      [parameter?.valueMeta.versionId, parameter?.valueMeta.tag],
      ['1', [{ system: 'urn:t', code: 'x' }]],
    )
  })

  test('value sets are expanded, codes validated and looked up, also by POST', async () => {
    const url = 'http://hl7.org/fhir/ValueSet/administrative-gender'
    const system = 'http://hl7.org/fhir/administrative-gender'
    const whole = await app.ask(`/fhir/ValueSet/$expand?url=${url}`)
    const codes = (answer: Answer): unknown[] => {
      const expansion = isObject(answer.body.expansion) ? answer.body.expansion : {}
      return Array.isArray(expansion.contains) ? expansion.contains.map((each: JsonObject) => each.code) : []
    }
    assert.deepEqual(codes(whole), ['male', 'female', 'other', 'unknown'])
    assert.deepEqual(validateResource(whole.body), [])
    assert.deepEqual(codes(await app.ask(`/fhir/ValueSet/$expand?url=${url}&filter=MALE`)), [
      'male',
      'female',
    ])
    assert.deepEqual(codes(await app.ask(`/fhir/ValueSet/$expand?url=${url}&offset=1&count=2`)), [
      'female',
      'other',
    ])
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'url', valueUri: url },
        { name: 'coding', valueCoding: { system, code: 'male' } },
      ],
    }
    const valid = await app.ask('/fhir/ValueSet/$validate-code', { method: 'POST', body })
    assert.deepEqual((valid.body.parameter as JsonObject[])[0], { name: 'result', valueBoolean: true })
    const wrong = await app.ask(`/fhir/ValueSet/$validate-code?url=${url}&system=${system}&code=x`)
    assert.deepEqual((wrong.body.parameter as JsonObject[])[0], { name: 'result', valueBoolean: false })
    const looked = await app.ask(`/fhir/CodeSystem/$lookup?system=${system}&code=male`)
    assert.deepEqual((looked.body.parameter as JsonObject[])[1], { name: 'display', valueString: 'Male' })
    for (const path of [
      '/fhir/ValueSet/$expand?url=http://nowhere.example',
      `/fhir/CodeSystem/$lookup?system=${system}&code=x`,
      '/fhir/CodeSystem/$lookup?system=http://nowhere.example&code=x',
    ]) {
      const answer = await app.ask(path)
      assert.deepEqual([answer.status, ...codesOf(answer)], [404, 'not-found'], path)
    }
    assert.equal((await app.ask('/fhir/ValueSet/$expand')).status, 400)
    assert.equal((await app.ask('/fhir/ValueSet/$nonsense')).status, 404)
  })

  test('every search parameter of every type is a SearchParameter, valid, and is found by url, base and code', async () => {
    const all = searchParameters()
    for (const each of all) assert.deepEqual(validateResource(each), [], String(each.id))
    const own = SERVED_TYPES.flatMap((type) => [...searchParamsOf(type).values()].map(({ url }) => url))
    assert.deepEqual([...new Set(own)].sort(), [...new Set(all.map(({ url }) => url))].sort())
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length)
    const read = await app.ask('/fhir/SearchParameter/Patient-identifier')
    assert.deepEqual([read.status, read.body.code, read.body.base], [200, 'identifier', ['Patient']])
    assert.deepEqual(idsOf(await app.ask('/fhir/SearchParameter?base=Slot&code=status,start')), [
      'Slot-start',
      'Slot-status',
    ])
    assert.equal((await app.ask('/fhir/SearchParameter/nonsense')).status, 404)
    assert.equal((await app.ask('/fhir/SearchParameter', { method: 'POST', body: {} })).status, 405)
  })

  test('every operation has a definition that can be read, and /metadata names it', async () => {
    const answer = await app.ask('/fhir/OperationDefinition')
    assert.equal(answer.body.total, OPERATIONS.length)
    for (const { resource } of entriesOf(answer)) assert.deepEqual(validateResource(resource), [])
    assert.equal((await app.ask('/fhir/OperationDefinition/Patient-everything')).body.code, 'everything')
    const metadata = await app.ask('/fhir/metadata')
    assert.deepEqual(validateResource(metadata.body), [])
    for (const { name } of OPERATIONS) assert.ok(metadata.text.includes(`"name":"${name}"`), name)
  })

  test('definitions are counted, paged and searched by what /metadata lists; the rest is said, or refused', async () => {
    const { body } = await app.ask('/fhir/metadata')
    const [rest] = body.rest as JsonObject[]
    for (const { type, searchParam } of (rest?.resource ?? []) as JsonObject[]) {
      if (SERVED_TYPES.includes(String(type)) || searchParam === undefined) continue
      const path = `/fhir/${type}`
      const all = entriesOf(await app.ask(path)).map(({ resource }) => resource)
      const count = await app.ask(`${path}?_summary=count`)
      assert.deepEqual([count.body.total, entriesOf(count).length], [all.length, 0], path)
      const pages: unknown[] = []
      let next: string | undefined = `${path}?_count=${Math.ceil(all.length / 3)}`
      while (next !== undefined) {
        const page: Answer = await app.ask(next.slice(next.indexOf('/fhir/')))
        pages.push(...idsOf(page))
        next = linkOf(page, 'next')
      }
      assert.deepEqual(
        pages,
        all.map((each) => each?.id),
      )
      for (const { name, type: kind } of searchParam as JsonObject[]) {
        if (kind === 'date') continue
        const strict = await app.ask(`${path}?${name}=nonsense-that-nothing-has`, {
          headers: { prefer: 'handling=strict' },
        })
        assert.deepEqual([strict.status, strict.body.total], [200, 0], `${path} ${name}`)
      }
      const url = encodeURIComponent(String(all[0]?.url))
      assert.ok(idsOf(await app.ask(`${path}?url=${url}`)).includes(String(all[0]?.id)), path)
      const unknown = await app.ask(`${path}?nonsense=1&_count=1`)
      assert.deepEqual(
        entriesOf(unknown).map(({ search }) => search?.mode),
        ['match', 'outcome'],
        path,
      )
      const strict = await app.ask(`${path}?nonsense=1`, { headers: { prefer: 'handling=strict' } })
      assert.deepEqual([strict.status, ...codesOf(strict)], [400, 'not-supported'], path)
      assert.equal((await app.ask(`${path}?_count=x`)).status, 400)
    }
  })
})

describe('documents of a patient', () => {
  let app: TestApp
  const loinc = 'http://loinc.org'
  const document = (id: string, extra: object): Resource => ({
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    subject: { reference: 'Patient/p1' },
    type: { coding: [{ system: loinc, code: '34133-9' }] },
    content: [{ attachment: { url: 'Binary/b1' } }],
    ...extra,
  })
  const of = (day: string): object => ({ context: { period: { start: day, end: day } } })
  before(async () => {
    app = await testApp()
    await app.writes.put([
      { resourceType: 'Patient', id: 'p1' },
      { resourceType: 'Patient', id: 'p2' },
      document('january', of('2026-01-10')),
      document('march', of('2026-03-10')),
      document('timeless', { type: { coding: [{ system: loinc, code: '18842-5' }] } }),
      document('old', { status: 'superseded', ...of('2026-03-11') }),
      document('other', { subject: { reference: 'Patient/p2' } }),
    ])
  })
  after(() => app.close())

  test('$docref finds what is current, or of a time of care, of that patient', async () => {
    const cases: Readonly<Record<string, string>> = {
      'patient=p1': 'january march timeless',
      'patient=Patient/p1': 'january march timeless',
      'patient=p1&start=2026-02-01': 'march old timeless',
      'patient=p1&end=2026-02-01': 'january timeless',
      'patient=p1&start=2026-03-10T00:00:00-05:00&end=2026-03-10T23:59:59-05:00': 'march timeless',
      [`patient=p1&type=${loinc}|18842-5`]: 'timeless',
      [`patient=p1&type=${loinc}|18842-5&type=${loinc}|34133-9`]: 'january march timeless',
      'patient=p1&on-demand=true': '',
      'patient=p1&on-demand=false': 'january march timeless',
      'patient=nobody': '',
    }
    for (const [query, wanted] of Object.entries(cases)) {
      const answer = await app.ask(`/fhir/DocumentReference/$docref?${query}`)
      assert.equal(answer.status, 200, answer.text)
      assert.equal(idsOf(answer).sort().join(' '), wanted, query)
    }
    for (const query of ['', 'patient=', 'patient=p1&start=yesterday']) {
      assert.equal((await app.ask(`/fhir/DocumentReference/$docref?${query}`)).status, 400, query)
    }
    assert.equal((await app.ask('/fhir/DocumentReference/$docref?patient=p1', { as: 'portal' })).status, 403)
  })

  test('$docref takes Parameters, and its pages keep to what was asked', async () => {
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'patient', valueId: 'p1' },
        { name: 'start', valueDateTime: '2026-01-01' },
        { name: 'type', valueCoding: { system: loinc, code: '34133-9' } },
        { name: '_count', valueInteger: 2 },
      ],
    }
    const first = await app.ask('/fhir/DocumentReference/$docref', { method: 'POST', body })
    assert.deepEqual([first.status, first.body.total, idsOf(first).length], [200, 3, 2])
    const next = linkOf(first, 'next') ?? ''
    const second = await app.ask(next.slice(next.indexOf('/fhir/')))
    assert.deepEqual([...idsOf(first), ...idsOf(second)].sort(), ['january', 'march', 'old'])
  })
})
