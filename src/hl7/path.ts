// Positions in a message as people write them: `PID-3[2].4.1`, `NK1[2]-3` (HL7 v2.9.1 chapter 2, 2.5 and ERL 2A.3.28).
import type { Message } from './message.ts'

/** One position; all numbers count from 1. Without `component` the whole repetition is meant. */
export interface Path {
  readonly segment: string
  readonly occurrence: number
  readonly field: number
  readonly repetition: number
  readonly component?: number
  readonly subcomponent?: number
}

const GRAMMAR =
  /^([A-Z][A-Z0-9]{2})(?:\[([1-9]\d{0,5})\])?-([1-9]\d{0,3})(?:\[([1-9]\d{0,4})\])?(?:\.([1-9]\d{0,3})(?:\.([1-9]\d{0,3}))?)?$/

/** The position a path names, or undefined when it is not a path. */
export function parsePath(text: string): Path | undefined {
  const match = GRAMMAR.exec(text)
  if (!match) return undefined
  const [, segment = '', occurrence, field, repetition, component, subcomponent] = match
  return {
    segment,
    occurrence: Number(occurrence ?? 1),
    field: Number(field),
    repetition: Number(repetition ?? 1),
    ...(component !== undefined && { component: Number(component) }),
    ...(subcomponent !== undefined && { subcomponent: Number(subcomponent) }),
  }
}

/** The shortest text that names the position: first occurrences and repetitions are left out. */
export function printPath(path: Path): string {
  const occurrence = path.occurrence === 1 ? '' : `[${path.occurrence}]`
  const repetition = path.repetition === 1 ? '' : `[${path.repetition}]`
  const component = path.component === undefined ? '' : `.${path.component}`
  const subcomponent = path.subcomponent === undefined ? '' : `.${path.subcomponent}`
  return `${path.segment}${occurrence}-${path.field}${repetition}${component}${subcomponent}`
}

/** The decoded text at a position; undefined when absent or empty; `""` stays `""`. */
export function readPath(message: Message, path: Path | string): string | undefined {
  const position = typeof path === 'string' ? cached(path) : path
  if (!position) return undefined
  const segment =
    position.occurrence === 1
      ? message.first(position.segment)
      : message.all(position.segment)[position.occurrence - 1]
  return segment?.value(position.field, position.repetition, position.component, position.subcomponent)
}

/** A reader for one position, for use on many messages; undefined when the text is not a path. */
export function compilePath(text: string): ((message: Message) => string | undefined) | undefined {
  const path = parsePath(text)
  return path && ((message) => readPath(message, path))
}

// Paths come from code and mapping rows, so there are few; the cap is for callers that make them up.
const maxCachedPaths = 4_096
const known = new Map<string, Path | undefined>()

function cached(text: string): Path | undefined {
  const path = known.get(text)
  if (path !== undefined || known.has(text)) return path
  const parsed = parsePath(text)
  if (known.size < maxCachedPaths) known.set(text, parsed)
  return parsed
}
