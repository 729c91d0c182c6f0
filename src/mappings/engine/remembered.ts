// Codes as they were made before: feeds say few, all day long (HL7 v2.9.1 chapter 2A CWE).
import type { Json } from '../mapped.ts'
import type { Run } from './run.ts'
import type { TraceNode } from './trace.ts'

/** A concept as it was made, and where the lineage stood after it. */
class Remembered {
  readonly value: Json | undefined
  readonly to: TraceNode | undefined

  constructor(value: Json | undefined, to: TraceNode | undefined) {
    this.value = value
    this.to = to
  }
}

/** Concepts that are remembered for one set of tables, and the longest text of one. */
const maxConcepts = 10_000
const maxConceptChars = 200
const conceptsOf = new WeakMap<object, { count: number }>()

/**
 * The concept of a text at a position of a source: made once, unless there was something to tell. Kept at the place of
 * the lineage, which one row, field and repetition have to themselves.
 */
export function remembered(
  raw: string,
  run: Run,
  make: (raw: string, run: Run) => Json | undefined,
): Json | undefined {
  const from = run.node
  if (!from || raw.length > maxConceptChars || run.context.tables) return make(raw, run)
  const before = from.memory?.get(run.application)?.get(raw)
  if (before instanceof Remembered) {
    run.node = before.to
    return before.value
  }
  const { raised } = run
  const value = make(raw, run)
  if (run.raised === raised) remember(from, raw, new Remembered(value, run.node), run)
  return value
}

function remember(at: TraceNode, raw: string, made: Remembered, { application, tables }: Run): void {
  let known = conceptsOf.get(tables)
  if (!known) {
    known = { count: 0 }
    conceptsOf.set(tables, known)
  }
  if (known.count >= maxConcepts) return
  known.count++
  at.memory ??= new Map()
  let own = at.memory.get(application)
  if (!own) {
    own = new Map()
    at.memory.set(application, own)
  }
  own.set(raw, made)
}
