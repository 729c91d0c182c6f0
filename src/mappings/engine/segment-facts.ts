// What conditions of rows ask of a message: the segment at work, else the nearest of a name (mapping guidelines).
import type { Segment } from '../../hl7/message.ts'
import type { Group } from '../../hl7/structure.ts'
import type { Facts, Position } from './condition.ts'
import type { Run } from './run.ts'

/** Positions of conditions: in the segment itself, else in the nearest segment of that name. */
export class SegmentFacts implements Facts {
  readonly #segment: Segment
  readonly #group: Group
  readonly #run: Run
  /** First segment by name in each group, so that no group is searched twice. */
  readonly #nearby: Map<Group, Map<string, Segment | undefined>>
  #asked: Position | undefined
  #answer: string | undefined

  constructor(
    segment: Segment,
    group: Group,
    run: Run,
    nearby: Map<Group, Map<string, Segment | undefined>>,
  ) {
    this.#segment = segment
    this.#group = group
    this.#run = run
    this.#nearby = nearby
  }

  text(at: Position): string | undefined {
    // Rows that exclude each other ask the same, one after the other.
    if (at === this.#asked) return this.#answer
    this.#asked = at
    this.#answer = this.#text(at)
    return this.#answer
  }

  #text({ path }: Position): string | undefined {
    const segment = path && this.#named(path.segment)
    if (!path || !segment) return undefined
    const raw = segment.part(path.field, path.repetition, path.component, path.subcomponent)
    if (raw === undefined || raw === '' || raw === '""') return undefined
    this.#run.level = path.component === undefined ? 0 : 1
    const text = this.#run.head(raw) ?? this.#run.text(raw)
    this.#run.level = 0
    return text
  }

  count({ path }: Position): number {
    return (path && this.#named(path.segment)?.repetitions(path.field).length) ?? 0
  }

  #named(name: string): Segment | undefined {
    if (name === this.#segment.name) return this.#segment
    for (let at: Group | undefined = this.#group; at; at = at.parent) {
      const found = this.#firstIn(at, name)
      if (found) return found
    }
    return undefined
  }

  #firstIn(group: Group, name: string): Segment | undefined {
    let known = this.#nearby.get(group)
    if (!known) {
      known = new Map()
      this.#nearby.set(group, known)
    }
    if (!known.has(name)) known.set(name, group.first(name))
    return known.get(name)
  }
}
