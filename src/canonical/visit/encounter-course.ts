// The course of a visit: status, class, period and places with their histories, followed event by event
// (semantics, sections 8.5 and 10; FHIR R4 http://hl7.org/fhir/R4/encounter-
// definitions.html#Encounter.statusHistory).
import { compareTimes } from '../../fhir/date.ts'
import type { Json } from '../../mappings/mapped.ts'
import type { FhirJson } from '../fhir-json.ts'
import { type Clock, readTime, writeInstant } from '../instant.ts'
import { isObject } from '../truth/event-elements.ts'
import { compareSteps, type Step, said, type Winner, winnerOf } from '../truth/event-log.ts'
import {
  type Cancellations,
  type EncounterStatus,
  type StatusBefore,
  VOIDING,
  visitRule,
} from './encounter-events.ts'
import { Places } from './encounter-places.ts'

export interface Course {
  readonly status: EncounterStatus
  readonly class: FhirJson
  /** status, class, their histories, period and location, as the Encounter has them. */
  readonly elements: FhirJson
  readonly winners: Readonly<Record<string, Winner>>
}

export interface CourseRules {
  meaning(step: Step): string
  readonly cancellations: Cancellations
  readonly clock: Clock
}

/** A time that somebody has stated; undefined when a client has taken it away. */
interface Stated {
  readonly value: string | undefined
  readonly step: Step
  readonly key: string
  readonly written: boolean
}

interface Spell<T> {
  readonly value: T
  readonly step: Step
  readonly key: string
}

const v3 = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'
const v2Class = 'http://terminology.hl7.org/CodeSystem/v2-0004'
const unknownClass: FhirJson = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor',
  code: 'UNK',
  display: 'unknown',
}
const defaultClasses: Readonly<Record<string, FhirJson>> = {
  IMP: { system: v3, code: 'IMP', display: 'inpatient encounter' },
  AMB: { system: v3, code: 'AMB', display: 'ambulatory' },
}
const statuses: ReadonlySet<string> = new Set([
  'planned',
  'arrived',
  'triaged',
  'in-progress',
  'onleave',
  'finished',
  'cancelled',
  'entered-in-error',
  'unknown',
])
const over: ReadonlySet<StatusBefore> = new Set(['finished', 'cancelled', 'entered-in-error'])

/** PV2-16, table 0213: D is deleted; P (to be purged) and I (inactive) end what is open, a visit that took place stays one. */
function removedBy(purge: Json | undefined, now: StatusBefore): EncounterStatus | undefined {
  if (purge === 'D') return 'entered-in-error'
  return (purge === 'P' || purge === 'I') && !over.has(now) ? 'cancelled' : undefined
}

/** Follows the steps, earliest first. */
export function followVisit(steps: readonly Step[], rules: CourseRules): Course {
  const visit = new Visit(rules)
  for (const step of steps) visit.apply(step)
  return visit.finish()
}

class Visit {
  readonly #rules: CourseRules
  readonly #statuses: Spell<EncounterStatus>[] = []
  readonly #classes: Spell<FhirJson>[] = []
  readonly #places = new Places()
  /** Something that begins the visit has happened and stands. */
  #opened = false
  /** Last status in which the patient was expected or here. */
  #lastOpen: EncounterStatus | undefined
  #admitted: Step | undefined
  /** A10: here, though nobody has admitted or registered the patient. */
  #came: Step | undefined
  #plannedStart: Stated | undefined
  #start: Stated | undefined
  #end: Stated | undefined

  constructor(rules: CourseRules) {
    this.#rules = rules
  }

  get #status(): EncounterStatus | undefined {
    return this.#statuses.at(-1)?.value
  }

  apply(step: Step): void {
    const { meaning, cancellations, clock } = this.#rules
    const stands = !cancellations.cancelled.has(step)
    const code = meaning(step)
    const rule = visitRule(step.code === 'FHIR' ? '' : code)
    const before = this.#status
    if (stands) {
      const next = this.#next(step, code)
      if (next !== undefined && next !== before) {
        this.#statuses.push({ value: next, step, key: step.code === 'FHIR' ? 'status<FHIR' : 'status<MSH-9' })
      }
      if (visitRule(code).opens) this.#opened = true
      if ((code === 'A01' || code === 'A04') && step.code !== 'FHIR') this.#admitted ??= step
      if (code === 'A10') this.#came ??= step
    }
    const status = this.#status
    if (status !== undefined && !over.has(status)) this.#lastOpen = status
    if (step.code === 'A13') this.#end = undefined
    this.#classify(step, stands ? rule.class : undefined)
    this.#time(step)
    const voids = VOIDING.has(step.code) || step.code === 'A23'
    const place = (path: string) => this.#cell(step, path)
    this.#places.apply(
      { step, at: writeInstant(step.t, clock), rule: stands ? rule : { rank: rule.rank }, status },
      {
        assigned: voids ? undefined : place('$location'),
        prior: place('$priorLocation'),
        temporary: voids ? undefined : place('$temporaryLocation'),
        pending: place('$pendingLocation'),
        written: place('location'),
      },
      before !== undefined && over.has(before) && status === before,
    )
  }

  /** Value of a cell that no cancellation has taken back. */
  #cell(step: Step, path: string): Json | undefined {
    const cell = step.cells.find((each) => each.path === path)
    return cell && !this.#rules.cancellations.dropped(step, path, cell.key) ? cell.v : undefined
  }

  #next(step: Step, code: string): EncounterStatus | undefined {
    const now: StatusBefore = this.#status ?? 'none'
    // A client says it, or a booking that mentions the visit.
    if (step.code === 'FHIR' || step.code === '') {
      const written = said(step, 'status')
      return typeof written === 'string' && statuses.has(written) ? (written as EncounterStatus) : undefined
    }
    if (VOIDING.has(code)) return this.#opened || now === 'entered-in-error' ? undefined : 'cancelled'
    const removed = removedBy(said(step, '$purgeStatus'), now)
    if (removed !== undefined) return removed
    const rule = visitRule(code)
    if (!rule.to || !rule.from?.includes(now)) return undefined
    return code === 'A13' ? (this.#lastOpen ?? rule.to) : rule.to
  }

  #classify(step: Step, byEvent: 'IMP' | 'AMB' | undefined): void {
    const cell = step.cells.find((each) => each.path === 'class' && isObject(each.v))
    const code = said(step, '$patientClass')
    let value: FhirJson | undefined
    let key = cell?.key ?? '$patientClass<PV1-2'
    if (cell && isObject(cell.v)) value = cell.v
    else if (typeof code === 'string') value = { system: v2Class, code }
    else if (byEvent) {
      value = defaultClasses[byEvent]
      key = 'class<MSH-9'
    }
    const known = this.#classes.at(-1)?.value
    if (!value || (known?.code === value.code && known?.system === value.system)) return
    // The class of a beginning that was cancelled counts only while nothing else has said one: a visit has one.
    if (known && cell && this.#rules.cancellations.dropped(step, 'class', cell.key)) return
    if (known && !cell && this.#rules.cancellations.dropped(step, '$patientClass', key)) return
    this.#classes.push({ value, step, key })
  }

  #time(step: Step): void {
    const planned = this.#status === 'planned'
    const state = (path: string, v: Json | undefined): Stated | undefined => {
      const cell = step.cells.find((each) => each.path === path)
      if (!cell || this.#rules.cancellations.dropped(step, path, cell.key)) return undefined
      const value = readTime(v) === undefined ? undefined : (v as string)
      return { value, step, key: cell.key, written: cell.field === 'FHIR' }
    }
    const period = said(step, 'period')
    const part = (name: 'start' | 'end') => (isObject(period) ? period[name] : undefined)
    const start =
      state('$admitTime', said(step, '$admitTime')) ??
      state('period.start', said(step, 'period.start')) ??
      state('period', part('start'))
    const end =
      state('$dischargeTime', said(step, '$dischargeTime')) ??
      state('period.end', said(step, 'period.end')) ??
      state('period', part('end'))
    if (start) {
      if (planned) this.#plannedStart = start
      else this.#start = start
    }
    if (end) this.#end = end
  }

  finish(): Course {
    const last = this.#statuses.at(-1)
    const status = last?.value ?? 'unknown'
    const visitClass = this.#classes.at(-1)?.value ?? unknownClass
    const winners: Record<string, Winner> = {}
    const elements: FhirJson = { status }
    if (last) winners.status = winnerOf(last.step, last.key)
    this.#histories(elements, winners, visitClass)
    const { start, end } = this.#period(status, last?.step, winners)
    const period = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }
    if (Object.keys(period).length > 0) elements.period = period
    const closed = end ?? (last && over.has(status) ? this.#at(last.step) : undefined)
    const isTold = end !== undefined || last?.step.code !== 'FHIR'
    const places = this.#places.finish({ start, end: closed, status, isTold })
    if (places.length > 0) elements.location = places.map(([entry]) => entry)
    for (const [i, [, winner]] of places.entries()) winners[`location[${i}]`] = winner
    return { status, class: visitClass, elements, winners }
  }

  #at(step: Step): string {
    return writeInstant(step.t, this.#rules.clock)
  }

  /** Past spells, each ending where the next begins; what lasted no time is left out. */
  #spells<T>(spells: readonly Spell<T>[]): { value: T; period: Json; winner: Winner }[] {
    return spells.flatMap((spell, i) => {
      const next = spells[i + 1]
      if (!next || next.step.t === spell.step.t) return []
      const period = { start: this.#at(spell.step), end: this.#at(next.step) }
      return [{ value: spell.value, period, winner: winnerOf(spell.step, spell.key) }]
    })
  }

  #histories(elements: FhirJson, winners: Record<string, Winner>, visitClass: FhirJson): void {
    const past = this.#spells(this.#statuses)
    if (past.length > 0) elements.statusHistory = past.map(({ value, period }) => ({ status: value, period }))
    for (const [i, each] of past.entries()) winners[`statusHistory[${i}]`] = each.winner
    elements.class = visitClass
    const now = this.#classes.at(-1)
    if (now) winners.class = winnerOf(now.step, now.key)
    const classes = this.#spells(this.#classes)
    if (classes.length > 0)
      elements.classHistory = classes.map(({ value, period }) => ({ class: value, period }))
    for (const [i, each] of classes.entries()) winners[`classHistory[${i}]`] = each.winner
  }

  /**
   * PV1-44 else the admission itself, else the arrival; PV1-45 else the discharge. A time for the plan counts while it is a
   * plan.
   */
  #period(
    status: EncounterStatus,
    last: Step | undefined,
    winners: Record<string, Winner>,
  ): { start: string | undefined; end: string | undefined } {
    const stated = status === 'planned' ? this.#plannedStart : this.#start
    const admitted = status === 'planned' ? undefined : (this.#admitted ?? this.#came)
    let start = stated?.value
    if (!(stated?.written && stated.value === undefined) && start === undefined && admitted)
      start = this.#at(admitted)
    if (start !== undefined) {
      const by = stated?.value === undefined ? admitted : undefined
      if (by) winners['period.start'] = winnerOf(by, 'status<MSH-9')
      else if (stated) winners['period.start'] = winnerOf(stated.step, stated.key)
    }
    const discharged = status === 'finished' && last?.code !== 'FHIR' ? last : undefined
    let ended = this.#end
    if (ended?.written && discharged && compareSteps(ended.step, discharged) < 0) ended = undefined
    if (ended && !ended.written && status !== 'finished') ended = undefined
    let end = ended?.value ?? (discharged ? this.#at(discharged) : undefined)
    if (start !== undefined && end !== undefined && compareTimes(end, start) < 0) {
      end = discharged && compareTimes(this.#at(discharged), start) >= 0 ? this.#at(discharged) : start
    }
    const by = ended?.value === undefined ? discharged : undefined
    if (by) winners['period.end'] = winnerOf(by, 'status<MSH-9')
    else if (ended?.value !== undefined) winners['period.end'] = winnerOf(ended.step, ended.key)
    return { start, end }
  }
}
