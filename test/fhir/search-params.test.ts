// Index rows: what each kind of parameter takes out of a resource.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { zoneOffsetOf } from '../../src/fhir/date.ts'
import { ELEMENTS } from '../../src/fhir/definitions.ts'
import { indexResource, searchParam, searchParamsOf } from '../../src/fhir/search-params.ts'
import { SERVED_TYPES } from '../../src/fhir/types.ts'
import { appointment, changed, patient } from './samples.ts'

const zone = zoneOffsetOf('America/Chicago')

function tokens(resource: unknown, param: string): string[] {
  return indexResource(resource, { zone })
    .tokens.filter((row) => row.param === param)
    .map(({ system, code }) => `${system ?? ''}|${code}`)
}

function identifiers(resource: unknown, param: string): string[] {
  return indexResource(resource, { zone })
    .identifiers.filter((row) => row.param === param)
    .map(({ system, value }) => `${system ?? ''}|${value}`)
}

function strings(resource: unknown, param: string): string[] {
  return indexResource(resource, { zone })
    .strings.filter((row) => row.param === param)
    .map(({ text }) => text)
}

function references(resource: unknown, param: string): string[] {
  return indexResource(resource, { zone })
    .references.filter((row) => row.param === param)
    .map(({ target }) => target)
}

function dates(resource: unknown, param: string): string[] {
  const show = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : String(ms))
  return indexResource(resource, { zone })
    .dates.filter((row) => row.param === param)
    .map(({ from, to }) => `${show(from)} ${show(to)}`)
}

test('every served type has _id, _lastUpdated, _profile, _tag, _security, _source and compiles', () => {
  for (const type of SERVED_TYPES) {
    const codes = [...searchParamsOf(type).keys()]
    for (const code of ['_id', '_lastUpdated', '_profile', '_tag', '_security', '_source'])
      assert.ok(codes.includes(code), type)
    assert.ok(ELEMENTS[type])
  }
})

test('the parameters of US Core 6.1 are there', () => {
  const wanted = {
    Patient: [
      'race',
      'ethnicity',
      'gender-identity',
      'birthdate',
      'death-date',
      'family',
      'given',
      'identifier',
      'name',
      'gender',
    ],
    Encounter: [
      'class',
      'date',
      'discharge-disposition',
      'identifier',
      'location',
      'patient',
      'status',
      'type',
    ],
    Location: ['address', 'address-city', 'address-postalcode', 'address-state', 'name'],
    PractitionerRole: ['practitioner', 'specialty'],
    RelatedPerson: ['name', 'patient'],
    Device: ['patient', 'status', 'type'],
    Coverage: ['patient'],
  }
  for (const [type, codes] of Object.entries(wanted)) {
    for (const code of codes) assert.ok(searchParam(type, code), `${type} ${code}`)
  }
})

test('types on the wire only have no parameters, and unknown types neither', () => {
  for (const type of ['Bundle', 'OperationOutcome', 'Nonsense', '__proto__'])
    assert.equal(searchParamsOf(type).size, 0)
})

test('identifiers are rows of their own', () => {
  assert.deepEqual(identifiers(patient(), 'identifier'), [
    'urn:oid:1.2.3|MRN1',
    'http://hl7.org/fhir/sid/us-ssn|999-99-9999',
  ])
  const task = { resourceType: 'Task', groupIdentifier: { value: 'G1' } }
  assert.deepEqual(identifiers(task, 'group-identifier'), ['|G1'])
})

test('telecom values are found by all their forms', () => {
  assert.deepEqual(identifiers(patient(), 'phone'), ['phone|12175550301', 'phone|2175550301'])
  assert.deepEqual(identifiers(patient(), 'email'), ['email|eve@example.org'])
  assert.deepEqual(identifiers(patient(), 'telecom'), [
    'phone|12175550301',
    'phone|2175550301',
    'email|eve@example.org',
  ])
})

test('codes have the system of their value set, booleans none', () => {
  assert.deepEqual(tokens(patient(), 'gender'), ['http://hl7.org/fhir/administrative-gender|female'])
  assert.deepEqual(tokens(patient(), 'active'), ['|true'])
  assert.deepEqual(tokens(appointment(), 'status'), ['http://hl7.org/fhir/appointmentstatus|booked'])
})

test('concepts give a token per coding, without repetition', () => {
  const coding = { system: 'http://a', code: 'x' }
  const resource = changed(appointment(), {
    serviceType: [{ coding: [coding, { code: 'x' }] }, { coding: [coding] }],
  })
  assert.deepEqual(tokens(resource, 'service-type'), ['http://a|x', '|x'])
})

test('deceased is true for a time of death too, and false when nothing is known', () => {
  assert.deepEqual(tokens(patient(), 'deceased'), ['|false'])
  assert.deepEqual(tokens(changed(patient(), { deceasedBoolean: true }), 'deceased'), ['|true'])
  assert.deepEqual(
    tokens(changed(patient(), { deceasedBoolean: undefined, deceasedDateTime: '2020' }), 'deceased'),
    ['|true'],
  )
  assert.deepEqual(tokens(changed(patient(), { deceasedBoolean: undefined }), 'deceased'), ['|false'])
})

test('tags and profiles are tokens, the source is not: it may be as many as resources', () => {
  const resource = changed(patient(), {
    meta: { profile: ['http://p'], tag: [{ system: 's', code: 't' }], source: 'urn:x#1' },
  })
  assert.deepEqual(tokens(resource, '_profile'), ['|http://p'])
  assert.deepEqual(tokens(resource, '_tag'), ['s|t'])
  assert.deepEqual(identifiers(resource, '_source'), ['|urn:x#1'])
})

test('names and addresses are found by each of their parts', () => {
  assert.deepEqual(strings(patient(), 'name'), ['obrien smith', 'eve', 'a', 'jones'])
  assert.deepEqual(strings(patient(), 'family'), ['obrien smith', 'jones'])
  assert.deepEqual(strings(patient(), 'address'), ['22 home st', 'springfield', 'il', '62703', 'usa'])
  assert.deepEqual(strings(patient(), 'address-city'), ['springfield'])
})

test('strings keep how they were written, for :exact', () => {
  const rows = indexResource(patient()).strings.filter((row) => row.param === 'family')
  assert.deepEqual(
    rows.map((row) => row.raw),
    ["O'Brien-Smíth", 'Jones'],
  )
})

test('references are found by type and id, without version; logical ones by identifier', () => {
  assert.deepEqual(references(appointment(), 'actor'), ['Patient/p1', 'Practitioner/pr1'])
  assert.deepEqual(references(appointment(), 'patient'), ['Patient/p1'])
  assert.deepEqual(references(appointment(), 'practitioner'), ['Practitioner/pr1'])
  assert.deepEqual(identifiers(appointment(), 'location:identifier'), ['urn:portico:location:GHH|OR-OR3'])
  assert.deepEqual(identifiers(appointment(), 'actor:identifier'), ['urn:portico:location:GHH|OR-OR3'])
  assert.deepEqual(identifiers(appointment(), 'patient:identifier'), [])
})

test('references elsewhere keep their whole URL, those to contained resources are not indexed', () => {
  const link = (reference: string): unknown => ({ resourceType: 'Account', owner: { reference } })
  assert.deepEqual(references(link('https://x.example.org/fhir/Organization/1/_history/2'), 'owner'), [
    'https://x.example.org/fhir/Organization/1',
  ])
  assert.deepEqual(references(link('urn:uuid:c757873d-ec9a-4326-a141-556f43239520'), 'owner'), [
    'urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
  ])
  assert.deepEqual(references(link('#o'), 'owner'), [])
})

test('dates are ranges of the site, times are moments', () => {
  assert.deepEqual(dates(patient(), 'birthdate'), ['1980-03-15T06:00:00.000Z 1980-03-16T06:00:00.000Z'])
  assert.deepEqual(dates(appointment(), 'date'), ['2026-03-06T20:00:00.000Z 2026-03-06T20:00:00.001Z'])
})

test('a period may be open on either side; one that ends before it begins is not indexed', () => {
  const encounter = (period: unknown): unknown => ({ resourceType: 'Encounter', period })
  assert.deepEqual(dates(encounter({ start: '2026-03-01', end: '2026-03-02' }), 'date'), [
    '2026-03-01T06:00:00.000Z 2026-03-03T06:00:00.000Z',
  ])
  assert.deepEqual(dates(encounter({ start: '2026-03-01' }), 'date'), ['2026-03-01T06:00:00.000Z Infinity'])
  assert.deepEqual(dates(encounter({ end: '2026-03-01' }), 'date'), ['-Infinity 2026-03-02T06:00:00.000Z'])
  assert.deepEqual(dates(encounter({ start: '2026-03-02', end: '2026-03-01' }), 'date'), [])
  assert.deepEqual(dates(encounter({}), 'date'), [])
})

test('a timing is found by its events and its bounds', () => {
  const charge = {
    resourceType: 'ChargeItem',
    occurrenceTiming: {
      event: ['2026-03-01T00:00:00Z'],
      repeat: { boundsPeriod: { start: '2026-04', end: '2026-04' } },
    },
  }
  assert.deepEqual(dates(charge, 'occurrence'), [
    '2026-03-01T00:00:00.000Z 2026-03-01T00:00:00.001Z',
    '2026-04-01T05:00:00.000Z 2026-05-01T05:00:00.000Z',
  ])
})

test('amounts are decimal text with currency or unit', () => {
  const invoice = { resourceType: 'Invoice', totalNet: { value: JSON.rawJSON('1.10'), currency: 'USD' } }
  assert.deepEqual(indexResource(invoice).numbers, [
    { param: 'totalnet', low: '1.10', high: '1.10', system: 'urn:iso:std:iso:4217', unit: 'USD' },
  ])
  const charge = { resourceType: 'ChargeItem', factorOverride: 2, quantity: { value: 3, unit: 'pcs' } }
  assert.deepEqual(indexResource(charge).numbers, [
    { param: 'factor-override', low: '2', high: '2', system: undefined, unit: '' },
    { param: 'quantity', low: '3', high: '3', system: undefined, unit: 'pcs' },
  ])
})

test('parameters with a value are listed for :missing', () => {
  assert.deepEqual(
    indexResource({ resourceType: 'Slot', status: 'free', schedule: { display: 'x' } }).present,
    ['status'],
  )
})

test('texts of concepts are rows only when asked for', () => {
  assert.deepEqual(indexResource(appointment()).texts, [])
  assert.deepEqual(
    indexResource(appointment(), { texts: true }).texts.map(({ param, text }) => `${param} ${text}`),
    ['reason-code follow up', 'service-type office visit'],
  )
})

test('indexing never throws, whatever it gets', () => {
  const names = [
    'name',
    'identifier',
    'telecom',
    'participant',
    'start',
    'meta',
    'extension',
    'deceasedBoolean',
    'period',
  ]
  const body = fc.dictionary(fc.constantFrom(...names), fc.anything())
  fc.assert(
    fc.property(fc.constantFrom(...SERVED_TYPES, 'x'), body, fc.anything(), (resourceType, rest, any) => {
      indexResource({ ...rest, resourceType })
      indexResource(any)
    }),
    { numRuns: 500 },
  )
})
