// References of a transaction's entries to each other (FHIR R4 http.html#trules): names that hold inside of the Bundle
// only become those of the result, in references, URIs and in links of the narrative.
import { isObject } from '../../fhir/types.ts'

/** Strings that are never a reference, whatever they look like. */
const never: ReadonlySet<string> = new Set(['system', 'value', 'id', 'display', 'text'])

/** The same with each name of `targets` replaced; values without a name are shared, not copied. */
export function referencesRewritten(value: unknown, targets: ReadonlyMap<string, string>, key = ''): unknown {
  if (typeof value === 'string') {
    if (key === 'div') return narrativeRewritten(value, targets)
    return never.has(key) ? value : (targets.get(value) ?? value)
  }
  if (Array.isArray(value)) return value.map((each) => referencesRewritten(each, targets, key))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, referencesRewritten(each, targets, name)]),
  )
}

function narrativeRewritten(div: string, targets: ReadonlyMap<string, string>): string {
  return div.replace(/\b(href|src)="([^"]{1,1000})"/g, (whole, attribute: string, link: string) => {
    const target = targets.get(link)
    return target === undefined ? whole : `${attribute}="${target}"`
  })
}
