// The search parameters of each type: those of FHIR R4 (http://hl7.org/fhir/R4/searchparameter-registry.html)
// and of US Core 6.1.0 and 7.0.0; and the index rows that a resource has by them. Parameters of a type are compiled
// when the type is first met.
import { UTC, type ZoneOffset } from './date.ts'
import { SEARCH_PARAM_ROWS, type SearchParamRow } from './definitions.ts'
import { compilePath, type Visit } from './path.ts'
import { type Composite, compileComposite } from './search-composite.ts'
import { rowLeaf, rowsOf } from './search-leaf.ts'
import { type IndexRows, RowSink } from './search-rows.ts'
import { isObject, isServedType, SERVED_TYPES } from './types.ts'

export type SearchParamType =
  | 'token'
  | 'string'
  | 'reference'
  | 'date'
  | 'number'
  | 'quantity'
  | 'uri'
  | 'composite'
  | 'special'

export interface SearchParam {
  readonly code: string
  readonly type: SearchParamType
  /** Types that a reference can point to; empty = any. */
  readonly targets: readonly string[]
  /** Where indexResource puts its values. */
  readonly rows: keyof IndexRows
  readonly expression: string
  /** Canonical URL of its definition. */
  readonly url: string
  /** FHIR types of its values. */
  readonly types: ReadonlySet<string>
  /** Of a composite. */
  readonly composite?: Composite
  /** Adds the rows of a resource. */
  readonly extract: Visit<RowSink>
}

const TYPES: ReadonlySet<string> = new Set([
  'token',
  'string',
  'reference',
  'date',
  'number',
  'quantity',
  'uri',
  'composite',
  'special',
])

function isSearchType(type: string): type is SearchParamType {
  return TYPES.has(type)
}

/** Parameters that the store has columns for, not index rows. */
export const COLUMN_PARAMS: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

function compile(row: SearchParamRow, type: SearchParamType, base: string): SearchParam {
  const { code, expression, url } = row
  const resolved = /resolve\(\) is ([A-Za-z]+)/.exec(expression)?.[1]
  const targets = resolved ? [resolved] : (row.targets ?? [])
  const common = { code, type, targets, expression, url }
  if (type === 'composite') {
    const composite = compileComposite(row, base)
    const { rows, visit } = composite
    return { ...common, rows, types: new Set(), composite, extract: visit }
  }
  // What is special is computed when it is asked for.
  if (type === 'special') return { ...common, rows: 'present', types: new Set(), extract: () => {} }
  const kinds = new Set<keyof IndexRows>()
  const types = new Set<string>()
  const extract = compilePath<RowSink>(expression, base, (found, field) => {
    const leaf = rowLeaf(code, type, found, field)
    if (leaf) kinds.add(rowsOf(code, type, found))
    if (leaf) types.add(found)
    return leaf
  })
  const [rows, ...more] = kinds
  if (!rows || more.length > 0) throw new Error(`${url} has values of more than one kind, or of none`)
  return { ...common, rows, types, extract }
}

const compiled = new Map<string, ReadonlyMap<string, SearchParam>>()
/** With those of packages: one process serves one site, and takes them over before anything is searched. */
let inForce: readonly SearchParamRow[] = SEARCH_PARAM_ROWS

/** The rows of all parameters. */
export const searchParamRows = (): readonly SearchParamRow[] => inForce

/** Puts parameters of packages beside those of R4 and US Core; each must be one that compiles. */
export function addSearchParams(more: readonly SearchParamRow[]): void {
  inForce = [...SEARCH_PARAM_ROWS, ...more]
  compiled.clear()
}

/** Throws an Error when a parameter is not of the part of FHIRPath, or of the types, that can be searched by. */
export function checkSearchParam(row: SearchParamRow): void {
  if (!isSearchType(row.type) || row.type === 'composite' || row.type === 'special')
    throw new Error(`its type ${row.type} is not one for packages`)
  compile(row, row.type, row.base)
}

/** The parameters of a type by their code; empty for a type that is not served. */
export function searchParamsOf(type: string): ReadonlyMap<string, SearchParam> {
  const known = compiled.get(type)
  if (known) return known
  const params = new Map<string, SearchParam>()
  if (!isServedType(type)) return params
  for (const row of inForce) {
    if (row.base !== 'Resource' && row.base !== type) continue
    if (isSearchType(row.type)) params.set(row.code, compile(row, row.type, type))
  }
  compiled.set(type, params)
  return params
}

/** One parameter of a type. */
export function searchParam(type: string, code: string): SearchParam | undefined {
  return searchParamsOf(type).get(code)
}

/** True for references that hold the URL of what they mean; they are indexed with its version and without it. */
export function isCanonical(type: string, code: string): boolean {
  const param = searchParam(type, code)
  return param?.type === 'reference' && param.types.has('canonical')
}

/** Compiles all types now; a server does this before it is ready. */
export function compileSearchParams(): void {
  for (const type of SERVED_TYPES) searchParamsOf(type)
}

export interface IndexOptions {
  /** What dates without a zone mean: wall-clock time of the site. */
  readonly zone?: ZoneOffset
  /** Adds IndexRows.texts. */
  readonly texts?: boolean
}

/** The rows that a resource is found by. What does not fit its type is left out, not reported. */
export function indexResource(resource: unknown, options: IndexOptions = {}): IndexRows {
  const sink = new RowSink(options.zone ?? UTC, options.texts ?? false)
  if (!isObject(resource) || typeof resource.resourceType !== 'string') return sink
  for (const param of searchParamsOf(resource.resourceType).values()) {
    if (COLUMN_PARAMS.has(param.code)) continue
    const before = rowCount(sink)
    param.extract(resource, sink)
    if (rowCount(sink) !== before) sink.present.push(param.code)
  }
  return sink
}

function rowCount({ tokens, identifiers, strings, references, dates, numbers }: IndexRows): number {
  return (
    tokens.length + identifiers.length + strings.length + references.length + dates.length + numbers.length
  )
}
