// Masters: practitioners, places, organizations and devices, which feeds name in passing with nearly every message.

import type { FhirJson } from '../fhir-json.ts'
import { unionIdentifiers } from '../identity/identifier-union.ts'
import { type Assertion, type CellKey, type Contribution, splitKey } from '../truth/contribution.ts'
import { compareText } from '../truth/event-log.ts'
import { type Statement, statementsByPath, writeLatest } from '../truth/latest.ts'

export const masterTypes: ReadonlySet<string> = new Set([
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Device',
  'HealthcareService',
])

/**
 * Recency of a master counts in steps: of a value is kept when it was said first, and the last step in which it was
 * said. Both only ever move one way, so every order of arrival, and every process, comes to the same; and what is said
 * a second time within a step is no news, so that a feed does not rewrite its doctors all day.
 */
const stepMs = 3_600_000
export const stepOf = (t: number): number => Math.floor(t / stepMs) * stepMs

type Cells = Readonly<Record<CellKey, Assertion>>

/** What is kept of a value that is said at `t`: its step as time, its first time as time of the message. */
const keptOf = (cell: Assertion): Assertion => ({ ...cell, t: stepOf(cell.t), m: cell.t })

/** Cells of a source after it has named a master; undefined when that is no news. */
export function stateMaster(own: Contribution | undefined, cells: Cells): Cells | undefined {
  const next: Record<CellKey, Assertion> = { ...own?.cells }
  let news = false
  for (const [key, cell] of Object.entries(cells)) {
    const [kept, known] = [keptOf(cell), next[key]]
    if (known && kept.t <= known.t && kept.m >= known.m) continue
    const first = known && known.m <= kept.m ? known : kept
    next[key] = { ...first, t: Math.max(kept.t, known?.t ?? kept.t) }
    news = true
  }
  return news ? next : undefined
}

/** Of one source: said in the latest step; of those the one that it came up with last. */
const compareOfSource = (a: Statement, b: Statement): number =>
  stepOf(b.t) - stepOf(a.t) || b.m - a.m || compareText(a.field, b.field)

/** Best first. Between sources trust decides, then who has come up with its value last: they name it by turns all day. */
export function rankMaster(
  statements: readonly Statement[],
  trust: (source: string) => number,
): readonly Statement[] {
  const own = [...statements].sort(compareOfSource)
  const current = new Map<string, Statement>()
  for (const each of own) if (!current.has(each.source)) current.set(each.source, each)
  const winners = [...current.values()].sort(
    (a, b) => trust(b.source) - trust(a.source) || b.m - a.m || compareText(a.source, b.source),
  )
  return [...winners, ...own.filter((each) => current.get(each.source) !== each)]
}

/** Statements on purpose, by a master file or a client: they count before what is said in passing. */
const isOnPurpose = ({ key, cells }: Contribution): boolean =>
  key === 'file' || Object.keys(cells).some((each) => each.endsWith('<FHIR'))

/** What FHIR shows of a master; pure, and the same in any order of arrival. Identifiers are a union. */
export function foldMaster(
  rtype: string,
  base: FhirJson,
  contributions: readonly Contribution[],
  trust: (source: string) => number,
): FhirJson {
  const body: FhirJson = { resourceType: rtype, ...base }
  const winners = new Map<string, Statement[]>()
  for (const [path, statements] of statementsByPath(contributions)) {
    const ranked = rankMaster(statements, trust)
    const [first] = ranked
    if (first && path !== 'identifier') winners.set(path, [first])
    if (first && path === 'identifier') body.identifier = unionIdentifiers(ranked, [])
  }
  if (contributions.some(({ key }) => key === 'file')) {
    for (const [path, statements] of statementsByPath(contributions.filter(isOnPurpose))) {
      const ranked = rankMaster(statements, trust)
      if (path !== 'identifier') winners.set(path, [...ranked])
    }
  }
  writeLatest(body, winners)
  return body
}

/** Names a value of a path within what a source says: all that it ever said of the element stand side by side. */
export const masterKey = (key: CellKey, type: string, value: string): CellKey =>
  `${splitKey(key).path}<${type}:${value}`
