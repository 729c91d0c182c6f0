// Code systems by their concepts (http://hl7.org/fhir/R4/codesystem.html): those that the gateway carries, and those of packages.
import { CODE_SYSTEMS } from './definitions.ts'
import { listIn, textIn } from './profile/structure.ts'
import type { JsonObject } from './types.ts'

export interface Concept {
  readonly code: string
  readonly display: string
  readonly definition?: string
  readonly parents: readonly string[]
}

export interface CodeSystemContent {
  readonly url: string
  readonly version: string
  readonly name: string
  /** False for a fragment or an example: a code that is missing may be right. */
  readonly complete: boolean
  readonly concepts: ReadonlyMap<string, Concept>
}

const carried = new Map<string, CodeSystemContent>()

/** A system of the tables that come with the program. */
export function carriedSystem(url: string): CodeSystemContent | undefined {
  const known = carried.get(url)
  if (known || !Object.hasOwn(CODE_SYSTEMS, url)) return known
  const concepts = new Map<string, Concept>()
  for (const [code = '', display = code, parent] of CODE_SYSTEMS[url]?.concepts ?? []) {
    const before = concepts.get(code)?.parents ?? []
    concepts.set(code, { code, display, parents: parent === undefined ? before : [...before, parent] })
  }
  const fresh = { url, version: '', name: CODE_SYSTEMS[url]?.name ?? url, complete: true, concepts }
  carried.set(url, fresh)
  return fresh
}

const maxDepth = 50

/** A CodeSystem of a package; undefined when it has no concepts to look at. */
export function readCodeSystem(resource: JsonObject): CodeSystemContent | undefined {
  const concepts = new Map<string, Concept>()
  const take = (list: readonly JsonObject[], parent: string | undefined, depth: number): void => {
    for (const each of depth > maxDepth ? [] : list) {
      const code = textIn(each, 'code')
      if (code === '') continue
      const named = listIn(each, 'property')
        .filter((property) => ['parent', 'subsumedBy'].includes(textIn(property, 'code')))
        .map((property) => textIn(property, 'valueCode'))
      const known = concepts.get(code)?.parents ?? []
      const parents = [...new Set([...known, ...(parent === undefined ? [] : [parent]), ...named])]
      const definition = textIn(each, 'definition')
      const display = textIn(each, 'display') || code
      concepts.set(code, { code, display, parents, ...(definition !== '' && { definition }) })
      take(listIn(each, 'concept'), code, depth + 1)
    }
  }
  take(listIn(resource, 'concept'), undefined, 0)
  const url = textIn(resource, 'url')
  if (url === '' || concepts.size === 0) return undefined
  return {
    url,
    version: textIn(resource, 'version'),
    name: textIn(resource, 'name') || url,
    complete: resource.content === 'complete' || resource.content === undefined,
    concepts,
  }
}

/** True when the code is under the other, however far. */
export function isBelow({ concepts }: CodeSystemContent, code: string, ancestor: string): boolean {
  const seen = new Set<string>()
  const open = [...(concepts.get(code)?.parents ?? [])]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === ancestor) return true
    if (seen.has(at)) continue
    seen.add(at)
    open.push(...(concepts.get(at)?.parents ?? []))
  }
  return false
}
