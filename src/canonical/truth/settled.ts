// Events of a visit that no longer decide anything: updates whose source has said all of it again since. They are set
// aside, so that a message costs the same however long the visit lasts (semantics, sections 6 and 8.5).

import { canonicalText } from '../fhir-json.ts'
import { foldEncounter } from '../visit/encounter.ts'
import { isCancelEvent, type SourceOf } from '../visit/encounter-events.ts'
import { type Contribution, splitKey } from './contribution.ts'

/** Key of the gateway's contribution that says up to when events were set aside. */
export const pastKey = 'past'

interface Past {
  /** Business time of the latest of them, milliseconds. */
  readonly t: number
}

/** As many events are folded for each message without a thought. */
const fewEvents = 24
const everyEvents = 8

/** True for a visit with so many events that it is worth a look which of them still count. */
export const isLong = (events: number): boolean => events > fewEvents && events % everyEvents === 0

/**
 * True when an event needs what was set aside: it is as old, or takes something back, and then what was said in
 * between may count again.
 */
export function needsPast(past: Contribution | undefined, event: string, t: number): boolean {
  const data = past?.data as Past | undefined
  return data !== undefined && (t <= data.t || isCancelEvent(event))
}

export interface Settled {
  readonly keys: readonly { readonly source: string; readonly key: string }[]
  readonly past: Past
}

/** Elements that keep a history of their own: what was said first counts for when it began. */
const historic = /^(\$|class|participant|status|location|period)/

interface FoldedBy {
  readonly source: SourceOf
  readonly zone: string
}

/** Events that can be set aside without any change of what is shown; undefined when there are none. */
export function settledOf(contributions: readonly Contribution[], by: FoldedBy): Settled | undefined {
  const updates = contributions.filter((each) => each.event === 'ADT^A08' && !each.parts)
  const covered = updates.filter((each) => updates.some((later) => coversAll(later, each)))
  for (const candidates of [covered, withoutChanges(covered, contributions)]) {
    if (candidates.length === 0) continue
    const out = new Set(candidates)
    const rest = contributions.filter((each) => !out.has(each))
    if (shownBy(contributions, by) !== shownBy(rest, by)) continue
    const earlier = contributions.find((each) => each.key === pastKey)?.data as Past | undefined
    const t = Math.max(earlier?.t ?? 0, ...candidates.map((each) => each.t ?? 0))
    return { keys: candidates.map(({ source, key }) => ({ source, key })), past: { t } }
  }
  return undefined
}

/** The same source speaks later of everything that it spoke of. */
function coversAll(later: Contribution, earlier: Contribution): boolean {
  if (later.source !== earlier.source || (later.t ?? 0) <= (earlier.t ?? 0)) return false
  return Object.keys(earlier.cells).every((key) => key in later.cells)
}

/** Those that only repeat what was said of elements that have a history. */
function withoutChanges(candidates: readonly Contribution[], all: readonly Contribution[]): Contribution[] {
  const inTime = all.filter((each) => each.event).sort((a, b) => (a.t ?? 0) - (b.t ?? 0))
  const last = new Map<string, string>()
  const changing = new Set<Contribution>()
  for (const each of inTime) {
    for (const [key, { v }] of Object.entries(each.cells)) {
      const { path } = splitKey(key)
      if (!historic.test(path)) continue
      const text = canonicalText(v)
      if (last.get(path) !== text) changing.add(each)
      last.set(path, text)
    }
  }
  return candidates.filter((each) => !changing.has(each))
}

function shownBy(contributions: readonly Contribution[], by: FoldedBy): string {
  const { resource, events } = foldEncounter(contributions, { ...by, survivor: (reference) => reference })
  return canonicalText([resource ?? null, events.map(({ event, t }) => ({ event, t }))])
}
