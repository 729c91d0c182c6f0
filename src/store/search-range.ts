// Conditions on times and numbers as ranges (FHIR R4 search.html#prefix): [low, high) against what was asked for.
import type { Filter } from '../fhir/filter.ts'
import type { DateValue, NumberValue } from '../fhir/search-value.ts'
import { type Binds, scope } from './binds.ts'
import { keyText, timestampOf } from './index-rows.ts'
import { rangeShape } from './search-path.ts'

/** Resources whose ranges fulfil every list of alternatives; several lists only where a resource has one range. */
export function dateIds(
  rtype: string,
  param: string,
  lists: readonly (readonly DateValue[])[],
  binds: Binds,
): string {
  const { maxWidthMs } = rangeShape(rtype, param)
  const all = lists.map((values) => {
    const any = values.map((value) => dateTest(value, maxWidthMs, binds)).join(' or ')
    return values.length === 1 ? any : `(${any})`
  })
  return `select d.id from date d where ${scope('d', rtype, param, binds)} and ${all.join(' and ')}`
}

/**
 * The last terms of some are implied by the others: they bound `low`, which the primary key goes on with. Where no
 * stored range is wider than `maxWidthMs`, a range that ends after a time cannot begin much before it.
 */
function dateTest({ prefix, from, to }: DateValue, maxWidthMs: number | undefined, binds: Binds): string {
  const at = (ms: number): string => `${binds.add(timestampOf(ms))}::timestamptz`
  const notBefore = (ms: number): string =>
    maxWidthMs === undefined ? '' : ` and d.low >= ${at(ms - maxWidthMs)}`
  switch (prefix) {
    case 'eq': {
      const end = at(to)
      return `(d.low >= ${at(from)} and d.high <= ${end} and d.low < ${end})`
    }
    case 'ne':
      return `(d.low < ${at(from)} or d.high > ${at(to)})`
    case 'gt':
      return `(d.high > ${at(to)}${notBefore(to)})`
    case 'ge':
      return `((d.low >= ${at(from)} or d.high > ${at(to)})${notBefore(from)})`
    case 'lt':
      return `(d.low < ${at(from)})`
    case 'le': {
      const end = at(to)
      return `((d.low < ${at(from)} or d.high <= ${end}) and d.low < ${end})`
    }
    case 'sa':
      return `(d.low >= ${at(to)})`
    case 'eb': {
      const begin = at(from)
      return `(d.high <= ${begin} and d.low < ${begin})`
    }
    case 'ap':
      return `(d.low < ${at(to)} and d.high > ${at(from)}${notBefore(from)})`
  }
}

/** An instant, such as the column of `_lastUpdated`, against alternatives. */
export function instantTest(column: string, values: readonly DateValue[], binds: Binds): string {
  const tests = values.map(({ prefix, from, to }) => {
    const begin = (): string => `${binds.add(timestampOf(from))}::timestamptz`
    const end = (): string => `${binds.add(timestampOf(to))}::timestamptz`
    switch (prefix) {
      case 'ne':
        return `(${column} < ${begin()} or ${column} >= ${end()})`
      case 'gt':
      case 'sa':
        return `${column} >= ${end()}`
      case 'ge':
        return `${column} >= ${begin()}`
      case 'lt':
      case 'eb':
        return `${column} < ${begin()}`
      case 'le':
        return `${column} < ${end()}`
      default:
        return `(${column} >= ${begin()} and ${column} < ${end()})`
    }
  })
  return `(${tests.join(' or ')})`
}

export function numberIds(
  rtype: string,
  { param, values }: Extract<Filter, { kind: 'number' }>,
  binds: Binds,
): string {
  const any = values.map((value) => numberTest(value, binds)).join(' or ')
  return `select n.id from number n where ${scope('n', rtype, param, binds)} and (${any})`
}

function numberTest(value: NumberValue, binds: Binds): string {
  const number = (text: string): string => `${binds.add(text)}::numeric`
  const range = numberRange(value, number)
  const unit = unitTest(value, binds)
  return unit === '' ? range : `(${range} and ${unit})`
}

function numberRange({ prefix, value, low, high }: NumberValue, number: (text: string) => string): string {
  switch (prefix) {
    case 'eq':
      return `(n.low >= ${number(low)} and n.high < ${number(high)})`
    case 'ne':
      return `(n.low < ${number(low)} or n.high >= ${number(high)})`
    case 'gt':
      return `n.high > ${number(value)}`
    case 'lt':
      return `n.low < ${number(value)}`
    case 'ge':
      return `n.high >= ${number(value)}`
    case 'le':
      return `n.low <= ${number(value)}`
    case 'sa':
      return `n.low > ${number(value)}`
    case 'eb':
      return `n.high < ${number(value)}`
    case 'ap': {
      const place = number(value)
      return `(n.low <= ${place} + abs(${place}) * 0.1 and n.high >= ${place} - abs(${place}) * 0.1)`
    }
  }
}

/** Units are stored as `system|code`, '' for plain numbers. */
function unitTest({ system, unit }: NumberValue, binds: Binds): string {
  if (unit === '') return `n.unit = ''`
  if (system !== undefined && unit !== undefined) return `n.unit = ${binds.add(keyText(`${system}|${unit}`))}`
  if (unit !== undefined)
    return `right(n.unit, length(${binds.text(`|${unit}`)})) = ${binds.text(`|${unit}`)}`
  return system === undefined ? '' : `starts_with(n.unit, ${binds.text(`${system}|`)})`
}
