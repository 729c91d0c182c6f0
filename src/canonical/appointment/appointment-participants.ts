// Who and what an appointment needs: participants and services out of PID, AIP, AIL, AIG and AIS, by action
// code or as a snapshot (HL7 v2.9.1 chapter 10, update modes; semantics, sections 7 and 9).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText } from '../fhir-json.ts'
import { readInstant } from '../instant.ts'
import { type Part, splitKey } from '../truth/contribution.ts'
import { isObject } from '../truth/event-elements.ts'
import { type Step, type Winner, winnerOf } from '../truth/event-log.ts'
import { bare, cellOf, listOf, placed, type Resource, resourceOf } from './appointment-resource.ts'
import { isEnding } from './appointment-status.ts'

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

const referenceOf = (actor: Json | undefined): string | undefined =>
  isObject(actor) && typeof actor.reference === 'string' ? actor.reference : undefined

const isPatient = (reference: string | undefined): boolean => reference?.startsWith('Patient/') ?? false

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
  #since = new Map<string, number>()

  apply(step: Step, startMs: number | undefined): void {
    for (const cell of step.cells) {
      if (cell.path === 'participant' && cell.field === 'FHIR') this.#write(step, cell.v, startMs)
      if (cell.path === 'serviceType') this.#state(step, cell.field, cell.key, cell.v)
    }
    this.#enrol(step)
    this.#applyParts(step, startMs)
    this.#settle(step)
  }

  /** Who took part before keeps the time since which, however often it is said again. */
  #settle(step: Step): void {
    const before = this.#since
    this.#since = new Map()
    for (const [at, each] of this.#resources) {
      const name = referenceOf(each.actor) ?? at
      const since = before.get(name) ?? step.t
      this.#since.set(name, since)
      if (each.since !== since) this.#resources.set(at, { ...each, since })
    }
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
    const found = cellOf(part, 'serviceType')
    for (const value of listOf(found?.v)) {
      const key = `AIS|${serviceKey(value)}`
      if (action === 'D') this.#services.delete(key)
      else {
        const winner = winnerOf(step, found?.key ?? '')
        this.#services.set(key, { value: extended(value, part), winner, field: 'AIS-3' })
      }
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

/** The service with what its segment says beside its code: substitution, status, supplements. */
function extended(value: Json, part: Part): Json {
  if (!isObject(value)) return value
  const extension = Object.entries(part.cells).flatMap(([key, v]) =>
    splitKey(key).path.startsWith('extension(') ? listOf(v) : [],
  )
  return extension.length > 0 ? { extension, ...value } : value
}

/** Services are one when their first code is. */
function serviceKey(value: Json): string {
  const coding = isObject(value) ? listOf(value.coding)[0] : undefined
  return isObject(coding) && coding.code !== undefined
    ? `${String(coding.system)}|${String(coding.code)}`
    : canonicalText(value)
}
