// One field to one cell: its repetitions to items, its rows to what stands in them; codes are remembered (v2-to-FHIR IG).
import type { Cell, Json } from '../mapped.ts'
import { add, type CellList } from './cell-list.ts'
import { applyDefaults, type CompiledRow, readValue } from './compile-row.ts'
import type { CellPlan } from './compile-segment.ts'
import { type Draft, put } from './element-path.ts'
import { copyOf, Made, type Texts } from './remembered.ts'
import type { Run } from './run.ts'
import { maxOccurrences, spansAt } from './trace.ts'

export function cellOf(plan: CellPlan, value: unknown, spans: Cell['spans'], occurrence: number): Cell {
  const { path, name: field } = plan
  return { path, field, value: value as Json, location: locationOf(plan, occurrence), spans }
}

function locationOf(cell: CellPlan, occurrence: number): string {
  const known = cell.locations[occurrence]
  if (known !== undefined) return known
  const location = `${cell.segment}^${occurrence}^${cell.field}`
  if (occurrence <= maxOccurrences) cell.locations[occurrence] = location
  return location
}

/** A cell that follows from its text: of words that were said before it is there already. */
export function recallCell(
  cell: CellPlan,
  texts: Texts<Made>,
  text: string,
  repeats: boolean,
  run: Run,
  into: CellList,
  held: number,
): void {
  const deciding = held & cell.mask
  let made = texts.get(text)
  if (made?.held !== deciding) {
    const own = copyOf(text)
    const { passing } = run
    made = afresh(cell, own, repeats, run, held)
    if (run.passing === passing) texts.set(own, made)
  }
  if (made.value === undefined) return
  const { occurrence } = run
  const known = made.cells[occurrence]
  if (known) {
    add(into, cell, known)
    return
  }
  const fresh = finished(cell, made.value, made.to, occurrence)
  if (occurrence <= maxOccurrences) made.cells[occurrence] = fresh
  add(into, cell, fresh)
}

/** What is remembered is made of a text of its own, the fields around included: nothing of it keeps the message alive. */
function afresh(cell: CellPlan, own: string, repeats: boolean, run: Run, held: number): Made {
  const at = cell.around ? Math.min(cell.around.before, run.field - 1) : 0
  const fields = cell.around ? own.split(run.message.delimiters.field) : [own]
  const raw = fields[at] ?? ''
  run.recalling = true
  run.around = cell.around && { fields, at }
  const value = valueIn(cell, raw, repeats ? run.message.repetitions(raw) : undefined, run, held)
  const made = new Made(value, run.node, held & cell.mask)
  run.node = undefined
  run.around = undefined
  run.recalling = false
  return made
}

export function makeCell(
  cell: CellPlan,
  raw: string,
  repetitions: readonly string[] | undefined,
  run: Run,
  into: CellList,
  held: number,
): void {
  const value = valueIn(cell, raw, repetitions, run, held)
  if (value !== undefined) add(into, cell, finished(cell, value, run.node, run.occurrence))
  run.node = undefined
}

/** The value of a cell; its lineage ends where the run stands then. */
function valueIn(
  cell: CellPlan,
  raw: string,
  repetitions: readonly string[] | undefined,
  run: Run,
  held: number,
): unknown {
  run.node = run.context.lineage ? cell.root : undefined
  run.soft = cell.soft
  let value: unknown
  if (!repetitions) value = alone(cell, raw, run, held)
  else if (cell.many || cell.lines || cell.plural) value = listOf(cell, repetitions, run, held)
  else value = oneOf(cell, repetitions, run, held)
  run.repetition = 0
  run.soft = false
  return value
}

function finished(cell: CellPlan, value: unknown, end: Made['to'], occurrence: number): Cell {
  const many = cell.many || (cell.plural && Array.isArray(value))
  return cellOf(cell, value, end ? spansAt(end, cell, many, occurrence) : [], occurrence)
}

/** What a field says that does not repeat. */
function alone(cell: CellPlan, raw: string, run: Run, held: number): unknown {
  const item = itemOf(cell, raw, run, held)
  if (item === undefined && !cell.apart) return undefined
  const items = cell.several && Array.isArray(item) ? item : item === undefined ? [] : [item]
  if (!cell.many && !cell.lines) return items[0]
  if (cell.apart) addApart(cell.apart, raw, run, held, items)
  if (items.length === 0) return undefined
  return cell.lines ? items.join('\n') : items
}

/** The value of an element that does not repeat: of the first repetition, or of the last. */
function oneOf(cell: CellPlan, repetitions: readonly string[], run: Run, held: number): unknown {
  const index = cell.last ? repetitions.length - 1 : 0
  const raw = repetitions[index]
  if (raw === undefined || raw === '' || raw === '""') return undefined
  run.repetition = index
  if (index > 0) run.node = run.node?.to(index)
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
    if (index > 0) run.node = before?.to(index)
    const item = itemOf(cell, raw, run, held)
    if (item === undefined) run.node = before
    else if (cell.several && Array.isArray(item)) items.push(...item)
    else items.push(item)
    if (cell.apart) addApart(cell.apart, raw, run, held, items)
  }
  if (items.length === 0 || (cell.plural && items.length === 1)) return items[0]
  return cell.lines ? items.join('\n') : items
}

function holds(row: CompiledRow, held: number): boolean {
  return row.bit === 0 || (held & row.bit) !== 0
}

/** Items that single components of a repetition make beside its own: a nickname is another name (PID-5.15). */
function addApart(rows: readonly CompiledRow[], raw: string, run: Run, held: number, items: unknown[]): void {
  for (const row of rows) {
    if (!holds(row, held)) continue
    const before = run.node
    if (items.length > 0) run.item()
    const value = readPart(row, raw, run)
    if (value === undefined) {
      run.node = before
      continue
    }
    const item: Draft = {}
    put(item, row.steps, value)
    applyDefaults(row, item, run)
    items.push(item)
  }
}

/** One item of a cell, from one repetition. */
export function itemOf(cell: CellPlan, raw: string, run: Run, held: number): unknown {
  const { only } = cell
  if (only) {
    const value = readPart(only, raw, run)
    if (only.defaults.length === 0) return value
    return Array.isArray(value) ? value.map((each) => finish(only, each, run)) : finish(only, value, run)
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

/** A remembered value is never written into. */
function finish(row: CompiledRow, value: unknown, run: Run): unknown {
  if (!isObject(value)) return value
  const item = row.isFresh ? value : { ...value }
  applyDefaults(row, item, run)
  return item
}

export const isObject = (value: unknown): value is Draft => typeof value === 'object' && value !== null

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
