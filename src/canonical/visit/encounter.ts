// The visit that its events add up to: Encounter (semantics, sections 0, 8.5 and 10; FHIR R4
// http://hl7.org/fhir/R4/encounter.html). Status comes from the event table, never from the patient class.
import type { Json } from '../../mappings/mapped.ts'
import type { FhirJson } from '../fhir-json.ts'
import { zoneClock } from '../instant.ts'
import type { CellKey, Contribution } from '../truth/contribution.ts'
import { foldElements, isObject, withPath } from '../truth/event-elements.ts'
import { type Step, stepsOf, type Winner, winnerOf } from '../truth/event-log.ts'
import { staleCells } from '../truth/stale.ts'
import { type Course, followVisit } from './encounter-course.ts'
import {
  appointmentEvents,
  type Cancellations,
  cancelEvents,
  endsAmbulatory,
  meaningOf,
  type SourceOf,
  visitRank,
} from './encounter-events.ts'
import { participantType, withParticipantHistory } from './encounter-participants.ts'

export interface EncounterContext {
  /** 'Patient/old' -> the reference that survives; any other reference as it is. */
  survivor(reference: string): string
  readonly source?: SourceOf
  /** IANA zone in which computed times are written; UTC without. */
  readonly zone?: string
}

/** An event that a linked appointment has to know of. */
export interface VisitEvent {
  /** 'ADT^A04'. */
  readonly event: string
  /** Milliseconds since the epoch. */
  readonly t: number
}

export interface FoldedEncounter {
  /** Without id; meta has security only. Undefined when nothing was said of the visit. */
  readonly resource: FhirJson | undefined
  /** Arrival and end (A01 A03 A04 A09 A10) as they stand after all cancellations, earliest first. */
  readonly events: readonly VisitEvent[]
  /** The record that was first named as the patient, whatever it is shown as: a merge does not change it. */
  readonly subject: string | undefined
  /** By element path of the resource: 'status', 'period.start', 'participant[0]', 'statusHistory[1]'. */
  readonly winners: Readonly<Record<string, Winner>>
  /** Cancel events that found nothing to cancel, by message. */
  readonly nothingToCancel: readonly string[]
}

/** Written by rules of their own, below; a client's statusHistory and classHistory are computed here. */
const decidedHere: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'meta',
  'status',
  'class',
  'statusHistory',
  'classHistory',
  'period',
  'period.start',
  'period.end',
  'location',
  'subject',
])

/** Pure: the same contributions give the same resource, in whatever order and however often they came. */
export function foldEncounter(
  contributions: readonly Contribution[],
  context: EncounterContext,
): FoldedEncounter {
  const steps = stepsOf(toldOf(contributions), visitRank)
  if (steps.length === 0)
    return { resource: undefined, events: [], subject: undefined, winners: {}, nothingToCancel: [] }
  const meaning = (step: Step) => meaningOf(step, context.source)
  const cancellations = cancelEvents(steps, meaning)
  const clock = zoneClock(context.zone)
  const course = followVisit(steps, { meaning, cancellations, clock })
  const plain = foldElements(steps, {
    accept: (step, cell) => !decidedHere.has(cell.path) && !cancellations.dropped(step, cell.path, cell.key),
    typeOf: participantType,
  })
  const { tree, winners } = withParticipantHistory(plain, steps, cancellations, clock)
  const resource: FhirJson = { resourceType: 'Encounter', ...meta(steps), ...course.elements, ...tree }
  const subject = latestSubject(steps, context)
  if (subject) resource.subject = subject.reference
  return {
    resource,
    events: eventsOf(steps, meaning, cancellations, course),
    subject: subject && firstRecord(steps, context, subject.record),
    winners: { ...winners, ...course.winners, ...(subject ? { subject: subject.winner } : {}) },
    nothingToCancel: cancellations.idle.map((each) => each.i),
  }
}

/** A bill names a visit in passing ('mention'): that counts until somebody tells of the visit itself. */
function toldOf(contributions: readonly Contribution[]): readonly Contribution[] {
  const told = contributions.filter((each) => each.key !== 'mention')
  return told.some((each) => each.data === undefined) ? told : contributions
}

/** Protection is as strict as the strictest source says, until that source takes it back. */
function meta(steps: readonly Step[]): FhirJson {
  const bySource = new Map<string, Json>()
  for (const step of steps) {
    for (const { path, key, v } of step.cells) {
      if (path === 'meta.security' || path === '$protection') bySource.set(`${step.source}|${key}`, v)
    }
  }
  const confidentiality = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'
  const codings = new Map<string, Json>()
  for (const v of bySource.values()) {
    const list =
      v === 'Y' || v === true ? [{ system: confidentiality, code: 'R' }] : Array.isArray(v) ? v : [v]
    for (const each of list as readonly Json[]) {
      if (isObject(each)) codings.set(`${String(each.system)}|${String(each.code)}`, each)
    }
  }
  const security = [...codings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, coding]) => coding)
  return security.length > 0 ? { meta: { security } } : {}
}

function latestSubject(
  steps: readonly Step[],
  context: EncounterContext,
): { reference: Json; record: string | undefined; winner: Winner } | undefined {
  for (const step of steps.toReversed()) {
    const cell = step.cells.find((each) => each.path === 'subject' && isObject(each.v))
    if (!cell || !isObject(cell.v)) continue
    const { reference } = cell.v
    const to = typeof reference === 'string' ? context.survivor(reference) : undefined
    const v =
      to === undefined || to === reference
        ? cell.v
        : { ...withPath(cell.v, 'display', undefined), reference: to }
    const record = typeof reference === 'string' ? reference : undefined
    return { reference: v, record, winner: winnerOf(step, cell.key) }
  }
  return undefined
}

/** The first name of whoever the patient is. */
function firstRecord(
  steps: readonly Step[],
  { survivor }: EncounterContext,
  last: string | undefined,
): string | undefined {
  for (const step of steps) {
    const said = step.cells.find((each) => each.path === 'subject')?.v
    const { reference } = (isObject(said) ? said : {}) as { readonly reference?: string }
    if (reference !== undefined && last !== undefined && survivor(reference) === survivor(last))
      return reference
  }
  return undefined
}

function eventsOf(
  steps: readonly Step[],
  meaning: (step: Step) => string,
  { cancelled }: Cancellations,
  course: Course,
): VisitEvent[] {
  if (course.status === 'cancelled' || course.status === 'entered-in-error') return []
  return steps.flatMap((step) => {
    const code = meaning(step)
    if (cancelled.has(step) || !appointmentEvents.has(code)) return []
    if (code === 'A09' && !endsAmbulatory(step, course.class)) return []
    return [{ event: `ADT^${code}`, t: step.t }]
  })
}

/**
 * Never older than what is known: timelines take them in, identifiers are only added, links are not the
 * sender's word.
 */
const neverStale =
  /^(status|class|identifier|subject|account|appointment|location|meta)\b|^\$(?!admitTime|dischargeTime)/

/**
 * Cells of an event that differ from what a later event already says: they are skipped, and the sender is
 * told.
 */
export function staleFields(existing: readonly Contribution[], incoming: Contribution): readonly CellKey[] {
  return staleCells(existing, incoming, visitRank, (path) => neverStale.test(path))
}
