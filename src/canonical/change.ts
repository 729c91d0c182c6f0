// One new version of one resource, and the name of its content.
import { hash } from 'node:crypto'
import { canonicalText, type FhirJson } from './fhir-json.ts'

/** One new version of one resource. */
export interface Change {
  readonly op: 'create' | 'update' | 'delete'
  readonly rtype: string
  readonly id: string
  readonly version: number
  /** When the version before it was made, milliseconds; 0 when there is none. */
  readonly since: number
  readonly before: FhirJson | undefined
  readonly body: FhirJson | undefined
  readonly hash: string
}

export const hashOf = (body: FhirJson): string => hash('sha256', canonicalText(body), 'hex')
