// Binary (FHIR R4 http://hl7.org/fhir/R4/binary.html#rest): octets in their own format, unless a form of FHIR is asked for by name.
import { readJson } from '../../fhir/json.ts'
import { isObject, type Resource } from '../../fhir/types.ts'
import type { AppContext } from '../context.ts'
import { isFhirType } from './format.ts'
import { etagOf } from './preferences.ts'
import { httpDate, refuse } from './reply.ts'
import type { Stored } from './resource-text.ts'

/** type/subtype with parameters (RFC 9110, section 8.3.1). */
const mediaTypeForm =
  /^[A-Za-z0-9!#$&^_.+-]{1,100}\/[A-Za-z0-9!#$&^_.+-]{1,100}(?:\s*;\s*[A-Za-z0-9-]{1,50}=(?:"[^"\\\r\n]{0,100}"|[A-Za-z0-9._+-]{1,100}))*$/
const referenceForm = /^[\x21-\x7e]{1,500}$/

/** Whoever asks for a Binary gets its octets, unless `_format` or Accept names a form of FHIR. */
export function wantsOctets(c: AppContext): boolean {
  if (c.req.query('_format') !== undefined) return false
  const accepted = (c.req.header('accept') ?? '').split(',', 50)
  return !accepted.some((each) => isFhirType((each.split(';')[0] ?? '').trim().toLowerCase()))
}

/** What has come as octets, as a resource; or the refusal. A security context is never left out because it cannot be read. */
export function binaryOf(c: AppContext, octets: Uint8Array, id: string): Resource | Response {
  const contentType = (c.req.header('content-type') ?? '').trim()
  if (!mediaTypeForm.test(contentType))
    return refuse(c, 'unsupported-media-type', 'Content-Type must be the media type of the content')
  const context = c.req.header('x-security-context')
  if (context !== undefined && !referenceForm.test(context))
    return refuse(c, 'bad-request', 'X-Security-Context must be a reference such as Patient/123')
  const data = Buffer.from(octets).toString('base64')
  return {
    resourceType: 'Binary',
    ...(id !== '' && { id }),
    contentType,
    ...(context !== undefined && { securityContext: { reference: context } }),
    ...(data !== '' && { data }),
  }
}

/** Octets in their own format. Never shown by a browser as a page of this server: anybody may have sent them. */
export function sendOctets(c: AppContext, octets: Uint8Array<ArrayBuffer>, contentType: unknown): Response {
  const isKnown = typeof contentType === 'string' && mediaTypeForm.test(contentType)
  return c.body(octets, 200, {
    'content-type': isKnown ? contentType : 'application/octet-stream',
    'content-disposition': 'attachment',
    'content-security-policy': "default-src 'none'; sandbox",
    vary: 'accept, authorization',
  })
}

/** The content of a stored Binary. */
export function sendBinary(c: AppContext, { body, version, updatedAt }: Stored): Response {
  const read = readJson(body)
  const binary = 'value' in read && isObject(read.value) ? read.value : {}
  const { contentType, data, securityContext } = binary
  const context = isObject(securityContext) ? securityContext.reference : undefined
  c.header('etag', etagOf(version))
  c.header('last-modified', httpDate(updatedAt))
  if (typeof context === 'string' && referenceForm.test(context)) c.header('x-security-context', context)
  return sendOctets(c, Buffer.from(typeof data === 'string' ? data : '', 'base64'), contentType)
}
