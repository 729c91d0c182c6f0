// Units of measure that can be compared (UCUM, https://ucum.org/ucum): those of a front office and of the observations that come with a
// visit. What is not in the table is compared by its code alone (docs/adr/0016-units.md).
import Big from 'big.js'
import type { NumberValue } from './search-value.ts'

const UCUM = 'http://unitsofmeasure.org'

/** A value in base units is (value + shift) * times / over. */
interface Unit {
  readonly base: string
  readonly times: string
  readonly over?: string
  readonly shift?: string
}

/** Base unit -> unit -> how many base units it is. */
const MULTIPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  g: {
    kg: '1e3',
    g: '1',
    mg: '1e-3',
    ug: '1e-6',
    ng: '1e-9',
    '[lb_av]': '453.59237',
    '[oz_av]': '28.349523125',
  },
  m: { km: '1e3', m: '1', cm: '1e-2', mm: '1e-3', um: '1e-6', '[in_i]': '0.0254', '[ft_i]': '0.3048' },
  L: {
    L: '1',
    l: '1',
    dL: '0.1',
    dl: '0.1',
    cL: '1e-2',
    mL: '1e-3',
    ml: '1e-3',
    uL: '1e-6',
    ul: '1e-6',
    fL: '1e-15',
  },
  s: { ms: '1e-3', s: '1', min: '60', h: '3600', d: '86400', wk: '604800', mo: '2629800', a: '31557600' },
  Pa: { Pa: '1', kPa: '1e3', 'mm[Hg]': '133.322', 'cm[H2O]': '98.0665' },
  'g/L': {
    'g/L': '1',
    'g/dL': '10',
    'g/dl': '10',
    'mg/mL': '1',
    'mg/dL': '1e-2',
    'mg/dl': '1e-2',
    'mg/L': '1e-3',
    'ug/mL': '1e-3',
    'ug/dL': '1e-5',
    'ug/L': '1e-6',
    'ng/mL': '1e-6',
    'ng/dL': '1e-8',
    'ng/L': '1e-9',
    'pg/mL': '1e-9',
  },
  'mol/L': { 'mol/L': '1', 'mmol/L': '1e-3', 'umol/L': '1e-6', 'nmol/L': '1e-9', 'pmol/L': '1e-12' },
  '/L': { '/L': '1', '/uL': '1e6', '10*3/uL': '1e9', '10*6/uL': '1e12', '10*9/L': '1e9', '10*12/L': '1e12' },
  '1': { '1': '1', '%': '1e-2' },
}

const UNITS: ReadonlyMap<string, Unit> = new Map([
  ...Object.entries(MULTIPLES).flatMap(([base, units]) =>
    Object.entries(units).map(([code, times]): [string, Unit] => [code, { base, times }]),
  ),
  ['K', { base: 'K', times: '1' }],
  ['Cel', { base: 'K', times: '1', shift: '273.15' }],
  ['[degF]', { base: 'K', times: '5', over: '9', shift: '459.67' }],
])

// Its own precision, whatever others set: more digits than any quantity has.
const Decimal = Big()
Decimal.DP = 40

/** The other units that a value in this one can be written in. */
export function unitsBeside(code: string): readonly string[] {
  const base = UNITS.get(code)?.base
  return base === undefined
    ? []
    : [...UNITS].flatMap(([other, unit]) => (unit.base === base && other !== code ? [other] : []))
}

/** Decimal text of a value in another unit of the same kind. */
export function converted(value: string, from: string, to: string): string {
  const [a, b] = [UNITS.get(from), UNITS.get(to)]
  if (!a || !b || a.base !== b.base) return value
  const above = new Decimal(value)
    .plus(a.shift ?? 0)
    .times(a.times)
    .times(b.over ?? 1)
  return above
    .div(new Decimal(b.times).times(a.over ?? 1))
    .minus(b.shift ?? 0)
    .toFixed()
}

/** The same quantity in each unit that it can be written in. */
export function inEveryUnit(number: NumberValue): readonly NumberValue[] {
  const { system, unit } = number
  if (system !== UCUM || unit === undefined) return [number]
  const others = unitsBeside(unit).map((other): NumberValue => {
    const [value = '', low = '', high = ''] = [number.value, number.low, number.high].map((each) =>
      converted(each, unit, other),
    )
    return { ...number, value, low, high, unit: other }
  })
  return [number, ...others]
}
