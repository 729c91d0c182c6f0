// The common rule: of what the sources say of an element, the latest statement wins; a deletion is a statement, too.
import type { Json } from '../mappings/mapped.ts'
import { type Assertion, type Contribution, compareAssertions, splitKey } from './contribution.ts'
import { type FhirJson, writePath } from './fhir-json.ts'

/** One assertion with who made it and for which element. */
export interface Statement extends Assertion {
  readonly source: string
  readonly path: string
  readonly field: string
}

/** Statements by element path, latest first. Projections (with data) make none. */
export function statementsByPath(contributions: Iterable<Contribution>): Map<string, Statement[]> {
  const byPath = new Map<string, Statement[]>()
  for (const contribution of contributions) {
    for (const [key, assertion] of Object.entries(contribution.cells)) {
      const { path, field } = splitKey(key)
      const statement = { ...assertion, source: contribution.source, path, field }
      const list = byPath.get(path)
      if (list) list.push(statement)
      else byPath.set(path, [statement])
    }
  }
  for (const list of byPath.values()) list.sort(compareAssertions)
  return byPath
}

/** 'Practitioner:1f2e…' and 'Practitioner:77ab…' are values of one field. */
const fieldOf = (statement: Statement): string => statement.field.replace(/:.*$/s, '')

/** Value of an element by its latest source: lists that several fields of that source feed are joined in field order. */
export function latestValue(statements: readonly Statement[]): Json | undefined {
  const [winner] = statements
  if (!winner) return undefined
  if (statements.length === 1 || winner.field === 'FHIR') return winner.v === null ? undefined : winner.v
  const newest = new Map<string, Statement>()
  for (const each of statements) {
    const field = fieldOf(each)
    if (each.source === winner.source && each.field !== 'FHIR' && !newest.has(field)) newest.set(field, each)
  }
  const own = [...newest.values()].filter((each) => each.v !== null)
  const lists = own.filter((each) => Array.isArray(each.v))
  if (lists.length < 2) return winner.v === null ? own[0]?.v : winner.v
  return lists.sort((a, b) => (a.field < b.field ? -1 : 1)).flatMap((each) => each.v as readonly Json[])
}

/** Elements that are one choice in FHIR: writing one excludes the others. */
const choices = ['deceased', 'multipleBirth', 'value', 'occurrence', 'effective', 'onset', 'product'] as const

export const choiceOf = (path: string): string | undefined =>
  choices.find((each) => path.startsWith(each) && /^[A-Z]/.test(path.slice(each.length)))

/** Writes every element by its latest statement; '$' facts are left to the caller. */
export function writeLatest(
  body: FhirJson,
  byPath: ReadonlyMap<string, readonly Statement[]>,
  skip?: ReadonlySet<string>,
): void {
  const decided = new Map<string, Statement>()
  for (const [path, statements] of byPath) {
    if (path.startsWith('$') || skip?.has(path)) continue
    const choice = choiceOf(path)
    const [first] = statements
    if (choice && first) {
      const rival = decided.get(choice)
      if (rival && compareAssertions(rival, first) <= 0) continue
      if (rival) delete body[rival.path]
      decided.set(choice, first)
    }
    const value = latestValue(statements)
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) writePath(body, path, value)
  }
}
