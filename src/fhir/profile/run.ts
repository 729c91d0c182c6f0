// State of checking one resource against profiles, and the issues that come of it. As in ../checks.ts a valid resource costs
// no path: each caller that finds new issues after a child puts its own step before them.
import type { Clock } from '../fhirpath/evaluate.ts'
import type { Node } from '../fhirpath/node.ts'
import type { IssueCode, Severity } from '../issue.ts'
import type { JsonObject } from '../types.ts'

export interface ProfileFinding {
  path: string
  readonly severity: Severity
  readonly code: IssueCode
  readonly text: string
}

/** A value with its place under its parent: `name[0]`. */
export interface Item extends Node {
  readonly step: string
}

export interface Run {
  readonly findings: ProfileFinding[]
  readonly maxFindings: number
  /** The resource that contained ones belong to, and the one that is looked at. */
  readonly root: JsonObject
  resource: JsonObject
  depth: number
  readonly clock: Clock | undefined
  /** Which values were looked at by which profile. */
  readonly seen: Map<unknown, Set<string>>
  /** Checks a value against a loaded profile; nothing when it is not loaded. */
  readonly conform: (item: Node, url: string, run: Run) => void
}

export type ItemCheck = (item: Item, run: Run) => void

export const maxProfileDepth = 64

export function report(
  run: Run,
  path: string,
  code: IssueCode,
  text: string,
  severity: Severity = 'error',
): void {
  if (run.findings.length < run.maxFindings) run.findings.push({ path, severity, code, text })
}

/** Carries a check out and puts `step` before the paths of what it finds. */
export function within(step: string, run: Run, check: () => void): void {
  const from = run.findings.length
  run.depth += 1
  if (run.depth <= maxProfileDepth) check()
  run.depth -= 1
  if (step === '') return
  for (let at = from; at < run.findings.length; at += 1) {
    const finding = run.findings[at]
    if (finding) finding.path = finding.path === '' ? step : `${step}.${finding.path}`
  }
}

/** True when a check finds no error; what it finds is forgotten. */
export function passes(check: ItemCheck, item: Item, run: Run): boolean {
  const findings: ProfileFinding[] = []
  check(item, { ...run, findings, maxFindings: 20, seen: new Map() })
  return findings.every(({ severity }) => severity !== 'error')
}
