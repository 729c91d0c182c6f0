// One participant of an appointment out of its segment, or as a client wrote it: who, when, and how many may have it
// (HL7 v2.9.1 chapter 10 AIP, AIL, AIG; semantics, section 9).
import type { Json } from '../../mappings/mapped.ts'
import type { FhirJson } from '../fhir-json.ts'
import { minutesMs, readInstant, readMinutes } from '../instant.ts'
import { type Part, splitKey } from '../truth/contribution.ts'
import { isObject, withPath } from '../truth/event-elements.ts'
import { type Step, type Winner, winnerOf } from '../truth/event-log.ts'

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
  /** Since when it takes part, milliseconds. */
  readonly since: number
  /** How many may book it at a time; undefined = any number. */
  readonly capacity: number | undefined
  readonly winner: Winner
}

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

export const listOf = (value: Json | undefined): readonly Json[] => {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? (value as readonly Json[]) : [value]
}

export function bare(segment: string, actor: FhirJson | undefined, winner: Winner): Resource {
  const unknown = {
    status: undefined,
    offsetMs: undefined,
    startMs: undefined,
    minutes: undefined,
    written: undefined,
    capacity: 1,
  }
  return { segment, actor, body: {}, since: winner.t, winner, ...unknown }
}

/** Own time relative to the appointment, so that it moves along when only the appointment is moved. */
export function placed(
  own: number | undefined,
  offsetMinutes: number | undefined,
  appointmentMs: number | undefined,
): Pick<Resource, 'offsetMs' | 'startMs'> {
  if (own !== undefined && appointmentMs !== undefined)
    return { offsetMs: own - appointmentMs, startMs: undefined }
  if (own !== undefined) return { offsetMs: undefined, startMs: own }
  return { offsetMs: offsetMinutes === undefined ? undefined : minutesMs(offsetMinutes), startMs: undefined }
}

export const cellOf = (part: Part, path: string): { key: string; v: Json } | undefined => {
  for (const key in part.cells) {
    const v = part.cells[key]
    if (v !== undefined && splitKey(key).path === path) return { key, v }
  }
  return undefined
}

/** A participant out of a segment; what an update does not speak of stays as it was. */
export function resourceOf(
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
    since: known?.since ?? step.t,
    capacity: capacityOf(part),
    winner: winnerOf(step, actorCell?.key ?? known?.winner.key ?? ''),
  }
}

/** How many may book the actor at a time, as it was when it was booked: 0 stands for any number. */
function capacityOf(part: Part): number | undefined {
  const said = cellOf(part, '$capacity')?.v
  return typeof said !== 'number' ? 1 : said === 0 ? undefined : said
}
