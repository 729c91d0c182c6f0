// `_elements` and `_summary`: resources with some of their elements only, marked as such (FHIR R4 search.html#elements,
// #summary).
import { ELEMENTS } from '../../fhir/definitions.ts'
import { fieldOf } from '../../fhir/elements.ts'
import { readJson, writeJson } from '../../fhir/json.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import { isObject, type JsonObject } from '../../fhir/types.ts'

const always: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta'])
const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }

export type Parts = Pick<SearchQuery, 'elements' | 'summary'>

/** The JSON text of a resource with the parts that were asked for. */
export function partsOf(text: string, { elements, summary }: Parts): string {
  if (!elements && !summary) return text
  const read = readJson(text)
  if (!('value' in read) || !isObject(read.value)) return text
  const resource = read.value
  const type = String(resource.resourceType)
  let kept: JsonObject = resource
  if (elements) {
    const [out, wanted] = [elements.filter(isLeftOut), elements.filter((each) => !isLeftOut(each))]
    const isOut = (name: string): boolean =>
      isNamed(
        name,
        out.map((each) => each.slice(1)),
      )
    const isIn = (name: string): boolean => wanted.length === 0 || isNamed(name, wanted)
    kept = only(resource, (name) => isMandatory(type, name) || (isIn(name) && !isOut(name)))
  } else if (summary === 'text') kept = only(resource, (name) => name === 'text' || isMandatory(type, name))
  else if (summary === 'data') kept = only(resource, (name) => name !== 'text')
  else if (summary === 'true') kept = summarised(resource, type)
  const meta = isObject(kept.meta) ? kept.meta : {}
  const tags: readonly unknown[] = Array.isArray(meta.tag) ? meta.tag : []
  return writeJson({ ...kept, meta: { ...meta, tag: [...tags, subsetted] } })
}

const isLeftOut = (element: string): boolean => element.startsWith('-')

function only(resource: JsonObject, isWanted: (name: string) => boolean): JsonObject {
  const kept: JsonObject = {}
  for (const [name, value] of Object.entries(resource)) {
    if (always.has(name) || isWanted(name.replace(/^_/, ''))) kept[name] = value
  }
  return kept
}

/** By name; choices by their name without the type. */
function isNamed(name: string, elements: readonly string[]): boolean {
  return elements.some(
    (element) => name === element || (name.startsWith(element) && /^[A-Z]/.test(name.slice(element.length))),
  )
}

const isMandatory = (type: string, name: string): boolean => (fieldOf(type, name)?.row.min ?? 0) > 0

/** What the definitions mark as part of the summary, down to backbone elements; data types stay whole. */
function summarised(value: JsonObject, type: string): JsonObject {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
      if (always.has(name)) return [[name, each]]
      const field = fieldOf(type, name.replace(/^_/, ''))
      if (!field?.row.summary) return []
      if (ELEMENTS[field.type]?.kind !== 'backbone') return [[name, each]]
      const inner = (item: unknown): unknown => (isObject(item) ? summarised(item, field.type) : item)
      return [[name, Array.isArray(each) ? each.map(inner) : inner(each)]]
    }),
  )
}
