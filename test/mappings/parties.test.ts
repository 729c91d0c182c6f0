// Identifiers, telephone numbers, people and places (HL7 v2.9.1 chapter 2A: CX EI XTN XAD XPN XCN XON PL).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { phoneText } from '../../src/mappings/engine/leaves/contact.ts'
import { mod10, mod11 } from '../../src/mappings/engine/leaves/identifier.ts'
import { cell, map, patient, pid, plain, segment, thing, typed, value } from './fixture.ts'

const of = (...args: Parameters<typeof typed>) => typed(...args).value as Record<string, unknown>
const type = (code: string, display: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code, display }],
})

describe('CX', () => {
  it('has value, system of its authority, type, period, and the authority by name', () => {
    assert.deepEqual(of('CX[Identifier]', 'MRN1^^^GHH&2.16.840.1.113883.19.5.1&ISO^MR^^20200101^20301231'), {
      type: type('MR', 'Medical record number'),
      system: 'urn:oid:2.16.840.1.113883.19.5.1',
      value: 'MRN1',
      period: { start: '2020-01-01', end: '2030-12-31' },
      assigner: { display: 'GHH' },
    })
  })
  it('prefers the OID to the namespace, which the guide drops', () => {
    assert.equal(of('CX[Identifier]', '1^^^OTHER&1.2.3&ISO').system, 'urn:oid:1.2.3')
  })
  it('of an unregistered namespace has the system that was minted for the source', () => {
    assert.equal(of('CX[Identifier]', '1^^^XYZ').system, 'urn:portico:aa:ADT1:XYZ')
  })
  it('of a patient without authority has no system: nobody guesses one', () => {
    assert.deepEqual(of('CX[Identifier]', '123'), { value: '123' })
  })
  it("that decides nothing may be without authority: a social security number is that of PID-19, others the source's", () => {
    const ssn = { type: type('SS', 'Social Security number'), system: 'http://hl7.org/fhir/sid/us-ssn' }
    assert.deepEqual(of('CX[Identifier]', '390-55-1234^^^^SS'), { ...ssn, value: '390551234' })
    assert.equal(typed('CX[Identifier]', '999-99-9999^^^^SS').value, undefined)
    assert.equal(of('CX[Identifier]', '2770763220829^^^^SS').system, 'urn:portico:local:ADT1:SS')
    assert.equal(of('CX[Identifier]', 'D100-200^^^^DL').system, 'urn:portico:local:ADT1:DL')
    assert.equal(of('CX[Identifier]', '123^^^^MR').system, undefined)
  })
  it('of a visit or an account without authority belongs to the source and its field', () => {
    assert.deepEqual(of('CX[Identifier-Local]', '123'), {
      system: 'urn:portico:local:ADT1:ZZT-1',
      value: '123',
    })
  })
  it('without CX.5 has no type', () => {
    assert.equal(of('CX[Identifier]', '1^^^GHH').type, undefined)
  })
  it('keeps check digit and assigning facility, and warns of a digit that does not fit', () => {
    const good = typed('CX[Identifier]', '12345^5^M10^GHH^MR^FAC1')
    assert.deepEqual((good.value as { extension: unknown }).extension, [
      { url: 'http://hl7.org/fhir/StructureDefinition/identifier-checkDigit', valueString: '5' },
      { url: 'http://portico.example.org/StructureDefinition/assigning-facility', valueString: 'FAC1' },
    ])
    assert.deepEqual(good.issues, [])
    const bad = typed('CX[Identifier]', '12345^6^M10^GHH^MR').issues
    assert.deepEqual(
      bad.map(({ severity, app, location }) => [severity, app, location]),
      [['W', 'CHECK-DIGIT', 'ZZT^1^1^1^2']],
    )
  })
  it('check digits are those of the standard', () => {
    assert.equal(mod10('12345'), '5')
    assert.equal(mod11('1234567'), '4')
    assert.equal(mod10('A1'), undefined)
  })
  it('asks for the default authority of its type when none was sent', () => {
    const systems = (hd: object, kind?: string) =>
      Object.keys(hd).length === 0 && kind === 'MR' ? { system: 'urn:default', registered: true } : undefined
    assert.equal(of('CX[Identifier]', '1^^^^MR', { over: { systems } }).system, 'urn:default')
  })
})

describe('EI', () => {
  it('keeps its system, which the guide loses', () => {
    assert.deepEqual(of('EI[Identifier]', 'FA1^SCHED1^2.16.840.1.113883.19.5.4^ISO'), {
      system: 'urn:oid:2.16.840.1.113883.19.5.4',
      value: 'FA1',
    })
  })
  it('is read when a CX was sent in its place', () => {
    assert.equal(of('EI[Identifier]', 'T1^^^BILL&1.2.3&ISO').system, 'urn:oid:1.2.3')
  })
  it('without a namespace has no system', () => {
    assert.deepEqual(of('EI[Identifier]', 'FA1'), { value: 'FA1' })
  })
})

describe('other identifiers', () => {
  it('a social security number has a system without a dot at the end, and no dashes', () => {
    assert.deepEqual(of('ST[Identifier-SSN]', '123-45-6780'), {
      use: 'official',
      type: type('SS', 'Social Security number'),
      system: 'http://hl7.org/fhir/sid/us-ssn',
      value: '123456780',
    })
  })
  it('a social security number that means none is none', () => {
    for (const filler of ['000-00-0000', '999-99-9999', '123-45-6789', '111111111']) {
      assert.equal(of('ST[Identifier-SSN]', filler), undefined, filler)
    }
  })
  it('a Medicare number of the present form has its system', () => {
    assert.equal(of('ST[Identifier-Medicare]', '1EG4-TE5-MK73').system, 'http://hl7.org/fhir/sid/us-mbi')
    assert.equal(of('ST[Identifier-Medicare]', '123456789A').system, 'urn:portico:local:ADT1:ZZT-1')
  })
  it('a licence has state and expiry', () => {
    const made = of('DLN[Identifier]', 'D123^IL^20300101')
    assert.equal(made.system, 'urn:portico:local:ADT1:DL-IL')
    assert.deepEqual(made.period, { end: '2030-01-01' })
  })
})

describe('XTN', () => {
  const one = (raw: string, over = {}) => of('XTN[ContactPoint]', raw, { over })
  it('composes the number of its parts', () => {
    assert.deepEqual(one('^PRN^PH^^1^217^5550134'), { system: 'phone', value: '+1 217 5550134', use: 'home' })
    assert.equal(one('^WPN^PH^^1^217^5550134^22').value, '+1 217 5550134 x22')
  })
  it('reads XTN.7 without XTN.6, which the guide loses', () => {
    assert.equal(one('^PRN^PH^^^^5550134').value, '5550134')
  })
  it('keeps letters of a number, and what has no digit, as sent', () => {
    assert.equal(one('^WPN^PH^^1^217^555-CARE').value, '+1 217 555-CARE')
    assert.equal(one('^PRN^PH^^^^none').value, 'none')
  })
  it('prefers XTN.12 to the parts, the parts to XTN.1', () => {
    assert.equal(one('111^PRN^PH^^1^217^5550134^^^^^+442079460000').value, '+442079460000')
    assert.equal(one('(312)555-0199^PRN^PH^^1^217^5550134').value, '+1 217 5550134')
    assert.equal(one('(217)555-0134').value, '217 5550134')
  })
  it('adds a country code only when the context has one', () => {
    assert.equal(one('(217)555-0134', { countryCode: '1' }).value, '+1 217 5550134')
    assert.equal(one('^PRN^PH^^^217^5550134', { countryCode: '1' }).value, '+1 217 5550134')
  })
  it('reads the forms of XTN.1 and leaves others as they are', () => {
    const cases: [string, string][] = [
      ['1-217-555-0134', '+1 217 5550134'],
      ['(217) 555-0134X22', '217 5550134 x22'],
      ['217.555.0134', '217 5550134'],
      ['+44 20 7946 0000', '+44 20 7946 0000'],
      ['ask at desk', 'ask at desk'],
    ]
    for (const [sent, expected] of cases) assert.equal(phoneText(sent, undefined), expected, sent)
  })
  it('makes a cell phone a phone of use mobile, not a system', () => {
    assert.deepEqual(one('^PRN^CP^^1^217^5550134'), {
      system: 'phone',
      value: '+1 217 5550134',
      use: 'mobile',
    })
  })
  it('takes ten digits that begin with 0 for a number of another country, and leaves it as it is', () => {
    assert.equal(one('0478555012').value, '0478555012')
    assert.equal(one('020-5550111').value, '020-5550111')
    assert.equal(one('2175550134').value, '217 5550134')
  })
  it('says of what it keeps as it was sent whence that is, and of a use that the row gives nothing', () => {
    const { spans = [] } = cell(patient({ 13: '5550134^Home^TEL' }), 'telecom') ?? {}
    const at = spans
      .map(({ fhir, v2 }) => `${fhir.replace('telecom', '').replace(/'[^']*\//g, "'")} ${v2}`)
      .sort()
    assert.deepEqual(at, [
      "[0].extension('telecom-equipment').valueCode PID-13[1].3",
      "[0].extension('telecom-use').valueCode PID-13[1].2",
      '[0].use PID-13[1]',
      '[0].value PID-13[1].1',
    ])
  })
  it('takes an e-mail address once that XTN.1 repeats', () => {
    assert.deepEqual(one('j@example.org^NET^Internet^j@example.org'), {
      system: 'email',
      value: 'j@example.org',
    })
    assert.equal(one('(217)555-0134^NET^Internet^j@example.org').value, 'j@example.org')
  })
  it('keeps what table 0202 does not have, and what FHIR has no word of its own for', () => {
    const url = 'http://portico.example.org/StructureDefinition/telecom-equipment'
    for (const code of ['Mobile Number', 'TDD', 'X.400'])
      assert.deepEqual(one(`5550134^PRN^${code}`).extension, [{ url, valueCode: code }], code)
    for (const code of ['PH', 'CP', 'FX', 'BP']) assert.equal(one(`5550134^PRN^${code}`).extension, undefined)
  })
  it('reads e-mail from XTN.4 even without XTN.3', () => {
    assert.deepEqual(one('^NET^^a@example.org'), { system: 'email', value: 'a@example.org' })
    assert.equal(one('^PRN^Internet^a@example.org').system, 'email')
  })
  it('with a number and an address in one repetition gives both, each once', () => {
    const made = patient({ 13: '^PRN^PH^a@example.org^1^217^5550134' })
    assert.deepEqual(value(made, 'telecom'), [
      { system: 'phone', value: '+1 217 5550134', use: 'home' },
      { system: 'email', value: 'a@example.org', use: 'home' },
    ])
    const spans = cell(made, 'telecom')?.spans.map(({ fhir, v2 }) => `${fhir} ${v2}`) ?? []
    assert.ok(spans.includes('telecom[1].value PID-13[1].4'), spans.join())
  })
  it('keeps a use that FHIR does not have in an extension', () => {
    assert.deepEqual(one('^EMR^PH^^1^217^5550134').extension, [
      { url: 'http://portico.example.org/StructureDefinition/telecom-use', valueCode: 'EMR' },
    ])
  })
  it('has a rank', () => {
    assert.equal(one('^PRN^PH^^1^217^5550134^^^^^^^^^^^2').rank, 2)
  })
})

describe('XPN', () => {
  it('has family, given names, prefix, suffix and use', () => {
    assert.deepEqual(of('XPN[HumanName]', 'DOE^JANE^ANN MARIE^JR^DR^MD^L'), {
      use: 'official',
      family: 'DOE',
      given: ['JANE', 'ANN MARIE'],
      prefix: ['DR'],
      suffix: ['JR', 'MD'],
    })
  })
  it('keeps the parts of a family name', () => {
    const made = of('XPN[HumanName]', 'van der Berg&van der&Berg^EVA')
    assert.equal(made.family, 'van der Berg')
    assert.match(JSON.stringify(made._family), /own-prefix.*van der.*own-name.*Berg/)
  })
  it('of a pseudonym is anonymous; of a type without FHIR use has none, and keeps the code', () => {
    assert.equal(of('XPN[HumanName]', 'X^Y^^^^^S').use, 'anonymous')
    const birth = of('XPN[HumanName]', 'X^Y^^^^^B')
    assert.equal(birth.use, undefined)
    assert.deepEqual(birth.extension, [
      { url: 'http://portico.example.org/StructureDefinition/name-type', valueCode: 'B' },
    ])
  })
  it('drops a component that is ""', () => {
    assert.deepEqual(of('XPN[HumanName]', 'DOE^""^ANN'), { family: 'DOE', given: ['ANN'] })
  })
  it('has its period from XPN.12 and XPN.13, else from XPN.10', () => {
    assert.deepEqual(of('XPN[HumanName]', 'DOE^^^^^^^^^20200101&20210101').period, {
      start: '2020-01-01',
      end: '2021-01-01',
    })
    assert.deepEqual(of('XPN[HumanName]', 'DOE^^^^^^^^^20200101&20210101^^20220101').period, {
      start: '2022-01-01',
    })
  })
})

describe('XAD', () => {
  it('has lines, city, state, postal code, country and use', () => {
    assert.deepEqual(of('XAD[Address]', '1 MAIN ST^APT 4^SPRINGFIELD^IL^62704^USA^H^^SANGAMON'), {
      use: 'home',
      line: ['1 MAIN ST', 'APT 4'],
      city: 'SPRINGFIELD',
      district: 'SANGAMON',
      state: 'IL',
      postalCode: '62704',
      country: 'USA',
    })
  })
  it('takes SAD.2 and SAD.3 only when SAD.1 lacks them', () => {
    assert.deepEqual(of('XAD[Address]', '12 Lake Dr&Lake Dr&12').line, ['12 Lake Dr'])
    assert.deepEqual(of('XAD[Address]', '&Lake Dr&12').line, ['12 Lake Dr'])
  })
  it('that is bad is old and says so', () => {
    const made = of('XAD[Address]', '1 X^^Y^^^^BA')
    assert.equal(made.use, 'old')
    assert.match(JSON.stringify(made.extension), /bad-address","valueBoolean":true/)
  })
  it('of a type that FHIR does not have keeps the code', () => {
    assert.match(JSON.stringify(of('XAD[Address]', '1 X^^Y^^^^BR').extension), /"valueCode":"BR"/)
  })
})

const doctor = '1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI'
const visit = (fields: Record<number, string>) =>
  map('ADT^A01', [pid(), segment('PV1', { 2: 'I', ...fields })])

describe('XCN[Practitioner]', () => {
  it('takes numbers of several types that one authority gives for those of one person', () => {
    const of = (...numbers: readonly string[]) =>
      visit({ 7: numbers.join('~') }).things.filter(({ type }) => type === 'Practitioner')
    const id = (value: string, kind: string) =>
      `${value}^DURAND^ANNE^^^^^^PS&1.2.250.1.71.4.2.1&ISO^D^^^${kind}`
    const [one, ...others] = of(id('801234567897', 'RPPS'), id('691234567', 'ADELI'))
    assert.equal(others.length, 0)
    assert.equal((value(one as NonNullable<typeof one>, 'identifier') as unknown[]).length, 2)
    assert.equal(of(id('1', 'RPPS'), id('2', 'RPPS')).length, 2)
  })
  it('keeps what FN says beside the surname, and a type of name that FHIR has no use for', () => {
    const made = map('ADT^A01^ADT_A01', [
      pid(),
      segment('PV1', { 2: 'I', 7: '77^Berg&van den&Berg^J.P.M.^^^dr.^^^^Personnel' }),
    ])
    const [name] = value(thing(made, 'practitioner:1'), 'name') as readonly Record<string, unknown>[]
    const url = (each: string) => `http://hl7.org/fhir/StructureDefinition/humanname-${each}`
    assert.equal(name?.family, 'Berg')
    assert.deepEqual(name?._family, {
      extension: [
        { url: url('own-prefix'), valueString: 'van den' },
        { url: url('own-name'), valueString: 'Berg' },
      ],
    })
    const type = 'http://portico.example.org/StructureDefinition/name-type'
    assert.deepEqual(name?.extension, [{ url: type, valueCode: 'Personnel' }])
  })
  it('makes a practitioner of its own and refers to it', () => {
    const mapped = visit({ 7: doctor })
    assert.deepEqual(value(thing(mapped, 'encounter'), 'participant'), [
      {
        individual: { reference: '#practitioner:1', display: 'CHEN, WEI' },
        type: [
          {
            coding: [
              {
                system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
                code: 'ATND',
                display: 'attender',
              },
            ],
          },
        ],
      },
    ])
    const made = thing(mapped, 'practitioner:1')
    assert.deepEqual(value(made, 'identifier'), [
      {
        type: type('NPI', 'National provider identifier'),
        system: 'http://hl7.org/fhir/sid/us-npi',
        value: '1234567893',
      },
    ])
    assert.deepEqual(value(made, 'name'), [{ use: 'official', family: 'CHEN', given: ['WEI'] }])
    assert.equal(made.type, 'Practitioner')
  })
  it('meets one person under one handle wherever the message names them', () => {
    const mapped = visit({ 7: doctor, 8: doctor, 17: '1234567893^^^^^^^^NPI&2.16.840.1.113883.4.6&ISO' })
    assert.equal(mapped.things.filter((one) => one.type === 'Practitioner').length, 1)
    assert.match(
      JSON.stringify(value(thing(mapped, 'encounter'), 'participant', 'PV1-17')),
      /#practitioner:1/,
    )
  })
  it('joins repetitions of one person with identifiers of different authorities', () => {
    const mapped = visit({ 7: `${doctor}~77^CHEN^WEI^^^^^^GHH` })
    assert.equal((value(thing(mapped, 'encounter'), 'participant') as unknown[]).length, 1)
    const ids = value(thing(mapped, 'practitioner:1'), 'identifier') as { value: string }[]
    assert.deepEqual(
      ids.map((one) => one.value),
      ['1234567893', '77'],
    )
  })
  it('keeps namesakes with two numbers of one authority apart', () => {
    const mapped = visit({ 7: '1^SMITH^JOHN^^^^^^GHH~2^SMITH^JOHN^^^^^^GHH' })
    assert.equal((value(thing(mapped, 'encounter'), 'participant') as unknown[]).length, 2)
    assert.equal(mapped.things.filter((one) => one.type === 'Practitioner').length, 2)
  })
  it('without authority belongs to the source, without number is a name alone', () => {
    const mapped = visit({ 7: '12^A^B', 8: '^GREY^MEREDITH' })
    assert.deepEqual(value(thing(mapped, 'practitioner:1'), 'identifier'), [
      { system: 'urn:portico:local:ADT1:practitioner', value: '12' },
    ])
    assert.equal(cell(thing(mapped, 'practitioner:2'), 'identifier'), undefined)
  })
  it('as an operator is an id and a display', () => {
    assert.deepEqual(of('XCN[operator]', 'HIM01^GRAY^SAM'), {
      id: 'HIM01',
      system: 'urn:portico:local:ADT1:practitioner',
      display: 'GRAY, SAM',
    })
  })
})

describe('PL[Location]', () => {
  const chain = (raw: string) => {
    const mapped = visit({ 3: raw })
    const places = mapped.things.filter((one) => one.type === 'Location')
    return {
      finest: value(thing(mapped, 'encounter'), '$location') as { reference: string; display: string },
      ids: places.map((one) => {
        const [id] = value(one, 'identifier') as { system: string; value: string }[]
        return `${id?.system}|${id?.value}`
      }),
      parents: places.map((one) => (value(one, 'partOf') as { reference: string } | undefined)?.reference),
    }
  }
  it('makes bed, room, point of care and facility, each part of the next, and refers to the finest', () => {
    const { finest, ids, parents } = chain('3N^301^A^GHH')
    assert.deepEqual(ids, [
      'urn:portico:facility|GHH',
      'urn:portico:location:GHH|3N',
      'urn:portico:location:GHH|3N-301',
      'urn:portico:location:GHH|3N-301-A',
    ])
    assert.deepEqual(parents, [undefined, '#location:1', '#location:2', '#location:3'])
    assert.deepEqual(finest, { reference: '#location:4', display: '3N-301-A' })
  })
  it('drops trailing empty parts, and never makes a level that was not sent', () => {
    assert.deepEqual(chain('OR^OR3^^GHH').ids.at(-1), 'urn:portico:location:GHH|OR-OR3')
    assert.deepEqual(chain('OR^^^GHH').ids.at(-1), 'urn:portico:location:GHH|OR')
    assert.deepEqual(chain('3N^^A^GHH').ids.at(-1), 'urn:portico:location:GHH|3N--A')
  })
  it('puts floor and building between, without making a level its own parent', () => {
    const { ids, parents } = chain('3N^301^^GHH^^^MAIN^3')
    assert.deepEqual(ids.slice(1, 3), [
      'urn:portico:location:GHH:building|MAIN',
      'urn:portico:location:GHH:floor|MAIN-3',
    ])
    assert.deepEqual(parents, [undefined, '#location:1', '#location:2', '#location:3', '#location:4'])
  })
  it('without a facility takes that of the sender', () => {
    assert.deepEqual(chain('ER').ids, ['urn:portico:location:GHH|ER'])
  })
  it('of a facility alone refers to it, of a floor alone to the floor', () => {
    assert.deepEqual(chain('^^^GHH').finest, { reference: '#location:1', display: 'GHH' })
    assert.deepEqual(chain('^^^^^^^2').ids, ['urn:portico:location:GHH:floor|2'])
  })
  it('shares levels between locations of one message', () => {
    const mapped = visit({ 3: '3N^301^A^GHH', 6: '3N^302^A^GHH' })
    assert.equal(mapped.things.filter((one) => one.type === 'Location').length, 6)
  })
})

describe('organizations', () => {
  it('are one per identifier, else one per name', () => {
    const mapped = map('ADT^A31', [pid(), 'PD1|||CLINIC^^77^^^GHH~CLINIC TWO'])
    assert.deepEqual(
      mapped.things
        .filter((one) => one.type === 'Organization')
        .map((one) => [value(one, 'name'), plain(cell(one, 'identifier')?.value)]),
      [
        ['CLINIC', [{ system: 'urn:oid:2.16.840.1.113883.19.5.1', value: '77' }]],
        ['CLINIC TWO', undefined],
      ],
    )
  })
})
