// Many patients with an appointment each, written in chunks by the statements of the store: what searches are measured on.
import { UTC } from '../../src/fhir/date.ts'
import type { Database } from '../../src/store/db.ts'
import { load } from '../store/load.ts'
import { personOf, practitioners } from './persons.ts'
import { pickFrom } from './pick.ts'

const seed = 4
const chunk = 500
/** Patients of one practitioner, all booked within `days`: a day has as many appointments at any size. */
const patientsPerPractitioner = 100
const days = 20
const firstDay = Date.UTC(2026, 4, 4)
const msPerDay = 86_400_000
const systems = { mrn: 'urn:oid:2.16.840.1.113883.19.200.1', npi: 'http://hl7.org/fhir/sid/us-npi' }

type Resource = Readonly<Record<string, unknown>> & { readonly resourceType: string; readonly id: string }

const patientId = (number: number): string => `p${number}`
const practitionerId = (number: number): string => `d${number}`

function practitionerOf(number: number): Resource {
  const [npi = '', family = '', first = ''] = (practitioners[number % practitioners.length] ?? '').split('^')
  const value = number < practitioners.length ? npi : `${npi}-${number}`
  return {
    resourceType: 'Practitioner',
    id: practitionerId(number),
    active: true,
    identifier: [{ system: systems.npi, value }],
    name: [{ use: 'official', family, given: [first] }],
  }
}

const isoDay = (hl7: string): string => `${hl7.slice(0, 4)}-${hl7.slice(4, 6)}-${hl7.slice(6, 8)}`

function patientOf(number: number): Resource {
  const person = personOf(seed, number)
  const [family = '', first = '', middle = ''] = person.name.split('^')
  const [line = '', , city = '', state = '', postalCode = ''] = person.address.split('^')
  const numbers = [...person.phones.matchAll(/\^1\^(\d+)\^(\d+)/g)].map(
    ([, area, rest]) => `+1 ${area} ${rest}`,
  )
  return {
    resourceType: 'Patient',
    id: patientId(number),
    active: true,
    identifier: [
      {
        use: 'usual',
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
        system: systems.mrn,
        value: person.mrn,
      },
    ],
    name: [{ use: 'official', family, given: [first, middle] }],
    gender: person.sex === 'F' ? 'female' : 'male',
    birthDate: isoDay(person.born),
    address: [{ use: 'home', line: [line], city, state, postalCode, country: 'USA' }],
    telecom: numbers.map((value) => ({ system: 'phone', value })),
  }
}

function appointmentOf(number: number): Resource {
  const start = firstDay + (number % days) * msPerDay + (14 + (Math.floor(number / days) % 20)) * 1_800_000
  return {
    resourceType: 'Appointment',
    id: `a${number}`,
    status: 'booked',
    start: new Date(start).toISOString(),
    end: new Date(start + 1_800_000).toISOString(),
    identifier: [{ system: 'urn:oid:2.16.840.1.113883.19.200.4', value: `F${number}` }],
    participant: [
      { actor: { reference: `Patient/${patientId(number)}` }, status: 'accepted' },
      {
        actor: { reference: `Practitioner/${practitionerId(Math.floor(number / patientsPerPractitioner))}` },
        status: 'accepted',
      },
    ],
  }
}

/** Adds patients `from` to `to` - 1. */
export async function populate(db: Database, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += chunk) {
    const numbers = Array.from({ length: Math.min(chunk, to - first) }, (_, i) => first + i)
    const doctors = numbers
      .filter((number) => number % patientsPerPractitioner === 0)
      .map((number) => practitionerOf(number / patientsPerPractitioner))
    await db.transaction((tx) =>
      load(
        tx,
        [...doctors, ...numbers.map(patientOf), ...numbers.map(appointmentOf)],
        UTC,
        new Date(firstDay),
      ),
    )
  }
}

/** The questions of a front office, each about somebody else than the one before. */
export function questions(patients: number): Readonly<Record<string, () => string>> {
  const pick = pickFrom(9)
  const person = () => personOf(seed, pick.below(patients))
  const day = () => new Date(firstDay + pick.below(days) * msPerDay).toISOString().slice(0, 10)
  return {
    'read of a patient': () => `Patient/${patientId(pick.below(patients))}`,
    'search by identifier': () => `Patient?identifier=${systems.mrn}|${person().mrn}`,
    'search by beginning of the name': () =>
      `Patient?family=${person().family.slice(0, 6).toLowerCase()}&_count=20`,
    "search for a practitioner's day": () =>
      `Appointment?practitioner=Practitioner/${practitionerId(pick.below(Math.ceil(patients / patientsPerPractitioner)))}&date=${day()}`,
    'search by patient.identifier (chained)': () =>
      `Appointment?patient.identifier=${systems.mrn}|${person().mrn}`,
  }
}
