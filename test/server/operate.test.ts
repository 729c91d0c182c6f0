// Health, metrics, test controls, and what a request gets when the store fails.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { codesOf, type TestApp, testApp } from './setup.ts'

const json = { 'content-type': 'application/json' }

describe('operation', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
  })
  after(() => app.close())

  test('health and readiness need no token', async () => {
    assert.equal((await app.ask('/healthz', { as: 'nobody' })).status, 200)
    assert.equal((await app.ask('/readyz', { as: 'nobody' })).status, 200)
  })

  test('metrics are for admins, and count requests without their URLs', async () => {
    await app.ask('/fhir/Patient?family=STERLING')
    assert.equal((await app.ask('/metrics', { as: 'nobody' })).status, 401)
    assert.equal((await app.ask('/metrics', { as: 'frontdesk' })).status, 403)
    const { status, text } = await app.ask('/metrics')
    assert.equal(status, 200)
    assert.match(text, /portico_http_requests_total\{method="GET",area="fhir",status="200"\} 1/)
    assert.doesNotMatch(text, /STERLING/)
  })

  test('idle is for admins', async () => {
    await app.idle()
    assert.deepEqual((await app.ask('/admin/idle')).body, { idle: true })
    assert.equal((await app.ask('/admin/idle', { as: 'frontdesk' })).status, 403)
    assert.equal((await app.ask('/admin/idle', { as: 'ADT1|GHH' })).status, 403)
    assert.equal((await app.ask('/admin/idle', { as: 'nobody' })).status, 401)
  })

  test('clock and reset are not there in production, token or not', async () => {
    for (const as of ['acceptance', 'frontdesk', 'nobody']) {
      const clock = await app.ask('/admin/clock', {
        method: 'PUT',
        as,
        headers: json,
        body: { now: '2026-03-02T08:00:00-06:00' },
      })
      assert.equal(clock.status, 404, as)
      assert.equal((await app.ask('/admin/reset', { method: 'POST', as })).status, 404, as)
    }
  })

  test('what is not there is 404 in the form of its area', async () => {
    const plain = await app.ask('/nothing')
    assert.deepEqual([plain.status, plain.headers.get('content-type')?.split(';')[0]], [404, 'text/plain'])
    for (const path of ['/fhir/Patient/', '/fhir/Patient/1/2/3/4']) {
      const fhir = await app.ask(path)
      assert.deepEqual([fhir.status, ...codesOf(fhir)], [404, 'not-found'])
    }
  })

  test('every answer forbids caches and guessing of its type', async () => {
    for (const path of [
      '/healthz',
      '/nothing',
      '/fhir/metadata',
      '/fhir/Patient',
      '/fhir/Patient/none',
      '/admin/idle',
    ]) {
      const { headers } = await app.ask(path)
      assert.equal(headers.get('cache-control'), 'no-store', path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.notEqual(headers.get('x-request-id'), null, path)
    }
  })

  test('a token that is malformed or unknown is 401 with a challenge', async () => {
    for (const authorization of [
      'Bearer nobody-token',
      'Basic YTpi',
      'Bearer',
      'Bearer  ',
      `Bearer ${'x'.repeat(1_000)}`,
      'acceptance-token',
    ]) {
      const answer = await app.ask('/fhir/Patient', { as: 'nobody', headers: { authorization } })
      assert.deepEqual([answer.status, ...codesOf(answer)], [401, 'login'], authorization.slice(0, 30))
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="portico"')
    }
  })
})

describe('test controls', () => {
  let app: TestApp
  before(async () => {
    app = await testApp({ app: { manualClock: true } })
  })
  after(() => app.close())

  test('the clock is set to an instant, and to nothing else', async () => {
    const set = (body: unknown, as = 'acceptance') =>
      app.ask('/admin/clock', { method: 'PUT', as, headers: json, body })
    assert.equal((await set({ now: '2026-03-09T09:12:31-05:00' })).status, 200)
    assert.equal(app.engine.now().toISOString(), '2026-03-09T14:12:31.000Z')
    for (const body of [{ now: '2026-03-09' }, { now: 5 }, {}, 'x', { now: '2026-13-09T09:12:31Z' }]) {
      assert.equal((await set(body)).status, 400, JSON.stringify(body))
    }
    assert.equal((await set({ now: '2026-03-09T09:12:31-05:00' }, 'frontdesk')).status, 403)
    assert.equal((await set({ now: '2026-03-09T09:12:31-05:00' }, 'nobody')).status, 401)
  })

  test('a reset empties the store', async () => {
    await app.ask('/fhir/Device', { method: 'POST', body: { resourceType: 'Device' } })
    assert.equal((await app.ask('/fhir/Device')).body.total, 1)
    assert.equal((await app.ask('/admin/reset', { method: 'POST', as: 'frontdesk' })).status, 403)
    assert.equal((await app.ask('/admin/reset', { method: 'POST' })).status, 200)
    assert.equal((await app.ask('/fhir/Device')).body.total, 0)
  })
})

describe('a store that fails', () => {
  const cases: readonly [string, unknown, number, string, string | null][] = [
    ['a statement that takes too long', { code: '57014', severity: 'ERROR' }, 422, 'too-costly', null],
    ['a statement too complex', { code: '54001', severity: 'ERROR' }, 422, 'too-costly', null],
    ['a lost connection', { code: 'ECONNREFUSED' }, 503, 'transient', '5'],
    ['a deadlock', { code: '40P01', severity: 'ERROR' }, 409, 'conflict', '1'],
    ['a key that is taken', { code: '23505', severity: 'ERROR' }, 412, 'conflict', null],
    ['a full disk', { code: '53100', severity: 'ERROR' }, 503, 'no-store', '30'],
    ['a number out of range', { code: '22003', severity: 'ERROR' }, 400, 'value', null],
    ['a bug of ours', { code: '42601', severity: 'ERROR' }, 500, 'exception', null],
  ]
  let app: TestApp
  let thrown: object = {}
  before(async () => {
    const fail = async (): Promise<never> => {
      throw Object.assign(new Error('select STERLING'), thrown)
    }
    const broken = { query: fail, execute: fail }
    app = await testApp()
    const { db } = app.store
    const other = await testApp({ app: { db: { ...db, read: broken } } })
    const { close } = app
    app = { ...other, close: async () => void (await Promise.all([close(), other.close()])) }
  })
  after(() => app.close())

  for (const [name, error, status, code, retryAfter] of cases) {
    test(`${name} is ${status} ${code}`, async () => {
      thrown = error as object
      const answer = await app.ask('/fhir/Patient/x')
      assert.deepEqual([answer.status, ...codesOf(answer)], [status, code])
      assert.equal(answer.headers.get('retry-after'), retryAfter)
      assert.doesNotMatch(answer.text + app.logged.join('\n'), /STERLING|select/)
    })
  }
})
