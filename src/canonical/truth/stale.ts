// What comes too late: values of an event that a later event has already replaced (semantics, section 8.4).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, sameContent } from '../fhir-json.ts'
import { readInstant } from '../instant.ts'
import type { CellKey, Contribution } from './contribution.ts'
import { isObject } from './event-elements.ts'
import { compareSteps, type RankOf, type Step, type StepCell, stepsOf } from './event-log.ts'

/** Facts that a client writes under the name of the element that they become. */
const elementOf: Readonly<Record<string, string>> = {
  $start: 'start',
  $end: 'end',
  $duration: 'minutesDuration',
  $admitTime: 'period.start',
  $dischargeTime: 'period.end',
}

const named = (path: string): string => elementOf[path] ?? path

/**
 * Cells of the incoming contribution that differ from what the latest later step says of the same element.
 */
export function staleCells(
  existing: readonly Contribution[],
  incoming: Contribution,
  rankOf: RankOf,
  isExempt: (path: string) => boolean,
): CellKey[] {
  const others = existing.filter((each) => each.source !== incoming.source || each.key !== incoming.key)
  const known = stepsOf(others, rankOf)
  const stale = new Set<CellKey>()
  for (const step of stepsOf([incoming], rankOf)) {
    const later = known.filter((each) => compareSteps(each, step) > 0)
    if (later.length === 0) continue
    for (const cell of step.cells) {
      if (!isExempt(cell.path) && differsFromLater(cell, later)) stale.add(cell.key)
    }
  }
  return [...stale]
}

function differsFromLater(cell: StepCell, later: readonly Step[]): boolean {
  for (const step of later.toReversed()) {
    for (const other of step.cells) {
      const value = rivalValue(cell, other)
      if (value !== undefined) return !agrees(cell.v, value, other.field === 'FHIR')
    }
  }
  return false
}

/** What another cell says of the element of this one; undefined when it does not speak of it. */
function rivalValue(cell: StepCell, other: StepCell): Json | undefined {
  const [path, otherPath] = [named(cell.path), named(other.path)]
  if (path === otherPath) {
    // Several fields feed one list: each of them is compared with itself, or with the whole that a client
    // wrote.
    const ofOtherField = Array.isArray(cell.v) && cell.key !== other.key && other.field !== 'FHIR'
    return ofOtherField ? undefined : other.v
  }
  if (other.field !== 'FHIR' || !path.startsWith(`${otherPath}.`)) return undefined
  let at: Json | undefined = other.v
  for (const name of path.slice(otherPath.length + 1).split('.')) at = isObject(at) ? at[name] : undefined
  return at ?? null
}

/** A client's list speaks of all fields at once: it agrees with a field when it holds what the field says. */
function agrees(a: Json, b: Json, whole: boolean): boolean {
  if (sameContent(a, b)) return true
  if (whole && Array.isArray(a) && Array.isArray(b)) {
    const all = new Set((b as readonly Json[]).map(canonicalText))
    return (
      (a as readonly Json[]).length > 0 &&
      (a as readonly Json[]).every((each) => all.has(canonicalText(each)))
    )
  }
  const [left, right] = [readInstant(a), readInstant(b)]
  return left !== undefined && left === right
}
