// The maps of diagnoses, procedures, allergies, observations, roles and the like: what each field becomes, and every
// place where we leave the guide (mapping, sections 5 and 7).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cell, map, pid, plain, segment, thing, value } from './fixture.ts'

const ours = (name: string) => `extension('http://portico.example.org/StructureDefinition/${name}')`
const admit = (...segments: string[]) =>
  map('ADT^A01', [pid({ 18: 'A1^^^GHH^AN' }), segment('PV1', { 2: 'I', 19: 'V1' }), ...segments])

interface Concept {
  readonly coding?: readonly { readonly system?: string; readonly code?: string; readonly display?: string }[]
  readonly text?: string
}

describe('DG1', () => {
  const of = (fields: Record<number, string>) => admit(segment('DG1', { 1: '1', ...fields }))
  it('takes the system of DG1-2 and the description of DG1-4 where DG1-3 has none (2.2 to 2.4)', () => {
    const { coding, text } = value(
      thing(of({ 2: 'I10', 3: 'S72.0', 4: 'Fracture of femur' }), 'condition'),
      'code',
    ) as Concept
    assert.deepEqual(coding, [{ system: 'http://hl7.org/fhir/sid/icd-10', code: 'S72.0' }])
    assert.equal(text, 'Fracture of femur')
  })
  it('has the system that DG1-3 says itself, and the words of DG1-4', () => {
    const { coding, text } = value(
      thing(of({ 2: 'I9', 3: 'S72.0^Fracture^I10', 4: 'other' }), 'condition'),
      'code',
    ) as Concept
    assert.deepEqual(coding?.[0], {
      system: 'http://hl7.org/fhir/sid/icd-10',
      code: 'S72.0',
      display: 'Fracture',
    })
    assert.equal(text, 'other')
  })
  it('of a description alone has a text', () => {
    assert.equal(value(thing(of({ 4: 'Chest pain' }), 'condition'), 'code.text'), 'Chest pain')
  })
  it('has its use in the visit: F is a discharge diagnosis, W keeps the code of table 0052', () => {
    const use = (sent: string) => value(thing(of({ 3: 'X', 6: sent }), 'diagnosis'), 'use') as Concept
    assert.deepEqual(
      use('F').coding?.map(({ code }) => code),
      ['F', 'DD'],
    )
    assert.deepEqual(
      use('W').coding?.map(({ system, code }) => [system, code]),
      [['http://terminology.hl7.org/CodeSystem/v2-0052', 'W']],
    )
  })
  it('keeps the system of DG1-20, which the guide loses, and the action as a fact', () => {
    const made = thing(of({ 3: 'X', 20: 'DX1^GHH', 21: 'D' }), 'condition')
    assert.deepEqual(value(made, 'identifier'), [
      { system: 'urn:oid:2.16.840.1.113883.19.5.1', value: 'DX1' },
    ])
    assert.equal(value(made, '$actionCode'), 'D')
    assert.equal(cell(made, 'verificationStatus'), undefined)
  })
  it('that is confidential is labelled, others are not', () => {
    assert.deepEqual(value(thing(of({ 3: 'X', 18: 'Y' }), 'condition'), 'meta.security'), [
      { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' },
    ])
    assert.equal(cell(thing(of({ 3: 'X', 18: 'N' }), 'condition'), 'meta.security'), undefined)
  })
  it('refers to patient and visit, and its entry to it', () => {
    const made = of({ 3: 'X', 15: '2', 26: 'Y' })
    assert.deepEqual(thing(made, 'condition').refs, { subject: 'patient', encounter: 'encounter' })
    assert.deepEqual(thing(made, 'diagnosis').refs, { encounter: 'encounter', condition: 'condition' })
    assert.equal(value(thing(made, 'diagnosis'), 'rank'), 2)
    assert.deepEqual(made.residue, [])
  })
})

describe('PR1', () => {
  const of = (fields: Record<number, string>) =>
    thing(admit(segment('PR1', { 1: '1', 3: '27130', ...fields })), 'procedure')
  it('is performed at a time, or over the minutes of PR1-7', () => {
    assert.equal(value(of({ 5: '20260302100000' }), 'performedDateTime'), '2026-03-02T10:00:00-06:00')
    assert.deepEqual(value(of({ 5: '20260302233000', 7: '90' }), 'performedPeriod'), {
      start: '2026-03-02T23:30:00-06:00',
      end: '2026-03-03T01:00:00-06:00',
    })
    assert.deepEqual(value(of({ 5: '20260302', 7: '90' }), 'performedPeriod'), { start: '2026-03-02' })
  })
  it('names surgeon and anaesthesiologist by function', () => {
    const made = of({ 8: '1^A^B', 11: '2^C^D', 12: '3^E^F' })
    const functions = made.cells
      .filter(({ path }) => path === 'performer')
      .map((each) => (plain(each.value) as { function?: Concept }[])[0]?.function?.coding?.[0]?.code)
    assert.deepEqual(functions, ['88189002', '304292004', undefined])
  })
  it('is coded by the method of PR1-2', () => {
    assert.equal(
      (value(of({ 2: 'C4' }), 'code') as Concept).coding?.[0]?.system,
      'http://www.ama-assn.org/go/cpt',
    )
  })
})

describe('AL1 and IAM', () => {
  const al1 = (fields: Record<number, string>) =>
    admit(segment('AL1', { 1: '1', 3: 'PCN^Penicillin^L', ...fields }))
  it('an animal is no biologic: allergies to it are environmental', () => {
    assert.deepEqual(value(thing(al1({ 2: 'AA' }), 'allergy'), 'category'), ['environment'])
    assert.deepEqual(value(thing(al1({ 2: 'DA' }), 'allergy'), 'category'), ['medication'])
    assert.equal(value(thing(al1({ 2: 'DA' }), 'allergy'), 'type'), 'allergy')
  })
  it('a severity stands with each manifestation, never without one', () => {
    const made = thing(al1({ 4: 'SV', 5: 'Hives~Rash' }), 'allergy')
    assert.deepEqual(value(made, 'reaction'), [
      { manifestation: [{ text: 'Hives' }], severity: 'severe' },
      { manifestation: [{ text: 'Rash' }], severity: 'severe' },
    ])
    assert.equal(value(made, 'criticality'), 'high')
    assert.equal(cell(thing(al1({ 4: 'SV' }), 'allergy'), 'reaction'), undefined)
    assert.deepEqual(value(thing(al1({ 5: 'Hives' }), 'allergy'), 'reaction'), [
      { manifestation: [{ text: 'Hives' }] },
    ])
  })
  it('a date that is text is told, and the message is taken', () => {
    const made = al1({ 6: 'childhood' })
    assert.deepEqual(
      made.issues.map(({ severity, location }) => [severity, location]),
      [['W', 'AL1^1^6']],
    )
  })
  it('table 0438 says verification and clinical status', () => {
    const status = (sent: string) => {
      const made = thing(admit(segment('IAM', { 1: '1', 3: 'PCN', 17: sent })), 'allergy')
      const code = (path: string) => (value(made, path) as { code: string }[] | undefined)?.[0]?.code
      return [code('verificationStatus.coding'), code('clinicalStatus.coding')]
    }
    assert.deepEqual(['C', 'I', 'U', 'E'].map(status), [
      ['confirmed', undefined],
      ['confirmed', 'inactive'],
      ['unconfirmed', undefined],
      ['entered-in-error', undefined],
    ])
  })
  it('an onset is a date, else a text', () => {
    const of = (fields: Record<number, string>) =>
      thing(admit(segment('IAM', { 1: '1', 3: 'PCN', ...fields })), 'allergy')
    assert.equal(value(of({ 11: '20190301', 12: 'spring' }), 'onsetDateTime'), '2019-03-01')
    assert.equal(cell(of({ 11: '20190301', 12: 'spring' }), 'onsetString'), undefined)
    assert.equal(value(of({ 12: 'spring' }), 'onsetString'), 'spring')
  })
})

describe('OBX', () => {
  const of = (type: string, sent: string, units = '') =>
    thing(
      admit(segment('OBX', { 1: '1', 2: type, 3: '8302-2^Height^LN', 5: sent, 6: units, 11: 'F' })),
      'observation',
    )
  const cases: [type: string, sent: string, path: string, expected: unknown][] = [
    ['NM', '172', 'valueQuantity', { value: 172 }],
    ['SN', '>^100', 'valueQuantity', { value: 100, comparator: '>' }],
    ['SN', '^1^-^2', 'valueRange', { low: { value: 1 }, high: { value: 2 } }],
    ['SN', '^1^:^8', 'valueRatio', { numerator: { value: 1 }, denominator: { value: 8 } }],
    ['SN', '^2^+', 'valueString', '2 +'],
    ['SN', '<>^5', 'valueString', '<> 5'],
    ['NR', '1^2', 'valueRange', { low: { value: 1 }, high: { value: 2 } }],
    ['DT', '20260302', 'valueDateTime', '2026-03-02'],
    ['TS', '20260302093000', 'valueDateTime', '2026-03-02T09:30:00-06:00'],
    ['TM', '0930', 'valueTime', '09:30:00'],
    ['DR', '20260301^20260302', 'valuePeriod', { start: '2026-03-01', end: '2026-03-02' }],
    ['ST', 'tall', 'valueString', 'tall'],
    ['TX', 'one~two', 'valueString', 'one\ntwo'],
    ['XPN', 'DOE&VAN^JANE', 'valueString', 'DOE VAN JANE'],
    [
      'CE',
      'A^Yes^L',
      'valueCodeableConcept',
      {
        coding: [{ system: 'urn:portico:local:ADT1:OBX-5', code: 'A', display: 'Yes' }],
        text: 'Yes',
      },
    ],
  ]
  for (const [type, sent, path, expected] of cases)
    it(`of ${type} ${sent} has ${path}`, () => {
      const made = of(type, sent)
      assert.deepEqual(value(made, path), expected)
      assert.deepEqual(
        made.cells.filter((each) => each.path.startsWith('value')).map((each) => each.path),
        [path],
      )
    })
  it('has its unit from OBX-6', () => {
    assert.deepEqual(value(of('NM', '172', 'cm^centimeter^UCUM'), 'valueQuantity'), {
      value: 172,
      unit: 'centimeter',
      system: 'http://unitsofmeasure.org',
      code: 'cm',
    })
  })
  it('leaves documents with the message', () => {
    const made = admit(segment('OBX', { 1: '1', 2: 'ED', 3: 'X^Y^L', 5: '^AP^PDF^Base64^AAAA', 11: 'F' }))
    assert.deepEqual(made.residue, ['OBX-5'])
  })
  it('keeps the status as sent beside what it means', () => {
    const made = thing(admit(segment('OBX', { 1: '1', 2: 'ST', 3: 'X^Y^L', 5: 'a', 11: 'X' })), 'observation')
    assert.equal(value(made, 'status'), 'cancelled')
    assert.deepEqual(value(made, ours('result-status')), {
      url: 'http://portico.example.org/StructureDefinition/result-status',
      valueString: 'X',
    })
  })
})

describe('ROL and PRT', () => {
  it('of a primary care provider name the general practitioner, wherever they stand', () => {
    const made = admit('ROL|1|AD|PP^Primary^HL70443|88^WELBY^MARCUS')
    assert.deepEqual(value(thing(made, 'patient'), 'generalPractitioner', 'ROL-4'), [
      { reference: '#practitioner:1', display: 'WELBY, MARCUS' },
    ])
    assert.deepEqual(made.residue, ['ROL-1'])
    const gone = admit('ROL|1|DE|PP^Primary^HL70443|88^WELBY^MARCUS')
    assert.equal(cell(thing(gone, 'patient'), 'generalPractitioner'), undefined)
  })
  it('behind the person are about the person, unless only a visit has such a role', () => {
    const [person, role] = [
      'PID|1||1^^^GHH^MR||DOE^JANE',
      'ROL||UC|ODRP^Médecin traitant|88^WELBY^MARCUS|20200101',
    ]
    const made = map('ADT^A28^ADT_A05', [person, role, 'PV1|1|N'])
    assert.equal((value(thing(made, 'patient'), 'generalPractitioner') as unknown[]).length, 1)
    assert.deepEqual(made.residue, ['ROL-3', 'ROL-5'])
    const visit = map('ADT^A01^ADT_A01', [person, role, 'PV1|1|I', 'ROL||AD|AT|99^KILDARE^JAMES'])
    assert.equal(visit.things.filter(({ type }) => type === 'Encounter.participant').length, 1)
    const consultant = map('ADT^A61^ADT_A61', [person, 'ROL||AD|CP|88^WELBY^MARCUS', 'PV1|1|I'])
    assert.equal(cell(thing(consultant, 'patient'), 'generalPractitioner'), undefined)
    assert.deepEqual(thing(consultant, 'role').refs, { encounter: 'encounter' })
  })
  it('of another role name who takes part in the visit, since when and from where', () => {
    const made = admit(
      'ROL|1|AD|AT^Attending^HL70443|99^KILDARE^JAMES|20260301|20260302|||||1 MAIN ST^^X|5550134',
    )
    const role = thing(made, 'role')
    assert.deepEqual(role.refs, { encounter: 'encounter' })
    assert.equal(value(role, 'period.start'), '2026-03-01')
    assert.deepEqual(
      (value(role, 'type') as Concept[])[0]?.coding?.map(({ code }) => code),
      ['AT', 'ATND'],
    )
    assert.deepEqual(made.residue, [])
  })
  it('PRT does the same, with its devices', () => {
    const role = thing(
      admit(segment('PRT', { 1: 'P1', 2: 'AD', 4: 'AT', 5: '99^KILDARE^JAMES', 10: 'D1^GHH', 20: 'SN77' })),
      'role',
    )
    assert.equal(value(role, '$instance'), 'P1')
    assert.deepEqual(value(role, ours('device-serial')), {
      url: 'http://portico.example.org/StructureDefinition/device-serial',
      valueString: 'SN77',
    })
  })
})

describe('segments beside person and visit', () => {
  it('are told when they are wrong, and nobody is turned away because of them', () => {
    const made = admit(
      segment('PR1', { 1: '1', 3: 'X', 5: 'yesterday' }),
      segment('DG1', { 1: '1', 3: 'X', 5: 'soon', 15: 'first' }),
      segment('OBX', { 1: '1', 2: 'NM', 3: 'X', 5: '5', 11: 'F', 14: 'now' }),
      'ROL|1|AD|AT|88^WELBY^MARCUS|then',
    )
    assert.deepEqual([...new Set(made.issues.map(({ severity }) => severity))], ['W'])
    assert.ok(
      ['PR1^1^5', 'DG1^1^5', 'DG1^1^15', 'OBX^1^14', 'ROL^1^5'].every((at) =>
        made.issues.some(({ location }) => location === at),
      ),
    )
  })
  it('ARV protects, and takes protection back', () => {
    const of = (action: string) =>
      value(thing(admit(`ARV|1|${action}|DEM^Demographics^HL70717`), 'patient'), '$protection')
    assert.deepEqual([of('A'), of('D'), of('X')], [true, false, undefined])
  })
  it('DB1 counts when it is of the patient', () => {
    const of = (who: string) => admit(`DB1|1|${who}||Y|20260101|20260131`)
    assert.deepEqual(value(thing(of('PT'), 'patient'), ours('disability-period')), {
      url: 'http://portico.example.org/StructureDefinition/disability-period',
      valuePeriod: { start: '2026-01-01', end: '2026-01-31' },
    })
    assert.equal(cell(thing(of('GT'), 'patient'), ours('disability')), undefined)
    assert.deepEqual(of('GT').residue, ['DB1-1', 'DB1-2', 'DB1-4', 'DB1-5', 'DB1-6'])
  })
  it('ACC is of the account, and of the visit when there is none', () => {
    assert.ok(cell(thing(admit('ACC|20260302|AU'), 'account'), ours('accident-time')))
    const bare = map('ADT^A01', [pid(), segment('PV1', { 2: 'I' }), 'ACC|20260302|AU'])
    assert.ok(cell(thing(bare, 'encounter'), ours('accident-time')))
  })
  it('AUT is an authorization of the payer, RF1 a referral', () => {
    const made = admit(
      segment('IN1', { 1: '1', 3: 'PAY', 4: 'MHP' }),
      segment('AUT', { 1: 'PLAN', 3: 'MHP', 4: '20260101', 5: '20260131', 6: 'AU77^GHH' }),
      segment('RF1', { 1: 'A', 2: 'S', 3: 'LAB', 6: 'R1^GHH', 7: '20260101', 24: 'please' }),
    )
    assert.equal(value(thing(made, 'authorization'), 'preAuthRef'), 'AU77')
    assert.deepEqual(value(thing(made, 'authorization'), 'preAuthPeriod'), {
      start: '2026-01-01',
      end: '2026-01-31',
    })
    const referral = thing(made, 'referral')
    assert.deepEqual([value(referral, 'status'), value(referral, 'priority')], ['active', 'stat'])
    assert.deepEqual(value(referral, 'note'), [{ text: 'please' }])
  })
  it('SFT and IN3 say who wrote the message and what was certified', () => {
    const made = admit(
      segment('IN1', { 1: '1', 3: 'PAY', 4: 'MHP' }),
      segment('IN3', { 1: '1', 2: 'C1', 9: '20260101', 10: '20260131', 11: 'AP^3' }),
    )
    const coverage = thing(made, 'coverage')
    assert.deepEqual(value(coverage, ours('pre-certification-days')), {
      url: 'http://portico.example.org/StructureDefinition/pre-certification-days',
      valueQuantity: { value: 3, unit: 'days AP' },
    })
    assert.deepEqual(value(coverage, ours('pre-certification-period')), {
      url: 'http://portico.example.org/StructureDefinition/pre-certification-period',
      valuePeriod: { start: '2026-01-01', end: '2026-01-31' },
    })
  })
  it('a member has one number of type MB: IN2-61 before IN1-49', () => {
    const made = admit(
      segment('IN1', { 1: '1', 3: 'PAY', 4: 'MHP', 49: 'SUB1^^^GHH^MI' }),
      segment('IN2', { 61: 'MEM1^^^GHH^MB' }),
    )
    const numbers = thing(made, 'coverage').cells.filter(({ path }) => path === 'identifier')
    assert.deepEqual(
      numbers.map(({ field }) => field),
      ['IN2-61'],
    )
  })
})
