// Value sets as codes (http://hl7.org/fhir/R4/valueset.html#compositions): those that the gateway carries, and those of packages
// as far as they can be listed.
import { type CodeSystemContent, carriedSystem, isBelow, readCodeSystem } from './code-system.ts'
import { CODE_SYSTEMS } from './definitions.ts'
import { listIn, textIn } from './profile/structure.ts'
import { type Code, codesIn } from './terminology.ts'
import type { JsonObject } from './types.ts'

/** Codes of one system: a list; all of a system whose codes are not known here; or nobody can say. */
type Codes = ReadonlyMap<string, string> | 'all' | 'unknown'

/** The codes of a value set. */
export class CodeGroup {
  readonly #parts: ReadonlyMap<string, Codes>
  /** False when something is included that is not known here. */
  readonly #known: boolean

  constructor(parts: ReadonlyMap<string, Codes>, known: boolean) {
    this.#parts = parts
    this.#known = known
  }

  /** True, false, or undefined when it cannot be said. */
  has(system: string, code: string): boolean | undefined {
    const own = this.#parts.get(system)
    if (own === 'all') return true
    if (own === 'unknown') return undefined
    return own?.has(code) || (this.#known ? false : undefined)
  }

  /** The same for a code without its system. */
  hasCode(code: string): boolean | undefined {
    let answer: boolean | undefined = this.#known ? false : undefined
    for (const own of this.#parts.values()) {
      if (typeof own === 'string') answer = undefined
      else if (own.has(code)) return true
    }
    return answer
  }

  /** All codes; undefined when they cannot be listed. */
  list(): readonly Code[] | undefined {
    const all: Code[] = []
    for (const [system, own] of this.#parts) {
      if (typeof own === 'string') return undefined
      for (const [code, display] of own) all.push({ system, code, display })
    }
    return this.#known ? all : undefined
  }

  parts(): Iterable<readonly [string, Codes]> {
    return this.#parts
  }

  get known(): boolean {
    return this.#known
  }
}

const plainUrl = (canonical: string): string => canonical.split('|')[0] ?? ''
const maxDepth = 10
const empty = new CodeGroup(new Map(), false)

/** Code systems and value sets that can be asked. */
export class Terminology {
  readonly #systems = new Map<string, CodeSystemContent>()
  readonly #sets = new Map<string, JsonObject>()
  readonly #groups = new Map<string, CodeGroup>()

  /** As they were loaded. */
  readonly codeSystems: readonly JsonObject[]

  constructor(codeSystems: readonly JsonObject[] = [], valueSets: readonly JsonObject[] = []) {
    this.codeSystems = codeSystems
    for (const each of codeSystems) {
      const read = readCodeSystem(each)
      if (read) this.#systems.set(read.url, read)
    }
    for (const each of valueSets) this.#sets.set(textIn(each, 'url'), each)
  }

  system(url: string): CodeSystemContent | undefined {
    return this.#systems.get(plainUrl(url)) ?? carriedSystem(plainUrl(url))
  }

  /** As they were loaded; of one URL the last. */
  get valueSets(): readonly JsonObject[] {
    return [...this.#sets.values()]
  }

  /** All systems that are known: those of packages, and what is carried beside them. */
  systems(): readonly CodeSystemContent[] {
    const carried = Object.keys(CODE_SYSTEMS).flatMap((url) =>
      this.#systems.has(url) ? [] : (carriedSystem(url) ?? []),
    )
    return [...this.#systems.values(), ...carried]
  }

  /** Undefined for a value set that is not known here at all. */
  group(canonical: string, depth = 0): CodeGroup | undefined {
    const url = plainUrl(canonical)
    const known = this.#groups.get(url)
    if (known) return known
    const own = this.#sets.get(url)
    const made = own ? this.#compose(own, depth) : this.#carried(url)
    if (made && depth === 0) this.#groups.set(url, made)
    return made
  }

  /** The codes of a value set that is not one of those that are known. */
  compose(set: JsonObject): CodeGroup {
    return this.#compose(set, 0)
  }

  #carried(url: string): CodeGroup | undefined {
    const codes = codesIn(url)
    if (!codes) return undefined
    const parts = new Map<string, Map<string, string>>()
    for (const { system, code, display } of codes) {
      const part = parts.get(system) ?? new Map<string, string>()
      parts.set(system, part.set(code, display))
    }
    return new CodeGroup(parts, true)
  }

  #compose(set: JsonObject, depth: number): CodeGroup {
    const compose = (set.compose ?? {}) as JsonObject
    const parts = new Map<string, Codes>()
    const include = listIn(compose, 'include')
    // Without a definition, the list that somebody else has made of it.
    if (include.length === 0) return expanded(set)
    let known = true
    for (const each of include) {
      const own = depth > maxDepth ? empty : this.#included(each, depth)
      known &&= own.known
      for (const [system, codes] of own.parts()) parts.set(system, joined(parts.get(system), codes))
    }
    for (const each of listIn(compose, 'exclude')) {
      for (const [system, codes] of this.#included(each, depth).parts()) {
        const before = parts.get(system)
        if (before === undefined) continue
        if (typeof before === 'string' || typeof codes === 'string') parts.set(system, 'unknown')
        else parts.set(system, new Map([...before].filter(([code]) => !codes.has(code))))
      }
    }
    return new CodeGroup(parts, known)
  }

  #included(include: JsonObject, depth: number): CodeGroup {
    const system = textIn(include, 'system')
    const sets = Array.isArray(include.valueSet) ? include.valueSet.map(String) : []
    const groups = sets.map((url) => this.group(url, depth + 1) ?? empty)
    if (system === '') return groups.reduce((a, b) => both(a, b), groups[0] ?? empty)
    const own = new CodeGroup(new Map([[system, this.#ofSystem(system, include)]]), true)
    return groups.reduce((a, b) => both(a, b), own)
  }

  #ofSystem(url: string, include: JsonObject): Codes {
    const concepts = listIn(include, 'concept')
    const system = this.system(url)
    if (concepts.length > 0) {
      const nameOf = (code: string): string => system?.concepts.get(code)?.display ?? code
      return new Map(
        concepts.map((each) => {
          const code = textIn(each, 'code')
          return [code, textIn(each, 'display') || nameOf(code)]
        }),
      )
    }
    const filters = listIn(include, 'filter')
    if (!system?.complete) return filters.length === 0 ? 'all' : 'unknown'
    let codes = [...system.concepts.values()]
    for (const filter of filters) {
      const test = filterTest(system, filter)
      if (!test) return 'unknown'
      codes = codes.filter(({ code }) => test(code))
    }
    return new Map(codes.map(({ code, display }) => [code, display]))
  }
}

/** Filters of a composition that are understood, by the property that they look at; those on the hierarchy may name any. */
export const FILTER_OPERATORS = [
  { property: 'concept', operators: ['is-a', 'descendent-of', 'is-not-a', '=', 'in', 'not-in'] },
  { property: 'code', operators: ['is-a', 'descendent-of', 'is-not-a', '=', 'in', 'not-in'] },
] as const

function filterTest(system: CodeSystemContent, filter: JsonObject): ((code: string) => boolean) | undefined {
  const [op, value] = [textIn(filter, 'op'), textIn(filter, 'value')]
  if (op === 'is-a') return (code) => code === value || isBelow(system, code, value)
  if (op === 'descendent-of') return (code) => isBelow(system, code, value)
  if (op === 'is-not-a') return (code) => code !== value && !isBelow(system, code, value)
  const isCode = FILTER_OPERATORS.some(({ property }) => property === textIn(filter, 'property'))
  if (!isCode) return undefined
  if (op === '=') return (code) => code === value
  if (op !== 'in' && op !== 'not-in') return undefined
  const list = new Set(value.split(',').map((each) => each.trim()))
  return (code) => list.has(code) === (op === 'in')
}

function expanded(set: JsonObject): CodeGroup {
  const parts = new Map<string, Map<string, string>>()
  const take = (list: readonly JsonObject[], depth: number): void => {
    for (const each of depth > maxDepth ? [] : list) {
      const [system, code] = [textIn(each, 'system'), textIn(each, 'code')]
      const part = parts.get(system) ?? new Map<string, string>()
      if (code !== '' && each.abstract !== true)
        parts.set(system, part.set(code, textIn(each, 'display') || code))
      take(listIn(each, 'contains'), depth + 1)
    }
  }
  const expansion = (set.expansion ?? {}) as JsonObject
  take(listIn(expansion, 'contains'), 0)
  return new CodeGroup(parts, parts.size > 0)
}

function joined(a: Codes | undefined, b: Codes): Codes {
  if (a === undefined) return b
  if (a === 'all' || b === 'all') return 'all'
  if (a === 'unknown' || b === 'unknown') return 'unknown'
  return new Map([...a, ...b])
}

/** What is in both. */
function both(a: CodeGroup, b: CodeGroup): CodeGroup {
  if (a === b) return a
  const parts = new Map<string, Codes>()
  for (const [system, codes] of a.parts()) {
    if (typeof codes === 'string') {
      parts.set(system, 'unknown')
      continue
    }
    const answers = [...codes].map(([code, display]) => ({ code, display, is: b.has(system, code) }))
    if (answers.some(({ is }) => is === undefined)) parts.set(system, 'unknown')
    else parts.set(system, new Map(answers.flatMap(({ code, display, is }) => (is ? [[code, display]] : []))))
  }
  return new CodeGroup(parts, a.known && b.known)
}
