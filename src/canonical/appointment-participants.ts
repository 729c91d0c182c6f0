// Who and what an appointment needs: participants and services out of PID, AIP, AIL, AIG and AIS, by action
// code or as a snapshot (HL7 v2.9.1 chapter 10, update modes; semantics, sections 7 and 9).
import type { Json } from '../mappings/mapped.ts'
import { isEnding } from './appointment-status.ts'
import { type Part, splitKey } from './contribution.ts'
import { isObject, withPath } from './event-elements.ts'
import { type Step, type Winner, winnerOf } from './event-log.ts'
import { canonicalText, type FhirJson } from './fhir-json.ts'
import { minutesMs, readInstant, readMinutes } from './instant.ts'

/** One participant that is not a patient, or what a client said of one. */
export interface Resource {
  /** 'AIP', 'AIL', 'AIG'; 'FHIR' for a client's entry. */
  readonly segment: string
  readonly actor: FhirJson | undefined
  /** Appointment.participant without actor, status and period. */
  readonly body: FhirJson
  readonly status: string | undefined
  /** Distance of its own start from the appointment's, milliseconds, with its sign. */
  readonly offsetMs: number | undefined
  /** Own start where the appointment has none, milliseconds since the epoch. */
  readonly startMs: number | undefined
  readonly minutes: number | undefined
  /** Its own start as it was written, for its offset from UTC. */
  readonly written: string | undefined
  readonly winner: Winner
}

export interface Service {
  readonly value: Json
  readonly winner: Winner
  /** Field that it stays with: 'AIS-3', 'SCH-7', 'FHIR'. */
  readonly field: string
}

export interface Crew {
  /** By reference, as said: { reference, display }. */
  readonly patients: ReadonlyMap<string, Resource>
  readonly resources: readonly Resource[]
  readonly services: readonly Service[]
}

/** Action that an event means where no code was sent. */
const impliedAction: Readonly<Record<string, string>> = { S18: 'A', S19: 'U', S20: 'D', S21: 'D', S22: 'D' }

/** HL7 table 0278 -> http://hl7.org/fhir/R4/valueset-participationstatus.html */
const participation: Readonly<Record<string, string>> = {
  pending: 'tentative',
  waitlist: 'needs-action',
  booked: 'accepted',
  started: 'accepted',
  complete: 'accepted',
  cancelled: 'declined',
  discontinued: 'declined',
  dc: 'declined',
  deleted: 'declined',
  noshow: 'declined',
  blocked: 'needs-action',
  overbook: 'needs-action',
}
const participationStatuses: ReadonlySet<unknown> = new Set([
  'accepted',
  'declined',
  'tentative',
  'needs-action',
])

function participationOf(value: Json | undefined): string | undefined {
  const { original, code, status } = isObject(value)
    ? value
    : { original: value, code: undefined, status: undefined }
  if (participationStatuses.has(status)) return String(status)
  const sent = typeof original === 'string' ? original : code
  if (typeof sent !== 'string') return undefined
  const known = sent.toLowerCase()
  if (Object.hasOwn(participation, known)) return participation[known]
  return participationStatuses.has(sent) ? sent : undefined
}

const referenceOf = (actor: Json | undefined): string | undefined =>
  isObject(actor) && typeof actor.reference === 'string' ? actor.reference : undefined

const isPatient = (reference: string | undefined): boolean => reference?.startsWith('Patient/') ?? false

const listOf = (value: Json | undefined): readonly Json[] => {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? (value as readonly Json[]) : [value]
}

/** Follows the steps, earliest first. `startAfter` is the appointment's start as known after each of them. */
export function followCrew(steps: readonly Step[], startAfter: readonly (number | undefined)[]): Crew {
  const crew = new Gathering()
  for (const [at, step] of steps.entries()) crew.apply(step, startAfter[at])
  return crew.finish()
}

class Gathering {
  #patients = new Map<string, Resource>()
  readonly #resources = new Map<string, Resource>()
  readonly #services = new Map<string, Service>()

  apply(step: Step, startMs: number | undefined): void {
    for (const cell of step.cells) {
      if (cell.path === 'participant' && cell.field === 'FHIR') this.#write(step, cell.v, startMs)
      if (cell.path === 'serviceType') this.#state(step, cell.field, cell.key, cell.v)
    }
    this.#enrol(step)
    this.#applyParts(step, startMs)
  }

  /** PID: the patients of the latest message that has any. */
  #enrol(step: Step): void {
    const cells = step.cells.filter((each) => each.path === 'subject')
    if (cells.length === 0) return
    const next = new Map<string, Resource>()
    for (const cell of cells) {
      for (const actor of listOf(cell.v)) {
        const reference = referenceOf(actor)
        if (reference === undefined || !isObject(actor)) continue
        next.set(reference, this.#patients.get(reference) ?? bare('PID', actor, winnerOf(step, cell.key)))
      }
    }
    this.#patients = next
  }

  /** A client's list replaces what was known. */
  #write(step: Step, list: Json, appointmentMs: number | undefined): void {
    this.#patients = new Map()
    this.#resources.clear()
    for (const [i, entry] of listOf(list).entries()) {
      if (!isObject(entry)) continue
      const { actor, status, period, ...body } = entry
      const own = isObject(period) ? readInstant(period.start) : undefined
      const end = isObject(period) ? readInstant(period.end) : undefined
      const minutes = own !== undefined && end !== undefined && end > own ? (end - own) / 60_000 : undefined
      const resource: Resource = {
        ...bare('FHIR', isObject(actor) ? actor : undefined, winnerOf(step, 'participant<FHIR')),
        body,
        status: typeof status === 'string' ? status : undefined,
        ...placed(own, undefined, appointmentMs),
        minutes,
      }
      const reference = referenceOf(resource.actor)
      if (reference !== undefined && isPatient(reference)) this.#patients.set(reference, resource)
      else this.#resources.set(`FHIR|${reference ?? `#${i}`}`, resource)
    }
  }

  /** Service types outside AIS: the list of a field, or a client's whole list, is replaced. */
  #state(step: Step, field: string, key: string, value: Json): void {
    for (const [at, each] of this.#services)
      if (field === 'FHIR' || each.field === field) this.#services.delete(at)
    for (const each of listOf(value)) {
      this.#services.set(`${field}|${canonicalText(each)}`, {
        value: each,
        winner: winnerOf(step, key),
        field,
      })
    }
  }

  #applyParts(step: Step, startMs: number | undefined): void {
    if (step.parts.length === 0) return
    const coded = step.parts.some((each) => each.action !== undefined && each.action !== 'S')
    const implied = impliedAction[step.code]
    const ending = isEnding(step.code)
    // No code at all: the message shows the whole set of resources. What ends an appointment leaves its
    // record whole.
    if (!coded && implied === undefined && !ending) {
      this.#resources.clear()
      for (const [at, each] of this.#services) if (each.field.startsWith('AIS')) this.#services.delete(at)
    }
    for (const part of step.parts) {
      const action = part.action?.toUpperCase() ?? (coded ? 'U' : (implied ?? 'A'))
      if (action === 'X' || (ending && action === 'D')) continue
      if (part.type === 'Appointment.service') this.#serve(step, part, action)
      else this.#assign(step, part, ending && this.#knows(part) ? 'X' : action, startMs)
    }
  }

  #serve(step: Step, part: Part, action: string): void {
    const found = Object.entries(part.cells).find(([key]) => splitKey(key).path === 'serviceType')
    for (const value of listOf(found?.[1])) {
      const key = `AIS|${serviceKey(value)}`
      if (action === 'D') this.#services.delete(key)
      else this.#services.set(key, { value, winner: winnerOf(step, found?.[0] ?? ''), field: 'AIS-3' })
    }
  }

  /** The key under which a part is known, or shall be. */
  #keyOf(part: Part): string {
    const actor = cellOf(part, 'actor')?.v
    const reference = referenceOf(actor)
    const named = reference ?? (isObject(actor) ? canonicalText(actor) : `#${part.occurrence}`)
    const key = `${part.segment}|${named}`
    const written = `FHIR|${reference ?? ''}`
    return !this.#resources.has(key) && this.#resources.has(written) ? written : key
  }

  #knows(part: Part): boolean {
    return this.#resources.has(this.#keyOf(part))
  }

  #assign(step: Step, part: Part, action: string, startMs: number | undefined): void {
    if (action === 'X') return
    const key = this.#keyOf(part)
    if (action === 'D') {
      this.#resources.delete(key)
      return
    }
    const known = action === 'U' ? this.#resources.get(key) : undefined
    this.#resources.set(key, resourceOf(step, part, known, startMs))
  }

  finish(): Crew {
    const order = ['FHIR', 'AIP', 'AIL', 'AIG']
    const rank = (each: Resource) => order.indexOf(each.segment) + 1 || order.length + 1
    const resources = [...this.#resources.values()].sort((a, b) => rank(a) - rank(b))
    return { patients: this.#patients, resources, services: [...this.#services.values()] }
  }
}

function bare(segment: string, actor: FhirJson | undefined, winner: Winner): Resource {
  const unknown = {
    status: undefined,
    offsetMs: undefined,
    startMs: undefined,
    minutes: undefined,
    written: undefined,
  }
  return { segment, actor, body: {}, winner, ...unknown }
}

/** Own time relative to the appointment, so that it moves along when only the appointment is moved. */
function placed(
  own: number | undefined,
  offsetMinutes: number | undefined,
  appointmentMs: number | undefined,
): Pick<Resource, 'offsetMs' | 'startMs'> {
  if (own !== undefined && appointmentMs !== undefined)
    return { offsetMs: own - appointmentMs, startMs: undefined }
  if (own !== undefined) return { offsetMs: undefined, startMs: own }
  return { offsetMs: offsetMinutes === undefined ? undefined : minutesMs(offsetMinutes), startMs: undefined }
}

const cellOf = (part: Part, path: string): { key: string; v: Json } | undefined => {
  const found = Object.entries(part.cells).find(([key]) => splitKey(key).path === path)
  return found && { key: found[0], v: found[1] }
}

/** A participant out of a segment; what an update does not speak of stays as it was. */
function resourceOf(
  step: Step,
  part: Part,
  known: Resource | undefined,
  appointmentMs: number | undefined,
): Resource {
  const actorCell = cellOf(part, 'actor')
  const actor = isObject(actorCell?.v) ? actorCell.v : known?.actor
  let body = known?.body ?? {}
  for (const [key, v] of Object.entries(part.cells)) {
    const { path } = splitKey(key)
    if (path.startsWith('$') || path === 'actor' || path === 'status') continue
    const value = path === 'type' ? listOf(v) : v
    body = withPath(body, path, v === null ? undefined : value)
  }
  const written = cellOf(part, '$start')?.v
  const own = readInstant(written)
  const offset = readMinutes(cellOf(part, '$startOffset')?.v)
  const length = cellOf(part, '$duration')
  const minutes = length ? readMinutes(length.v) : known?.minutes
  const timed = own !== undefined || offset !== undefined
  const place = timed
    ? placed(own, offset, appointmentMs)
    : { offsetMs: known?.offsetMs, startMs: known?.startMs }
  const stated = cellOf(part, '$fillerStatus') ?? cellOf(part, 'status')
  return {
    segment: part.segment,
    actor,
    body,
    status: stated ? participationOf(stated.v) : known?.status,
    ...place,
    minutes: minutes !== undefined && minutes > 0 ? minutes : undefined,
    written: own === undefined ? known?.written : String(written),
    winner: winnerOf(step, actorCell?.key ?? known?.winner.key ?? ''),
  }
}

/** Services are one when their first code is. */
function serviceKey(value: Json): string {
  const coding = isObject(value) ? listOf(value.coding)[0] : undefined
  return isObject(coding) && coding.code !== undefined
    ? `${String(coding.system)}|${String(coding.code)}`
    : canonicalText(value)
}
