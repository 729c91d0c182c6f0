// Leaves for amounts with units, times of day, jobs, headers and values in several fields, at their edges (chapter 2A
// CQ, SN, NR, DTN, MO, TM, JCC, HD, MSG; FHIR R4 Quantity, Range, Ratio).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { map, pid, plain, segment, thing, typed, value } from './fixture.ts'

const of = (...args: Parameters<typeof typed>) => typed(...args).value
const severities = (...args: Parameters<typeof typed>) =>
  typed(...args).issues.map(({ severity, code }) => [severity, code])
const ucum = 'http://unitsofmeasure.org'

describe('CQ', () => {
  it('has number and unit; a code only with the system that it is of', () => {
    assert.deepEqual(of('CQ[Quantity]', '30^min&minute&UCUM'), {
      value: 30,
      unit: 'minute',
      system: ucum,
      code: 'min',
    })
    assert.deepEqual(of('CQ[Quantity]', '2^BX&box'), { value: 2, unit: 'box' })
    assert.deepEqual(of('CQ[Quantity]', '2'), { value: 2 })
  })
  it('without a number is nothing, with a wrong one a warning', () => {
    assert.equal(of('CQ[Quantity]', '^min'), undefined)
    assert.equal(of('CQ[Quantity]', 'few^min'), undefined)
    assert.deepEqual(severities('CQ[Quantity]', 'few^min'), [['W', '102']])
  })
})

describe('a number beside its unit', () => {
  it('takes the unit of the next field', () => {
    assert.deepEqual(of('NM[Quantity-Units]', '172', { beside: 'cm^centimeter^UCUM' }), {
      value: 172,
      unit: 'centimeter',
      system: ucum,
      code: 'cm',
    })
    assert.deepEqual(of('NM[Quantity-Units]', '7.50'), { value: 7.5 })
  })
  it('that is none is told, and the message is taken', () => {
    assert.deepEqual(severities('NM[Quantity-Units]', '>10'), [['W', '102']])
  })
})

describe('SN', () => {
  const cases: [leaf: string, sent: string, expected: unknown][] = [
    ['SN[Quantity]', '>^100', { value: 100, comparator: '>' }],
    ['SN[Quantity]', '=^100', { value: 100 }],
    ['SN[Quantity]', '^100', { value: 100 }],
    ['SN[Range]', '^100^-^200', { low: { value: 100 }, high: { value: 200 } }],
    ['SN[Range]', '^100^-', { low: { value: 100 } }],
    ['SN[Ratio]', '^1^:^128', { numerator: { value: 1 }, denominator: { value: 128 } }],
    ['SN[Ratio]', '^1^:', undefined],
    ['SN[string]', '^2^+', '2 +'],
    ['SN[string]', '<>^5', '<> 5'],
    ['SN[Quantity]', '>', undefined],
  ]
  for (const [leaf, sent, expected] of cases)
    it(`${leaf} reads ${sent}`, () => assert.deepEqual(of(leaf, sent), expected))
})

describe('NR, DTN, MO', () => {
  it('a range has either end, or both', () => {
    assert.deepEqual(of('NR[Range]', '1.0^2.5'), { low: { value: 1 }, high: { value: 2.5 } })
    assert.deepEqual(of('NR[Range]', '^2'), { high: { value: 2 } })
    assert.equal(of('NR[Range]', '^'), undefined)
  })
  it('days have their kind', () => {
    assert.deepEqual(of('DTN[Quantity]', 'AP^3'), { value: 3, unit: 'days AP' })
    assert.deepEqual(of('DTN[Quantity]', '^3'), { value: 3, unit: 'days' })
    assert.equal(of('DTN[Quantity]', 'AP'), undefined)
  })
  it('money keeps its scale and has a currency, sent or of the site', () => {
    assert.deepEqual(of('MO[Money]', '9.75^eur'), { value: 9.75, currency: 'EUR' })
    assert.deepEqual(of('MO[Money]', '9.75'), { value: 9.75, currency: 'USD' })
    const { things } = typed('MO[Money]', '150.00^USD')
    assert.match(JSON.stringify(things), /150\.00/)
    assert.deepEqual(severities('MO[Money]', 'much'), [['E', '102']])
  })
})

describe('times of day', () => {
  const cases: [sent: string, expected: string | undefined][] = [
    ['0930', '09:30:00'],
    ['09', '09:00:00'],
    ['093015', '09:30:15'],
    ['093015.25-0600', '09:30:15'],
    ['2400', undefined],
    ['9:30', undefined],
  ]
  for (const [sent, expected] of cases)
    it(`${sent} is ${expected ?? 'none, with a warning'}`, () => {
      assert.equal(of('TM[time]', sent), expected)
      assert.deepEqual(severities('TM[time]', sent), expected === undefined ? [['W', '102']] : [])
    })
  it('a date that was text in some versions is read, or told', () => {
    assert.equal(of('DTM[dateTime-Soft]', '20190101'), '2019-01-01')
    assert.equal(of('DTM[dateTime-Soft]', 'last summer'), undefined)
    assert.deepEqual(severities('DTM[dateTime-Soft]', 'last summer'), [['W', '102']])
  })
})

describe('JCC', () => {
  it('has code, class and description', () => {
    assert.deepEqual(of('JCC[CodeableConcept]', 'J1^C1^Nurse'), {
      coding: [
        { system: 'urn:portico:local:ADT1:0327', code: 'J1' },
        { system: 'urn:portico:local:ADT1:0328', code: 'C1' },
      ],
      text: 'Nurse',
    })
  })
  it('of a description alone is a text, of nothing nothing', () => {
    assert.deepEqual(of('JCC[CodeableConcept]', '^^Nurse'), { text: 'Nurse' })
    assert.equal(of('JCC[CodeableConcept]', '^'), undefined)
  })
})

describe('AUI', () => {
  it('is number, date and source of an authorization', () => {
    const made = map('ADT^A01', [
      pid(),
      segment('PV1', { 2: 'I' }),
      segment('IN1', { 1: '1', 2: 'P', 3: 'PAY', 4: 'MHP', 14: 'AUTH1^20260101^CALLER' }),
    ])
    const url = 'http://portico.example.org/StructureDefinition/authorization'
    const coverage = thing(made, 'coverage')
    const of3 = ['', '-date', '-source'].map((end) => value(coverage, `extension('${url}${end}')`))
    assert.deepEqual(of3, [
      { url, valueString: 'AUTH1' },
      { url: `${url}-date`, valueDate: '2026-01-01' },
      { url: `${url}-source`, valueString: 'CALLER' },
    ])
    assert.deepEqual(made.residue, [])
  })
})

describe('MSH', () => {
  it('states who sends to whom, what and how, as facts', () => {
    const made = thing(
      map('ADT^A31', [
        'MSH|^~\\&|ADT1^2.16.1^ISO|GHH|PORTICO|GHH|20260302090000||ADT^A31^ADT_A05|77|P^T|2.5.1^USA|5||AL|NE|USA|UNICODE UTF-8|en||PROF^NIST',
        pid(),
      ]),
      'message',
    )
    assert.deepEqual(value(made, '$sendingApplication'), {
      namespace: 'ADT1',
      universalId: '2.16.1',
      universalIdType: 'ISO',
    })
    assert.equal(value(made, '$messageType'), 'ADT^A31^ADT_A05')
    assert.deepEqual(
      [
        '$controlId',
        '$processing',
        '$version',
        '$sequence',
        '$acceptAcknowledgment',
        '$country',
        '$language',
      ].map((path) => value(made, path)),
      ['77', 'P', '2.5.1', '5', 'AL', 'USA', 'en'],
    )
    assert.deepEqual(value(made, '$profiles'), ['PROF'])
  })
})

describe('what is an extension', () => {
  it('is told when it is wrong, and the message is taken; an element is refused', () => {
    const made = map('ADT^A01', [
      pid(),
      segment('PV1', { 2: 'I', 44: '20260302' }),
      segment('PV2', { 14: 'last year', 20: 'two' }),
    ])
    assert.deepEqual(
      made.issues.map(({ severity, location }) => [severity, location]),
      [
        ['W', 'PV2^1^14'],
        ['W', 'PV2^1^20'],
      ],
    )
    const wrong = map('ADT^A01', [pid(), segment('PV1', { 2: 'I', 44: 'yesterday' })])
    assert.deepEqual(
      wrong.issues.map(({ severity }) => severity),
      ['E'],
    )
  })
  it('inside an element keeps its url', () => {
    const made = map('ADT^A01', [pid(), segment('PV1', { 2: 'I', 12: 'X^X-ray^L' })])
    const url = 'http://portico.example.org/StructureDefinition/preadmit-test'
    const found = value(thing(made, 'encounter'), `hospitalization.extension('${url}')`) as { url: string }
    assert.equal(found.url, url)
  })
})

describe('addresses and numbers of an organization', () => {
  it('are never of use home (FHIR org-2, org-3)', () => {
    const made = map('ADT^A01', [
      pid(),
      segment('PV1', { 2: 'I' }),
      segment('IN1', {
        1: '1',
        3: 'PAY',
        4: 'MHP',
        5: '1 MAIN ST^^X^IL^62701^USA^H',
        7: '^PRN^PH^^1^217^5550134~^ORN^CP^^1^217^5550135',
      }),
    ])
    const payor = thing(made, 'payor')
    const [address] = value(payor, 'address') as { use?: string; city: string }[]
    assert.deepEqual([address?.use, address?.city], [undefined, 'X'])
    assert.deepEqual(
      (plain(payor.cells.find((each) => each.path === 'telecom')?.value) as { use: string }[]).map(
        ({ use }) => use,
      ),
      ['work', 'mobile'],
    )
  })
})
