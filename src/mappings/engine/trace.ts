// Lineage: which v2 position and which row wrote each value. Kept as a path through a shared trie, so that equal
// shapes of a cell (the usual case: one sender, one form) share one finished list of spans and cost a few pointer
// comparisons instead of strings.
import type { Span } from '../mapped.ts'
import type { Place } from './remembered.ts'

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

/** Shapes remembered per compiled set of maps; past it spans are made afresh each time. */
const maxShapes = 20_000

/** How many shapes a set of maps has. */
export interface ShapeCount {
  shapes: number
}

/** Occurrences of a segment whose spans are remembered; later ones are not worth it. */
export const maxOccurrences = 32

/** A place in the trie. Numbers as keys are repetitions (0-based); the first one that writes is not said. */
export class TraceNode {
  readonly parent: TraceNode | undefined
  readonly key: Key
  readonly #count: ShapeCount
  /** By occurrence of the segment. */
  spans: (readonly Span[])[] | undefined
  /** What was made of the texts that came here. */
  place: Place | undefined
  #lastKey: Key | undefined
  #lastNode: TraceNode | undefined
  #children: Map<Key, TraceNode> | undefined

  constructor(count: ShapeCount, parent?: TraceNode, key: Key = 0) {
    this.#count = count
    this.parent = parent
    this.key = key
  }

  to(key: Key): TraceNode {
    if (this.#lastKey === key && this.#lastNode) return this.#lastNode
    let node = this.#children?.get(key)
    if (!node) {
      node = new TraceNode(this.#count, this, key)
      if (this.#count.shapes >= maxShapes) return node
      this.#count.shapes++
      this.#children ??= new Map()
      this.#children.set(key, node)
    }
    this.#lastKey = key
    this.#lastNode = node
    return node
  }
}

/** Where a cell's spans hang: 'name', 'PID', 5. */
export interface TraceBase {
  readonly path: string
  readonly segment: string
  readonly field: number
}

/** The spans of a finished cell, made once per shape. `many`: its items are indexed. */
export function spansAt(end: TraceNode, base: TraceBase, many: boolean, occurrence: number): readonly Span[] {
  const known = end.spans?.[occurrence]
  if (known) return known
  const keys: Key[] = []
  for (let node: TraceNode | undefined = end; node?.parent; node = node.parent) keys.push(node.key)
  const spans = unfold(keys.reverse(), base, many, occurrence)
  if (occurrence <= maxOccurrences) {
    end.spans ??= []
    end.spans[occurrence] = spans
  }
  return spans
}

interface Frame {
  readonly fhir: string
  readonly v2: string
  readonly row: string
  readonly counts: Map<string, number>
}

function unfold(
  keys: readonly Key[],
  { path, segment, field }: TraceBase,
  many: boolean,
  occurrence: number,
): readonly Span[] {
  const spans: Span[] = []
  const name = occurrence === 1 ? segment : `${segment}[${occurrence}]`
  const position = (next: number, repetition: number) => `${name}-${field + next}[${repetition}]`
  let items = 0
  const itemAt = (repetition: number): Frame => {
    const fhir = many ? `${path}[${items++}]` : path
    return { fhir, v2: position(0, repetition), row: '', counts: new Map() }
  }
  let frame = typeof keys[0] === 'number' ? undefined : itemAt(1)
  const above: Frame[] = []
  let row = ''
  for (const key of keys) {
    if (typeof key === 'number') {
      frame = itemAt(key + 1)
      continue
    }
    frame ??= itemAt(1)
    if (key.kind === 'leave') {
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
