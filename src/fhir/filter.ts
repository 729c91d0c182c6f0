// Conditions of a search as data (http://hl7.org/fhir/R4/search.html): what requests are read to, and statements are
// made from.
import type { DateValue, NumberValue, TokenValue } from './search-value.ts'

/**
 * A condition on resources of one type; any of its values may hold. The kind says which rows of indexResource
 * it looks at; `id` and the param `_lastUpdated` of `date` are columns of the store.
 */
export type Filter =
  | { readonly kind: 'id'; readonly ids: readonly string[] }
  | TokenFilter
  | StringFilter
  | { readonly kind: 'reference'; readonly param: string; readonly targets: readonly string[] }
  | DateFilter
  | { readonly kind: 'number'; readonly param: string; readonly values: readonly NumberValue[] }
  | { readonly kind: 'missing'; readonly param: string; readonly missing: boolean }
  | ChainFilter
  | HasFilter
  | { readonly kind: 'all' | 'any'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | UriFilter
  | TypedFilter
  | TreeFilter
  | NearFilter
  /** Entries of these Lists. */
  | { readonly kind: 'list'; readonly ids: readonly string[] }
  /** Words in the narrative, or anywhere. */
  | { readonly kind: 'words'; readonly where: 'text' | 'content'; readonly values: readonly string[] }

/** `token`: rows in IndexRows.tokens; `identifier`: in IndexRows.identifiers. */
export interface TokenFilter {
  readonly kind: 'token' | 'identifier'
  readonly param: string
  /** `:not`: no value of the parameter is one of these. */
  readonly not: boolean
  readonly values: readonly TokenValue[]
}

/** `string`: rows in IndexRows.strings; `text`: texts and displays of concepts. */
export interface StringFilter {
  readonly kind: 'string' | 'text'
  readonly param: string
  /** `equals` compares as `starts` does, `exact` as it is written. */
  readonly match: 'starts' | 'contains' | 'ends' | 'equals' | 'exact'
  readonly values: readonly { readonly text: string; readonly raw: string }[]
}

export interface DateFilter {
  readonly kind: 'date'
  readonly param: string
  readonly values: readonly DateValue[]
}

/** The reference `param` points to a resource of one of these types for which its filter holds. */
export interface ChainFilter {
  readonly kind: 'chain'
  readonly param: string
  readonly alternatives: readonly { readonly type: string; readonly filter: Filter }[]
}

/** A resource of `type` points here by its `param`, and the filter holds for it. */
export interface HasFilter {
  readonly kind: 'has'
  readonly type: string
  readonly param: string
  readonly filter: Filter
}

/** A URI that is above or below another one, by its path. */
export interface UriFilter {
  readonly kind: 'uri'
  readonly param: string
  readonly direction: 'above' | 'below'
  readonly values: readonly string[]
}

/** `:of-type`: an identifier with this type and value. */
export interface TypedFilter {
  readonly kind: 'typed'
  readonly param: string
  readonly values: readonly { readonly system: string; readonly code: string; readonly value: string }[]
}

/** A reference to something in a hierarchy: to one of these, or to what is above or below it. */
export interface TreeFilter {
  readonly kind: 'tree'
  readonly param: string
  readonly type: string
  /** Parameter by which the members of the hierarchy point to their parent. */
  readonly parent: string
  readonly direction: 'above' | 'below'
  readonly ids: readonly string[]
}

/** Within `km` of a place. */
export interface NearFilter {
  readonly kind: 'near'
  readonly param: string
  readonly places: readonly { readonly latitude: number; readonly longitude: number; readonly km: number }[]
}

/** All conditions in a condition, itself included. */
export function* everyFilter(filter: Filter): Generator<Filter> {
  yield filter
  switch (filter.kind) {
    case 'all':
    case 'any':
      for (const each of filter.filters) yield* everyFilter(each)
      break
    case 'not':
    case 'has':
      yield* everyFilter(filter.filter)
      break
    case 'chain':
      for (const each of filter.alternatives) yield* everyFilter(each.filter)
      break
  }
}
