// Equality and order of FHIRPath values (http://hl7.org/fhirpath/N1/#equality): undefined where values cannot be compared.
import { parseTime, type TimeRange, UTC } from '../date.ts'
import { isObject } from '../types.ts'
import type { Node } from './node.ts'

/** A number, also one that is kept as text. */
export function number(node: Node | undefined): number | undefined {
  const value = node?.value
  if (typeof value === 'number') return value
  return JSON.isRawJSON(value) ? Number(value.rawJSON) : undefined
}

/** Text of a primitive; undefined of anything else. */
export function textOf(node: Node | undefined): string | undefined {
  const value = node?.value
  if (JSON.isRawJSON(value)) return value.rawJSON
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

/** JSON values are the same, whatever the order of their properties. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (JSON.isRawJSON(a) || JSON.isRawJSON(b)) {
    const [x, y] = [a, b].map((value) => number({ value, type: '' }))
    return x !== undefined && x === y
  }
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((each, at) => sameJson(each, b[at]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => sameJson(a[key], b[key]))
}

const TIMES = new Set(['date', 'dateTime', 'instant', 'System.DateTime', 'System.Date'])

function timeRange(node: Node): TimeRange | undefined {
  return TIMES.has(node.type) && typeof node.value === 'string' ? parseTime(node.value, UTC) : undefined
}

/** Undefined when they differ in precision and one could be the other. */
function compareRanges(a: TimeRange, b: TimeRange): number | undefined {
  if (a.from === b.from && a.to === b.to) return 0
  if (a.to <= b.from) return -1
  return b.to <= a.from ? 1 : undefined
}

function sameNode(a: Node, b: Node): boolean | undefined {
  if (TIMES.has(a.type) || TIMES.has(b.type)) {
    const [x, y] = [timeRange(a), timeRange(b)]
    if (x && y) {
      const way = compareRanges(x, y)
      return way === undefined ? undefined : way === 0
    }
  }
  return sameJson(a.value, b.value)
}

export function equal(a: readonly Node[], b: readonly Node[]): boolean | undefined {
  if (a.length === 0 || b.length === 0) return undefined
  if (a.length !== b.length) return false
  for (const [at, one] of a.entries()) {
    const other = b[at]
    const same = other && sameNode(one, other)
    if (!same) return same
  }
  return true
}

export const isAmong = (node: Node, nodes: readonly Node[]): boolean =>
  nodes.some((each) => sameNode(node, each) === true)

/** Negative, 0 or positive. */
export function compare(a: Node | undefined, b: Node | undefined): number | undefined {
  if (!a || !b) return undefined
  const [x, y] = [number(a), number(b)]
  if (x !== undefined && y !== undefined) return x - y
  const [from, to] = [timeRange(a), timeRange(b)]
  if (from && to) return compareRanges(from, to)
  if (typeof a.value === 'string' && typeof b.value === 'string')
    return a.value < b.value ? -1 : Number(a.value > b.value)
  if (!isObject(a.value) || !isObject(b.value)) return undefined
  // Quantities of one unit.
  if (a.value.code !== b.value.code || a.value.unit !== b.value.unit) return undefined
  const amounts = [a.value.value, b.value.value].map((value) => ({ value, type: 'decimal' }))
  return isObject(amounts[0]?.value) ? undefined : compare(amounts[0], amounts[1])
}
