// Lineage: which v2 position and which row wrote each value. Kept as a path through a shared trie, so that
// equal
// shapes of a cell (the usual case: one sender, one form) share one finished list of spans and cost a few
// pointer
// comparisons instead of strings.
import type { Span } from '../mapped.ts'

/**
 * One write of a row; `fhir` is relative to the item, `v2` to the position ('.1', '.4.2', '' = the position
 * itself).
 */
export interface WriteStep {
  readonly kind: 'write'
  readonly fhir: string
  readonly v2: string
  readonly row: string
  /** The element repeats: the span gets the next index. */
  readonly many: boolean
}

/** A data type map begins: what follows is below `fhir` and `v2`. */
export interface EnterStep {
  readonly kind: 'enter'
  readonly fhir: string
  readonly v2: string
  readonly row: string
  readonly many: boolean
}

export interface LeaveStep {
  readonly kind: 'leave'
}

/** A write inside a leaf; `next` = that many fields after its own, less than 0 = before. */
export interface MarkStep {
  readonly kind: 'mark'
  readonly fhir: string
  readonly v2: string
  readonly next: number
}

export type TraceStep = WriteStep | EnterStep | LeaveStep | MarkStep
type Key = TraceStep | number

export const leave: LeaveStep = { kind: 'leave' }

/** A mark for use in a leaf: made once per module, never per message. */
export function mark(fhir: string, v2: string, next = 0): MarkStep {
  return { kind: 'mark', fhir, v2, next }
}

/** Shapes remembered per compiled field; past it spans are made afresh each time. */
const maxShapes = 20_000
let shapes = 0

/** A place in the trie. Numbers as keys are repetitions (0-based). */
export class TraceNode {
  readonly parent: TraceNode | undefined
  readonly key: Key
  spans: readonly Span[] | undefined
  /** What leaves remember of values that came here (one row, one field, one repetition), by application. */
  memory: Map<string, Map<string, unknown>> | undefined
  #lastKey: Key | undefined
  #lastNode: TraceNode | undefined
  #children: Map<Key, TraceNode> | undefined

  constructor(parent: TraceNode | undefined, key: Key) {
    this.parent = parent
    this.key = key
  }

  to(key: Key): TraceNode {
    if (this.#lastKey === key && this.#lastNode) return this.#lastNode
    let node = this.#children?.get(key)
    if (!node) {
      node = new TraceNode(this, key)
      if (shapes < maxShapes) {
        shapes++
        this.#children ??= new Map()
        this.#children.set(key, node)
      } else return node
    }
    this.#lastKey = key
    this.#lastNode = node
    return node
  }
}

/** Where a cell's spans hang: 'name', 'PID', 5, occurrence 1. */
export interface TraceBase {
  readonly path: string
  readonly segment: string
  readonly field: number
  readonly many: boolean
}

/** The spans of a finished cell, made once per shape. */
export function spansAt(end: TraceNode, base: TraceBase, occurrence: number): readonly Span[] {
  if (end.spans) return end.spans
  const keys: Key[] = []
  for (let node: TraceNode | undefined = end; node?.parent; node = node.parent) keys.push(node.key)
  const spans = unfold(keys.reverse(), base, occurrence)
  end.spans = spans
  return spans
}

interface Frame {
  readonly fhir: string
  readonly v2: string
  readonly row: string
  readonly counts: Map<string, number>
}

function unfold(keys: readonly Key[], base: TraceBase, occurrence: number): readonly Span[] {
  const spans: Span[] = []
  const segment = occurrence === 1 ? base.segment : `${base.segment}[${occurrence}]`
  const position = (next: number, repetition: number) => `${segment}-${base.field + next}[${repetition}]`
  let items = 0
  let repetition = 1
  let frame: Frame = { fhir: base.path, v2: position(0, 1), row: '', counts: new Map() }
  const above: Frame[] = []
  let row = ''
  for (const key of keys) {
    if (typeof key === 'number') {
      repetition = key + 1
      const fhir = base.many ? `${base.path}[${items++}]` : base.path
      frame = { fhir, v2: position(0, repetition), row: '', counts: new Map() }
    } else if (key.kind === 'leave') {
      frame = above.pop() ?? frame
      row = frame.row
    } else if (key.kind === 'mark') {
      const v2 = key.next !== 0 ? position(key.next, 1) + key.v2 : frame.v2 + key.v2
      spans.push({ fhir: join(frame.fhir, key.fhir), v2, row })
    } else {
      row = key.row
      let fhir = key.fhir
      if (key.many) {
        const count = frame.counts.get(fhir) ?? 0
        frame.counts.set(fhir, count + 1)
        fhir += `[${count}]`
      }
      const at = { fhir: join(frame.fhir, fhir), v2: frame.v2 + key.v2 }
      if (key.kind === 'write') spans.push({ ...at, row })
      else {
        above.push(frame)
        frame = { ...at, row, counts: new Map() }
      }
    }
  }
  return Object.freeze(spans)
}

function join(base: string, rest: string): string {
  return rest === '' ? base : `${base}.${rest}`
}
