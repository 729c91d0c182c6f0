// Composite parameters (http://hl7.org/fhir/R4/search.html#composite): two values of one place that hold together. The
// token of the pair becomes part of the name under which rows of the other value stand, so that each composite is one
// range of an index, and costs nothing where there is none.
import type { SearchParamRow } from './definitions.ts'
import { compilePath, type Visit } from './path.ts'
import { rowLeaf, rowsOf } from './search-leaf.ts'
import { type IndexRows, RowSink } from './search-rows.ts'
import type { TokenValue } from './search-value.ts'

export interface Composite {
  /** Place of the token that names the rows: 0 or 1. */
  readonly token: 0 | 1
  /** Type of the other part. */
  readonly valueType: string
  readonly rows: keyof IndexRows
  readonly visit: Visit<RowSink>
}

/** Name of the rows of a composite for one form of its token. */
export const compositeParam = (code: string, { system, code: value }: TokenValue): string =>
  `${code}$${system === undefined ? '' : `${system}|`}${value ?? ''}`

export function compileComposite(row: SearchParamRow, base: string): Composite {
  const [first, second, ...more] = row.components ?? []
  if (!first || !second || more.length > 0) throw new Error(`${row.url} has not two parts`)
  const token = first.type === 'token' ? 0 : 1
  const [named, other] = token === 0 ? [first, second] : [second, first]
  if (named.type !== 'token') throw new Error(`${row.url} has no token among its parts`)
  const kinds = new Set<keyof IndexRows>()
  const visit = compilePath<RowSink>(row.expression, base, (place) => {
    const tokens = compilePath<RowSink>(named.expression, place, (type, field) =>
      rowLeaf(row.code, 'token', type, field),
    )
    const values = compilePath<RowSink>(other.expression, place, (type, field) => {
      const leaf = rowLeaf(row.code, other.type, type, field)
      if (leaf) kinds.add(rowsOf(row.code, other.type, type))
      return leaf
    })
    return (value, sink) => {
      const names = new RowSink(sink.zone, false)
      tokens(value, names)
      if (names.tokens.length === 0) return
      const found = new RowSink(sink.zone, false)
      values(value, found)
      for (const { system, code } of names.tokens) {
        copy(found, compositeParam(row.code, { system: undefined, code }), sink)
        if (system !== undefined) copy(found, compositeParam(row.code, { system, code }), sink)
        if (system !== undefined) copy(found, compositeParam(row.code, { system, code: undefined }), sink)
      }
    }
  })
  const [rows, ...others] = kinds
  if (!rows || others.length > 0) throw new Error(`${row.url} has values of more than one kind, or of none`)
  return { token, valueType: other.type, rows, visit }
}

function copy(from: RowSink, param: string, to: RowSink): void {
  for (const { system, code } of from.tokens) to.token(param, system, code)
  for (const { raw } of from.strings) to.string(to.strings, param, raw)
  for (const { target } of from.references) to.reference(param, target)
  for (const row of from.dates) to.dates.push({ ...row, param })
  for (const row of from.numbers) to.numbers.push({ ...row, param })
}
