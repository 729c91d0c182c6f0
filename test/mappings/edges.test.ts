// What fields say that few senders fill: the rules at their edges, one for each part that was found to be lost or misread.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Mapped } from '../../src/mappings/mapped.ts'
import { cell, map, patient, pid, segment, thing, typed, value } from './fixture.ts'

const ours = (name: string) => `extension('http://portico.example.org/StructureDefinition/${name}')`
const linked = (mapped: Mapped, type: string) => mapped.things.filter((each) => each.type === type)

describe('a name', () => {
  it('that somebody is called (XPN.15) is a name of its own, for each repetition', () => {
    const made = patient({ 5: 'DOE^JANE^^^^^L^^^^^^^^JJ~DOE^J^^^^^B^^^^^^^^Jo' })
    assert.deepEqual(value(made, 'name'), [
      { use: 'official', family: 'DOE', given: ['JANE'] },
      { given: ['JJ'], use: 'nickname' },
      { extension: [{ url: ours('name-type').slice(11, -2), valueCode: 'B' }], family: 'DOE', given: ['J'] },
      { given: ['Jo'], use: 'nickname' },
    ])
    const spans = cell(made, 'name')?.spans.map(({ fhir, v2 }) => `${fhir} ${v2}`)
    assert.ok(spans?.includes('name[1].given[0] PID-5[1].15'), spans?.join())
    assert.ok(spans?.includes('name[3].given[0] PID-5[2].15'), spans?.join())
  })
  it('keeps how it is written and assembled (XPN.8, XPN.11)', () => {
    const { value: name } = typed('XPN[HumanName]', 'DOE^JANE^^^^^^I^^^F')
    assert.deepEqual((name as { extension: unknown }).extension, [
      { url: 'http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation', valueCode: 'IDE' },
      { url: 'http://portico.example.org/StructureDefinition/name-assembly-order', valueCode: 'F' },
    ])
  })
})

describe('who is named in passing', () => {
  const attending = (xcn: string) => {
    const mapped = map('ADT^A01', [pid(), segment('PV1', { 2: 'I', 7: xcn })])
    const [made] = linked(mapped, 'Practitioner')
    assert.ok(made)
    return made
  }
  it('has learned what XCN.7 and XCN.21 say', () => {
    const made = attending('9^LIN^E^^^^MD^^GHH^^^^^^^^^^^^DRMED')
    assert.deepEqual(value(made, 'qualification'), [
      {
        code: {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/v2-0360',
              code: 'MD',
              display: 'Doctor of Medicine',
            },
          ],
          text: 'MD',
        },
      },
      { code: { text: 'DRMED' } },
    ])
  })
  it('has a name for as long as XCN.19 and XCN.20 say, or XCN.17 of before', () => {
    const period = (xcn: string) =>
      (value(attending(xcn), 'name') as { period?: unknown }[]).map((each) => each.period)
    assert.deepEqual(period('9^LIN^E^^^^^^GHH^^^^^^^^^^20200101^20211231'), [
      { start: '2020-01-01', end: '2021-12-31' },
    ])
    assert.deepEqual(period('9^LIN^E^^^^^^GHH^^^^^^^^20200101&20211231'), [
      { start: '2020-01-01', end: '2021-12-31' },
    ])
  })
  it('by a bare number is who has that number in the staff file (STF-1, STF-2, MFE-4)', () => {
    const [named] = (value(attending('77^LIN^E'), 'identifier') ?? []) as { system: string }[]
    const file = map('MFN^M02', [
      'MFI|STF||UPD|||AL',
      'MFE|MUP|||77|CE',
      segment('STF', { 1: '77', 2: '78', 3: 'LIN^E' }),
    ])
    const systems = (handle: string, path: string) =>
      (value(thing(file, handle), path) as { system: string }[]).map(({ system }) => system)
    assert.deepEqual(
      [...systems('entry', '$key'), ...systems('staff', '$key'), ...systems('staff', 'identifier')],
      Array(3).fill(named?.system),
    )
  })
})

describe('a code that only its sender knows', () => {
  const system = (segments: readonly string[], as: string, path: string) => {
    const made = value(thing(map('ADT^A01', [pid(), ...segments]), as), path)
    const [concept] = (Array.isArray(made) ? made : [made]) as { coding: { system: string }[] }[]
    return concept?.coding[0]?.system
  }
  it('is of the table of its field: two fields of a table have one system', () => {
    const patientOf = [pid({ 26: 'ZZ^Zed^L' }), segment('NK1', { 2: 'DOE^JO', 19: 'ZZ^Zed^L' })]
    const mapped = map('ADT^A01', patientOf)
    const citizenship = JSON.stringify([
      value(
        thing(mapped, 'patient'),
        "extension('http://hl7.org/fhir/StructureDefinition/patient-citizenship')",
      ),
      value(thing(mapped, 'contact'), ours('citizenship')),
    ])
    assert.equal(citizenship.match(/urn:portico:local:ADT1:0171/g)?.length, 2, citizenship)
  })
  it('is of its field where HL7 names no table', () => {
    assert.equal(
      system([segment('PV1', { 2: 'I' }), segment('OBX', { 2: 'ST', 3: 'HT' })], 'observation', 'code'),
      'urn:portico:local:ADT1:OBX-3',
    )
  })
  it('has the versions of all three systems (CWE.7, CWE.8, CWE.13)', () => {
    const { value: made } = typed('CWE[CodeableConcept]', 'A^a^L^B^b^I10^1^2^t^C^c^SCT^3')
    assert.deepEqual(
      (made as { coding: { version?: string }[] }).coding.map((each) => each.version),
      ['1', '2', '3'],
    )
  })
})

describe('PID-26', () => {
  it('makes one extension of each citizenship', () => {
    const made = value(
      patient({ 26: 'USA^^L~MEX^^L' }),
      "extension('http://hl7.org/fhir/StructureDefinition/patient-citizenship')",
    ) as { extension: { url: string; valueCodeableConcept: { coding: { code: string }[] } }[] }[]
    assert.deepEqual(
      made.map(({ extension: [part] }) => [part?.url, part?.valueCodeableConcept.coding[0]?.code]),
      [
        ['code', 'USA'],
        ['code', 'MEX'],
      ],
    )
  })
})

describe('AIP-4', () => {
  const role = (text: string) => typed('CWE[ParticipationType]', text).value
  it('is a code of HL7 v3, a code of the sender, or words', () => {
    assert.deepEqual(role('ATND'), {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'ATND' }],
    })
    assert.deepEqual(role('attending physician'), { text: 'attending physician' })
    assert.deepEqual(role('Surgeon'), { text: 'Surgeon' })
    assert.deepEqual(role('SURG^Surgeon^L'), {
      coding: [{ system: 'urn:portico:local:ADT1:ZZT-1', code: 'SURG', display: 'Surgeon' }],
      text: 'Surgeon',
    })
  })
})

describe('a note (NTE) is about what it follows', () => {
  const note = { text: 'first\nsecond' }
  const after = (...segments: readonly string[]) =>
    map('ADT^A08', [pid(), segment('PV1', { 2: 'I' }), ...segments, 'NTE|1||first~second'])
  it('a diagnosis, a procedure, an allergy, an observation', () => {
    assert.deepEqual(value(thing(after('DG1|1||J45^Asthma^I10'), 'condition'), 'note'), [note])
    assert.deepEqual(value(thing(after('PR1|1||45378^Colonoscopy^C4'), 'procedure'), 'note'), [note])
    assert.deepEqual(value(thing(after('AL1|1|DA|PEN'), 'allergy'), 'note'), [note])
    assert.deepEqual(value(thing(after('OBX|1|ST|HT||180'), 'observation'), 'note'), [note])
  })
  it('the latest of its kind, also when others stand between', () => {
    const mapped = after('OBX|1|ST|HT||180', 'OBX|2|ST|WT||80')
    assert.equal(value(thing(mapped, 'observation'), 'note'), undefined)
    assert.deepEqual(value(thing(mapped, 'observation:2'), 'note'), [note])
  })
  it('has who wrote it and when, and one entry for each segment', () => {
    const mapped = map('ADT^A60', [
      pid(),
      'IAM|1|DA|PEN||rash|A|A1^GHH',
      'NTE|1|L|one||88^ROE^KIM|20260301',
      'NTE|2|L|two',
    ])
    assert.deepEqual(value(thing(mapped, 'allergy'), 'note'), [
      {
        authorReference: {
          identifier: { system: 'urn:portico:local:ADT1:practitioner', value: '88' },
          display: 'ROE, KIM',
        },
        time: '2026-03-01',
        text: 'one',
      },
      { text: 'two' },
    ])
  })
  it('the person (2.8), each an extension; of a visit it is residue', () => {
    const mapped = map('ADT^A08', [
      pid(),
      'NTE|1||one',
      'NTE|2||two',
      segment('PV1', { 2: 'I' }),
      'NTE|3||lost',
    ])
    const url = 'http://portico.example.org/StructureDefinition/patient-note'
    assert.deepEqual(value(thing(mapped, 'patient'), ours('patient-note')), [
      { url, valueAnnotation: { text: 'one' } },
      { url, valueAnnotation: { text: 'two' } },
    ])
    assert.deepEqual(mapped.residue, ['NTE[3]-1', 'NTE[3]-3'])
  })
  it('a charge; in a SIU the booking, a resource or an observation', () => {
    const charge = map('DFT^P03', [pid(), 'FT1|1|T1||20260301|20260301|CG|X', 'NTE|1||first~second'])
    assert.deepEqual(value(thing(charge, 'transaction'), 'note'), [note])
    const booked = map('SIU^S12', [
      'SCH|P1|F1',
      'NTE|1||of the booking',
      pid(),
      'OBX|1|ST|HT||180',
      'NTE|1||first~second',
      'RGS|1|A',
      'AIL|1|A|CLN1',
      'NTE|1||of the room',
    ])
    assert.equal(value(thing(booked, 'appointment'), 'comment'), 'of the booking')
    assert.match(
      JSON.stringify(thing(booked, 'participant').cells),
      /participant-note","valueString":"of the room"/,
    )
    assert.deepEqual(value(thing(booked, 'observation'), 'note'), [note])
  })
})

describe('the member number (Coverage.identifier of type MB)', () => {
  const numbers = (fields: Readonly<Record<number, string>>, in2?: Readonly<Record<number, string>>) => {
    const mapped = map('ADT^A01', [
      pid(),
      segment('PV1', { 2: 'I' }),
      segment('IN1', { 1: '1', 2: 'P', 3: 'PAY', 16: 'DOE^JO', ...fields }),
      ...(in2 ? [segment('IN2', in2)] : []),
    ])
    return thing(mapped, 'coverage')
      .cells.filter(({ path }) => path === 'identifier')
      .flatMap((each) => each.value as unknown as { value: string; type: { coding: { code: string }[] } }[])
      .map((each) => `${each.type.coding[0]?.code} ${each.value}`)
  }
  it('is the subscriber number of whoever is insured himself, with authority or without', () => {
    assert.deepEqual(numbers({ 17: 'SEL', 49: 'M1' }), ['MB M1'])
    assert.deepEqual(numbers({ 17: 'SEL', 36: 'P1' }), ['MB P1'])
    assert.deepEqual(numbers({ 17: 'SEL', 36: 'P1', 49: 'M1^^^GHH' }), ['MB M1', 'SN P1'])
    assert.deepEqual(numbers({ 17: 'SPO', 49: 'M1' }, { 72: '01' }), ['MB M1'])
  })
  it('is absent for others, unless IN2-61 says it', () => {
    assert.deepEqual(numbers({ 17: 'SPO', 49: 'M1^^^GHH' }), [])
    assert.deepEqual(numbers({ 17: 'SEL', 49: 'M1' }, { 72: '03' }), [])
    assert.deepEqual(numbers({ 17: 'SPO', 49: 'M1' }, { 61: 'M9' }), ['MB M9'])
  })
})

describe('what is said twice, or of nothing', () => {
  it('DG1-4 and PR1-4 describe in more words than the display; CWE.9 is what was meant', () => {
    const text = (segments: readonly string[], as: string) =>
      (
        value(thing(map('ADT^A08', [pid(), segment('PV1', { 2: 'I' }), ...segments]), as), 'code') as {
          text: string
        }
      ).text
    assert.equal(
      text(['DG1|1||J45^Asthma^I10|Asthma since childhood'], 'condition'),
      'Asthma since childhood',
    )
    assert.equal(
      text(['PR1|1|C4|45378^Colonoscopy|Colonoscopy to caecum'], 'procedure'),
      'Colonoscopy to caecum',
    )
    assert.equal(text(['DG1|1||J45^Asthma^I10^^^^^^As written|Other'], 'condition'), 'As written')
  })
  it('PID-12 alone is an address that is no more than a county', () => {
    assert.deepEqual(value(patient({ 12: '031' }), 'address'), [{ district: '031' }])
    assert.deepEqual(value(patient({ 11: '1 A ST', 12: '031' }), 'address'), [
      { line: ['1 A ST'], district: '031' },
    ])
  })
  it('PV1-53 without the number of its episode (PV1-54) is residue', () => {
    assert.deepEqual(map('ADT^A08', [pid(), segment('PV1', { 2: 'I', 53: 'Knee' })]).residue, ['PV1-53'])
  })
})
