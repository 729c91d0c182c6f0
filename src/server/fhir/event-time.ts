// X-Event-Time: when what a client writes has happened, if that was not now (semantics, section 15.8). It decides which of two
// words about one thing is the later one, so that only who is trusted may say it.
import type { Client } from '../../canonical/site.ts'
import type { AppContext, Deps } from '../context.ts'
import { refuse } from './reply.ts'

/** As for a death: below it, nobody decides what others have said. */
const leastTrust = 50
const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/
const writing: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

export function eventTimeOf(c: AppContext, client: Client, deps: Deps): Date | undefined | Response {
  const said = c.req.header('x-event-time')
  if (said === undefined || !writing.has(c.req.method)) return undefined
  if (client.trust < leastTrust)
    return refuse(c, 'forbidden', `X-Event-Time is for clients with a trust of ${leastTrust} or more`)
  const at = form.test(said) ? Date.parse(said) : Number.NaN
  if (Number.isNaN(at))
    return refuse(
      c,
      'bad-request',
      'X-Event-Time is an instant with its offset, such as 2026-03-02T09:00:00-06:00',
    )
  if (at > deps.gateway.now().getTime())
    return refuse(c, 'bad-request', 'X-Event-Time lies in the future - leave it out for what happens now')
  return new Date(at)
}
