// The body of a FHIR write: read raw, parsed once, checked against the definitions before anything else sees it.

import { blocks, type Issue } from '../../fhir/issue.ts'
import { readJson } from '../../fhir/json.ts'
import { statusOf } from '../../fhir/outcome.ts'
import { isKnownType, isObject, type Resource } from '../../fhir/types.ts'
import { readXml } from '../../fhir/xml-read.ts'
import { isUtf8, mediaType, readBody } from '../body.ts'
import { requestLimits } from '../context.ts'
import type { Ask } from './ask.ts'
import { binaryOf } from './binary.ts'
import { formOf, isFhirType, isOtherVersion } from './format.ts'
import { issuesOf } from './profile-check.ts'
import { refuse, sendOutcome } from './reply.ts'

export interface BodyValue {
  readonly raw: Uint8Array
  /** Media type, in lower case. */
  readonly type: string
  readonly value: unknown
}

/** The parsed body, or the refusal. `takes` says which media types it may have. */
export async function readBodyValue(
  { c }: Ask,
  takes: (type: string) => boolean,
  wanted: string,
): Promise<BodyValue | Response> {
  const { type, charset } = mediaType(c.req.header('content-type'))
  if (!takes(type) || !isUtf8(charset) || isOtherVersion(c.req.header('content-type') ?? '')) {
    return refuse(c, 'unsupported-media-type', `Content-Type must be ${wanted} in UTF-8`)
  }
  const bytes = await readOctetBody({ c })
  if (bytes instanceof Response) return bytes
  const limits = { maxBytes: requestLimits.maxFhirBytes }
  const read = formOf(type) === 'xml' ? readXml(bytes, limits) : readJson(bytes, limits)
  if ('issues' in read) return sendOutcome(c, 400, read.issues)
  return { raw: bytes, type, value: read.value }
}

const fhirTypes = 'application/fhir+json or application/fhir+xml'

export interface ResourceBody {
  readonly raw: Uint8Array
  readonly resource: Resource
  /** What was found and does not forbid the write. */
  readonly remarks: readonly Issue[]
}

/** The octets of the body, or the refusal. */
async function readOctetBody({ c }: Pick<Ask, 'c'>): Promise<Uint8Array | Response> {
  const body = await readBody(c.req.raw, requestLimits.maxFhirBytes, c.env)
  if ('fault' in body) {
    if (body.fault === 'compressed') {
      return refuse(
        c,
        'unsupported-media-type',
        'compressed bodies are not taken - send it without Content-Encoding',
      )
    }
    if (body.fault === 'aborted') return refuse(c, 'bad-request', 'the body ended early')
    return refuse(c, 'too-large', `a body has at most ${requestLimits.maxFhirBytes} bytes`)
  }
  return body.bytes
}

/** A valid resource of the type in the URL, without what only the server says; or the refusal. */
export async function readResourceBody(ask: Ask): Promise<ResourceBody | Response> {
  if (ask.rtype === 'Binary' && !isFhirType(mediaType(ask.c.req.header('content-type')).type))
    return await readOctets(ask)
  const body = await readBodyValue(ask, isFhirType, fhirTypes)
  if (body instanceof Response) return body
  if (!isObject(body.value) || body.value.resourceType !== ask.rtype) {
    // Any other resource is the content of a Binary.
    if (ask.rtype === 'Binary' && isObject(body.value) && isKnownType(String(body.value.resourceType)))
      return octetsBody(ask, body.raw)
    return refuse(
      ask.c,
      'bad-request',
      `resourceType: must be ${ask.rtype}, as in the URL - correct one of them`,
    )
  }
  const issues = issuesOf(ask.deps, body.value, ask.rtype)
  if (issues.some(blocks)) return sendOutcome(ask.c, statusOf(issues), issues)
  return { raw: body.raw, resource: withoutServerMeta(body.value as Resource), remarks: issues }
}

/** A Binary of which the body is the content, in whatever format. */
async function readOctets(ask: Ask): Promise<ResourceBody | Response> {
  const raw = await readOctetBody(ask)
  return raw instanceof Response ? raw : octetsBody(ask, raw)
}

function octetsBody(ask: Ask, raw: Uint8Array): ResourceBody | Response {
  const resource = binaryOf(ask.c, raw, ask.id)
  return resource instanceof Response ? resource : { raw, resource, remarks: [] }
}

/** Version and time are the server's to say: what a client sends there is ignored (J09). */
export function withoutServerMeta<T extends Readonly<Record<string, unknown>>>(resource: T): T {
  if (!isObject(resource.meta)) return resource
  const { versionId: _version, lastUpdated: _updated, ...rest } = resource.meta
  const { meta: _meta, ...without } = resource
  return (Object.keys(rest).length > 0 ? { ...without, meta: rest } : without) as T
}
