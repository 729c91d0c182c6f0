// Policies and guarantors of an account: a union of what the sources say, each of its own list (semantics, sections 5, 7, 11).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import type { TaskRequest } from '../finding.ts'
import { compareAssertions } from '../truth/contribution.ts'
import { isObject } from '../truth/event-elements.ts'
import type { Statement } from '../truth/latest.ts'

const listOf = (value: Json): readonly FhirJson[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : []

/** One policy that a source adds or takes away by itself (IN1-55), beside the list that it has sent as a whole. */
const singlePrefix = 'IN1:'
export const singleKey = (coverage: string): string => `coverage<${singlePrefix}${coverage}`
const isSingle = ({ field }: Statement): boolean => field.startsWith(singlePrefix)

/**
 * What each source stands by, latest first: its last whole list, and what it has said of single policies since. A client
 * speaks of the whole: what was said before it is gone.
 */
function standing(statements: readonly Statement[]): readonly Statement[] {
  const whole = new Set<string>()
  const found: Statement[] = []
  for (const each of statements) {
    if (each.field === 'FHIR') return [...found, each]
    if (!whole.has(each.source)) found.push(each)
    if (!isSingle(each)) whole.add(each.source)
  }
  return found
}

interface Said {
  readonly entry: FhirJson
  readonly by: Statement
}

/** Entries of all lists, latest first; of one source the later word about a policy counts. */
function saidOf(statements: readonly Statement[]): Said[] {
  const decided = new Set<string>()
  return standing(statements).flatMap((by) => {
    const { source, field, v } = by
    const own = listOf(v).filter(
      (entry) => !decided.has(`${source} ${referenceOf(entry, 'coverage').replace(/^Coverage[/]/, '')}`),
    )
    if (isSingle(by)) decided.add(`${source} ${field.slice(singlePrefix.length)}`)
    return own.map((entry) => ({ entry, by }))
  })
}

/** True when nobody has a policy for it and a message has said so on purpose (IN1|""). */
export const isEmptied = (statements: readonly Statement[]): boolean => {
  const all = standing(statements)
  return all.every((each) => each.v === null) && all.some((each) => each.field === 'IN1')
}

const referenceOf = (entry: FhirJson, name: string): string => {
  const { reference } = (isObject(entry[name]) ? entry[name] : {}) as { readonly reference?: string }
  return reference ?? canonicalText(entry[name] ?? null)
}

export function guarantorsOf(statements: readonly Statement[]): FhirJson[] {
  const found = new Map<string, FhirJson>()
  for (const { entry } of saidOf(statements)) {
    const party = referenceOf(entry, 'party')
    if (!found.has(party)) found.set(party, entry)
  }
  return [...found.values()]
}

export interface Policies {
  readonly list: readonly FhirJson[]
  /** Two of them, or more, would pay first. */
  readonly contested: boolean
  /** Places of those that had to give way, by reference: no two share one. */
  readonly moved: ReadonlyMap<string, number>
}

interface Placed {
  readonly entry: FhirJson
  readonly reference: string
  readonly priority: number
  readonly by: Statement
}

const last = Number.MAX_SAFE_INTEGER

/** Policies in the order in which they pay; of two with one place the one that was stated first keeps it. */
export function policiesOf(statements: readonly Statement[]): Policies {
  const found = new Map<string, Placed>()
  for (const { entry, by } of saidOf(statements)) {
    const reference = referenceOf(entry, 'coverage')
    const priority = typeof entry.priority === 'number' ? entry.priority : last
    if (!found.has(reference)) found.set(reference, { entry, reference, priority, by })
  }
  const placed = [...found.values()].sort(
    (a, b) =>
      a.priority - b.priority || compareAssertions(b.by, a.by) || (a.reference < b.reference ? -1 : 1),
  )
  const moved = new Map<string, number>()
  let before = 0
  const list = placed.map(({ entry, reference, priority }): FhirJson => {
    if (priority === last) return entry
    const place = Math.max(priority, before + 1)
    before = place
    if (place === priority) return entry
    moved.set(reference, place)
    return { ...entry, priority: place }
  })
  return { list, contested: placed.filter((each) => each.priority === 1).length > 1, moved }
}

/** Which of two policies pays first is for a person to say. */
export const contestOf = (account: string): TaskRequest => ({
  code: 'cob-conflict',
  key: account,
  description: 'two policies of one account would pay first - correct their order at the source (IN1-22)',
  focus: `Account/${account}`,
})
