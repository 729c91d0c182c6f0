// What one search may ask for (docs/reference/limits.md).

export interface SearchLimits {
  readonly maxParams: number
  /** Comma-separated values of one parameter. */
  readonly maxValues: number
  readonly maxValueChars: number
  /** Links of a chain, or nested _has. */
  readonly maxChainDepth: number
  readonly maxIncludes: number
  readonly maxSortKeys: number
  readonly defaultCount: number
  readonly maxCount: number
}

export const SEARCH_LIMITS: SearchLimits = {
  maxParams: 50,
  maxValues: 200,
  maxValueChars: 8_000,
  maxChainDepth: 3,
  maxIncludes: 20,
  maxSortKeys: 5,
  defaultCount: 20,
  maxCount: 1_000,
}
