// Where a visit takes place: Encounter.location[] from PV1-3, -6, -11 and -42 (semantics, section 10; FHIR R4
// http://hl7.org/fhir/R4/encounter-definitions.html#Encounter.location).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { readTime } from '../instant.ts'
import { isObject } from '../truth/event-elements.ts'
import { type Step, type Winner, winnerOf } from '../truth/event-log.ts'
import type { EncounterStatus, VisitRule } from './encounter-events.ts'

const classification = 'http://hl7.org/fhir/StructureDefinition/subject-locationClassification'
const temporaryExtension = [{ url: classification, valueCodeableConcept: { text: 'temporary' } }]

interface Place {
  readonly key: string
  /** Encounter.location entry without status and period. */
  readonly body: FhirJson
  readonly winner: Winner
  status: 'planned' | 'active' | 'completed' | 'reserved'
  /** FHIR dateTime. */
  start?: string
  end?: string
  /** Began with the admission itself: not later than Encounter.period. */
  first?: true
  /** A client wrote it without a status: none is shown while no event has ended it. */
  unsaid?: true
}

/** What one step says of places; undefined = nothing, null = deleted. */
export interface PlaceCells {
  readonly assigned: Json | undefined
  readonly prior: Json | undefined
  readonly temporary: Json | undefined
  readonly pending: Json | undefined
  /** The whole list, as a client wrote it. */
  readonly written: Json | undefined
}

interface Moment {
  readonly step: Step
  readonly at: string
  readonly rule: VisitRule
  readonly status: EncounterStatus | undefined
}

const keyOf = (location: Json): string =>
  isObject(location) && typeof location.reference === 'string' ? location.reference : canonicalText(location)

const ended: ReadonlySet<EncounterStatus | undefined> = new Set(['finished', 'cancelled', 'entered-in-error'])

/** What the visit tells of its places. */
interface Visit {
  readonly start?: string | undefined
  readonly end?: string | undefined
  readonly isTold: boolean
}

/** The places of one visit, filled step by step, earliest first. */
export class Places {
  readonly #past: Place[] = []
  #assigned: Place | undefined
  #left = false
  #temporary: Place | undefined
  #pending: Place | undefined
  #planned: Place | undefined

  /** `wasOver`: the visit had ended before this step, whose places then no longer count. */
  apply(moment: Moment, cells: PlaceCells, wasOver: boolean): void {
    if (cells.written !== undefined) this.#rewrite(moment, cells.written)
    if (wasOver) return
    const over = ended.has(moment.status)
    if (isObject(cells.prior)) this.#prior(moment, cells.prior)
    if (isObject(cells.assigned)) this.#assign(moment, cells.assigned, over)
    if (moment.rule.leaves) this.#leave(moment)
    this.#passBy(moment, cells, over)
  }

  #make(moment: Moment, location: Json, field: string, status: Place['status']): Place {
    const winner = winnerOf(moment.step, field)
    return { key: keyOf(location), body: { location }, winner, status }
  }

  /** PV1-6 counts only where nothing was known of the place before. */
  #prior(moment: Moment, location: Json): void {
    if (this.#assigned || this.#past.length > 0 || !moment.rule.moves) return
    this.#past.push({ ...this.#make(moment, location, '$priorLocation<PV1-6', 'completed'), end: moment.at })
  }

  #assign(moment: Moment, location: Json, over: boolean): void {
    const { at, rule, status, step } = moment
    const key = keyOf(location)
    if (status === 'planned') {
      this.#planned = this.#make(moment, location, '$location<PV1-3', 'planned')
      return
    }
    const same = this.#assigned?.key === key
    if (same && !this.#left) return
    if (same && !rule.moves) return
    this.#close(at)
    const place = this.#make(moment, location, '$location<PV1-3', 'active')
    const first = this.#past.length === 0
    // A discharge names the last bed, not the time since which it was taken.
    this.#assigned =
      over && step.code !== 'FHIR' ? place : { ...place, start: at, ...(first ? { first: true } : {}) }
    this.#left = false
  }

  #leave(moment: Moment): void {
    if (!this.#assigned || this.#left) return
    this.#assigned.end = moment.at
    this.#assigned.status = 'completed'
    delete this.#assigned.unsaid
    this.#left = true
  }

  #close(at: string): void {
    const place = this.#assigned
    if (!place) return
    if (!this.#left) place.end = at
    place.status = 'completed'
    delete place.unsaid
    this.#past.push(place)
    this.#assigned = undefined
  }

  /** Temporary and pending places; both end when the patient moves or the visit does. */
  #passBy(moment: Moment, cells: PlaceCells, over: boolean): void {
    const { at, rule } = moment
    const { temporary, pending } = cells
    const elsewhere = isObject(temporary) && keyOf(temporary) !== this.#temporary?.key
    const back = temporary === null || over || (temporary === undefined && rule.moves)
    if (this.#temporary && (elsewhere || back)) {
      this.#past.push({ ...this.#temporary, status: 'completed', end: at })
      this.#temporary = undefined
    }
    if (elsewhere && !over) {
      const place = this.#make(moment, temporary, '$temporaryLocation<PV1-11', 'active')
      this.#temporary = { ...place, body: { extension: temporaryExtension, ...place.body }, start: at }
    }
    if (isObject(pending)) this.#pending = this.#make(moment, pending, '$pendingLocation<PV1-42', 'planned')
    else if (pending === null || rule.moves || over) this.#pending = undefined
  }

  /** A client's list replaces what was known; what it calls active is where the patient is. */
  #rewrite(moment: Moment, list: Json): void {
    this.#past.length = 0
    this.#assigned = undefined
    this.#temporary = undefined
    this.#pending = undefined
    this.#planned = undefined
    this.#left = false
    for (const entry of Array.isArray(list) ? (list as readonly Json[]) : []) {
      if (!isObject(entry) || !isObject(entry.location)) continue
      const { status, period, ...body } = entry
      const known =
        status === 'planned' || status === 'active' || status === 'reserved' ? status : 'completed'
      const { start, end } = isObject(period) ? period : {}
      const place: Place = {
        key: keyOf(entry.location),
        body,
        winner: winnerOf(moment.step, 'location<FHIR'),
        status: status === undefined && end === undefined ? 'active' : known,
        ...(status === undefined ? { unsaid: true } : {}),
        ...(typeof start === 'string' ? { start } : {}),
        ...(typeof end === 'string' ? { end } : {}),
      }
      if (place.status === 'active' && !this.#assigned) this.#assigned = place
      else this.#past.push(place)
    }
  }

  /**
   * The list as FHIR shows it. `start` and `end` are those of the visit; `moved` is true once the patient has
   * come, so that a planned place without any other is where the patient is. `isTold`: the end is what somebody said, not the time at
   * which a client wrote that it is over.
   */
  finish(visit: Visit & { readonly status: EncounterStatus }): readonly [FhirJson, Winner][] {
    const over = ended.has(visit.status)
    const all = [...this.#past]
    if (this.#assigned) all.push(this.#assigned)
    const planned = this.#planned
    if (planned && all.length === 0 && !(over && visit.status !== 'finished')) {
      const come = visit.status !== 'planned'
      all.push(
        come ? { ...planned, status: 'active', ...(visit.start ? { start: visit.start } : {}) } : planned,
      )
    }
    if (this.#temporary) all.push(this.#temporary)
    if (this.#pending) all.push(this.#pending)
    return all
      .filter((place) => !(all.length > 1 && place.start !== undefined && place.start === place.end))
      .sort((a, b) => timeOf(a) - timeOf(b))
      .map((place) => [entryOf(place, visit, over), place.winner])
  }
}

/** Places in the order in which they were taken, those to come last. */
const timeOf = (place: Place): number =>
  place.status === 'planned' ? Number.MAX_SAFE_INTEGER : (readTime(place.start ?? place.end) ?? 0)

function entryOf(place: Place, visit: Visit, over: boolean): FhirJson {
  const open = place.status === 'active' || place.status === 'reserved'
  const isWritten = place.winner.key === 'location<FHIR'
  // A client that says nothing of when its place ended, and ends the visit itself, is not made to say more.
  const ends = over && open && (visit.isTold || !isWritten)
  const status = over && open ? 'completed' : place.status
  const isSaid = ends || !place.unsaid
  let start = place.start
  let end = place.end
  if (end === undefined && ends) end = visit.end
  if (place.first && visit.start !== undefined && start !== undefined && isBefore(visit.start, start))
    start = visit.start
  // Nobody lies in a bed of a visit that has not begun, or is over (I18); what a client wrote stands as it is.
  if (!isWritten) {
    if (start !== undefined && visit.start !== undefined && isBefore(start, visit.start)) start = visit.start
    if (end !== undefined && visit.end !== undefined && isBefore(visit.end, end)) end = visit.end
  }
  if (start !== undefined && end !== undefined && isBefore(end, start)) end = start
  const period = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }
  return {
    ...place.body,
    ...(isSaid ? { status } : {}),
    ...(Object.keys(period).length > 0 ? { period } : {}),
  }
}

const isBefore = (a: string, b: string): boolean => Date.parse(a) < Date.parse(b)
