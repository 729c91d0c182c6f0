// The leaves for text, time, numbers and codes, one by one (HL7 v2.9.1 chapter 2A; FHIR R4 datatypes).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decimalText } from '../../src/mappings/engine/leaves/number.ts'
import { typed } from './fixture.ts'

const of = (...args: Parameters<typeof typed>) => typed(...args).value
const issues = (...args: Parameters<typeof typed>) =>
  typed(...args).issues.map(({ severity, code, app, location }) => [severity, code, app, location])

describe('text', () => {
  it('is decoded and trimmed, and ends at the component', () => {
    assert.equal(of('ST[string]', ' A\\T\\B ^rest'), 'A&B')
  })
  it('keeps an ampersand that was not escaped, for a text has no subcomponents', () => {
    assert.equal(of('ST[string]', 'Smith & Sons'), 'Smith & Sons')
  })
  it('of blanks alone, or of "", is nothing', () => {
    assert.equal(of('ST[string]', '  '), undefined)
    assert.equal(of('CWE[text]', '""^""'), undefined)
  })
  it('with line breaks keeps them, and repetitions become lines', () => {
    assert.equal(of('FT[string]', 'one\\.br\\two~three^four'), 'one\ntwo\nthree^four')
  })
})

describe('ID[boolean]', () => {
  it('reads Y and N, in any case and in words', () => {
    for (const yes of ['Y', 'y', 'YES', '1', 'true']) assert.equal(of('ID[boolean]', yes), true, yes)
    for (const no of ['N', 'no', '0', 'F']) assert.equal(of('ID[boolean]', no), false, no)
  })
  it('leaves unknown alone and warns of what is neither', () => {
    assert.equal(of('ID[boolean]', 'U'), undefined)
    assert.deepEqual(issues('ID[boolean]', 'MAYBE'), [['W', '0', 'UNMAPPED-CODE', 'ZZT^1^1']])
  })
})

describe('DTM', () => {
  const shapes: [string, string, string][] = [
    ['DTM[dateTime]', '2026', '2026'],
    ['DTM[dateTime]', '202603', '2026-03'],
    ['DTM[dateTime]', '20260302', '2026-03-02'],
    ['DTM[dateTime]', '2026030209', '2026-03-02T09:00:00-06:00'],
    ['DTM[dateTime]', '202603020912', '2026-03-02T09:12:00-06:00'],
    ['DTM[dateTime]', '20260302091231', '2026-03-02T09:12:31-06:00'],
    ['DTM[dateTime]', '20260302091231.25', '2026-03-02T09:12:31.25-06:00'],
    ['DTM[dateTime]', '20260702091231', '2026-07-02T09:12:31-05:00'],
    ['DTM[dateTime]', '20260302091231+0100', '2026-03-02T09:12:31+01:00'],
    ['DTM[dateTime]', '20260302091231.123456', '2026-03-02T09:12:31.1234-06:00'],
    ['DTM[dateTime]', '20260302091231^S', '2026-03-02T09:12:31-06:00'],
    ['DTM[dateTime]', '2026-03-02T09:12:31Z', '2026-03-02T09:12:31+00:00'],
    ['DTM[dateTime]', '2026-03-02', '2026-03-02'],
    ['DTM[date]', '20260302235959+0100', '2026-03-02'],
    ['DTM[instant]', '20260302', '2026-03-02T00:00:00-06:00'],
  ]
  for (const [via, sent, expected] of shapes) {
    it(`${via} reads ${sent} as ${expected}`, () => assert.equal(of(via, sent), expected))
  }
  it('takes the offset of MSH-7 for times without one, and dates are never moved', () => {
    const over = { messageOffset: 120 }
    assert.equal(of('DTM[dateTime]', '20260302091231', { over }), '2026-03-02T09:12:31+02:00')
    assert.equal(of('DTM[date]', '20260302', { over }), '2026-03-02')
  })
  it('that is no moment is refused with 102; zero dates and 24:00 are warned of', () => {
    for (const bad of ['20261301', 'TODAY', '202603020960', '19600230']) {
      assert.deepEqual(issues('DTM[dateTime]', bad), [['E', '102', undefined, 'ZZT^1^1']], bad)
    }
    for (const habit of ['00000000', '202603022400']) {
      assert.equal(of('DTM[dateTime]', habit), undefined)
      assert.deepEqual(issues('DTM[dateTime]', habit), [['W', '102', undefined, 'ZZT^1^1']], habit)
    }
  })
  it('that the clock skipped or had twice is read and warned of', () => {
    assert.equal(of('DTM[dateTime]', '20260308023000'), '2026-03-08T03:30:00-05:00')
    assert.deepEqual(issues('DTM[dateTime]', '20260308023000'), [['W', '0', 'DST-GAP', 'ZZT^1^1']])
    assert.equal(of('DTM[dateTime]', '20261101013000'), '2026-11-01T01:30:00-05:00')
    assert.deepEqual(issues('DTM[dateTime]', '20261101013000'), [['W', '0', 'DST-AMBIGUOUS', 'ZZT^1^1']])
  })
  it('with its end in the next field is a period, whichever of them was sent', () => {
    assert.deepEqual(of('DT[Period]', '20260101', { beside: '20261231' }), {
      start: '2026-01-01',
      end: '2026-12-31',
    })
    assert.deepEqual(of('DT[Period]', '20260101'), { start: '2026-01-01' })
    assert.deepEqual(of('DT[Period-End]', '20261231'), { end: '2026-12-31' })
    assert.deepEqual(of('DR[Period]', '20260101^20261231'), { start: '2026-01-01', end: '2026-12-31' })
  })
})

describe('numbers', () => {
  it('keep their digits as decimals: 150.00 stays 150.00', () => {
    const { things } = typed('NM[decimal]', '150.00')
    assert.equal(JSON.stringify(things[0]?.cells[0]?.value), '150.00')
  })
  it('are written as JSON does', () => {
    const cases: [string, string | undefined][] = [
      ['+7', '7'],
      ['007.50', '7.50'],
      ['.5', '0.5'],
      ['5.', '5'],
      ['-0.10', '-0.10'],
      ['0', '0'],
      ['', undefined],
      ['.', undefined],
      ['1,000', undefined],
      ['1e3', undefined],
      ['--1', undefined],
    ]
    for (const [sent, expected] of cases) assert.equal(decimalText(sent), expected, sent)
  })
  it('that are none are refused with 102', () => {
    assert.deepEqual(issues('NM[integer]', 'one'), [['E', '102', undefined, 'ZZT^1^1']])
    assert.deepEqual(issues('NM[integer]', '1.5'), [['E', '102', undefined, 'ZZT^1^1']])
    assert.equal(of('NM[integer]', '2.0'), 2)
    assert.deepEqual(issues('NM[positiveInt]', '0'), [['W', '102', undefined, 'ZZT^1^1']])
    assert.deepEqual(of('NM[Quantity]', '1.50'), { value: 1.5 })
    assert.deepEqual(of('NM[Duration-Days]', '3'), {
      value: 3,
      unit: 'days',
      system: 'http://unitsofmeasure.org',
      code: 'd',
    })
  })
})

describe('durations in minutes', () => {
  const units: [string, string, number][] = [
    ['30', 'min', 30],
    ['30', 'MIN', 30],
    ['30', 'minutes', 30],
    ['30', 'M', 30],
    ['1', 'H', 60],
    ['2', 'hr', 120],
    ['900', 's', 15],
    ['1', 'D', 1440],
    ['-15', 'min', -15],
    ['0.5', 'h', 30],
  ]
  for (const [amount, unit, expected] of units) {
    it(`NM[minutes] reads ${amount} ${unit}, the unit in the next field`, () => {
      assert.equal(of('NM[minutes]', amount, { beside: `${unit}^text` }), expected)
    })
  }
  it('without unit are minutes below 600 and seconds from there, and it is noted', () => {
    assert.equal(of('NM[minutes]', '30'), 30)
    assert.equal(of('NM[minutes]', '900'), 15)
    assert.deepEqual(issues('NM[minutes]', '30'), [['I', '0', undefined, 'ZZT^1^1']])
  })
  it('of an unknown unit are nothing, with a warning', () => {
    assert.equal(of('NM[minutes]', '3', { beside: 'fortnights' }), undefined)
    assert.deepEqual(issues('NM[minutes]', '3', { beside: 'fortnights' })[0]?.slice(0, 3), [
      'W',
      '0',
      'UNMAPPED-CODE',
    ])
  })
  it('are read out of CQ and TQ as well', () => {
    assert.equal(of('CQ[minutes]', '30^min&minute&ISO+'), 30)
    assert.equal(of('TQ[minutes]', 'M30'), 30)
    assert.equal(of('TQ[minutes]', 'H1'), 60)
    assert.equal(of('TQ[minutes]', 'S900'), 15)
    assert.deepEqual(issues('TQ[minutes]', 'soon'), [['E', '102', undefined, 'ZZT^1^1']])
  })
})

describe('CP[Money]', () => {
  it('reads the MO in the first component, and an MO in its place', () => {
    assert.deepEqual(of('CP[Money]', '150.00&USD^UP'), { value: 150, currency: 'USD' })
    assert.deepEqual(of('CP[Money]', '150.00^EUR'), { value: 150, currency: 'EUR' })
    assert.deepEqual(of('CP[Money]', '150'), { value: 150, currency: 'USD' })
    assert.deepEqual(of('CP[Money]', '-30.5^UP'), { value: -30.5, currency: 'USD' })
  })
  it('keeps the scale of the amount', () => {
    assert.match(JSON.stringify(typed('CP[Money]', '150.00&USD').things[0]?.cells[0]?.value), /150\.00/)
  })
})

describe('CWE[CodeableConcept]', () => {
  const table = 'MaritalStatus'
  it('has the original coding first, the mapped one second, and a text', () => {
    assert.deepEqual(of('CWE[CodeableConcept]', 'M^Married^HL70002', { table }), {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/v2-0002', code: 'M', display: 'Married' },
        { system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M', display: 'Married' },
      ],
      text: 'Married',
    })
  })
  it('without a system is of the table of the row when that has the code, else of the field of the source', () => {
    const known = of('CWE[CodeableConcept]', 'M', { table }) as { coding: { system: string }[] }
    assert.equal(known.coding[0]?.system, 'http://terminology.hl7.org/CodeSystem/v2-0002')
    assert.deepEqual(of('CWE[CodeableConcept]', 'X1^Own'), {
      coding: [{ system: 'urn:portico:local:ADT1:ZZT-1', code: 'X1', display: 'Own' }],
      text: 'Own',
    })
  })
  const systems: [string, string][] = [
    ['HL70063', 'http://terminology.hl7.org/CodeSystem/v2-0063'],
    ['HL7063', 'http://terminology.hl7.org/CodeSystem/v2-0063'],
    ['I10', 'http://hl7.org/fhir/sid/icd-10'],
    ['I10C', 'http://hl7.org/fhir/sid/icd-10-cm'],
    ['LN', 'http://loinc.org'],
    ['SCT', 'http://snomed.info/sct'],
    ['C4', 'http://www.ama-assn.org/go/cpt'],
    ['2.16.840.1.113883.6.1', 'urn:oid:2.16.840.1.113883.6.1'],
    ['http://example.org/codes', 'http://example.org/codes'],
    ['L', 'urn:portico:local:ADT1:ZZT-1'],
    ['99ZZZ', 'urn:portico:local:ADT1:99ZZZ'],
    ['HOUSE LIST', 'urn:portico:local:ADT1:HOUSE%20LIST'],
  ]
  for (const [name, uri] of systems) {
    it(`reads the coding system ${name}`, () => {
      const made = of('CWE[CodeableConcept]', `A^a^${name}`) as { coding: { system: string }[] }
      assert.equal(made.coding[0]?.system, uri)
    })
  }
  it('adds the alternates of the sender, and prefers CWE.9 as text', () => {
    const made = of('CWE[CodeableConcept]', 'J06.9^Acute URI^I10^54150009^URI^SCT^2016^^as written') as {
      coding: { code: string; version?: string }[]
      text: string
    }
    assert.deepEqual(
      made.coding.map((one) => one.code),
      ['J06.9', '54150009'],
    )
    assert.equal(made.coding[0]?.version, '2016')
    assert.equal(made.text, 'as written')
  })
  it('of a text alone has no coding', () => {
    assert.deepEqual(of('CWE[CodeableConcept]', '^chest pain'), { text: 'chest pain' })
  })
  it('with a code that no table has is kept, with a warning that names table and code', () => {
    const { issues: found, value } = typed('CWE[CodeableConcept]', 'QQ', { table })
    assert.deepEqual(value, { coding: [{ system: 'urn:portico:local:ADT1:ZZT-1', code: 'QQ' }] })
    assert.deepEqual(found, [
      {
        kind: 'unmapped-code',
        severity: 'W',
        code: '0',
        app: 'UNMAPPED-CODE',
        table,
        value: 'QQ',
        location: 'ZZT^1^1',
        row: 'ZZT[Test]#1',
        text: 'ZZT-1 code "QQ" is not in table MaritalStatus - add it to the tables of the source',
      },
    ])
  })
  it('of another coding system than that of the table is not translated and not warned of', () => {
    assert.deepEqual(typed('CWE[CodeableConcept]', 'M^x^SCT', { table }).issues, [])
  })
  it('is translated by the tables of the source before those of the program', () => {
    const over = {
      tables: {
        codes: (name: string, code: string) =>
          name === table && code === 'QQ' ? { system: 'urn:x', code: 'y' } : undefined,
      },
    }
    const made = of('CWE[CodeableConcept]', 'QQ', { table, over }) as { coding: unknown[] }
    assert.deepEqual(made.coding[1], { system: 'urn:x', code: 'y' })
  })
  it('is found in a table whatever the case', () => {
    const made = of('CWE[CodeableConcept]', 'm', { table }) as { coding: { code: string }[] }
    assert.equal(made.coding[1]?.code, 'M')
  })
})

describe('codes', () => {
  it('of a required element that no table has are refused with 103', () => {
    const table = 'AdministrativeSex'
    assert.equal(of('CWE[code]', 'F', { table }), 'female')
    assert.equal(of('CWE[code]', 'X', { table }), undefined)
    assert.deepEqual(issues('CWE[code]', 'X', { table }), [['E', '103', 'CODE-HELD', 'ZZT^1^1']])
  })
  it('of other elements are left out with a warning', () => {
    const table = 'AdministrativeSex'
    assert.equal(of('ID[code]', 'X', { table }), undefined)
    assert.deepEqual(issues('ID[code]', 'X', { table }), [['W', '0', 'UNMAPPED-CODE', 'ZZT^1^1']])
    assert.equal(of('ID[code]', 'X'), 'X')
    assert.equal(of('ID[code-Kept]', 'ZZ', { table: 'TransactionType' }), 'ZZ')
    assert.equal(of('ID[action]', 'a'), 'A')
  })
  it('as a Coding are the mapped one alone', () => {
    assert.deepEqual(of('CWE[Coding]', 'I^In', { table: 'PatientClass[EncounterClass]' }), {
      system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
      code: 'IMP',
      display: 'inpatient encounter',
    })
    assert.deepEqual(issues('CWE[Coding]', 'XX', { table: 'PatientClass[EncounterClass]' }), [
      ['E', '103', 'CODE-HELD', 'ZZT^1^1'],
    ])
    assert.deepEqual(issues('CWE[Coding-Soft]', 'XX', { table: 'ModeOfArrivalCode' }), [
      ['W', '0', 'UNMAPPED-CODE', 'ZZT^1^1'],
    ])
  })
  it('of a filler status are kept as sent beside what they mean, in any case', () => {
    const table = 'FillerStatusCodes[Appointment]'
    assert.deepEqual(of('CWE[FillerStatus]', 'Overbook^Overbook^HL70278', { table }), {
      code: 'Overbook',
      display: 'Overbook',
      status: 'booked',
    })
    assert.deepEqual(of('CWE[FillerStatus]', 'BOOKED', { table }), { code: 'BOOKED', status: 'booked' })
    assert.deepEqual(issues('CWE[FillerStatus]', 'MAYBE', { table }), [['E', '103', 'CODE-HELD', 'ZZT^1^1']])
    assert.deepEqual(issues('CWE[FillerStatus-Part]', 'MAYBE', { table }), [
      ['W', '0', 'UNMAPPED-CODE', 'ZZT^1^1'],
    ])
  })
  it('of priority are the numbers of iCalendar', () => {
    for (const [sent, priority] of [
      ['S', 1],
      ['A', 3],
      ['R', 5],
      ['TM15', 1],
      ['PRN', 9],
    ]) {
      assert.equal(of('CWE[priority]', String(sent)), priority)
    }
  })
})
