// The cells of one thing while segments add to it: cells of one element and field are one (v2-to-FHIR IG, segment maps).
import type { Cell, Json, Span } from '../mapped.ts'
import { type CellPlan, cellKey } from './compile-segment.ts'

/** Cells of one thing while it is made. */
export interface CellList {
  readonly cells: Cell[]
  /** Names of the segments that have added cells. */
  readonly from: string[]
  /** Places of its cells; made when a segment of one name comes again, for only then are there two of one field. */
  byKey: Map<string, number> | undefined
  /** What further segments add to a cell, by its index. */
  joins: Map<number, { readonly values: Json[]; readonly spans: Span[] }> | undefined
  /** Locations of what further segments say otherwise, where there is room for one value: TQ1 of a series. */
  surplus: string[] | undefined
}

/** Called before a segment adds its cells. */
export function expectFrom(segment: string, into: CellList): void {
  if (!into.from.includes(segment)) into.from.push(segment)
  else into.byKey ??= new Map(into.cells.map(({ path, field }, at) => [cellKey(path, field), at]))
}

/** Cells of one key are one: lists grow, texts get lines, of single values the first stays. */
export function add(into: CellList, plan: CellPlan, cell: Cell): void {
  const at = into.byKey?.get(plan.key)
  const known = at === undefined ? undefined : into.cells[at]
  if (at === undefined || !known) {
    into.byKey?.set(plan.key, into.cells.length)
    into.cells.push(cell)
    return
  }
  const { value, spans } = cell
  if (known.value === null) into.cells[at] = { ...known, value, spans }
  else if (value !== null && plan.grows) {
    // Collected, and joined once at the end: a message may hold very many such segments.
    into.joins ??= new Map()
    let joined = into.joins.get(at)
    if (!joined) {
      joined = { values: [known.value], spans: [...known.spans] }
      into.joins.set(at, joined)
    }
    joined.values.push(value)
    joined.spans.push(...spans)
  } else if (value !== null && !isSaid(value, known.value)) {
    into.surplus ??= []
    into.surplus.push(cell.location)
  }
}

/** The same, or a thing of its own that is told of anyway, such as a place. */
function isSaid(value: Json, known: Json): boolean {
  const text = JSON.stringify(value)
  return text.includes('"reference":"#') || text === JSON.stringify(known)
}

/** The cells of a thing, those of several segments joined. */
export function finishedCells(list: CellList): readonly Cell[] {
  if (!list.joins) return list.cells
  for (const [at, { values, spans }] of list.joins) {
    const cell = list.cells[at]
    if (!cell) continue
    // Of an extension each segment says one, or several.
    const value = typeof cell.value === 'string' ? values.join('\n') : (values.flat() as Json[])
    list.cells[at] = { ...cell, value, spans }
  }
  return list.cells
}
