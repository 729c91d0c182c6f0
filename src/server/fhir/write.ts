// create, update, patch and delete of one resource (FHIR R4 http.html): checked here, decided by the pipeline.
import type { Resource } from '../../fhir/types.ts'
import type { Criteria, FhirWrite } from '../../pipeline/gateway.ts'
import { permits } from '../auth.ts'
import { peerOf } from '../context.ts'
import type { Ask } from './ask.ts'
import { patchChange, patchFormats } from './patch.ts'
import { ifMatchOf } from './preferences.ts'
import { refuse, sendOutcome } from './reply.ts'
import { readBodyValue, readResourceBody } from './resource-body.ts'
import { sendWritten } from './written.ts'

const maxKeyCharacters = 255

type Common = Pick<FhirWrite, 'client' | 'peer' | 'strict' | 'rtype' | 'eventTime'>

export const commonOf = ({ c, client, rtype, prefer, eventTime }: Ask): Common => ({
  client,
  rtype,
  peer: peerOf(c),
  strict: prefer.handling === 'strict',
  ...(eventTime && { eventTime }),
})

/** Which resource is meant: by its id, or by what it is found by. */
export type Target = { readonly id: string } | { readonly criteria: Criteria }

/** When a create is needless: an identifier that something has already, or criteria. */
export type Unless = Pick<FhirWrite, 'ifNoneExist' | 'criteria'>

/** The Idempotency-Key of a request, if it has one; or the refusal. */
export function keyOf({ c }: Ask): string | undefined | Response {
  const key = c.req.header('idempotency-key')
  if (key === undefined || (key.length <= maxKeyCharacters && /^[\x21-\x7e]+$/.test(key))) return key
  return refuse(c, 'bad-request', `Idempotency-Key has 1 to ${maxKeyCharacters} visible ASCII characters`)
}

/** create, with `unless` only if nothing is there yet. */
export async function create(ask: Ask, unless: Unless = {}): Promise<Response> {
  const key = keyOf(ask)
  if (key instanceof Response) return key
  const body = await readResourceBody(ask)
  if (body instanceof Response) return body
  const { id: _id, ...resource } = body.resource
  const next = { ...resource, resourceType: ask.rtype }
  const written = await ask.deps.gateway.write({
    ...commonOf(ask),
    op: 'create',
    change: () => ({ next }),
    raw: body.raw,
    ...unless,
    ...(key !== undefined && { idempotencyKey: key }),
  })
  return sendWritten(ask, written, body.remarks)
}

/** update of a resource; of what is found by criteria, the id may be left out. */
export async function update(ask: Ask, target: Target): Promise<Response> {
  const { c, deps, rtype } = ask
  const conditions = preconditions(ask)
  if (conditions instanceof Response) return conditions
  const body = await readResourceBody(ask)
  if (body instanceof Response) return body
  const { resource } = body
  if ('id' in target && resource.id !== target.id) {
    return refuse(
      c,
      'bad-request',
      `${rtype}.id: must be the id in the URL - correct one of them`,
      `${rtype}.id`,
    )
  }
  const written = await deps.gateway.write({
    ...commonOf(ask),
    ...target,
    op: 'update',
    change: changeTo(resource),
    mayCreate: permits(ask.client, rtype, 'c'),
    raw: body.raw,
    ...conditions,
  })
  return sendWritten(ask, written, body.remarks)
}

/** The resource as it shall be, under the id that it is found to have. */
export function changeTo(resource: Resource): NonNullable<FhirWrite['change']> {
  return (current) => {
    if (!current || resource.id === undefined || resource.id === current.id)
      return { next: { ...resource, ...(current && { id: current.id }) } }
    const diagnostics = `${resource.resourceType}.id: is not that of the match - leave it out, or correct it`
    return { status: 400, issues: [{ severity: 'error', code: 'invalid', diagnostics }] }
  }
}

/** patch of a resource, in any of the forms. */
export async function patch(ask: Ask, target: Target): Promise<Response> {
  const { c, deps, rtype } = ask
  const conditions = preconditions(ask)
  if (conditions instanceof Response) return conditions
  const takes = (type: string): boolean => patchFormats.includes(type) || type === 'application/fhir+xml'
  const body = await readBodyValue(ask, takes, patchFormats.join(', '))
  if (body instanceof Response) return body
  const read = patchChange(deps, rtype, body.type, body.value)
  if ('issues' in read) return sendOutcome(c, read.status, read.issues)
  const written = await deps.gateway.write({
    ...commonOf(ask),
    ...target,
    op: 'patch',
    change: read.change,
    raw: body.raw,
    ...conditions,
  })
  return sendWritten(ask, written)
}

export const deletionOf = (ask: Ask): FhirWrite => ({ ...commonOf(ask), op: 'delete', raw: new Uint8Array() })

/** delete of a resource. If-Match is taken, but not demanded. */
export async function remove(ask: Ask, target: Target): Promise<Response> {
  const { c, deps } = ask
  const match = ifMatchOf(c.req.header('if-match'))
  if (match === 'malformed') return malformed(ask)
  const written = await deps.gateway.write({
    ...deletionOf(ask),
    ...target,
    ...(match !== 'missing' && { ifMatch: match.version }),
  })
  return sendWritten(ask, written)
}

/** The version that a change is based on; 428 when the site demands one and none is said. */
function preconditions(ask: Ask): Pick<FhirWrite, 'ifMatch' | 'ifNoneMatch'> | Response {
  const match = ifMatchOf(ask.c.req.header('if-match'))
  if (match === 'malformed') return malformed(ask)
  if (match !== 'missing') return { ifMatch: match.version }
  const none = ask.c.req.header('if-none-match')
  if (none !== undefined && none.trim() !== '*')
    return refuse(ask.c, 'bad-request', 'If-None-Match of a change must be * - use If-Match for a version')
  return none === undefined ? {} : { ifNoneMatch: true }
}

const malformed = ({ c }: Ask): Response =>
  refuse(c, 'bad-request', 'If-Match must be one ETag such as W/"3"')
