// Compiled search expressions against fhirpath.js, on generated resources.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson } from '../../src/fhir/json.ts'
import { compilePath } from '../../src/fhir/path.ts'
import { searchParamsOf } from '../../src/fhir/search-params.ts'
import { SERVED_TYPES } from '../../src/fhir/types.ts'
import { evaluate } from './fhirpath.ts'
import { Generator } from './generate.ts'
import { appointment, patient } from './samples.ts'

const ROUNDS = 40
const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition'

function values(expression: string, base: string, resource: object): unknown[] {
  const found: unknown[] = []
  compilePath<unknown[]>(expression, base, () => (value, into) => void into.push(value))(resource, found)
  return found
}

/** Without repetitions: a union drops them in FHIRPath, the index later. */
function sorted(found: readonly unknown[]): string[] {
  return [...new Set(found.map(canonicalJson))].sort()
}

for (const type of SERVED_TYPES) {
  test(`${type}: all search expressions find what fhirpath finds`, () => {
    const generator = new Generator(type.length * 104729)
    for (let round = 0; round < ROUNDS; round += 1) {
      const resource = generator.element(type, 3)
      for (const { expression } of searchParamsOf(type).values()) {
        // fhirpath.js would have to fetch what a reference points to; see the tests below.
        if (expression.includes('resolve()')) continue
        const expected = sorted(evaluate(resource, expression.replace(/\b(Domain)?Resource\./g, `${type}.`)))
        assert.deepEqual(
          sorted(values(expression, type, resource)),
          expected,
          `${expression} of ${JSON.stringify(resource)}`,
        )
      }
    }
  })
}

test('paths go through extensions by their url', () => {
  const race = `Patient.extension.where(url = '${US_CORE}/us-core-race').extension.value.code`
  assert.deepEqual(values(race, 'Patient', patient()), ['2106-3'])
})

test('resolve() is answered by the reference itself', () => {
  const actors = (type: string): unknown[] =>
    values(`Appointment.participant.actor.where(resolve() is ${type})`, 'Appointment', appointment())
  assert.deepEqual(actors('Patient'), [{ reference: 'Patient/p1' }])
  assert.deepEqual(actors('Practitioner'), [{ reference: 'Practitioner/pr1/_history/3' }])
  assert.equal(actors('Location').length, 1)
  assert.deepEqual(actors('Device'), [])
})

test('as and ofType take one type of a choice', () => {
  const dead = { resourceType: 'Patient', deceasedDateTime: '2020' }
  for (const expression of [
    '(Patient.deceased as dateTime)',
    'Patient.deceased.as(dateTime)',
    'Patient.deceased.ofType(dateTime)',
  ]) {
    assert.deepEqual(values(expression, 'Patient', dead), ['2020'])
    assert.deepEqual(values(expression, 'Patient', patient()), [])
  }
})

test('a choice may be named as in JSON', () => {
  assert.deepEqual(values('Patient.deceasedBoolean', 'Patient', patient()), [false])
})

test('malformed resources are visited without trouble', () => {
  for (const resource of [{ name: 'x' }, { name: [null, 1, 'x', []] }, { name: [{ family: null }] }, []]) {
    assert.deepEqual(values('Patient.name.family', 'Patient', resource), [])
  }
})

test('what is not supported is refused when it is compiled', () => {
  const wrong = [
    'Patient.name.first()',
    'Patient.name[0]',
    'Patient.name.where(',
    'Patient.nothing',
    "Patient.name = ''x",
    '',
    'Patient.resolve()',
  ]
  for (const expression of wrong) {
    assert.throws(() => values(expression, 'Patient', patient()), Error, expression)
  }
})
