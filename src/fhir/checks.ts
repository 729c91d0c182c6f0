// What the generated validators (validators.generated.js) are made of: one function per kind of element.
// A valid resource costs no path: an issue is made with the last step of its path, and each caller that finds new
// issues after a child puts its own step before them.
import { INVARIANTS } from './definitions.ts'
import { INVARIANT_FUNCTIONS } from './invariants.ts'
import type { IssueCode } from './issue.ts'
import type { Fault, PrimitiveCheck } from './primitives.ts'
import { parseReference } from './reference.ts'
import { isObject, type JsonObject } from './types.ts'

/** An issue in the making; `text` continues the path. */
export interface Finding {
  path: string
  readonly code: IssueCode
  readonly text: string
}

/** State of one validation. */
export interface Check {
  readonly findings: Finding[]
  readonly maxFindings: number
  readonly maxDepth: number
  depth: number
  /** The resource whose `contained` local references point to. */
  root: JsonObject
  readonly validators: Readonly<Record<string, Validator>>
}
export type Validator = (value: unknown, check: Check) => void

/** The codes of a required value set. */
export interface CodeSet {
  readonly url: string
  readonly codes: ReadonlySet<string>
}

const MAX_LISTED_CODES = 12
const MAX_NAME_CHARS = 64

export function find(check: Check, path: string, code: IssueCode, text: string): void {
  if (check.findings.length < check.maxFindings) check.findings.push({ path, code, text })
}

function findFault(check: Check, path: string, fault: Fault): void {
  find(check, path, fault.code, fault.text)
}

/** Puts a step before the paths of all findings since `from`. */
function prefix(check: Check, from: number, step: string): void {
  for (let at = from; at < check.findings.length; at += 1) {
    const finding = check.findings[at]
    if (finding) finding.path = finding.path === '' ? step : `${step}.${finding.path}`
  }
}

function descend(value: unknown, check: Check, validator: Validator): void {
  check.depth += 1
  if (check.depth > check.maxDepth) find(check, '', 'structure', tooDeep(check))
  else validator(value, check)
  check.depth -= 1
}

function tooDeep({ maxDepth }: Check): string {
  return `is nested deeper than ${maxDepth} levels - flatten it`
}

/** True for a JSON object that has something in it. */
export function enter(value: unknown, check: Check): value is JsonObject {
  if (!isObject(value)) {
    find(check, '', 'structure', `must be a JSON object, not ${kindOf(value)} - correct the structure`)
    return false
  }
  for (const name in value) if (name !== 'id' && value[name] !== undefined) return true
  find(check, '', 'structure', 'is empty - give it a value or leave it out')
  return false
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (isObject(value)) return 'an object'
  return typeof value === 'object' ? 'a number' : `a ${typeof value}`
}

export function unknown(check: Check, name: string): void {
  const isName = name.length <= MAX_NAME_CHARS && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
  if (isName) find(check, name, 'structure', 'is not an element of this type in FHIR R4 - remove it')
  else find(check, '', 'structure', 'has an element whose name is not one of FHIR R4 - remove it')
}

export function required(check: Check, name: string): void {
  find(check, name, 'required', 'is required - add it')
}

export function choice(check: Check, name: string): void {
  find(check, name, 'structure', 'is given in more than one type - keep one')
}

function isList(value: unknown, check: Check, name: string): value is unknown[] {
  if (!Array.isArray(value)) {
    find(check, name, 'structure', `must be an array, not ${kindOf(value)} - put it in [ ]`)
    return false
  }
  if (value.length === 0) find(check, name, 'structure', 'is an empty array - leave it out')
  return true
}

function isSingle(value: unknown, check: Check, name: string): boolean {
  if (!Array.isArray(value)) return true
  find(check, name, 'structure', 'must not be an array - send one value without [ ]')
  return false
}

export function one(value: unknown, check: Check, name: string, validator: Validator): void {
  if (value === undefined || !isSingle(value, check, name)) return
  const from = check.findings.length
  descend(value, check, validator)
  if (check.findings.length !== from) prefix(check, from, name)
}

export function list(value: unknown, check: Check, name: string, validator: Validator): void {
  if (value === undefined || !isList(value, check, name)) return
  for (let at = 0; at < value.length; at += 1) {
    const from = check.findings.length
    descend(value[at], check, validator)
    if (check.findings.length !== from) prefix(check, from, `${name}[${at}]`)
  }
}

export function prim(value: unknown, check: Check, name: string, test: PrimitiveCheck): void {
  if (value === undefined || !isSingle(value, check, name)) return
  const fault = test(value)
  if (fault) findFault(check, name, fault)
}

/** `shadow` is the array of `_name`: where the value is null, it must hold the extension that says why. */
export function prims(
  value: unknown,
  check: Check,
  name: string,
  test: PrimitiveCheck,
  shadow: unknown,
): void {
  if (value === undefined || !isList(value, check, name)) return
  for (let at = 0; at < value.length; at += 1) {
    const item = value[at]
    if (item === null && Array.isArray(shadow) && isObject(shadow[at])) continue
    const fault = test(item)
    if (fault) findFault(check, `${name}[${at}]`, fault)
  }
}

/** Ids and extensions of primitives, in `_name`; null where a value has none. */
export function shadows(value: unknown, check: Check, name: string, validator: Validator): void {
  if (value === undefined || !isList(value, check, name)) return
  value.forEach((item, at) => {
    if (item !== null) one(item, check, `${name}[${at}]`, validator)
  })
}

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
  shadow: unknown,
): void {
  prims(value, check, name, test, shadow)
  if (!Array.isArray(value)) return
  value.forEach((item, at) => {
    if (typeof item === 'string' && !test(item) && !set.codes.has(item)) {
      find(check, `${name}[${at}]`, 'code-invalid', codeFault(set))
    }
  })
}

/** Required binding of a CodeableConcept or Coding: one coding at least is of the set. */
export function concepts(value: unknown, check: Check, name: string, set: CodeSet): void {
  const values = Array.isArray(value) ? value : [value]
  for (const item of values) {
    if (!isObject(item)) continue
    const codings: unknown[] = Array.isArray(item.coding) ? item.coding : [item]
    const found = codings.filter((coding) => isObject(coding) && coding.code !== undefined)
    const isIn = (coding: unknown): boolean => isObject(coding) && set.codes.has(String(coding.code))
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
