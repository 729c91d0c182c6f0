// Binary over HTTP (FHIR R4 binary.html#rest): octets in their own format, a resource where FHIR is asked for by name.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { codesOf, type TestApp, testApp } from './setup.ts'

const octets = Uint8Array.from({ length: 300 }, (_, i) => i % 256)
const base64 = Buffer.from(octets).toString('base64')

describe('Binary', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
  })
  after(() => app.close())

  const create = async (headers: Readonly<Record<string, string>>, body: string | Uint8Array = octets) => {
    const answer = await app.ask('/fhir/Binary', { method: 'POST', headers, body })
    assert.equal(answer.status, 201, answer.text)
    return answer
  }

  test('octets of any other type are its content, and X-Security-Context its security context', async () => {
    const { body } = await create({ 'content-type': 'image/png', 'x-security-context': 'Patient/p1' })
    assert.deepEqual(
      [body.resourceType, body.contentType, body.data, body.securityContext],
      ['Binary', 'image/png', base64, { reference: 'Patient/p1' }],
    )
  })

  test('is read as octets by whoever does not name a form of FHIR, else as a resource', async () => {
    const { body } = await create({
      'content-type': 'text/plain; charset=utf-8',
      'x-security-context': 'Patient/p1',
    })
    const path = `/fhir/Binary/${body.id}`
    for (const accept of ['*/*', 'text/plain', 'image/png', 'text/html, */*;q=0.1']) {
      const raw = await app.raw(path, { accept })
      assert.equal(raw.status, 200)
      assert.deepEqual(new Uint8Array(await raw.arrayBuffer()), octets, accept)
      assert.equal(raw.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.equal(raw.headers.get('etag'), 'W/"1"')
      assert.equal(raw.headers.get('x-security-context'), 'Patient/p1')
      assert.equal(raw.headers.get('content-disposition'), 'attachment')
      assert.match(raw.headers.get('content-security-policy') ?? '', /sandbox/)
    }
    const forms = [
      [{ accept: 'application/fhir+json' }, ''],
      [{ accept: 'application/json' }, ''],
      [{}, '?_format=json'],
    ] as const
    for (const [headers, query] of forms) {
      const resource = await app.raw(`${path}${query}`, headers)
      assert.match(await resource.text(), /"resourceType": "Binary"/)
    }
    const head = await app.ask(path, { method: 'HEAD', headers: { accept: 'image/png' } })
    assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'text/plain; charset=utf-8'])
    assert.equal((await app.raw(path, { accept: 'image/png', 'if-none-match': 'W/"1"' })).status, 304)
    assert.equal((await app.raw('/fhir/Binary/none', { accept: 'image/png' })).status, 404)
  })

  test('is replaced by octets, keeping its versions', async () => {
    const { body } = await create({ 'content-type': 'image/png' })
    const path = `/fhir/Binary/${body.id}`
    const headers = { 'content-type': 'application/pdf', 'if-match': 'W/"1"' }
    const updated = await app.ask(path, { method: 'PUT', headers, body: 'PDF' })
    assert.deepEqual([updated.status, updated.body.contentType], [200, 'application/pdf'], updated.text)
    assert.equal(await (await app.raw(path, { accept: '*/*' })).text(), 'PDF')
    assert.equal((await app.ask(`${path}/_history/1`)).body.data, base64)
    const first = await app.raw(`${path}/_history/1`, { accept: '*/*' })
    assert.deepEqual(new Uint8Array(await first.arrayBuffer()), octets)
    assert.deepEqual([first.headers.get('content-type'), first.headers.get('etag')], ['image/png', 'W/"1"'])
  })

  test('a resource in a form of FHIR is a Binary when it is one, and else the content of one', async () => {
    const whole = await create(
      { 'content-type': 'application/fhir+json' },
      JSON.stringify({ resourceType: 'Binary', contentType: 'text/plain', data: base64 }),
    )
    assert.equal(whole.body.contentType, 'text/plain')
    const basic = JSON.stringify({ resourceType: 'Basic', code: { text: 'x' } })
    const inside = await create({ 'content-type': 'application/fhir+json' }, basic)
    assert.deepEqual(
      [inside.body.contentType, inside.body.data],
      ['application/fhir+json', Buffer.from(basic).toString('base64')],
    )
  })

  test('a security context that cannot be read is refused, never left out', async () => {
    for (const context of ['Patient/p 1', '', `Patient/${'x'.repeat(600)}`]) {
      const headers = { 'content-type': 'image/png', 'x-security-context': context }
      const bad = await app.ask('/fhir/Binary', { method: 'POST', headers, body: octets })
      assert.deepEqual([bad.status, codesOf(bad)], [400, ['invalid']], bad.text)
    }
  })

  test('what is no media type, or too large, is refused', async () => {
    const bad = await app.ask('/fhir/Binary', {
      method: 'POST',
      headers: { 'content-type': 'x' },
      body: octets,
    })
    assert.deepEqual([bad.status, codesOf(bad)], [415, ['not-supported']])
    const headers = { 'content-type': 'image/png', 'content-length': String(2 ** 30) }
    assert.equal((await app.ask('/fhir/Binary', { method: 'POST', headers, body: octets })).status, 413)
  })
})
