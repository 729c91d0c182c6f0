// A patient who comes within two hours of the one appointment that is booked with the same practitioner or at the same
// place has come for it, though nobody has said so by a number (semantics, section 10). Visits and appointments of one
// patient and day meet here, in whatever order they come; a meeting shows nothing itself.
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { stableId } from '../identity/identifier.ts'
import type { Contribution } from '../truth/contribution.ts'
import { compareText } from '../truth/event-log.ts'
import type { Projection } from '../truth/fold.ts'

/** Not a type of FHIR: what is kept of a day on which a patient is expected or comes. */
export const meetingType = 'Meeting'

const visitPrefix = 'visit:'
const appointmentPrefix = 'appointment:'
const metPrefix = 'met:'
/** Where a visit or an appointment has said that it takes place; kept with it, so that it can be taken back. */
const keptKey = 'meets'
/** Appointments that every visit of the meeting has been told of; kept with the meeting. */
const pairedKey = 'paired'

const nearMs = 2 * 3_600_000
const msPerDay = 86_400_000

/** When, with whom and where. Time in milliseconds since the epoch; references of practitioners and places. */
export interface Occasion {
  readonly t: number
  readonly at: readonly string[]
}

const dayOf = (t: number): number => Math.floor(t / msPerDay)
const meetingId = (patient: string, day: number): string => stableId(meetingType, patient, String(day))

/**
 * The meeting of a visit: that of the day on which it begins. `patient` refers to the record as it was named: what has
 * met stays so, whatever that record is merged into.
 */
export const meetingOfVisit = (patient: string, t: number): string => meetingId(patient, dayOf(t))

/** The meetings of an appointment: those of all days on which somebody may come for it. */
export const meetingsOfAppointment = (patient: string, t: number): string[] =>
  [...new Set([dayOf(t - nearMs), dayOf(t + nearMs)])].map((day) => meetingId(patient, day))

interface Kept extends Occasion {
  readonly by: string
  readonly ids: readonly string[]
}

/** Tells meetings of an occasion, and those that it is no longer part of that it is not; nothing when they know. */
export function tellMeetings(
  rtype: 'Encounter' | 'Appointment',
  id: string,
  contributions: readonly Contribution[],
  now: { readonly ids: readonly string[]; readonly occasion: Occasion } | undefined,
): Projection[] {
  const kept = contributions
    .flatMap(({ key, data }) => (key === keptKey ? [data as Kept | undefined] : []))
    .find((each) => each?.by === id)
  const next: Kept | undefined = now && { by: id, ids: now.ids, ...now.occasion }
  if (canonicalText((kept ?? null) as Json) === canonicalText((next ?? null) as Json)) return []
  const key = `${rtype === 'Encounter' ? visitPrefix : appointmentPrefix}${id}`
  const left = (kept?.ids ?? []).filter((each) => !next?.ids.includes(each))
  const data = now?.occasion as FhirJson | undefined
  return [
    ...left.map((each) => ({ rtype: meetingType, id: each, key, data: undefined })),
    ...(next?.ids ?? []).map((each) => ({ rtype: meetingType, id: each, key, data })),
    { rtype, id, key: keptKey, data: next as FhirJson | undefined },
  ]
}

/** Appointments that a visit was found to be about. */
export const metBy = (contributions: readonly Contribution[]): string[] =>
  contributions.flatMap(({ key, data }) =>
    key.startsWith(metPrefix) && data === true ? [key.slice(metPrefix.length)] : [],
  )

/** Key under which a visit tells an appointment that it was not named for. */
export const metKey = (visit: string): string => `${metPrefix}${visit}`
export const isMetKey = (key: string): boolean => key.startsWith(metPrefix)

interface Named extends Occasion {
  readonly id: string
}

const namedIn = (contributions: readonly Contribution[], prefix: string): Named[] =>
  contributions
    .flatMap(({ key, data }) =>
      key.startsWith(prefix) && data !== undefined
        ? [{ id: key.slice(prefix.length), ...(data as object as Occasion) }]
        : [],
    )
    .sort((a, b) => a.t - b.t || compareText(a.id, b.id))

/** Visit -> appointment: each visit, the earliest first, takes the one that fits, unless several do. */
export function pairsOf(contributions: readonly Contribution[]): Map<string, string> {
  const pairs = new Map<string, string>()
  const free = new Map(namedIn(contributions, appointmentPrefix).map((each) => [each.id, each]))
  for (const visit of namedIn(contributions, visitPrefix)) {
    const [found, ...others] = [...free.values()].filter(
      ({ t, at }) => Math.abs(t - visit.t) <= nearMs && at.some((each) => visit.at.includes(each)),
    )
    if (!found || others.length > 0) continue
    pairs.set(visit.id, found.id)
    free.delete(found.id)
  }
  return pairs
}

/** What a meeting tells visits: the appointment that each has come for. */
export function foldMeeting(id: string, contributions: readonly Contribution[]): Projection[] {
  const now = Object.fromEntries(pairsOf(contributions))
  const before = (contributions.find((each) => each.key === pairedKey)?.data ?? {}) as Record<string, string>
  if (canonicalText(before) === canonicalText(now)) return []
  const left = Object.entries(before).filter(([visit, appointment]) => now[visit] !== appointment)
  const tell =
    (data: Json | undefined) =>
    ([visit, appointment]: [string, string]): Projection => ({
      rtype: 'Encounter',
      id: visit,
      key: `${metPrefix}${appointment}`,
      data,
    })
  const data = Object.keys(now).length > 0 ? now : undefined
  return [
    ...left.map(tell(undefined)),
    ...Object.entries(now).map(tell(true)),
    { rtype: meetingType, id, key: pairedKey, data },
  ]
}
