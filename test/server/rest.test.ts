// The RESTful API as its specification says it, sentence by sentence (FHIR R4 http.html): what conformance suites look at.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { type Ask, baseUrl, codesOf, type TestApp, testApp } from './setup.ts'

const basic = (text: string, extra: object = {}): object => ({
  resourceType: 'Basic',
  code: { text },
  ...extra,
})
const identified = (value: string): object => basic('x', { identifier: [{ system: 'urn:c', value }] })

describe('the RESTful API', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
  })
  after(() => app.close())

  const create = async (resource: object, headers: Readonly<Record<string, string>> = {}) =>
    await app.ask('/fhir/Basic', {
      method: 'POST',
      body: resource,
      headers: { 'content-type': 'application/fhir+json', ...headers },
    })

  test('an update and a patch tell the version that they left, where clients look for it', async () => {
    const made = await create(basic('where'))
    const path = `/fhir/Basic/${made.body.id}`
    const version = async (number: number, request: Ask): Promise<void> => {
      const headers = { 'if-match': `W/"${number - 1}"`, ...request.headers }
      const answer = await app.ask(path, { ...request, headers })
      assert.equal(answer.status, 200, answer.text)
      const { headers: told } = answer
      const place = `${baseUrl}/Basic/${made.body.id}/_history/${number}`
      assert.deepEqual([told.get('content-location'), told.get('location')], [place, null])
    }
    await version(2, { method: 'PUT', body: { ...basic('elsewhere'), id: made.body.id } })
    const minimal = { prefer: 'return=minimal', 'content-type': 'application/merge-patch+json' }
    await version(3, { method: 'PATCH', headers: minimal, body: { created: '2026-01-01' } })
  })

  test('what is not there need not be deleted, by its id or by a search', async () => {
    for (const path of ['/fhir/Basic/nowhere', '/fhir/Basic?identifier=urn:c|nobody']) {
      const answer = await app.ask(path, { method: 'DELETE' })
      assert.deepEqual([answer.status, answer.text, answer.headers.get('etag')], [204, '', null], path)
      assert.equal(answer.headers.get('location'), null)
    }
    const made = await create(basic('x'))
    const path = `/fhir/Basic/${made.body.id}`
    for (let times = 0; times < 2; times++)
      assert.equal((await app.ask(path, { method: 'DELETE' })).status, 204)
    assert.equal((await app.ask(path)).status, 410)
    assert.equal((await app.ask('/fhir/Basic/nowhere')).status, 404)
  })

  test('a create that was needless answers with what there is and where', async () => {
    const headers = { 'if-none-exist': 'identifier=urn:c|once' }
    const first = await create(identified('once'), headers)
    const again = await create(identified('once'), headers)
    assert.deepEqual([first.status, again.status], [201, 200])
    assert.equal(again.headers.get('location'), first.headers.get('location'))
    assert.equal(again.headers.get('location'), `${baseUrl}/Basic/${first.body.id}/_history/1`)
  })

  test('a generic media type is answered with itself, and FHIR with that of FHIR', async () => {
    const made = await create(basic('x'))
    const path = `/fhir/Basic/${made.body.id}`
    const cases = [
      ['application/json', '', 'application/json; charset=utf-8'],
      ['text/json', '', 'text/json; charset=utf-8'],
      ['application/xml', '', 'application/xml; charset=utf-8'],
      ['text/xml;q=0.5, application/fhir+xml', '', 'application/fhir+xml; charset=utf-8'],
      ['*/*', '', 'application/fhir+json; charset=utf-8'],
      ['application/xml', '?_format=json', 'application/fhir+json; charset=utf-8'],
      ['application/fhir+json', '?_format=text/xml', 'text/xml; charset=utf-8'],
    ] as const
    for (const [accept, query, wanted] of cases) {
      const answer = await app.raw(`${path}${query}`, { accept })
      assert.equal(answer.headers.get('content-type'), wanted, `${accept} ${query}`)
      assert.match(await answer.text(), wanted.includes('xml') ? /^<\?xml/ : /^\{/)
    }
  })

  test('a body of another version of FHIR is not taken', async () => {
    const of = async (version: string): Promise<number> =>
      (await create(basic('x'), { 'content-type': `application/fhir+json; fhirVersion=${version}` })).status
    assert.deepEqual([await of('4.0'), await of('3.0'), await of('5.0')], [201, 415, 415])
  })

  test('_total=estimate is what the store expects, never less than what is shown', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({
      resourceType: 'Flag',
      id: `f${i}`,
      status: 'active',
    }))
    await app.writes.put(many)
    await app.store.db.transaction((tx) => tx.script('analyze resource'))
    for (const query of ['_count=100', '_count=0', '_summary=count', 'status=active&_count=0']) {
      const { body } = await app.ask(`/fhir/Flag?${query}&_total=estimate`)
      assert.ok(Number(body.total) >= 100 && Number(body.total) <= 900, `${query}: ${body.total}`)
      assert.equal((await app.ask(`/fhir/Flag?${query}&_total=accurate`)).body.total, 300, query)
    }
    assert.equal((await app.ask('/fhir/Flag?_total=none&_count=1')).body.total, undefined)
  })

  test('a history may be counted only', async () => {
    const made = await create(basic('x'))
    const { body } = await app.ask(`/fhir/Basic/${made.body.id}/_history?_summary=count`)
    assert.deepEqual([body.total, body.entry], [1, undefined])
  })

  test('OPTIONS says what can be done', async () => {
    const answer = await app.ask('/fhir/Basic/1', { method: 'OPTIONS' })
    assert.deepEqual([answer.status, answer.headers.get('allow')], [204, 'GET, HEAD, PUT, PATCH, DELETE'])
    for (const path of [
      '/fhir',
      '/fhir/metadata',
      '/fhir/Basic',
      '/fhir/Basic/1',
      '/fhir/ValueSet/$expand',
    ]) {
      const known = await app.ask(path, { method: 'OPTIONS' })
      const stranger = await app.ask(path, { method: 'OPTIONS', as: 'nobody' })
      assert.equal(stranger.status, 204, path)
      assert.ok(stranger.headers.get('allow')?.startsWith('GET, HEAD'), path)
      assert.equal(stranger.headers.get('allow'), known.headers.get('allow'))
    }
    const other = await app.ask('/fhir/Basic/1', { method: 'POST', body: basic('x') })
    assert.deepEqual([other.status, other.headers.get('allow')], [405, 'GET, HEAD, PUT, PATCH, DELETE'])
  })

  test('_format holds in the form of a search, too', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await app.ask('/fhir/Basic/_search', {
      method: 'POST',
      headers,
      body: '_count=1&_format=xml',
    })
    assert.deepEqual([answer.status, answer.text.slice(0, 5)], [200, '<?xml'])
  })

  test('a search by POST in a batch may have all its parameters in its URL', async () => {
    const entry = [{ request: { method: 'POST', url: 'Basic/_search?_summary=count' } }]
    const answer = await app.ask('/fhir', {
      method: 'POST',
      body: { resourceType: 'Bundle', type: 'batch', entry },
    })
    const [search] = answer.body.entry as { response: { status: string } }[]
    assert.equal(search?.response.status, '200 OK')
  })

  test('lastModified of an entry of a batch is that of its resource', async () => {
    const made = await create(basic('x'))
    const entry = [{ request: { method: 'GET', url: `Basic/${made.body.id}` } }]
    const answer = await app.ask('/fhir', {
      method: 'POST',
      body: { resourceType: 'Bundle', type: 'batch', entry },
    })
    const [read] = answer.body.entry as { resource: { meta: object }; response: { lastModified: string } }[]
    assert.equal(read?.response.lastModified, Reflect.get(read?.resource.meta ?? {}, 'lastUpdated'))
  })
})

describe('a conditional delete of several', () => {
  test('is refused, unless the site has it so: then all are deleted together', async () => {
    const site = acceptanceSite((written) => {
      written.policy = { ...(written.policy as object), conditionalDelete: 'multiple' }
    })
    const [single, multiple] = [await testApp(), await testApp({ site })]
    try {
      for (const app of [single, multiple]) {
        for (const value of ['a', 'a', 'b'])
          await app.ask('/fhir/Basic', { method: 'POST', body: identified(value) })
      }
      const query = '/fhir/Basic?identifier=urn:c|a'
      const refused = await single.ask(query, { method: 'DELETE' })
      assert.deepEqual([refused.status, codesOf(refused)], [412, ['multiple-matches']])
      const stale = await multiple.ask(query, { method: 'DELETE', headers: { 'if-match': 'W/"1"' } })
      assert.equal(stale.status, 412)
      assert.equal((await multiple.ask(query, { method: 'DELETE' })).status, 204)
      assert.equal((await multiple.ask('/fhir/Basic')).body.total, 1)
      assert.equal((await single.ask('/fhir/Basic')).body.total, 3)
      const { rest } = (await multiple.ask('/fhir/metadata')).body as { rest: { resource: object[] }[] }
      const own = rest[0]?.resource.find((each) => Reflect.get(each, 'type') === 'Basic')
      assert.equal(Reflect.get(own ?? {}, 'conditionalDelete'), 'multiple')
    } finally {
      await single.close()
      await multiple.close()
    }
  })
})
