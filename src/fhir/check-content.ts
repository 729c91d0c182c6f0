// Parts of the generated validators that look at what a value says: codes of required value sets, types that
// a reference points to, invariants, and resources inside of resources.
import { type Check, enter, find, findFault, isSingle, prims, required, tooDeep, unknown } from './checks.ts'
import { INVARIANTS } from './definitions.ts'
import { INVARIANT_FUNCTIONS } from './invariants.ts'
import type { PrimitiveCheck } from './primitives.ts'
import { parseReference } from './reference.ts'
import { isObject, type JsonObject } from './types.ts'

/** The codes of a required value set. */
export interface CodeSet {
  readonly url: string
  readonly codes: ReadonlySet<string>
}

const MAX_LISTED_CODES = 12

function codeFault(set: CodeSet): string {
  const codes = [...set.codes]
  const listed = codes.length <= MAX_LISTED_CODES ? ` (${codes.join(' | ')})` : ''
  return `is not a code of ${set.url}${listed} - use one of its codes`
}

export function code(value: unknown, check: Check, name: string, test: PrimitiveCheck, set: CodeSet): void {
  if (value === undefined || !isSingle(value, check, name)) return
  if (typeof value === 'string' && set.codes.has(value)) return
  const fault = test(value)
  if (fault) findFault(check, name, fault)
  else find(check, name, 'code-invalid', codeFault(set))
}

export function codes(
  value: unknown,
  check: Check,
  name: string,
  test: PrimitiveCheck,
  set: CodeSet,
  others: unknown,
): void {
  prims(value, check, name, test, others)
  if (!Array.isArray(value)) return
  value.forEach((item, at) => {
    if (typeof item === 'string' && !test(item) && !set.codes.has(item)) {
      find(check, `${name}[${at}]`, 'code-invalid', codeFault(set))
    }
  })
}

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/

/** URLs of extensions are absolute (extensibility.html#extension); those inside of an extension may be names that it gives to its parts. */
export function absolute(value: unknown, check: Check, name: string): void {
  if (!Array.isArray(value)) return
  value.forEach((item, at) => {
    if (isObject(item) && typeof item.url === 'string' && item.url !== '' && !ABSOLUTE.test(item.url))
      find(check, `${name}[${at}].url`, 'value', 'is not absolute - use the URL of the definition')
  })
}

/** Required binding of a CodeableConcept or Coding: one coding at least is of the set. */
export function concepts(value: unknown, check: Check, name: string, set: CodeSet): void {
  const values = Array.isArray(value) ? value : [value]
  for (const item of values) {
    if (!isObject(item)) continue
    const codings: unknown[] = Array.isArray(item.coding) ? item.coding : [item]
    const found = codings.filter((coding) => isObject(coding) && coding.code !== undefined)
    const isIn = (coding: unknown): boolean =>
      isObject(coding) && typeof coding.code === 'string' && set.codes.has(coding.code)
    if (found.length > 0 && !found.some(isIn)) find(check, name, 'code-invalid', codeFault(set))
  }
}

/** Types that the references of an element may point to. */
export function target(value: unknown, check: Check, name: string, types: ReadonlySet<string>): void {
  if (!Array.isArray(value)) targetOf(value, check, name, types)
  else {
    value.forEach((item, at) => {
      targetOf(item, check, `${name}[${at}]`, types)
    })
  }
}

function targetOf(value: unknown, check: Check, name: string, types: ReadonlySet<string>): void {
  if (!isObject(value)) return
  const { reference, type } = value
  let found = typeof type === 'string' ? type : undefined
  if (typeof reference === 'string') {
    if (reference.charCodeAt(0) === 35) found = containedType(check.root, reference) ?? found
    else found = parseReference(reference)?.type ?? found
  }
  if (found === undefined || types.has(found) || !/^[A-Z][A-Za-z]*$/.test(found)) return
  find(
    check,
    `${name}.reference`,
    'value',
    `must point to ${[...types].join(' or ')} - correct the reference`,
  )
}

function containedType(root: JsonObject, reference: string): string | undefined {
  const contained: unknown[] = Array.isArray(root.contained) ? root.contained : []
  const found = contained.find((each) => isObject(each) && `#${each.id}` === reference)
  return isObject(found) ? String(found.resourceType) : undefined
}

/** An invariant of the type itself. */
export function rule(value: JsonObject, check: Check, key: string): void {
  const holds = INVARIANT_FUNCTIONS[key]
  if (holds && !holds(value, check.root)) broken(check, '', key)
}

/** An invariant of an element, for each of its values. */
export function rules(value: unknown, check: Check, name: string, key: string): void {
  const holds = INVARIANT_FUNCTIONS[key]
  if (!holds || value === undefined) return
  const isArray = Array.isArray(value)
  const items: unknown[] = isArray ? value : [value]
  items.forEach((item, at) => {
    if (isObject(item) && !holds(item, check.root)) broken(check, isArray ? `${name}[${at}]` : name, key)
  })
}

function broken(check: Check, path: string, key: string): void {
  const invariant = INVARIANTS[key]
  const label = key.replace(/@.*/, '')
  find(
    check,
    path,
    'invariant',
    `breaks ${label}: ${invariant?.human} (${invariant?.expression}) - correct it`,
  )
}

/** A resource inside another: its own root in a Bundle or Parameters, the container's when contained. */
export function nested(value: unknown, check: Check): void {
  const outer = check.root
  if (isObject(value)) check.root = value
  contained(value, check)
  check.root = outer
}

export function contained(value: unknown, check: Check): void {
  if (!isObject(value)) return void enter(value, check)
  const type = value.resourceType
  const validator =
    typeof type === 'string' && Object.hasOwn(check.validators, type) && check.validators[type]
  if (validator) validator(value, check)
  else if (typeof type !== 'string') required(check, 'resourceType')
  else if (!/^[A-Z][A-Za-z]{1,63}$/.test(type)) unknown(check, 'resourceType')
  else anything(value, check, 0)
}

/** A resource of a type that is not among ours: nothing empty, no depth. */
function anything(value: unknown, check: Check, depth: number): void {
  if (value === '') find(check, '', 'value', 'holds an empty string - leave it out')
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value)
  if (parts.length === 0) find(check, '', 'structure', 'holds an empty object or array - leave it out')
  if (check.depth + depth > check.maxDepth) find(check, '', 'structure', tooDeep(check))
  else for (const part of parts) anything(part, check, depth + 1)
}
