// read, vread, history, metadata and $lineage over HTTP, and what every answer has.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, codesOf, entriesOf, idsOf, linkOf, type TestApp, testApp } from './setup.ts'

describe('reading', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
    const at = (minute: number): Date => new Date(Date.UTC(2026, 2, 2, 8, minute))
    const invoice = { resourceType: 'Invoice', id: 'i1', status: 'issued' }
    await app.writes.put(
      [{ ...invoice, totalNet: { value: JSON.rawJSON('115.50'), currency: 'USD' } }],
      at(0),
    )
    await app.writes.put([{ ...invoice, meta: { source: 'urn:x' }, status: 'balanced' }], at(10))
    await app.writes.put(
      [
        { resourceType: 'Device', id: 'd1' },
        { resourceType: 'Device', id: 'd2', status: 'active' },
      ],
      at(20),
    )
    await app.writes.remove('Device', 'd1', at(30))
    await app.writes.put([{ resourceType: 'Device', id: 'd3' }], at(40))
  })
  after(() => app.close())

  test('a resource is read with its version, time and ETag', async () => {
    const answer = await app.ask('/fhir/Invoice/i1')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/fhir+json; charset=utf-8')
    assert.equal(answer.headers.get('etag'), 'W/"2"')
    assert.equal(answer.headers.get('last-modified'), 'Mon, 02 Mar 2026 08:10:00 GMT')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
    assert.deepEqual(answer.body, {
      resourceType: 'Invoice',
      id: 'i1',
      status: 'balanced',
      meta: { source: 'urn:x', versionId: '2', lastUpdated: '2026-03-02T08:10:00.000Z' },
    })
  })

  test('decimals keep their digits', async () => {
    const answer = await app.ask('/fhir/Invoice/i1/_history/1')
    assert.equal(answer.status, 200)
    assert.match(answer.text, /"value": 115\.50[,}]/)
    assert.equal(answer.headers.get('etag'), 'W/"1"')
    const pretty = await app.ask('/fhir/Invoice/i1/_history/1?_pretty=true')
    assert.match(pretty.text, /\n {4}"value": 115\.50,?\n/)
    assert.deepEqual(pretty.body, answer.body)
  })

  test('HEAD is GET without the body', async () => {
    const answer = await app.ask('/fhir/Invoice/i1', { method: 'HEAD' })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('etag'), 'W/"2"')
    assert.equal(answer.text, '')
  })

  test('what has not changed is not sent again', async () => {
    const cases: readonly [Record<string, string>, number][] = [
      [{ 'if-none-match': 'W/"2"' }, 304],
      [{ 'if-none-match': '"1", W/"2"' }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': 'W/"1"' }, 200],
      [{ 'if-modified-since': 'Mon, 02 Mar 2026 08:10:00 GMT' }, 304],
      [{ 'if-modified-since': 'Mon, 02 Mar 2026 08:09:59 GMT' }, 200],
      [{ 'if-modified-since': 'yesterday' }, 200],
    ]
    for (const [headers, status] of cases) {
      const answer = await app.ask('/fhir/Invoice/i1', { headers })
      assert.equal(answer.status, status, JSON.stringify(headers))
      if (status === 304) assert.equal(answer.text, '')
    }
  })

  test('neither is a version', async () => {
    const cases: readonly [Record<string, string>, number][] = [
      [{ 'if-none-match': 'W/"1"' }, 304],
      [{ 'if-none-match': 'W/"2"' }, 200],
      [{ 'if-modified-since': 'Mon, 02 Mar 2026 08:00:00 GMT' }, 304],
      [{ 'if-modified-since': 'Mon, 02 Mar 2026 07:59:59 GMT' }, 200],
    ]
    for (const [headers, status] of cases) {
      const answer = await app.ask('/fhir/Invoice/i1/_history/1', { headers })
      assert.deepEqual(
        [answer.status, answer.headers.get('etag')],
        [status, 'W/"1"'],
        JSON.stringify(headers),
      )
    }
  })

  test('unknown is 404, deleted is 410, and its versions remain', async () => {
    const cases: Readonly<Record<string, [number, string]>> = {
      '/fhir/Invoice/none': [404, 'not-found'],
      '/fhir/Device/i1': [404, 'not-found'],
      '/fhir/Device/d1': [410, 'deleted'],
      '/fhir/Device/d1/_history/2': [410, 'deleted'],
      '/fhir/Device/d1/_history/3': [404, 'not-found'],
      '/fhir/Device/d1/_history/x': [404, 'not-found'],
      '/fhir/Device/d1/_history/99999999999': [404, 'not-found'],
      '/fhir/Device/none/_history': [404, 'not-found'],
      '/fhir/Library/1': [404, 'not-supported'],
      '/fhir/Bundle/1': [404, 'not-supported'],
      '/fhir/__proto__/1': [404, 'not-supported'],
      '/fhir/Patient/a/b/c': [404, 'not-found'],
      '/fhir/Patient/$nonsense': [404, 'not-supported'],
      '/fhir/Patient/a/$nonsense?x=1': [404, 'not-supported'],
    }
    for (const [path, [status, code]] of Object.entries(cases)) {
      const answer = await app.ask(path)
      assert.deepEqual([answer.status, ...codesOf(answer)], [status, code], path)
    }
    assert.equal((await app.ask('/fhir/Device/d1/_history/1')).status, 200)
  })

  test('an id that is none is refused before anything is looked up (J08)', async () => {
    for (const id of ['a_b', '1%2f..', '..%2f..', 'x'.repeat(65), "1'--", '%F0%9F%A6%8A', 'a%20b']) {
      const answer = await app.ask(`/fhir/Patient/${id}`)
      assert.deepEqual([answer.status, ...codesOf(answer)], [400, 'invalid'], id)
    }
    assert.equal((await app.ask('/fhir/Patient/%00')).status, 400)
    assert.equal((await app.ask('/fhir/Patient/%zz')).status, 400)
  })

  test('the history of a resource has its versions, newest first, with what was done', async () => {
    const answer = await app.ask('/fhir/Device/d1/_history')
    assert.equal(answer.body.type, 'history')
    assert.equal(answer.body.total, 2)
    const [deletion, creation] = entriesOf(answer)
    assert.deepEqual(deletion?.request, { method: 'DELETE', url: 'Device/d1' })
    assert.equal(deletion?.resource, undefined)
    assert.equal(deletion?.response?.status, '204')
    assert.deepEqual(creation?.request, { method: 'POST', url: 'Device' })
    assert.equal(creation?.resource?.id, 'd1')
    assert.equal(creation?.fullUrl, 'http://gateway.test/fhir/Device/d1')
  })

  test('the history of a type and of everything is paged; _since and _at bound it', async () => {
    const totals: Readonly<Record<string, number>> = {
      '/fhir/Device/_history': 4,
      '/fhir/_history': 6,
      '/fhir/_history?_since=2026-03-02T08:30:00Z': 2,
      '/fhir/_history?_since=2026-03-02T02:30:00.001-06:00': 1,
      '/fhir/_history?_since=2027': 0,
      '/fhir/Invoice/i1/_history?_at=2026-03-02T08:05:00Z': 1,
      '/fhir/Invoice/i1/_history?_at=2026-03-02': 2,
      '/fhir/Invoice/i1/_history?_at=2026-03-01': 0,
      '/fhir/Device/_history?_count=0': 4,
    }
    for (const [path, total] of Object.entries(totals)) {
      const answer = await app.ask(path)
      assert.equal(answer.body.total, total, path)
      assert.equal(entriesOf(answer).length, path.endsWith('_count=0') ? 0 : total, path)
    }
    const seen: unknown[] = []
    let next: string | undefined = '/fhir/_history?_count=2'
    while (next !== undefined) {
      const page = await app.ask(next)
      assert.equal(page.body.total, 6)
      seen.push(...entriesOf(page).map(({ request }) => `${request?.method} ${request?.url}`))
      next = linkOf(page, 'next')
    }
    assert.deepEqual(seen, [
      'POST Device',
      'DELETE Device/d1',
      'POST Device',
      'POST Device',
      'PUT Invoice/i1',
      'POST Invoice',
    ])
  })

  test('a history question that cannot be read is refused', async () => {
    for (const query of [
      '_count=-1',
      '_count=x',
      '_since=soon',
      '_at=2026-13-01',
      '_page=abc',
      '_page=a.b',
    ]) {
      const answer = await app.ask(`/fhir/Device/_history?${query}`)
      assert.deepEqual([answer.status, ...codesOf(answer)], [400, 'invalid'], query)
    }
    assert.equal((await app.ask('/fhir/Device/_history?_count=99999999999999999999')).status, 200)
    const strict = { headers: { prefer: 'handling=strict' } }
    assert.equal((await app.ask('/fhir/Device/_history?x=1', strict)).status, 400)
    assert.equal((await app.ask('/fhir/Device/_history?x=1')).status, 200)
  })

  test('the capability statement is public and names what there is', async () => {
    const answer = await app.ask('/fhir/metadata', { as: 'nobody' })
    assert.equal(answer.status, 200)
    assert.equal(answer.body.resourceType, 'CapabilityStatement')
    assert.equal(answer.body.fhirVersion, '4.0.1')
    assert.match(answer.text, /America\/Chicago/)
  })

  test('the capability statement is not sent again, and has modes', async () => {
    const full = await app.ask('/fhir/metadata?mode=full', { as: 'nobody' })
    const tag = full.headers.get('etag') ?? ''
    assert.match(tag, /^W\/"[0-9a-f]+"$/)
    const again = await app.ask('/fhir/metadata', { headers: { 'if-none-match': tag } })
    assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', tag])
    assert.equal((await app.ask('/fhir/metadata', { headers: { 'if-none-match': 'W/"1"' } })).status, 200)

    const normative = await app.ask('/fhir/metadata?mode=normative', { headers: { 'if-none-match': tag } })
    const types = ({ body }: Answer) =>
      (body.rest as { resource: { type: string }[] }[])[0]?.resource.map(({ type }) => type) ?? []
    assert.ok(types(normative).includes('Patient') && !types(normative).includes('Appointment'))
    assert.ok(types(full).includes('Appointment'))
    assert.notEqual(normative.headers.get('etag'), tag)
    const xml = await app.ask('/fhir/metadata?mode=terminology&_format=xml')
    assert.match(xml.text, /^<\?xml.*<TerminologyCapabilities /s)
    const other = await app.ask('/fhir/metadata?mode=all')
    assert.deepEqual([other.status, ...codesOf(other)], [400, 'invalid'])
  })

  test('other forms than JSON and XML are not acceptable', async () => {
    const accepted = [
      'application/fhir+json',
      'application/json',
      '*/*',
      'text/html, */*;q=0.1',
      'application/fhir+json; fhirVersion=4.0',
    ]
    for (const accept of accepted)
      assert.equal((await app.ask('/fhir/Device/d2', { headers: { accept } })).status, 200, accept)
    for (const accept of [
      'application/fhir+turtle',
      'text/html',
      'application/json;q=0',
      'application/fhir+json; fhirVersion=5.0',
    ]) {
      const answer = await app.ask('/fhir/Device/d2', { headers: { accept } })
      assert.deepEqual([answer.status, ...codesOf(answer)], [406, 'not-supported'], accept)
    }
    assert.equal((await app.ask('/fhir/Device/d2?_format=ttl')).status, 406)
    assert.equal(
      (await app.ask('/fhir/Device/d2?_format=application/fhir+json', { headers: { accept: 'text/html' } }))
        .status,
      200,
    )
  })

  test('a method that a path does not have is 405 with those it has', async () => {
    const cases: readonly [string, string, string][] = [
      ['PUT', '/fhir/Provenance/x', 'GET, HEAD'],
      ['POST', '/fhir/Provenance', 'GET, HEAD'],
      ['DELETE', '/fhir/Provenance/x', 'GET, HEAD'],
      ['POST', '/fhir/metadata', 'GET, HEAD'],
      ['DELETE', '/fhir/Device/d2/_history', 'GET, HEAD'],
      ['PUT', '/fhir/Device/d2/_history/1', 'GET, HEAD'],
      ['POST', '/fhir/Device/d2', 'GET, HEAD, PUT, PATCH, DELETE'],
      ['PUT', '/fhir/Device/_search', 'POST'],
      ['GET', '/fhir/Patient/$merge', 'POST'],
      ['PUT', '/fhir', 'GET, HEAD, POST'],
    ]
    for (const [method, path, allow] of cases) {
      const answer = await app.ask(path, { method, ...(method !== 'GET' && { body: {} }) })
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, allow], `${method} ${path}`)
      assert.deepEqual(codesOf(answer), ['not-supported'])
    }
  })

  test('a request id is kept when it is harmless, and replaced when not', async () => {
    const ask = async (id: string) =>
      (await app.ask('/healthz', { headers: { 'x-request-id': id } })).headers.get('x-request-id')
    assert.equal(await ask('abc-1.2_3'), 'abc-1.2_3')
    assert.notEqual(await ask('<script>'), '<script>')
    assert.notEqual(await ask('x'.repeat(65)), 'x'.repeat(65))
  })

  test('an overlong URL is refused', async () => {
    const answer = await app.ask(`/fhir/Device?identifier=${'x'.repeat(9_000)}`)
    assert.deepEqual([answer.status, ...codesOf(answer)], [414, 'too-long'])
  })

  test('ids of entries are those asked for', async () => {
    assert.deepEqual(idsOf(await app.ask('/fhir/Device')), ['d2', 'd3'])
  })
})
