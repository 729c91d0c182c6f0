// What is done for every request, whatever it asks for: its id, limits of the URL, safe headers, metrics, errors.
import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { Counter, Histogram } from 'prom-client'
import { describeError } from '../store/db.ts'
import { type AppContext, type AppEnv, type Deps, requestLimits } from './context.ts'
import { faultOf } from './errors.ts'
import { sendOutcome } from './fhir/reply.ts'

const isFhir = (path: string): boolean => path === '/fhir' || path.startsWith('/fhir/')

/** Gives the request an id, and counts it by route, never by its URL. */
export function observe({ metrics }: Deps): MiddlewareHandler<AppEnv> {
  const labelNames = ['method', 'area', 'status'] as const
  const requests = new Counter({
    name: 'portico_http_requests_total',
    help: 'HTTP requests answered',
    labelNames,
    registers: [metrics],
  })
  const seconds = new Histogram({
    name: 'portico_http_request_seconds',
    help: 'Time from the head of a request to its answer',
    labelNames: ['method', 'area'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers: [metrics],
  })
  return async (c, next) => {
    const began = performance.now()
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    await next()
    c.res.headers.set('x-request-id', requestId)
    c.res.headers.set('cache-control', 'no-store')
    c.res.headers.set('x-content-type-options', 'nosniff')
    const method = methodOf(c.req.method)
    const area = areaOf(c.req.path)
    requests.inc({ method, area, status: c.res.status })
    seconds.observe({ method, area }, (performance.now() - began) / 1_000)
  }
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
const areas: ReadonlySet<string> = new Set(['fhir', 'hl7v2', 'admin', 'healthz', 'readyz', 'metrics'])

// Labels come from short lists: a client must not be able to make time series.
const methodOf = (method: string): string => (methods.has(method) ? method : 'other')
const areaOf = (path: string): string => {
  const first = path.split('/', 2)[1] ?? ''
  return areas.has(first) ? first : 'other'
}

export const guard: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.url.length > requestLimits.maxUrlCharacters) {
    return refuseAny(c, 414, 'too-long', `the URL has more than ${requestLimits.maxUrlCharacters} characters`)
  }
  if (/%(?![0-9a-f]{2})|%00/i.test(c.req.url))
    return refuseAny(c, 400, 'invalid', 'the URL is not well-formed')
  return await next()
}

type AnyStatus = 400 | 404 | 414 | 422 | 500 | 503

function refuseAny(
  c: AppContext,
  status: AnyStatus,
  code: 'too-long' | 'invalid' | 'not-found',
  text: string,
): Response {
  if (!isFhir(c.req.path)) return c.text(`${text}\n`, status)
  return sendOutcome(c, status, [{ severity: 'error', code, diagnostics: text }])
}

export const answerNotFound = (c: AppContext): Response =>
  refuseAny(c, 404, 'not-found', 'there is nothing here')

/** The only place where a thrown error becomes an answer: the database's trouble, or a bug of ours. */
export function answerError(error: unknown, c: AppContext, { log }: Deps): Response {
  const { requestId } = c.var
  const fault = faultOf(error, requestId)
  const fields = {
    requestId,
    method: c.req.method,
    area: areaOf(c.req.path),
    status: fault.status,
    ...describeError(error),
  }
  if (fault.status === 500) {
    // Frames name files of ours; the message might quote a value.
    const frames =
      error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
    log.error({ ...fields, frames: frames.slice(0, 8) }, 'a request failed')
  } else log.warn(fields, 'a request was not answered')
  if (fault.retryAfterSeconds !== undefined) c.header('retry-after', String(fault.retryAfterSeconds))
  if (isFhir(c.req.path)) return sendOutcome(c, fault.status, [fault.issue])
  return c.text(`${fault.issue.diagnostics}\n`, fault.status)
}
