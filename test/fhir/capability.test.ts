// The CapabilityStatement says what the tables say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CapabilityOptions, capabilityStatement } from '../../src/fhir/capability.ts'
import { searchParamsOf } from '../../src/fhir/search-params.ts'
import { isObject, type JsonObject, SERVED_TYPES } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'

const FHIR = 'http://hl7.org/fhir/StructureDefinition'

const OPTIONS: CapabilityOptions = {
  baseUrl: 'https://gw.example.org/fhir',
  software: { name: 'Portico', version: '0.1.0' },
  description: 'HL7 v2 and FHIR gateway',
  date: '2026-01-01',
  interactions: {
    write: ['read', 'vread', 'create', 'update', 'patch', 'delete', 'search-type'],
    append: ['read', 'create', 'search-type'],
    read: ['read', 'search-type'],
  },
  systemInteractions: ['history-system'],
  instantiates: ['http://example.org/fhir/CapabilityStatement/bulk'],
  operations: [
    { type: 'Patient', name: 'match', definition: 'http://hl7.org/fhir/OperationDefinition/Patient-match' },
  ],
  patchFormats: ['application/json-patch+json'],
  security: { description: 'Bearer tokens' },
  updateCreate: false,
  conditionalCreate: true,
  conditionalUpdate: true,
  conditionalDelete: 'not-supported',
  timeZone: 'America/Chicago',
}

function entries(): JsonObject[] {
  const { rest } = capabilityStatement(OPTIONS)
  const server: unknown = Array.isArray(rest) ? rest[0] : undefined
  return isObject(server) && Array.isArray(server.resource) ? server.resource.filter(isObject) : []
}

test('the statement is a valid resource', () => {
  assert.deepEqual(validateResource(capabilityStatement(OPTIONS)), [])
})

test('it lists every served type with all its search parameters, and no other', () => {
  assert.deepEqual(
    entries().map(({ type }) => type),
    SERVED_TYPES,
  )
  for (const { type, searchParam } of entries()) {
    const names = Array.isArray(searchParam) ? searchParam.map((each) => each.name) : []
    assert.deepEqual(names, [...searchParamsOf(String(type)).keys()])
  }
})

test('types that are read only promise no writing', () => {
  const provenance = entries().find(({ type }) => type === 'Provenance')
  assert.deepEqual(provenance?.interaction, [{ code: 'read' }, { code: 'search-type' }])
  assert.equal(provenance?.conditionalCreate, false)
})

test('inclusions are those that a search takes', () => {
  const patient = entries().find(({ type }) => type === 'Patient')
  assert.ok(Array.isArray(patient?.searchInclude) && patient.searchInclude.includes('Patient:link'))
  assert.ok(
    Array.isArray(patient?.searchRevInclude) && patient.searchRevInclude.includes('Encounter:patient'),
  )
})

test('what can point to any type is an inclusion backwards of every type', () => {
  for (const { type, searchRevInclude } of entries()) {
    assert.ok(Array.isArray(searchRevInclude) && searchRevInclude.includes('Provenance:target'), String(type))
  }
})

const shall = { extension: [{ url: `${FHIR}/capabilitystatement-expectation`, valueCode: 'SHALL' }] }
const should = { extension: [{ url: `${FHIR}/capabilitystatement-expectation`, valueCode: 'SHOULD' }] }

/** A statement that asks this of Patient. */
const asking = (patient: JsonObject, extra: JsonObject = {}): JsonObject => ({
  resourceType: 'CapabilityStatement',
  url: 'http://example.org/fhir/CapabilityStatement/asked',
  kind: 'requirements',
  fhirVersion: '4.0.1',
  rest: [{ mode: 'server', resource: [{ ...shall, type: 'Patient', ...patient }] }],
  ...extra,
})

test('a statement of requirements is instantiated when every SHALL of the types that are served is met', () => {
  const { url } = asking({})
  const isSupported = (canonical: string) => canonical === 'http://example.org/known|1'
  const name = { name: 'name', type: 'string' }
  const inclusion = (text: string, mark: JsonObject) => ({
    searchRevInclude: [text],
    _searchRevInclude: [mark],
  })
  const cases: readonly (readonly [boolean, JsonObject])[] = [
    [true, asking({ interaction: [{ ...shall, code: 'read' }], searchParam: [{ ...shall, ...name }] })],
    [true, asking(inclusion('Provenance:target', shall))],
    [
      true,
      asking({ operation: [{ ...shall, name: 'm', definition: OPTIONS.operations?.[0]?.definition ?? '' }] }),
    ],
    [true, asking({ interaction: [{ ...should, code: 'none' }], ...inclusion('Patient:none', should) })],
    [false, asking({ interaction: [{ ...shall, code: 'none' }] })],
    [false, asking({ searchParam: [{ ...shall, ...name, type: 'token' }] })],
    [false, asking({ operation: [{ ...shall, name: 'x', definition: 'http://example.org/x' }] })],
    [false, asking(inclusion('Patient:none', shall))],
    [true, asking({ supportedProfile: ['http://example.org/known|1'], _supportedProfile: [shall] })],
    [false, asking({ supportedProfile: ['http://example.org/known|2'], _supportedProfile: [shall] })],
    [false, asking({}, { kind: 'instance' })],
    [false, asking({}, { fhirVersion: '5.0.0' })],
    [false, asking({}, { rest: [{ mode: 'client', resource: [{ ...shall, type: 'Patient' }] }] })],
    [false, asking({ type: 'CarePlan' })],
  ]
  for (const [isMet, required] of cases) {
    const { instantiates } = capabilityStatement({ ...OPTIONS, requirements: [required], isSupported })
    assert.deepEqual(
      instantiates,
      [...OPTIONS.instantiates, ...(isMet ? [url] : [])],
      JSON.stringify(required),
    )
  }
})
