// A visit and its appointments: the visit tells them what has happened, in whatever order both become known (semantics,
// sections 9 and 10).
import type { Json } from '../mappings/mapped.ts'
import type { Contribution } from './contribution.ts'
import type { Draft } from './draft.ts'
import { foldEncounter } from './encounter.ts'
import { canonicalText } from './fhir-json.ts'
import type { FoldContext, Folded, Projection } from './fold.ts'
import { stableId } from './identifier.ts'

/** A reference to an appointment; one that came by number keeps it, for the number may come to mean another one. */
interface Link {
  readonly reference?: string
  readonly identifier?: { readonly system?: string; readonly value?: string }
}

/** Appointments that the visit has told; kept with it, so that those that it is no longer about hear of that. */
const toldKey = 'told'
/** An appointment has named the visit (PV1-19 of a SIU). */
const bookedPrefix = 'booked:'
export const bookedKey = (appointment: string): string => `${bookedPrefix}${appointment}`

const idOf = (reference: string): string => reference.slice(reference.indexOf('/') + 1)

/** Arrival and end are not claims on the schedule. An appointment that is not known yet is found when it comes. */
export function foldVisit(
  id: string,
  contributions: readonly Contribution[],
  context: FoldContext,
  deleted: boolean,
): Folded {
  const { resource: body, events } = foldEncounter(contributions, context)
  const before = (contributions.find((each) => each.key === toldKey)?.data ?? []) as readonly string[]
  const linked = body && !deleted ? linksOf(body.appointment, contributions, context) : []
  const data = events.map(({ event, t }) => ({ event, t }))
  const now = linked.filter((each) => each.startsWith('Appointment/')).map(idOf)
  const key = `visit:${id}`
  const projections: Projection[] = [
    ...before.filter((each) => !now.includes(each)).map((each) => ({ each, said: undefined })),
    ...now.map((each) => ({ each, said: data as Json })),
  ].map(({ each, said }) => ({ rtype: 'Appointment', id: each, key, data: said }))
  if (canonicalText(before) !== canonicalText(now))
    projections.push({ rtype: 'Encounter', id, key: toldKey, data: now.length > 0 ? now : undefined })
  if (!body) return { body, projections }
  const shown = linked.filter(
    (each) => !each.startsWith('Appointment/') || context.exists('Appointment', idOf(each)),
  )
  const { appointment: _, ...others } = body
  const references = shown.map((reference) => ({ reference }))
  return { body: references.length > 0 ? { ...others, appointment: references } : others, projections }
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
