// One segment through its compiled map: presence, repetitions, cells (semantics, section 6; v2-to-FHIR IG).
import type { Segment } from '../../hl7/message.ts'
import type { Cell, Json, Span } from '../mapped.ts'
import { applyDefaults, type CompiledRow, readValue } from './compile-row.ts'
import { type CellPlan, cellKey, type FieldPlan, type SegmentMap } from './compile-segment.ts'
import type { Facts } from './condition.ts'
import { type Draft, put } from './element-path.ts'
import type { Run } from './run.ts'
import { spansAt, TraceNode } from './trace.ts'

/** Cells of one thing while it is made. */
export interface CellList {
  readonly cells: Cell[]
  /** Places of its cells; made when a second segment comes, for the cells of one differ. */
  byKey: Map<string, number> | undefined
  /** What further segments add to a cell, by its index. */
  joins: Map<number, { readonly values: Json[]; readonly spans: Span[] }> | undefined
}

/** Occurrences of a segment whose shapes and locations are remembered. */
const maxRoots = 8

/** Runs a segment map over a segment, adds cells; returns which conditional rows held. */
export function runSegment(
  map: SegmentMap,
  segment: Segment,
  run: Run,
  facts: Facts,
  into: CellList,
): number {
  run.segment = segment
  run.occurrence = segment.occurrence
  if (into.cells.length > 0)
    into.byKey ??= new Map(into.cells.map(({ path, field }, at) => [cellKey(path, field), at]))
  let held = 0
  let amending: CellPlan[] | undefined
  for (const plan of map.fields) {
    const { field } = plan
    if (!segment.has(field)) {
      if (plan.required || run.context.emptyMeansDelete) held |= unsent(plan, run, facts, into, held)
      continue
    }
    if (plan.cells.length === 0) continue
    run.field = field
    run.repetition = 0
    if (plan.conditional.length > 0) held |= heldOf(plan, facts)
    const repetitions = segment.repetitions(field)
    if (repetitions[0]?.startsWith('""') && isDelete(segment.raw(field) ?? '')) {
      if (plan.required) missing(plan, run)
      nullCells(plan, run, into, held)
      continue
    }
    if (repetitions.length > 1) warnOfNulls(repetitions, run)
    for (const cell of plan.cells) {
      if ((cell.bits & held) === 0 && cell.bits !== -1) continue
      if (cell.index === undefined) makeCell(cell, repetitions, run, into, held)
      else {
        amending ??= []
        amending.push(cell)
      }
    }
  }
  if (amending) for (const cell of amending) amend(cell, segment, run, into, held)
  return held
}

/** A field that was not sent, or sent empty; returns which of its conditions held. */
function unsent(plan: FieldPlan, run: Run, facts: Facts, into: CellList, before: number): number {
  run.field = plan.field
  run.repetition = 0
  if (plan.required) missing(plan, run)
  if (!run.context.emptyMeansDelete?.has(plan.name) || plan.field > (run.segment?.fieldCount ?? 0)) return 0
  const held = heldOf(plan, facts)
  nullCells(plan, run, into, before | held)
  return held
}

/** The conditions of a field that hold, as bits. */
function heldOf(plan: FieldPlan, facts: Facts): number {
  let held = 0
  for (const row of plan.conditional) if (row.test?.(facts)) held |= row.bit
  return held
}

function holds(row: CompiledRow, held: number): boolean {
  return row.bit === 0 || (held & row.bit) !== 0
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

function nullCells(plan: FieldPlan, run: Run, into: CellList, held: number): void {
  for (const cell of plan.cells) {
    if (cell.index !== undefined || ((cell.bits & held) === 0 && cell.bits !== -1)) continue
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
): void {
  run.node = run.context.lineage ? rootOf(cell, run.occurrence) : undefined
  run.soft = cell.soft
  const every = cell.many || cell.lines || (cell.plural && repetitions.length > 1)
  const value = every ? listOf(cell, repetitions, run, held) : oneOf(cell, repetitions, run, held)
  const base = cell.plural && Array.isArray(value) ? { ...cell, many: true } : cell
  run.repetition = 0
  run.soft = false
  const end = run.node
  run.node = undefined
  if (value !== undefined) add(into, cell, value, run, end ? spansAt(end, base, run.occurrence) : [])
}

/** The value of an element that does not repeat: of the first repetition, or of the last. */
function oneOf(cell: CellPlan, repetitions: readonly string[], run: Run, held: number): unknown {
  const index = cell.last ? repetitions.length - 1 : 0
  const raw = repetitions[index]
  if (raw === undefined || raw === '' || raw === '""') return undefined
  run.repetition = index
  if (run.node) run.node = run.node.to(index)
  const item = itemOf(cell, raw, run, held)
  return cell.several && Array.isArray(item) ? item[0] : item
}

/** The items of all repetitions; of texts their lines. */
function listOf(cell: CellPlan, repetitions: readonly string[], run: Run, held: number): unknown {
  const items: unknown[] = []
  for (let index = cell.last ? repetitions.length - 1 : 0; index < repetitions.length; index++) {
    const raw = repetitions[index]
    if (raw === undefined || raw === '' || raw === '""') continue
    run.repetition = index
    const before = run.node
    if (before) run.node = before.to(index)
    const item = itemOf(cell, raw, run, held)
    if (item === undefined) run.node = before
    else if (cell.several && Array.isArray(item)) items.push(...item)
    else items.push(item)
  }
  if (items.length === 0 || (cell.plural && items.length === 1)) return items[0]
  return cell.lines ? items.join('\n') : items
}

/** One item of a cell, from one repetition. */
function itemOf(cell: CellPlan, raw: string, run: Run, held: number): unknown {
  const { only } = cell
  if (only) {
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
    if (!holds(row, held)) continue
    const value = readPart(row, raw, run)
    if (value === undefined) continue
    // Rows that exclude each other may write one primitive: the first that holds does.
    if (row.steps.length === 0 && (!isObject(value) || JSON.isRawJSON(value))) return value
    if (row.steps.length === 0) item = { ...item, ...value }
    else {
      item ??= cell.url === undefined ? {} : { url: cell.url }
      put(item, row.steps, value)
    }
    applyDefaults(row, item, run)
  }
  return item
}

const isObject = (value: unknown): value is Draft => typeof value === 'object' && value !== null

function readPart(row: CompiledRow, raw: string, run: Run): unknown {
  let part: string | undefined = raw
  run.level = 0
  if (row.component !== undefined) {
    part = run.parts(raw)[row.component - 1]
    if (part !== undefined && row.subcomponent !== undefined) part = run.subparts(part)[row.subcomponent - 1]
    run.level = 1
  }
  if (part === undefined || part === '' || part === '""') return undefined
  const value = readValue(row, part, run)
  run.level = 0
  return value
}

/** Cells of one key are one: lists grow, texts get lines, of single values the first stays. */
function add(into: CellList, cell: CellPlan, value: unknown, run: Run, spans: Cell['spans']): void {
  const at = into.byKey?.get(cell.key)
  const known = at === undefined ? undefined : into.cells[at]
  if (at === undefined || !known) {
    into.byKey?.set(cell.key, into.cells.length)
    const location = locationOf(cell, run.occurrence)
    into.cells.push({ path: cell.path, field: cell.name, value: value as Json, location, spans })
    return
  }
  if (known.value === null) into.cells[at] = { ...known, value: value as Json, spans }
  else if (value !== null && (cell.many || cell.lines)) {
    // Collected, and joined once at the end: a message may hold very many such segments.
    into.joins ??= new Map()
    let joined = into.joins.get(at)
    if (!joined) {
      joined = { values: [known.value], spans: [...known.spans] }
      into.joins.set(at, joined)
    }
    joined.values.push(value as Json)
    joined.spans.push(...spans)
  }
}

function locationOf(cell: CellPlan, occurrence: number): string {
  const known = cell.locations[occurrence]
  if (known !== undefined) return known
  const location = `${cell.segment}^${occurrence}^${cell.field}`
  if (occurrence <= maxRoots) cell.locations[occurrence] = location
  return location
}

/** The cells of a thing, those of several segments joined. */
export function finishedCells(list: CellList): readonly Cell[] {
  if (!list.joins) return list.cells
  for (const [at, { values, spans }] of list.joins) {
    const cell = list.cells[at]
    if (!cell) continue
    const value = Array.isArray(cell.value)
      ? (values as readonly (readonly Json[])[]).flat()
      : values.join('\n')
    list.cells[at] = { ...cell, value, spans }
  }
  return list.cells
}

/** Completes an item of a cell made before: the district that PID-12 gives to the address of PID-11. */
function amend(cell: CellPlan, segment: Segment, run: Run, into: CellList, held: number): void {
  const known = into.cells.findIndex((one) => one.path === cell.path && Array.isArray(one.value))
  const target = into.cells[known]
  const raw = segment.repetitions(cell.field)[0]
  if (!target || raw === undefined || !Array.isArray(target.value)) return
  run.field = cell.field
  const index = cell.index ?? 0
  run.node = run.context.lineage ? new TraceNode(undefined, 0).to(0) : undefined
  const item = itemOf(cell, raw, run, held)
  const end = run.node
  run.node = undefined
  const old = target.value[index]
  if (!isObject(item) || !isObject(old)) return
  const value = target.value.map((one: Json, at: number) =>
    at === index ? { ...old, ...item } : one,
  ) as Json
  const base = { ...cell, path: `${cell.path}[${index}]`, many: false }
  const spans = end ? [...target.spans, ...spansAt(end, base, run.occurrence)] : target.spans
  into.cells[known] = { ...target, value, spans }
}
