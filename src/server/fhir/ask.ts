// One FHIR request as its handler sees it: who asks for what, already authenticated, permitted and well-formed.
import type { Client } from '../../canonical/site.ts'
import { type ZoneOffset, zoneOffsetOf } from '../../fhir/date.ts'
import { type Permission, permits } from '../auth.ts'
import type { AppContext, Deps } from '../context.ts'
import type { Preferences } from './preferences.ts'
import { refuse } from './reply.ts'

export interface Ask {
  readonly c: AppContext
  readonly deps: Deps
  readonly client: Client
  /** A type that is served here; '' for interactions of the whole system. */
  readonly rtype: string
  /** A well-formed id; '' where the route has none. */
  readonly id: string
  readonly prefer: Preferences
  /** When what is written has happened; undefined = now. */
  readonly eventTime?: Date
}

export type Handler = (ask: Ask) => Promise<Response>

export type Pairs = readonly (readonly [name: string, value: string])[]

/** The query of the URL as name and value pairs, in order, decoded. */
export function queryOf(c: AppContext): Pairs {
  const url = c.req.url
  const mark = url.indexOf('?')
  return mark < 0 ? [] : [...new URLSearchParams(url.slice(mark + 1))]
}

/** The refusal when the client may not do this on the type of the request; undefined when it may. */
export function denied({ c, client, rtype }: Ask, ...needed: readonly Permission[]): Response | undefined {
  if (permits(client, rtype, ...needed)) return undefined
  return refuse(c, 'forbidden', `no scope of this client gives ${needed.join('')} on ${rtype}`)
}

const zones = new Map<string, ZoneOffset>()

/** What dates without a zone mean: wall-clock time of the site. */
export function zoneOf({ gateway }: Pick<Deps, 'gateway'>): ZoneOffset {
  const { timezone } = gateway.site().gateway
  const known = zones.get(timezone)
  if (known) return known
  const zone = zoneOffsetOf(timezone)
  zones.set(timezone, zone)
  return zone
}
