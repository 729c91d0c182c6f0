// Data types by themselves: what is sent beside what it becomes, at the edges that mapping.md (section 2) names.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { typed } from './fixture.ts'

type Edge = readonly [via: string, sent: string, expected: unknown]

const ucum = 'http://unitsofmeasure.org'
const v2 = (table: string) => `http://terminology.hl7.org/CodeSystem/v2-${table}`
const local = 'urn:portico:local:ADT1:ZZT-1'

const edges: Readonly<Record<string, readonly Edge[]>> = {
  HD: [
    ['HD[string]', 'GHH^1.2.3^ISO', 'GHH'],
    ['HD[string]', '^1.2.3^ISO', '1.2.3'],
    ['HD[string]', '""', null],
    [
      'HD[authority]',
      'GHH^2.16.840.1.113883.19.5.1^ISO',
      { namespace: 'GHH', universalId: '2.16.840.1.113883.19.5.1', universalIdType: 'ISO' },
    ],
  ],
  'CNE and CWE': [
    ['CWE[CodeableConcept]', 'A', { coding: [{ system: local, code: 'A' }] }],
    ['CWE[CodeableConcept]', '^words alone', { text: 'words alone' }],
    [
      'CWE[CodeableConcept]',
      'A^Word^HL70004',
      { coding: [{ system: v2('0004'), code: 'A', display: 'Word' }], text: 'Word' },
    ],
    [
      'CWE[CodeableConcept]',
      'A^Word^HL7074^^^^2.5^^meant',
      { coding: [{ system: v2('0074'), code: 'A', display: 'Word', version: '2.5' }], text: 'meant' },
    ],
    [
      'CWE[CodeableConcept]',
      'J10^Flu^I10',
      { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'J10', display: 'Flu' }], text: 'Flu' },
    ],
    [
      'CWE[CodeableConcept]',
      'J10^Flu^I10C',
      { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'J10', display: 'Flu' }], text: 'Flu' },
    ],
    [
      'CWE[CodeableConcept]',
      '1-8^X^LN',
      { coding: [{ system: 'http://loinc.org', code: '1-8', display: 'X' }], text: 'X' },
    ],
    [
      'CWE[CodeableConcept]',
      '22298006^MI^SCT',
      { coding: [{ system: 'http://snomed.info/sct', code: '22298006', display: 'MI' }], text: 'MI' },
    ],
    [
      'CWE[CodeableConcept]',
      'A^Word^L',
      { coding: [{ system: local, code: 'A', display: 'Word' }], text: 'Word' },
    ],
    [
      'CWE[CodeableConcept]',
      'A^Word^99ABC',
      { coding: [{ system: 'urn:portico:local:ADT1:99ABC', code: 'A', display: 'Word' }], text: 'Word' },
    ],
    ['CWE[CodeableConcept]', '""', null],
  ],
  DR: [
    ['DR[Period]', '20260101^20260131', { start: '2026-01-01', end: '2026-01-31' }],
    ['DR[Period]', '^20260131', { end: '2026-01-31' }],
    ['DR[Period]', '202601011000', { start: '2026-01-01T10:00:00-06:00' }],
    ['DR[Period]', '^', undefined],
  ],
  'FN in XPN': [
    [
      'XPN[HumanName]',
      'VAN DER BERG&VAN DER&BERG^ANNA',
      {
        family: 'VAN DER BERG',
        _family: {
          extension: [
            { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-prefix', valueString: 'VAN DER' },
            { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-name', valueString: 'BERG' },
          ],
        },
        given: ['ANNA'],
      },
    ],
    ['XPN[HumanName]', 'DOE^JANE^MARY ANN', { family: 'DOE', given: ['JANE', 'MARY ANN'] }],
    [
      'XPN[HumanName]',
      'DOE^JANE^^JR^DR^MD',
      { family: 'DOE', given: ['JANE'], suffix: ['JR', 'MD'], prefix: ['DR'] },
    ],
    ['XPN[HumanName]', '^JANE', { given: ['JANE'] }],
    ['XPN[HumanName]', '^^^^^^L', undefined],
  ],
  SAD: [
    ['XAD[Address]', '1 MAIN ST&MAIN ST&1^APT 2', { line: ['1 MAIN ST', 'APT 2'] }],
    ['XAD[Address]', '&MAIN ST&1', { line: ['1 MAIN ST'] }],
    ['XAD[Address]', '^^TOWN^^^CHE', { city: 'TOWN', country: 'CHE' }],
  ],
  DLD: [
    ['DLD[Location]', 'SNF7^20260303', { reference: '#location:1', display: 'SNF7' }],
    ['DLD[Location]', 'SNF7&Home of the aged&L', { reference: '#location:1', display: 'Home of the aged' }],
    ['DLD[Location]', '^20260303', undefined],
  ],
  'MO, MOP and CP': [
    ['MO[Money]', '9.50^eur', { value: 9.5, currency: 'EUR' }],
    ['MO[Money]', '9', { value: 9, currency: 'USD' }],
    ['MO[Money]', '^EUR', undefined],
    ['CP[Money]', '12.50&EUR^UP', { value: 12.5, currency: 'EUR' }],
    ['CP[Money]', '12.50^UP', { value: 12.5, currency: 'USD' }],
    ['CP[Money]', '-12.50&USD', { value: -12.5, currency: 'USD' }],
    ['MOP[Quantity]', 'PC^80', { value: 80, unit: '%', system: ucum, code: '%' }],
    ['MOP[Quantity]', 'AT^50^EUR', { value: 50, unit: 'EUR', system: 'urn:iso:std:iso:4217', code: 'EUR' }],
    ['MOP[Quantity]', 'AT^50', { value: 50, unit: 'USD', system: 'urn:iso:std:iso:4217', code: 'USD' }],
    ['MOP[Quantity]', 'PC', undefined],
  ],
  'JCC and SPD': [
    [
      'JCC[CodeableConcept]',
      'J1^C1^Nurse',
      {
        coding: [
          { system: 'urn:portico:local:ADT1:0327', code: 'J1' },
          { system: 'urn:portico:local:ADT1:0328', code: 'C1' },
        ],
        text: 'Nurse',
      },
    ],
    ['JCC[CodeableConcept]', '^^Nurse', { text: 'Nurse' }],
    ['SPD[CodeableConcept]', 'Cardiology', { text: 'Cardiology' }],
  ],
  XON: [
    ['XON[string]', 'ACME^L', 'ACME'],
    ['XON[Organization]', 'ACME^L^77', { reference: '#organization:1', display: 'ACME' }],
    ['XON[Organization]', '^^77', { reference: '#organization:1' }],
    ['XON[Organization]', 'ACME^^^^^GHH^XX^^^A77', { reference: '#organization:1', display: 'ACME' }],
    ['XON[string]', '""', null],
  ],
  'CQ and NM': [
    ['CQ[Quantity]', '3^min&minute&UCUM', { value: 3, unit: 'minute', system: ucum, code: 'min' }],
    ['CQ[Quantity]', '^min', undefined],
    ['NM[decimal]', '+007.50', 7.5],
    ['NM[integer]', '12.0', 12],
    ['NM[decimal]', '.5', 0.5],
  ],
  'TX and FT': [
    ['FT[string]', 'one\\.br\\two', 'one\ntwo'],
    ['FT[string]', 'a \\H\\bold\\N\\ word', 'a bold word'],
    ['FT[string]', 'A\\T\\B\\F\\C', 'A&B|C'],
    ['FT[string]', 'A & B ^ C', 'A & B ^ C'],
  ],
  'PLN and DLN': [
    [
      'DLN[Identifier]',
      'D1^IL^20280101',
      {
        type: { coding: [{ system: v2('0203'), code: 'DL', display: "Driver's license number" }] },
        system: 'urn:portico:local:ADT1:DL-IL',
        value: 'D1',
        period: { end: '2028-01-01' },
        assigner: { display: 'IL' },
      },
    ],
    [
      'PLN[Identifier]',
      'P1^SL^IL^20280101',
      {
        type: { coding: [{ system: v2('0203'), code: 'SL', display: 'State license' }] },
        system: 'urn:portico:aa:ADT1:SL-IL',
        value: 'P1',
        period: { end: '2028-01-01' },
        assigner: { display: 'IL' },
      },
    ],
  ],
  EI: [
    ['EI[Identifier]', 'E1^GHH', { system: 'urn:oid:2.16.840.1.113883.19.5.1', value: 'E1' }],
    ['EI[Identifier]', 'E1^^1.2.3^ISO', { system: 'urn:oid:1.2.3', value: 'E1' }],
    ['EI[Identifier]', '^GHH', undefined],
  ],
  CX: [
    ['CX[string]', 'ID1^^^GHH', 'ID1'],
    ['CX[Identifier]', '""^^^GHH', undefined],
  ],
  TQ: [
    ['TQ[minutes]', 'M30', 30],
    ['TQ[minutes]', 'H1', 60],
    ['TQ[minutes]', 'S900', 15],
    ['TQ[minutes]', 'D1', 1440],
    ['TQ[minutes]', '45', 45],
    ['TQ[minutes]', 'soon', undefined],
  ],
  DTM: [
    ['DTM[date]', '2026', '2026'],
    ['DTM[date]', '202603', '2026-03'],
    ['DTM[date]', '20260305235900+0900', '2026-03-05'],
    ['DTM[dateTime]', '2026030510', '2026-03-05T10:00:00-06:00'],
    ['DTM[dateTime]', '202603051030', '2026-03-05T10:30:00-06:00'],
    ['DTM[dateTime]', '20260305103015.25-0500', '2026-03-05T10:30:15.25-05:00'],
    ['DTM[dateTime]', '20260710103000', '2026-07-10T10:30:00-05:00'],
  ],
}

for (const [type, rows] of Object.entries(edges)) {
  describe(type, () => {
    for (const [via, sent, expected] of rows)
      it(`${via} ${sent}`, () => assert.deepEqual(typed(via, sent).value, expected))
  })
}
