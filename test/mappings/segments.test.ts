// The segment maps: what each field becomes, and every place where we leave the guide (mapping.md, sections 2, 5, 7).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cell, map, patient, pid, segment, thing, value } from './fixture.ts'

const extension = (name: string) => `extension('http://portico.example.org/StructureDefinition/${name}')`
const core = (name: string) => `extension('http://hl7.org/fhir/StructureDefinition/${name}')`

const admit = (segments: readonly string[]) => map('ADT^A01', [pid({ 18: 'A1^^^GHH^AN' }), ...segments])
const visit = (fields: Record<number, string>) =>
  thing(admit([segment('PV1', { 2: 'I', ...fields })]), 'encounter')

describe('PID', () => {
  it('takes every repetition of PID-3, and the withdrawn fields as further ones', () => {
    const made = patient({ 2: 'X1', 3: 'M1^^^GHH^MR~E1^^^MPI^PE', 4: 'Y1', 19: '123-45-6780', 20: 'D1^IL' })
    assert.deepEqual(
      made.cells
        .filter((one) => one.path === 'identifier')
        .map((one) => [one.field, (one.value as { value: string }[]).map((id) => id.value)]),
      [
        ['PID-3', ['M1', 'E1']],
        ['PID-2', ['X1']],
        ['PID-4', ['Y1']],
        ['PID-19', ['123456780']],
        ['PID-20', ['D1']],
      ],
    )
    const [old] = value(made, 'identifier', 'PID-4') as {
      use: string
      type: { coding: { code: string }[] }
    }[]
    assert.deepEqual([old?.use, old?.type.coding[0]?.code], ['secondary', 'PE'])
  })
  it('keeps a time of birth beside the date, which no zone moves', () => {
    const made = patient({ 7: '20260305111200+0900' })
    assert.equal(value(made, 'birthDate'), '2026-03-05')
    assert.deepEqual(value(made, '_birthDate'), {
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime',
          valueDateTime: '2026-03-05T11:12:00+09:00',
        },
      ],
    })
    assert.equal(cell(patient({ 7: '20260305' }), '_birthDate'), undefined)
  })
  it('makes A and N other, and keeps what was sent', () => {
    const made = patient({ 8: 'A' })
    assert.equal(value(made, 'gender'), 'other')
    assert.match(JSON.stringify(value(made, '_gender')), /v2-0001","code":"A"/)
    assert.equal(cell(patient({ 8: 'F' }), '_gender'), undefined)
  })
  it('refuses a sex that no table has', () => {
    const { issues } = map('ADT^A31', [pid({ 8: 'X' })])
    assert.deepEqual(
      issues.map(({ severity, code, location, value: sent }) => [severity, code, location, sent]),
      [['E', '103', 'PID^1^8', 'X']],
    )
  })
  it('puts the county of PID-12 into the only address, and nowhere when there are two', () => {
    assert.equal(
      (value(patient({ 11: '1 X^^Y', 12: 'SANGAMON' }), 'address') as { district: string }[])[0]?.district,
      'SANGAMON',
    )
    const two = map('ADT^A31', [pid({ 11: '1 X^^Y~2 X^^Y', 12: 'SANGAMON' })])
    assert.doesNotMatch(JSON.stringify(value(thing(two, 'patient'), 'address')), /SANGAMON/)
    assert.deepEqual(two.residue, ['PID-12'])
  })
  it('asserts telecom once per field, home and work where nothing else was said', () => {
    const made = patient({ 13: '(217)555-0134', 14: '^PRS^PH^^1^217^5550135', 40: '^^PH^^1^217^5550136' })
    const uses = made.cells
      .filter((one) => one.path === 'telecom')
      .map((one) => [one.field, (one.value as { use?: string }[])[0]?.use])
    assert.deepEqual(uses, [
      ['PID-13', 'home'],
      ['PID-14', 'mobile'],
      ['PID-40', undefined],
    ])
  })
  it('says multiple birth once: the order, else yes or no', () => {
    assert.equal(value(patient({ 24: 'Y', 25: '2' }), 'multipleBirthInteger'), 2)
    assert.equal(cell(patient({ 24: 'Y', 25: '2' }), 'multipleBirthBoolean'), undefined)
    assert.equal(value(patient({ 24: 'Y' }), 'multipleBirthBoolean'), true)
    assert.equal(value(patient({ 24: 'N', 25: '1' }), 'multipleBirthBoolean'), false)
    assert.equal(cell(patient({ 24: 'N', 25: '1' }), 'multipleBirthInteger'), undefined)
  })
  it('says death once: the time, else yes or no', () => {
    assert.equal(value(patient({ 29: '20260301', 30: 'Y' }), 'deceasedDateTime'), '2026-03-01')
    assert.equal(cell(patient({ 29: '20260301', 30: 'Y' }), 'deceasedBoolean'), undefined)
    assert.equal(value(patient({ 30: 'N' }), 'deceasedBoolean'), false)
  })
  it('has the extensions of the guide', () => {
    const made = patient({ 6: 'SMITH^ANN', 17: 'CHR', 23: 'CHICAGO', 26: 'US', 31: 'Y' })
    assert.equal(
      (value(made, core('patient-mothersMaidenName')) as { valueString: string }).valueString,
      'SMITH',
    )
    assert.match(JSON.stringify(value(made, core('patient-religion'))), /v3-ReligiousAffiliation/)
    assert.deepEqual(value(made, core('patient-birthPlace')), {
      url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
      valueAddress: { text: 'CHICAGO' },
    })
    assert.match(
      JSON.stringify(value(made, core('patient-citizenship'))),
      /"url":"code","valueCodeableConcept"/,
    )
    assert.equal((value(made, extension('identity-unknown')) as { valueBoolean: boolean }).valueBoolean, true)
  })
  it('has the facts that rules read', () => {
    const made = patient({ 21: 'MRN0^^^GHH^MR', 32: 'AL~US', 33: '20260301080000', 34: 'GHH' })
    assert.equal((value(made, '$mothersIdentifier') as { value: string }[])[0]?.value, 'MRN0')
    assert.deepEqual(value(made, '$reliability'), ['AL', 'US'])
    assert.equal(value(made, '$lastUpdate'), '2026-03-01T08:00:00-06:00')
    assert.match(JSON.stringify(value(made, extension('last-update-facility'))), /"valueString":"GHH"/)
  })
  it('makes an account of PID-18 and nothing without it', () => {
    const account = thing(admit([]), 'account')
    assert.deepEqual(account.refs, { subject: 'patient' })
    assert.match(JSON.stringify(value(account, 'identifier')), /"code":"AN".*"value":"A1"/)
    assert.equal(
      map('ADT^A01', [pid()]).things.some((one) => one.type === 'Account'),
      false,
    )
  })
})

describe('PD1 and NK1', () => {
  it('add to the patient of the PID', () => {
    const mapped = map('ADT^A31', [pid(), segment('PD1', { 4: '77^CHEN^WEI', 12: 'Y', 13: '20260101' })])
    const made = thing(mapped, 'patient')
    assert.deepEqual(value(made, 'generalPractitioner'), [
      { reference: '#practitioner:1', display: 'CHEN, WEI' },
    ])
    assert.equal(value(made, '$protection'), true)
    assert.equal(mapped.things.filter((one) => one.type === 'Patient').length, 1)
  })
  it('make a contact each, with both codings of the relationship, and its role beside it', () => {
    const mapped = map('ADT^A31', [
      pid(),
      segment('NK1', {
        1: '1',
        2: 'DOE^JOHN',
        3: 'SPO^Spouse^HL70063',
        5: '(217)555-0134',
        7: 'C',
        8: '20200101',
        9: '20301231',
        15: 'M',
      }),
      segment('NK1', { 1: '2', 2: 'DOE^ANN', 9: '20201231' }),
    ])
    const made = thing(mapped, 'contact')
    assert.equal(made.type, 'Patient.contact')
    assert.deepEqual(made.refs, { patient: 'patient' })
    const [relation] = value(made, 'relationship', 'NK1-3') as {
      coding: { system: string; code: string }[]
    }[]
    assert.deepEqual(
      relation?.coding.map((one) => one.code),
      ['SPO', 'SPS'],
    )
    assert.match(JSON.stringify(value(made, 'relationship', 'NK1-7')), /v2-0131/)
    assert.deepEqual(value(made, 'period'), { start: '2020-01-01', end: '2030-12-31' })
    assert.equal(value(made, 'gender'), 'male')
    assert.deepEqual(value(thing(mapped, 'contact:2'), 'period'), { end: '2020-12-31' })
    assert.equal(cell(thing(mapped, 'contact:2'), 'name')?.location, 'NK1^2^2')
  })
})

describe('PV1 and PV2', () => {
  it('have class and code of the class; the status is not theirs to say', () => {
    const made = visit({})
    assert.equal((value(made, 'class') as { code: string }).code, 'IMP')
    assert.equal(value(made, '$patientClass'), 'I')
    assert.equal(cell(made, 'status'), undefined)
    assert.deepEqual(made.refs, { subject: 'patient', account: 'account' })
  })
  it('keep a class that v3-ActCode does not have in its own table', () => {
    assert.deepEqual(value(visit({ 2: 'U' }), 'class'), {
      system: 'http://terminology.hl7.org/CodeSystem/v2-0004',
      code: 'U',
      display: 'Unknown',
    })
  })
  it('give recurring and obstetric patients a class that FHIR knows, and keep what was sent', () => {
    for (const [sent, code, display] of [
      ['R', 'AMB', 'ambulatory'],
      ['B', 'IMP', 'inpatient encounter'],
    ] as const)
      assert.deepEqual(value(visit({ 2: sent }), 'class'), {
        extension: [{ url: 'http://portico.example.org/StructureDefinition/patient-class', valueCode: sent }],
        system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
        code,
        display,
      })
  })
  it('have the priority of an emergency or urgent admission (PV1-4)', () => {
    const priority = (sent: string) => value(visit({ 2: 'I', 4: sent }), 'priority') as { coding: object[] }
    assert.deepEqual(priority('E').coding.at(-1), {
      system: 'http://terminology.hl7.org/CodeSystem/v3-ActPriority',
      code: 'EM',
      display: 'emergency',
    })
    assert.equal(priority('R'), undefined)
  })
  it('name the visit (VN), and what may name an appointment', () => {
    const made = visit({ 5: 'PRE1^^^GHH', 19: 'V1^^^GHH', 50: 'FA1^^^SCHED1&1.2.3&ISO^FILL' })
    assert.match(JSON.stringify(value(made, 'identifier', 'PV1-19')), /"code":"VN"/)
    assert.equal((value(made, 'hospitalization.preAdmissionIdentifier') as { value: string }).value, 'PRE1')
    assert.deepEqual(
      made.cells
        .filter((one) => one.path === '$appointmentIds')
        .map((one) => [one.field, (one.value as { value: string }[])[0]?.value]),
      [
        ['PV1-5', 'PRE1'],
        ['PV1-50', 'FA1'],
      ],
    )
    assert.equal(cell(made, 'identifier', 'PV1-50'), undefined)
    assert.equal(
      (value(visit({ 50: 'ALT1^^^GHH^PI' }), 'identifier', 'PV1-50') as { value: string }[])[0]?.value,
      'ALT1',
    )
  })
  it('state places as facts, for only events know when they hold', () => {
    const made = visit({ 3: '3N^1^^GHH', 6: '3N^2^^GHH', 11: 'XR^^^GHH', 42: '4N^1^^GHH', 43: 'CT^^^GHH' })
    for (const path of ['$location', '$priorLocation', '$temporaryLocation', '$pendingLocation']) {
      assert.match((value(made, path) as { reference: string }).reference, /^#location:\d+$/, path)
    }
    assert.equal(cell(made, 'location'), undefined)
  })
  it('name participants by role', () => {
    const made = visit({ 7: '1^A^A', 8: '2^B^B', 9: '3^C^C~4^D^D', 17: '5^E^E' })
    const roles = made.cells
      .filter((one) => one.path === 'participant')
      .map((one) => [
        one.field,
        (one.value as { type: { coding: { code: string }[] }[] }[]).map(
          (item) => item.type[0]?.coding[0]?.code,
        ),
      ])
    assert.deepEqual(roles, [
      ['PV1-7', ['ATND']],
      ['PV1-8', ['REF']],
      ['PV1-9', ['CON', 'CON']],
      ['PV1-17', ['ADM']],
    ])
  })
  it('state admission and the last discharge as facts with offset', () => {
    const made = visit({ 44: '20260302080000', 45: '20260302090000~20260303090000' })
    assert.equal(value(made, '$admitTime'), '2026-03-02T08:00:00-06:00')
    assert.equal(value(made, '$dischargeTime'), '2026-03-03T09:00:00-06:00')
  })
  it('fill hospitalization', () => {
    const made = visit({ 14: '1', 16: 'VIP', 36: '01', 37: 'HOME' })
    assert.match(JSON.stringify(value(made, 'hospitalization.admitSource')), /v2-0023/)
    assert.match(
      JSON.stringify(value(made, 'hospitalization.dischargeDisposition')),
      /discharge-disposition","code":"home"/,
    )
    assert.match(JSON.stringify(value(made, 'hospitalization.destination')), /#location:1/)
  })
  it('give the financial class to the account, else to the visit, never to a coverage', () => {
    const mapped = admit([segment('PV1', { 2: 'I', 20: 'C', 41: 'closed' })])
    assert.match(JSON.stringify(value(thing(mapped, 'account'), extension('financial-class'))), /"code":"C"/)
    assert.equal(value(thing(mapped, 'account'), 'status'), 'inactive')
    assert.equal(cell(thing(mapped, 'encounter'), extension('financial-class')), undefined)
    const without = thing(map('ADT^A01', [pid(), segment('PV1', { 2: 'I', 20: 'C' })]), 'encounter')
    assert.ok(cell(without, extension('financial-class')))
    assert.equal(
      mapped.things.some((one) => one.type === 'Coverage'),
      false,
    )
  })
  it('say why and until when, with the url that the guide misspells', () => {
    const made = thing(
      admit([
        'PV1||I',
        segment('PV2', { 3: '^chest pain', 8: '20260302', 9: '20260305', 22: 'Y', 47: '20260304' }),
      ]),
      'encounter',
    )
    assert.deepEqual(value(made, 'reasonCode'), [{ text: 'chest pain' }])
    const end = "extension('http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate')"
    assert.equal((value(made, end) as { valueDateTime: string }).valueDateTime, '2026-03-05')
    assert.equal(value(made, '$protection'), true)
  })
})

const in1 = (fields: Record<number, string> = {}) =>
  segment('IN1', {
    1: '1',
    2: 'HMO20^Prairie HMO^L',
    3: 'PRAIRIE^^^PAYERID&1.2.3&ISO^NIIP',
    4: 'Prairie Health',
    ...fields,
  })

describe('IN1 and IN2', () => {
  it('make payor and coverage, and tell them apart from those of the next IN1', () => {
    const mapped = map('ADT^A01', [
      pid({ 18: 'A1' }),
      'PV1||I',
      in1(),
      segment('IN1', { 1: '2', 2: 'MCR', 3: 'CMS^^^PAYERID&1.2.3&ISO' }),
    ])
    assert.deepEqual(thing(mapped, 'coverage').refs, {
      beneficiary: 'patient',
      account: 'account',
      payor: 'payor',
    })
    assert.deepEqual(thing(mapped, 'coverage:2').refs.payor, 'payor:2')
    assert.equal(value(thing(mapped, 'payor'), 'name'), 'Prairie Health')
  })
  it('put the plan into a class, not into an identifier that all members would share', () => {
    const made = thing(admit([in1({ 8: 'GRP20', 9: 'Mill workers' })]), 'coverage')
    const classes = made.cells
      .filter((one) => one.path === 'class')
      .map((one) => one.value as { value: string; name?: string; type: { coding: { code: string }[] } }[])
    assert.deepEqual(
      classes.map(([one]) => [one?.type.coding[0]?.code, one?.value, one?.name]),
      [
        ['plan', 'HMO20', 'Prairie HMO'],
        ['group', 'GRP20', 'Mill workers'],
      ],
    )
    assert.equal(cell(made, 'identifier'), undefined)
  })
  it('have an order: COB priority, else the set id', () => {
    assert.equal(value(thing(admit([in1({ 22: '2' })]), 'coverage'), '$order'), 2)
    assert.equal(value(thing(admit([in1()]), 'coverage'), '$order'), 1)
  })
  it('turn IN1-17 round: what the insured is to the patient becomes what the patient is to the insured', () => {
    const relation = (sent: string) => {
      const made = value(thing(admit([in1({ 17: sent })]), 'coverage'), 'relationship') as {
        coding: { system: string; code: string }[]
      }
      return made.coding.find((one) => one.system.endsWith('/subscriber-relationship'))?.code
    }
    for (const [sent, expected] of [
      ['SEL', 'self'],
      ['SPO', 'spouse'],
      ['FTH', 'child'],
      ['MTH', 'child'],
      ['CHD', 'parent'],
      ['GRD', 'other'],
    ] as const) {
      assert.equal(relation(sent), expected, sent)
    }
  })
  it('take IN2-72 as it is, for it has the direction of FHIR', () => {
    const made = thing(admit([in1({ 17: 'FTH' }), segment('IN2', { 72: '04' })]), 'coverage')
    assert.match(
      JSON.stringify(value(made, 'relationship', 'IN2-72')),
      /subscriber-relationship","code":"child"/,
    )
    assert.equal(value(made, '$relationshipToPatient'), 'FTH')
  })
  it('use the element subscriberId, from IN1-49 and else IN1-36', () => {
    assert.equal(value(thing(admit([in1({ 36: 'P1', 49: 'S1^^^BCBS' })]), 'coverage'), 'subscriberId'), 'S1')
    assert.equal(value(thing(admit([in1({ 36: 'P1' })]), 'coverage'), 'subscriberId'), 'P1')
  })
  it('make the insured a related person unless they are the patient', () => {
    const mapped = admit([
      in1({ 16: 'DOE^JOHN', 17: 'SPO', 18: '19800101', 43: 'M' }),
      segment('IN2', { 2: '123-45-6780', 63: '(217)555-0134' }),
    ])
    assert.equal(thing(mapped, 'coverage').refs.subscriber, 'subscriber')
    const made = thing(mapped, 'subscriber')
    assert.equal(made.type, 'RelatedPerson')
    assert.equal(value(made, 'birthDate'), '1980-01-01')
    assert.ok(cell(made, 'telecom', 'IN2-63'))
    const self = admit([in1({ 16: 'DOE^JANE', 17: 'SEL' })])
    assert.equal(
      self.things.some((one) => one.type === 'RelatedPerson'),
      false,
    )
  })
  it('of a second policy without insured do not borrow that of the first', () => {
    const mapped = admit([
      in1({ 16: 'DOE^JOHN', 17: 'SPO' }),
      in1({ 16: 'DOE^JANE', 17: 'SEL' }),
      segment('IN2', { 2: '123-45-6780' }),
    ])
    assert.equal(thing(mapped, 'coverage:2').refs.subscriber, undefined)
    assert.equal(cell(thing(mapped, 'subscriber'), 'identifier'), undefined)
  })
  it('that are deleted have cells that delete', () => {
    const made = thing(admit(['IN1|""|""']), 'coverage')
    assert.equal(cell(made, 'class')?.value, null)
  })
})

describe('GT1', () => {
  const guarantor = (fields: Record<number, string>) =>
    admit([segment('GT1', { 1: '1', 3: 'DOE^JOHN', ...fields })])
  it('makes a person, an organization, or points to the patient', () => {
    const person = guarantor({ 11: 'FTH', 13: '20260101', 22: 'Y' })
    assert.deepEqual(thing(person, 'guarantor').refs, {
      account: 'account',
      patient: 'patient',
      party: 'guarantor-party',
    })
    assert.equal(thing(person, 'guarantor-party').type, 'RelatedPerson')
    assert.deepEqual(value(thing(person, 'guarantor'), 'period'), { start: '2026-01-01' })
    assert.equal(value(thing(person, 'guarantor'), 'onHold'), true)
    assert.equal(thing(guarantor({ 21: 'ACME INC' }), 'guarantor-party').type, 'Organization')
    const self = guarantor({ 11: 'SEL' })
    assert.equal(thing(self, 'guarantor').refs.party, undefined)
    assert.equal(value(thing(self, 'guarantor'), '$self'), true)
  })
  it('of the patient does not borrow the party of the one before', () => {
    const mapped = admit([
      segment('GT1', { 1: '1', 3: 'A^B', 11: 'FTH' }),
      segment('GT1', { 1: '2', 3: 'C^D', 11: 'SEL' }),
    ])
    assert.equal(thing(mapped, 'guarantor:2').refs.party, undefined)
  })
})

describe('MRG', () => {
  it('names what is given up, in the group of the patient that stays', () => {
    const mapped = map('ADT^A40', [
      pid({ 3: 'A^^^GHH^MR' }),
      'MRG|B^^^GHH^MR~C^^^GHH^MR||ACC1||V1||OLD^NAME',
      pid({ 3: 'D^^^GHH^MR' }),
      'MRG|E^^^GHH^MR',
    ])
    const first = thing(mapped, 'merge')
    assert.deepEqual(
      (value(first, '$priorIdentifier') as { value: string }[]).map((one) => one.value),
      ['B', 'C'],
    )
    assert.deepEqual(value(first, '$priorAccount'), [
      {
        system: 'urn:portico:local:ADT1:PID-18',
        value: 'ACC1',
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'AN' }] },
      },
    ])
    assert.equal((value(first, '$priorVisit') as { value: string }[])[0]?.value, 'V1')
    assert.equal((value(first, '$priorName') as { family: string }[])[0]?.family, 'OLD')
    assert.deepEqual(first.refs, { target: 'patient' })
    assert.deepEqual(thing(mapped, 'merge:2').refs, { target: 'patient:2' })
    assert.equal(
      mapped.things.some((one) => one.type === 'Account'),
      false,
    )
  })
})

const book = (sch: Record<number, string>, more: readonly string[] = []) =>
  map('SIU^S12', [segment('SCH', { 2: 'FA1^SCHED1^1.2.3^ISO', 25: 'Booked', ...sch }), ...more, pid()])

describe('SCH, TQ1, NTE', () => {
  const appointment = (...args: Parameters<typeof book>) => thing(book(...args), 'appointment')
  it('name the appointment by filler and placer, and know the patient that comes after', () => {
    const made = appointment({ 1: 'PA1^PORTAL' })
    assert.match(JSON.stringify(value(made, 'identifier', 'SCH-2')), /urn:oid:1\.2\.3.*FILL/)
    assert.match(JSON.stringify(value(made, 'identifier', 'SCH-1')), /PLAC/)
    assert.deepEqual(made.refs, { subject: 'patient' })
  })
  it('make SCH-7 of table 0276 type and reason, SCH-8 an extension', () => {
    const made = appointment({ 7: 'FOLLOWUP^Follow up^HL70276', 8: 'Normal^Routine^HL70277' })
    assert.match(JSON.stringify(value(made, 'appointmentType')), /v2-0276","code":"FOLLOWUP"/)
    assert.match(JSON.stringify(value(made, 'reasonCode')), /snomed/)
    assert.match(JSON.stringify(value(made, extension('v2-0277'))), /v2-0277","code":"Normal"/)
    assert.match(JSON.stringify(value(appointment({ 7: 'FOLLOWUP' }), 'appointmentType')), /v2-0276/)
    assert.equal(cell(appointment({ 7: 'KNEE^Knee pain^L' }), 'appointmentType'), undefined)
    assert.match(
      JSON.stringify(value(appointment({ 7: 'KNEE^Knee pain^L' }), 'reasonCode')),
      /urn:portico:local:ADT1:0276/,
    )
  })
  it('state each time by the field that says it', () => {
    const made = appointment({ 9: '30', 10: 'min', 11: '^^M45^20260306140000^20260306144500' }, [
      'TQ1|1|||||20^min|20260306150000|20260306152000|R',
    ])
    const said = made.cells
      .filter((one) => /^\$(start|end|duration)$/.test(one.path))
      .map((one) => [one.path, one.field, one.value])
    assert.deepEqual(said, [
      ['$duration', 'SCH-9', 30],
      ['$duration', 'SCH-11', 45],
      ['$start', 'SCH-11', '2026-03-06T14:00:00-06:00'],
      ['$end', 'SCH-11', '2026-03-06T14:45:00-06:00'],
      ['$duration', 'TQ1-6', 20],
      ['$start', 'TQ1-7', '2026-03-06T15:00:00-06:00'],
      ['$end', 'TQ1-8', '2026-03-06T15:20:00-06:00'],
    ])
    assert.equal(value(made, 'priority', 'TQ1-9'), 5)
  })
  it('refuse a filler status that no table has', () => {
    assert.deepEqual(
      book({ 25: 'MAYBE' }).issues.map(({ severity, code, location }) => [severity, code, location]),
      [['E', '103', 'SCH^1^25']],
    )
  })
  it('make nobody attend who only booked or typed', () => {
    const mapped = book({ 12: '1^A^B', 16: '77^CLERK^PAT', 20: '77^CLERK^PAT' })
    assert.deepEqual(value(thing(mapped, 'appointment'), extension('filler-contact')), {
      url: 'http://portico.example.org/StructureDefinition/filler-contact',
      valueReference: {
        identifier: { system: 'urn:portico:local:ADT1:practitioner', value: '77' },
        display: 'CLERK, PAT',
      },
    })
    assert.equal(
      mapped.things.some((one) => one.type === 'Practitioner'),
      false,
    )
  })
  it('refer to orders by number and make none up', () => {
    const mapped = book({ 26: 'ORD1^CPOE' })
    assert.deepEqual(value(thing(mapped, 'appointment'), 'basedOn'), [
      { identifier: { system: 'urn:portico:aa:ADT1:CPOE', value: 'ORD1' }, type: 'ServiceRequest' },
    ])
    assert.equal(
      mapped.things.some((one) => one.type === 'ServiceRequest'),
      false,
    )
  })
  it('join comments wherever they stand; PI is an instruction', () => {
    const made = appointment({}, [
      'NTE|1||bring list',
      'NTE|2||fasting|PI',
      'RGS|1|A',
      'AIS|1|A|OV',
      'NTE|1||Needs interpreter',
    ])
    assert.equal(value(made, 'comment'), 'bring list\nNeeds interpreter')
    assert.equal(value(made, 'patientInstruction'), 'fasting')
    assert.ok(
      cell(made, 'comment')?.spans.some((span) => span.v2.startsWith('NTE[3]-3')),
      'the third NTE is named',
    )
  })
  it('know parent and occurrence of a series', () => {
    const made = appointment({ 3: '2', 24: 'FA0^SCHED1' })
    const series = (part: string) => value(made, `${extension('series')}.extension('${part}')`)
    assert.deepEqual(series('occurrence'), { url: 'occurrence', valueInteger: 2 })
    assert.deepEqual(series('parent'), {
      url: 'parent',
      valueIdentifier: { system: 'urn:portico:aa:ADT1:SCHED1', value: 'FA0' },
    })
  })
})

describe('RGS, AIS, AIG, AIL, AIP', () => {
  const resources = [
    'RGS|1|A|G7',
    'AIS|1|A|OV30^Office visit^L|20260306140000|-15|min|30|min|NO|Booked',
    'AIG|1||XR1^X-ray unit|EQ^Equipment||||20260306140000|||30|min|Yes|Pending',
    'RGS|2|D',
    'AIL|1|D|CLN1^EX2^^GHH|||20260306140000|||30|min||Cancelled',
    'AIP|1|U|1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO|ATND^attender^L||20260306140000|||30|min||Booked',
  ]
  const mapped = book({}, resources)
  it('keep action codes of group and resource apart', () => {
    assert.equal(value(thing(mapped, 'group'), '$actionCode'), 'A')
    assert.equal(value(thing(mapped, 'group'), '$groupId'), 'G7')
    assert.equal(value(thing(mapped, 'group:2'), '$groupId'), '2')
    assert.equal(cell(thing(mapped, 'participant'), '$actionCode'), undefined)
    assert.equal(value(thing(mapped, 'participant:3'), '$actionCode'), 'U')
    assert.deepEqual(thing(mapped, 'participant').refs, { appointment: 'appointment', group: 'group' })
    assert.deepEqual(thing(mapped, 'participant:3').refs, { appointment: 'appointment', group: 'group:2' })
  })
  it('keep the sign of an offset, and what substitution is allowed', () => {
    const made = thing(mapped, 'service')
    assert.equal(value(made, '$startOffset'), -15)
    assert.equal(value(made, '$duration'), 30)
    assert.match(JSON.stringify(value(made, extension('substitution'))), /"code":"NO"/)
    assert.match(JSON.stringify(value(made, 'serviceType')), /urn:portico:local:ADT1:AIS-3/)
    assert.match(JSON.stringify(value(made, extension('service-status'))), /"code":"Booked"/)
  })
  it('refer to device, place and practitioner, with their status as participants', () => {
    const actors = ['participant', 'participant:2', 'participant:3'].map((as) => [
      (value(thing(mapped, as), 'actor') as { reference: string }).reference,
      (value(thing(mapped, as), '$fillerStatus') as { status: string }).status,
    ])
    assert.deepEqual(actors, [
      ['#device:1', 'tentative'],
      ['#location:3', 'declined'],
      ['#practitioner:1', 'accepted'],
    ])
    assert.equal(thing(mapped, 'device:1').type, 'Device')
  })
  it('take AIG-3 for a place when AIG-4 says so', () => {
    const place = book({}, ['RGS|1', 'AIG|1||R5^Room 5|ROOM'])
    assert.equal(
      (value(thing(place, 'participant'), 'actor') as { reference: string }).reference,
      '#location:1',
    )
  })
})

describe('FT1', () => {
  const post = (fields: Record<number, string>) =>
    map('DFT^P03', [
      pid({ 18: 'A1' }),
      segment('PV1', { 2: 'O', 19: 'V1' }),
      segment('FT1', { 1: '1', 4: '20260305103500', 6: 'CG', 7: '99213^Visit^L', ...fields }),
    ])
  it('knows patient, account and visit', () => {
    assert.deepEqual(thing(post({}), 'transaction').refs, {
      subject: 'patient',
      account: 'account',
      encounter: 'encounter',
    })
  })
  it('knows them as well when it comes before them', () => {
    const made = map('DFT^P03', [
      segment('FT1', { 1: '1', 4: '20260305103500', 6: 'CG', 7: '99213^Visit^L' }),
      segment('PV1', { 2: 'O', 19: 'V1' }),
      pid({ 18: 'A1' }),
    ])
    const refs = { subject: 'patient', account: 'account', encounter: 'encounter' }
    assert.deepEqual(thing(made, 'transaction').refs, refs)
  })
  it('has line, kind, code in both tongues, quantity and amounts with their scale', () => {
    const made = thing(
      post({ 2: 'T1^^^BILL1TX&1.2.3&ISO', 10: '2', 11: '150.00&USD', 12: '75.00&USD', 25: '99213^Visit^C4' }),
      'transaction',
    )
    assert.deepEqual(value(made, '$lineId'), [
      { system: 'urn:oid:1.2.3', value: 'T1', assigner: { display: 'BILL1TX' } },
    ])
    assert.equal(value(made, '$type'), 'CG')
    assert.match(JSON.stringify(value(made, 'code', 'FT1-7')), /urn:portico:local:ADT1:0132/)
    assert.match(JSON.stringify(value(made, 'code', 'FT1-25')), /ama-assn/)
    assert.deepEqual(value(made, 'quantity'), { value: 2 })
    assert.equal(JSON.stringify(cell(made, '$amount')?.value), '{"value":150.00,"currency":"USD"}')
    assert.equal(JSON.stringify(cell(made, '$unitAmount')?.value), '{"value":75.00,"currency":"USD"}')
  })
  it('occurs at a time or over a period', () => {
    assert.equal(value(thing(post({}), 'transaction'), 'occurrenceDateTime'), '2026-03-05T10:35:00-06:00')
    const made = thing(post({ 4: '20260305^20260307' }), 'transaction')
    assert.deepEqual(value(made, 'occurrencePeriod'), { start: '2026-03-05', end: '2026-03-07' })
    assert.equal(cell(made, 'occurrenceDateTime'), undefined)
  })
  it('names performer, enterer, reason and cost centre', () => {
    const made = thing(
      post({ 13: 'CC1', 19: 'J06.9^URI^I10~R05^Cough^I10', 20: '1^A^A', 24: '2^B^B' }),
      'transaction',
    )
    assert.equal((value(made, 'reason') as unknown[]).length, 2)
    assert.match(JSON.stringify(value(made, 'performer')), /PPRF/)
    assert.match(JSON.stringify(value(made, 'enterer')), /#practitioner:2/)
    assert.match(JSON.stringify(value(made, 'costCenter')), /#organization:1/)
  })
})
