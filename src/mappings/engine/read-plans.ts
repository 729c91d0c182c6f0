// What is read of a segment by the rows that applied to it, made once for each combination (mapping of residue).
import { ByForm } from './by-form.ts'
import type { SegmentMap } from './compile-segment.ts'
import { fieldsOf, mergeReads, type ReadPlan, settleReads } from './reads.ts'

/** Combinations kept per segment of a message map; there are few. */
const maxPlans = 1_024

/** A combination of rows with the conditions that held; the way to it is one step for each row. */
export class PlanNode {
  readonly #root: PlanNode
  readonly #above: PlanNode | undefined
  readonly #map: SegmentMap | undefined
  readonly #held: number
  #count = 0
  #reads: ReadPlan | undefined
  #lastRow = -1
  #lastHeld = 0
  #last: PlanNode | undefined
  #next: Map<string, PlanNode> | undefined

  constructor(above?: PlanNode, map?: SegmentMap, held = 0) {
    this.#above = above
    this.#root = above ? above.#root : this
    this.#map = map
    this.#held = held
  }

  /** The beginning for a segment: no row has applied yet. */
  static of(segment: string, into: Map<string, PlanNode>): PlanNode {
    const made = new PlanNode()
    into.set(segment, made)
    return made
  }

  /** The combination with a further row of the message map, its segment map and which conditions held. */
  to(row: number, map: SegmentMap, held: number): PlanNode {
    if (this.#last && this.#lastRow === row && this.#lastHeld === held) return this.#last
    const key = `${row}.${held}`
    let node = this.#next?.get(key)
    if (!node) {
      node = new PlanNode(this, map, held)
      if (this.#root.#count >= maxPlans) return node
      this.#root.#count++
      this.#next ??= new Map()
      this.#next.set(key, node)
    }
    this.#lastRow = row
    this.#lastHeld = held
    this.#last = node
    return node
  }

  /** Fields that have something and are not read as a whole: something of them may be left over. */
  readonly partly = new ByForm((segment) => fieldsOf(segment).filter((field) => !this.reads[field]?.whole))

  get reads(): ReadPlan {
    if (this.#reads) return this.#reads
    const plan: ReadPlan = []
    if (this.#above) mergeReads(plan, this.#above.reads)
    if (this.#map) mergeReads(plan, this.#map.reads(this.#held))
    this.#reads = settleReads(plan)
    return plan
  }
}
