// Numbers, durations and money (HL7 v2.9.1 chapter 2A NM, CQ, TQ, MO, CP; FHIR R4 decimal, Money).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'

const decimalForm = /^([+-]?)(\d*)(?:\.(\d*))?$/

/** A number as JSON writes it, scale kept: '+007.50' is '7.50'; undefined when it is none. */
export function decimalText(text: string): string | undefined {
  const match = decimalForm.exec(text)
  if (!match) return undefined
  const [, sign = '', whole = '', fraction = ''] = match
  if (whole === '' && fraction === '') return undefined
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}`
}

function decimal(raw: string | undefined, run: Run): Json | undefined {
  const text = run.head(raw)
  if (text === undefined) return undefined
  const value = decimalText(text)
  return value === undefined
    ? run.wrongType('a number', 'digits with an optional point', 'E', text)
    : JSON.rawJSON(value)
}

function integer(raw: string, run: Run): number | undefined {
  const text = run.head(raw)
  if (text === undefined) return undefined
  const value = decimalText(text)
  if (value === undefined || !/^-?\d{1,9}(?:\.0*)?$/.test(value))
    return run.wrongType('a whole number', 'digits', 'E', text)
  return Number(value)
}

// Minutes per unit: UCUM, the words senders use, and HL7's ISO+ list.
const minutesPer: Readonly<Record<string, number>> = {
  S: 1 / 60,
  SEC: 1 / 60,
  SECS: 1 / 60,
  SECOND: 1 / 60,
  SECONDS: 1 / 60,
  M: 1,
  MIN: 1,
  MINS: 1,
  MN: 1,
  MINUTE: 1,
  MINUTES: 1,
  H: 60,
  HR: 60,
  HRS: 60,
  HOUR: 60,
  HOURS: 60,
  D: 1440,
  DAY: 1440,
  DAYS: 1440,
  WK: 10_080,
  W: 10_080,
  WEEK: 10_080,
  WEEKS: 10_080,
}

// 2.5 says seconds when no unit is sent; nobody books 30 seconds, so small numbers are minutes.
const secondsFrom = 600

/** Whole minutes of an amount and its unit code. */
function minutes(amount: string, unit: string | undefined, run: Run): number | undefined {
  const text = decimalText(amount)
  if (text === undefined) return run.wrongType('a number', 'digits with an optional point')
  const size = Number(text)
  const per =
    unit === undefined ? (Math.abs(size) < secondsFrom ? 1 : 1 / 60) : minutesPer[unit.toUpperCase()]
  if (per === undefined) {
    run.unmapped(unit ?? '', 'TestServiceDefaultDurationUnits', 'W')
    return undefined
  }
  if (unit === undefined) {
    const read = per === 1 ? 'minutes' : 'seconds'
    run.issue({
      kind: 'precision',
      severity: 'I',
      code: '0',
      text: `${run.position()} has no unit, read as ${read} - send the unit`,
    })
  }
  const whole = Math.round(size * per)
  return whole === 0 ? 0 : whole
}

const valueWhole = mark('value', '')
const valueSub = mark('value', '.1.1')
const currencySub = mark('currency', '.1.2')
const currencySecond = mark('currency', '.2')
const unitNext = mark('', '.1', 1)
const self = mark('', '')
const second = mark('', '.2')

/** An MO in a field of its own: amount^currency. */
function amountOf(raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const value = decimal(parts[0], run)
  if (value === undefined) return undefined
  run.mark(valueWhole)
  const sent = run.text(parts[1])
  if (sent !== undefined) run.mark(currencySecond)
  const currency = sent?.toUpperCase() ?? run.context.currency
  return currency === undefined ? { value } : { value, currency }
}

export const numberLeaves: Leaves = {
  'MO[Money]': { yields: 'Money', byText: true, reads: [1, 2], read: amountOf },
  'NM[decimal]': { yields: 'decimal', byText: true, reads: [1], read: decimal },
  'NM[integer]': { yields: 'integer', reads: [1], coded: true, read: integer },
  'NM[positiveInt]': {
    yields: 'positiveInt',
    reads: [1],
    coded: true,
    read: (raw, run) => {
      const value = integer(raw, run)
      return value !== undefined && value < 1
        ? run.wrongType('a positive whole number', 'digits', 'W')
        : value
    },
  },
  /** A plain number: quantities have no scale to keep. */
  'NM[Quantity]': {
    yields: 'Quantity',
    byText: true,
    reads: [1],
    read: (raw, run) => {
      const text = run.head(raw)
      const value = text === undefined ? undefined : decimalText(text)
      if (text === undefined) return undefined
      return value === undefined
        ? run.wrongType('a number', 'digits with an optional point', 'E', text)
        : { value: Number(value) }
    },
  },
  'NM[Duration-Days]': {
    yields: 'Duration',
    byText: true,
    reads: [1],
    read: (raw, run) => {
      const text = run.head(raw)
      const value = text === undefined ? undefined : decimalText(text)
      if (text === undefined) return undefined
      if (value === undefined) return run.wrongType('a number of days', 'digits', 'W')
      return { value: Number(value), unit: 'days', system: 'http://unitsofmeasure.org', code: 'd' }
    },
  },
  /** A count whose unit is in the field after it: SCH-9/10, AIS-5/6, AIS-7/8 and the like. */
  'NM[minutes]': {
    yields: 'integer',
    byText: true,
    reads: [1],
    next: 1,
    read: (raw, run) => {
      const amount = run.head(raw)
      if (amount === undefined) return undefined
      run.mark(self)
      const unit = run.head(run.nextField(1))
      if (unit !== undefined) run.mark(unitNext)
      return minutes(amount, unit, run)
    },
  },
  /** TQ1-6: 30^min&minute&ISO+ */
  'CQ[minutes]': {
    yields: 'integer',
    byText: true,
    reads: [1, 2],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const amount = run.text(parts[0])
      if (amount === undefined) return undefined
      run.mark(self)
      const unit = run.text(run.subparts(parts[1] ?? '')[0])
      if (unit !== undefined) run.mark(second)
      return minutes(amount, unit, run)
    },
  },
  /** TQ.3: M30, H1, S900; a bare number as in NM[minutes]. */
  'TQ[minutes]': {
    yields: 'integer',
    byText: true,
    reads: [1],
    read: (raw, run) => {
      const match = /^([A-Z]*)(\d+(?:\.\d+)?)$/i.exec(run.head(raw) ?? '')
      if (!match?.[2]) return run.wrongType('a duration', 'M30')
      run.mark(self)
      return minutes(match[2], match[1] === '' ? undefined : match[1], run)
    },
  },
  /** CP.1 is an MO (150.00&USD); an MO in place of the CP (150.00^USD) is read as well. */
  'CP[Money]': {
    yields: 'Money',
    byText: true,
    reads: [1, 2],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const money = run.subparts(parts[0] ?? '')
      const value = decimal(money[0], run)
      if (value === undefined) return undefined
      run.mark(money.length > 1 ? valueSub : valueWhole)
      const inner = run.text(money[1])
      if (inner !== undefined) run.mark(currencySub)
      const outer = inner === undefined ? run.text(parts[1]) : undefined
      const sent = inner ?? (outer !== undefined && /^[A-Za-z]{3}$/.test(outer) ? outer : undefined)
      if (inner === undefined && sent !== undefined) run.mark(currencySecond)
      const currency = sent?.toUpperCase() ?? run.context.currency
      return currency === undefined ? { value } : { value, currency }
    },
  },
}
