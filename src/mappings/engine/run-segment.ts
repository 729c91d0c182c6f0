// One segment through its compiled map: presence, repetitions, cells (semantics, section 6; v2-to-FHIR IG).
import type { Segment } from '../../hl7/message.ts'
import type { Json } from '../mapped.ts'
import { add, type CellList, expectFrom } from './cell-list.ts'
import type { CellPlan, FieldPlan, SegmentMap } from './compile-segment.ts'
import type { Facts } from './condition.ts'
import { cellOf, isObject, itemOf, makeCell, recallCell } from './make-cell.ts'
import { isShort } from './remembered.ts'
import type { Around } from './row-traits.ts'
import { isInk, type Run } from './run.ts'
import { spansAt } from './trace.ts'

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
  expectFrom(map.segment, into)
  let held = 0
  let amending: CellPlan[] | undefined
  const demands = map.demands || run.context.emptyMeansDelete !== undefined
  for (const plan of demands ? map.fields : map.sent.of(segment)) {
    const { field } = plan
    if (demands && !segment.has(field)) {
      held |= unsent(plan, run, facts, into, held)
      continue
    }
    if (plan.cells.length === 0) continue
    run.field = field
    run.repetition = 0
    if (plan.conditional.length > 0) held |= heldOf(plan, facts, run)
    const raw = segment.raw(field) ?? ''
    if (raw.startsWith('""') && isDelete(raw, segment.repetitions(field))) {
      if (plan.required) missing(plan, run)
      nullCells(plan, run, into, held)
      continue
    }
    const repetitions = segment.several(field, raw)
    if (repetitions) warnOfNulls(repetitions, run)
    for (const cell of plan.cells) {
      if ((cell.bits & held) === 0 && cell.bits !== -1) continue
      if (cell.index !== undefined) {
        amending ??= []
        amending.push(cell)
        continue
      }
      const texts = cell.place?.worthFor(run)
      const text = texts && cell.around ? stretchOf(segment, field, cell.around) : raw
      if (texts && isShort(text)) recallCell(cell, texts, text, repetitions !== undefined, run, into, held)
      else makeCell(cell, raw, repetitions, run, into, held)
    }
  }
  if (amending) for (const cell of amending) amend(cell, segment, run, into, held)
  return held
}

const stretchOf = (segment: Segment, field: number, { before, next }: Around): string =>
  segment.stretch(Math.max(field - before, 1), field + next)

/** A field that was not sent, or sent empty; returns which of its conditions held. */
function unsent(plan: FieldPlan, run: Run, facts: Facts, into: CellList, before: number): number {
  run.field = plan.field
  run.repetition = 0
  if (plan.required) missing(plan, run)
  if (!run.context.emptyMeansDelete?.has(plan.name) || plan.field > (run.segment?.fieldCount ?? 0)) return 0
  const held = heldOf(plan, facts, run)
  nullCells(plan, run, into, before | held)
  return held
}

/** The conditions of a field that hold, as bits. */
function heldOf(plan: FieldPlan, facts: Facts, run: Run): number {
  const code = run.segment?.initial(plan.field) ?? Number.NaN
  const isPlain = isInk(code) && code !== run.message.delimiters.escape.charCodeAt(0)
  let held = 0
  for (const { row, initial } of plan.conditional) {
    if (isPlain && initial !== code && initial > 0) continue
    if (row.test?.(facts)) held |= row.bit
  }
  return held
}

const onlyDelimiters = /^""[^\w]*$/

/** `""`, also with nothing but separators after it: delete all. */
function isDelete(raw: string, [first = '']: readonly string[]): boolean {
  return first.startsWith('""') && (raw === '""' || (onlyDelimiters.test(raw) && !raw.includes('""', 2)))
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
    const spans = run.context.lineage ? [{ fhir: cell.path, v2, row }] : []
    add(into, cell, cellOf(cell, null, spans, run.occurrence))
  }
}

/** Completes an item of a cell made before: the district that PID-12 gives to the address of PID-11. */
function amend(cell: CellPlan, segment: Segment, run: Run, into: CellList, held: number): void {
  const known = into.cells.findIndex((one) => one.path === cell.path && Array.isArray(one.value))
  const target = into.cells[known]
  const raw = segment.repetitions(cell.field)[0]
  if (!target || raw === undefined || !Array.isArray(target.value)) return
  run.field = cell.field
  const index = cell.index ?? 0
  run.node = run.context.lineage ? cell.root : undefined
  const item = itemOf(cell, raw, run, held)
  const end = run.node
  run.node = undefined
  const old = target.value[index]
  if (!isObject(item) || !isObject(old)) return
  const value = target.value.map((one: Json, at: number) =>
    at === index ? { ...old, ...item } : one,
  ) as Json
  const base = { ...cell, path: `${cell.path}[${index}]` }
  const spans = end ? [...target.spans, ...spansAt(end, base, false, run.occurrence)] : target.spans
  into.cells[known] = { ...target, value, spans }
}
