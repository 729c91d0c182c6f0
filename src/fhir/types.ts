// The FHIR R4 resource types this gateway knows: one entry each. Everything else about a type follows from
// its definition (definitions/elements.json, search-params.json), which scripts/slice-definitions.ts cuts for
// this table. After a change here: node scripts/slice-definitions.ts

/**
 * What clients may do with a type: `write` = create, update, patch, delete and read; `append` = create and read,
 * for what must not be changed once it is said; `read` = read and search only; `wire` = only ever a request or an
 * answer, never stored.
 */
export type Access = 'write' | 'append' | 'read' | 'wire'

const TABLE = {
  Patient: 'write',
  RelatedPerson: 'write',
  Encounter: 'write',
  Account: 'write',
  Coverage: 'write',
  Organization: 'write',
  Practitioner: 'write',
  PractitionerRole: 'write',
  Location: 'write',
  Appointment: 'write',
  Schedule: 'write',
  Slot: 'write',
  ChargeItem: 'write',
  PaymentNotice: 'write',
  PaymentReconciliation: 'write',
  Invoice: 'write',
  Task: 'write',
  Provenance: 'read',
  Device: 'write',
  HealthcareService: 'write',
  AppointmentResponse: 'write',
  CoverageEligibilityRequest: 'write',
  CoverageEligibilityResponse: 'write',
  Communication: 'write',
  CommunicationRequest: 'write',
  ServiceRequest: 'write',
  Consent: 'write',
  DocumentReference: 'write',
  Binary: 'write',
  Questionnaire: 'write',
  QuestionnaireResponse: 'write',
  Flag: 'write',
  Group: 'write',
  List: 'write',
  Condition: 'write',
  AllergyIntolerance: 'write',
  Observation: 'write',
  Procedure: 'write',
  EpisodeOfCare: 'write',
  CareTeam: 'write',
  ClaimResponse: 'write',
  InsurancePlan: 'write',
  Contract: 'write',
  AuditEvent: 'append',
  Basic: 'write',
  OperationOutcome: 'wire',
  Bundle: 'wire',
  Parameters: 'wire',
  CapabilityStatement: 'wire',
  SearchParameter: 'wire',
  OperationDefinition: 'wire',
  ValueSet: 'wire',
  ConceptMap: 'wire',
} as const satisfies Record<string, Access>

export type ResourceType = keyof typeof TABLE

/** Type name -> access, in the order of the CapabilityStatement. */
export const RESOURCE_TYPES: ReadonlyMap<string, Access> = new Map(Object.entries(TABLE))

/** Types that are stored, read and searched. */
export const SERVED_TYPES: readonly string[] = [...RESOURCE_TYPES.keys()].filter(
  (type) => RESOURCE_TYPES.get(type) !== 'wire',
)

/** True for a type that this gateway knows at all, also on the wire only. */
export function isKnownType(type: string): type is ResourceType {
  return RESOURCE_TYPES.has(type)
}

/** True for a type that has a REST endpoint here. */
export function isServedType(type: string): boolean {
  const access = RESOURCE_TYPES.get(type)
  return access !== undefined && access !== 'wire'
}

/** Interactions that change a type, as letters of a scope: `cud`, `c`, or none. */
export function writesOf(type: string): 'cud' | 'c' | '' {
  const access = RESOURCE_TYPES.get(type)
  return access === 'write' ? 'cud' : access === 'append' ? 'c' : ''
}

/** An object of a JSON document, such as a resource or a data type of it. */
export interface JsonObject {
  [name: string]: unknown
}

/** Resource.meta as the server writes it. */
export interface Meta extends JsonObject {
  versionId?: string
  /** instant */
  lastUpdated?: string
  source?: string
  profile?: string[]
  tag?: JsonObject[]
  security?: JsonObject[]
}

/** A resource in its FHIR JSON form. Elements are checked by validateResource, not by the compiler. */
export interface Resource extends JsonObject {
  resourceType: string
  id?: string
  meta?: Meta
}

/** True for an object of JSON: no array, no null, no number kept as text (JSON.rawJSON). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)
}

/** What a primitive says; '' of all else. Objects of bodies have no prototype: String() throws on them. */
export const primitiveText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
