// Valid resources that tests start from; each call makes a fresh copy that the test may change.
import type { JsonObject } from '../../src/fhir/types.ts'

const PATIENT = {
  resourceType: 'Patient',
  id: 'p1',
  meta: {
    profile: ['http://example.org/profile'],
    tag: [{ system: 'http://example.org/tags', code: 'demo' }],
  },
  extension: [
    {
      url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race',
      extension: [
        { url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2106-3' } },
        { url: 'text', valueString: 'White' },
      ],
    },
  ],
  identifier: [
    { use: 'usual', system: 'urn:oid:1.2.3', value: 'MRN1' },
    { system: 'http://hl7.org/fhir/sid/us-ssn', value: '999-99-9999' },
  ],
  active: true,
  name: [
    { use: 'official', family: "O'Brien-Smíth", given: ['Ève', 'A'], period: { start: '2001-05-06' } },
    { use: 'maiden', family: 'Jones' },
  ],
  telecom: [
    { system: 'phone', value: '+1 217 5550301', use: 'home' },
    { system: 'email', value: 'Eve@Example.org' },
  ],
  gender: 'female',
  birthDate: '1980-03-15',
  deceasedBoolean: false,
  address: [
    {
      use: 'home',
      line: ['22 Home St.'],
      city: 'Springfield',
      state: 'IL',
      postalCode: '62703',
      country: 'USA',
    },
  ],
  contact: [{ name: { family: 'Everyman' }, telecom: [{ system: 'phone', value: '555-1212' }] }],
  communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en' }] }, preferred: true }],
  managingOrganization: { reference: 'Organization/o1' },
}

const APPOINTMENT = {
  resourceType: 'Appointment',
  id: 'a1',
  identifier: [{ system: 'urn:oid:1.2.4', value: 'FA1' }],
  status: 'booked',
  serviceType: [{ coding: [{ system: 'http://example.org/visit', code: 'OV30', display: 'Office visit' }] }],
  reasonCode: [{ text: 'Follow-up' }],
  priority: 5,
  start: '2026-03-06T14:00:00-06:00',
  end: '2026-03-06T14:30:00-06:00',
  minutesDuration: 30,
  created: '2026-03-01',
  participant: [
    { actor: { reference: 'Patient/p1' }, required: 'required', status: 'accepted' },
    { actor: { reference: 'Practitioner/pr1/_history/3' }, status: 'accepted' },
    {
      actor: { type: 'Location', identifier: { system: 'urn:portico:location:GHH', value: 'OR-OR3' } },
      status: 'accepted',
    },
  ],
}

export function patient(): JsonObject {
  return structuredClone(PATIENT)
}

export function appointment(): JsonObject {
  return structuredClone(APPOINTMENT)
}

/** A copy with changes: what is undefined is taken out. */
export function changed(resource: JsonObject, changes: JsonObject): JsonObject {
  const copy = { ...structuredClone(resource), ...changes }
  for (const [name, value] of Object.entries(copy)) if (value === undefined) delete copy[name]
  return copy
}
