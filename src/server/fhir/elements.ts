// `_elements`: resources with some of their elements only, marked as such (FHIR R4 search.html#elements).
import { readJson, writeJson } from '../../fhir/json.ts'
import { isObject, type JsonObject } from '../../fhir/types.ts'

const always: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta'])
const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }

/** The JSON text of a resource with these elements, choices by their name without the type. */
export function onlyElements(text: string, elements: readonly string[]): string {
  const read = readJson(text)
  if (!('value' in read) || !isObject(read.value)) return text
  const kept: JsonObject = {}
  for (const [name, value] of Object.entries(read.value)) {
    const plain = name.replace(/^_/, '')
    const isWanted = elements.some(
      (element) =>
        plain === element || (plain.startsWith(element) && /^[A-Z]/.test(plain.slice(element.length))),
    )
    if (isWanted || always.has(name)) kept[name] = value
  }
  const meta = isObject(kept.meta) ? kept.meta : {}
  const tags: readonly unknown[] = Array.isArray(meta.tag) ? meta.tag : []
  return writeJson({ ...kept, meta: { ...meta, tag: [...tags, subsetted] } })
}
