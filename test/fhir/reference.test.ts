// Literal references.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReference } from '../../src/fhir/reference.ts'

const TABLE: readonly (readonly [reference: string, parts: object | undefined])[] = [
  ['Patient/1', { type: 'Patient', id: '1' }],
  ['Patient/1/_history/2', { type: 'Patient', id: '1', version: '2' }],
  ['https://a.example.org/fhir/Patient/1', { type: 'Patient', id: '1', base: 'https://a.example.org/fhir' }],
  ['http://a/Patient/1/_history/2', { type: 'Patient', id: '1', base: 'http://a', version: '2' }],
  ['/Patient/1', undefined],
  ['Patient', undefined],
  ['Patient/', undefined],
  ['patient/1', undefined],
  ['Patient/../Account/1', undefined],
  ['Patient/1%2f', undefined],
  ['Patient/1/_history/', undefined],
  [`Patient/${'1'.repeat(65)}`, undefined],
  ['x/Patient/1', undefined],
  ['ftp://a/Patient/1', undefined],
  ['#a', undefined],
  ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520', undefined],
  ['', undefined],
]
for (const [reference, parts] of TABLE) {
  test(`"${reference}" ${parts ? 'names a resource' : 'is no literal reference'}`, () => {
    assert.deepEqual(parseReference(reference), parts)
  })
}
