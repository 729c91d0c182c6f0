// Amounts with their units (HL7 v2.9.1 chapter 2A CQ, NM with units beside it, SN, NR, DTN; FHIR R4 Quantity, Range, Ratio).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'
import { systemOf } from './code.ts'
import { decimalText } from './number.ts'

const at = {
  value: mark('value', '.1'),
  unit: mark('unit', '.2'),
  second: mark('value', '.2'),
  nextUnit: mark('unit', '.1', 1),
  low: mark('low.value', '.2'),
  high: mark('high.value', '.4'),
  numerator: mark('numerator.value', '.2'),
  denominator: mark('denominator.value', '.4'),
  rangeLow: mark('low.value', '.1'),
  rangeHigh: mark('high.value', '.2'),
}

interface Unit {
  readonly unit?: string
  readonly system?: string
  readonly code?: string
}

/** A unit out of the parts of a CWE: a code only with the system that it is of (FHIR qty-3). */
function unitOf(parts: readonly (string | undefined)[]): Unit {
  const [code, display, system] = parts
  const unit = display ?? code
  if (unit === undefined) return {}
  return code !== undefined && system !== undefined ? { unit, system, code } : { unit }
}

/** The unit in the field after the one at work: OBX-6, AIG-7. */
function nextUnit(run: Run): Unit {
  const raw = run.nextField(1)
  if (raw === undefined || raw === '' || raw === '""') return {}
  const parts = run.message.components(raw)
  const named = run.text(parts[2])
  return unitOf([
    run.text(parts[0]),
    run.text(parts[1]),
    named === undefined ? undefined : systemOf(named, run),
  ])
}

/** The unit in a component: subcomponents as in CWE. */
function innerUnit(raw: string | undefined, run: Run): Unit {
  if (raw === undefined) return {}
  const parts = run.subparts(raw)
  const named = run.text(parts[2])
  return unitOf([
    run.text(parts[0]),
    run.text(parts[1]),
    named === undefined ? undefined : systemOf(named, run),
  ])
}

/** A number of a value of other people's: what is none is told, and the message is taken. */
function amount(raw: string | undefined, run: Run): Json | undefined {
  const text = run.text(raw)
  if (text === undefined) return undefined
  const value = decimalText(text)
  if (value === undefined) return run.wrongType('a number', 'digits with an optional point', 'W')
  return JSON.rawJSON(value)
}

const comparators = new Set(['<', '<=', '>=', '>'])

/** SN: comparator, number, separator, number. */
function structured(
  raw: string,
  run: Run,
): { first: Json | undefined; second: Json | undefined; sign: string } {
  const parts = run.parts(raw)
  return { first: amount(parts[1], run), second: amount(parts[3], run), sign: run.text(parts[0]) ?? '' }
}

export const quantityLeaves: Leaves = {
  /** 30^min&minute&ISO+ */
  'CQ[Quantity]': {
    yields: 'Quantity',
    byText: true,
    reads: [1, 2],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const value = amount(parts[0], run)
      if (value === undefined) return undefined
      run.mark(at.value)
      const unit = innerUnit(parts[1], run)
      if (unit.unit !== undefined) run.mark(at.unit)
      return { value, ...unit }
    },
  },
  /** A number whose unit is in the field after it: OBX-5/6, AIG-6/7. */
  'NM[Quantity-Units]': {
    yields: 'Quantity',
    byText: true,
    reads: [1],
    next: 1,
    read: (raw, run) => {
      const value = amount(run.head(raw), run)
      if (value === undefined) return undefined
      run.mark(at.value)
      const unit = nextUnit(run)
      if (unit.unit !== undefined) run.mark(at.nextUnit)
      return { value, ...unit }
    },
  },
  /** SN without separator: >^100. */
  'SN[Quantity]': {
    yields: 'Quantity',
    byText: true,
    reads: [1, 2],
    next: 1,
    read: (raw, run) => {
      const { first, sign } = structured(raw, run)
      if (first === undefined) return undefined
      run.mark(at.second)
      const unit = nextUnit(run)
      if (unit.unit !== undefined) run.mark(at.nextUnit)
      return { value: first, ...(comparators.has(sign) && { comparator: sign }), ...unit }
    },
  },
  /** SN with a dash: ^100^-^200. */
  'SN[Range]': {
    yields: 'Range',
    byText: true,
    reads: [1, 2, 3, 4],
    next: 1,
    read: (raw, run) => {
      const { first, second } = structured(raw, run)
      if (first === undefined && second === undefined) return undefined
      const unit = nextUnit(run)
      if (first !== undefined) run.mark(at.low)
      if (second !== undefined) run.mark(at.high)
      return {
        ...(first !== undefined && { low: { value: first, ...unit } }),
        ...(second !== undefined && { high: { value: second, ...unit } }),
      }
    },
  },
  /** SN with a colon or a slash: ^1^:^128. */
  'SN[Ratio]': {
    yields: 'Ratio',
    byText: true,
    reads: [1, 2, 3, 4],
    next: 1,
    read: (raw, run) => {
      const { first, second } = structured(raw, run)
      // FHIR rat-1: both, or none.
      if (first === undefined || second === undefined) return undefined
      run.mark(at.numerator)
      run.mark(at.denominator)
      return { numerator: { value: first, ...nextUnit(run) }, denominator: { value: second } }
    },
  },
  /** Anything else that an SN says, as it stands: ^2^+. */
  'SN[string]': {
    yields: 'string',
    byText: true,
    reads: 'all',
    read: (raw, run) => {
      const text = run
        .parts(raw)
        .map((part) => run.text(part) ?? '')
        .join(' ')
        .trim()
      return text === '' ? undefined : text
    },
  },
  /** NR: low^high. */
  'NR[Range]': {
    yields: 'Range',
    byText: true,
    reads: [1, 2],
    next: 1,
    read: (raw, run) => {
      const parts = run.parts(raw)
      const [low, high] = [amount(parts[0], run), amount(parts[1], run)]
      if (low === undefined && high === undefined) return undefined
      const unit = nextUnit(run)
      if (low !== undefined) run.mark(at.rangeLow)
      if (high !== undefined) run.mark(at.rangeHigh)
      return {
        ...(low !== undefined && { low: { value: low, ...unit } }),
        ...(high !== undefined && { high: { value: high, ...unit } }),
      }
    },
  },
  /** MOP in a component: AT&50&USD is money, PC&80 a percentage. */
  'MOP[Quantity]': {
    yields: 'Quantity',
    reads: [1, 2, 3],
    read: (raw, run) => {
      const whole = run.parts(raw)
      const [kind, number, currency] = whole.length > 1 ? whole : run.subparts(raw)
      const value = amount(number, run)
      if (value === undefined) return undefined
      run.mark(at.second)
      if (run.text(kind)?.toUpperCase() === 'PC')
        return { value, unit: '%', system: 'http://unitsofmeasure.org', code: '%' }
      const unit = run.text(currency)?.toUpperCase() ?? run.context.currency
      return unit === undefined ? { value } : { value, unit, system: 'urn:iso:std:iso:4217', code: unit }
    },
  },
  /** DTN, kind and number of days: AP^3 is 3 days of kind AP. */
  'DTN[Quantity]': {
    yields: 'Quantity',
    byText: true,
    reads: [1, 2],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const value = amount(parts[1], run)
      if (value === undefined) return undefined
      run.mark(at.second)
      const kind = run.text(run.subparts(parts[0] ?? '')[0])
      return { value, unit: kind === undefined ? 'days' : `days ${kind}` }
    },
  },
}
