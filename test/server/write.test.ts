// create, update, patch, delete and their conditional forms over HTTP, through the real pipeline; hostile bodies (J01 to J11).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Answer, codesOf, entriesOf, type TestApp, testApp } from './setup.ts'

const mrn = 'urn:oid:2.16.840.1.113883.19.5.1'
const patchType = { 'content-type': 'application/json-patch+json' }

const patient = (value: string, extra: object = {}): object => ({
  resourceType: 'Patient',
  identifier: [
    {
      system: mrn,
      value,
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
    },
  ],
  name: [{ family: 'STERLING', given: ['MARIA'] }],
  gender: 'female',
  ...extra,
})

describe('writing', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
  })
  after(() => app.close())

  const post = (
    body: unknown,
    headers: Record<string, string> = {},
    path = '/fhir/Patient',
  ): Promise<Answer> => app.ask(path, { method: 'POST', body, headers })
  const pathOf = ({ headers }: Answer): string =>
    (headers.get('location') ?? '').replace('http://gateway.test', '').replace(/\/_history\/\d+$/, '')

  test('create answers 201 with Location, ETag and the resource as it is stored', async () => {
    const answer = await post(
      patient('C1', { id: 'mine', meta: { versionId: '99', lastUpdated: '2001-01-01T00:00:00Z' } }),
    )
    assert.equal(answer.status, 201, answer.text)
    assert.match(
      answer.headers.get('location') ?? '',
      /^http:\/\/gateway\.test\/fhir\/Patient\/[A-Za-z0-9.-]+\/_history\/1$/,
    )
    assert.equal(answer.headers.get('etag'), 'W/"1"')
    assert.notEqual(answer.body.id, 'mine')
    assert.match(answer.text, /"versionId":"1"/)
    assert.doesNotMatch(answer.text, /2001-01-01/)
    const read = await app.ask(pathOf(answer))
    assert.equal(read.status, 200)
    assert.deepEqual(read.body, answer.body)
    assert.equal((await app.ask(`/fhir/Patient?identifier=${mrn}|C1`)).body.total, 1)
  })

  test('Prefer says what a write answers with', async () => {
    const minimal = await post(patient('P1'), { prefer: 'return=minimal' })
    assert.deepEqual([minimal.status, minimal.text], [201, ''])
    assert.notEqual(pathOf(minimal), '')
    const outcome = await post(patient('P2'), { prefer: 'return=OperationOutcome' })
    assert.deepEqual([outcome.status, outcome.body.resourceType], [201, 'OperationOutcome'])
    assert.equal(
      (await post(patient('P3'), { prefer: 'return=representation' })).body.resourceType,
      'Patient',
    )
  })

  test('If-None-Exist finds instead of creating twice', async () => {
    const first = await post(patient('N1'), { 'if-none-exist': `identifier=${mrn}|N1` })
    assert.equal(first.status, 201)
    const second = await post(patient('N1'), {
      'if-none-exist': `identifier=${encodeURIComponent(`${mrn}|N1`)}`,
    })
    assert.equal(second.status, 200)
    assert.equal(second.body.id, first.body.id)
    // Any criteria that are understood; a create that they do not make needless is one like any other.
    for (const header of ['family=sterling&identifier=N1', `identifier=${mrn}|N1,${mrn}|N2`])
      assert.equal((await post(patient('N1'), { 'if-none-exist': header })).status, 200, header)
    for (const header of ['family=nobody', `identifier=${mrn}|N1&active=false`])
      assert.equal((await post(patient('N1'), { 'if-none-exist': header })).status, 409, header)
    for (const header of ['nonsense=1', '', 'birthdate=x', '_count=1'])
      assert.equal((await post(patient('N1'), { 'if-none-exist': header })).status, 400, header)
  })

  test('update demands the version it is based on', async () => {
    const created = await post(patient('U1'))
    const path = pathOf(created)
    const next = { ...created.body, gender: 'male' }
    const put = (headers: Record<string, string>, body: unknown = next): Promise<Answer> =>
      app.ask(path, { method: 'PUT', body, headers })
    assert.deepEqual([(await put({})).status], [428])
    const stale = await put({ 'if-match': 'W/"7"' })
    assert.deepEqual([stale.status, ...codesOf(stale)], [412, 'conflict'])
    for (const header of ['7', 'W/"x"', '*', 'W/"1", W/"2"', '']) {
      assert.ok([400, 428].includes((await put({ 'if-match': header })).status), header)
    }
    const done = await put({ 'if-match': 'W/"1"' })
    assert.equal(done.status, 200, done.text)
    assert.equal(done.headers.get('etag'), 'W/"2"')
    assert.equal(done.body.gender, 'male')
    const same = await put({ 'if-match': 'W/"2"' })
    assert.deepEqual([same.status, same.headers.get('etag')], [200, 'W/"2"'], 'no change, no version')
  })

  test('the id of the body is that of the URL', async () => {
    const created = await post(patient('I1'))
    const answer = await app.ask(pathOf(created), {
      method: 'PUT',
      body: { ...created.body, id: 'other' },
      headers: { 'if-match': 'W/"1"' },
    })
    assert.deepEqual([answer.status, ...codesOf(answer)], [400, 'invalid'])
    assert.equal(
      (
        await app.ask(pathOf(created), {
          method: 'PUT',
          body: patient('I1'),
          headers: { 'if-match': 'W/"1"' },
        })
      ).status,
      400,
    )
  })

  test('a JSON Patch changes what it names, on the version it is based on', async () => {
    const created = await post(patient('J1', { address: [{ city: 'A' }, { city: 'B' }] }))
    const patch = (
      body: unknown,
      version = 1,
      headers: Record<string, string> = patchType,
    ): Promise<Answer> =>
      app.ask(pathOf(created), {
        method: 'PATCH',
        body,
        headers: { ...headers, 'if-match': `W/"${version}"` },
      })
    const done = await patch([{ op: 'replace', path: '/address/0/city', value: 'CHATHAM' }])
    assert.equal(done.status, 200, done.text)
    assert.match(done.text, /CHATHAM/)
    const cases: readonly [string, unknown, number][] = [
      ['stale', [{ op: 'remove', path: '/gender' }], 412],
      ['no such path', [{ op: 'remove', path: '/photo' }], 422],
      ['makes it invalid', [{ op: 'replace', path: '/gender', value: 'x' }], 422],
      ['changes the id', [{ op: 'replace', path: '/id', value: 'x' }], 422],
      ['changes the type', [{ op: 'replace', path: '/resourceType', value: 'Device' }], 422],
      ['a test that fails', [{ op: 'test', path: '/gender', value: 'male' }], 412],
      ['no array', { op: 'remove', path: '/gender' }, 400],
      ['unknown op', [{ op: 'merge', path: '/gender', value: 1 }], 400],
      ['an op of Object.prototype', [{ op: 'toString', path: '/gender' }], 400],
      ['a path to the prototype', [{ op: 'add', path: '/__proto__/polluted', value: 1 }], 400],
      [
        'an escaped path to the prototype',
        [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }],
        400,
      ],
      [
        'too many',
        Array.from({ length: 101 }, () => ({ op: 'test', path: '/gender', value: 'female' })),
        400,
      ],
      [
        'doubling',
        Array.from({ length: 60 }, () => ({ op: 'copy', from: '/address', path: '/address/-' })),
        422,
      ],
      ['the whole resource', [{ op: 'replace', path: '', value: {} }], 400],
      ['into itself', [{ op: 'move', from: '/address', path: '/address/0/x' }], 422],
      ['a huge index', [{ op: 'add', path: '/address/999999999', value: {} }], 400],
    ]
    for (const [name, body, status] of cases) {
      const answer = await patch(body, name === 'stale' ? 1 : 2)
      assert.equal(answer.status, status, `${name}: ${answer.text}`)
      assert.equal(answer.body.resourceType, 'OperationOutcome', name)
    }
    assert.equal((await patch([], 2, { 'content-type': 'application/json' })).status, 415)
    assert.equal(Object.keys(Object.prototype).length, 0)
    assert.equal((await app.ask(pathOf(created))).headers.get('etag'), 'W/"2"', 'nothing half-applied')
  })

  test('conditional update, patch and delete act on the one match', async () => {
    const query = `/fhir/Patient?identifier=${mrn}|K1`
    const made = await app.ask(query, { method: 'PUT', body: patient('K1') })
    assert.equal(made.status, 201, made.text)
    const unconditional = await app.ask(query, { method: 'PUT', body: patient('K1', { gender: 'male' }) })
    assert.equal(unconditional.status, 428)
    const changed = await app.ask(query, {
      method: 'PUT',
      body: patient('K1', { gender: 'male' }),
      headers: { 'if-match': 'W/"1"' },
    })
    assert.deepEqual([changed.status, changed.body.id, changed.body.gender], [200, made.body.id, 'male'])
    const patched = await app.ask(query, {
      method: 'PATCH',
      body: [{ op: 'replace', path: '/gender', value: 'female' }],
      headers: { ...patchType, 'if-match': 'W/"2"' },
    })
    assert.deepEqual([patched.status, patched.body.gender], [200, 'female'])
    assert.equal((await app.ask(query, { method: 'DELETE' })).status, 204)
    assert.equal((await app.ask(pathOf(made))).status, 410)
    assert.equal((await app.ask(query, { method: 'DELETE' })).status, 204)
    assert.equal(
      (await app.ask(query, { method: 'PATCH', body: [], headers: { ...patchType, 'if-match': 'W/"1"' } }))
        .status,
      404,
    )
  })

  test('a conditional write never acts on several, on all, or on what it does not understand', async () => {
    await post(patient('M1'))
    await post(patient('M2'))
    const cases: Readonly<Record<string, readonly [number, string]>> = {
      '?family=sterling': [412, 'multiple-matches'],
      '': [400, 'invalid'],
      '?_count=1': [400, 'invalid'],
      [`?identifier=${mrn}|M1&nonsense=1`]: [400, 'not-supported'],
    }
    for (const [query, [status, code]] of Object.entries(cases)) {
      const answer = await app.ask(`/fhir/Patient${query}`, { method: 'DELETE' })
      assert.deepEqual([answer.status, ...codesOf(answer)], [status, code], query)
    }
  })

  test('delete hides the resource and keeps its history', async () => {
    const created = await post(patient('D1'))
    assert.equal(
      (await app.ask(pathOf(created), { method: 'DELETE', headers: { 'if-match': 'W/"9"' } })).status,
      412,
    )
    const deleted = await app.ask(pathOf(created), { method: 'DELETE' })
    assert.deepEqual([deleted.status, deleted.text], [204, ''])
    assert.equal((await app.ask(pathOf(created))).status, 410)
    assert.equal((await app.ask(`/fhir/Patient?identifier=${mrn}|D1`)).body.total, 0)
    const history = await app.ask(`${pathOf(created)}/_history`)
    assert.deepEqual(
      entriesOf(history).map(({ request }) => request?.method),
      ['DELETE', 'POST'],
    )
  })

  test('scopes: what a client may not do is 403, by letter and type', async () => {
    const created = await post(patient('S1'))
    const cases: readonly [string, string, string, number][] = [
      ['ehr', 'POST', '/fhir/Patient', 403],
      ['ehr', 'PUT', pathOf(created), 403],
      ['ehr', 'DELETE', pathOf(created), 403],
      ['portal', 'POST', '/fhir/Patient', 403],
      ['portal', 'DELETE', pathOf(created), 403],
      ['portal', 'GET', '/fhir/Coverage', 403],
      ['portal', 'GET', pathOf(created), 200],
      ['patient-app', 'GET', pathOf(created), 403],
      ['ADT1|GHH', 'GET', pathOf(created), 403],
      ['nobody', 'GET', pathOf(created), 401],
    ]
    for (const [as, method, path, status] of cases) {
      const answer = await app.ask(path, {
        as,
        method,
        ...(method === 'GET' || method === 'DELETE' ? {} : { body: patient('S1') }),
      })
      assert.equal(answer.status, status, `${as} ${method} ${path}`)
      assert.deepEqual(codesOf(answer), status === 200 ? [] : [status === 401 ? 'login' : 'forbidden'])
    }
  })

  test('bodies that are no resource are refused with one OperationOutcome, and change nothing', async () => {
    const count = async () => (await app.ask('/fhir/Patient?_count=0')).body.total
    const before = await count()
    const deep = `{"resourceType":"Patient","extension":${'[{"extension":'.repeat(5_000)}[]${'}]'.repeat(5_000)}}`
    const cases: readonly [string, string, number][] = [
      ['not JSON (H)', '{"resourceType":"Patient"', 400],
      ['nothing', '', 400],
      ['null', 'null', 400],
      ['an array', '[]', 400],
      ['depth (J01)', deep, 400],
      ['a bare abyss (J01)', '['.repeat(1_000_000), 400],
      ['a name twice (J02)', '{"resourceType":"Patient","gender":"male","gender":"female"}', 400],
      ['__proto__ (J03)', '{"resourceType":"Patient","__proto__":{"x":1}}', 400],
      ['constructor (J03)', '{"resourceType":"Patient","name":[{"constructor":{"x":1}}]}', 400],
      [
        'a number that is too long (J04)',
        `{"resourceType":"Invoice","status":"issued","totalNet":{"value":1e400}}`,
        400,
      ],
      ['another type', '{"resourceType":"Device"}', 400],
      ['an unknown type', '{"resourceType":"Nonsense"}', 400],
      ['an unknown element', '{"resourceType":"Patient","nonsense":1}', 400],
      ['a wrong code', '{"resourceType":"Patient","gender":"x"}', 422],
      ['a day that does not exist', '{"resourceType":"Patient","birthDate":"2026-02-30"}', 422],
      ['NUL (H07)', '{"resourceType":"Patient","name":[{"family":"A\\u0000B"}]}', 400],
      ['half a surrogate pair (H07)', '{"resourceType":"Patient","name":[{"family":"A\\ud800"}]}', 400],
      [
        'a script in the narrative (J07)',
        '{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><script>1</script></div>"}}',
        422,
      ],
      [
        'base64 that would hang the regex of the specification (J06)',
        `{"resourceType":"Patient","photo":[{"data":"${'AAAA'.repeat(3_000)}!"}]}`,
        422,
      ],
    ]
    for (const [name, body, status] of cases) {
      const answer = await post(body)
      assert.equal(answer.status, status, `${name}: ${answer.status} ${answer.text.slice(0, 300)}`)
      assert.equal(answer.body.resourceType, 'OperationOutcome', name)
      assert.doesNotMatch(answer.text, /node_modules|\.ts:\d|SELECT|at Object/i, name)
    }
    assert.equal(await count(), before)
    assert.equal(Object.keys(Object.prototype).length, 0)
  })

  test('media types, charsets and compressed bodies other than ours are 415 (J11)', async () => {
    const body = JSON.stringify(patient('T1'))
    const refused: readonly [Record<string, string>, string | Uint8Array][] = [
      [{ 'content-type': 'text/plain' }, body],
      [{ 'content-type': 'application/fhir+turtle' }, body],
      [{ 'content-type': '' }, body],
      [{ 'content-type': 'application/fhir+json; charset=utf-16' }, body],
      [{ 'content-type': 'application/fhir+json; charset=utf-7' }, body],
      [{ 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(10_000_000))],
      [{ 'content-encoding': 'br' }, body],
      [{ 'content-encoding': 'gzip, gzip' }, body],
    ]
    for (const [headers, content] of refused) {
      const answer = await post(content, headers)
      assert.deepEqual([answer.status, ...codesOf(answer)], [415, 'not-supported'], JSON.stringify(headers))
    }
    for (const type of [
      'application/json',
      'application/fhir+json; charset=UTF-8',
      'application/fhir+json;fhirVersion=4.0',
    ]) {
      assert.equal((await post(patient(`T-${type.length}`), { 'content-type': type })).status, 201, type)
    }
  })

  test('a body beyond the limit is 413, whatever its Content-Length says', async () => {
    const large = Buffer.alloc(16 * 1_048_576 + 1, ' ')
    assert.deepEqual([(await post(large)).status], [413])
  })

  test('$validate says what a write would be told, and writes nothing', async () => {
    const ask = (body: unknown): Promise<Answer> =>
      app.ask('/fhir/Patient/$validate', { method: 'POST', body })
    const good = await ask(patient('V1'))
    assert.deepEqual([good.status, ...codesOf(good)], [200, 'informational'])
    const bad = await ask(patient('V1', { gender: 'x' }))
    assert.deepEqual([bad.status, ...codesOf(bad)], [200, 'code-invalid'])
    const wrapped = await ask({
      resourceType: 'Parameters',
      parameter: [{ name: 'resource', resource: patient('V1', { gender: 'x' }) }],
    })
    assert.deepEqual(codesOf(wrapped), ['code-invalid'])
    assert.equal((await ask('{')).status, 400)
    assert.equal((await app.ask(`/fhir/Patient?identifier=${mrn}|V1`)).body.total, 0)
  })

  test('$lineage names the source of each value', async () => {
    const created = await post(patient('L1'))
    const answer = await app.ask(`${pathOf(created)}/$lineage?path=gender`)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.body.resourceType, 'Parameters')
    const parameters = answer.body.parameter as {
      name: string
      part: { name: string; valueString?: string }[]
    }[]
    const [value] = parameters.filter(({ name }) => name === 'value')
    assert.equal(value?.part.find(({ name }) => name === 'source')?.valueString, 'acceptance')
    assert.equal((await app.ask('/fhir/Patient/none/$lineage')).status, 404)
    assert.equal((await app.ask(`${pathOf(created)}/$lineage?path=';--`)).status, 400)
    assert.equal((await app.ask(`${pathOf(created)}/$lineage`, { as: 'patient-app' })).status, 403)
  })

  test('no log line has a value of a resource', () => {
    assert.doesNotMatch(app.logged.join('\n'), /STERLING|MARIA|CHATHAM/)
  })
})
