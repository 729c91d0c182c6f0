// A message cut into segments and fields for repairs, and put together again (HL7 v2.9.1 chapter 2, 2.5).
import type { Delimiters } from './escape.ts'
import { readDelimiters } from './message.ts'

/** `segments[i][n]` is field n; of MSH field n stands at n - 1, for its separator is field 1. */
export interface Cut {
  readonly segments: string[][]
  readonly delimiters: Delimiters
}

/** A position of every repetition in every segment of a name. */
export interface Target {
  readonly segment: string
  /** Index into a cut segment. */
  readonly field: number
  readonly component: number | undefined
}

const TARGET = /^([A-Z][A-Z0-9]{2})-([1-9]\d{0,2})(?:\.([1-9]\d{0,1}))?$/

export function parseTarget(text: string): Target | undefined {
  const [, segment, field, component] = TARGET.exec(text) ?? []
  if (segment === undefined) return undefined
  const shift = segment === 'MSH' ? 1 : 0
  return {
    segment,
    field: Number(field) - shift,
    component: component === undefined ? undefined : Number(component),
  }
}

/** Undefined for what does not begin with MSH: there is nothing to find a position in. */
export function cutMessage(text: string): Cut | undefined {
  const start = text.search(/\S/)
  if (start < 0 || !text.startsWith('MSH', start)) return undefined
  const found = readDelimiters(text, start)
  if ('fault' in found) return undefined
  const { delimiters } = found
  const lines = text
    .slice(start)
    .split(/\r\n|\r|\n/)
    .filter((line) => line !== '')
  return { segments: lines.map((line) => line.split(delimiters.field)), delimiters }
}

export const joinMessage = ({ segments, delimiters }: Cut): string =>
  segments.map((fields) => `${fields.join(delimiters.field)}\r`).join('')

/** Changes the values at a position; true when one of them is another now. */
export function valuesAt(
  { segments }: Cut,
  target: Target,
  delimiters: Delimiters,
  change: (value: string) => string,
): boolean {
  let changed = false
  for (const fields of segments) {
    if (fields[0] !== target.segment) continue
    const before = fields[target.field] ?? ''
    const list = before
      .split(delimiters.repetition)
      .map((one) => part(one, target.component, delimiters, change))
    const after = list.join(delimiters.repetition)
    if (after === before) continue
    while (fields.length <= target.field) fields.push('')
    fields[target.field] = after
    changed = true
  }
  return changed
}

function part(
  repetition: string,
  component: number | undefined,
  delimiters: Delimiters,
  change: (value: string) => string,
): string {
  if (component === undefined) return change(repetition)
  // Part of nothing is nothing: a repetition that is not there gets no component.
  if (repetition === '' || repetition === '""') return repetition
  const parts = repetition.split(delimiters.component)
  const before = parts[component - 1] ?? ''
  const after = change(before)
  if (after === before) return repetition
  while (parts.length < component) parts.push('')
  parts[component - 1] = after
  return parts.join(delimiters.component)
}
