// One new version of one resource, and the name of its content.
import { hash } from 'node:crypto'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import type { Join } from '../identity/identity-log.ts'
import type { Entity } from './world.ts'

/** A reference that becomes another one. */
export interface Redirect {
  readonly from: string
  readonly to: string
  /** Search parameters that read it. */
  readonly params: readonly string[]
}

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
  /** The only thing that changes, in a body that is not loaded: body, text and hash are missing. */
  readonly redirect?: Redirect
}

export const hashOf = (text: string): string => hash('sha256', text, 'hex')

/** That of a body as it is in the store, with its id. */
export const hashOfStored = ({ id: _, ...body }: FhirJson): string => hashOf(canonicalText(body))

/** What a resource becomes; `earlier`: what the same message has made of it before. */
export function changeTo(
  entity: Entity,
  earlier: Change | undefined,
  body: FhirJson | undefined,
  text: string | undefined,
  hash: string,
): Change {
  const { rtype, id } = entity
  const { before, version, since } = earlier ?? {
    before: entity.body,
    version: entity.version + 1,
    since: entity.updatedAt,
  }
  const op = body === undefined ? 'delete' : version === 1 ? 'create' : 'update'
  return { op, rtype, id, version, since, before, body, text, hash }
}

/** The first version of what is made outright, not folded. */
export function creationOf(rtype: string, id: string, body: FhirJson): Change {
  const text = canonicalText(body)
  return { op: 'create', rtype, id, version: 1, since: 0, before: undefined, body, text, hash: hashOf(text) }
}

/** A version that differs from the one before it in a reference alone. */
export const redirection = (
  which: Pick<Change, 'rtype' | 'id' | 'version' | 'since'>,
  redirect: Redirect,
): Change => ({
  ...which,
  op: 'update',
  before: undefined,
  body: undefined,
  text: undefined,
  hash: '',
  redirect,
})

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
