// A29: a person was registered in error. Nothing is deleted: the record is inactive, its numbers are old, and it says so;
// whatever is said of the person later brings it back (semantics, section 3).
import { type Applying, derived, thingsOf } from '../applying.ts'
import type { FhirJson } from '../fhir-json.ts'
import { refuse } from '../identity/pairs.ts'
import { applyPerson } from './person.ts'
import { removedPath } from './removed.ts'

const openVisits: ReadonlySet<unknown> = new Set(['arrived', 'triaged', 'in-progress', 'onleave'])
const openBookings: ReadonlySet<unknown> = new Set(['proposed', 'pending', 'booked', 'arrived', 'checked-in'])

export function applyRemoval(applying: Applying): void {
  const { draft, source, times } = applying
  for (const thing of thingsOf(applying, 'Patient')) {
    const id = applyPerson(applying, thing)
    const where = `PID^${thing.segment.occurrence}^3`
    for (const key of draft.referrers(`Patient/${draft.survivorId('Patient', id)}`)) {
      const [rtype = '', other = ''] = key.split('/')
      const { body, deleted } = draft.entity(rtype, other)
      if (deleted || !body || !isOpen(rtype, body, times.event)) continue
      const what = rtype === 'Encounter' ? 'a visit is open' : 'an appointment is to come'
      throw refuse('206', [where], `${what} (${where}) - end or cancel it, then send A29 again`)
    }
    draft.assert('Patient', id, source.id, { [`${removedPath}<EVN-1`]: derived(applying, true, times.event) })
  }
}

function isOpen(rtype: string, body: FhirJson, at: number): boolean {
  if (rtype === 'Encounter') return openVisits.has(body.status)
  return rtype === 'Appointment' && openBookings.has(body.status) && Date.parse(String(body.start)) > at
}
