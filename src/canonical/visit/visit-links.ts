// A visit and its appointments: the visit tells them what has happened, in whatever order both become known (semantics,
// sections 9 and 10).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { stableId } from '../identity/identifier.ts'
import { movedIn } from '../identity/moved.ts'
import type { Contribution } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'
import type { FoldContext, Folded, Projection } from '../truth/fold.ts'
import { foldEncounter, type VisitEvent } from './encounter.ts'
import { meetingOfVisit, metBy, metKey, type Occasion, tellMeetings } from './meeting.ts'

/** A reference to an appointment; one that came by number keeps it, for the number may come to mean another one. */
interface Link {
  readonly reference?: string
  readonly identifier?: { readonly system?: string; readonly value?: string }
}

/** Appointments that the visit has told; kept with it, so that those that it is no longer about hear of that. */
const toldKey = 'told'
const toldMetKey = 'told-met'
/** An appointment has named the visit (PV1-19 of a SIU). */
const bookedPrefix = 'booked:'
export const bookedKey = (appointment: string): string => `${bookedPrefix}${appointment}`

const idOf = (reference: string): string => reference.slice(reference.indexOf('/') + 1)

/** Arrival and end are not claims on the schedule. An appointment that is not known yet is found when it comes. */
export function foldVisit(
  id: string,
  contributions: readonly Contribution[],
  context: FoldContext,
  { deleted, isAlias }: { readonly deleted: boolean; readonly isAlias: boolean },
): Folded {
  const { resource: body, events, subject } = foldEncounter(contributions, context)
  const stands = body !== undefined && !deleted
  const linked = stands ? linksOf(body.appointment, contributions, context) : []
  // Only who was not told which appointment it is has to find out.
  const seeks = stands && !isAlias && linked.length === 0 && !movedIn(contributions)
  const met = seeks ? metBy(contributions) : []
  const data = events.map(({ event, t }) => ({ event, t })) as Json
  const now = linked.filter((each) => each.startsWith('Appointment/')).map(idOf)
  const projections = [
    ...tell(id, contributions, { kept: toldKey, key: `visit:${id}`, now, data }),
    ...tell(id, contributions, { kept: toldMetKey, key: metKey(id), now: met, data }),
    ...tellMeetings('Encounter', id, contributions, seeks ? occasionOf(body, subject, events) : undefined),
  ]
  if (!body) return { body, projections }
  const shown = [...linked, ...met.map((each) => `Appointment/${each}`)].filter(
    (each) => !each.startsWith('Appointment/') || context.exists('Appointment', idOf(each)),
  )
  const { appointment: _, ...others } = body
  const references = shown.map((reference) => ({ reference }))
  return { body: references.length > 0 ? { ...others, appointment: references } : others, projections }
}

interface Told {
  /** Where it is kept who was told. */
  readonly kept: string
  /** What they are told under. */
  readonly key: string
  readonly now: readonly string[]
  readonly data: Json
}

/** Tells appointments what has happened, and those that the visit is not about any more that it is not. */
function tell(
  id: string,
  contributions: readonly Contribution[],
  { kept, key, now, data }: Told,
): Projection[] {
  const before = (contributions.find((each) => each.key === kept)?.data ?? []) as readonly string[]
  const projections: Projection[] = [
    ...before.filter((each) => !now.includes(each)).map((each) => ({ each, said: undefined })),
    ...now.map((each) => ({ each, said: data })),
  ].map(({ each, said }) => ({ rtype: 'Appointment', id: each, key, data: said }))
  if (canonicalText(before) !== canonicalText(now))
    projections.push({ rtype: 'Encounter', id, key: kept, data: now.length > 0 ? now : undefined })
  return projections
}

const arrivals = new Set(['ADT^A01', 'ADT^A04', 'ADT^A10'])

/** When the patient came, to whom, and to which place first; undefined when nobody has come. */
function occasionOf(
  body: FhirJson,
  subject: string | undefined,
  events: readonly VisitEvent[],
): { readonly ids: readonly string[]; readonly occasion: Occasion } | undefined {
  const arrival = events.find(({ event }) => arrivals.has(event))
  if (subject === undefined || !arrival) return undefined
  const people = (body.participant ?? []) as readonly { readonly individual?: Link }[]
  const [place] = (body.location ?? []) as readonly { readonly location?: Link }[]
  const at = [place?.location, ...people.map(({ individual }) => individual)].flatMap(
    (each) => each?.reference ?? [],
  )
  if (at.length === 0) return undefined
  const { t } = arrival
  return { ids: [meetingOfVisit(subject, t)], occasion: { t, at: [...new Set(at)].sort() } }
}

/** References of the appointments: those of the visit by what their numbers mean now, and those that name the visit. */
function linksOf(
  listed: Json | undefined,
  contributions: readonly Contribution[],
  context: FoldContext,
): string[] {
  const links = Array.isArray(listed) ? (listed as readonly Link[]) : []
  const found = links.flatMap(({ reference, identifier }) => {
    const { system, value } = identifier ?? {}
    const known = system && value ? context.named?.('Appointment', system, value) : undefined
    return known === undefined ? (reference ?? []) : `Appointment/${known}`
  })
  for (const { key, data } of contributions)
    if (key.startsWith(bookedPrefix) && data !== undefined)
      found.push(`Appointment/${key.slice(bookedPrefix.length)}`)
  return [...new Set(found)]
}

/** Visits that came before the appointment had this number have told an appointment that never was: they look again. */
export function relinkVisits(draft: Draft, appointment: string, system: string, value: string): void {
  const guess = stableId('Appointment', system, value)
  if (guess === appointment) return
  for (const { key, data } of draft.contributions('Appointment', guess).values())
    if (key.startsWith('visit:') && data !== undefined) draft.touch('Encounter', key.slice('visit:'.length))
}
