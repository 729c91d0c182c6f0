// Mapping of one message: segments in their groups to things, things to each other (v2-to-FHIR IG, message
// maps).
import type { Message, Segment } from '../../hl7/message.ts'
import { type Arrangement, arrange, type Group } from '../../hl7/structure.ts'
import type { Cell, Mapped, Thing } from '../mapped.ts'
import { type CellList, finishedCells } from './cell-list.ts'
import type { SegmentMap } from './compile-segment.ts'
import type { Test } from './condition.ts'
import type { MapContext } from './context.ts'
import { PlanNode } from './read-plans.ts'
import { addResidue, fieldsOf, maxResidue } from './reads.ts'
import { Run } from './run.ts'
import { runSegment } from './run-segment.ts'
import { SegmentFacts } from './segment-facts.ts'
import type { Tables } from './table.ts'

/** One compiled row of a message map. */
export interface MessageRow {
  readonly index: number
  /** The segment map that it runs, and its own condition. */
  readonly name: string
  readonly when: string | undefined
  readonly type: string
  readonly map: SegmentMap
  readonly test: Test | undefined
  readonly as: string
  readonly into: string | undefined
  readonly after: readonly string[] | undefined
  readonly refs: readonly Ref[]
}

/** `late`: another segment makes the handle, which may come after this one (the patient of an SCH). */
export interface Ref {
  readonly role: string
  readonly handle: string
  readonly late: boolean
}

/** A compiled message map. */
export interface MessageMap {
  readonly structure: string
  readonly rows: ReadonlyMap<string, readonly MessageRow[]>
  /** What is read of a segment, by its name and the rows that applied to it. */
  readonly plans: Map<string, PlanNode>
}

interface Draft extends CellList {
  readonly group: Group
  readonly handle: string
  readonly type: string
  readonly as: string
  readonly refs: Record<string, string>
  readonly segment: { readonly name: string; readonly occurrence: number }
  readonly cells: Cell[]
}

/** Things of one handle that are looked at for a reference to what comes later. */
const maxCandidates = 16

class Mapping {
  readonly #map: MessageMap
  readonly #run: Run
  readonly #arrangement: Arrangement
  readonly #things: Draft[] = []
  readonly #scopes = new Map<Group, Map<string, Draft>>()
  readonly #counts = new Map<string, number>()
  readonly #residue: string[] = []
  readonly #nearby = new Map<Group, Map<string, Segment | undefined>>()
  readonly #early: Segment[] = []
  /** The segment at work, and the last one of another name. */
  #at = ''
  #before = ''
  readonly #waiting: (readonly [thing: Draft, role: string, handle: string])[] = []

  constructor(map: MessageMap, message: Message, context: MapContext, tables: Tables) {
    this.#map = map
    this.#run = new Run(message, context, tables)
    this.#arrangement = arrange(message, map.structure || undefined)
  }

  all(event: string): Mapped {
    for (const segment of this.#run.message.segments) this.#segment(segment)
    // What came before the thing that it writes into (PV2 before PV1) is read now.
    for (const segment of this.#early) this.#segment(segment, true)
    // What is named before it comes (the patient of an SCH) is found at the end.
    this.#resolveLate()
    return {
      event,
      structure: this.#map.structure,
      things: [...this.#things.map(finished), ...this.#run.linked.things().map(linkedThing)],
      issues: this.#run.issues,
      residue: this.#residue,
    }
  }

  #resolveLate(): void {
    if (this.#waiting.length === 0) return
    const byHandle = new Map<string, Draft[]>()
    for (const thing of this.#things) {
      const same = byHandle.get(thing.handle)
      if (!same) byHandle.set(thing.handle, [thing])
      else if (same.length < maxCandidates) same.push(thing)
    }
    for (const [thing, role, handle] of this.#waiting) {
      const target = byHandle
        .get(handle)
        ?.find(({ group }) => isWithin(group, thing.group) || isWithin(thing.group, group))
      if (target) thing.refs[role] = target.as
    }
  }

  #segment(segment: Segment, last = false): void {
    if (segment.name !== this.#at) {
      this.#before = this.#at
      this.#at = segment.name
    }
    const rows = this.#rowsOf(segment.name)
    if (!rows) {
      addResidue(segment, [], fieldsOf(segment), this.#residue)
      return
    }
    const group = this.#arrangement.groupOf(segment)
    if (!last && this.#isEarly(rows, group)) {
      this.#early.push(segment)
      return
    }
    // A second IN1 is another policy: what the first one made is no longer meant, even in one group.
    const scope = this.#scopes.get(group)
    if (scope) for (const row of rows) if (row.into === undefined) scope.delete(row.as)
    const facts = new SegmentFacts(segment, group, this.#run, this.#nearby)
    let plan = this.#map.plans.get(segment.name) ?? PlanNode.of(segment.name, this.#map.plans)
    const { applied: told } = this.#run.context
    for (const row of rows) {
      if (row.test && !row.test(facts)) {
        told?.(segment, row, undefined)
        continue
      }
      const thing = row.into === undefined ? this.#open(row, segment, group) : this.#written(row, group)
      if (!thing) continue
      const held = runSegment(row.map, segment, this.#run, facts, thing)
      told?.(segment, row, held)
      if (thing.surplus) this.#addSurplus(thing)
      plan = plan.to(row.index, row.map, held)
    }
    addResidue(segment, plan.reads, plan.partly.of(segment), this.#residue)
    if (this.#run.refused.length > 0) this.#addRefused()
  }

  /** What a further segment says where the first one has spoken: 'TQ1[2]-7'. */
  #addSurplus(thing: Draft): void {
    for (const location of thing.surplus ?? []) {
      const [name = '', occurrence = '', field = ''] = location.split('^')
      const at = `${name}[${occurrence}]-${field}`
      if (this.#residue.length < maxResidue && !this.#residue.includes(at)) this.#residue.push(at)
    }
    thing.surplus = undefined
  }

  /** What rows of this segment made nothing of, unless another row made something of the same field. */
  #addRefused(): void {
    for (const { at, isField, location } of this.#run.refused.splice(0)) {
      if (this.#residue.length >= maxResidue || this.#residue.includes(at)) continue
      const isWritten =
        isField && this.#things.some(({ cells }) => cells.some((cell) => cell.location === location))
      if (!isWritten) this.#residue.push(at)
    }
  }

  /** Rows that are about what stands before the segment count before the others. */
  #rowsOf(name: string): readonly MessageRow[] | undefined {
    const all = this.#map.rows.get(name)
    if (!all?.some(({ after }) => after !== undefined)) return all
    const about = all.filter(({ after }) => after?.includes(this.#before))
    const rows = about.length > 0 ? about : all.filter(({ after }) => after === undefined)
    return rows.length > 0 ? rows : undefined
  }

  #isEarly(rows: readonly MessageRow[], group: Group): boolean {
    for (const row of rows) if (row.into === undefined || this.#written(row, group)) return false
    return true
  }

  #open(row: MessageRow, segment: Segment, group: Group): Draft {
    const count = (this.#counts.get(row.as) ?? 0) + 1
    this.#counts.set(row.as, count)
    const refs: Record<string, string> = {}
    const thing: Draft = {
      group,
      handle: row.as,
      type: row.type,
      as: count === 1 ? row.as : `${row.as}:${count}`,
      refs,
      segment: { name: segment.name, occurrence: segment.occurrence },
      cells: [],
      from: [],
      byKey: undefined,
      joins: undefined,
      surplus: undefined,
    }
    for (const { role, handle, late } of row.refs) {
      const target = this.#nearest(handle, group)
      if (target) refs[role] = target.as
      else if (late) this.#waiting.push([thing, role, handle])
    }
    this.#things.push(thing)
    let scope = this.#scopes.get(group)
    if (!scope) {
      scope = new Map()
      this.#scopes.set(group, scope)
    }
    scope.set(row.as, thing)
    return thing
  }

  /** What a row writes into: what stands before the segment, wherever the structure puts either; else the nearest. */
  #written({ into = '', after }: MessageRow, group: Group): Draft | undefined {
    return after === undefined
      ? this.#nearest(into, group)
      : this.#things.findLast((one) => one.handle === into)
  }

  /** The latest thing of a handle in the group or, failing that, in the groups around it. */
  #nearest(handle: string, group: Group): Draft | undefined {
    for (let at: Group | undefined = group; at; at = at.parent) {
      const found = this.#scopes.get(at)?.get(handle)
      if (found) return found
    }
    return undefined
  }
}

function linkedThing({ type, as, refs, segment, cells }: Thing): Thing {
  return { type, as, refs, segment, cells }
}

function isWithin(group: Group, around: Group): boolean {
  for (let at: Group | undefined = group; at; at = at.parent) if (at === around) return true
  return false
}

function finished(thing: Draft): Thing {
  const { type, as, refs, segment } = thing
  return { type, as, refs, segment, cells: finishedCells(thing) }
}

/** Runs a message map over a message. Never throws, whatever the message holds. */
export function mapWith(
  map: MessageMap,
  event: string,
  message: Message,
  context: MapContext,
  tables: Tables,
): Mapped {
  return new Mapping(map, message, context, tables).all(event)
}
