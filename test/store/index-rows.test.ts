// Index rows of a resource and their difference: after minus before is what is inserted, before minus after what goes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { zoneOffsetOf } from '../../src/fhir/date.ts'
import {
  diffIndexRows,
  isAlwaysPresent,
  keyText,
  replacedToken,
  resourceIndex,
  type SideRows,
  timestampOf,
} from '../../src/store/index-rows.ts'
import { tokenOfCode, tokenOfPresence, tokenOfSystem, tokenOfSystemAndCode } from '../../src/store/tokens.ts'

const patient = {
  resourceType: 'Patient',
  active: true,
  gender: 'female',
  identifier: [{ system: 'urn:mrn', value: '1' }, { system: 'urn:mrn', value: '1' }, { value: '2' }],
  name: [{ family: 'SMITH', given: ['Ann'] }, { family: 'Smith' }],
  birthDate: '1980-05',
  generalPractitioner: [{ reference: 'Practitioner/d/_history/2' }],
}

describe('index rows', () => {
  test('each kind goes to its table, none twice', () => {
    const index = resourceIndex(patient, zoneOffsetOf('America/Chicago'))
    assert.deepEqual(index.identifier, [
      { param: 'identifier', value: '1', system: 'urn:mrn' },
      { param: 'identifier', value: '2', system: '' },
    ])
    assert.deepEqual(index.reference, [{ param: 'general-practitioner', target: 'Practitioner/d' }])
    assert.deepEqual(index.date, [
      { param: 'birthdate', low: '1980-05-01T05:00:00.000Z', high: '1980-06-01T05:00:00.000Z' },
    ])
    assert.deepEqual(
      index.string.filter(({ param }) => param === 'family'),
      [{ param: 'family', norm: 'smith' }],
    )
  })

  test('tokens are by code, by system and code, by system, and of what is present; in ascending order', () => {
    const { tokens } = resourceIndex(patient)
    const gender = 'http://hl7.org/fhir/administrative-gender'
    const expected = [
      tokenOfCode('gender', 'female'),
      tokenOfSystemAndCode('gender', gender, 'female'),
      tokenOfSystem('gender', gender),
      tokenOfPresence('gender'),
      tokenOfCode('active', 'true'),
      tokenOfSystemAndCode('active', '', 'true'),
      tokenOfPresence('birthdate'),
    ]
    for (const token of expected) assert.ok(tokens.includes(token))
    assert.ok(!tokens.includes(tokenOfPresence('telecom')))
    assert.deepEqual(
      tokens.map(BigInt),
      tokens.map(BigInt).toSorted((a, b) => (a < b ? -1 : 1)),
    )
  })

  test('only a patient that was merged away is marked', () => {
    const link = (type: string) =>
      resourceIndex({ ...patient, link: [{ type, other: { reference: 'Patient/x' } }] }).tokens
    assert.ok(link('replaced-by').includes(replacedToken))
    assert.ok(!link('replaces').includes(replacedToken))
    assert.ok(!link('seealso').includes(replacedToken))
  })

  test('what every valid resource has needs no token for its presence', () => {
    assert.ok(isAlwaysPresent('Appointment', 'status'))
    assert.ok(!isAlwaysPresent('Appointment', 'date'))
    assert.ok(!isAlwaysPresent('Coverage', 'beneficiary'))
    assert.ok(!isAlwaysPresent('Patient', 'nonsense'))
  })

  test('times beyond four-digit years are infinite', () => {
    assert.equal(timestampOf(Number.POSITIVE_INFINITY), 'infinity')
    assert.equal(timestampOf(Date.parse('+010000-01-01T00:00:00Z')), 'infinity')
    assert.equal(timestampOf(Date.parse('9999-12-31T23:59:59.999Z')), '9999-12-31T23:59:59.999Z')
    assert.equal(timestampOf(Date.parse('0001-01-01T00:00:00Z')), '0001-01-01T00:00:00.000Z')
    assert.equal(timestampOf(Date.parse('0000-12-31T23:00:00Z')), '-infinity')
    assert.equal(timestampOf(Number.NEGATIVE_INFINITY), '-infinity')
  })

  test('no key is longer than the database takes, and different long texts stay different', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 250, maxLength: 400, unit: 'binary' }),
        fc.string({ maxLength: 3 }),
        (text, more) => {
          const key = keyText(text)
          assert.ok(key.length <= 256)
          assert.equal(keyText(text + more) === key, more === '')
        },
      ),
    )
  })

  test('a difference turns the rows of one resource into those of another', () => {
    const text = fc.constantFrom('a', 'b', 'c', 'A', 'é')
    const resource = fc.record({
      resourceType: fc.constant('Patient'),
      active: fc.boolean(),
      identifier: fc.array(fc.record({ system: text, value: text }), { maxLength: 4 }),
      name: fc.array(fc.record({ family: text, given: fc.array(text, { maxLength: 2 }) }), { maxLength: 3 }),
      birthDate: fc.constantFrom('1980', '1980-05', '1980-05-01'),
      managingOrganization: fc.record({ reference: text.map((id) => `Organization/${id}`) }),
    })
    const maybe = fc.option(resource, { nil: undefined })
    fc.assert(
      fc.property(maybe, maybe, (a, b) => {
        const before = a && resourceIndex(a)
        const after = b && resourceIndex(b)
        const diff = diffIndexRows(before, after)
        const tables: readonly (keyof SideRows)[] = ['identifier', 'reference', 'string', 'date', 'number']
        for (const table of tables) {
          const keys = (rows: readonly object[] = []) => rows.map((row) => JSON.stringify(row))
          const gone = new Set(keys(diff.remove[table]))
          const left = keys(before?.[table]).filter((key) => !gone.has(key))
          assert.deepEqual([...left, ...keys(diff.insert[table])].sort(), keys(after?.[table]).sort())
          for (const key of keys(diff.insert[table])) assert.ok(!gone.has(key))
        }
        assert.equal(
          diff.tokensChanged,
          JSON.stringify(before?.tokens ?? []) !== JSON.stringify(after?.tokens ?? []),
        )
      }),
    )
  })
})
