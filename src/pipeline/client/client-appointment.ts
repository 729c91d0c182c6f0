// What a client may do to an appointment: legal steps, and only free time (semantics, section 9).
import { foldAppointment, legalTransition } from '../../canonical/appointment/appointment.ts'
import { takenBy } from '../../canonical/appointment/booking.ts'
import { takenOf } from '../../canonical/appointment/busy.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import { writeInstant, zoneClock } from '../../canonical/instant.ts'
import type { Site } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { siteSchedule } from './filler.ts'
import { refused } from './write-refused.ts'

export function checkTransition(current: FhirJson | undefined, next: FhirJson): void {
  const [from, to] = [current?.status, next.status]
  if (typeof from !== 'string' || typeof to !== 'string' || from === to) return
  const verdict = legalTransition(from, to)
  if ('legal' in verdict) {
    const legal = verdict.legal.length > 0 ? verdict.legal.join(', ') : 'none'
    throw refused(
      422,
      'business-rule',
      `an appointment that is ${from} cannot become ${to} (Appointment.status) - legal next states: ${legal}`,
    )
  }
}

/** What a client books must be free: 409 names whoever was there before, by time. */
export function checkFree(draft: Draft, site: Site, id: string): void {
  const contributions = [...draft.contributions('Appointment', id).values()]
  const { busy } = foldAppointment(contributions, {
    survivor: (reference) => draft.survivor(reference),
    zone: site.gateway.timezone,
  })
  const before = takenBy(contributions)
  for (const own of takenOf(busy)) {
    const isKept = before.some(
      (each) => each.actor === own.actor && each.start <= own.start && own.end <= each.end,
    )
    if (isKept) continue
    const rivals = draft.busy.rivals(id, own)
    const [blocker] = rivals
    if (!blocker || rivals.length < (siteSchedule(draft, site, own.actor)?.capacity ?? 1)) continue
    const local = (ms: number) => writeInstant(ms, zoneClock(site.gateway.timezone))
    throw refused(
      409,
      'conflict',
      `${own.actor} is booked from ${local(blocker.start)} to ${local(blocker.end)} (Appointment.start) - choose another time`,
    )
  }
}
