// What clinical segments make beside the visit: which resource, whose, by which key, and what FHIR requires of it
// (semantics, section 7; mapping, section 5; FHIR R4 Condition, AllergyIntolerance, Observation, Procedure,
// ServiceRequest, ClaimResponse).
import type { Json, Mapped, Thing } from '../../mappings/mapped.ts'
import { cellAt, cellsAt } from '../applying.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { type Identifier, stableId } from '../identity/identifier.ts'

/** Whose a thing is: references as they are stored. */
export interface Scope {
  readonly patient: string
  /** The visit, when the message tells of one. */
  readonly encounter: string | undefined
}

interface Kind {
  /** Element that names the patient. */
  readonly owner: 'subject' | 'patient'
  /** Part of the visit; otherwise of the person, whatever the visit. */
  readonly ofVisit: boolean
  /** Elements whose values tell two of them apart when none has a number. */
  readonly key: readonly string[]
  /** Without one of these nothing is said that could be kept. */
  readonly needs: readonly string[]
}

export const kinds: Readonly<Record<string, Kind>> = {
  Condition: {
    owner: 'subject',
    ofVisit: true,
    key: ['code', 'code.text', '$use'],
    needs: ['code', 'code.text'],
  },
  AllergyIntolerance: { owner: 'patient', ofVisit: false, key: ['code'], needs: ['code'] },
  Observation: {
    owner: 'subject',
    ofVisit: true,
    key: ['code', "extension('http://portico.example.org/StructureDefinition/sub-id')", 'effectiveDateTime'],
    needs: ['code'],
  },
  Procedure: {
    owner: 'subject',
    ofVisit: true,
    key: ['code', 'code.text', 'performedDateTime', 'performedPeriod'],
    needs: ['code', 'code.text'],
  },
  ServiceRequest: {
    owner: 'subject',
    ofVisit: true,
    key: ['code', 'category', 'authoredOn', 'occurrencePeriod'],
    needs: ['code', 'category', 'identifier', 'reasonCode', 'performer'],
  },
  ClaimResponse: {
    owner: 'patient',
    ofVisit: false,
    key: ['preAuthRef', 'preAuthPeriod', 'created'],
    needs: ['insurer', 'payor'],
  },
}

/** What a death certificate says is one observation of the person. */
const causeOfDeath = { coding: [{ system: 'http://loinc.org', code: '69453-9', display: 'Cause of death' }] }

/** Cells that a segment implies: a code that it has by its name alone. */
export const implied = (thing: Thing): Readonly<Record<string, Json>> =>
  thing.segment.name === 'PDA' ? { code: causeOfDeath } : {}

const valueAt = (thing: Thing, path: string): Json | undefined =>
  cellAt(thing, path)?.value ?? implied(thing)[path]

/** True when the thing says enough to be kept. */
export function isTelling(thing: Thing): boolean {
  const kind = kinds[thing.type]
  if (!kind || thing.cells.every((each) => each.value === null)) return false
  return kind.needs.some((path) => thing.refs[path] !== undefined || (valueAt(thing, path) ?? null) !== null)
}

interface Coded {
  readonly coding?: readonly { readonly system?: string; readonly code?: string }[]
  readonly text?: string
}

/** The value as a key: of a concept the first code, else its text in capitals. */
function keyOf(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return keyOf((value as readonly Json[])[0])
  if (typeof value === 'string') return value.toUpperCase()
  if (typeof value !== 'object') return String(value)
  const { coding, text } = value as Coded
  const [first] = coding ?? []
  if (first?.code !== undefined) return `${first.system ?? ''}|${first.code}`
  return text === undefined ? canonicalText(value) : text.trim().toUpperCase()
}

/** Id of a thing: of its number, else of whose it is and what it says; `repeat` tells equal ones of a message apart. */
export function clinicalId(thing: Thing, scope: Scope, source: string, repeat: number): string {
  const identifiers = cellsAt(thing, 'identifier').flatMap((each) =>
    Array.isArray(each.value) ? (each.value as readonly Identifier[]) : [],
  )
  const [named] = identifiers.filter((each) => each.value)
  const kind = kinds[thing.type]
  const whose = (kind?.ofVisit ? scope.encounter : undefined) ?? scope.patient
  // A number without authority is known to its sender only, and for this person or visit.
  if (named?.system) return stableId(thing.type, named.system, named.value ?? '')
  if (named) return stableId(thing.type, source, whose, named.value ?? '')
  const said = (kind?.key ?? []).map((path) => keyOf(valueAt(thing, path)))
  return stableId(thing.type, whose, thing.segment.name, ...said, ...(repeat > 0 ? [String(repeat)] : []))
}

const allergyStatus = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical'
const allergyVerification = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification'
const conditionVerification = 'http://terminology.hl7.org/CodeSystem/condition-ver-status'
const conditionCategory = 'http://terminology.hl7.org/CodeSystem/condition-category'
const coding = (system: string, code: string, display?: string): Json => ({
  system,
  code,
  ...(display !== undefined && { display }),
})
const erroneous = (system: string): Json => [coding(system, 'entered-in-error')]

/** Visits that are only planned: their procedures are not done yet. */
const planning = new Set(['ADT^A05', 'ADT^A14', 'ADT^A38'])

/** Elements that follow from the event and the action code; null = the element is not there. */
export function requiredOf(
  thing: Thing,
  mapped: Mapped,
  deleted: boolean,
  time: string,
): Record<string, Json> {
  switch (thing.type) {
    case 'Condition':
      return {
        category: [{ coding: [coding(conditionCategory, 'encounter-diagnosis', 'Encounter Diagnosis')] }],
        'verificationStatus.coding': deleted ? erroneous(conditionVerification) : null,
      }
    case 'AllergyIntolerance':
      return allergy(thing, deleted)
    case 'Observation':
      return {
        status: deleted ? 'entered-in-error' : (valueAt(thing, 'status') ?? 'unknown'),
        ...implied(thing),
      }
    case 'Procedure':
      return {
        status: deleted ? 'entered-in-error' : planning.has(mapped.event) ? 'preparation' : 'completed',
      }
    case 'ServiceRequest':
      return {
        status: deleted ? 'entered-in-error' : (valueAt(thing, 'status') ?? 'active'),
        intent: 'order',
      }
    default:
      return authorization(thing, deleted, time)
  }
}

/** FHIR ait-1 and ait-2: a clinical status unless the whole is an error. */
function allergy(thing: Thing, deleted: boolean): Record<string, Json> {
  const stated = (cellAt(thing, 'verificationStatus.coding')?.value ?? []) as readonly FhirJson[]
  const wrong = deleted || stated.some((each) => each.code === 'entered-in-error')
  const status = cellAt(thing, 'clinicalStatus.coding')?.value ?? [{ system: allergyStatus, code: 'active' }]
  return {
    'clinicalStatus.coding': wrong ? null : status,
    ...(deleted || stated.length === 0
      ? { 'verificationStatus.coding': deleted ? erroneous(allergyVerification) : null }
      : {}),
  }
}

function authorization(thing: Thing, deleted: boolean, time: string): Record<string, Json> {
  const type = { system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'institutional' }
  return {
    status: deleted ? 'entered-in-error' : 'active',
    type: { coding: [type] },
    use: 'preauthorization',
    outcome: 'complete',
    created: cellAt(thing, 'created')?.value ?? time,
  }
}
