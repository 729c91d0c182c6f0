// Bulk exports (Bulk Data Access IG 2.0.0): kick-off, status, files, cancel, limits, and what is in the files.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { isObject, type JsonObject, type Resource } from '../../src/fhir/types.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { type Answer, baseUrl, codesOf, type TestApp, testApp, withScopes } from './setup.ts'

const asynchronous = { prefer: 'respond-async' }

const visit = (id: string, patient: string, extra: object = {}): Resource => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  class: { code: 'AMB' },
  subject: { reference: `Patient/${patient}` },
  ...extra,
})

const person = (id: string, extra: object = {}): Resource => ({
  resourceType: 'Patient',
  id,
  name: [{ family: 'Chen' }],
  gender: 'female',
  ...extra,
})

const group = (id: string, ...members: readonly object[]): Resource => ({
  resourceType: 'Group',
  id,
  type: 'person',
  actual: true,
  member: members,
})

const member = (id: string, extra: object = {}): object => ({
  entity: { reference: `Patient/${id}` },
  ...extra,
})

const stored: readonly Resource[] = [
  person('p1', { generalPractitioner: [{ reference: 'Practitioner/d2' }] }),
  person('p2', { gender: 'male', link: [{ type: 'seealso', other: { reference: 'Patient/p1' } }] }),
  person('p3'),
  { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Doe' }] },
  { resourceType: 'Practitioner', id: 'd2', name: [{ family: 'Roe' }] },
  { resourceType: 'Practitioner', id: 'd3', name: [{ family: 'Poe' }] },
  visit('e1', 'p1', { participant: [{ individual: { reference: 'Practitioner/d1' } }] }),
  visit('e2', 'p2', { status: 'planned' }),
  visit('e3', 'p3', { participant: [{ individual: { reference: 'Practitioner/d3' } }] }),
  group(
    'g1',
    member('p1'),
    member('p3', { inactive: true }),
    member('p2', { period: { end: '2026-01-31' } }),
  ),
  group('g2', { entity: { reference: 'Group/g1' } }, member('p3')),
  { resourceType: 'Basic', id: 'b1', code: { text: 'x' } },
]

const pathOf = (url: string): string => url.slice(baseUrl.length - '/fhir'.length)

interface Manifest {
  readonly transactionTime: string
  readonly request: string
  readonly requiresAccessToken: boolean
  readonly output: readonly { readonly type: string; readonly url: string; readonly count: number }[]
  readonly deleted: readonly { readonly type: string; readonly url: string; readonly count: number }[]
  readonly error: readonly unknown[]
}

async function untilDone(app: TestApp, begun: Answer): Promise<Answer> {
  assert.equal(begun.status, 202, begun.text)
  const path = pathOf(begun.headers.get('content-location') ?? '')
  for (;;) {
    const status = await app.ask(path)
    if (status.status !== 202) return status
    assert.match(status.headers.get('retry-after') ?? '', /^\d+$/)
    assert.ok((status.headers.get('x-progress') ?? '').length <= 100)
  }
}

async function exported(app: TestApp, path: string, body?: object): Promise<Manifest> {
  const how = body ? { method: 'POST', body, headers: asynchronous } : { headers: asynchronous }
  const done = await untilDone(app, await app.ask(path, how))
  assert.equal(done.status, 200, done.text)
  return done.body as unknown as Manifest
}

async function linesOf(app: TestApp, files: Manifest['output']): Promise<JsonObject[]> {
  const all: JsonObject[] = []
  for (const { url, count, type } of files) {
    const file = await app.ask(pathOf(url))
    assert.equal(file.status, 200, file.text)
    assert.equal(file.headers.get('content-type'), 'application/fhir+ndjson')
    assert.equal(Number(file.headers.get('content-length')), Buffer.byteLength(file.text))
    const lines = file.text.split('\n').filter((line) => line !== '')
    assert.equal(lines.length, count)
    for (const line of lines) {
      const resource: unknown = JSON.parse(line)
      assert.ok(isObject(resource) && resource.resourceType === type)
      all.push(resource)
    }
  }
  return all
}

const contentsOf = async (app: TestApp, path: string, body?: object): Promise<string> =>
  (await linesOf(app, (await exported(app, path, body)).output))
    .map(({ resourceType, id }) => `${resourceType}/${id}`)
    .sort()
    .join(' ')

const parametersOf = (...parameter: readonly object[]): object => ({ resourceType: 'Parameters', parameter })

describe('$export', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
    await app.writes.put(stored)
  })
  after(() => app.close())

  test('of the system is every resource with its version, in files by type', async () => {
    const manifest = await exported(app, '/fhir/$export')
    const all = await linesOf(app, manifest.output)
    assert.deepEqual(
      all.map(({ resourceType, id }) => `${resourceType}/${id}`).sort(),
      stored.map(({ resourceType, id }) => `${resourceType}/${id}`).sort(),
    )
    for (const { meta } of all) assert.ok(isObject(meta) && meta.versionId === '1' && meta.lastUpdated)
    assert.equal(manifest.request, `${baseUrl}/$export`)
    assert.equal(manifest.requiresAccessToken, true)
    assert.deepEqual([manifest.error, manifest.deleted], [[], []])
    assert.ok(!Number.isNaN(Date.parse(manifest.transactionTime)))
  })

  test('of patients is their compartments with what those refer to; masters of nobody stay away', async () => {
    const all = 'Encounter/e1 Encounter/e2 Encounter/e3 Group/g1 Group/g2 Patient/p1 Patient/p2 Patient/p3'
    const doctors = 'Practitioner/d1 Practitioner/d2 Practitioner/d3'
    assert.equal(await contentsOf(app, '/fhir/Patient/$export'), `${all} ${doctors}`)
  })

  test('of a Group is that of its members of today, also of Groups in it', async () => {
    const cases: Readonly<Record<string, string>> = {
      'g1/$export': 'Encounter/e1 Group/g1 Patient/p1 Practitioner/d1 Practitioner/d2',
      'g1/$export?_type=Patient,Encounter': 'Encounter/e1 Patient/p1',
      'g1/$export?_type=Encounter&_type=Practitioner': 'Encounter/e1 Practitioner/d1 Practitioner/d2',
      'g2/$export?_type=Patient': 'Patient/p1 Patient/p3',
    }
    for (const [path, wanted] of Object.entries(cases))
      assert.equal(await contentsOf(app, `/fhir/Group/${path}`), wanted, path)
  })

  test('POST takes Parameters; `patient` narrows an export to these patients', async () => {
    const one = parametersOf(
      { name: 'patient', valueReference: { reference: 'Patient/p2' } },
      { name: '_type', valueString: 'Patient,Encounter' },
    )
    assert.equal(await contentsOf(app, '/fhir/Patient/$export', one), 'Encounter/e2 Patient/p2')
    const member = parametersOf({ name: 'patient', valueReference: { reference: 'Patient/p1' } })
    assert.match(
      await contentsOf(app, '/fhir/Group/g2/$export', member),
      /^Encounter\/e1 Group\/g1 Patient\/p1 /,
    )
    const outsider = parametersOf({ name: 'patient', valueReference: { reference: 'Patient/p2' } })
    const refused = await app.ask('/fhir/Group/g1/$export', {
      method: 'POST',
      body: outsider,
      headers: asynchronous,
    })
    assert.equal(refused.status, 404)
  })

  test('_typeFilter keeps what any of its searches finds, and leaves other types alone', async () => {
    const cases: Readonly<Record<string, string>> = {
      '_type=Encounter&_typeFilter=Encounter%3Fstatus%3Dplanned': 'Encounter/e2',
      '_type=Patient,Encounter&_typeFilter=Encounter%3Fstatus%3Dplanned,Patient%3Fgender%3Dfemale':
        'Encounter/e2 Patient/p1 Patient/p3',
      '_type=Encounter&_typeFilter=Encounter%3Fstatus%3Dplanned,arrived&_typeFilter=Encounter%3F_id%3De1':
        'Encounter/e1 Encounter/e2',
      '_type=Encounter&_typeFilter=Encounter%3Fpatient.gender%3Dmale': 'Encounter/e2',
      '_type=Basic,Encounter&_typeFilter=Encounter%3Fstatus%3Darrived': 'Basic/b1',
    }
    for (const [query, wanted] of Object.entries(cases))
      assert.equal(await contentsOf(app, `/fhir/$export?${query}`), wanted, query)
    const patients = '/fhir/Patient/$export?_type=Encounter&_typeFilter=Encounter%3Fstatus%3Dplanned'
    assert.equal(await contentsOf(app, patients), 'Encounter/e2')
  })

  test('_elements leaves elements out, and says so', async () => {
    const { output } = await exported(app, '/fhir/$export?_type=Patient,Basic&_elements=Patient.gender')
    const all = await linesOf(app, output)
    const patient = all.find(({ id }) => id === 'p1')
    assert.deepEqual(Object.keys(patient ?? {}).sort(), ['gender', 'id', 'meta', 'resourceType'])
    assert.match(JSON.stringify(patient?.meta), /SUBSETTED/)
    assert.ok(all.find(({ id }) => id === 'b1')?.code)
  })

  test('every spelling of NDJSON is taken', async () => {
    for (const format of [
      'application/fhir%2Bndjson',
      'application/fhir+ndjson',
      'application/ndjson',
      'ndjson',
    ])
      await exported(app, `/fhir/$export?_type=Basic&_outputFormat=${format}`)
  })

  test('what is wrong with a kick-off is said, and lenient handling goes on without it', async () => {
    const cases: Readonly<Record<string, readonly [strict: number, lenient: number]>> = {
      '$export?_outputFormat=text/csv': [400, 400],
      '$export?_since=yesterday': [400, 400],
      '$export?_since=2026-03-02': [400, 400],
      '$export?_type=Basic,Nothing': [400, 202],
      '$export?_type=Nothing': [400, 400],
      '$export?_typeFilter=Basic%3Fnothing%3D1': [400, 202],
      '$export?_type=Basic&_typeFilter=Patient%3Fgender%3Dmale': [400, 202],
      '$export?_typeFilter=Patient%3F_sort%3Dname': [400, 202],
      '$export?_type=Basic&_elements=nothing': [400, 202],
      '$export?_type=Basic&includeAssociatedData=LatestProvenanceResources': [400, 202],
      '$export?_type=Basic&organizeOutputBy=Patient': [400, 202],
      'Patient/$export?_type=Practitioner': [400, 202],
      'Patient/$export?patient=Patient/p1': [400, 400],
      'Group/unknown/$export': [404, 404],
    }
    for (const [path, [strict, lenient]] of Object.entries(cases)) {
      for (const [prefer, wanted] of [
        ['respond-async', strict],
        ['respond-async, handling=lenient', lenient],
      ] as const) {
        const answer = await app.ask(`/fhir/${path}`, { headers: { prefer } })
        assert.equal(answer.status, wanted, `${path} ${prefer}: ${answer.text}`)
        assert.equal(answer.body.resourceType, 'OperationOutcome')
        if (wanted === 202) {
          assert.match(answer.text, /ignored/)
          await untilDone(app, answer)
          await app.ask(pathOf(answer.headers.get('content-location') ?? ''), { method: 'DELETE' })
        }
      }
    }
    assert.equal((await app.ask('/fhir/$export')).status, 400, 'without Prefer: respond-async')
  })

  test('a client exports what it may read, and nobody else sees the export', async () => {
    const site = acceptanceSite()
    const narrow = await testApp({ site: { ...site, ...withScopes(site, 'acceptance', 'system/Basic.rs') } })
    try {
      await narrow.writes.put(stored)
      assert.equal(await contentsOf(narrow, '/fhir/$export'), 'Basic/b1')
      const refused = await narrow.ask('/fhir/$export?_type=Patient', { headers: asynchronous })
      assert.equal(refused.status, 403)
      const begun = await narrow.ask('/fhir/$export', { headers: asynchronous })
      const path = pathOf(begun.headers.get('content-location') ?? '')
      const done = (await untilDone(narrow, begun)).body as unknown as Manifest
      const [file] = done.output
      const other = [...site.clients.keys()].find((id) => id !== 'acceptance')
      for (const each of [path, pathOf(file?.url ?? '')]) {
        assert.equal((await narrow.ask(each, { as: other ?? '' })).status, 404)
        assert.equal((await narrow.ask(each, { as: 'nobody' })).status, 401)
      }
    } finally {
      await narrow.close()
    }
  })

  test('a file is sent as gzip to whoever takes it, and is the same', async () => {
    const { output } = await exported(app, '/fhir/$export?_type=Patient')
    const path = pathOf(output[0]?.url ?? '')
    const plain = await app.ask(path)
    const http = await app.raw(path, { 'accept-encoding': 'br, gzip;q=0.8' })
    assert.equal(http.headers.get('content-encoding'), 'gzip')
    const packed = Buffer.from(await http.arrayBuffer())
    assert.equal(packed.length, Number(http.headers.get('content-length')))
    assert.equal(gunzipSync(packed).toString(), plain.text)
    const not = await app.raw(path, { 'accept-encoding': 'gzip;q=0' })
    assert.equal(not.headers.get('content-encoding'), null)
  })

  test('a cancelled export is gone, with its files', async () => {
    const begun = await app.ask('/fhir/$export?_type=Basic', { headers: asynchronous })
    const path = pathOf(begun.headers.get('content-location') ?? '')
    const { output } = (await untilDone(app, begun)).body as unknown as Manifest
    assert.equal((await app.ask(path, { method: 'DELETE' })).status, 202)
    for (const each of [path, pathOf(output[0]?.url ?? '')]) {
      const answer = await app.ask(each)
      assert.equal(answer.status, 404)
      assert.deepEqual(codesOf(answer), ['not-found'])
    }
    assert.equal((await app.ask(path, { method: 'DELETE' })).status, 404)
    const left = await app.store.db.read.query('left', `select from export_chunk where job = $1`, [
      path.split('/').at(-1),
    ])
    assert.equal(left.length, 0)
  })
})
