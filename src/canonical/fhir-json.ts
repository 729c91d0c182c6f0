// FHIR JSON as the rules build it: paths written into objects, canonical text for comparison.
import { canonicalJson, isSameJson } from '../fhir/json.ts'
import type { Json } from '../mappings/mapped.ts'

/** Text with sorted names: equal text means equal content. Raw decimals keep their digits. */
export const canonicalText: (value: unknown) => string = canonicalJson

/** True for equal canonical texts. */
export const sameContent: (a: unknown, b: unknown) => boolean = isSameJson

export type FhirJson = { [element: string]: Json | undefined }

interface Step {
  readonly name: string
  /** Set when the step is extension('url'). */
  readonly url?: string
}

const maxRemembered = 2_000
const remembered = new Map<string, readonly Step[]>()

/** Splits "hospitalization.extension('http://x.y/z').valueCode": dots inside quotes do not separate. */
function steps(path: string): readonly Step[] {
  const known = remembered.get(path)
  if (known) return known
  const fresh: Step[] = []
  for (const part of path.match(/(?:[^.('"]+(?:\('[^']*'\))?)/g) ?? []) {
    const call = /^(extension|modifierExtension)\('([^']*)'\)$/.exec(part)
    fresh.push(
      call ? { name: call[1] ?? 'extension', url: call[2] ?? '' } : { name: part.replace(/\[\d+\]$/, '') },
    )
  }
  if (remembered.size < maxRemembered) remembered.set(path, fresh)
  return fresh
}

const isObject = (value: unknown): value is FhirJson =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Writes a value at a path of a fresh object, making what is on the way. Extensions are found by url or added. Values
 * that were written before stay as they are: what changes inside them is a copy.
 */
export function writePath(target: FhirJson, path: string, value: Json): void {
  let at = target
  const route = steps(path)
  for (const [i, step] of route.entries()) {
    const last = i === route.length - 1
    if (last && step.url !== undefined && Array.isArray(value)) {
      writeExtensions(at, step.name, step.url, value as readonly Json[])
    } else if (step.url !== undefined) {
      at = extensionOf(at, step.name, step.url)
      if (last && isObject(value)) Object.assign(at, value)
    } else if (last) at[step.name] = value
    else at = childOf(at, step.name)
  }
}

function childOf(parent: FhirJson, name: string): FhirJson {
  const known = parent[name]
  const fresh: FhirJson = isObject(known) ? { ...known } : {}
  parent[name] = fresh
  return fresh
}

function extensionOf(parent: FhirJson, name: string, url: string): FhirJson {
  const known = parent[name]
  const list: FhirJson[] = Array.isArray(known) ? [...(known as FhirJson[])] : []
  parent[name] = list
  const found = list.findIndex((each) => each.url === url)
  const fresh: FhirJson = found < 0 ? { url } : { ...list[found] }
  if (found < 0) list.push(fresh)
  else list[found] = fresh
  return fresh
}

/** Several extensions of one url, in place of those that were there. */
function writeExtensions(parent: FhirJson, name: string, url: string, values: readonly Json[]): void {
  const known = parent[name]
  const others = Array.isArray(known) ? (known as FhirJson[]).filter((each) => each.url !== url) : []
  parent[name] = [...others, ...values.map((each) => ({ url, ...(each as FhirJson) }))]
}

/** Takes away what is at a path, if it is there, and whatever is empty then. */
export function removePath(target: FhirJson, path: string): void {
  removeAt(target, steps(path))
}

function removeAt(target: FhirJson, [step, ...rest]: readonly Step[]): void {
  if (!step) return
  const known = target[step.name]
  if (step.url === undefined) {
    if (rest.length === 0) delete target[step.name]
    else if (isObject(known)) replace(target, step.name, without(known, rest))
    return
  }
  if (!Array.isArray(known)) return
  const list = (known as readonly FhirJson[]).flatMap((each) => {
    if (each.url !== step.url) return [each]
    const left = rest.length === 0 ? {} : without(each, rest)
    return Object.keys(left).length > 1 ? [left] : []
  })
  replace(target, step.name, list)
}

function without(known: FhirJson, route: readonly Step[]): FhirJson {
  const copy = { ...known }
  removeAt(copy, route)
  return copy
}

function replace(target: FhirJson, name: string, value: FhirJson | FhirJson[]): void {
  if (Object.keys(value).length === 0) delete target[name]
  else target[name] = value
}

type Resolve = (reference: string) => string | undefined

/**
 * Replaces references by what `resolve` says: handles of a message ('#practitioner:1'), or merged things. What it does
 * not know is left out; what has none of those to replace is given back as it is.
 */
export function redirectReferences(value: Json, resolve: Resolve): Json {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value
  return Array.isArray(value) ? redirectList(value, resolve) : redirectObject(value as FhirJson, resolve)
}

function redirectList(list: readonly Json[], resolve: Resolve): Json {
  let out: Json[] | undefined
  for (let i = 0; i < list.length; i++) {
    const each = list[i] as Json
    const next = redirectReferences(each, resolve)
    if (next === each) continue
    out ??= [...list]
    out[i] = next as Json
  }
  return out ?? list
}

function redirectObject(object: FhirJson, resolve: Resolve): Json {
  let out: FhirJson | undefined
  for (const key in object) {
    const each = object[key]
    if (each === undefined) continue
    const next =
      key === 'reference' && typeof each === 'string' ? resolve(each) : redirectReferences(each, resolve)
    if (next === each) continue
    out ??= { ...object }
    if (next === undefined) delete out[key]
    else out[key] = next
  }
  return out ?? object
}
