// What counts as evidence of who somebody is, and how much (semantics, section 4).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FhirJson } from '../../src/canonical/fhir-json.ts'
import { blockingKeys, scorePatients } from '../../src/canonical/identity/match.ts'
import { streetOf } from '../../src/canonical/identity/match-evidence.ts'
import type { MatchField } from '../../src/canonical/identity/match-weights.ts'
import type { Person } from './people.ts'
import { bitsOf, okafor, patient } from './people.ts'

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
