// Message structures: which segments belong together (HL7 v2.9.1 chapter 2, 2.5.2; chapters 3, 6, 10; table 0354).
import type { Message, Segment } from './message.ts'
import { type CompiledStructure, compileStructure, type Slot, type Step, stepTo } from './structure-table.ts'
import { STRUCTURES } from './structures.generated.ts'

// Table 0354: events that use the structure of another.
const SHARED: Readonly<Record<string, string>> = {
  ADT_A01: 'A01 A04 A08 A13',
  ADT_A02: 'A02',
  ADT_A03: 'A03',
  ADT_A05: 'A05 A14 A28 A31',
  ADT_A06: 'A06 A07',
  ADT_A09: 'A09 A10 A11',
  ADT_A12: 'A12',
  ADT_A15: 'A15',
  ADT_A16: 'A16',
  ADT_A17: 'A17',
  ADT_A18: 'A18',
  ADT_A20: 'A20',
  ADT_A21: 'A21 A22 A23 A25 A26 A27 A29 A32 A33',
  ADT_A24: 'A24',
  ADT_A30: 'A30 A34 A35 A36 A46 A47 A48 A49',
  ADT_A37: 'A37',
  ADT_A38: 'A38',
  ADT_A39: 'A39 A40 A41 A42',
  ADT_A43: 'A43 A44',
  ADT_A45: 'A45',
  ADT_A50: 'A50 A51',
  ADT_A52: 'A52 A53',
  ADT_A54: 'A54 A55',
  ADT_A60: 'A60',
  ADT_A61: 'A61 A62',
  BAR_P01: 'P01',
  BAR_P02: 'P02',
  BAR_P05: 'P05',
  BAR_P06: 'P06',
  BAR_P10: 'P10',
  BAR_P12: 'P12',
  DFT_P03: 'P03',
  DFT_P11: 'P11',
  MDM_T01: 'T01 T03 T05 T07 T09 T11',
  MDM_T02: 'T02 T04 T06 T08 T10',
  MFN_M02: 'M02',
  MFN_M05: 'M05',
  ORU_R01: 'R01',
  SIU_S12: 'S12 S13 S14 S15 S16 S17 S18 S19 S20 S21 S22 S23 S24 S26 S27',
  VXU_V04: 'V04',
}

const structureByEvent = new Map(
  Object.entries(SHARED).flatMap(([id, events]) =>
    events.split(' ').map((event) => [`${id.slice(0, 3)}^${event}`, id] as const),
  ),
)

// Versions disagree: 2.7 moved these from ADT_A30 to a structure with a repeating PATIENT group.
const alsoUsed: Readonly<Record<string, string>> = { 'ADT^A47': 'ADT_A43', 'ADT^A49': 'ADT_A43' }

/** The structure of an event by table 0354, such as ADT_A01 for ADT^A04; undefined when the event is not in it. */
export function structureOf(type: string, event: string): string | undefined {
  return structureByEvent.get(`${type}^${event}`)
}

/** True when the structure may be sent with the event in some version, or the event is not in table 0354. */
export function fitsEvent(structure: string, type: string, event: string): boolean {
  const expected = structureOf(type, event)
  return expected === undefined || structure === expected || alsoUsed[`${type}^${event}`] === structure
}

/** Segments that belong together. The segment a group begins with may be missing in what senders send. */
export class Group {
  readonly name: string
  readonly parent: Group | undefined
  /** 1-based among the groups of its name in the parent. */
  readonly occurrence: number
  /** Its own segments, in the order sent. */
  readonly segments: Segment[] = []
  /** The groups in it, in the order they begin. */
  readonly groups: Group[] = []

  // By name, once there are many: a batch of charges must not be searched again for each of them.
  #latest: Map<string, Group> | undefined

  constructor(name: string, parent: Group | undefined, occurrence: number) {
    this.name = name
    this.parent = parent
    this.occurrence = occurrence
  }

  /** Used while arranging: a new group in this one. */
  open(name: string): Group {
    const group = new Group(name, this, (this.latest(name)?.occurrence ?? 0) + 1)
    this.groups.push(group)
    if (this.groups.length > 16) this.#latest ??= new Map(this.groups.map((child) => [child.name, child]))
    this.#latest?.set(name, group)
    return group
  }

  /** The last group with that name directly in this group. */
  latest(name: string): Group | undefined {
    return this.#latest ? this.#latest.get(name) : this.groups.findLast((group) => group.name === name)
  }

  /** The names from the message down: `SIU_S12.RESOURCES[2].SERVICE`. */
  get path(): string {
    const own = this.occurrence === 1 ? this.name : `${this.name}[${this.occurrence}]`
    return this.parent ? `${this.parent.path}.${own}` : own
  }

  /** The first segment with that name directly in this group. */
  first(name: string): Segment | undefined {
    for (const segment of this.segments) if (segment.name === name) return segment
    return undefined
  }

  /** The segments with that name directly in this group. */
  all(name: string): readonly Segment[] {
    return this.segments.filter((segment) => segment.name === name)
  }

  /** The groups with that name directly in this group. */
  children(name: string): readonly Group[] {
    return this.groups.filter((group) => group.name === name)
  }

  /** The first segment with that name here or, failing that, in the groups around: the PID of an IN1. */
  nearest(name: string): Segment | undefined {
    return this.first(name) ?? this.parent?.nearest(name)
  }
}

/** A whole message in its groups. */
export class Arrangement extends Group {
  /** Segments that came where their structure does not have them; they are in the group they suit best. */
  readonly misplaced: Segment[] = []
  /** Segments, other than Z segments, that their structure does not have; in the group of the one before. */
  readonly unexpected: Segment[] = []
  readonly #groupOf: Group[] = []

  constructor(name: string) {
    super(name, undefined, 1)
  }

  /** The group a segment of this message is in. */
  groupOf(segment: Segment): Group {
    return this.#groupOf[segment.index] ?? this
  }

  /** Used while arranging. */
  put(segment: Segment, group: Group): void {
    group.segments.push(segment)
    this.#groupOf[segment.index] = group
  }
}

const compiled = new Map<string, CompiledStructure>()

function compiledStructure(id: string): CompiledStructure | undefined {
  const known = compiled.get(id)
  if (known) return known
  const text = Object.hasOwn(STRUCTURES, id) ? STRUCTURES[id] : undefined
  if (text === undefined) return undefined
  const made = compileStructure(id, text)
  compiled.set(id, made)
  return made
}

/**
 * Puts the segments of a message into the groups of its structure: that of the event by table 0354, else MSH-9.3.
 * Never fails: without a structure all segments are in the root.
 */
export function arrange(message: Message, structureId?: string): Arrangement {
  const id = structureId ?? structureIdOf(message)
  const structure = compiledStructure(id)
  const arrangement = new Arrangement(id)
  if (structure) new Placement(arrangement, structure).putAll(message.segments)
  else for (const segment of message.segments) arrangement.put(segment, arrangement)
  return arrangement
}

function structureIdOf(message: Message): string {
  const type = message.get('MSH-9.1') ?? ''
  const event = message.get('MSH-9.2') ?? message.get('EVN-1') ?? ''
  return structureOf(type, event) ?? message.get('MSH-9.3') ?? (event === '' ? type : `${type}_${event}`)
}

class Placement {
  readonly #arrangement: Arrangement
  readonly #structure: CompiledStructure
  /** Open groups, the message first. */
  readonly #stack: Group[]
  /** Open groups whose first segment is still missing. */
  readonly #headless = new Set<Group>()
  #slot: Slot
  #last: Group

  constructor(arrangement: Arrangement, structure: CompiledStructure) {
    this.#arrangement = arrangement
    this.#structure = structure
    this.#stack = [arrangement]
    this.#slot = structure.start
    this.#last = arrangement
  }

  putAll(segments: readonly Segment[]): void {
    for (const segment of segments) {
      const step = this.#structure.names.has(segment.name) ? stepTo(this.#slot, segment.name) : undefined
      if (step) this.#follow(step, segment)
      else if (!segment.name.startsWith('Z')) this.#arrangement.unexpected.push(segment)
      this.#arrangement.put(segment, this.#last)
    }
  }

  #follow(step: Step, segment: Segment): void {
    if (step.slot.extra) this.#arrangement.unexpected.push(segment)
    else if (step.misplaced) this.#arrangement.misplaced.push(segment)
    const stack = this.#stack
    if (step.kind === 'stay') {
      this.#last = stack[stack.length - 1 - step.levels] ?? this.#arrangement
      return
    }
    const again = step.kind === 'repeat' ? stack[stack.length - step.levels] : undefined
    if (again && step.open.length === 1 && this.#headless.delete(again)) {
      stack.length -= step.levels - 1
    } else if (this.#joins(step)) {
      return
    } else {
      stack.length -= step.levels
      for (const [at, { name }] of step.open.entries()) this.#enter(name, at < step.headless)
    }
    this.#slot = step.slot
    this.#last = stack.at(-1) ?? this.#arrangement
  }

  #enter(name: string, headless: boolean): void {
    const parent = this.#stack.at(-1) ?? this.#arrangement
    const existing = headless ? parent.latest(name) : undefined
    const group = existing ?? parent.open(name)
    if (headless && !existing) this.#headless.add(group)
    this.#stack.push(group)
  }

  /** A late segment of a group that is there: goes to it, and the place is kept. */
  #joins(step: Step): boolean {
    if (step.headless === 0 || step.headless < step.open.length) return false
    let group = this.#stack[this.#stack.length - 1 - step.levels]
    for (const { name } of step.open) group = group?.latest(name)
    if (group) this.#last = group
    return group !== undefined
  }
}
