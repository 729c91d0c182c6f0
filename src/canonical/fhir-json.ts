// FHIR JSON as the rules build it: paths written into objects, canonical text for comparison.
import { canonicalJson } from '../fhir/json.ts'
import type { Json } from '../mappings/mapped.ts'

/** Text with sorted names: equal text means equal content. Raw decimals keep their digits. */
export const canonicalText: (value: unknown) => string = canonicalJson

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

/** Writes a value at a path of a fresh object, making what is on the way. Extensions are found by url or added. */
export function writePath(target: FhirJson, path: string, value: Json): void {
  let at = target
  const route = steps(path)
  for (const [i, step] of route.entries()) {
    const last = i === route.length - 1
    if (step.url !== undefined) {
      at = extensionOf(at, step.name, step.url)
      if (last && isObject(value)) Object.assign(at, value)
    } else if (last) at[step.name] = value
    else at = childOf(at, step.name)
  }
}

function childOf(parent: FhirJson, name: string): FhirJson {
  const known = parent[name]
  if (isObject(known)) return known
  const fresh: FhirJson = {}
  parent[name] = fresh
  return fresh
}

function extensionOf(parent: FhirJson, name: string, url: string): FhirJson {
  const known = parent[name]
  const list: FhirJson[] = Array.isArray(known) ? (known as FhirJson[]) : []
  parent[name] = list
  const found = list.find((each) => each.url === url)
  if (found) return found
  const fresh: FhirJson = { url }
  list.push(fresh)
  return fresh
}

/** Replaces references by what `resolve` says: handles of a message ('#practitioner:1') or merged things. */
export function mapReferences(value: Json, resolve: (reference: string) => string | undefined): Json {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value
  if (Array.isArray(value)) return value.map((each: Json) => mapReferences(each, resolve))
  const out: FhirJson = {}
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined) continue
    if (key === 'reference' && typeof each === 'string') {
      const to = resolve(each)
      if (to !== undefined) out[key] = to
    } else out[key] = mapReferences(each, resolve)
  }
  return out
}
