// Who is who: weights, grades and vetoes with the figures of the specification (semantics, section 4; acceptance W04,
// W05, W12, W18, W20).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FhirJson } from '../../src/canonical/fhir-json.ts'
import { blockingKeys, type MatchField, scorePatients } from '../../src/canonical/match.ts'
import { streetOf } from '../../src/canonical/match-evidence.ts'
import { defaultWeights } from '../../src/canonical/match-weights.ts'
import type { Json } from '../../src/mappings/mapped.ts'

interface Person {
  readonly family?: string
  readonly given?: readonly string[]
  readonly born?: string
  readonly sex?: string
  readonly phone?: string
  readonly email?: string
  readonly line?: string
  readonly zip?: string
  readonly ssn?: string
  readonly maiden?: string
  readonly more?: Record<string, Json>
}

const ssnSystem = 'http://hl7.org/fhir/sid/us-ssn'

function patient(who: Person): FhirJson {
  const { family, given, born, sex, phone, email, line, zip, ssn, maiden } = who
  const name: FhirJson = { use: 'official', ...(family ? { family } : {}), ...(given ? { given } : {}) }
  const telecom: Json[] = []
  if (phone) telecom.push({ system: 'phone', value: phone })
  if (email) telecom.push({ system: 'email', value: email })
  const address = { ...(line ? { line: [line] } : {}), ...(zip ? { postalCode: zip } : {}) }
  const url = 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName'
  return {
    resourceType: 'Patient',
    name: [name],
    ...(born ? { birthDate: born } : {}),
    ...(sex ? { gender: sex } : {}),
    ...(telecom.length > 0 ? { telecom } : {}),
    ...(line || zip ? { address: [address] } : {}),
    ...(ssn ? { identifier: [{ system: ssnSystem, value: ssn }] } : {}),
    ...(maiden ? { extension: [{ url, valueString: maiden }] } : {}),
    ...who.more,
  }
}

const okafor: Person = {
  family: 'OKAFOR',
  given: ['DENISE'],
  born: '1971-11-02',
  sex: 'female',
  phone: '+1 217 5550401',
  line: '12 LAKE DR',
  zip: '62704',
}
const score = (a: Person, b: Person) => scorePatients(patient(a), patient(b))
const bitsOf = (a: Person, b: Person, field: MatchField): number => {
  const found = score(a, b).fields.find((each) => each.field === field)
  assert.ok(found, field)
  return found.bits
}

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

test('spouses at one address and telephone stay two: the sex caps and the rest does not suffice (W05)', () => {
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

test('every field has the bits of the table for agreement, part and contradiction', () => {
  const rows: [MatchField, Person, Person, number][] = [
    ['family', { family: 'MARTHA' }, { family: 'MARHTA' }, 10.5],
    ['family', { family: 'GARCIA LOPEZ' }, { family: 'Lopez' }, 5.2],
    ['family', { family: 'BECKER' }, { family: 'NGUYEN' }, -3.5],
    ['given', { given: ['ANNA'] }, { given: ['ANNA'] }, 8.4],
    ['given', { given: ['Bob'] }, { given: ['ROBERT'] }, 4.2],
    ['given', { given: ['R.'] }, { given: ['ROBERT'] }, 4.2],
    ['given', { given: ['ANN', 'MARIE'] }, { given: ['MARIE'] }, 4.2],
    ['given', { given: ['OLEG'] }, { given: ['PETRA'] }, -3.1],
    ['birthDate', { born: '1971-11-02' }, { born: '1971-11-02' }, 14],
    ['birthDate', { born: '1971-11-02' }, { born: '1971-02-11' }, 7],
    ['birthDate', { born: '1971-11-02' }, { born: '1974-11-02' }, 7],
    ['birthDate', { born: '1971-11-02' }, { born: '1971-11-25' }, 7],
    ['birthDate', { born: '1971-11-02' }, { born: '1971-11' }, 7],
    ['birthDate', { born: '1971-11-02' }, { born: '1971' }, 0],
    ['birthDate', { born: '1971-11-02' }, { born: '1982-04-19' }, -6],
    ['sex', { sex: 'male' }, { sex: 'male' }, 1.1],
    ['sex', { sex: 'male' }, { sex: 'unknown' }, 0],
    ['sex', { sex: 'male' }, { sex: 'female' }, -3.4],
    ['phone', { phone: '+1 217 5550401' }, { phone: '(217) 555-0401' }, 8],
    ['phone', { phone: '2175550401' }, { phone: '2175550402' }, -1],
    ['email', { email: 'A@X.ORG' }, { email: 'a@x.org' }, 10],
    ['email', { email: 'a@x.org' }, { email: 'b@x.org' }, -0.5],
    ['address', { line: '12 North Lake Drive' }, { line: '12 N LAKE DR.' }, 6],
    ['address', { line: '12 LAKE DR APT 4' }, { line: '12 LAKE DR #7' }, 3],
    ['address', { line: '12 LAKE DR' }, { line: '12 LAKES DR' }, 3],
    ['address', { line: '12 LAKE DR' }, { line: '14 LAKE DR' }, -1],
    ['postalCode', { zip: '62704-1234' }, { zip: '62704' }, 4.6],
    ['postalCode', { zip: '62704' }, { zip: '62701' }, -2.6],
    ['ssn', { ssn: '219-09-9998' }, { ssn: '219099998' }, 16],
    ['ssn', { ssn: '219099998' }, { ssn: '219099989' }, 8],
    ['ssn', { ssn: '219099998' }, { ssn: '219099991' }, 8],
    ['ssn', { ssn: '219099998' }, { ssn: '400011234' }, -6],
    ['ssn4', { ssn: '9998' }, { ssn: '219099998' }, 7],
    ['ssn4', { ssn: '9998' }, { ssn: '219091234' }, -4],
    ['mothersMaidenName', { maiden: 'Haas' }, { maiden: 'HAAS' }, 5],
    ['mothersMaidenName', { maiden: 'Haas' }, { maiden: 'Ivanov' }, -2],
  ]
  for (const [field, a, b, bits] of rows) {
    assert.equal(bitsOf(a, b, field), bits, `${field} ${JSON.stringify([a, b])}`)
    assert.equal(bitsOf(b, a, field), bits)
  }
})

test('placeholders are not known: they neither agree nor contradict', () => {
  const rows: [MatchField, Person][] = [
    ['family', { family: 'DOE' }],
    ['family', { family: 'Unknown' }],
    ['given', { given: ['BABY GIRL A'] }],
    ['given', { given: ['TEST'] }],
    ['birthDate', { born: '1900-01-01' }],
    ['phone', { phone: '9999999999' }],
    ['phone', { phone: '000-000-0000' }],
    ['ssn4', { ssn: '999-99-9999' }],
    ['ssn4', { ssn: '123-45-6789' }],
    ['ssn4', { ssn: '000-12-3456' }],
  ]
  for (const [field, who] of rows) {
    assert.equal(bitsOf(who, who, field), 0, JSON.stringify(who))
    assert.equal(bitsOf(who, { ...okafor, ssn: '219099998' }, field), 0)
  }
  const unknown = patient({
    ...okafor,
    more: {
      extension: [
        { url: 'http://portico.example.org/StructureDefinition/identity-unknown', valueBoolean: true },
      ],
    },
  })
  assert.equal(scorePatients(unknown, patient(okafor)).bits, 0)
  const tagged = (code: string): FhirJson =>
    patient({
      ...okafor,
      more: { meta: { tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0445', code }] } },
    })
  assert.equal(scorePatients(tagged('UD'), patient(okafor)).bits, 52.6 - 14)
  assert.equal(Math.round(scorePatients(tagged('UA'), patient(okafor)).bits * 10) / 10, 42)
  const newborn = patient({
    ...okafor,
    more: {
      name: [
        {
          family: 'OKAFOR',
          given: ['DENISE'],
          extension: [{ url: 'http://portico.example.org/StructureDefinition/name-type', valueCode: 'NB' }],
        },
      ],
    },
  })
  assert.equal(
    scorePatients(newborn, patient(okafor)).fields.find((each) => each.field === 'family')?.outcome,
    'missing',
  )
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

test('another social security number and a death before other activity cap at probable, a negative edge rules out', () => {
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

test('records of one person share a blocking key although they differ', () => {
  const share = (a: Person, b: Person) => {
    const keys = new Set(blockingKeys(patient(b)))
    return blockingKeys(patient(a)).filter((each) => keys.has(each))
  }
  assert.ok(share(okafor, { family: 'OKAFOR-BELL', given: ['X'], born: '1971-02-11' }).length > 0)
  assert.ok(share({ given: ['Bob'], zip: '62704' }, { given: ['ROBERT'], zip: '62704' }).length > 0)
  assert.ok(share({ given: ['Kathryn'], zip: '62704' }, { given: ['Catherine'], zip: '62704' }).length > 0)
  assert.ok(share({ phone: '(217) 555-0401' }, { phone: '+12175550401' }).length > 0)
  assert.ok(share({ born: '1971-11-02' }, { born: '1971-11-02' }).includes('dob:1971-11-02'))
  assert.ok(
    share({ ssn: '9998', born: '1971-11-02' }, { ssn: '219099998', born: '1971-11-02' }).includes(
      'ssn4:9998:1971-11-02',
    ),
  )
  assert.deepEqual(blockingKeys({ resourceType: 'Patient' }), [])
  assert.deepEqual(
    blockingKeys(patient({ family: 'DOE', given: ['BABY BOY'], born: '1900-01-01', phone: '9999999999' })),
    [],
  )
})

test('an address is read as the postal service writes it', () => {
  assert.deepEqual(streetOf('12 Lake Drive, Apt. 4'), {
    text: '12 LK DR',
    house: '12',
    street: 'LK DR',
    unit: '4',
  })
  assert.deepEqual(streetOf('P.O. Box 77'), { text: '77 POBOX', house: '77', street: 'POBOX', unit: '' })
  assert.equal(streetOf(' ,'), undefined)
  assert.equal(streetOf('UNKNOWN'), undefined)
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
