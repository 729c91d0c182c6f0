// Segment maps to closures: fields to cells, one cell per (element, field) (v2-to-FHIR IG, segment maps).
import type { Segment } from '../../hl7/message.ts'
import type { Cell, Json } from '../mapped.ts'
import { applyDefaults, type CompiledRow, MapFault, noteReads, type RowCompiler, splitName, valueOf } from './compile-row.ts'
import type { Facts } from './condition.ts'
import { type Draft, put } from './element-path.ts'
import { mergeReads, type ReadPlan, readsAt } from './reads.ts'
import type { MapSource } from './row.ts'
import type { Run } from './run.ts'
import { spansAt, type TraceBase, TraceNode } from './trace.ts'

/** What one field says of one element. */
interface CellPlan extends TraceBase {
  readonly url: string | undefined
  readonly rows: readonly CompiledRow[]
  /** Set for 'address[0].district': completes that item of the cell that is there. */
  readonly index: number | undefined
  readonly lines: boolean
  readonly last: boolean
  readonly key: string
  readonly location: string
  /** One trie per occurrence of the segment; later ones are not worth remembering. */
  readonly roots: TraceNode[]
}

interface FieldPlan {
  readonly field: number
  readonly name: string
  readonly cells: CellPlan[]
  required: boolean
}

/** A compiled segment map. */
export interface SegmentMap {
  readonly name: string
  readonly segment: string
  readonly target: string
  readonly fields: readonly FieldPlan[]
  /** Rows with a condition, in order: bit i of a result says that row i held. */
  readonly conditional: readonly CompiledRow[]
  readonly reads: (held: number) => ReadPlan
}

/** Cells of one thing while it is made. */
export interface CellList {
  readonly cells: Cell[]
  readonly byKey: Map<string, number>
}

const maxConditional = 31
const maxRoots = 8
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
      plan = { field, name: `${from}-${field}`, cells: [], required: false }
      fields.set(field, plan)
    }
    plan.required ||= row.required === true
    if (row.fhir === '-') {
      const reads = readsAt(always, field)
      reads.whole = true
      return
    }
    const compiled = compiler.row(row, id, target, match[3] ?? '')
    if (compiled.test) {
      if (conditional.length === maxConditional) throw new MapFault(`${id}: more than ${maxConditional} conditions`)
      conditional.push(compiled)
      reading.push({ compiled, field })
    } else noteReads(compiled, field, always)
    addToCell(plan, compiled, from)
  })
  return {
    name: source.map,
    segment: from,
    target,
    fields: [...fields.values()],
    conditional,
    reads: (held) => {
      const plan: ReadPlan = []
      mergeReads(plan, always)
      reading.forEach(({ compiled, field }, bit) => {
        if (held & (1 << bit)) noteReads(compiled, field, plan)
      })
      return plan
    },
  }
}

function addToCell(plan: FieldPlan, compiled: CompiledRow, segment: string): void {
  const { cell, many, url, index } = compiled.path
  const known = plan.cells.find((one) => one.path === cell && one.index === index)
  if (known) {
    plan.cells[plan.cells.indexOf(known)] = { ...known, rows: [...known.rows, compiled] }
    return
  }
  plan.cells.push({
    path: cell,
    segment,
    field: plan.field,
    many,
    url,
    index,
    rows: [compiled],
    lines: compiled.leaf?.lines === true,
    last: compiled.leaf?.last === true,
    key: `${cell}|${plan.name}`,
    location: `${segment}^1^${plan.field}`,
    roots: [],
  })
}

/** Runs a segment map over a segment, adds cells; returns which conditional rows held. */
export function runSegment(map: SegmentMap, segment: Segment, run: Run, facts: Facts, into: CellList): number {
  run.segment = segment
  run.occurrence = segment.occurrence
  let held = 0
  for (let bit = 0; bit < map.conditional.length; bit++) {
    if (map.conditional[bit]?.test?.(facts)) held |= 1 << bit
  }
  const amending: CellPlan[] = []
  for (const plan of map.fields) {
    const raw = segment.raw(plan.field)
    run.field = plan.field
    run.repetition = 0
    if (raw === undefined || raw === '') {
      if (plan.required) missing(plan, run)
      if (raw === '' && run.context.emptyMeansDelete?.has(plan.name)) nullCells(plan, run, into, held, map)
      continue
    }
    if (plan.cells.length === 0) continue
    if (raw.startsWith('""') && isDelete(raw)) {
      if (plan.required) missing(plan, run)
      nullCells(plan, run, into, held, map)
      continue
    }
    const repetitions = segment.repetitions(plan.field)
    if (repetitions.length > 1) warnOfNulls(repetitions, run)
    for (const cell of plan.cells) {
      if (!anyHolds(cell, held, map)) continue
      if (cell.index !== undefined) amending.push(cell)
      else makeCell(cell, repetitions, run, into, held, map)
    }
  }
  for (const cell of amending) amend(cell, segment, run, into, held, map)
  return held
}

function holds(row: CompiledRow, held: number, map: SegmentMap): boolean {
  return !row.test || (held & (1 << map.conditional.indexOf(row))) !== 0
}

function anyHolds(cell: CellPlan, held: number, map: SegmentMap): boolean {
  for (const row of cell.rows) if (holds(row, held, map)) return true
  return false
}

const onlyDelimiters = /^""[^\w]*$/

/** `""`, also with nothing but separators after it: delete all. */
function isDelete(raw: string): boolean {
  return raw === '""' || (onlyDelimiters.test(raw) && !raw.includes('""', 2))
}

function missing(plan: FieldPlan, run: Run): void {
  run.row = ''
  run.issue({
    kind: 'required',
    severity: 'E',
    code: '101',
    location: run.segment?.location(plan.field) ?? '',
    text: `${plan.name} is missing - send it`,
  })
}

function warnOfNulls(repetitions: readonly string[], run: Run): void {
  repetitions.forEach((raw, index) => {
    if (raw !== '""') return
    run.repetition = index
    run.row = ''
    run.issue({
      kind: 'repetition',
      severity: 'W',
      code: '0',
      text: `${run.position()} has "" among other repetitions, ignored - send the full list`,
    })
  })
  run.repetition = 0
}

function nullCells(plan: FieldPlan, run: Run, into: CellList, held: number, map: SegmentMap): void {
  for (const cell of plan.cells) {
    if (cell.index !== undefined || !anyHolds(cell, held, map)) continue
    const segment = run.occurrence === 1 ? cell.segment : `${cell.segment}[${run.occurrence}]`
    const v2 = `${segment}-${cell.field}[1]`
    const row = cell.rows[0]?.id ?? ''
    add(into, cell, null, run, run.context.lineage ? [{ fhir: cell.path, v2, row }] : [])
  }
}

function rootOf(cell: CellPlan, occurrence: number): TraceNode {
  const known = cell.roots[occurrence]
  if (known) return known
  const root = new TraceNode(undefined, occurrence)
  if (occurrence <= maxRoots) cell.roots[occurrence] = root
  return root
}

function makeCell(
  cell: CellPlan,
  repetitions: readonly string[],
  run: Run,
  into: CellList,
  held: number,
  map: SegmentMap,
): void {
  run.node = run.context.lineage ? rootOf(cell, run.occurrence) : undefined
  const items: unknown[] = []
  const every = cell.many || cell.lines
  const first = cell.last ? repetitions.length - 1 : 0
  const end = every || cell.last ? repetitions.length : 1
  for (let index = first; index < end; index++) {
    const raw = repetitions[index]
    if (raw === undefined || raw === '' || raw === '""') continue
    run.repetition = index
    const before = run.node
    if (before) run.node = before.to(index)
    const item = itemOf(cell, raw, run, held, map)
    if (item === undefined) run.node = before
    else if (Array.isArray(item) && cell.rows[0]?.leaf?.several) items.push(...item)
    else items.push(item)
  }
  run.repetition = 0
  const end1 = run.node
  run.node = undefined
  if (items.length === 0) return
  const spans = end1 ? spansAt(end1, cell, run.occurrence) : []
  const value = cell.lines ? items.join('\n') : cell.many ? items : items[0]
  add(into, cell, value, run, spans)
}

/** One item of a cell, from one repetition. */
function itemOf(cell: CellPlan, raw: string, run: Run, held: number, map: SegmentMap): unknown {
  const only = cell.rows.length === 1 ? cell.rows[0] : undefined
  if (only && only.steps.length === 0) {
    const value = readPart(only, raw, run)
    if (value !== undefined && only.defaults.length > 0) {
      for (const item of Array.isArray(value) ? value : [value]) {
        if (isObject(item)) applyDefaults(only, item, run)
      }
    }
    return value
  }
  let item: Draft | undefined
  for (const row of cell.rows) {
    if (!holds(row, held, map)) continue
    const value = readPart(row, raw, run)
    if (value === undefined) continue
    if (row.steps.length === 0) item = { ...item, ...(isObject(value) ? value : {}) }
    else {
      item ??= cell.url === undefined ? {} : { url: cell.url }
      put(item, row.steps, value)
    }
    applyDefaults(row, item, run)
  }
  return item
}

function isObject(value: unknown): value is Draft {
  return typeof value === 'object' && value !== null
}

function readPart(row: CompiledRow, raw: string, run: Run): unknown {
  let part: string | undefined = raw
  run.level = 0
  if (row.component !== undefined) {
    part = run.parts(raw)[row.component - 1]
    if (part !== undefined && row.subcomponent !== undefined) part = run.subparts(part)[row.subcomponent - 1]
    run.level = 1
  }
  if (part === undefined || part === '' || part === '""') return undefined
  const value = valueOf(row, part, run)
  run.level = 0
  return value
}

/** Cells of one key are one: lists grow, texts get lines, of single values the first stays. */
function add(into: CellList, cell: CellPlan, value: unknown, run: Run, spans: Cell['spans']): void {
  const at = into.byKey.get(cell.key)
  const known = at === undefined ? undefined : into.cells[at]
  if (at === undefined || !known) {
    into.byKey.set(cell.key, into.cells.length)
    const location = run.occurrence === 1 ? cell.location : (run.segment?.location(cell.field) ?? '')
    into.cells.push({ path: cell.path, field: `${cell.segment}-${cell.field}`, value: value as Json, location, spans })
    return
  }
  const joined = join(known.value, value, cell)
  if (joined !== undefined) into.cells[at] = { ...known, value: joined, spans: [...known.spans, ...spans] }
}

function join(known: Json, value: unknown, cell: CellPlan): Json | undefined {
  if (known === null) return value as Json
  if (Array.isArray(known) && Array.isArray(value)) return [...known, ...(value as Json[])]
  if (cell.lines && typeof known === 'string' && typeof value === 'string') return `${known}\n${value}`
  return undefined
}

/** Completes an item of a cell made before: the district that PID-12 gives to the address of PID-11. */
function amend(cell: CellPlan, segment: Segment, run: Run, into: CellList, held: number, map: SegmentMap): void {
  const known = into.cells.findIndex((one) => one.path === cell.path && Array.isArray(one.value))
  const target = into.cells[known]
  const raw = segment.repetitions(cell.field)[0]
  if (!target || raw === undefined || !Array.isArray(target.value)) return
  run.field = cell.field
  const index = cell.index ?? 0
  run.node = run.context.lineage ? new TraceNode(undefined, 0).to(0) : undefined
  const item = itemOf({ ...cell, many: true }, raw, run, held, map)
  const end = run.node
  run.node = undefined
  const old = target.value[index]
  if (!isObject(item) || !isObject(old)) return
  const value = target.value.map((one: Json, at: number) => (at === index ? { ...old, ...item } : one)) as Json
  const base = { ...cell, path: `${cell.path}[${index}]`, many: false }
  const spans = end ? [...target.spans, ...spansAt(end, base, run.occurrence)] : target.spans
  into.cells[known] = { ...target, value, spans }
}
