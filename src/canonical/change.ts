// One new version of one resource, and the name of its content.
import { hash } from 'node:crypto'
import { canonicalText, type FhirJson } from './fhir-json.ts'
import type { Join } from './identity-log.ts'

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
  /** Canonical text of the body, and its name. */
  readonly text: string | undefined
  readonly hash: string
}

export const hashOf = (text: string): string => hash('sha256', text, 'hex')

/** The first version of what is made outright, not folded. */
export function creationOf(rtype: string, id: string, body: FhirJson): Change {
  const text = canonicalText(body)
  return { op: 'create', rtype, id, version: 1, since: 0, before: undefined, body, text, hash: hashOf(text) }
}

/** What is shown as something else from now on; without a target, as itself again. */
export interface Alias {
  readonly rtype: string
  readonly sourceId: string
  readonly targetId: string | undefined
}

/** A merge that was carried out: what it can be undone by. */
export interface Joined {
  readonly rtype: string
  readonly sourceId: string
  readonly targetId: string
  readonly said: Join
}
