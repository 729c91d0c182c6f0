// What readers of search parameters have in common: what they are told, what they answer, and how they refuse.
import type { ZoneOffset } from './date.ts'
import type { Filter } from './filter.ts'
import type { Issue, IssueCode } from './issue.ts'
import type { SearchParam } from './search-params.ts'
import type { Code } from './terminology.ts'

/** Modifiers by type of parameter; `:[type]` of references is a resource type, `:of-type` is of identifiers only. */
export const MODIFIERS: Readonly<Record<string, readonly string[]>> = {
  token: ['missing', 'not', 'text', 'in', 'not-in', 'above', 'below', 'of-type'],
  string: ['missing', 'exact', 'contains'],
  reference: ['missing', 'identifier', 'above', 'below'],
  date: ['missing'],
  number: ['missing'],
  quantity: ['missing'],
  uri: ['missing', 'above', 'below'],
  composite: ['missing'],
  special: [],
}

/** The modifiers that a parameter takes. */
export function modifiersOf({ code, type, rows, targets, types }: SearchParam): readonly string[] {
  if (code === '_id') return ['missing', 'not']
  if (code === '_lastUpdated') return ['missing']
  const all = MODIFIERS[type] ?? []
  if (type === 'reference' && treeOf(targets) === undefined)
    return all.filter((each) => each !== 'above' && each !== 'below')
  if (type === 'string' && rows === 'tokens') return ['missing']
  if (type !== 'token') return all
  const has = (names: readonly string[]): boolean => names.some((each) => types.has(each))
  return all.filter((modifier) => {
    if (modifier === 'of-type') return has(['Identifier'])
    if (modifier === 'text') return has(['Identifier', 'Coding', 'CodeableConcept'])
    return !CODED.has(modifier) || has(['code', 'Coding', 'CodeableConcept'])
  })
}

/** Modifiers that need a code system. */
const CODED: ReadonlySet<string> = new Set(['in', 'not-in', 'above', 'below'])

/** Types whose members have a parent of the same type, with the parameter that names it. */
const TREES: Readonly<Record<string, string>> = { Location: 'partof', Organization: 'partof' }

/** The type of hierarchy that a reference can point to. */
export function treeOf(targets: readonly string[]): { type: string; parent: string } | undefined {
  const type = targets.find((each) => Object.hasOwn(TREES, each))
  const parent = type === undefined ? undefined : TREES[type]
  return type !== undefined && parent !== undefined ? { type, parent } : undefined
}

/** All codes of a value set; undefined when it is not known, or cannot be listed. */
export type CodesIn = (url: string) => readonly Code[] | undefined

export interface FilterContext {
  /** Without it, the value sets that are carried are known. */
  readonly codesIn: CodesIn | undefined
  readonly zone: ZoneOffset
  /** Milliseconds since 1970: what is about a time is so from here. */
  readonly now: number | undefined
  /** Own base URL without a slash at the end: references that begin with it are relative. */
  readonly baseUrl: string | undefined
  readonly maxValues: number
  readonly maxChainDepth: number
}

/** A parameter read: a condition; a parameter that nobody knows; or a request that cannot be answered. */
export type FilterRead = { readonly filter: Filter } | { readonly unknown: Issue } | { readonly issue: Issue }

export interface Reading extends FilterContext {
  /** As in the request, for issues. */
  readonly name: string
  readonly depth: number
}

export function isComplete<T>(values: readonly (T | undefined)[]): values is readonly T[] {
  return !values.includes(undefined)
}

const MAX_SHOWN_CHARS = 64

/** A name from a request, fit for an answer. */
export function shown(name: string): string {
  return name.slice(0, MAX_SHOWN_CHARS).replace(/[^\w.:_-]/g, '?')
}

export function refuse(name: string, text: string, code: IssueCode = 'invalid'): { readonly issue: Issue } {
  return { issue: { severity: 'error', code, diagnostics: `Search parameter ${shown(name)}: ${text}` } }
}

export function unknownParam(type: string, name: string): Issue {
  const text = `is not known for ${type} and was ignored - see ${type} in /metadata for those that are`
  return {
    severity: 'warning',
    code: 'not-supported',
    diagnostics: `Search parameter ${shown(name)}: ${text}`,
  }
}
