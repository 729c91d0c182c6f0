// The booking that tests are about, rescheduled and changed (acceptance W03).
import assert from 'node:assert/strict'
import { foldAppointment } from '../../src/canonical/appointment/appointment.ts'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { event, part, sameReference } from './events.ts'

export const fold = (...contributions: Contribution[]) => foldAppointment(contributions, sameReference)
export const shown = (...contributions: Contribution[]): Record<string, unknown> => {
  const { resource } = fold(...contributions)
  assert.ok(resource, 'nothing to show')
  return resource
}
export const siu = (
  code: string,
  at: string,
  cells: Record<string, Json>,
  parts: Parameters<typeof event>[3] = {},
): Contribution => event(`SIU^${code}`, at, cells, { source: 'SCHED1|GHH', ...parts })

export const actor = (type: string, id: string): Json => ({ reference: `${type}/${id}`, display: id })
export const chen = actor('Practitioner', 'chen')
export const patient: Json = { reference: 'Patient/p1' }
export const followUp: Json = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0276', code: 'FOLLOWUP' }],
}
export const visit30: Json = { coding: [{ code: 'OV30' }] }
export const reason = (code: string): Json => ({ coding: [{ code }] })

export const header = (
  start: string | undefined,
  minutes: number,
  more: Record<string, Json> = {},
): Record<string, Json> => ({
  'identifier<SCH-2': [{ system: 'urn:oid:2.16.840.1.113883.19.5.4', value: 'FA3001' }],
  'subject<PID-3': patient,
  '$duration<TQ1-6': minutes,
  ...(start === undefined ? {} : { '$start<TQ1-7': start }),
  '$fillerStatus<SCH-25': { original: 'Booked', status: 'booked' },
  ...more,
})
export const resources = (action: string | undefined, start: string) => [
  part(
    'AIS',
    {
      'serviceType<AIS-3': visit30,
      '$start<AIS-4': start,
      '$duration<AIS-7': 30,
      '$fillerStatus<AIS-10': 'Cancelled',
    },
    action,
  ),
  part(
    'AIL',
    { 'actor<AIL-3': actor('Location', 'ex2'), '$start<AIL-6': start, '$duration<AIL-9': 30 },
    action,
  ),
  part(
    'AIP',
    { 'actor<AIP-3': chen, 'type<AIP-4': reason('ATND'), '$start<AIP-6': start, '$duration<AIP-9': 30 },
    action,
  ),
]

export const old = '2026-03-06T14:00:00-06:00'
export const moved = '2026-03-10T14:00:00-05:00'
export const s12 = siu(
  'S12',
  '2026-03-04T11:00:00-06:00',
  header(old, 30, { 'appointmentType<SCH-7': followUp, '$eventReason<SCH-6': reason('NEW') }),
  {
    parts: resources('A', old),
  },
)
export const s13 = siu(
  'S13',
  '2026-03-05T09:30:00-06:00',
  header(moved, 30, { '$eventReason<SCH-6': reason('PATREQ') }),
  {
    parts: resources('U', moved),
  },
)
export const s14 = siu(
  'S14',
  '2026-03-04T17:30:00-06:00',
  header(old, 30, { 'comment<NTE-3': 'Needs interpreter', '$eventReason<SCH-6': reason('MOD') }),
  {
    parts: resources('U', old).slice(0, 1),
  },
)
