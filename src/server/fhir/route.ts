// What every FHIR route has in common: token, type, scopes and form of the request, checked before its handler.
import { isServedType, writesOf } from '../../fhir/types.ts'
import { authenticate, type Permission, permits } from '../auth.ts'
import type { AppContext, Deps } from '../context.ts'
import type { Handler } from './ask.ts'
import { wantsOctets } from './binary.ts'
import { eventTimeOf } from './event-time.ts'
import { formatWanted } from './format.ts'
import { preferencesOf } from './preferences.ts'
import { refuse } from './reply.ts'

const idForm = /^[A-Za-z0-9.-]{1,64}$/
const writeLetters: ReadonlySet<Permission> = new Set(['c', 'u', 'd'])

/** Methods of a type that may not be changed, or only be added to. */
const allowedOn = (writes: string, id: string): string =>
  id === '' && writes.includes('c') ? 'GET, HEAD, POST' : 'GET, HEAD'

/** The refusal of a request without a known token; undefined when it has one, which is then in `principal`. */
export function unauthenticated(c: AppContext, deps: Deps): Response | undefined {
  const principal = authenticate(deps.gateway.site(), c.req.header('authorization'))
  if (principal) {
    c.set('principal', principal)
    return undefined
  }
  c.header('www-authenticate', 'Bearer realm="portico"')
  return refuse(c, 'unauthenticated', 'send Authorization: Bearer with a token of this site')
}

/**
 * A route below /fhir, of the type in its path or of a `fixed` one. `needed` are the letters of the scope that the client must have on the type; without any the
 * handler looks for itself.
 */
export function fhirRoute(deps: Deps, needed: readonly Permission[], handler: Handler, fixed?: string) {
  return async (c: AppContext): Promise<Response> => {
    const refused = unauthenticated(c, deps)
    if (refused) return refused
    const { principal } = c.var
    if (principal.kind !== 'client')
      return refuse(c, 'forbidden', 'the token of a v2 source gives no access to FHIR')
    if (!isOctets(c) && formatWanted(c.req.header('accept') ?? '*/*', c.req.query('_format')) === undefined) {
      return refuse(
        c,
        'not-acceptable',
        'answers are application/fhir+json or application/fhir+xml, of FHIR 4.0',
      )
    }
    const rtype = fixed ?? c.req.param('type') ?? ''
    const id = c.req.param('id') ?? ''
    const { client } = principal
    if (rtype !== '') {
      if (!isServedType(rtype))
        return refuse(c, 'unknown-type', 'this type is not served here - see /fhir/metadata')
      const writes = writesOf(rtype)
      if (needed.some((letter) => writeLetters.has(letter) && !writes.includes(letter))) {
        return methodNotAllowed(c, allowedOn(writes, id))
      }
      if (needed.length > 0 && !permits(client, rtype, ...needed)) {
        return refuse(c, 'forbidden', `no scope of this client gives ${needed.join('')} on ${rtype}`)
      }
      if (id !== '' && !idForm.test(id)) {
        return refuse(c, 'bad-request', 'an id has 1 to 64 letters, digits, - and .')
      }
    }
    const eventTime = eventTimeOf(c, client, deps)
    if (eventTime instanceof Response) return eventTime
    const prefer = preferencesOf(c.req.header('prefer'))
    return await handler({ c, deps, client, rtype, id, prefer, ...(eventTime && { eventTime }) })
  }
}

/** A Binary is sent in its own format to whoever takes no form of FHIR. */
const isOctets = (c: AppContext): boolean =>
  c.req.param('type') === 'Binary' &&
  c.req.param('id') !== undefined &&
  (c.req.method === 'GET' || c.req.method === 'HEAD') &&
  wantsOctets(c)

export function methodNotAllowed(c: AppContext, allow: string): Response {
  c.header('allow', allow)
  if (c.req.method === 'OPTIONS') return c.body(null, 204)
  const instead = allow === '' ? 'send one request for each resource' : `use ${allow}`
  return refuse(c, 'method-not-allowed', `${c.req.method} is not possible here - ${instead}`)
}
