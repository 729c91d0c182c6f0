// People as a test describes them, and as FHIR has them.
import assert from 'node:assert/strict'
import type { FhirJson } from '../../src/canonical/fhir-json.ts'
import { scorePatients } from '../../src/canonical/identity/match.ts'
import type { MatchField } from '../../src/canonical/identity/match-weights.ts'
import type { Json } from '../../src/mappings/mapped.ts'

export interface Person {
  readonly family?: string
  readonly given?: readonly string[]
  readonly born?: string
  readonly sex?: string
  readonly phone?: string
  readonly email?: string
  readonly line?: string
  readonly zip?: string
  readonly ssn?: string
  readonly maiden?: string
  readonly more?: Record<string, Json>
}

export const ssnSystem = 'http://hl7.org/fhir/sid/us-ssn'

export function patient(who: Person): FhirJson {
  const { family, given, born, sex, phone, email, line, zip, ssn, maiden } = who
  const name: FhirJson = { use: 'official', ...(family ? { family } : {}), ...(given ? { given } : {}) }
  const telecom: Json[] = []
  if (phone) telecom.push({ system: 'phone', value: phone })
  if (email) telecom.push({ system: 'email', value: email })
  const address = { ...(line ? { line: [line] } : {}), ...(zip ? { postalCode: zip } : {}) }
  const url = 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName'
  return {
    resourceType: 'Patient',
    name: [name],
    ...(born ? { birthDate: born } : {}),
    ...(sex ? { gender: sex } : {}),
    ...(telecom.length > 0 ? { telecom } : {}),
    ...(line || zip ? { address: [address] } : {}),
    ...(ssn ? { identifier: [{ system: ssnSystem, value: ssn }] } : {}),
    ...(maiden ? { extension: [{ url, valueString: maiden }] } : {}),
    ...who.more,
  }
}

export const okafor: Person = {
  family: 'OKAFOR',
  given: ['DENISE'],
  born: '1971-11-02',
  sex: 'female',
  phone: '+1 217 5550401',
  line: '12 LAKE DR',
  zip: '62704',
}
export const score = (a: Person, b: Person) => scorePatients(patient(a), patient(b))
export const bitsOf = (a: Person, b: Person, field: MatchField): number => {
  const found = score(a, b).fields.find((each) => each.field === field)
  assert.ok(found, field)
  return found.bits
}
