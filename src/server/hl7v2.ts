// HL7 v2 over HTTP: POST of one message or one batch, answered by its ACK (HAPI "HL7 over HTTP", er7 encoding).
import type { Hono } from 'hono'
import type { Inbound } from '../adapters/adapter.ts'
import { readHeader } from '../hl7/header.ts'
import { parseMessage } from '../hl7/message.ts'
import { authenticate, type Principal } from './auth.ts'
import { mediaType, readBody } from './body.ts'
import { type AppContext, type AppEnv, type Deps, peerOf, requestLimits } from './context.ts'

const er7 = 'application/hl7-v2+er7; charset=utf-8'
const accepted: ReadonlySet<string> = new Set([
  'application/hl7-v2+er7',
  'x-application/hl7-v2+er7',
  'application/hl7-v2',
  'text/plain',
])
/** Seconds after which a sender may try again while the store cannot take messages. */
const retryAfterSeconds = '5'

export function hl7v2Routes(app: Hono<AppEnv>, deps: Deps): void {
  app.use('/hl7v2/*', async (c, next) => {
    const principal = authenticate(deps.gateway.site(), c.req.header('authorization'))
    if (!principal) {
      c.header('www-authenticate', 'Bearer realm="portico"')
      return refuse(c, 401, 'send Authorization: Bearer with a token of this site')
    }
    c.set('principal', principal)
    return await next()
  })

  app.post('/hl7v2', async (c) => {
    const inbound = await read(c)
    if (inbound instanceof Response) return inbound
    let reply: Awaited<ReturnType<typeof deps.gateway.receive>>
    try {
      reply = await deps.gateway.receive(inbound)
    } catch (error) {
      return unavailable(c, deps, error)
    }
    if (reply.bytes === undefined) return c.body(null, 204)
    return c.body(Uint8Array.from(reply.bytes), 200, { 'content-type': er7 })
  })

  app.post('/hl7v2/$translate', async (c) => {
    const inbound = await read(c)
    return inbound instanceof Response ? inbound : translated(c, deps, inbound)
  })

  app.post('/hl7v2/$dry-run', async (c) => {
    if (c.var.principal.kind !== 'client') return refuse(c, 403, 'only a client with hl7v2 may dry-run')
    const inbound = await read(c)
    if (inbound instanceof Response) return inbound
    try {
      const result = await deps.gateway.dryRun(inbound)
      return 'fault' in result ? refuse(c, 400, result.fault) : c.json(result)
    } catch (error) {
      return unavailable(c, deps, error)
    }
  })
}

/** A Bundle of what the message makes; an OperationOutcome when it would be refused. */
function translated(c: AppContext, deps: Deps, inbound: Inbound): Response {
  const profile = c.req.query('profile')
  if (profile !== undefined && profile !== 'ig') return refuse(c, 400, 'profile is ig, or left out')
  const { resources, errors } = deps.gateway.translate(inbound, profile ?? 'gateway')
  if (errors.length > 0) {
    const issue = errors.map(({ severity, text, locations }) => ({
      severity: severity === 'E' ? 'error' : 'warning',
      code: 'processing',
      diagnostics: text,
      ...(locations.length > 0 && { expression: locations }),
    }))
    return c.body(JSON.stringify({ resourceType: 'OperationOutcome', issue }), 422, fhirJson)
  }
  const entry = resources.map((resource) => {
    const fullUrl = `${deps.baseUrl}/${String(resource.resourceType)}/${String(resource.id)}`
    return { fullUrl, resource }
  })
  const bundle = { resourceType: 'Bundle', type: 'collection', ...(entry.length > 0 && { entry }) }
  return c.body(JSON.stringify(bundle), 200, fhirJson)
}

const fhirJson = { 'content-type': 'application/fhir+json; charset=utf-8' }

/** Plain text, as for everything that has no ACK to be said in. */
function refuse(c: AppContext, status: 400 | 401 | 403 | 413 | 415 | 503, text: string): Response {
  return c.text(`${text}\n`, status)
}

function unavailable(c: AppContext, deps: Deps, error: unknown): Response {
  const name = error instanceof Error ? error.name : typeof error
  deps.log.error(
    { requestId: c.var.requestId, error: name },
    'a message was not taken: the store did not answer',
  )
  c.header('retry-after', retryAfterSeconds)
  return refuse(c, 503, 'the store is not available - send again later')
}

async function read(c: AppContext): Promise<Inbound | Response> {
  const { type, charset } = mediaType(c.req.header('content-type'))
  const { principal } = c.var
  if (principal.kind === 'client' && !principal.client.hl7v2) {
    return refuse(c, 403, 'this client may not send HL7 v2')
  }
  if (!accepted.has(type)) return refuse(c, 415, `send ${er7}`)
  const body = await readBody(c.req.raw, requestLimits.maxHl7Bytes, c.env)
  if ('fault' in body) {
    if (body.fault === 'compressed') return refuse(c, 415, 'compressed bodies are not taken')
    if (body.fault === 'aborted') return refuse(c, 400, 'the body ended early')
    return refuse(c, 413, `at most ${requestLimits.maxHl7Bytes} bytes`)
  }
  const { raw, warnings } = unframed(body.bytes)
  const senders = sendersOf(raw)
  if (senders === undefined) return refuse(c, 400, 'no HL7 v2 message: it begins with MSH, FHS or BHS')
  const own = ownSource(principal)
  if (own !== undefined && senders.some((sender) => sender !== own)) {
    return refuse(c, 403, `this token sends as ${own} only (MSH-3, MSH-4)`)
  }
  return {
    raw,
    channel: 'http',
    peer: peerOf(c),
    ...(charset !== undefined && { charset }),
    ...(own !== undefined && { allowed: [own] }),
    ...(warnings.length > 0 && { warnings }),
  }
}

const ownSource = (principal: Principal): string | undefined =>
  principal.kind === 'source' ? principal.source.id : undefined

const VT = 0x0b
const FS = 0x1c
const CR = 0x0d

/** Takes off the MLLP framing that some senders leave on. */
function unframed(bytes: Uint8Array): { raw: Uint8Array; warnings: readonly string[] } {
  let end = bytes.length
  if (bytes[end - 1] === CR && bytes[end - 2] === FS) end -= 2
  else if (bytes[end - 1] === FS) end -= 1
  const start = bytes[0] === VT ? 1 : 0
  if (start === 0 && end === bytes.length) return { raw: bytes, warnings: [] }
  return { raw: bytes.subarray(start, end), warnings: ['HTTP_WITH_MLLP_FRAMING'] }
}

/** Longest header that is looked at for its sender, in characters. */
const maxHeaderCharacters = 4_096

/**
 * MSH-3|MSH-4 of every message in a body; undefined when it does not begin like HL7 v2. Read from the octets: all
 * charsets of HL7 but UTF-16 and UTF-32 have the ASCII of a header as it is; in those, NUL stands between.
 */
export function sendersOf(raw: Uint8Array): readonly string[] | undefined {
  const octets = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1')
  const wide =
    octets.startsWith('\xff\xfe') || octets.startsWith('\xfe\xff') || octets.slice(0, 4).includes('\0')
  const text = wide ? octets.replaceAll('\0', '') : octets
  let ink = 0
  while (ink < maxIndent && isBlank(text.charCodeAt(ink))) ink++
  if (!/^(?:MSH|FHS|BHS)./.test(text.slice(ink, ink + 4))) return undefined
  const senders = new Set<string>()
  for (let at = text.indexOf('MSH'); at >= 0; at = text.indexOf('MSH', at + 3)) {
    if (!beginsLine(text, at)) continue
    const cr = text.slice(at, at + maxHeaderCharacters).search(/[\r\n]/)
    const parsed = parseMessage(text.slice(at, at + (cr < 0 ? maxHeaderCharacters : cr)))
    if ('message' in parsed) senders.add(readHeader(parsed.message).source)
  }
  return [...senders]
}

const maxIndent = 100

/** Control characters, blanks, and the octets of a byte order mark; NaN beyond the end is none. */
const isBlank = (code: number): boolean =>
  code <= 0x20 || code === 0xa0 || code === 0xef || code === 0xbb || code === 0xbf || code >= 0xfe

/** True when nothing but blanks stands between the begin of a line and `at`. */
function beginsLine(text: string, at: number): boolean {
  for (let i = at - 1; i >= 0 && at - i <= maxIndent; i--) {
    const code = text.charCodeAt(i)
    if (code === CR || code === 0x0a) return true
    if (!isBlank(code)) return false
  }
  return at <= maxIndent
}
