// Pages of other origins that call the FHIR API from a browser (Fetch standard, https://fetch.spec.whatwg.org/#http-cors-protocol):
// those that the site names, and nobody else. Tokens come in a header, never by themselves: credentials are not allowed.
import type { MiddlewareHandler } from 'hono'
import type { AppEnv, Deps } from './context.ts'

const exposed = [
  'ETag',
  'Location',
  'Content-Location',
  'Last-Modified',
  'Expires',
  'Retry-After',
  'X-Progress',
  'X-Request-Id',
  'X-Security-Context',
  'Repr-Digest',
].join(', ')

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
const taken = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-Modified-Since',
  'If-None-Exist',
  'If-None-Match',
  'Prefer',
  'X-Event-Time',
  'X-Purpose-Of-Use',
  'X-Reason',
  'X-Request-Id',
  'X-Security-Context',
].join(', ')
const preflightSeconds = '600'

/** Below /fhir alone: operators and senders of messages are no pages. */
export function cors({ gateway }: Pick<Deps, 'gateway'>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const origins = gateway.site().policy.browserOrigins
    if (origins.length === 0) return await next()
    const origin = c.req.header('origin')
    const isAny = origins.includes('*')
    const allowed = isAny ? '*' : origin !== undefined && origins.includes(origin) ? origin : undefined
    const isPreflight =
      c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined
    if (origin !== undefined && isPreflight && allowed !== undefined) {
      return c.body(null, 204, {
        'access-control-allow-origin': allowed,
        'access-control-allow-methods': methods,
        'access-control-allow-headers': taken,
        'access-control-max-age': preflightSeconds,
        vary: 'origin, access-control-request-method, access-control-request-headers',
      })
    }
    await next()
    const { headers } = c.res
    if (!isAny) headers.append('vary', 'origin')
    if (origin === undefined || allowed === undefined) return
    headers.set('access-control-allow-origin', allowed)
    headers.set('access-control-expose-headers', exposed)
  }
}
