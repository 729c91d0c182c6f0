// Validation of resources: seeded errors that other validators miss, valid ones that must pass, and any input
// at all. Longer than other files because the table of seeds is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bundle, untar } from '../../scripts/read-definitions.ts'
import { readJson } from '../../src/fhir/json.ts'
import { isKnownType, isObject, type JsonObject } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { shared } from '../shared.ts'
import { appointment, changed, patient } from './samples.ts'

type Seed = readonly [rule: string, resource: JsonObject, code: string, expression: string]

const P = patient()
const A = appointment()
const participant = (extra: JsonObject): JsonObject => changed(A, { participant: [extra] })

const SEEDS: readonly Seed[] = [
  ['a single element is no array', changed(P, { gender: ['female'] }), 'structure', 'Patient.gender'],
  ['a repeating element is an array', changed(P, { name: { family: 'x' } }), 'structure', 'Patient.name'],
  ['a code is of its required value set', changed(P, { gender: 'M' }), 'code-invalid', 'Patient.gender'],
  ['a nested code too', changed(P, { name: [{ use: 'nick' }] }), 'code-invalid', 'Patient.name[0].use'],
  ['pat-1', changed(P, { contact: [{ gender: 'male' }] }), 'invariant', 'Patient.contact[0]'],
  ['an unknown element is refused', changed(P, { colour: 'red' }), 'structure', 'Patient.colour'],
  ['a nested one too', changed(P, { name: [{ surname: 'x' }] }), 'structure', 'Patient.name[0].surname'],
  ['a month has a number', changed(P, { birthDate: '1980-13-45' }), 'value', 'Patient.birthDate'],
  ['a day exists in its month', changed(P, { birthDate: '1980-02-30' }), 'value', 'Patient.birthDate'],
  ['29 February needs a leap year', changed(P, { birthDate: '1900-02-29' }), 'value', 'Patient.birthDate'],
  ['a choice is made once', changed(P, { deceasedDateTime: '2020' }), 'structure', 'Patient.deceased'],
  [
    'a required element is there',
    changed(P, { communication: [{ preferred: true }] }),
    'required',
    'Patient.communication[0].language',
  ],
  [
    'a reference points to an allowed type',
    changed(P, { managingOrganization: { reference: 'Medication/1' } }),
    'value',
    'Patient.managingOrganization.reference',
  ],
  [
    'by its type element too',
    changed(P, { managingOrganization: { type: 'Medication', identifier: { value: '1' } } }),
    'value',
    'Patient.managingOrganization.reference',
  ],
  ['an array is not empty', changed(P, { name: [] }), 'structure', 'Patient.name'],
  ['a string is not empty', changed(P, { name: [{ family: '' }] }), 'value', 'Patient.name[0].family'],
  [
    'a string is not only blanks',
    changed(P, { name: [{ family: ' \t' }] }),
    'value',
    'Patient.name[0].family',
  ],
  ['a string has no NUL', changed(P, { name: [{ family: 'a\0' }] }), 'value', 'Patient.name[0].family'],
  [
    'a string has whole characters',
    changed(P, { name: [{ family: 'a\ud800' }] }),
    'value',
    'Patient.name[0].family',
  ],
  ['an object is not empty', changed(P, { name: [{}] }), 'structure', 'Patient.name[0]'],
  [
    'ext-1',
    changed(P, {
      extension: [{ url: 'http://a', valueCode: 'a', extension: [{ url: 'b', valueCode: 'b' }] }],
    }),
    'invariant',
    'Patient.extension[0]',
  ],
  ['a boolean is no string', changed(P, { active: 'true' }), 'structure', 'Patient.active'],
  [
    'an extension has a url',
    changed(P, { extension: [{ valueCode: 'a' }] }),
    'required',
    'Patient.extension[0].url',
  ],
  [
    'per-1',
    changed(P, { name: [{ family: 'x', period: { start: '2020-05', end: '2019-01-01' } }] }),
    'invariant',
    'Patient.name[0].period',
  ],
  ['cpt-2', changed(P, { telecom: [{ value: '555' }] }), 'invariant', 'Patient.telecom[0]'],
  ['null is no object', changed(P, { maritalStatus: null }), 'structure', 'Patient.maritalStatus'],
  ['null is no value', changed(P, { birthDate: null }), 'structure', 'Patient.birthDate'],
  [
    'null in an array needs its extension',
    changed(P, { name: [{ given: ['a', null] }] }),
    'structure',
    'Patient.name[0].given[1]',
  ],
  [
    'an id alone is no value',
    changed(P, { birthDate: undefined, _birthDate: { id: 'x' } }),
    'structure',
    'Patient.birthDate',
  ],
  [
    'narrative is plain XHTML',
    changed(P, {
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><script/></div>' },
    }),
    'invariant',
    'Patient.text.div',
  ],
  ['status is required', changed(A, { status: undefined }), 'required', 'Appointment.status'],
  [
    'participants are required',
    changed(A, { participant: undefined }),
    'required',
    'Appointment.participant',
  ],
  ['status is of its value set', changed(A, { status: 'confirmed' }), 'code-invalid', 'Appointment.status'],
  [
    'so is that of a participant',
    participant({ type: [{ text: 'x' }], status: 'ok' }),
    'code-invalid',
    'Appointment.participant[0].status',
  ],
  ['app-1', participant({ status: 'accepted' }), 'invariant', 'Appointment.participant[0]'],
  ['app-2', changed(A, { end: undefined }), 'invariant', 'Appointment'],
  ['app-3', changed(A, { start: undefined, end: undefined }), 'invariant', 'Appointment'],
  ['app-4', changed(A, { cancelationReason: { text: 'x' } }), 'invariant', 'Appointment'],
  ['an instant has a zone', changed(A, { start: '2026-03-06T14:00:00' }), 'value', 'Appointment.start'],
  ['a positiveInt is not 0', changed(A, { minutesDuration: 0 }), 'value', 'Appointment.minutesDuration'],
  ['an unsignedInt is not negative', changed(A, { priority: -1 }), 'value', 'Appointment.priority'],
  [
    'an integer has no decimals',
    changed(A, { priority: JSON.rawJSON('1.0') }),
    'value',
    'Appointment.priority',
  ],
  [
    'an actor is of an allowed type',
    participant({ status: 'accepted', actor: { reference: 'https://other.example.org/fhir/Medication/1' } }),
    'value',
    'Appointment.participant[0].actor.reference',
  ],
  ['a code is no number', changed(A, { status: 3 }), 'structure', 'Appointment.status'],
  [
    'a simple quantity has no comparator',
    {
      resourceType: 'ChargeItem',
      status: 'billable',
      code: { text: 'x' },
      subject: { reference: 'Patient/1' },
      quantity: { value: 1 },
      extension: [
        {
          url: 'http://a',
          valueSampledData: { origin: { value: 1, comparator: '<' }, period: 1, dimensions: 1 },
        },
      ],
    },
    'invariant',
    'ChargeItem.extension[0].value.origin',
  ],
]

for (const [rule, resource, code, expression] of SEEDS) {
  test(`${rule} (${expression})`, () => {
    const issues = validateResource(resource)
    const found = issues.find((issue) => issue.code === code && issue.expression?.[0] === expression)
    assert.ok(found, JSON.stringify(issues))
    assert.equal(found.severity, 'error')
    assert.match(found.diagnostics, / - /)
  })
}

test('valid resources have no issues', () => {
  for (const resource of [P, A]) assert.deepEqual(validateResource(resource), [])
})

test('decimals that are kept as text are numbers', () => {
  const invoice = {
    resourceType: 'Invoice',
    status: 'issued',
    totalNet: { value: JSON.rawJSON('1.10'), currency: 'USD' },
  }
  assert.deepEqual(validateResource(invoice), [])
})

test('a primitive may have an extension instead of a value, and beside it', () => {
  const why = {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
  }
  const resource = changed(P, { birthDate: undefined, _birthDate: why, _gender: { id: 'g1' } })
  assert.deepEqual(validateResource(resource), [])
  assert.deepEqual(validateResource(changed(A, { status: undefined, _status: why })), [])
  assert.deepEqual(validateResource(changed(P, { name: [{ given: ['a', null], _given: [null, why] }] })), [])
})

test('an extension has an absolute URL wherever it stands, and its parts names of their own', () => {
  const parts = { url: 'http://example.org/e', extension: [{ url: 'part', valueString: 'x' }] }
  const relative = { url: 'part', valueString: 'x' }
  const patient = (extra: object) => ({ resourceType: 'Patient', ...extra })
  const valued = { url: 'urn:e', valueCoding: { code: 'a', extension: [relative] } }
  const cases: readonly (readonly [object, ...string[]])[] = [
    [{ extension: [parts, { url: 'urn:oid:1.2', valueString: 'x' }] }],
    [{ extension: [parts, relative] }, 'Patient.extension[1].url'],
    [{ modifierExtension: [relative] }, 'Patient.modifierExtension[0].url'],
    [{ name: [{ extension: [relative] }] }, 'Patient.name[0].extension[0].url'],
    [{ _birthDate: { extension: [relative] } }, 'Patient.birthDate.extension[0].url'],
    [{ extension: [valued] }, 'Patient.extension[0].value.extension[0].url'],
  ]
  for (const [extra, ...paths] of cases) {
    const issues = validateResource(patient(extra))
    assert.deepEqual(
      issues.map(({ expression }) => expression),
      paths.map((path) => [path]),
      JSON.stringify(extra),
    )
  }
})

test('the resources in a bundle are validated where they stand', () => {
  const bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { resource: P },
      { resource: changed(A, { status: 'x' }) },
      { resource: { resourceType: 'Library', id: '1' } },
    ],
  }
  assert.deepEqual(
    validateResource(bundle).map(({ expression }) => expression?.[0]),
    ['Bundle.entry[1].resource.status'],
  )
})

test('local references of an entry are those of its own resource', () => {
  const contained = [{ resourceType: 'Organization', id: 'o', name: 'x' }]
  const entry = (extra: JsonObject): JsonObject => ({
    resource: changed(P, { managingOrganization: { reference: '#o' }, ...extra }),
  })
  const bundle = { resourceType: 'Bundle', type: 'collection', entry: [entry({ contained }), entry({})] }
  assert.deepEqual(
    validateResource(bundle).map(({ expression }) => expression?.[0]),
    ['Bundle.entry[1].resource.managingOrganization'],
  )
})

test('a resource of another or an unknown type is refused at once', () => {
  assert.equal(validateResource(P, { type: 'Account' })[0]?.code, 'not-supported')
  assert.equal(validateResource({ resourceType: 'Nonsense' })[0]?.code, 'not-supported')
  assert.equal(validateResource({ resourceType: '__proto__' })[0]?.code, 'not-supported')
  assert.equal(validateResource({})[0]?.code, 'required')
  for (const value of [undefined, null, 1, 'x', [], JSON.rawJSON('1.0')]) {
    assert.equal(validateResource(value)[0]?.code, 'structure')
  }
})

test('issues never repeat a value, only codes and names of the definitions', () => {
  const secret = 'Zebulon'
  const resource = {
    resourceType: 'Patient',
    gender: secret,
    birthDate: secret,
    name: [secret, { family: [secret], use: secret }],
    [`${secret} Smith`]: 1,
    managingOrganization: { reference: `${secret}/1` },
  }
  const issues = validateResource(resource)
  assert.ok(issues.length >= 6)
  assert.ok(!JSON.stringify(issues).includes(secret))
})

test('depth and number of issues are limited', () => {
  let extension: JsonObject = { url: 'http://a', valueCode: 'x' }
  for (let level = 0; level < 10_000; level += 1) extension = { url: 'http://a', extension: [extension] }
  const [issue, ...more] = validateResource(changed(P, { extension: [extension] }))
  assert.match(issue?.diagnostics ?? '', /nested deeper than 64/)
  assert.equal(more.length, 0)
  const many = changed(P, { name: Array.from({ length: 1000 }, () => ({})) })
  assert.equal(validateResource(many).length, 100)
  assert.equal(validateResource(many, { maxIssues: 3 }).length, 3)
})

test('a resource that contains itself ends at the depth limit', () => {
  const loop: JsonObject = { url: 'http://a' }
  loop.extension = [loop]
  assert.ok(validateResource({ ...appointment(), extension: [loop] }).length > 0)
})

test('validation never throws, whatever it gets', () => {
  const type = fc.constantFrom('Patient', 'Appointment', 'Bundle', 'Parameters', 'CapabilityStatement')
  const names = [
    'name',
    'contained',
    'entry',
    'extension',
    'status',
    'participant',
    'parameter',
    'text',
    'id',
    '_id',
  ]
  const body = fc.dictionary(
    fc.constantFrom(...names),
    fc.object({ key: fc.constantFrom(...names, 'resource', 'div', 'url') }),
  )
  fc.assert(
    fc.property(type, body, fc.anything(), (resourceType, rest, any) => {
      validateResource({ resourceType, ...rest })
      validateResource({ resourceType, name: any, extension: [any], contained: any, entry: [any] })
      validateResource(any)
    }),
    { numRuns: 300 },
  )
})

for (const version of ['6.1.0', '7.0.0']) {
  test(`the examples of US Core ${version} have no issues`, () => {
    const examples = untar(
      shared('us-core', `hl7.fhir.us.core-${version}.tgz`),
      /package\/example\/.*\.json$/,
    )
    let seen = 0
    for (const text of examples) {
      const read = readJson(text)
      assert.ok('value' in read && isObject(read.value))
      const { resourceType, id } = read.value
      if (!isKnownType(String(resourceType))) continue
      seen += 1
      assert.deepEqual(validateResource(read.value), [], `${resourceType}/${id}`)
    }
    assert.ok(seen >= 20, `only ${seen} examples of our types`)
  })
}

test('a code that is an object is told, as the parser of bodies makes it: without prototype', () => {
  const coding = [{ code: Object.assign(Object.create(null), { extension: [] }) }]
  const issues = validateResource({
    resourceType: 'AllergyIntolerance',
    clinicalStatus: { coding },
    patient: { reference: 'Patient/1' },
  })
  const paths = issues.flatMap(({ expression }) => expression ?? [])
  assert.ok(paths.includes('AllergyIntolerance.clinicalStatus.coding[0].code'), JSON.stringify(issues))
})

test('the resources that R4 itself is published with have no issues', () => {
  const files = ['search-parameters', 'profiles-resources', 'valuesets', 'conceptmaps', 'v2-tables']
  let seen = 0
  for (const file of files) {
    for (const resource of bundle<JsonObject>(`${file}.json`)) {
      if (!isKnownType(String(resource.resourceType))) continue
      seen += 1
      assert.deepEqual(validateResource(resource), [], `${resource.resourceType}/${resource.id}`)
    }
  }
  assert.ok(seen > 2_000, `only ${seen} resources of our types`)
})
