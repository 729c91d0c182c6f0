// Whose schedule an appointment stands on, and what is asked of its owner (semantics, section 5).

import { scheduleId } from '../canonical/booking.ts'
import type { Draft } from '../canonical/draft.ts'
import type { FhirJson } from '../canonical/fhir-json.ts'
import type { TaskRequest } from '../canonical/finding.ts'
import type { Site } from '../canonical/site.ts'
import { openTasks, taskId } from '../canonical/task.ts'

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
      siteOwner(draft, site, reference) ??
      draft.contribution('Schedule', scheduleId(reference), 'gateway', 'owner')?.data
    if (typeof owner === 'string' && owner !== 'gateway' && owner !== client) return owner
  }
  return undefined
}

function siteOwner(draft: Draft, site: Site, reference: string): string | undefined {
  for (const { actor, owner } of site.schedules) {
    const hit =
      actor.type === 'Practitioner' ? draft.lookup('Practitioner', actor.system, actor.value) : undefined
    if (hit && reference === `Practitioner/${hit.id}`) return owner
  }
  return undefined
}

/**
 * The schedule is somebody else's: the wish becomes a Task, which is returned with its id; the appointment stays as it
 * is until its owner agrees.
 */
export function requestFiller(
  draft: Draft,
  client: string,
  id: string,
  owner: string,
  now: Date,
): { readonly task: TaskRequest; readonly id: string } {
  const key = `${id}|${draft.messageId}`
  const task: TaskRequest = {
    code: 'filler-request',
    key,
    description: `${client} asks ${owner} to change an appointment on its schedule`,
    focus: `Appointment/${id}`,
    inputs: [{ type: 'owner', value: { valueString: owner } }],
  }
  openTasks(draft, [task], now.toISOString())
  return { task, id: taskId('filler-request', key) }
}
