// When an appointment takes place: TQ1-7/-8, else SCH-11, else the times of its resources; of several events
// the latest that says so (semantics, section 9; mapping, section 3.2).

import type { Json } from '../../mappings/mapped.ts'
import { type Clock, clockLike, minutesMs, readInstant, readMinutes, writeInstant } from '../instant.ts'
import type { Part } from '../truth/contribution.ts'
import { splitKey } from '../truth/contribution.ts'
import { compareFields, type Step, type StepCell, type Winner, winnerOf } from '../truth/event-log.ts'

export interface AppointmentTime {
  /** Milliseconds since the epoch. */
  readonly ms: number
  /** FHIR instant. */
  readonly text: string
  readonly winner: Winner
}

export interface AppointmentTimes {
  readonly start: AppointmentTime | undefined
  readonly end: AppointmentTime | undefined
  /** Stated length, minutes. */
  readonly minutes: number | undefined
  /** A client has said that the length shall not be stated. */
  readonly unstated: boolean
  /** When it was given its present start and length, milliseconds. */
  readonly movedAt?: number | undefined
  /**
   * Start as known after each step, milliseconds: what offsets and own times of resources in that step refer
   * to.
   */
  readonly startAfter: readonly (number | undefined)[]
}

/** Fields in the order in which they decide inside one message. */
const precedence = ['FHIR', 'TQ1-', 'SCH-11', 'SCH-', ''] as const
const rankOf = (field: string): number => precedence.findIndex((each) => field.startsWith(each))

/** Events that set the time: the times of their resources count when the header has none. */
const setsTime: ReadonlySet<string> = new Set(['S12', 'S13'])
const isGone = (part: Part): boolean => part.action === 'D' || part.action === 'X'

/** Value of the first cell of a part with this path. */
export function partValue(part: Part, path: string): Json | undefined {
  const found = Object.entries(part.cells).find(([key]) => splitKey(key).path === path)
  return found?.[1]
}

interface Stated {
  readonly ms: number
  readonly text: string | undefined
  readonly step: Step
  readonly key: string
}

/** Cells of a step that speak of a time, the deciding one first. */
function cellsFor(step: Step, fact: string, element: string): StepCell[] {
  const cells = step.cells.filter((each) => each.path === fact || each.path === element)
  return cells.sort((a, b) => rankOf(a.field) - rankOf(b.field) || compareFields(a.field, b.field))
}

class Times {
  start: Stated | undefined
  /** Stated for the present start; a later start without an end of its own leaves it behind. */
  end: Stated | undefined
  minutes: number | undefined
  /** A client has said that there is no minutesDuration. */
  unstated = false

  /** Start and end as one text. */
  get span(): string {
    const end = this.end?.ms ?? (this.start && this.start.ms + (this.minutes ?? 0) * 60_000)
    return `${this.start?.ms} ${end}`
  }

  apply(step: Step): void {
    const [startCell] = cellsFor(step, '$start', 'start')
    const [endCell] = cellsFor(step, '$end', 'end')
    const length = this.#length(step, startCell !== undefined)
    const start = this.#read(step, startCell) ?? (setsTime.has(step.code) ? earliestPart(step) : undefined)
    const end = this.#read(step, endCell)
    if (start && start.ms !== this.start?.ms) {
      if (this.end && this.start) this.minutes ??= (this.end.ms - this.start.ms) / 60_000
      this.end = undefined
    }
    if (start) this.start = start
    else if (startCell?.v === null) this.start = undefined
    if (length !== undefined) {
      this.minutes = length
      this.unstated = false
      if (!end) this.end = undefined
    }
    if (end) this.end = end
    else if (endCell?.v === null) this.end = undefined
    const written = step.cells.find((each) => each.path === 'minutesDuration')
    if (written) this.unstated = written.v === null
    else if (start) this.unstated = false
  }

  #read(step: Step, cell: StepCell | undefined): Stated | undefined {
    const ms = readInstant(cell?.v)
    return cell && ms !== undefined ? { ms, text: String(cell.v), step, key: cell.key } : undefined
  }

  /** AIS-7 when there is one service, then TQ1-6, SCH-11, SCH-9; minutes. */
  #length(step: Step, timed: boolean): number | undefined {
    const services = step.parts.filter((each) => each.segment === 'AIS' && !isGone(each))
    const [only] = services
    const counts = setsTime.has(step.code) || timed || this.minutes === undefined
    const ofService =
      only && services.length === 1 && counts ? readMinutes(partValue(only, '$duration')) : undefined
    const candidates = cellsFor(step, '$duration', 'minutesDuration').map((each) => readMinutes(each.v))
    return [ofService, ...candidates].find((each) => each !== undefined && each > 0)
  }
}

/** The first own time among the resources of a message that has none in its header. */
function earliestPart(step: Step): Stated | undefined {
  let first: Stated | undefined
  for (const part of step.parts) {
    const ms = isGone(part) ? undefined : readInstant(partValue(part, '$start'))
    if (ms === undefined || (first && first.ms <= ms)) continue
    const key = Object.keys(part.cells).find((each) => splitKey(each).path === '$start') ?? ''
    first = { ms, text: String(part.cells[key]), step, key }
  }
  return first
}

/** Follows the steps, earliest first. */
export function followTimes(steps: readonly Step[], zone: Clock | undefined): AppointmentTimes {
  const times = new Times()
  const startAfter: (number | undefined)[] = []
  let movedAt: number | undefined
  for (const step of steps) {
    const before = times.span
    times.apply(step)
    if (times.span !== before) movedAt = step.t
    startAfter.push(times.start?.ms)
  }
  const { start, minutes, unstated } = times
  if (!start) return { start: undefined, end: undefined, minutes, unstated, movedAt, startAfter }
  const clock = zone ?? clockLike(start.text ?? '')
  const write = ({ ms, text, step, key }: Stated): AppointmentTime => ({
    ms,
    text: text ?? writeInstant(ms, clock),
    winner: winnerOf(step, key),
  })
  const stated = times.end && times.end.ms > start.ms ? times.end : undefined
  const computed =
    minutes === undefined ? undefined : { ...start, ms: start.ms + minutesMs(minutes), text: undefined }
  const end = stated ?? computed
  return { start: write(start), end: end && write(end), minutes, unstated, movedAt, startAfter }
}

/**
 * Stated length when it fits the interval, else the interval; whole minutes, undefined when there are none.
 */
export function lengthOf(
  start: number,
  end: number | undefined,
  stated: number | undefined,
): number | undefined {
  if (end === undefined) return undefined
  const interval = Math.floor((end - start) / 60_000)
  const minutes = stated !== undefined && stated <= interval ? Math.round(stated) : interval
  return minutes >= 1 ? minutes : undefined
}
