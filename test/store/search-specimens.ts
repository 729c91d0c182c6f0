// Values and their near misses for each FHIR type that can be searched, with the questions that tell them apart. What
// each question finds is written down here by hand, after http://hl7.org/fhir/R4/search.html, not computed.
import type { SearchParam } from '../../src/fhir/search-params.ts'
import { SERVED_TYPES } from '../../src/fhir/types.ts'
import type { Place } from './search-places.ts'
import { timeSpecimens } from './search-times.ts'

/** Values by name; undefined = the element is missing. */
export type Specimens = Readonly<Record<string, unknown>>
/** What follows the code of the parameter, such as `:exact=x`, and the names of those that it finds. */
export type Questions = Readonly<Record<string, string>>

export interface Specimen {
  readonly values: Specimens
  readonly questions: Questions
}

const S = 'urn:s:one'
const special = 'a,b|c$d\\e'
const escaped = 'a\\,b\\|c\\$d\\\\e'

/** Codings of one thing as it stands in each type that has them. */
function codings(wrap: (coding: object) => unknown, more: Specimens = {}): Specimens {
  return {
    hit: wrap({ system: S, code: 'C1', display: 'Première visite' }),
    foreign: wrap({ system: 'urn:s:other', code: 'C1' }),
    bare: wrap({ code: 'C1' }),
    other: wrap({ system: S, code: 'C2', display: 'Deuxième' }),
    longer: wrap({ system: S, code: 'C12' }),
    lower: wrap({ system: S, code: 'c1' }),
    sign: wrap({ system: S, code: special }),
    none: undefined,
    ...more,
  }
}

const codingQuestions: Questions = {
  '=C1': 'hit foreign bare',
  [`=${S}|C1`]: 'hit',
  '=|C1': 'bare',
  [`=${S}|`]: 'hit other longer lower sign',
  '=urn:s:on|C1': '',
  '=C1,C2': 'hit foreign bare other',
  [`=${S}|C1,|C1`]: 'hit bare',
  '=C1&=C2': '',
  [`=${escaped}`]: 'sign',
  [`=${S}|${escaped}`]: 'sign',
  '=a': '',
  ':not=C1': 'other longer lower sign none',
  [`:not=${S}|C1`]: 'foreign bare other longer lower sign none',
  ':not=C1,C2': 'longer lower sign none',
  ':missing=true': 'none',
  ':missing=false': 'hit foreign bare other longer lower sign',
}

const coding: Specimen = {
  values: codings((each) => each),
  questions: { ...codingQuestions, ':text=premiere': 'hit', ':text=visites': '' },
}

const concept: Specimen = {
  values: codings((each) => ({ coding: [each] }), {
    second: {
      coding: [
        { system: 'urn:s:two', code: 'D' },
        { system: S, code: 'D2' },
      ],
    },
    text: { text: 'PREMIERE rencontre' },
  }),
  questions: {
    ...codingQuestions,
    [`=${S}|`]: 'hit other longer lower sign second',
    ':not=C1': 'other longer lower sign none second text',
    [`:not=${S}|C1`]: 'foreign bare other longer lower sign none second text',
    ':not=C1,C2': 'longer lower sign none second text',
    ':missing=true': 'none text',
    ':missing=false': 'hit foreign bare other longer lower sign second',
    '=D2': 'second',
    // System and code of two codings are no pair.
    [`=${S}|D`]: '',
    '=D&=D2': 'second',
    ':text=Première': 'hit text',
    ':text=DEUX': 'other',
  },
}

const identifier: Specimen = {
  values: {
    hit: {
      system: S,
      value: 'V1',
      type: { coding: [{ system: 'urn:t', code: 'MR' }], text: 'Clinic number' },
    },
    foreign: { system: 'urn:s:other', value: 'V1', type: { coding: [{ system: 'urn:t', code: 'SS' }] } },
    bare: { value: 'V1' },
    other: { system: S, value: 'V2', type: { coding: [{ system: 'urn:t', code: 'MR' }] } },
    longer: { system: S, value: 'V12' },
    lower: { system: S, value: 'v1' },
    sign: { system: S, value: special },
    typed: { type: { coding: [{ system: 'urn:t', code: 'V1' }] }, assigner: { display: 'Clinic number' } },
    none: undefined,
  },
  questions: {
    '=V1': 'hit foreign bare',
    [`=${S}|V1`]: 'hit',
    '=|V1': 'bare',
    [`=${S}|`]: 'hit other longer lower sign',
    '=V1,V2': 'hit foreign bare other',
    [`=${S}|V1,${S}|V2,|V1`]: 'hit other bare',
    [`=${escaped}`]: 'sign',
    ':not=V1': 'other longer lower sign typed none',
    [`:not=${S}|V1`]: 'foreign bare other longer lower sign typed none',
    ':of-type=urn:t|MR|V1': 'hit',
    ':of-type=urn:t|SS|V1': 'foreign',
    ':of-type=urn:u|MR|V1': '',
    ':of-type=urn:t|MR|V1,urn:t|MR|V2': 'hit other',
    ':text=clinic': 'hit',
    ':missing=true': 'typed none',
    ':missing=false': 'hit foreign bare other longer lower sign',
  },
}

/** Codes and plain texts: their system is the one of the value set, or none. */
const code: Specimen = {
  values: { hit: 'c-one', other: 'c-two', longer: 'c-one-b', upper: 'C-ONE', none: undefined },
  questions: {
    '=c-one': 'hit',
    '=c-one,c-two': 'hit other',
    '=urn:s:other|c-one': '',
    '=c-': '',
    ':not=c-one': 'other longer upper none',
    ':missing=true': 'none',
    ':missing=false': 'hit other longer upper',
  },
}

const boolean: Specimen = {
  values: { yes: true, no: false, none: undefined },
  questions: {
    '=true': 'yes',
    '=false': 'no',
    ':not=true': 'no none',
    ':not=false': 'yes none',
    ':missing=true': 'none',
    ':missing=false': 'yes no',
    '=true,false': 'yes no',
  },
}

const phone: Specimen = {
  values: {
    hit: { system: 'phone', value: '+1 (217) 555-0301' },
    plain: { system: 'phone', value: '2175550301' },
    near: { system: 'phone', value: '+1 217 555 0302' },
    longer: { system: 'phone', value: '217555030199' },
    none: undefined,
  },
  questions: {
    '=2175550301': 'hit plain',
    '=+1 217-555-0301': 'hit plain',
    '=217.555.0302': 'near',
    '=217555030': '',
    ':not=2175550301': 'near longer none',
    ':missing=true': 'none',
    '=phone|2175550301': 'hit plain',
    '=email|2175550301': '',
  },
}

const email: Specimen = {
  values: {
    hit: { system: 'email', value: 'Ann.Chen@x.example' },
    near: { system: 'email', value: 'AnnChen@x.example' },
    none: undefined,
  },
  questions: {
    '=ann.chen@X.example': 'hit',
    '=ann.chen@x.exampl': '',
    ':not=ann.chen@x.example': 'near none',
    ':missing=false': 'hit near',
  },
}

const V = 'Ärger O’Neil-Muñoz'
const texts: Specimens = {
  hit: V,
  plain: 'arger oneil munoz',
  upper: V.toUpperCase(),
  longer: `${V} Sr`,
  near: 'Arger Oneil Munos',
  inside: `Dr ${V}`,
  sign: special,
  none: undefined,
}
const textQuestions: Questions = {
  "=Arger O'Neil": 'hit plain upper longer near',
  '=ärger o’neil muñoz': 'hit plain upper longer',
  '=munoz': '',
  '=zz,Arger Oneil Munoz Sr': 'longer',
  '=arger&=zz': '',
  '=a\\,b': 'sign',
  [`:exact=${V}`]: 'hit',
  ':exact=arger oneil munoz': 'plain',
  ':exact=Arger oneil munoz': '',
  [`:exact=${escaped}`]: 'sign',
  ':contains=NEIL MUN': 'hit plain upper longer near inside',
  ':contains=oneil munoz': 'hit plain upper longer inside',
  ':contains=%%%': '',
  ':contains=___': '',
  ':missing=true': 'none',
  ':missing=false': 'hit plain upper longer near inside sign',
}
const string: Specimen = { values: texts, questions: textQuestions }

function partsOf(name: string, more: Specimens): Specimens {
  const parts = Object.entries(texts).map(([key, text]) => [
    key,
    text === undefined ? undefined : { [name]: text },
  ])
  return { ...Object.fromEntries(parts), ...more }
}

const humanName: Specimen = {
  values: partsOf('family', {
    given: { use: 'old', given: ['Zoë', 'Quux'], period: { start: '2020' } },
    text: { text: 'Quuxley Zed' },
  }),
  questions: {
    ...textQuestions,
    '=quux': 'given text',
    '=zoe': 'given',
    ':exact=Quux': 'given',
    ':exact=old': '',
    '=old': '',
    '=2020': '',
    ':missing=false': 'hit plain upper longer near inside sign given text',
  },
}

const address: Specimen = {
  values: partsOf('city', {
    line: { use: 'temp', line: ['1 Quux St', 'Quay 2'], country: 'XY' },
    code: { type: 'postal', postalCode: 'Quux-9' },
  }),
  questions: {
    ...textQuestions,
    '=quux': 'code',
    '=1 quux': 'line',
    '=xy': 'line',
    '=quay': 'line',
    '=temp': '',
    '=postal': '',
    ':missing=false': 'hit plain upper longer near inside sign line code',
  },
}

const uri: Specimen = {
  values: {
    hit: 'http://x.example/A/b',
    slash: 'http://x.example/A/b/',
    lower: 'http://x.example/a/b',
    longer: 'http://x.example/A/bc',
    child: 'http://x.example/A/b/c',
    version: 'http://x.example/A/b|1.0',
    urn: 'urn:oid:1.2.3',
    none: undefined,
  },
  questions: {
    '=http://x.example/A/b': 'hit',
    '=http://x.example/A/b,urn:oid:1.2.3': 'hit urn',
    '=http://x.example/A': '',
    '=urn:oid:1.2': '',
    ':below=http://x.example/A/b': 'hit slash child version',
    ':below=http://x.example/A': 'hit slash longer child version',
    ':above=http://x.example/A/b/c/d': 'hit slash child',
    ':missing=true': 'none',
    ':missing=false': 'hit slash lower longer child version urn',
  },
}

const canonical: Specimen = {
  values: {
    hit: 'http://x.example/q',
    two: 'http://x.example/q|2',
    near: 'http://x.example/q2',
    none: undefined,
  },
  questions: {
    '=http://x.example/q': 'hit two',
    '=http://x.example/q|2': 'two',
    '=http://x.example/q|3': '',
    ':missing=true': 'none',
    ':missing=false': 'hit two near',
  },
}

/** What stands for a reference when nothing better is known of its target. */
const anyTarget = 'Basic'

function reference({ targets }: SearchParam, { resolved }: Place): Specimen {
  const type = resolved ?? targets.find((each) => SERVED_TYPES.includes(each)) ?? anyTarget
  const other = SERVED_TYPES.find((each) => each !== type && !targets.includes(each)) ?? 'Slot'
  // What resolves to another type is no value of the parameter.
  const strange = resolved === undefined ? 'foreign' : ''
  const all = `hit version near upper absolute logical stranger ${strange}`
  return {
    values: {
      hit: { reference: `${type}/x1` },
      version: { reference: `${type}/x1/_history/4` },
      near: { reference: `${type}/x12` },
      upper: { reference: `${type}/X1` },
      foreign: { reference: `${other}/x1` },
      absolute: { reference: `https://else.example/fhir/${type}/x1` },
      logical: { type, identifier: { system: S, value: 'V1' } },
      stranger: { type, identifier: { system: 'urn:s:other', value: 'V1' } },
      none: undefined,
    },
    questions: {
      [`=${type}/x1`]: 'hit version',
      [`=${type}/x1/_history/9`]: 'hit version',
      [`=http://gateway.test/fhir/${type}/x1`]: 'hit version',
      [`=https://else.example/fhir/${type}/x1`]: 'absolute',
      [`=${other}/x1`]: strange,
      [`=${type}/x1,${type}/x12`]: 'hit version near',
      [`:${type}=x1`]: 'hit version',
      [`:${type}=${type}/x1`]: 'hit version',
      [`:${type}=${other}/x1`]: '',
      [`:${other}=x1`]: strange,
      ...(targets.includes(type) && { '=x1': 'hit version', '=x': '' }),
      [`:identifier=${S}|V1`]: 'logical',
      ':identifier=V1': 'logical stranger',
      ':identifier=V': '',
      ':missing=true': strange === '' ? 'none foreign' : 'none',
      ':missing=false': all,
    },
  }
}

const amounts = { low: 4.94, half: 4.95, five: 5, above: 5.04, next: 5.05, ten: 10, less: -3 }
const amountQuestions: Questions = {
  '=5.0': 'half five above',
  '=5': 'half five above next low',
  '=5.00': 'five',
  '=1e1': 'five above next ten',
  '=10.0': 'ten',
  '=-3': 'less',
  '=ne5.0': 'low next ten less',
  '=gt5': 'above next ten',
  '=ge5': 'five above next ten',
  '=lt5': 'low half less',
  '=le5': 'low half five less',
  '=sa5.04': 'next ten',
  '=eb4.95': 'low less',
  '=ap5': 'low half five above next',
  '=4.94,10': 'low ten',
  '=gt4.94&=lt5.05': 'half five above',
}

const number: Specimen = {
  values: { ...amounts, none: undefined },
  questions: { ...amountQuestions, ':missing=true': 'none' },
}

const U = 'http://unitsofmeasure.org'
const quantityOf = (value: number, more: object = { system: U, code: 'mg', unit: 'milligram' }): object => ({
  value,
  ...more,
})
const quantity: Specimen = {
  values: {
    ...Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, quantityOf(value)])),
    grams: quantityOf(7, { system: U, code: 'g' }),
    litres: quantityOf(7, { system: U, code: 'L' }),
    milli: quantityOf(7),
    word: quantityOf(7, { unit: 'mg' }),
    more: quantityOf(20, { comparator: '>', system: U, code: 'mg' }),
    none: undefined,
  },
  questions: {
    '=5.0': 'half five above',
    [`=5.0|${U}|mg`]: 'half five above',
    [`=5.0|${U}|g`]: '',
    '=7': 'grams litres milli word',
    [`=7|${U}|mg`]: 'milli',
    [`=7000|${U}|mg`]: 'grams',
    '=7||mg': 'milli word',
    '=7||milligram': 'milli',
    '=7||g': 'grams',
    [`=gt10|${U}|mg`]: 'grams more',
    [`=gt30|${U}|mg`]: 'grams more',
    [`=lt20|${U}|mg`]: 'low half five above next ten less milli',
    [`=sa7|${U}|mg`]: 'grams ten more',
    ':missing=true': 'none',
  },
}

const money: Specimen = {
  values: {
    hit: { value: 12.5, currency: 'USD' },
    euro: { value: 12.5, currency: 'EUR' },
    near: { value: 12.51, currency: 'USD' },
    none: undefined,
  },
  questions: {
    '=12.50': 'hit euro',
    '=12.50|urn:iso:std:iso:4217|USD': 'hit',
    '=12.5||USD': 'hit near',
    '=ge12.51': 'near',
    ':missing=true': 'none',
  },
}

const range: Specimen = {
  values: {
    hit: { low: quantityOf(4), high: quantityOf(6) },
    open: { low: quantityOf(8) },
    none: undefined,
  },
  questions: { '=gt5': 'hit open', '=lt4': '', '=ge100': 'open', '=sa3': 'hit open', '=eb7': 'hit' },
}

const quantities = new Set(['Quantity', 'Age', 'Count', 'Distance', 'Duration'])

/** Undefined for values that have tests of their own. */
export function specimenOf(param: SearchParam, place: Place): Specimen | undefined {
  const { type } = place
  switch (param.type) {
    case 'token':
      if (type === 'Coding') return coding
      if (type === 'CodeableConcept') return concept
      if (type === 'Identifier') return identifier
      if (type === 'boolean') return boolean
      if (type === 'ContactPoint') return param.code === 'email' ? email : phone
      return code
    case 'string':
      if (param.code === 'phonetic') return undefined
      return type === 'HumanName' ? humanName : type === 'Address' ? address : string
    case 'uri':
      return uri
    case 'reference':
      return type === 'Reference' ? reference(param, place) : canonical
    case 'date':
      return timeSpecimens(type)
    case 'number':
    case 'quantity':
      return type === 'Money' ? money : type === 'Range' ? range : quantities.has(type) ? quantity : number
    default:
      return undefined
  }
}
