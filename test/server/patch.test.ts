// The three forms of a patch, and XML on the wire: each on the version that it is based on, valid afterwards.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { JsonObject } from '../../src/fhir/types.ts'
import { applyFhirPatch, parseFhirPatch } from '../../src/server/fhir/fhirpath-patch.ts'
import { applyMergePatch } from '../../src/server/fhir/merge-patch.ts'
import { codesOf, type TestApp, testApp } from './setup.ts'

type Part = readonly [name: string, value: object]
const operation = (type: string, path: string, ...parts: readonly Part[]): object => ({
  name: 'operation',
  part: [
    { name: 'type', valueCode: type },
    { name: 'path', valueString: path },
    ...parts.map(([name, value]) => ({ name, ...value })),
  ],
})
const parameters = (...operations: readonly object[]): object => ({
  resourceType: 'Parameters',
  parameter: operations,
})

const base: JsonObject = {
  resourceType: 'Patient',
  active: true,
  gender: 'male',
  birthDate: '1980-01-01',
  name: [
    { use: 'official', family: 'A', given: ['x', 'y'] },
    { use: 'usual', given: ['z'] },
  ],
  contact: [{ gender: 'male' }],
}

const cases: readonly (readonly [string, object, (next: JsonObject) => unknown, unknown])[] = [
  [
    'add an element',
    operation('add', 'Patient', ['name', { valueString: 'language' }], ['value', { valueCode: 'de' }]),
    (p) => p.language,
    'de',
  ],
  [
    'add to a list',
    operation('add', 'Patient.name[1]', ['name', { valueString: 'given' }], ['value', { valueString: 'q' }]),
    (p) => p.name,
    [base.name, { use: 'usual', given: ['z', 'q'] }],
  ],
  [
    'add an element of parts',
    operation(
      'add',
      'Patient',
      ['name', { valueString: 'contact' }],
      [
        'value',
        {
          part: [
            { name: 'gender', valueCode: 'female' },
            { name: 'name', valueHumanName: { text: 'N' } },
          ],
        },
      ],
    ),
    (p) => p.contact,
    [{ gender: 'male' }, { gender: 'female', name: { text: 'N' } }],
  ],
  [
    'add a choice',
    operation('add', 'Patient', ['name', { valueString: 'deceased' }], ['value', { valueBoolean: true }]),
    (p) => p.deceasedBoolean,
    true,
  ],
  [
    'replace',
    operation('replace', 'Patient.birthDate', ['value', { valueDate: '1990-02-02' }]),
    (p) => p.birthDate,
    '1990-02-02',
  ],
  [
    'replace where',
    operation('replace', "Patient.name.where(use = 'usual').given[0]", ['value', { valueString: 'w' }]),
    (p) => JSON.stringify(p.name).includes('"given":["w"]'),
    true,
  ],
  [
    'insert',
    operation(
      'insert',
      'Patient.name[0].given',
      ['value', { valueString: 'i' }],
      ['index', { valueInteger: 1 }],
    ),
    (p) => JSON.stringify(p.name).includes('["x","i","y"]'),
    true,
  ],
  [
    'move',
    operation('move', 'Patient.name', ['source', { valueInteger: 1 }], ['destination', { valueInteger: 0 }]),
    (p) => JSON.stringify(p.name).startsWith('[{"use":"usual"'),
    true,
  ],
  ['delete', operation('delete', 'Patient.gender'), (p) => 'gender' in p, false],
  ['delete the last of a list', operation('delete', 'Patient.contact[0]'), (p) => 'contact' in p, false],
  ['delete nothing', operation('delete', 'Patient.maritalStatus'), (p) => p.gender, 'male'],
]

describe('FHIRPath Patch', () => {
  for (const [name, change, look, expected] of cases) {
    test(name, () => {
      const parsed = parseFhirPatch(parameters(change))
      assert.ok('changes' in parsed, JSON.stringify(parsed))
      const before = JSON.stringify(base)
      const patched = applyFhirPatch(base, parsed.changes)
      assert.ok('next' in patched, JSON.stringify(patched))
      const found = look(patched.next)
      if (name === 'add to a list') assert.deepEqual((found as unknown[])[1], (expected as unknown[])[1])
      else assert.deepEqual(found, expected)
      assert.equal(JSON.stringify(base), before)
    })
  }

  test('what it cannot do is refused, and nothing of it done', () => {
    const bad: readonly object[] = [
      operation('replace', 'Patient.maritalStatus', ['value', { valueCode: 'x' }]),
      operation('replace', 'Patient', ['value', { valueCode: 'x' }]),
      operation('replace', 'Observation.status', ['value', { valueCode: 'x' }]),
      operation('replace', 'Patient.name.given', ['value', { valueString: 'x' }]),
      operation('replace', 'Patient.name.select(given)', ['value', { valueString: 'x' }]),
      operation('delete', 'Patient.name'),
      operation('add', 'Patient', ['name', { valueString: 'gender' }], ['value', { valueCode: 'other' }]),
      operation('add', 'Patient', ['name', { valueString: 'colour' }], ['value', { valueCode: 'red' }]),
      operation('insert', 'Patient.name', ['value', { valueString: 'x' }], ['index', { valueInteger: 9 }]),
      operation(
        'move',
        'Patient.name',
        ['source', { valueInteger: 9 }],
        ['destination', { valueInteger: 0 }],
      ),
      operation('add', 'Patient.__proto__', ['name', { valueString: 'x' }], ['value', { valueCode: 'y' }]),
    ]
    for (const each of bad) {
      const parsed = parseFhirPatch(parameters(each))
      assert.ok('changes' in parsed, JSON.stringify(parsed))
      assert.ok('issues' in applyFhirPatch(base, parsed.changes), JSON.stringify(each))
    }
    for (const document of [
      {},
      [],
      parameters({ name: 'x' }),
      parameters(operation('explode', 'Patient')),
      parameters(operation('add', 'Patient')),
    ])
      assert.ok('issues' in parseFhirPatch(document), JSON.stringify(document))
  })
})

test('a merge patch merges objects, replaces lists and takes away with null', () => {
  const patched = applyMergePatch(base, { gender: null, name: [{ text: 'N' }], maritalStatus: { text: 'm' } })
  assert.ok('next' in patched)
  assert.deepEqual(patched.next, {
    resourceType: 'Patient',
    active: true,
    birthDate: '1980-01-01',
    name: [{ text: 'N' }],
    contact: [{ gender: 'male' }],
    maritalStatus: { text: 'm' },
  })
})

describe('patches and XML over HTTP', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
  })
  after(() => app.close())

  const xml = { 'content-type': 'application/fhir+xml', accept: 'application/fhir+xml' }

  test('each form of a patch is told by its media type', async () => {
    const made = await app.ask('/fhir/Basic', {
      method: 'POST',
      body: { resourceType: 'Basic', code: { text: 'a' } },
    })
    const path = `/fhir/Basic/${made.body.id}`
    const patch = (type: string, version: number, body: unknown) =>
      app.ask(path, {
        method: 'PATCH',
        body,
        headers: { 'content-type': type, 'if-match': `W/"${version}"` },
      })
    assert.equal(
      (await patch('application/json-patch+json', 1, [{ op: 'replace', path: '/code/text', value: 'b' }]))
        .status,
      200,
    )
    const merged = await patch('application/merge-patch+json', 2, { code: { text: 'c' }, language: 'de' })
    assert.deepEqual([merged.status, merged.body.code, merged.body.language], [200, { text: 'c' }, 'de'])
    const fhir = await patch(
      'application/fhir+json',
      3,
      parameters(operation('replace', 'Basic.code.text', ['value', { valueString: 'd' }])),
    )
    assert.deepEqual([fhir.status, fhir.body.code], [200, { text: 'd' }])
    assert.equal((await patch('application/xml-patch+xml', 4, '<diff/>')).status, 415)
    assert.equal((await patch('application/merge-patch+json', 4, { code: null })).status, 422)
    assert.equal((await patch('application/merge-patch+json', 1, { language: 'fr' })).status, 412)
    const same = await patch('application/merge-patch+json', 4, { language: 'de' })
    assert.deepEqual([same.status, same.headers.get('etag')], [200, 'W/"4"'])
  })

  test('XML comes in and goes out, also for errors, searches and transactions', async () => {
    const body =
      '<Basic xmlns="http://hl7.org/fhir"><language value="de"/><code><text value="x"/></code></Basic>'
    const made = await app.ask('/fhir/Basic', { method: 'POST', body, headers: xml })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.headers.get('content-type'), 'application/fhir+xml; charset=utf-8')
    const id = /<id value="([^"]+)"\/>/.exec(made.text)?.[1]
    const read = await app.ask(`/fhir/Basic/${id}?_format=xml&_pretty=true`)
    assert.match(
      read.text,
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Basic xmlns="http:\/\/hl7\.org\/fhir">\n {2}<id value=/,
    )
    assert.equal((await app.ask(`/fhir/Basic/${id}`)).body.language, 'de')
    const found = await app.ask(`/fhir/Basic?_id=${id}&_format=application/fhir%2Bxml`)
    assert.match(
      found.text,
      /<Bundle xmlns="http:\/\/hl7.org\/fhir">.*<total value="1"\/>.*<resource><Basic>/s,
    )
    const missing = await app.ask('/fhir/Basic/nobody', { headers: { accept: 'application/xml' } })
    assert.match(missing.text, /<OperationOutcome .*<code value="not-found"\/>/s)
    const bad = await app.ask('/fhir/Basic', {
      method: 'POST',
      body: '<!DOCTYPE a><Basic/>',
      headers: { 'content-type': 'application/fhir+xml' },
    })
    assert.deepEqual([bad.status, ...codesOf(bad)], [400, 'structure'])
    const bundle = `<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource>${body}</resource><request><method value="POST"/><url value="Basic"/></request></entry></Bundle>`
    const done = await app.ask('/fhir', { method: 'POST', body: bundle, headers: xml })
    assert.match(done.text, /<status value="201 Created"\/>/)
  })
})
