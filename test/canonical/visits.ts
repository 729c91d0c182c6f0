// Visits that tests are about: one admission with transfer and discharge, one registration (acceptance W01,
// W08).
import assert from 'node:assert/strict'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import { foldEncounter } from '../../src/canonical/visit/encounter.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { event, sameReference } from './events.ts'

export const v3 = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'
export const amb = { system: v3, code: 'AMB', display: 'ambulatory' }
export const imp = { system: v3, code: 'IMP', display: 'inpatient encounter' }
export const place = (id: string): Json => ({ reference: `Location/${id}`, display: id })
export const doctor = (type: string, id: string): Json => ({
  type: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: type }] }],
  individual: { reference: `Practitioner/${id}` },
})
export const visitNumber: Json = [{ system: 'urn:oid:2.16.840.1.113883.19.5.3', value: 'V1' }]
export const base = { 'identifier<PV1-19': visitNumber, 'subject<PID-3': { reference: 'Patient/p1' } }

export const day = (time: string, on = '2026-03-05'): string => `${on}T${time}:00-06:00`
export const fold = (contributions: readonly Contribution[]) =>
  foldEncounter(contributions, { ...sameReference, zone: 'America/Chicago' })
export const shown = (contributions: readonly Contribution[]): Record<string, unknown> => {
  const { resource } = fold(contributions)
  assert.ok(resource, 'nothing to show')
  return resource
}

export const a01 = event('ADT^A01', day('10:00'), {
  ...base,
  'class<PV1-2': imp,
  '$location<PV1-3': place('A'),
})
export const a02 = event('ADT^A02', day('11:00'), {
  ...base,
  '$location<PV1-3': place('B'),
  '$priorLocation<PV1-6': place('A'),
})
export const a03 = event('ADT^A03', day('12:00'), {
  ...base,
  '$location<PV1-3': place('B'),
  '$dischargeTime<PV1-45': day('11:58'),
  'hospitalization.dischargeDisposition<PV1-36': { coding: [{ code: '01' }] },
})
export const a04 = event('ADT^A04', day('10:20'), {
  ...base,
  'class<PV1-2': amb,
  '$location<PV1-3': place('CLN1'),
  '$admitTime<PV1-44': day('10:20'),
  'participant<PV1-7': [doctor('ATND', 'chen')],
})
