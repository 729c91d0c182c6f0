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
/** Of a place whose texts need not be few, such as names and addresses, so many are remembered; then they are forgotten. */
const maxTried = 128
/** After so many new texts it is seen whether old ones come again, that many times as often; else nothing is kept there. */
const trial = 64
const worthwhile = 4
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
  speaker(application: string, { delimiters }: Message, context: MapContext): number {
    const { lineage, tables: own, currency = '', countryCode = '' } = context
    let known = this.#speakers
    if (own) {
      const owned = this.#owners.get(own)
      known = owned ?? new Map()
      if (!owned) this.#owners.set(own, known)
    }
    const key = `${Object.values(delimiters).join('')}${lineage ? 'l' : '-'}${currency} ${countryCode} ${application}`
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

  /** So many texts of this generation are forgotten. */
  drop(count: number): void {
    this.#count = Math.max(0, this.#count - count)
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
  /** Conditions that held of those that decide of it. */
  readonly held: number
  readonly cells: Cell[] = []

  constructor(value: unknown, to: TraceNode | undefined, held = 0) {
    this.value = value
    this.to = to
    this.held = held
  }
}

/** What was made of the texts of one place that one speaker says. */
export class Texts<Value> {
  readonly #memory: Memory
  readonly #isTried: boolean
  readonly #made = new Map<string, Value>()
  #found = 0
  #missed = 0
  /** New texts come and old ones do not: it is not worth looking. */
  isVain = false

  constructor(memory: Memory, isTried: boolean) {
    this.#memory = memory
    this.#isTried = isTried
  }

  get(text: string): Value | undefined {
    const made = this.#made.get(text)
    if (made !== undefined) this.#found++
    else if (this.#isTried) this.#miss()
    return made
  }

  set(text: string, value: Value): void {
    if (this.isVain) return
    this.#made.set(text, value)
    this.#memory.add()
  }

  #miss(): void {
    this.#missed++
    if (this.#missed >= trial && this.#found < this.#missed * worthwhile) this.isVain = true
    else if (this.#made.size < maxTried) return
    this.#memory.drop(this.#made.size)
    this.#made.clear()
    this.#found = 0
    this.#missed = 0
  }
}

/** What was made of the texts of one place, by speaker. */
export class Place<Value = Made> {
  readonly #isTried: boolean
  #generation = 0
  #bySpeaker: (Texts<Value> | undefined)[] = []
  #lastSpeaker = -1
  #last: Texts<Value> | undefined

  /** `tried`: nobody knows beforehand whether its texts come again. */
  constructor(tried = false) {
    this.#isTried = tried
  }

  at({ memory, speaker }: Run): Texts<Value> {
    if (this.#generation !== memory.generation) {
      this.#generation = memory.generation
      this.#bySpeaker = []
      this.#last = undefined
    }
    if (this.#last && this.#lastSpeaker === speaker) return this.#last
    const texts = this.#bySpeaker[speaker] ?? new Texts<Value>(memory, this.#isTried)
    this.#bySpeaker[speaker] = texts
    this.#lastSpeaker = speaker
    this.#last = texts
    return texts
  }

  /** Where texts are looked for; undefined when it is not worth it. */
  worthFor(run: Run): Texts<Value> | undefined {
    if (run.speaker < 0 || run.recalling) return undefined
    const texts = this.at(run)
    return texts.isVain ? undefined : texts
  }
}

/** True for a text that is worth a place, from a source that has one. */
export const isMemorable = (raw: string, run: Run): boolean =>
  run.speaker >= 0 && !run.recalling && isShort(raw)

export const isShort = (raw: string): boolean => raw.length <= maxRememberedChars

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
  const { passing } = run
  const own = copyOf(raw)
  const value = make(own, run)
  if (run.passing === passing) known.set(own, new Made(value, run.node))
  return value
}
