// Where a position stands in the text of its message: offsets for people who look at the bytes (HL7 v2.9.1 chapter 2, 2.5).
import type { Message } from './message.ts'
import type { Path } from './path.ts'

/** Offsets in characters, end exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** Undefined when the message has nothing there. */
export function rangeOf(message: Message, path: Path): Range | undefined {
  const segment = message.all(path.segment)[path.occurrence - 1]
  if (!segment) return undefined
  const { field, component, repetition, subcomponent } = message.delimiters
  const header = path.segment === 'MSH' ? 1 : 0
  const whole = { start: segment.start, end: segment.end }
  let at = nth(message.text, whole, field, path.field - header)
  if (at && !(header === 1 && path.field === 2)) at = nth(message.text, at, repetition, path.repetition - 1)
  if (at && path.component !== undefined) at = nth(message.text, at, component, path.component - 1)
  if (at && path.subcomponent !== undefined) at = nth(message.text, at, subcomponent, path.subcomponent - 1)
  return at
}

/** The part number `index` (from 0) of a range that a separator divides. */
function nth(text: string, { start, end }: Range, separator: string, index: number): Range | undefined {
  let from = start
  for (let i = 0; i < index; i++) {
    const next = text.indexOf(separator, from)
    if (next < 0 || next >= end) return undefined
    from = next + 1
  }
  const next = text.indexOf(separator, from)
  return { start: from, end: next < 0 || next > end ? end : next }
}
