// Who is who: grades and vetoes with the figures of the specification (semantics, section 4; acceptance W04,
// W05, W12, W18, W20).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FhirJson } from '../../src/canonical/fhir-json.ts'
import { blockingKeys, scorePatients } from '../../src/canonical/identity/match.ts'
import { defaultWeights } from '../../src/canonical/identity/match-weights.ts'
import type { Person } from './people.ts'
import { okafor, patient, score } from './people.ts'

test('the duplicate registration of W04 has 47.3 bits and is certain', () => {
  const result = score(okafor, { ...okafor, family: 'OKAFOR-BELL' })
  assert.equal(result.bits, 47.3)
  assert.equal(result.grade, 'certain')
  assert.ok(result.score > 0.85 && result.score < 1)
  assert.deepEqual(
    result.fields.find((each) => each.field === 'family'),
    {
      field: 'family',
      outcome: 'partial',
      a: 'OKAFOR',
      b: 'OKAFORBELL',
      comparator: 'double name',
      bits: 5.2,
    },
  )
})

test('spouses at one address and telephone stay two (W05)', () => {
  const wife: Person = { ...okafor, given: ['MAY'], born: '1970-03-04' }
  const husband: Person = { ...okafor, given: ['PETER'], born: '1968-08-19', sex: 'male' }
  const result = score(wife, husband)
  assert.equal(result.bits, 16.6)
  assert.equal(result.grade, 'possible')
  assert.deepEqual(result.vetoes, ['sex'])
  const same = score(okafor, { ...okafor, sex: 'male' })
  assert.ok(same.bits > defaultWeights.grades.certain)
  assert.equal(same.grade, 'probable')
})

test('newborn twins are never the same child (W12)', () => {
  const twin = (letter: string, order: number, given = `BABY GIRL ${letter}`): FhirJson => ({
    ...patient({
      family: 'TORRES',
      given: [given],
      born: '2026-03-05',
      sex: 'female',
      phone: '2175551201',
      line: '14 BAY ST',
      zip: '62703',
    }),
    multipleBirthInteger: order,
  })
  const result = scorePatients(twin('A', 1), twin('B', 2))
  assert.equal(result.grade, 'certainly-not')
  assert.deepEqual(result.vetoes, ['multiple-birth'])
  const boolean = (each: FhirJson): FhirJson => ({
    ...each,
    multipleBirthInteger: undefined,
    multipleBirthBoolean: true,
  })
  assert.equal(scorePatients(boolean(twin('A', 1)), boolean(twin('B', 2))).grade, 'certainly-not')
  assert.equal(scorePatients(twin('A', 1, 'LUCIA'), twin('B', 1, 'MARTA')).grade, 'certainly-not')
  assert.equal(scorePatients(twin('A', 1, 'LUCIA'), twin('A', 1)).vetoes.length, 0)
})

test('the other facility of W18 is certain, a misspelt search of it at least probable', () => {
  const oneil: Person = {
    family: "O'NEIL",
    given: ['CATHERINE', 'ANN'],
    born: '1968-03-17',
    sex: 'female',
    phone: '+1 217 5551801',
    line: '22 PARK PL',
    zip: '62701',
  }
  const other: Person = { ...oneil, family: 'ONEILL', given: ['CATHERINE'], line: '22 PARK PLACE' }
  assert.equal(score(oneil, other).grade, 'certain')
  assert.equal(score(oneil, other).bits, 52.6)
  const search: Person = {
    family: 'Oneil',
    given: ['Cathrine'],
    born: '1968-03-17',
    sex: 'female',
    phone: '217-555-1801',
  }
  for (const each of [oneil, other]) {
    assert.ok(['certain', 'probable'].includes(score(search, each).grade))
    assert.ok(score(search, each).score > 0 && score(search, each).score <= 1)
  }
})

test('two of one common name with nothing else in common have 10.4 bits: no match (W20)', () => {
  const one: Person = {
    family: 'SMITH',
    given: ['JOHN'],
    born: '1980-01-15',
    sex: 'male',
    line: '1 OAK ST',
    zip: '62701',
  }
  const two: Person = {
    family: 'SMITH',
    given: ['JOHN'],
    born: '1954-09-30',
    sex: 'male',
    line: '99 ELM AVE',
    zip: '62704',
  }
  assert.equal(score(one, two).bits, 10.4)
  assert.equal(score(one, two).grade, 'certainly-not')
})

test('previous and maiden names count as much as the present one', () => {
  const married = patient({
    ...okafor,
    more: {
      name: [
        { use: 'official', family: 'BELL', given: ['DENISE'] },
        { use: 'maiden', family: 'Okafor' },
      ],
    },
  })
  assert.equal(scorePatients(married, patient(okafor)).bits, 52.6)
})

test('certain needs the birth date, the given name and four fields that agree', () => {
  assert.equal(
    score({ ...okafor, email: 'a@x.org' }, { ...okafor, email: 'a@x.org', born: '1971-02-11' }).grade,
    'probable',
  )
  assert.equal(score({ ...okafor, given: ['OLGA'] }, { ...okafor, given: ['PETRA'] }).grade, 'probable')
  const three: Person = { family: 'OKAFOR', given: ['DENISE'], born: '1971-11-02' }
  assert.equal(score(three, three).bits, 32.9)
  assert.equal(score(three, three).grade, 'probable')
  assert.equal(score({ ...three, sex: 'female' }, { ...three, sex: 'female' }).grade, 'certain')
})

test('another number or an early death caps at probable, a negative edge rules out', () => {
  assert.equal(score({ ...okafor, ssn: '219099998' }, { ...okafor, ssn: '400011234' }).grade, 'probable')
  const dead = patient({ ...okafor, more: { deceasedDateTime: '2020-01-01' } })
  const living = patient(okafor)
  assert.deepEqual(
    scorePatients(dead, living, defaultWeights, { lastActivityB: '2026-03-01T10:00:00Z' }).vetoes,
    ['death'],
  )
  assert.equal(scorePatients(dead, living, defaultWeights, { lastActivityB: '2019-03-01' }).grade, 'certain')
  assert.equal(scorePatients(living, living, defaultWeights, { excluded: true }).grade, 'certainly-not')
})

test('scores are symmetric, between 0 and 1, and no record of any shape breaks them', () => {
  const json = fc.jsonValue({ maxDepth: 3 })
  const shape = fc.record({
    name: json,
    birthDate: json,
    gender: json,
    telecom: json,
    address: json,
    identifier: json,
    extension: json,
    meta: json,
  })
  fc.assert(
    fc.property(shape, shape, (a, b) => {
      const result = scorePatients(a as FhirJson, b as FhirJson)
      assert.ok(result.score >= 0 && result.score <= 1 && Number.isFinite(result.bits))
      blockingKeys(a as FhirJson)
    }),
    { numRuns: 300 },
  )
  const person = fc.record({
    family: fc.constantFrom('OKAFOR', 'OKAFOR-BELL', 'SMITH', 'DOE'),
    given: fc.constantFrom(['DENISE'], ['D'], ['BOB', 'LEE'], ['ROBERT']),
    born: fc.constantFrom('1971-11-02', '1971-02-11', '1980-01-01', '1971'),
    sex: fc.constantFrom('male', 'female', 'unknown'),
    line: fc.constantFrom('12 LAKE DR', '12 LAKE DRIVE APT 3', '9 ELM'),
    ssn: fc.constantFrom('219099998', '9998', '400011234'),
  })
  fc.assert(
    fc.property(person, person, (a, b) => {
      const [there, back] = [score(a, b), score(b, a)]
      assert.deepEqual([there.bits, there.grade, there.score], [back.bits, back.grade, back.score])
    }),
    { numRuns: 300 },
  )
})
