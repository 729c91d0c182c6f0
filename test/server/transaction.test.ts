// batch and transaction: order, references between entries, conditions, all or nothing, one version of each resource.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { type Answer, codesOf, type TestApp, testApp } from './setup.ts'

const mrn = 'urn:oid:2.16.840.1.113883.19.5.1'
const person = (value: string, extra: object = {}): JsonObject => ({
  resourceType: 'Patient',
  identifier: [{ system: mrn, value }],
  name: [{ family: 'Bundle' }],
  ...extra,
})
const flag = (subject: string, extra: object = {}): JsonObject => ({
  resourceType: 'Flag',
  status: 'active',
  code: { text: 'x' },
  subject: { reference: subject },
  ...extra,
})

interface EntryAnswer {
  readonly resource?: JsonObject
  readonly fullUrl?: string
  readonly response: {
    readonly status: string
    readonly location?: string
    readonly etag?: string
    readonly outcome?: JsonObject
  }
}

interface EntryAsk {
  readonly fullUrl?: string
  readonly resource?: object | undefined
  readonly [name: string]: unknown
}

describe('bundles', () => {
  let app: TestApp
  before(async () => {
    const site = acceptanceSite((written) => {
      const clients = written.clients as { id: string; scopes: string[] }[]
      for (const client of clients) {
        if (client.id === 'patient-app') client.scopes = ['user/Patient.cruds', 'user/Flag.r']
      }
      written.policy = { ...(written.policy as object), allowClientIds: true }
    })
    app = await testApp({ site })
  })
  after(() => app.close())

  let made = 0
  const fresh = (): string => `T${++made}`
  const entry = (method: string, url: string, rest: EntryAsk = {}): object => {
    const { fullUrl, resource, ...request } = rest
    return {
      ...(fullUrl && { fullUrl }),
      ...(resource && { resource }),
      request: { method, url, ...request },
    }
  }
  const post = (type: string, list: readonly object[], request: object = {}): Promise<Answer> =>
    app.ask('/fhir', { method: 'POST', body: { resourceType: 'Bundle', type, entry: list }, ...request })
  const answersOf = (answer: Answer): EntryAnswer[] => {
    assert.equal(answer.status, 200, answer.text)
    return answer.body.entry as EntryAnswer[]
  }
  const total = async (search: string): Promise<unknown> => (await app.ask(`/fhir/${search}`)).body.total

  test('references between entries become those of the result, also in narratives and URIs', async () => {
    const id = fresh()
    const uuid = 'urn:uuid:0d3f0f5a-0000-4000-8000-000000000001'
    const div = `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${uuid}">him</a></div>`
    const answer = await post('transaction', [
      entry('POST', 'Flag', { resource: flag(uuid, { text: { status: 'generated', div } }) }),
      entry('POST', 'Patient', { fullUrl: uuid, resource: person(id) }),
      entry('GET', `Patient?identifier=${mrn}|${id}`),
    ])
    const [flagged, patient, found] = answersOf(answer)
    assert.equal(answer.body.type, 'transaction-response')
    assert.deepEqual([flagged?.response.status, patient?.response.status], ['201 Created', '201 Created'])
    const name = `Patient/${patient?.resource?.id}`
    assert.deepEqual(flagged?.resource?.subject, { reference: name })
    assert.match(JSON.stringify(flagged?.resource?.text), new RegExp(`href=\\\\"${name}\\\\"`))
    assert.equal(patient?.response.location, `http://gateway.test/fhir/${name}/_history/1`)
    assert.equal(patient?.response.etag, 'W/"1"')
    assert.equal(found?.response.status, '200 OK')
    assert.equal(found?.resource?.total, 1)
    assert.equal(await total(`Flag?subject=${name}`), 1)
  })

  test('a reference to an entry that the Bundle has not is refused, and its place named', async () => {
    const [id, gone] = [fresh(), 'urn:uuid:0d3f0f5a-0000-4000-8000-00000000dead']
    const patient = entry('POST', 'Patient', { fullUrl: 'urn:uuid:1', resource: person(id) })
    const lost = flag('urn:uuid:1', { extension: [{ url: 'urn:x', valueReference: { reference: gone } }] })
    const patch = { resourceType: 'Parameters', parameter: [{ valueReference: { reference: gone } }] }
    const deleted = entry('DELETE', 'Flag/nowhere', { fullUrl: gone })
    const cases: readonly (readonly [object[], string])[] = [
      [[entry('POST', 'Flag', { resource: lost })], '.extension[0].valueReference.reference'],
      [[entry('PUT', 'Flag/f', { resource: flag(gone, { id: 'f' }) })], '.subject.reference'],
      [[entry('PATCH', 'Flag/f', { resource: patch })], '.parameter[0].valueReference.reference'],
      [[entry('POST', 'Flag', { resource: flag(gone) }), deleted], '.subject.reference'],
    ]
    for (const [list, place] of cases) {
      const answer = await post('transaction', [patient, ...list])
      assert.deepEqual([answer.status, ...codesOf(answer)], [400, 'not-found'], answer.text)
      const [issue] = answer.body.issue as JsonObject[]
      assert.deepEqual(issue?.expression, [`Bundle.entry[1].resource${place}`])
    }
    assert.equal(await total(`Patient?identifier=${mrn}|${id}`), 0)
  })

  test('entries of a batch cannot refer to each other: those that do are refused, the others are not', async () => {
    const id = fresh()
    const answers = answersOf(
      await post('batch', [
        entry('POST', 'Patient', { fullUrl: 'urn:uuid:1', resource: person(id) }),
        entry('POST', 'Flag', { resource: flag('urn:uuid:1') }),
        entry('POST', 'Flag/$validate', { resource: flag('urn:uuid:1') }),
      ]),
    )
    assert.deepEqual(
      answers.map(({ response }) => response.status),
      ['201 Created', '400 Bad Request', '200 OK'],
    )
    assert.match(JSON.stringify(answers[1]?.response.outcome), /Flag\.subject\.reference/)
  })

  test('what is deleted comes first, then what is made, then what is changed', async () => {
    const [a, b] = [fresh(), fresh()]
    const [first, second] = answersOf(
      await post('transaction', [
        entry('POST', 'Patient', { resource: person(a) }),
        entry('POST', 'Patient', { resource: person(b) }),
      ]),
    )
    const [idA, idB] = [first?.resource?.id, second?.resource?.id]
    const answers = answersOf(
      await post('transaction', [
        entry('PATCH', `Patient/${idB}`, {
          ifMatch: 'W/"1"',
          resource: {
            resourceType: 'Binary',
            contentType: 'application/json-patch+json',
            data: Buffer.from('[{"op":"add","path":"/gender","value":"male"}]').toString('base64'),
          },
        }),
        entry('POST', 'Flag', { resource: flag(`Patient/${idB}`) }),
        entry('DELETE', `Patient/${idA}`),
      ]),
    )
    assert.deepEqual(
      answers.map(({ response }) => response.status),
      ['200 OK', '201 Created', '204 No Content'],
    )
    assert.equal(answers[0]?.resource?.gender, 'male')
    assert.equal((await app.ask(`/fhir/Patient/${idA}`)).status, 410)
  })

  test('all or nothing: what refuses one entry leaves nothing of the others, and is named', async () => {
    const id = fresh()
    const before = await total('Flag')
    const cases: readonly (readonly [object, number, string])[] = [
      [
        entry('PUT', 'Slot/nowhere', { resource: { resourceType: 'Slot', id: 'else', status: 'free' } }),
        422,
        'required',
      ],
      [entry('POST', 'Flag', { resource: { ...flag('Patient/1'), status: 'x' } }), 422, 'code-invalid'],
      [
        entry('PUT', 'Patient/x1', { resource: person(fresh(), { id: 'x1' }), ifMatch: 'W/"3"' }),
        412,
        'conflict',
      ],
      [entry('DELETE', 'Flag/nowhere', { ifMatch: 'W/"1"' }), 404, 'not-found'],
      [entry('POST', 'Flag', { resource: flag('Patient?identifier=nobody') }), 400, 'not-found'],
      [entry('POST', 'Flag', { resource: flag('Patient?family=bundle') }), 412, 'multiple-matches'],
      [entry('POST', 'Nonsense', { resource: flag('Patient/1') }), 404, 'not-supported'],
      [entry('POST', 'Provenance', { resource: flag('Patient/1') }), 405, 'not-supported'],
      [entry('POST', 'Flag', { resource: person('1') }), 400, 'invalid'],
      [entry('POST', 'https://elsewhere.example/Flag', { resource: flag('Patient/1') }), 400, 'invalid'],
      [entry('POST', 'Flag'), 400, 'invalid'],
      [entry('POST', '/', { resource: flag('Patient/1') }), 400, 'invalid'],
    ]
    for (const [bad, status, code] of cases) {
      const answer = await post('transaction', [
        entry('POST', 'Patient', { resource: person(id) }),
        entry('POST', 'Flag', { resource: flag('Patient/1') }),
        bad,
      ])
      assert.deepEqual(
        [answer.status, codesOf(answer)[0]],
        [status, code],
        `${JSON.stringify(bad)} ${answer.text}`,
      )
      assert.match(answer.text, /entry 3|Bundle\.entry|conditional reference/)
    }
    assert.equal(await total(`Patient?identifier=${mrn}|${id}`), 0)
    assert.equal(await total('Flag'), before)
  })

  test('two entries about one resource refuse the transaction', async () => {
    const id = fresh()
    const twice: readonly (readonly object[])[] = [
      [
        entry('POST', 'Patient', { resource: person(id) }),
        entry('POST', 'Patient', { resource: person(id) }),
      ],
      [
        entry('POST', 'Basic', {
          resource: { resourceType: 'Basic', code: { text: id } },
          ifNoneExist: `identifier=urn:x|${id}`,
        }),
        entry('PUT', `Basic?identifier=urn:x|${id}`, {
          resource: { resourceType: 'Basic', code: { text: id } },
        }),
      ],
      [
        entry('PUT', 'Basic/b1', { resource: { resourceType: 'Basic', id: 'b1', code: { text: 'a' } } }),
        entry('DELETE', 'Basic/b1'),
      ],
    ]
    for (const list of twice) {
      const answer = await post('transaction', list)
      assert.equal(answer.status >= 400 && answer.status < 500, true, answer.text)
    }
    assert.equal(await total(`Patient?identifier=${mrn}|${id}`), 0)
  })

  test('one version of each resource, whatever refers to it, and none when nothing changes', async () => {
    const bundle = [
      entry('PUT', 'Basic/once', {
        resource: {
          resourceType: 'Basic',
          id: 'once',
          code: { text: 'a' },
          subject: { reference: 'Patient/1' },
        },
      }),
      entry('PUT', 'Flag/once', { resource: flag('Patient/1', { id: 'once' }), ifNoneMatch: '*' }),
    ]
    const [basic] = answersOf(await post('transaction', bundle))
    assert.deepEqual([basic?.response.status, basic?.response.etag], ['201 Created', 'W/"1"'])
    const again = answersOf(
      await post('transaction', [
        entry('PUT', 'Basic/once', { resource: basic?.resource, ifMatch: 'W/"1"' }),
      ]),
    )
    assert.deepEqual([again[0]?.response.status, again[0]?.response.etag], ['200 OK', 'W/"1"'])
    assert.equal((await app.ask('/fhir/Basic/once/_history')).body.total, 1)
    const exists = await post('transaction', bundle.slice(1))
    assert.equal(exists.status, 412)
  })

  test('conditional create, update, delete and references', async () => {
    const id = fresh()
    const criteria = `identifier=${mrn}|${id}`
    const create = entry('POST', 'Patient', {
      fullUrl: 'urn:uuid:1',
      resource: person(id),
      ifNoneExist: criteria,
    })
    const bundle = [
      create,
      entry('POST', 'Flag', { resource: flag(`Patient?${criteria}`) }),
      entry('POST', 'Flag', { resource: flag('urn:uuid:1') }),
    ]
    const first = answersOf(await post('transaction', bundle))
    assert.deepEqual(
      first.map(({ response }) => response.status),
      ['201 Created', '201 Created', '201 Created'],
    )
    const second = answersOf(await post('transaction', bundle))
    assert.deepEqual(
      second.map(({ response }) => response.status),
      ['200 OK', '201 Created', '201 Created'],
    )
    const name = `Patient/${first[0]?.resource?.id}`
    assert.equal(second[0]?.resource?.id, first[0]?.resource?.id)
    for (const each of [...first.slice(1), ...second.slice(1)])
      assert.deepEqual(each.resource?.subject, { reference: name })
    // Types without a registry of identifiers are found, too.
    const place = {
      resourceType: 'Location',
      name: 'Somewhere',
      identifier: [{ system: 'urn:loc', value: id }],
    }
    const location = (): object =>
      entry('POST', 'Location', { resource: place, ifNoneExist: `identifier=urn:loc|${id}` })
    assert.equal(answersOf(await post('transaction', [location()]))[0]?.response.status, '201 Created')
    assert.equal(answersOf(await post('transaction', [location()]))[0]?.response.status, '200 OK')
    const update = entry('PUT', `Location?identifier=urn:loc|${id}`, {
      resource: { ...place, name: 'Elsewhere' },
      ifMatch: 'W/"1"',
    })
    assert.equal(answersOf(await post('transaction', [update]))[0]?.resource?.name, 'Elsewhere')
    const gone = answersOf(await post('transaction', [entry('DELETE', `Location?identifier=urn:loc|${id}`)]))
    assert.equal(gone[0]?.response.status, '204 No Content')
  })

  test('many clients that create the same thing at once make one', async () => {
    const id = fresh()
    const place = { resourceType: 'Location', name: 'Race', identifier: [{ system: 'urn:loc', value: id }] }
    const create = entry('POST', 'Location', { resource: place, ifNoneExist: `identifier=urn:loc|${id}` })
    const all = await Promise.all(Array.from({ length: 8 }, () => post('transaction', [create])))
    const statuses = all.map((answer) => answersOf(answer)[0]?.response.status).sort()
    assert.deepEqual(statuses, [...Array(7).fill('200 OK'), '201 Created'])
    assert.equal(await total(`Location?identifier=urn:loc|${id}`), 1)
  })

  test('scopes hold for every entry', async () => {
    const list = [
      entry('POST', 'Patient', { resource: person(fresh()) }),
      entry('POST', 'Flag', { resource: flag('Patient/1') }),
    ]
    const answer = await post('transaction', list, { as: 'patient-app' })
    assert.deepEqual([answer.status, ...codesOf(answer)], [403, 'forbidden'])
    const batch = answersOf(await post('batch', list, { as: 'patient-app' }))
    assert.deepEqual(
      batch.map(({ response }) => response.status),
      ['201 Created', '403 Forbidden'],
    )
  })

  test('the entries of a batch stand for themselves', async () => {
    const id = fresh()
    const answers = answersOf(
      await post('batch', [
        entry('POST', 'Patient', { resource: person(id) }),
        entry('GET', 'Patient/nobody'),
        entry('DELETE', 'Flag/nowhere'),
        entry('POST', 'Flag', { resource: { resourceType: 'Flag' } }),
        { resource: flag('Patient/1'), request: { method: 'POST', url: 'http://gateway.test/fhir/Flag' } },
        entry('GET', 'metadata'),
      ]),
    )
    assert.deepEqual(
      answers.map(({ response }) => response.status),
      ['201 Created', '404 Not Found', '204 No Content', '422 Unprocessable Entity', '201 Created', '200 OK'],
    )
    assert.equal(answers[1]?.response.outcome?.resourceType, 'OperationOutcome')
    assert.ok(isObject(answers[0]?.resource))
    assert.equal(await total(`Patient?identifier=${mrn}|${id}`), 1)
  })

  test('Prefer: return=minimal leaves the resources out', async () => {
    const [answer] = answersOf(
      await post('transaction', [entry('POST', 'Patient', { resource: person(fresh()) })], {
        headers: { prefer: 'return=minimal' },
      }),
    )
    assert.deepEqual([answer?.resource, answer?.response.status], [undefined, '201 Created'])
  })

  test('a transaction with an Idempotency-Key is carried out once', async () => {
    const request = { headers: { 'idempotency-key': 'tx-1' } }
    const list = [entry('POST', 'Flag', { resource: flag('Patient/idem') })]
    const [first] = answersOf(await post('transaction', list, request))
    const [second] = answersOf(await post('transaction', list, request))
    assert.equal(first?.resource?.id, second?.resource?.id)
    assert.equal(await total('Flag?subject=Patient/idem'), 1)
  })

  test('what is no Bundle to carry out is refused (J05)', async () => {
    const cases: readonly (readonly [unknown, number])[] = [
      [person('1'), 400],
      [{ resourceType: 'Bundle', type: 'collection' }, 400],
      [{ resourceType: 'Bundle' }, 400],
      [{ resourceType: 'Bundle', type: 'batch', entry: [{ resource: person('1') }] }, 400],
      [{ resourceType: 'Bundle', type: 'batch', total: 3 }, 422],
      [{ resourceType: 'Bundle', type: 'batch', entry: Array(1_001).fill(entry('GET', 'metadata')) }, 413],
      [
        {
          resourceType: 'Bundle',
          type: 'transaction',
          entry: [entry('GET', 'a', { fullUrl: 'urn:uuid:1' }), entry('GET', 'b', { fullUrl: 'urn:uuid:1' })],
        },
        422,
      ],
    ]
    for (const [body, status] of cases)
      assert.equal(
        (await app.ask('/fhir', { method: 'POST', body })).status,
        status,
        JSON.stringify(body).slice(0, 80),
      )
    assert.deepEqual((await post('batch', [])).body.entry, undefined)
  })

  test('a hundred entries are one transaction', async () => {
    const list = Array.from({ length: 100 }, (_, i) =>
      entry('POST', 'Patient', { fullUrl: `urn:uuid:${i}`, resource: person(fresh()) }),
    )
    const began = performance.now()
    const answers = answersOf(
      await post('transaction', [
        ...list,
        ...list.map((_, i) => entry('POST', 'Flag', { resource: flag(`urn:uuid:${i}`) })),
      ]),
    )
    assert.ok(answers.every(({ response }) => response.status === '201 Created'))
    assert.ok(performance.now() - began < 10_000)
  })
})
