// What was made before of the same words: feeds say few codes, all day long (HL7 v2.9.1 chapter 2A CWE).
import type { Message } from '../../hl7/message.ts'
import type { Cell, Json } from '../mapped.ts'
import type { MapContext } from './context.ts'
import type { Run } from './run.ts'
import type { Tables } from './table.ts'
import type { TraceNode } from './trace.ts'

/** Texts that are remembered for one set of maps; then all are forgotten, for feeds change. And the longest of them. */
const maxRemembered = 20_000
const maxRememberedChars = 200
/** Sources whose words are remembered; what the others say is worked out each time. */
const maxSpeakers = 256

/** How much is remembered for one set of tables, and who has said it. */
export class Memory {
  readonly #speakers = new Map<string, number>()
  readonly #owners = new WeakMap<object, Map<string, number>>()
  #speakerCount = 0
  #count = 0
  /** What was remembered under another number is forgotten. */
  generation = 0

  /** The number under which the words of a message's source are remembered, who may have tables of its own; -1 = they are not. */
  speaker(application: string, { delimiters }: Message, { lineage, tables: own }: MapContext): number {
    let known = this.#speakers
    if (own) {
      const owned = this.#owners.get(own)
      known = owned ?? new Map()
      if (!owned) this.#owners.set(own, known)
    }
    const key = `${Object.values(delimiters).join('')}${lineage ? 'l' : '-'}${application}`
    const speaker = known.get(key)
    if (speaker !== undefined) return speaker
    if (this.#speakerCount >= maxSpeakers) return -1
    known.set(key, this.#speakerCount)
    return this.#speakerCount++
  }

  add(): void {
    if (++this.#count <= maxRemembered) return
    this.#count = 0
    this.generation++
  }
}

const memories = new WeakMap<Tables, Memory>()

export function memoryOf(tables: Tables): Memory {
  const known = memories.get(tables)
  if (known) return known
  const made = new Memory()
  memories.set(tables, made)
  return made
}

/** What was made of a text: the value, where the lineage stood after it, and the cell for each occurrence of the segment. */
export class Made {
  readonly value: unknown
  readonly to: TraceNode | undefined
  readonly cells: Cell[] = []

  constructor(value: unknown, to: TraceNode | undefined) {
    this.value = value
    this.to = to
  }
}

/** What was made of the texts of one place, by speaker. */
export class Place<Value = Made> {
  #generation = 0
  #bySpeaker: (Map<string, Value> | undefined)[] = []

  at({ memory, speaker }: Run): Map<string, Value> {
    if (this.#generation !== memory.generation) {
      this.#generation = memory.generation
      this.#bySpeaker = []
    }
    const known = this.#bySpeaker[speaker]
    if (known) return known
    const made = new Map<string, Value>()
    this.#bySpeaker[speaker] = made
    return made
  }
}

/** True for a text that is worth a place, from a source that has one. */
export const isMemorable = (raw: string, run: Run): boolean =>
  run.speaker >= 0 && !run.recalling && raw.length <= maxRememberedChars

/** A copy that does not keep the message alive of which the text is a part. */
export const copyOf = (text: string): string => JSON.parse(JSON.stringify(text)) as string

/**
 * What `make` makes of a text at a place of the lineage, which one row, field and repetition have to themselves: made
 * once, unless there was something to tell.
 */
export function remembered(
  raw: string,
  run: Run,
  make: (raw: string, run: Run) => Json | undefined,
): Json | undefined {
  const from = run.entered()
  if (!from || !isMemorable(raw, run)) return make(raw, run)
  from.place ??= new Place()
  const known = from.place.at(run)
  const before = known.get(raw)
  if (before) {
    run.node = before.to
    return before.value as Json | undefined
  }
  const { raised } = run
  const own = copyOf(raw)
  const value = make(own, run)
  if (run.raised === raised) {
    known.set(own, new Made(value, run.node))
    run.memory.add()
  }
  return value
}
