// Whose schedule an appointment stands on, and what is asked of its owner (semantics, section 9, ownership).
import { scheduleId } from '../../canonical/appointment/booking.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import type { TaskRequest } from '../../canonical/finding.ts'
import { stableId } from '../../canonical/identity/identifier.ts'
import type { ScheduleRule, Site } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { openTasks, taskId } from '../../canonical/truth/task.ts'
import type { FhirWrite } from '../gateway.ts'

interface Participant {
  readonly actor?: { readonly reference?: string }
}

/** Source that owns the schedule of a participant, when it is neither the gateway nor the client itself. */
export function foreignOwner(
  draft: Draft,
  site: Site,
  rtype: string,
  body: FhirJson,
  client: string,
): string | undefined {
  if (rtype !== 'Appointment') return undefined
  for (const { actor } of (body.participant ?? []) as readonly Participant[]) {
    const reference = actor?.reference
    if (!reference || reference.startsWith('Patient/')) continue
    const owner =
      siteSchedule(draft, site, reference)?.owner ??
      draft.contribution('Schedule', scheduleId(reference), 'gateway', 'owner')?.data
    if (typeof owner === 'string' && owner !== 'gateway' && owner !== client) return owner
  }
  return undefined
}

/** Types whose things the registry names; the id of the others follows from their first identifier. */
const registered: ReadonlySet<string> = new Set(['Practitioner'])

/** The calendar that the site has for an actor. */
export function siteSchedule(draft: Draft, site: Site, reference: string): ScheduleRule | undefined {
  return site.schedules.find(({ actor: { type, system, value } }) => {
    if (!reference.startsWith(`${type}/`)) return false
    const known = registered.has(type) ? draft.lookup(type, system, value)?.id : undefined
    return reference === `${type}/${known ?? stableId(type, system, value)}`
  })
}

/** The wish of a client as a Task for the owner: about the appointment, or holding the one that it wants. */
export function requestFiller(
  draft: Draft,
  write: FhirWrite,
  { owner, next }: { readonly owner: string; readonly next: FhirJson | undefined },
  now: Date,
): { readonly task: TaskRequest; readonly id: string } {
  const { id = '', client, op } = write
  const isNew = draft.entity('Appointment', id).version === 0
  const key = `${id}|${draft.messageId}`
  const wants = isNew ? 'book' : op === 'delete' ? 'cancel' : 'change'
  const { id: _id, meta: _meta, ...wanted } = next ?? {}
  const task: TaskRequest = {
    code: 'filler-request',
    key,
    description: `${client.id} asks ${owner} to ${wants} an appointment on its schedule`,
    focus: isNew ? '#wanted' : `Appointment/${id}`,
    inputs: [
      { type: 'owner', value: { valueString: owner } },
      ...(next ? [{ type: 'wanted', value: { valueReference: { reference: '#wanted' } } }] : []),
    ],
    ...(next ? { contained: [{ ...wanted, resourceType: 'Appointment', id: 'wanted' }] } : {}),
  }
  openTasks(draft, [task], now.toISOString())
  return { task, id: taskId('filler-request', key) }
}
