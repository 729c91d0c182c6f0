// One policy of one person: what the sources say of it, and whether it still stands (semantics, section 11).

import type { FhirJson } from '../fhir-json.ts'
import { stableId } from '../identity/identifier.ts'
import { type Clock, writeInstant } from '../instant.ts'
import type { CellKey, Contribution } from '../truth/contribution.ts'
import { compareText } from '../truth/event-log.ts'
import { statementsByPath, writeLatest } from '../truth/latest.ts'

/** Key of a policy: patient, payer, plan, member or policy number. Its order is not part of it. */
export function coverageId(patient: string, payer: string, plan: string, member: string): string {
  return stableId('Coverage', patient, payer, plan, member)
}

/** An entry of Coverage.class. */
export interface Classed {
  readonly type?: { readonly coding?: readonly { readonly code?: string }[] }
  readonly value?: string
}

/** The plan: the class of that type. */
export const planAmong = (classes: readonly Classed[]): string | undefined =>
  classes.find((each) => each.type?.coding?.some(({ code }) => code === 'plan'))?.value

const standingCell: CellKey = '$standing<IN1'

/** The day on which a source has taken the policy away by itself (IN1-55 is D). */
export const endedCell: CellKey = '$ended<IN1-55'

/** Business time at which a source has last named the policy, milliseconds. */
export const lastMention = (said: Contribution | undefined): number | undefined =>
  said?.cells[standingCell]?.t

interface Standing {
  readonly source: string
  readonly t: number
  /** Date on which it ended; undefined while it stands. */
  readonly end: string | undefined
}

/** The latest word about whether the policy stands: each source names it, or leaves it out of a complete list. */
function standingOf(contributions: readonly Contribution[]): Standing | undefined {
  const told: Standing[] = []
  for (const { source, cells } of contributions) {
    const t = cells[standingCell]?.t
    if (t !== undefined) told.push({ source, t, end: undefined })
    const ended = cells[endedCell]
    if (typeof ended?.v === 'string') told.push({ source, t: ended.t, end: ended.v })
  }
  for (const { key, data } of contributions) {
    if (!key.startsWith('ended:') || data === undefined) continue
    const { t, date } = data as { readonly t: number; readonly date: string }
    told.push({ source: key.slice('ended:'.length), t, end: date })
  }
  return told.sort((a, b) => b.t - a.t || compareText(a.source, b.source))[0]
}

/** True while an account that is open lists the policy: then it is in use, whatever the lists say. */
const isInUse = (contributions: readonly Contribution[]): boolean =>
  contributions.some((each) => each.key.startsWith('account:') && each.data !== undefined)

/** Where it stands on an account on which somebody else has its place. */
const placeOf = (contributions: readonly Contribution[]): number | undefined =>
  contributions
    .flatMap(({ key, data }) => (key.startsWith('account:') && typeof data === 'number' ? [data] : []))
    .sort((a, b) => b - a)[0]

/** The day of a date or dateTime; undefined when it is not told to the day. */
const dayOf = (said: unknown): string | undefined =>
  typeof said === 'string' && said.length >= 10 ? said.slice(0, 10) : undefined

/**
 * The Coverage that the contributions add up to: cancelled once the latest word about its standing is an end, or names
 * it with a last day (IN1-13) that had passed. `clock` says which day it was.
 */
export function foldCoverage(
  contributions: readonly Contribution[],
  clock: Clock = () => 0,
): FhirJson | undefined {
  const state = contributions.filter((each) => each.data === undefined)
  if (state.length === 0) return undefined
  const byPath = statementsByPath(state)
  // Taken away before anybody has told of it.
  if (!byPath.has('beneficiary')) return undefined
  const standing = standingOf(contributions)
  const body: FhirJson = { resourceType: 'Coverage', status: 'active' }
  writeLatest(body, byPath)
  const period = body.period as FhirJson | undefined
  const lastDay = dayOf(period?.end)
  if (standing?.end !== undefined && !isInUse(contributions)) {
    body.status = 'cancelled'
    // What has ended before by itself did not end again.
    if (lastDay === undefined || lastDay > standing.end) body.period = { ...period, end: standing.end }
  } else if (standing) {
    const isOver = lastDay !== undefined && lastDay < writeInstant(standing.t, clock).slice(0, 10)
    body.status = isOver ? 'cancelled' : 'active'
  }
  const place = placeOf(contributions)
  if (place !== undefined) body.order = place
  const [said] = byPath.get('status') ?? []
  if (said && said.v !== null && said.t >= (standing?.t ?? 0)) body.status = said.v
  return body
}
