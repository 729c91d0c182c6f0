// Rows to closures, once: how one row turns raw text into a value inside an item (segment and data type
// maps).
import { parseCondition, type Test, type Wanted } from './condition.ts'
import { type Draft, type ElementPath, parseElementPath, parseSteps, put, type Step } from './element-path.ts'
import { type Leaf, leaves } from './leaf.ts'
import { PartFacts } from './part-facts.ts'
import { type ReadPlan, readComponent, readsAt } from './reads.ts'
import { accountFor, refuseAll } from './refused-values.ts'
import type { MapSource, Row } from './row.ts'
import { aroundOf, isByText, isLined, isPlural } from './row-traits.ts'
import type { Run } from './run.ts'
import { type EnterStep, leave, type ShapeCount, type TraceNode, type WriteStep } from './trace.ts'

/** What stands beside a value unless the message says otherwise: { use: 'home' }. */
interface Default {
  readonly key: string
  readonly value: unknown
  readonly step: WriteStep
}

export interface CompiledRow {
  readonly id: string
  readonly row: Row
  readonly path: ElementPath
  /** Where it writes: inside the item of the cell, or inside the object of the data type map. */
  readonly steps: readonly Step[]
  readonly component: number | undefined
  readonly subcomponent: number | undefined
  readonly test: Test | undefined
  /** What its condition asks for, when that is one value. */
  readonly wanted: Wanted | undefined
  /** Positions that the condition asks for. */
  readonly asked: readonly string[]
  /** The bit of its condition among those of its segment map; 0 = none. */
  readonly bit: number
  readonly leaf: Leaf | undefined
  /** Of the leaf: leaves are written in many forms, rows have one. */
  readonly read: Leaf['read'] | undefined
  readonly type: TypeMap | undefined
  /** What it makes is made anew each time, and may be written into. */
  readonly isFresh: boolean
  readonly constant: string | number | boolean | undefined
  readonly table: string
  readonly defaults: readonly Default[]
  readonly write: WriteStep
  readonly enter: EnterStep
}

/**
 * A compiled data type map: rows over the components of a repetition, or the subcomponents of a component.
 */
export interface TypeMap {
  readonly name: string
  readonly target: string
  readonly rows: readonly CompiledRow[]
  /** Components that have no destination on purpose. */
  readonly ignored: readonly number[]
  /** As of a leaf. */
  byText: boolean
}

/** Thrown for maps that the checker would have refused. */
export class MapFault extends Error {}

/** 'PID[Patient]' -> PID, Patient. */
export function splitName(map: string): { readonly from: string; readonly target: string } {
  const match = /^([A-Z][A-Z0-9]*)\[([^\]]+)\]$/.exec(map)
  return { from: match?.[1] ?? map, target: (match?.[2] ?? '').replace(/-[A-Z]\w*$/, '') }
}

/** Compiles rows on demand; data type maps are shared. */
export class RowCompiler implements ShapeCount {
  /** Of all cells that are compiled with it. */
  shapes = 0
  readonly #sources: ReadonlyMap<string, MapSource>
  readonly #types = new Map<string, TypeMap>()

  constructor(sources: ReadonlyMap<string, MapSource>) {
    this.#sources = sources
  }

  /** Of a map and a leaf with one name the map counts: a site may put rows in the place of a leaf. */
  typeMap(name: string): TypeMap | undefined {
    const known = this.#types.get(name)
    if (known) return known
    const source = this.#sources.get(name)
    if (!source) return undefined
    const { target } = splitName(name)
    const rows: CompiledRow[] = []
    const ignored = source.rows.filter((row) => row.fhir === '-').map((row) => Number(row.v2.split('.')[0]))
    const made: TypeMap = { name, target, rows, ignored, byText: false }
    this.#types.set(name, made)
    source.rows.forEach((row, index) => {
      if (row.fhir !== '-') rows.push(this.row(row, `${name}#${index + 1}`, target, row.v2, true))
    })
    made.byText = rows.every(isByText) && aroundOf(rows) === undefined
    return made
  }

  /** `at` is the position below the field or component: '', '4', '1.1'. */
  row(row: Row, id: string, target: string, at: string, inType = false, bit = 0): CompiledRow {
    const path = parseElementPath(target, row.fhir)
    const steps = inType ? parseSteps(target, row.fhir)?.steps : path?.rest
    if (!path || !steps) throw new MapFault(`${id}: fhir '${row.fhir}' is no path`)
    const [component, subcomponent] = at === '' ? [] : at.split('.').map(Number)
    const type = row.via === undefined ? undefined : this.typeMap(row.via)
    const leaf = row.via === undefined || type ? undefined : leaves.get(row.via)
    if (!type && !leaf && row.value === undefined)
      throw new MapFault(`${id}: no map or leaf '${row.via ?? ''}'`)
    const v2 = at === '' ? '' : `.${at}`
    const condition = row.when === undefined ? undefined : conditionOf(row.when, id)
    const last = steps.at(-1)
    const many = last?.many === true && last.index === undefined && last.url === undefined
    const fhir = printed(steps)
    return {
      id,
      row,
      path,
      steps,
      component,
      subcomponent,
      test: condition?.test,
      wanted: condition?.alone,
      asked: condition?.positions ?? [],
      bit,
      leaf,
      read: leaf?.read,
      type,
      isFresh: type !== undefined || (leaf?.byText === true && !leaf.coded),
      constant: row.value,
      table: row.table ?? '',
      defaults: defaultsOf(row, id, defaultsBase(path, type?.target ?? leaf?.yields), v2),
      write: { kind: 'write', fhir, v2, row: id, many },
      enter: { kind: 'enter', fhir, v2, row: id, many },
    }
  }
}

function conditionOf(when: string, id: string) {
  const result = parseCondition(when)
  if ('fault' in result) throw new MapFault(`${id}: when ${result.fault}`)
  return result
}

function printed(steps: readonly Step[]): string {
  return steps
    .map(({ key, url, index }) => {
      if (url !== undefined) return `${key}('${url}')`
      return index === undefined ? key : `${key}[${index}]`
    })
    .join('.')
}

/** The type that `set` of a row adds to. A fact has none of its own, but that of the map or leaf that makes it. */
export const defaultsBase = (path: ElementPath, made: string | undefined): string =>
  (path.many || path.rest.length > 0 ? path.itemType : path.type) || (made ?? '')

// `set` of one row as a tree per first key: { 'type.coding.code': 'VN' } -> type: { coding: [{ code: 'VN'
// }] }.
function defaultsOf(row: Row, id: string, base: string, v2: string): Default[] {
  if (!row.set) return []
  const tree: Draft = {}
  for (const [key, text] of Object.entries(row.set)) {
    const steps = parseSteps(base, key)?.steps
    if (!steps) throw new MapFault(`${id}: set '${key}' is no path`)
    put(tree, steps, text)
  }
  return Object.entries(tree).map(([key, value]) => ({
    key,
    value: Object.freeze(value),
    step: { kind: 'write', fhir: key, v2, row: id, many: false },
  }))
}

/** The value that a row makes of a raw part; undefined when there is none. Spans go to the run. */
export function readValue(compiled: CompiledRow, raw: string, run: Run): unknown {
  const before = run.node
  const { constant, read, type } = compiled
  if (constant !== undefined) {
    if (before) run.node = before.to(compiled.write)
    return constant
  }
  let value: unknown
  let entry: TraceNode | undefined
  if (read) {
    run.table = compiled.table
    run.row = compiled.id
    run.entering = compiled.enter
    run.entry = undefined
    const { warned } = run
    value = read(raw, run)
    if (value === undefined && run.warned !== warned) run.refuse(compiled)
    run.entering = undefined
    entry = run.entry
  } else if (type) {
    entry = before?.to(compiled.enter)
    run.node = entry
    value = itemOf(type, raw, run)
  }
  if (!before) return value
  if (value === undefined) run.node = before
  else if (run.node === before || run.node === entry) run.node = before.to(compiled.write)
  else run.node = run.node?.to(leave)
  return value
}

/** An object of a data type map. */
function itemOf(type: TypeMap, raw: string, run: Run): Draft | undefined {
  const parts = run.parts(raw)
  const level = run.level
  const { length } = run.refused
  let item: Draft | undefined
  let facts: PartFacts | undefined
  let wrote = 0
  let bit = 0
  let isSaid = false
  for (const row of type.rows) {
    const own = 1 << bit++
    const part = parts[(row.component ?? 1) - 1]
    if (part === undefined || part === '' || part === '""') continue
    if (row.test) {
      facts ??= new PartFacts(parts, run)
      if (!row.test(facts)) continue
    }
    const text = row.subcomponent === undefined ? part : run.subparts(part)[row.subcomponent - 1]
    if (text === undefined || text === '' || text === '""') continue
    run.level = level + 1
    const value = readValue(row, text, run)
    run.level = level
    if (value === undefined) continue
    wrote |= own
    isSaid ||= row.row.beside !== true
    item ??= {}
    put(item, row.steps, value)
  }
  if (item && !isSaid) {
    run.level = level + 1
    refuseAll(type.rows, wrote, run)
    run.level = level
    return undefined
  }
  if (run.refused.length > length) accountFor(run.refused, length, type.rows, wrote)
  return item
}

/** Adds what the row did not write of its defaults. */
export function applyDefaults(compiled: CompiledRow, item: Draft, run: Run): void {
  for (const { key, value, step } of compiled.defaults) {
    if (item[key] !== undefined) continue
    item[key] = value
    if (run.node) run.node = run.node.to(step)
  }
}

/** Notes in a plan what a row of a segment map reads. */
export function noteReads(compiled: CompiledRow, field: number, plan: ReadPlan): void {
  const reads = readsAt(plan, field)
  const { leaf, type, component, subcomponent } = compiled
  if (compiled.path.many || isPlural(compiled) || isLined(compiled) || leaf?.joins) reads.every = true
  if (leaf?.last) reads.last = true
  for (let offset = -(leaf?.before ?? 0); offset <= (leaf?.next ?? 0); offset++) {
    if (offset === 0) continue
    const next = readsAt(plan, field + offset)
    next.whole = true
    next.every = true
  }
  if (component !== undefined) {
    if (subcomponent !== undefined) readComponent(reads, component, subcomponent)
    else if (leaf && !leaf.whole && leaf.reads !== 'all') {
      for (const sub of leaf.reads) readComponent(reads, component, sub)
    } else readComponent(reads, component)
  } else if (type) {
    for (const row of type.rows) noteTypeReads(row, reads)
    for (const ignored of type.ignored) readComponent(reads, ignored)
  } else if (!leaf) readComponent(reads, 1)
  else if (leaf.reads === 'all') reads.whole = true
  else for (const part of leaf.reads) readComponent(reads, part)
}

function noteTypeReads(row: CompiledRow, reads: ReturnType<typeof readsAt>): void {
  const component = row.component ?? 1
  if (row.subcomponent !== undefined) readComponent(reads, component, row.subcomponent)
  else if (row.leaf && !row.leaf.whole && row.leaf.reads !== 'all') {
    for (const sub of row.leaf.reads) readComponent(reads, component, sub)
  } else if (row.type) {
    for (const inner of row.type.rows) readComponent(reads, component, inner.component ?? 1)
  } else readComponent(reads, component)
}
