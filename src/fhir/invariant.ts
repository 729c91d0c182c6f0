// What invariants of FHIR R4 are made of: questions to an element that may be malformed
// (http://hl7.org/fhir/R4/conformance-rules.html#constraints).
import { compareTimes } from './date.ts'
import { isObject, type JsonObject } from './types.ts'

/** `root` is the resource whose `contained` local references point to. */
export type Invariant = (element: JsonObject, root: JsonObject) => boolean

export function has(element: JsonObject, name: string): boolean {
  return element[name] !== undefined || element[`_${name}`] !== undefined
}

export function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function child(element: JsonObject, name: string): JsonObject {
  const value = element[name]
  return isObject(value) ? value : {}
}

/** Value of a decimal, also when it is kept as text. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return JSON.isRawJSON(value) ? Number(value.rawJSON) : undefined
}

export function isDistinct(keys: readonly string[]): boolean {
  return new Set(keys).size === keys.length
}

/** No end before its begin, as far as both are precise enough to tell. */
export function inOrder(begin: unknown, end: unknown): boolean {
  if (typeof begin !== 'string' || typeof end !== 'string') return true
  return compareTimes(begin, end) <= 0
}

export function needs(name: string, required: string): Invariant {
  return (o) => !has(o, name) || has(o, required)
}

export function isExactlyOne(a: string, b: string): Invariant {
  return (o) => has(o, a) !== has(o, b)
}
