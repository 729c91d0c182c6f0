// The committed definitions are what the script makes of the published ones, small, and complete.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { ELEMENTS, VALUE_SETS } from '../../src/fhir/definitions.ts'
import { fieldAt, fieldsOf } from '../../src/fhir/elements.ts'
import { isPrimitiveType } from '../../src/fhir/primitives.ts'
import { RESOURCE_TYPES } from '../../src/fhir/types.ts'
import { validators } from '../../src/fhir/validators.generated.js'
import { shared } from '../shared.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MAX_BYTES = 3 * 1024 * 1024

test('node scripts/slice-definitions.ts would change nothing', () => {
  const usCore = dirname(shared('us-core/hl7.fhir.us.core-6.1.0.tgz'))
  const script = join(ROOT, 'scripts/slice-definitions.ts')
  const output = execFileSync(process.execPath, [script, '--check', '--us-core', usCore], {
    encoding: 'utf8',
  })
  assert.doesNotMatch(output, /^changed/m)
})

test('the definitions stay small', () => {
  const folder = join(ROOT, 'src/fhir/definitions')
  const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  assert.ok(bytes < MAX_BYTES, `${bytes} bytes`)
})

test('every known type has a definition and a validator, and no other resource has', () => {
  const defined = Object.keys(ELEMENTS).filter((path) => ELEMENTS[path]?.kind === 'resource')
  assert.deepEqual(defined.sort(), [...RESOURCE_TYPES.keys()].sort())
  assert.deepEqual(Object.keys(validators).sort(), defined)
})

test('every type of an element is primitive, defined, or any resource', () => {
  const known = (type: string): boolean => isPrimitiveType(type) || type in ELEMENTS || type === 'Resource'
  for (const [path, { elements }] of Object.entries(ELEMENTS)) {
    for (const [name, row] of Object.entries(elements)) {
      for (const field of fieldsOf(path, name.replace('[x]', '')))
        assert.ok(known(field.type), `${path}.${name} ${field.type}`)
      if (row.content) assert.ok(row.content in ELEMENTS, row.content)
    }
  }
})

test('every required binding to a set that can be listed has its codes', () => {
  const unlisted = new Set<string>()
  for (const { elements } of Object.values(ELEMENTS)) {
    for (const { binding: [strength, url = ''] = [] } of Object.values(elements)) {
      if (strength === 'required' && !VALUE_SETS[url]) unlisted.add(url)
    }
  }
  assert.deepEqual([...unlisted], ['http://hl7.org/fhir/ValueSet/mimetypes'])
  assert.deepEqual(VALUE_SETS['http://hl7.org/fhir/ValueSet/administrative-gender'], [
    { system: 'http://hl7.org/fhir/administrative-gender', codes: ['male', 'female', 'other', 'unknown'] },
  ])
})

test('paths of JSON names lead to fields', () => {
  assert.deepEqual(
    [fieldAt('Patient.name.given')?.type, fieldAt('Patient.name.given')?.repeats],
    ['string', true],
  )
  assert.equal(fieldAt('Patient.deceasedBoolean')?.type, 'boolean')
  assert.equal(fieldAt('Patient.contact')?.type, 'Patient.contact')
  assert.equal(fieldAt('Bundle.entry.link.url')?.type, 'uri')
  for (const path of [
    'Patient.deceased',
    'Patient.colour',
    'Patient.name.x',
    'Nonsense.name',
    'Patient.constructor',
  ]) {
    assert.equal(fieldAt(path), undefined, path)
  }
})
