// What the generated validators (validators.generated.js) are made of: one function per form of element. A
// valid resource costs no path: an issue is made with the last step of its path, and each caller that finds
// new issues after a child puts its own step before them. Codes, references and rules are in
// check-content.ts.
import type { IssueCode } from './issue.ts'
import type { Fault, PrimitiveCheck } from './primitives.ts'
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

const MAX_NAME_CHARS = 64

export function find(check: Check, path: string, code: IssueCode, text: string): void {
  if (check.findings.length < check.maxFindings) check.findings.push({ path, code, text })
}

export function findFault(check: Check, path: string, fault: Fault): void {
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

export function tooDeep({ maxDepth }: Check): string {
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

export function isSingle(value: unknown, check: Check, name: string): boolean {
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

/** `others` is the array of `_name`: where the value is null, it must hold the extension that says why. */
export function prims(
  value: unknown,
  check: Check,
  name: string,
  test: PrimitiveCheck,
  others: unknown,
): void {
  if (value === undefined || !isList(value, check, name)) return
  for (let at = 0; at < value.length; at += 1) {
    const item = value[at]
    if (item === null && Array.isArray(others) && isObject(others[at])) continue
    const fault = test(item)
    if (fault) findFault(check, `${name}[${at}]`, fault)
  }
}

/** Id and extensions of a primitive, in `_name`. An id alone says something only where there is a value. */
export function shadow(value: unknown, check: Check, name: string, validator: Validator, own: unknown): void {
  const hasValue = own !== undefined && own !== null
  const isOnlyId = hasValue && isObject(value) && Object.keys(value).every((key) => key === 'id')
  if (isOnlyId && typeof value.id === 'string' && value.id !== '') return
  one(value, check, name, validator)
}

/** The same of a primitive that repeats: null where a value has none. */
export function shadows(
  value: unknown,
  check: Check,
  name: string,
  validator: Validator,
  own: unknown,
): void {
  if (value === undefined || !isList(value, check, name)) return
  value.forEach((item, at) => {
    if (item !== null)
      shadow(item, check, `${name}[${at}]`, validator, Array.isArray(own) ? own[at] : undefined)
  })
}
