// Security labels: what is about a protected person is as confidential as the person (semantics, sections 5 and 17; FHIR R4
// http://hl7.org/fhir/R4/security-labels.html).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { isObject } from './event-elements.ts'
import type { Entity } from './world.ts'

const restricted: FhirJson = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }

const securityOf = (body: FhirJson | undefined): readonly Json[] => {
  const { security } = (body?.meta ?? {}) as { readonly security?: readonly Json[] }
  return security ?? []
}

export const isRestricted = (body: FhirJson | undefined): boolean =>
  securityOf(body).some((each) => isObject(each) && each.system === restricted.system && each.code === 'R')

/** Elements that say whom a resource is about. */
const aboutWhom = ['subject', 'patient', 'beneficiary', 'participant'] as const

/** Work and records of what was done are for those who do it: they have no label of their own. */
const unlabelled: ReadonlySet<unknown> = new Set(['Patient', 'Task', 'Provenance', 'AuditEvent'])

/** Patients that a resource is about: 'Patient/x'. */
export function patientsOf(body: FhirJson): string[] {
  const found = new Set<string>()
  const read = (value: Json | undefined): void => {
    if (Array.isArray(value)) for (const each of value as readonly Json[]) read(each)
    else if (isObject(value)) {
      const { reference, actor } = value
      if (typeof reference === 'string' && reference.startsWith('Patient/')) found.add(reference)
      if (isObject(actor)) read(actor)
    }
  }
  for (const element of aboutWhom) read(body[element])
  return [...found]
}

/** True for 'Encounter/x', not for what has no label, or one of its own. */
export const isLabelled = (key: string): boolean => !unlabelled.has(key.slice(0, key.indexOf('/')))

/** What of these is about a patient. */
export function* aboutIn(entities: ReadonlyMap<string, Entity>, patient: string): Iterable<string> {
  for (const [key, { body }] of entities)
    if (body && isLabelled(key) && patientsOf(body).includes(patient)) yield key
}

/** A resource with the label of the person that it is about. */
export function withLabelOf(body: FhirJson, isProtected: (patient: string) => boolean): FhirJson {
  if (unlabelled.has(body.resourceType) || isRestricted(body) || !patientsOf(body).some(isProtected))
    return body
  const meta = isObject(body.meta) ? body.meta : {}
  const security = [...securityOf(body), restricted].sort((a, b) =>
    canonicalText(a) < canonicalText(b) ? -1 : 1,
  )
  return { ...body, meta: { ...meta, security } }
}
