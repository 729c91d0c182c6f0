// What each ADT event does to a visit, as a table (HL7 v2.9.1 chapter 3; semantics, section 10; mapping,
// section 3.1), and which events others have cancelled (semantics, section 8).

import { type FhirJson, sameContent } from '../fhir-json.ts'
import { eventCode, type Step, said } from '../truth/event-log.ts'

/** http://hl7.org/fhir/R4/valueset-encounter-status.html */
export type EncounterStatus =
  | 'planned'
  | 'arrived'
  | 'triaged'
  | 'in-progress'
  | 'onleave'
  | 'finished'
  | 'cancelled'
  | 'entered-in-error'
  | 'unknown'

/** 'none' = nothing is known of the visit yet. */
export type StatusBefore = EncounterStatus | 'none'

export interface VisitRule {
  /**
   * Status that the event leads to, from any of `from`; from all others it leads nowhere. Absent: no change.
   */
  readonly to?: EncounterStatus
  readonly from?: readonly StatusBefore[]
  /** Begins the visit: without any such event left, a cancelled visit is cancelled. */
  readonly opens?: true
  /** The patient comes to a place: a temporary or pending location ends, a left one is taken again. */
  readonly moves?: true
  /** The patient leaves the assigned place without being moved. */
  readonly leaves?: true
  /** Class when PV1-2 is empty, of v3-ActCode. */
  readonly class?: 'IMP' | 'AMB'
  /** Events of which the latest at or before this one is undone. */
  readonly cancels?: readonly string[]
  /** Event that has ended what would be cancelled, when it came after it: then nothing is open. */
  readonly unlessEndedBy?: string
  /** Of two events of one time the lower comes first. */
  readonly rank: number
}

const early: readonly StatusBefore[] = ['none', 'unknown', 'planned', 'arrived', 'triaged']
const present: readonly StatusBefore[] = ['none', 'unknown', 'arrived', 'triaged', 'in-progress']
const living: readonly StatusBefore[] = [...early, 'in-progress', 'onleave']
const passive: VisitRule = { rank: 4 }

/** Every ADT event; those that are about persons, accounts or links leave a visit's course alone. */
export const VISIT_EVENTS: Readonly<Record<string, VisitRule>> = {
  A01: { to: 'in-progress', from: [...early, 'cancelled'], opens: true, moves: true, rank: 2 },
  A02: { to: 'in-progress', from: early, moves: true, rank: 3 },
  A03: { to: 'finished', from: living, rank: 5 },
  A04: {
    to: 'arrived',
    from: ['none', 'unknown', 'planned', 'cancelled'],
    opens: true,
    moves: true,
    rank: 1,
  },
  A05: { to: 'planned', from: ['none', 'unknown', 'cancelled'], opens: true, rank: 0 },
  A06: { to: 'in-progress', from: early, moves: true, class: 'IMP', rank: 3 },
  A07: { to: 'in-progress', from: early, moves: true, class: 'AMB', rank: 3 },
  A08: passive,
  A09: { leaves: true, rank: 3 },
  A10: { to: 'arrived', from: ['none', 'unknown', 'planned'], opens: true, moves: true, rank: 3 },
  A11: { cancels: ['A01', 'A04', 'A06', 'A07'], rank: 6 },
  A12: { cancels: ['A02'], moves: true, rank: 6 },
  A13: { cancels: ['A03'], to: 'in-progress', from: ['none', 'unknown', 'finished'], moves: true, rank: 6 },
  A14: { to: 'planned', from: ['none', 'unknown', 'cancelled'], opens: true, rank: 0 },
  A15: passive,
  A16: passive,
  A17: { moves: true, rank: 3 },
  A18: passive,
  A19: passive,
  A20: passive,
  A21: { to: 'onleave', from: present, rank: 3 },
  A22: { to: 'in-progress', from: ['none', 'unknown', 'onleave'], moves: true, rank: 3 },
  A23: { to: 'entered-in-error', from: [...living, 'finished', 'cancelled'], rank: 7 },
  A24: passive,
  A25: { cancels: ['A16'], rank: 6 },
  A26: { cancels: ['A15'], rank: 6 },
  A27: { cancels: ['A14', 'A05'], rank: 6 },
  A28: passive,
  A29: passive,
  A30: passive,
  A31: passive,
  A32: { cancels: ['A10'], rank: 6 },
  A33: { cancels: ['A09'], rank: 6 },
  A34: passive,
  A35: passive,
  A36: passive,
  A37: passive,
  A38: { cancels: ['A05', 'A14'], rank: 6 },
  A39: passive,
  A40: passive,
  A41: passive,
  A42: passive,
  A43: passive,
  A44: passive,
  A45: passive,
  A46: passive,
  A47: passive,
  A48: passive,
  A49: passive,
  A50: passive,
  A51: passive,
  A52: { cancels: ['A21'], unlessEndedBy: 'A22', to: 'in-progress', from: ['onleave'], rank: 6 },
  A53: { cancels: ['A22'], unlessEndedBy: 'A21', to: 'onleave', from: ['in-progress'], rank: 6 },
  A54: passive,
  A55: { cancels: ['A54'], rank: 6 },
  A60: passive,
  A61: passive,
  A62: { cancels: ['A61'], rank: 6 },
}

/** A client's write of a status, as the event that says the same. */
const writtenAs: Readonly<Record<string, string>> = {
  planned: 'A05',
  arrived: 'A04',
  triaged: 'A04',
  'in-progress': 'A01',
  onleave: 'A21',
  finished: 'A03',
  'entered-in-error': 'A23',
}

/** Cancelling the beginning of a visit leaves it cancelled when nothing else has begun it. */
export const VOIDING: ReadonlySet<string> = new Set(['A11', 'A27', 'A38'])

export const visitRule = (code: string): VisitRule => VISIT_EVENTS[code] ?? passive

/** True for 'ADT^A11' and all others that take an event back. */
export const isCancelEvent = (event: string): boolean => visitRule(eventCode(event)).cancels !== undefined

export const visitRank = (code: string): number => (code === 'FHIR' ? 8 : visitRule(code).rank)

/** Settings of a source that change what its events mean (site file). */
export interface VisitSource {
  readonly a08CanDischarge: boolean
  readonly strictPam: boolean
}

export type SourceOf = (id: string) => VisitSource | undefined

/** The event that a step amounts to: an A08 may discharge, a client's status is an event, too. */
export function meaningOf(step: Step, source: SourceOf | undefined): string {
  if (step.code === 'FHIR') return writtenAs[String(said(step, 'status'))] ?? ''
  const discharged = step.code === 'A08' && typeof said(step, '$dischargeTime') === 'string'
  return discharged && source?.(step.source)?.a08CanDischarge ? 'A03' : step.code
}

interface Undo {
  /** Element paths or cell keys that the event had set. */
  readonly cells: readonly string[]
  /**
   * Also what other events have said of them until the cancellation: all of it, or only what repeats the
   * same.
   */
  readonly until: 'all' | 'same'
}

const plannedEnd =
  "extension('http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate')"
const discharge = ['$dischargeTime', 'hospitalization.dischargeDisposition', 'hospitalization.destination']
const classes = ['class', '$patientClass']
const admission: Undo = { cells: ['$admitTime', '$location', ...classes], until: 'same' }
/** Nobody has been at the place of a visit that was only planned. */
const plan: Undo = { cells: ['$location', ...classes], until: 'same' }
/** The visit goes on as what it was: its class, and where the patient was. */
const change: Undo = { cells: ['$location', '$priorLocation', ...classes], until: 'same' }
const tracking: Undo = { cells: ['$temporaryLocation', '$location'], until: 'same' }

const undoes: Readonly<Record<string, Undo>> = {
  A01: admission,
  A02: { cells: ['$location', '$priorLocation'], until: 'same' },
  A03: { cells: discharge, until: 'all' },
  A04: admission,
  A05: plan,
  A06: change,
  A07: change,
  A09: tracking,
  A10: tracking,
  A14: plan,
  A15: { cells: ['$pendingLocation'], until: 'same' },
  A16: { cells: [plannedEnd], until: 'same' },
  A54: { cells: ['participant<PV1-7'], until: 'same' },
  A61: { cells: ['participant<PV1-9'], until: 'same' },
}

/** Cells of a cancel event that only name what it cancels; `again`: when they say what the cancelled event has said. */
const naming: Readonly<Record<string, { readonly cells: readonly string[]; readonly again?: true }>> = {
  A11: { cells: classes, again: true },
  A12: { cells: ['$location'], again: true },
  A25: { cells: [plannedEnd] },
  A26: { cells: ['$pendingLocation'] },
  A27: { cells: classes, again: true },
  A32: { cells: ['$temporaryLocation'] },
  A33: { cells: ['$temporaryLocation'] },
  A38: { cells: classes, again: true },
  A55: { cells: ['participant<PV1-7'], again: true },
  A62: { cells: ['participant<PV1-9'], again: true },
}

export interface Cancellations {
  readonly cancelled: ReadonlySet<Step>
  /** Cancel events that found nothing to cancel. */
  readonly idle: readonly Step[]
  /** True for a cell that a cancellation has taken back. */
  dropped(step: Step, path: string, key: string): boolean
}

/** Finds what the cancel events of a visit cancel. Steps come earliest first. */
export function cancelEvents(steps: readonly Step[], meaning: (step: Step) => string): Cancellations {
  const cancelled = new Set<Step>()
  const idle: Step[] = []
  const gone = new Map<Step, Set<string>>()
  const drop = (step: Step, key: string) => gone.set(step, (gone.get(step) ?? new Set()).add(key))
  const done = new Set<string>()
  for (const [at, step] of steps.entries()) {
    const { cancels, unlessEndedBy } = visitRule(step.code)
    // The same cancellation sent again (a new control id, the same time) must not take the next event with
    // it.
    const again = `${step.source}|${step.code}|${step.t}`
    if (!cancels || done.has(again)) continue
    done.add(again)
    const earlier = steps.slice(0, at).filter((each) => !cancelled.has(each))
    const latest = earlier.findLast(
      (each) => cancels.includes(meaning(each)) || meaning(each) === unlessEndedBy,
    )
    const target = latest && cancels.includes(meaning(latest)) ? latest : undefined
    if (!target) idle.push(step)
    else {
      for (const each of earlier) if (each === target || isRepeat(each, target, meaning)) cancelled.add(each)
    }
    undo(steps.slice(0, at + 1), target, meaning, cancels, drop)
    for (const { path, key, v } of step.cells) {
      const rule = naming[step.code]
      const said = target?.cells.find((each) => each.key === key)
      const repeats = said !== undefined && sameContent(said.v, v)
      if (rule?.cells.some((each) => each === path || each === key) && (!rule.again || repeats))
        drop(step, key)
    }
  }
  const dropped = (step: Step, path: string, key: string) => {
    const keys = gone.get(step)
    return keys !== undefined && (keys.has(path) || keys.has(key))
  }
  return { cancelled, idle, dropped }
}

/** The same event told twice; a discharge told twice without being cancelled is one discharge. */
function isRepeat(step: Step, target: Step, meaning: (step: Step) => string): boolean {
  const code = meaning(target)
  return meaning(step) === code && (step.t === target.t || code === 'A03')
}

function undo(
  until: readonly Step[],
  target: Step | undefined,
  meaning: (step: Step) => string,
  cancels: readonly string[],
  drop: (step: Step, key: string) => void,
): void {
  const rule = undoes[target ? meaning(target) : (cancels[0] ?? '')]
  if (!rule || (!target && rule.until === 'same')) return
  const from = target && rule.until === 'same' ? until.indexOf(target) : 0
  const last = until.length - 1
  for (const [i, step] of until.entries()) {
    if (i < from || (rule.until === 'same' && i === last)) continue
    // Another beginning says where the patient is by itself, though it is the same place.
    if (rule === plan && step.code !== target?.code && visitRule(meaning(step)).opens) continue
    for (const cell of step.cells) {
      const matched = rule.cells.find((each) => each === cell.path || each === cell.key)
      if (matched === undefined) continue
      const same = target?.cells.find((each) => each.key === cell.key)
      const repeats = same !== undefined && sameContent(same.v, cell.v)
      if (rule.until === 'all' || step === target || repeats) drop(step, cell.key)
    }
  }
}

/**
 * Events that tell a linked appointment of arrival and end; a client's status as the event that says the
 * same.
 */
export const appointmentEvents: ReadonlySet<string> = new Set(['A01', 'A03', 'A04', 'A09', 'A10'])

/** True for events that an ambulatory visit ends with, as far as its appointment is concerned. */
export function endsAmbulatory(step: Step, visitClass: FhirJson | undefined): boolean {
  return step.code === 'A09' && visitClass?.code !== 'IMP' && said(step, '$temporaryLocation') === undefined
}
