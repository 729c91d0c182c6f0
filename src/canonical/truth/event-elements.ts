// Plain elements of a visit or an appointment: of what the events say of each, the latest word stands,
// deletions included (semantics, sections 5 and 6). Facts that need rules ('$...') are left to the caller.

import { Recent } from '../../fhir/recent.ts'
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { compareFields, type Step, type StepCell, type Winner, winnerOf } from './event-log.ts'

interface PathStep {
  readonly name: string
  /** Set in extension('url'). */
  readonly url?: string
}

/** Paths stand in rows, so that there are few of them. */
const remembered = new Recent<readonly PathStep[]>(2_000)

/** Splits "hospitalization.extension('http://x.y/z')": dots inside quotes do not separate. */
function splitPath(path: string): readonly PathStep[] {
  const known = remembered.get(path)
  if (known) return known
  const fresh = (path.match(/[^.('"]+(?:\('[^']*'\))?/g) ?? []).map((part) => {
    const call = /^(extension|modifierExtension)\('([^']*)'\)$/.exec(part)
    return call
      ? { name: call[1] ?? 'extension', url: call[2] ?? '' }
      : { name: part.replace(/\[\d*\]$/, '') }
  })
  remembered.set(path, fresh)
  return fresh
}

export const isObject = (value: unknown): value is FhirJson =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : []

/** A copy of the object with the value at the path, or without it when the value is undefined. */
export function withPath(node: FhirJson, path: string, value: Json | undefined): FhirJson {
  return place(node, splitPath(path), value)
}

function place(node: FhirJson, [step, ...rest]: readonly PathStep[], value: Json | undefined): FhirJson {
  if (!step) return node
  if (step.url !== undefined) return placeExtension(node, { name: step.name, url: step.url }, rest, value)
  const before = node[step.name]
  const next = rest.length === 0 ? value : place(isObject(before) ? before : {}, rest, value)
  return assign(node, step.name, next)
}

function assign(node: FhirJson, name: string, value: Json | undefined): FhirJson {
  if (value !== undefined && !(isObject(value) && isEmpty(value))) return { ...node, [name]: value }
  if (!(name in node)) return node
  const { [name]: _, ...others } = node
  return others
}

function isEmpty(node: FhirJson): boolean {
  for (const _name in node) return false
  return true
}

/** Extensions of one url are replaced where the first of them stands. */
function placeExtension(
  node: FhirJson,
  at: Required<PathStep>,
  rest: readonly PathStep[],
  value: Json | undefined,
): FhirJson {
  const list = listOf(node[at.name])
  const found = list.findIndex((each) => isObject(each) && each.url === at.url)
  const known = list[found]
  let fresh: Json[]
  if (rest.length > 0) fresh = [place(isObject(known) ? known : { url: at.url }, rest, value)]
  else if (value === undefined) fresh = []
  else
    fresh = (Array.isArray(value) ? (value as readonly Json[]) : [value]).map((each) =>
      extensionOf(at.url, each),
    )
  const kept = fresh.filter((each) => isObject(each) && Object.keys(each).length > 1)
  const others = list.filter((each, i) => i < found || !(isObject(each) && each.url === at.url))
  const next = found < 0 ? [...list, ...kept] : [...others.slice(0, found), ...kept, ...others.slice(found)]
  return assign(node, at.name, next.length > 0 ? next : undefined)
}

/** An extension out of what a cell holds: the whole of it, its value[x], or a bare primitive. */
function extensionOf(url: string, value: Json): Json {
  if (isObject(value)) return { url, ...value }
  if (typeof value === 'boolean') return { url, valueBoolean: value }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { url, valueInteger: value } : { url, valueDecimal: value }
  return { url, valueString: value }
}

interface Entry {
  readonly values: readonly Json[]
  readonly winner: Winner
}

export interface Elements {
  readonly tree: FhirJson
  /** By element path: 'hospitalization.admitSource', 'participant[1]'. */
  readonly winners: Record<string, Winner>
}

/** Which cells count, and what else is known of the lists among the elements. */
export interface ElementRules {
  accept(step: Step, cell: StepCell): boolean
  /**
   * Code of Participant.type that entries of this list from this field have: it supersedes such entries of a
   * client.
   */
  typeOf?(path: string, field: string): string | undefined
  /** Elements that are one text although several fields tell of them: each field's words are lines of it. */
  readonly texts?: ReadonlySet<string>
}

/** Applies the steps, earliest first. */
export function foldElements(steps: readonly Step[], rules: ElementRules): Elements {
  const state = new State(rules)
  for (const step of steps) state.apply(step)
  return state.finish()
}

class State {
  readonly #rules: ElementRules
  #tree: FhirJson = {}
  readonly #winners = new Map<string, Winner>()
  readonly #lists = new Map<string, Map<string, Entry>>()
  readonly #identifiers = new Map<string, Entry & { readonly field: string }>()

  constructor(rules: ElementRules) {
    this.#rules = rules
  }

  apply(step: Step): void {
    const cells = step.cells.filter((cell) => !cell.path.startsWith('$') && this.#rules.accept(step, cell))
    // Of two fields of one message the first decides, and a value beats a deletion: they are written last.
    cells.sort((a, b) => Number(b.v === null) - Number(a.v === null) || compareFields(b.field, a.field))
    for (const cell of cells) {
      if (cell.path === 'identifier') this.#identify(step, cell)
      else if (isList(cell) || this.#lists.has(cell.path) || this.#isText(cell)) this.#list(step, cell)
      else this.#scalar(step, cell)
    }
  }

  /** Identifiers are only ever added: they go by a merge or a change of identifier, never by omission. */
  #identify(step: Step, cell: StepCell): void {
    for (const value of listOf(cell.v)) {
      if (!isObject(value)) continue
      const key = `${String(value.system ?? '')}|${String(value.value ?? '')}`
      const known = this.#identifiers.get(key)
      const values = [known ? sameIdentifier(known.values[0], value) : value]
      this.#identifiers.set(key, {
        field: known?.field ?? cell.field,
        values,
        winner: winnerOf(step, cell.key),
      })
    }
  }

  #isText(cell: StepCell): boolean {
    return this.#rules.texts?.has(cell.path) === true
  }

  #list(step: Step, cell: StepCell): void {
    const { path, field } = cell
    const before = this.#lists.get(path)
    const fields = cell.field === 'FHIR' || !before ? new Map<string, Entry>() : before
    if (!before) this.#forget(path)
    this.#lists.set(path, fields)
    if (cell.v === null) {
      fields.delete(field)
      return
    }
    const type = this.#rules.typeOf?.(path, field)
    const written = fields.get('FHIR')
    if (type !== undefined && written) {
      fields.set('FHIR', { ...written, values: written.values.filter((each) => !hasType(each, type)) })
    }
    fields.set(field, {
      values: Array.isArray(cell.v) ? listOf(cell.v) : [cell.v],
      winner: winnerOf(step, cell.key),
    })
  }

  #scalar(step: Step, cell: StepCell): void {
    this.#forget(cell.path)
    this.#tree = withPath(this.#tree, cell.path, cell.v === null ? undefined : cell.v)
    if (cell.v !== null) this.#winners.set(cell.path, winnerOf(step, cell.key))
  }

  /** What was known below a path that is now written as a whole. */
  #forget(path: string): void {
    for (const known of [this.#winners, this.#lists])
      for (const each of known.keys()) if (isAtOrBelow(each, path)) known.delete(each)
  }

  finish(): Elements {
    const winners: Record<string, Winner> = Object.fromEntries(this.#winners)
    const write = (path: string, entries: readonly Entry[]) => {
      const list: Json[] = []
      const seen = new Set<string>()
      const isOne = entries.length === 1 && entries[0]?.values.length === 1
      for (const { values, winner } of entries) {
        for (const value of values) {
          const text = isOne ? '' : canonicalText(value)
          if (seen.has(text)) continue
          seen.add(text)
          winners[`${path}[${list.length}]`] = winner
          list.push(value)
        }
      }
      const text = this.#rules.texts?.has(path) ? list.map(String).join('\n') : list
      const [first] = entries
      if (text !== list && first) winners[path] = first.winner
      this.#tree = withPath(this.#tree, path, list.length > 0 ? text : undefined)
    }
    for (const [path, fields] of this.#lists) {
      write(
        path,
        [...fields].sort(([a], [b]) => compareOrigins(a, b)).map(([, entry]) => entry),
      )
    }
    write(
      'identifier',
      [...this.#identifiers.values()].sort((a, b) => compareOrigins(a.field, b.field)),
    )
    return { tree: this.#tree, winners }
  }
}

/** Extensions are written by url as well, so that a client's whole list is one value with them. */
const isList = ({ path, v }: StepCell): boolean => Array.isArray(v) && path !== 'extension'

const isAtOrBelow = (path: string, root: string): boolean =>
  path.startsWith(root) &&
  (path.length === root.length || path[root.length] === '.' || path[root.length] === '(')

/** A client's entries come first: they were there before what the fields have said since. */
const compareOrigins = (a: string, b: string): number =>
  Number(b === 'FHIR') - Number(a === 'FHIR') || compareFields(a, b)

function hasType(entry: Json, code: string): boolean {
  if (!isObject(entry)) return false
  return listOf(entry.type).some(
    (type) => isObject(type) && listOf(type.coding).some((one) => isObject(one) && one.code === code),
  )
}

/** The later statement of one identifier, with the types of both. */
function sameIdentifier(known: Json | undefined, value: FhirJson): Json {
  if (!isObject(known)) return value
  const codings = (each: FhirJson) => (isObject(each.type) ? listOf(each.type.coding) : [])
  const all = new Map([...codings(known), ...codings(value)].map((each) => [canonicalText(each), each]))
  const merged = { ...known, ...value }
  if (all.size === 0) return merged
  const types = {
    ...(isObject(known.type) ? known.type : {}),
    ...(isObject(value.type) ? value.type : {}),
  }
  return {
    ...merged,
    type: { ...types, coding: [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each) },
  }
}
