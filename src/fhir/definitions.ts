// The FHIR R4 definitions this gateway needs, as scripts/slice-definitions.ts cuts them out of the published
// ones.
import elementTable from './definitions/elements.json' with { type: 'json' }
import invariantTable from './definitions/invariants.json' with { type: 'json' }
import searchParamTable from './definitions/search-params.json' with { type: 'json' }
import valueSetTable from './definitions/value-sets.json' with { type: 'json' }

/** One element of a type. A choice keeps its `[x]` in the name. */
export interface ElementRow {
  /** FHIR type codes; more than one for a choice. Absent with `content`. */
  readonly type?: readonly string[]
  /** Path whose definition this element repeats, such as `Bundle.link`. */
  readonly content?: string
  /** Absent = 0. */
  readonly min?: number
  /** Absent = '1'. */
  readonly max?: string
  /** Types that a Reference may point to; absent = any. */
  readonly targets?: readonly string[]
  /** Strength (required, extensible, preferred, example) and value set. */
  readonly binding?: readonly string[]
  /** Names of invariants that hold for each value here. */
  readonly invariants?: readonly string[]
}

/** A type or a backbone element: `Patient`, `Patient.contact`, `HumanName`. */
export interface TypeRow {
  /** resource, complex-type or backbone */
  readonly kind: string
  readonly invariants?: readonly string[]
  readonly elements: { [name: string]: ElementRow }
}
export type ElementTable = { [path: string]: TypeRow }

/** Invariant name -> its meaning and its FHIRPath text. */
export type InvariantTable = { [name: string]: { readonly human: string; readonly expression: string } }

/** Canonical URL of a required value set -> its codes by code system. */
export type ValueSetTable = {
  [url: string]: readonly { readonly system: string; readonly codes: readonly string[] }[]
}

/** A search parameter of one base type; `Resource` = of every type. */
export interface SearchParamRow {
  readonly base: string
  readonly code: string
  /** token, string, reference, date, number, quantity or uri */
  readonly type: string
  readonly expression: string
  /** Types that a reference may point to; absent = any. */
  readonly targets?: readonly string[]
  readonly url: string
}

export const ELEMENTS: ElementTable = elementTable
export const INVARIANTS: InvariantTable = invariantTable
export const VALUE_SETS: ValueSetTable = valueSetTable
export const SEARCH_PARAM_ROWS: readonly SearchParamRow[] = searchParamTable
