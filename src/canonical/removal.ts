// A29: a person was registered in error. Nothing is deleted: the record is inactive, its numbers are old, and it says so;
// whatever is said of the person later brings it back (semantics, section 3).
import type { Json } from '../mappings/mapped.ts'
import { type Applying, derived, thingsOf } from './applying.ts'
import type { FhirJson } from './fhir-json.ts'
import type { Statement } from './latest.ts'
import { refuse } from './pairs.ts'
import { applyPerson } from './person.ts'

export const removedPath = '$removed'
const tag = { system: 'http://portico.example.org/CodeSystem/record-state', code: 'deleted' }

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

/** Shows that the person was removed, unless something was said since. */
export function showRemoval(body: FhirJson, byPath: ReadonlyMap<string, readonly Statement[]>): void {
  const [removal] = byPath.get(removedPath) ?? []
  if (removal?.v !== true) return
  for (const [path, [latest]] of byPath) if (path !== removedPath && latest && latest.t > removal.t) return
  body.active = false
  if (Array.isArray(body.identifier))
    body.identifier = (body.identifier as readonly FhirJson[]).map((each): Json => ({ ...each, use: 'old' }))
  body.meta = { ...(body.meta as FhirJson | undefined), tag: [tag] }
}
