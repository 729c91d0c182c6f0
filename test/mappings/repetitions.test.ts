// Fields that name one thing several times, or more of it than the first repetition (HL7 v2.9.1 chapter 2A XCN,
// XON, CX; mapping, section 2).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cell, map, patient, pid, plain, segment, thing, typed, value } from './fixture.ts'

describe('numbers of one person', () => {
  it('AIP-3 repeats them: the practitioner has all, with or without the name again', () => {
    const mapped = map('SIU^S12^SIU_S12', [
      segment('SCH', { 2: 'F1^GHH' }),
      pid(),
      segment('RGS', { 1: '1' }),
      segment('AIP', { 1: '1', 3: '55^Res^Rob^^^^^^GHH~1999999984^^^^^^^^NPI' }),
    ])
    const people = mapped.things.filter(({ type }) => type === 'Practitioner')
    assert.equal(people.length, 1)
    const numbers = value(people[0] ?? thing(mapped, 'practitioner:1'), 'identifier') as object[]
    assert.deepEqual(
      numbers.map((each) => (each as { value: string }).value),
      ['55', '1999999984'],
    )
  })
})

describe('names of a payer', () => {
  const payor = (segments: readonly string[]) =>
    thing(map('ADT^A01^ADT_A01', [pid(), segment('PV1', { 2: 'I' }), ...segments]), 'payor')
  it('IN1-4: the first is its name, those after it aliases', () => {
    const found = payor([segment('IN1', { 2: 'P', 3: 'PAY1', 4: 'Best^L~Good~Fair' })])
    assert.equal(value(found, 'name'), 'Best')
    assert.deepEqual(value(found, 'alias'), ['Good', 'Fair'])
  })
})

describe('fields that repeat', () => {
  const race = "extension('http://portico.example.org/StructureDefinition/race')"
  const sent = (text: string) => plain(cell(patient({ 10: text }), race)?.value)
  const one = (code: string) => ({
    url: 'http://portico.example.org/StructureDefinition/race',
    valueCodeableConcept: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0005', code }] },
  })
  it('make an extension of each repetition, with its own position', () => {
    assert.deepEqual(sent('2106-3^^HL70005~2054-5^^HL70005'), [one('2106-3'), one('2054-5')])
    assert.deepEqual(
      cell(patient({ 10: '2106-3~2054-5' }), race)?.spans.flatMap(({ fhir, v2 }) =>
        fhir.endsWith('.code') ? [[fhir.slice(race.length), v2]] : [],
      ),
      [
        ['[0].valueCodeableConcept.coding[0].code', 'PID-10[1].1'],
        ['[1].valueCodeableConcept.coding[0].code', 'PID-10[2].1'],
      ],
    )
  })
  it('make one extension of one repetition', () => {
    assert.deepEqual(sent('2106-3^^HL70005'), one('2106-3'))
  })
  it('make one of an extension that FHIR allows once', () => {
    const url = 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName'
    assert.deepEqual(plain(cell(patient({ 6: 'A^B~C^D' }), `extension('${url}')`)?.value), {
      url,
      valueString: 'A',
    })
  })
})

describe('numbers of organizations and plans', () => {
  it('GT1-21 has the number of the organization that answers for the bill', () => {
    const mapped = map('ADT^A01^ADT_A01', [
      pid({ 18: 'A1^^^GHH' }),
      segment('PV1', { 2: 'I' }),
      segment('GT1', { 1: '1', 21: 'Acme^L^^^^GHH^XX^^^77' }),
    ])
    assert.deepEqual(
      (value(thing(mapped, 'guarantor-party'), 'identifier') as { value: string; system: string }[]).map(
        (each) => [each.system, each.value],
      ),
      [['urn:oid:2.16.840.1.113883.19.5.1', '77']],
    )
  })
  it('IN1-54 is a CX: it has the system of its authority', () => {
    const mapped = map('ADT^A01^ADT_A01', [
      pid(),
      segment('PV1', { 2: 'I' }),
      segment('IN1', { 2: 'P', 3: 'PAY1', 54: 'E1^^^GHH' }),
    ])
    assert.deepEqual(value(thing(mapped, 'coverage'), 'identifier', 'IN1-54'), [
      { system: 'urn:oid:2.16.840.1.113883.19.5.1', value: 'E1', assigner: { display: 'GHH' } },
    ])
  })
})

describe('CX.9 and CX.10', () => {
  it('say where the assigner rules', () => {
    const found = typed('CX[Identifier]', 'D1^^^^DL^^^^IL&Illinois&USPS').value as { assigner: object }
    assert.deepEqual(found.assigner, {
      extension: [
        {
          url: 'http://portico.example.org/StructureDefinition/jurisdiction',
          valueCodeableConcept: {
            coding: [{ system: 'https://www.usps.com/', code: 'IL' }],
            text: 'Illinois',
          },
        },
      ],
    })
  })
})

describe('languages', () => {
  it('of ISO 639 have their BCP 47 tag, whatever the coding system is called', () => {
    for (const sent of ['spa^Spanish^ISO639-2', 'es^Spanish^ISO639', 'SPA']) {
      const mapped = map('ADT^A28^ADT_A05', [pid({ 15: sent })])
      const [{ language }] = value(thing(mapped, 'patient'), 'communication') as [
        { language: { coding: { system: string; code: string }[] } },
      ]
      const tag = language.coding.find(({ system }) => system === 'urn:ietf:bcp:47')
      assert.equal(tag?.code, 'es', sent)
    }
  })
})
