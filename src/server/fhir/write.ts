// create, update, patch and delete of one resource (FHIR R4 http.html): checked here, decided by the pipeline.

import { validateResource } from '../../fhir/validate.ts'
import type { FhirResource, FhirWrite } from '../../pipeline/gateway.ts'
import { peerOf } from '../context.ts'
import type { Ask } from './ask.ts'
import { applyPatch, parsePatch } from './json-patch.ts'
import { ifMatchOf } from './preferences.ts'
import { refuse, sendOutcome } from './reply.ts'
import { readJsonBody, readResourceBody, withoutServerMeta } from './resource-body.ts'
import { sendWritten } from './written.ts'

const maxKeyCharacters = 255

type Common = Pick<FhirWrite, 'client' | 'peer' | 'strict' | 'rtype'>

const commonOf = ({ c, client, rtype, prefer }: Ask): Common => ({
  client,
  rtype,
  peer: peerOf(c),
  strict: prefer.handling === 'strict',
})

export interface Identifier {
  readonly system: string
  readonly value: string
}

/** create, when `ifNoneExist` is given only if nothing has that identifier. */
export async function create(ask: Ask, ifNoneExist?: Identifier): Promise<Response> {
  const { c, deps } = ask
  const key = c.req.header('idempotency-key')
  if (key !== undefined && (key.length > maxKeyCharacters || !/^[\x21-\x7e]+$/.test(key))) {
    return refuse(c, 'bad-request', `Idempotency-Key has 1 to ${maxKeyCharacters} visible ASCII characters`)
  }
  const body = await readResourceBody(ask)
  if (body instanceof Response) return body
  const { id: _id, ...next } = body.resource
  const written = await deps.gateway.write({
    ...commonOf(ask),
    op: 'create',
    change: () => ({ next: next as FhirResource }),
    raw: body.raw,
    ...(ifNoneExist && { ifNoneExist }),
    ...(key !== undefined && { idempotencyKey: key }),
  })
  return sendWritten(ask, written)
}

/** update of the resource `id`. */
export async function update(
  ask: Ask,
  id: string,
  given?: { readonly withoutId: boolean },
): Promise<Response> {
  const { c, deps, rtype } = ask
  const ifMatch = precondition(ask)
  if (ifMatch instanceof Response) return ifMatch
  const body = await readResourceBody(ask)
  if (body instanceof Response) return body
  const { resource } = body
  if (resource.id !== id && !(given?.withoutId && resource.id === undefined)) {
    return refuse(
      c,
      'bad-request',
      `${rtype}.id: must be the id in the URL - correct one of them`,
      `${rtype}.id`,
    )
  }
  const written = await deps.gateway.write({
    ...commonOf(ask),
    op: 'update',
    id,
    change: () => ({ next: { ...resource, id } }),
    raw: body.raw,
    ...ifMatch,
  })
  return sendWritten(ask, written)
}

/** patch of the resource `id` with a JSON Patch. */
export async function patch(ask: Ask, id: string): Promise<Response> {
  const { c, deps, rtype } = ask
  const ifMatch = precondition(ask)
  if (ifMatch instanceof Response) return ifMatch
  const takes = (type: string): boolean => type === 'application/json-patch+json'
  const body = await readJsonBody(ask, takes, 'application/json-patch+json')
  if (body instanceof Response) return body
  const parsed = parsePatch(body.value)
  if ('issues' in parsed) return sendOutcome(c, parsed.status, parsed.issues)
  const change: FhirWrite['change'] = (current) => {
    if (!current) {
      const diagnostics = `${rtype}/${id} is not known here`
      return { status: 404, issues: [{ severity: 'error', code: 'not-found', diagnostics }] }
    }
    const patched = applyPatch(current, parsed.operations)
    if ('issues' in patched) return patched
    const issues = validateResource(patched.next, { type: rtype })
    if (issues.length > 0) return { status: 422, issues }
    if (patched.next.id !== current.id) {
      const diagnostics = `${rtype}.id: cannot be patched - leave it as it is`
      return { status: 422, issues: [{ severity: 'error', code: 'business-rule', diagnostics }] }
    }
    return { next: withoutServerMeta(patched.next as FhirResource) }
  }
  const written = await deps.gateway.write({
    ...commonOf(ask),
    op: 'patch',
    id,
    change,
    raw: body.raw,
    ...ifMatch,
  })
  return sendWritten(ask, written)
}

/** delete of the resource `id`. If-Match is taken, but not demanded. */
export async function remove(ask: Ask, id: string): Promise<Response> {
  const { c, deps } = ask
  const match = ifMatchOf(c.req.header('if-match'))
  if (match === 'malformed') return malformed(ask)
  const written = await deps.gateway.write({
    ...commonOf(ask),
    op: 'delete',
    id,
    raw: new Uint8Array(),
    ...(match !== 'missing' && { ifMatch: match.version }),
  })
  return sendWritten(ask, written)
}

/** The version that a change is based on; 428 when the site demands one and none is said. */
function precondition(ask: Ask): { readonly ifMatch?: number } | Response {
  const match = ifMatchOf(ask.c.req.header('if-match'))
  if (match === 'malformed') return malformed(ask)
  if (match !== 'missing') return { ifMatch: match.version }
  if (ask.deps.gateway.site().policy.allowUnconditional) return {}
  const text = 'If-Match is missing - send the ETag of the version that the change is based on'
  return refuse(ask.c, 'version-required', text)
}

const malformed = ({ c }: Ask): Response =>
  refuse(c, 'bad-request', 'If-Match must be one ETag such as W/"3"')
