// The common rule: of what the sources say of an element, the latest statement wins; a deletion is a statement, too.
import type { Json } from '../../mappings/mapped.ts'
import { type FhirJson, removePath, writePath } from '../fhir-json.ts'
import { type Assertion, type Contribution, compareAssertions, splitKey } from './contribution.ts'
import { compareText } from './event-log.ts'

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
  for (const list of byPath.values()) list.sort(compareStatements)
  return byPath
}

/** Later first; of one message, fields by name, so that the order in which they were stored is no matter. */
function compareStatements(a: Statement, b: Statement): number {
  return compareAssertions(a, b) || compareText(a.source, b.source) || compareText(a.field, b.field)
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
const choices = [
  'deceased',
  'multipleBirth',
  'value',
  'occurrence',
  'effective',
  'onset',
  'performed',
  'product',
] as const

export const choiceOf = (path: string): string | undefined =>
  choices.find((each) => path.startsWith(each) && /^[A-Z]/.test(path.slice(each.length)))

/** Forms of one choice: the later counts; of one message a value before a deletion, a date before a yes. */
const compareForms = (a: Statement, b: Statement): number =>
  compareAssertions(a, b) || Number(a.v === null) - Number(b.v === null) || compareText(b.path, a.path)

interface Written {
  readonly path: string
  readonly by: Statement
  readonly value: Json | undefined
}

/** Earlier first; of one message what holds others before what it holds. */
const compareWritten = (a: Written, b: Written): number =>
  compareAssertions(b.by, a.by) || a.path.length - b.path.length || compareText(a.path, b.path)

/**
 * Writes every element by its latest statement; '$' facts are left to the caller. What is said of a whole element
 * ('period', by a client) and of a part of it ('period.start', by IN1-12) is written in the order in which it was said.
 */
export function writeLatest(
  body: FhirJson,
  byPath: ReadonlyMap<string, readonly Statement[]>,
  skip?: ReadonlySet<string>,
): void {
  const decided = new Map<string, Statement>()
  for (const [path, [first]] of byPath) {
    const choice = choiceOf(path)
    const rival = choice === undefined ? undefined : decided.get(choice)
    if (choice && first && (!rival || compareForms(rival, first) > 0)) decided.set(choice, first)
  }
  const list: Written[] = []
  for (const [path, statements] of byPath) {
    const [by] = statements
    if (path.startsWith('$') || skip?.has(path) || !by) continue
    const choice = choiceOf(path)
    if (choice && decided.get(choice)?.path !== path) continue
    const value = latestValue(statements)
    list.push({ path, by, value: Array.isArray(value) && value.length === 0 ? undefined : value })
  }
  list.sort(compareWritten)
  const written = new Set<string>()
  for (const { path, value } of list) {
    const name = path.replace(/[.(].*$/s, '')
    if (value !== undefined) writePath(body, path, value)
    else if (written.has(name)) removePath(body, path)
    if (value !== undefined) written.add(name)
  }
}
