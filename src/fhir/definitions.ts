// The FHIR R4 definitions this gateway needs, as scripts/slice-definitions.ts cuts them out of the published
// ones.
import codeSetTable from './definitions/code-sets.json' with { type: 'json' }
import codeSystemTable from './definitions/code-systems.json' with { type: 'json' }
import compartmentTable from './definitions/compartments.json' with { type: 'json' }
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
  /** True for what `_summary=true` shows. */
  readonly summary?: boolean
  /** True for what changes the meaning of the whole. */
  readonly modifier?: boolean
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
  /** token, string, reference, date, number, quantity, uri, composite or special */
  readonly type: string
  readonly expression: string
  /** Parts of a composite, by expressions that begin where its own one ends. */
  readonly components?: readonly { readonly type: string; readonly expression: string }[]
  /** Types that a reference may point to; absent = any. */
  readonly targets?: readonly string[]
  readonly url: string
}

/** Canonical URL of a value set that can be listed -> its codes by code system; `*` = all of it. */
export type CodeSetTable = {
  [url: string]: readonly { readonly system: string; readonly codes: readonly string[] | string }[]
}

/** URL of a code system -> its concepts: code, display and, where it has one, parent. */
export type CodeSystemTable = {
  [url: string]: { readonly name: string; readonly concepts: readonly (readonly string[])[] }
}

/** Compartment -> type -> search parameters by which a resource belongs to it; none for the root itself. */
export type CompartmentTable = { [compartment: string]: { [type: string]: readonly string[] } }

export const ELEMENTS: ElementTable = elementTable
export const INVARIANTS: InvariantTable = invariantTable
export const VALUE_SETS: ValueSetTable = valueSetTable
export const SEARCH_PARAM_ROWS: readonly SearchParamRow[] = searchParamTable
export const CODE_SETS: CodeSetTable = codeSetTable
export const CODE_SYSTEMS: CodeSystemTable = codeSystemTable
export const COMPARTMENTS: CompartmentTable = compartmentTable
