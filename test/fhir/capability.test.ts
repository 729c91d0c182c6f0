// The CapabilityStatement says what the tables say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CapabilityOptions, capabilityStatement } from '../../src/fhir/capability.ts'
import { searchParamsOf } from '../../src/fhir/search-params.ts'
import { isObject, type JsonObject, SERVED_TYPES } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'

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
