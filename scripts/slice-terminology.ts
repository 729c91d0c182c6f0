// The code systems and value sets that elements of our types are bound to, as src/fhir/terminology.ts reads them:
// what can be listed, without the large ones. Used by slice-definitions.ts only.
import type { CodeSetTable, CodeSystemTable, ElementTable } from '../src/fhir/definitions.ts'
import { bundle, type CodeSystem, type Concept, type Include, type ValueSet } from './read-definitions.ts'

/** Codes of one set; larger ones (languages, mimetypes, procedures) are the business of a terminology server. */
const maxCodes = 1_500

export interface Terminology {
  readonly sets: CodeSetTable
  readonly systems: CodeSystemTable
}

export function sliceTerminology(elements: ElementTable): Terminology {
  const valueSets = new Map<string, ValueSet>()
  const codeSystems = new Map<string, CodeSystem>()
  for (const file of ['valuesets.json', 'v3-codesystems.json']) {
    for (const found of bundle<(ValueSet | CodeSystem) & { resourceType: string }>(file)) {
      if (found.resourceType === 'ValueSet') valueSets.set(found.url, found)
      if (found.resourceType === 'CodeSystem') codeSystems.set(found.url, found)
    }
  }
  const bound = new Set(
    Object.values(elements).flatMap((type) =>
      Object.values(type.elements).flatMap(({ binding }) => binding?.[1] ?? []),
    ),
  )
  const slicer = new Slicer(valueSets, codeSystems)
  const sets: CodeSetTable = {}
  for (const url of [...bound].sort()) {
    const groups = slicer.codesOf(url)
    if (groups) sets[url] = groups
  }
  return { sets, systems: slicer.systemsOf(sets) }
}

class Slicer {
  readonly #valueSets: ReadonlyMap<string, ValueSet>
  readonly #codeSystems: ReadonlyMap<string, CodeSystem>

  constructor(valueSets: ReadonlyMap<string, ValueSet>, codeSystems: ReadonlyMap<string, CodeSystem>) {
    this.#valueSets = valueSets
    this.#codeSystems = codeSystems
  }

  /** Codes by system; '*' = all of it. Undefined when the set cannot be listed, or is too large. */
  codesOf(url: string, depth = 0): { system: string; codes: string[] | '*' }[] | undefined {
    const include = this.#valueSets.get(url.split('|')[0] ?? '')?.compose?.include
    if (!include || depth > 5) return undefined
    const groups = new Map<string, Set<string> | '*'>()
    for (const each of include) {
      const own = this.#included(each, depth)
      if (!own) return undefined
      for (const { system, codes } of own) {
        const known = groups.get(system)
        if (codes === '*' || known === '*') groups.set(system, '*')
        else groups.set(system, new Set([...(known ?? []), ...codes]))
      }
    }
    let size = 0
    const list = [...groups].map(([system, codes]) => {
      size += codes === '*' ? flat(this.#codeSystems.get(system)?.concept ?? []).length : codes.size
      return { system, codes: codes === '*' ? codes : [...codes] }
    })
    return size > 0 && size <= maxCodes ? list : undefined
  }

  #included(include: Include, depth: number): { system: string; codes: string[] | '*' }[] | undefined {
    const { system, concept, filter, valueSet } = include
    if (valueSet) {
      const nested = valueSet.map((each) => this.codesOf(each, depth + 1))
      return nested.includes(undefined) ? undefined : nested.flatMap((each) => each ?? [])
    }
    if (!system) return undefined
    if (concept) return [{ system, codes: concept.map(({ code }) => code) }]
    const all = this.#codeSystems.get(system)?.concept
    if (!all) return undefined
    if (!filter) return [{ system, codes: '*' }]
    const codes = filter.map((each) => underConcept(all, each))
    return codes.includes(undefined) ? undefined : [{ system, codes: codes.flatMap((each) => each ?? []) }]
  }

  /** Code, display and parent of every concept of the systems that the sets name. */
  systemsOf(sets: CodeSetTable): CodeSystemTable {
    const table: CodeSystemTable = {}
    const named = new Set(Object.values(sets).flatMap((groups) => groups.map(({ system }) => system)))
    for (const url of [...named].sort()) {
      const system = this.#codeSystems.get(url)
      const concepts = flat(system?.concept ?? [])
      if (concepts.length === 0 || concepts.length > maxCodes) continue
      table[url] = { name: system?.name ?? url, concepts }
    }
    return table
  }
}

function flat(concepts: readonly Concept[], parent?: string): [string, string, ...string[]][] {
  return concepts.flatMap(({ code, display, concept }) => [
    [code, display ?? code, ...(parent === undefined ? [] : [parent])],
    ...flat(concept ?? [], code),
  ])
}

/** Codes that a filter of a value set selects; undefined for filters other than a place in the hierarchy. */
function underConcept(concepts: readonly Concept[], filter: unknown): string[] | undefined {
  const { op, value } = filter as { readonly op?: string; readonly value?: string }
  if (op !== 'is-a' && op !== 'descendent-of') return undefined
  const find = (list: readonly Concept[]): Concept | undefined => {
    for (const each of list) {
      const found = each.code === value ? each : find(each.concept ?? [])
      if (found) return found
    }
    return undefined
  }
  const root = find(concepts)
  if (!root) return undefined
  const below = flat(root.concept ?? []).map(([code]) => code)
  return op === 'is-a' ? [root.code, ...below] : below
}
