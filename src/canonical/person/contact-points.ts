// Addresses and telephones of a person: per use, the latest word stands, whoever said it (semantics, section 5).
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import type { Statement } from '../truth/latest.ts'

type Entry = FhirJson

export const entries = (statement: Statement): readonly Entry[] =>
  Array.isArray(statement.v) ? (statement.v as readonly Entry[]) : []

/** Uses about which a statement speaks beyond those that it names: a deletion of PID-13 is about the home, PID-14 about work. */
function scopeOf(statement: Statement): (group: string) => boolean {
  if (statement.field === 'FHIR') return () => true
  if (statement.v !== null) return () => false
  if (statement.field === 'PID-13') return (group) => !group.startsWith('work')
  if (statement.field === 'PID-14') return (group) => group.startsWith('work')
  return () => true
}

const groupOf = (entry: Entry): string =>
  `${String(entry.use ?? '')}|${entry.system === 'email' ? 'email' : ''}`

/** Address and telecom: per use, the latest statement wins regardless of trust; what it leaves out of its use is gone. */
export function contactPoints(statements: readonly Statement[]): Entry[] {
  const groups = new Set(statements.flatMap((each) => entries(each).map(groupOf)))
  const out: Entry[] = []
  for (const group of groups) {
    const winner = statements.find(
      (each) => scopeOf(each)(group) || entries(each).some((entry) => groupOf(entry) === group),
    )
    if (!winner) continue
    const same = statements.filter(
      (each) => each.source === winner.source && each.t === winner.t && each.i === winner.i,
    )
    out.push(...same.flatMap((each) => entries(each).filter((entry) => groupOf(entry) === group)))
  }
  return dedupe(out)
}

export function dedupe(list: readonly Entry[]): Entry[] {
  const seen = new Set<string>()
  return list.filter((each) => {
    const text = canonicalText(each)
    return seen.has(text) ? false : seen.add(text)
  })
}

/** True when a later statement says something else of what this one speaks of; a home says nothing of an office. */
export function contradicts(later: Statement, statement: Statement): boolean {
  if (later.path !== 'address' && later.path !== 'telecom')
    return canonicalText(later.v) !== canonicalText(statement.v)
  const of = (each: Statement, group: string) =>
    canonicalText(entries(each).filter((entry) => groupOf(entry) === group))
  const groups = new Set([...entries(later), ...entries(statement)].map(groupOf))
  const speaks = (each: Statement, group: string) =>
    scopeOf(each)(group) || entries(each).some((entry) => groupOf(entry) === group)
  for (const group of groups)
    if (speaks(later, group) && speaks(statement, group) && of(later, group) !== of(statement, group))
      return true
  return false
}
