// What a death means for appointments to come: those of our own schedules are called off, the others are asked for; a
// death that was a mistake brings none of them back (semantics, section 10).

import type { FhirJson } from '../../canonical/fhir-json.ts'
import type { TaskRequest } from '../../canonical/finding.ts'
import type { Site } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { openTasks } from '../../canonical/truth/task.ts'
import { foreignOwner } from '../client/filler.ts'

/** Statuses in which nobody has come yet. */
const toCome: ReadonlySet<unknown> = new Set(['proposed', 'pending', 'booked', 'waitlist'])

const deceased = 'pat-dec'
const reason: FhirJson = {
  coding: [
    {
      system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason',
      code: deceased,
      display: 'Patient: Deceased',
    },
  ],
}

const hasDied = (body: FhirJson | undefined): boolean =>
  typeof body?.deceasedDateTime === 'string' || body?.deceasedBoolean === true

/** Looks at the folded draft for deaths that are news, or no longer true. To be folded again afterwards. */
export function followDeaths(
  draft: Draft,
  site: Site,
  at: { readonly t: number; readonly iso: string },
): void {
  for (const { rtype, id, version, before, body } of [...draft.changes]) {
    if (rtype === 'Appointment' && version === 1 && body) askAfterDeath(draft, site, id, body, at)
    if (rtype !== 'Patient' || version === 1 || hasDied(before) === hasDied(body)) continue
    if (!hasDied(body)) openTasks(draft, [revertedOf(id, version)], at.iso)
    else for (const key of draft.about(`Patient/${id}`)) callOff(draft, site, key, at)
  }
}

const revertedOf = (id: string, version: number): TaskRequest => ({
  code: 'death-reverted',
  key: `${id}|${version}`,
  description: 'a patient who was said to have died has not - see which appointments have to be made again',
  focus: `Patient/${id}`,
  patient: `Patient/${id}`,
})

interface Participant {
  readonly actor?: { readonly reference?: string }
}

/** The booking came after the news of the death: its owner is asked all the same. */
function askAfterDeath(
  draft: Draft,
  site: Site,
  id: string,
  body: FhirJson,
  at: { readonly t: number; readonly iso: string },
): void {
  const people = ((body.participant ?? []) as readonly Participant[]).flatMap(
    ({ actor }) => /^Patient[/](.+)$/.exec(actor?.reference ?? '')?.[1] ?? [],
  )
  if (!people.some((each) => hasDied(draft.entity('Patient', each).body)) || !isToCome(body, at)) return
  const owner = foreignOwner(draft, site, 'Appointment', body, 'gateway')
  if (owner !== undefined) openTasks(draft, [requestOf(id, owner)], at.iso)
}

const isToCome = ({ status, start }: FhirJson, at: { readonly t: number }): boolean =>
  toCome.has(status) && !(typeof start === 'string' && Date.parse(start) <= at.t)

function callOff(
  draft: Draft,
  site: Site,
  key: string,
  at: { readonly t: number; readonly iso: string },
): void {
  if (!key.startsWith('Appointment/')) return
  const id = key.slice('Appointment/'.length)
  const { body } = draft.entity('Appointment', id)
  if (!body || !isToCome(body, at)) return
  const owner = foreignOwner(draft, site, 'Appointment', body, 'gateway')
  if (owner !== undefined) {
    openTasks(draft, [requestOf(id, owner)], at.iso)
    return
  }
  const i = draft.messageId
  const say = (v: FhirJson | string) => ({ v, t: at.t, m: at.t, i })
  const cells = { 'status<FHIR': say('cancelled'), 'cancelationReason<FHIR': say(reason) }
  draft.contribute('Appointment', id, {
    source: 'gateway',
    key: i,
    event: 'FHIR',
    t: at.t,
    m: at.t,
    i,
    cells,
  })
}

const requestOf = (id: string, owner: string): TaskRequest => ({
  code: 'filler-request',
  key: `${id}|${deceased}`,
  description: `the patient has died - ${owner} is asked to cancel the appointment on its schedule`,
  focus: `Appointment/${id}`,
  inputs: [{ type: 'owner', value: { valueString: owner } }],
})
