// JSON Patch (RFC 6902) on one resource, with limits for hostile documents (J03, J10). Numbers kept as text stay so.
import jsonPatch from 'fast-json-patch'
import type { Issue, IssueCode } from '../../fhir/issue.ts'
import { isObject, type JsonObject } from '../../fhir/types.ts'

export const patchLimits = {
  maxOperations: 100,
  maxPointerCharacters: 1_000,
  maxPointerSteps: 64,
  maxArrayIndex: 9_999,
  /** Values (objects, arrays, primitives) that the result may have, and characters of its strings, after each step. */
  maxValues: 200_000,
  maxCharacters: 16_777_216,
} as const

type Op = 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'

interface Operation {
  readonly op: Op
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

export type Parsed = { readonly operations: readonly Operation[] } | PatchFault
export type Patched = { readonly next: JsonObject } | PatchFault

/** `status` is what the response has: 400 for a bad document, 422 for one that does not fit the resource. */
export interface PatchFault {
  readonly status: 400 | 412 | 422
  readonly issues: readonly Issue[]
}

const needsValue: ReadonlySet<string> = new Set(['add', 'replace', 'test'])
const needsFrom: ReadonlySet<string> = new Set(['move', 'copy'])
const operators: ReadonlySet<string> = new Set([...needsValue, ...needsFrom, 'remove'])
const forbidden: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Checks the form of a patch document; its fit to a resource is only known when it is applied. */
export function parsePatch(document: unknown): Parsed {
  if (!Array.isArray(document)) return bad('a JSON Patch is an array of operations')
  const list: readonly unknown[] = document
  if (list.length > patchLimits.maxOperations) return bad(`at most ${patchLimits.maxOperations} operations`)
  const operations: Operation[] = []
  for (const [i, each] of list.entries()) {
    const operation = readOperation(each)
    if (typeof operation === 'string') return bad(`operation ${i + 1}: ${operation}`)
    operations.push(operation)
  }
  return { operations }
}

function readOperation(each: unknown): Operation | string {
  if (!isObject(each)) return 'is no object'
  const { op, path, from, value } = each
  if (typeof op !== 'string' || !operators.has(op))
    return 'op is one of add, remove, replace, move, copy, test'
  const fault = pointerFault(path) ?? (needsFrom.has(op) ? pointerFault(from) : undefined)
  if (fault) return fault
  if (needsValue.has(op) && value === undefined) return 'value is missing'
  if (path === '' && op !== 'test') return 'the whole resource is replaced by PUT, not by PATCH'
  return {
    op: op as Op,
    path: String(path),
    ...(needsFrom.has(op) && { from: String(from) }),
    ...(needsValue.has(op) && { value }),
  }
}

function pointerFault(pointer: unknown): string | undefined {
  if (typeof pointer !== 'string') return 'path or from is missing'
  if (pointer.length > patchLimits.maxPointerCharacters) return 'a pointer is too long'
  if (pointer !== '' && !pointer.startsWith('/')) return 'a pointer begins with /'
  const steps = pointer.split('/').slice(1)
  if (steps.length > patchLimits.maxPointerSteps) return 'a pointer has too many steps'
  for (const step of steps) {
    if (/~(?![01])/.test(step)) return 'a pointer has ~ that is neither ~0 nor ~1'
    if (forbidden.has(step.replaceAll('~1', '/').replaceAll('~0', '~')))
      return 'a pointer names no element of FHIR'
    if (/^\d+$/.test(step) && Number(step) > patchLimits.maxArrayIndex) return 'an array index is too large'
  }
  return undefined
}

/** The resource after all operations, or why not; the one given is not changed. */
export function applyPatch(resource: JsonObject, operations: readonly Operation[]): Patched {
  const document: unknown = copyOf(resource)
  for (const [i, operation] of operations.entries()) {
    const fault = step(document, operation)
    if (fault) return { ...fault, issues: fault.issues.map((issue) => numbered(issue, i)) }
    if (isTooLarge(document)) {
      return unfit('too-costly', `operation ${i + 1}: the resource becomes too large`)
    }
    if (!isObject(document)) return unfit('structure', `operation ${i + 1}: no resource is left`)
  }
  return isObject(document) ? { next: document } : unfit('structure', 'no resource is left')
}

const numbered = (issue: Issue, i: number): Issue => ({
  ...issue,
  diagnostics: `operation ${i + 1}: ${issue.diagnostics}`,
})

/** Applies one operation in place. */
function step(document: unknown, operation: Operation): PatchFault | undefined {
  const { op, path, from } = operation
  if (op === 'test') {
    const found = valueAt(document, path)
    if (found.exists && equal(found.value, operation.value)) return undefined
    return { status: 412, issues: [issueOf('conflict', 'the test does not hold - read the resource again')] }
  }
  let plain: { op: string; path: string; value?: unknown; from?: string } = { ...operation }
  if (op === 'copy' || op === 'move') {
    const found = valueAt(document, from ?? '')
    if (!found.exists) return unfit('value', 'from names nothing in the resource')
    if (op === 'copy') plain = { op: 'add', path, value: copyOf(found.value) }
    else if (path.startsWith(`${from}/`)) return unfit('value', 'a value cannot move into itself')
  } else if (op !== 'remove') plain = { ...plain, value: copyOf(operation.value) }
  if (op !== 'add' && op !== 'copy' && op !== 'move' && !valueAt(document, path).exists) {
    return unfit('value', 'path names nothing in the resource')
  }
  if ((op === 'add' || op === 'copy' || op === 'move') && !canHold(document, path)) {
    return unfit('value', 'the parent that path names does not exist, or has fewer elements')
  }
  try {
    jsonPatch.applyOperation(
      document,
      plain as Parameters<typeof jsonPatch.applyOperation>[1],
      false,
      true,
      true,
    )
    return undefined
  } catch {
    return unfit('value', 'path names nothing in the resource')
  }
}

/** True when a value can be added at a pointer. */
function canHold(document: unknown, pointer: string): boolean {
  const at = pointer.lastIndexOf('/')
  const last = pointer.slice(at + 1)
  const parent = valueAt(document, pointer.slice(0, at)).value
  if (Array.isArray(parent)) return last === '-' || (isIndex(last) && Number(last) <= parent.length)
  return isObject(parent)
}

const isIndex = (step: string): boolean => /^(?:0|[1-9]\d*)$/.test(step)

function valueAt(document: unknown, pointer: string): { exists: boolean; value: unknown } {
  let at = document
  for (const escaped of pointer.split('/').slice(1)) {
    const name = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
    if (
      Array.isArray(at)
        ? !isIndex(name) || Number(name) >= at.length
        : !isObject(at) || !Object.hasOwn(at, name)
    ) {
      return { exists: false, value: undefined }
    }
    at = Array.isArray(at) ? (at as unknown[])[Number(name)] : (at as JsonObject)[name]
  }
  return { exists: true, value: at }
}

/** A deep copy that shares numbers kept as text: they are frozen, and JSON.stringify must still know them. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const [name, each] of Object.entries(value)) copy[name] = copyOf(each)
  return copy
}

/** Equality of RFC 6902 section 4.6: numbers by value, arrays in order, objects by members. */
function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((each, i) => equal(each, (b as unknown[])[i]))
  }
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a)
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]))
    )
  }
  if (isObject(a) || isObject(b)) return false
  return plainOf(a) === plainOf(b)
}

/** A number kept as text as a number. */
const plainOf = (value: unknown): unknown => (JSON.isRawJSON(value) ? Number(value.rawJSON) : value)

export function isTooLarge(document: unknown): boolean {
  let values = 0
  let characters = 0
  const count = (value: unknown): boolean => {
    values++
    if (typeof value === 'string') characters += value.length
    if (values > patchLimits.maxValues || characters > patchLimits.maxCharacters) return true
    if (Array.isArray(value)) return value.some(count)
    return isObject(value) && Object.values(value).some(count)
  }
  return count(document)
}

const issueOf = (code: IssueCode, diagnostics: string): Issue => ({ severity: 'error', code, diagnostics })

const bad = (text: string): PatchFault => ({ status: 400, issues: [issueOf('structure', text)] })
export const unfit = (code: IssueCode, text: string): PatchFault => ({
  status: 422,
  issues: [issueOf(code, text)],
})
