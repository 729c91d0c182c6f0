// One FHIR request as its handler sees it: who asks for what, already authenticated, permitted and well-formed.
import type { Client } from '../../canonical/site.ts'
import type { AppContext, Deps } from '../context.ts'
import type { Preferences } from './preferences.ts'

export interface Ask {
  readonly c: AppContext
  readonly deps: Deps
  readonly client: Client
  /** A type that is served here; '' for interactions of the whole system. */
  readonly rtype: string
  /** A well-formed id; '' where the route has none. */
  readonly id: string
  readonly prefer: Preferences
}

export type Handler = (ask: Ask) => Promise<Response>

/** The query of the URL as name and value pairs, in order, decoded. */
export function queryOf(c: AppContext): [name: string, value: string][] {
  const url = c.req.url
  const mark = url.indexOf('?')
  return mark < 0 ? [] : [...new URLSearchParams(url.slice(mark + 1))]
}
