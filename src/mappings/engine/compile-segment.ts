// Segment maps to closures: fields to cells, one cell per (element, field) (v2-to-FHIR IG, segment maps).
import { ByForm } from './by-form.ts'
import { type CompiledRow, MapFault, noteReads, type RowCompiler, splitName } from './compile-row.ts'
import { mergeReads, type ReadPlan, readComponent, readsAt } from './reads.ts'
import { Place } from './remembered.ts'
import type { MapSource } from './row.ts'
import { type Around, aroundOf, isByText, isLined, isPlural, isRepeatable } from './row-traits.ts'
import { type ShapeCount, type TraceBase, TraceNode } from './trace.ts'

/** What one field says of one element. */
export interface CellPlan extends TraceBase {
  readonly many: boolean
  readonly url: string | undefined
  /** 'PID-5'. */
  readonly name: string
  readonly rows: readonly CompiledRow[]
  /** Rows for one component beside one for the whole field of a list: each makes an item of its own (PID-5.15). */
  readonly apart: readonly CompiledRow[] | undefined
  /** Its one row, when that writes the whole value. */
  readonly only: CompiledRow | undefined
  /** Conditions of its rows, as bits; -1 when a row has none. */
  readonly bits: number
  /** Conditions that decide which of its rows count. */
  readonly mask: number
  /** A list of its row's is several items. */
  readonly several: boolean
  /** Set for 'address[0].district': completes that item of the cell that is there. */
  readonly index: number | undefined
  readonly lines: boolean
  /** Each repetition is an extension of its own; a single one stands alone. */
  readonly plural: boolean
  /** Further segments add to what the first one said, in place of saying it in vain. */
  readonly grows: boolean
  /** What is wrong with it is told, and the message is taken: an extension, or something beside person, visit and money. */
  readonly soft: boolean
  readonly last: boolean
  readonly key: string
  /** ERR-2 location, by occurrence of the segment. */
  readonly locations: string[]
  /** The trie of its lineage. */
  readonly root: TraceNode
  /** What was made of it before, when that follows from its text alone. */
  readonly place: Place | undefined
  /** The fields around its own of which the text counts then, too. */
  readonly around: Around | undefined
}

/** A row with a condition. */
export interface Conditional {
  readonly row: CompiledRow
  /** Code of the character without which the field does not say what the condition wants; NaN = look at it. */
  readonly initial: number
}

export interface FieldPlan {
  readonly field: number
  readonly name: string
  readonly cells: CellPlan[]
  /** Its rows with a condition: asked only when the field is there. */
  readonly conditional: Conditional[]
  required: boolean
}

/** A compiled segment map. */
export interface SegmentMap {
  readonly name: string
  readonly segment: string
  readonly target: string
  readonly fields: readonly FieldPlan[]
  /** Those that a segment has something for: most fields are absent. */
  readonly sent: ByForm<readonly FieldPlan[]>
  /** True when a field has to be sent. */
  readonly demands: boolean
  /** Rows with a condition, in order: bit i of a result says that row i held. */
  readonly conditional: readonly CompiledRow[]
  readonly reads: (held: number) => ReadPlan
}

const maxConditional = 31

/** What a message says beside its point: nobody is turned away at the desk because of it. */
const beside: ReadonlySet<string> = new Set([
  'Condition',
  'Encounter.diagnosis',
  'Encounter.participant',
  'Procedure',
  'Observation',
  'AllergyIntolerance',
  'ServiceRequest',
  'ClaimResponse',
])
const FIELD = /^([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+(?:\.\d+)?))?$/

export function compileSegment(source: MapSource, compiler: RowCompiler): SegmentMap {
  const { from, target } = splitName(source.map)
  const fields = new Map<number, FieldPlan>()
  const conditional: CompiledRow[] = []
  const always: ReadPlan = []
  const reading: { readonly compiled: CompiledRow; readonly field: number }[] = []
  source.rows.forEach((row, index) => {
    const id = `${source.map}#${index + 1}`
    const match = FIELD.exec(row.v2)
    if (match?.[1] !== from) throw new MapFault(`${id}: v2 '${row.v2}' is no field of ${from}`)
    const field = Number(match[2])
    let plan = fields.get(field)
    if (!plan) {
      plan = { field, name: `${from}-${field}`, cells: [], conditional: [], required: false }
      fields.set(field, plan)
    }
    plan.required ||= row.required === true
    if (row.fhir === '-') {
      const reads = readsAt(always, field)
      reads.whole = true
      return
    }
    const bit = row.when === undefined ? 0 : 1 << conditional.length
    const compiled = compiler.row(row, id, target, match[3] ?? '', false, bit)
    if (compiled.test) {
      if (conditional.length === maxConditional)
        throw new MapFault(`${id}: more than ${maxConditional} conditions`)
      conditional.push(compiled)
      plan.conditional.push({ row: compiled, initial: initialOf(compiled, field, from) })
      reading.push({ compiled, field })
    } else noteReads(compiled, field, always)
    addToCell(plan, compiled, { segment: from, soft: beside.has(target), count: compiler })
  })
  const all = [...fields.values()]
  return {
    name: source.map,
    segment: from,
    target,
    fields: all,
    sent: new ByForm((segment) => all.filter(({ field, cells }) => cells.length > 0 && segment.has(field))),
    demands: all.some(({ required }) => required),
    conditional,
    reads: (held) => {
      const plan: ReadPlan = []
      mergeReads(plan, always)
      reading.forEach(({ compiled, field }, bit) => {
        if ((held & (1 << bit)) === 0) return
        noteReads(compiled, field, plan)
        for (const position of compiled.asked) noteAsked(position, from, plan)
      })
      return plan
    },
  }
}

/** Most values differ from the wanted one in their first character already. */
function initialOf({ wanted }: CompiledRow, field: number, segment: string): number {
  const { path } = wanted?.at ?? {}
  const { repetition = 1, component = 1, subcomponent = 1 } = path ?? {}
  const isFirst = repetition === 1 && component === 1 && subcomponent === 1
  return isFirst && path?.segment === segment && path.field === field
    ? (wanted?.value.charCodeAt(0) ?? Number.NaN)
    : Number.NaN
}

/** What decided where a value goes has been read, too. */
function noteAsked(position: string, segment: string, plan: ReadPlan): void {
  const match = FIELD.exec(position)
  if (match?.[1] === segment)
    readComponent(readsAt(plan, Number(match[2])), Number(match[3]?.split('.')[0] ?? 1))
}

/** What all cells of a map have in common. */
interface Common {
  readonly segment: string
  readonly soft: boolean
  readonly count: ShapeCount
}

function addToCell(plan: FieldPlan, compiled: CompiledRow, common: Common): void {
  const { cell, index } = compiled.path
  const at = plan.cells.findIndex((one) => one.path === cell && one.index === index)
  if (at < 0) plan.cells.push(cellOf(plan, [compiled], compiled, common))
  else {
    const { rows = [], apart = [] } = plan.cells[at] ?? {}
    plan.cells[at] = cellOf(plan, [...rows, ...apart, compiled], rows[0] ?? compiled, common)
  }
}

/** All cells in one form, so that reading one costs the same whatever its rows are. */
function cellOf(
  plan: FieldPlan,
  all: readonly CompiledRow[],
  first: CompiledRow,
  { segment, soft, count }: Common,
): CellPlan {
  const { cell, many, url, index } = first.path
  const whole = many && all.some((row) => row.component === undefined && row.steps.length === 0)
  const apart = whole ? all.filter((row) => row.component !== undefined) : []
  const rows = apart.length > 0 ? all.filter((row) => row.component === undefined) : all
  return {
    path: cell,
    segment,
    field: plan.field,
    many,
    url,
    name: plan.name,
    index,
    rows,
    apart: apart.length > 0 ? apart : undefined,
    only: rows.length === 1 && first.steps.length === 0 ? first : undefined,
    bits: all.reduce((bits, { bit }) => (bit === 0 ? -1 : bits | bit), 0),
    mask: all.reduce((mask, { bit }) => mask | bit, 0),
    several: first.leaf?.several === true,
    lines: rows.some(isLined),
    plural: rows.every(isPlural),
    grows: many || rows.some(isLined) || rows.every(isRepeatable),
    soft: soft || url !== undefined,
    last: first.leaf?.last === true,
    key: cellKey(cell, plan.name),
    locations: [],
    root: new TraceNode(count),
    place: placeOf(all),
    around: aroundOf(all),
  }
}

/** Where a cell is remembered whose text says all: that of codes always, any other while its texts come again. */
function placeOf(rows: readonly CompiledRow[]): Place | undefined {
  if (!rows.every(isByText)) return undefined
  return new Place(!rows.some(({ leaf }) => leaf?.coded))
}

/** What a cell is known by within a thing. */
export const cellKey = (path: string, field: string): string => `${path}|${field}`
