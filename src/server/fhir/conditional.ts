// Writes whose target is found by a search (FHIR R4 http.html#cond-update): never on what is not understood. The search
// runs where the write is carried out, so that nothing comes between the two.

import { registeredTypes } from '../../canonical/client-write.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import type { Criteria } from '../../pipeline/gateway.ts'
import { type Ask, denied, type Pairs, queryOf } from './ask.ts'
import { refuse } from './reply.ts'
import { searchRequest } from './search-request.ts'
import { create, patch, remove, type Target, type Unless, update } from './write.ts'

/** Criteria of a write, or the refusal. */
export function criteriaOf(ask: Ask, pairs: Pairs): Criteria | Response {
  const { c, rtype } = ask
  const request = searchRequest(ask, pairs, true)
  if (request instanceof Response) return request
  if (request.query.filters.length === 0) {
    return refuse(c, 'bad-request', `say which ${rtype} is meant, such as ${rtype}?identifier=system|value`)
  }
  const applied = request.query.applied.map(([name, value]): [string, string] => [name, value])
  return { name: `${rtype}?${new URLSearchParams(applied)}`, query: request.query }
}

const conditional =
  (write: (ask: Ask, target: Target) => Promise<Response>) =>
  async (ask: Ask): Promise<Response> => {
    const criteria = criteriaOf(ask, queryOf(ask.c))
    return criteria instanceof Response ? criteria : await write(ask, { criteria })
  }

/** Update of the match, or create when there is none. */
export const conditionalUpdate = conditional(update)
export const conditionalPatch = conditional(patch)
export const conditionalDelete = conditional(remove)

const maxHeaderCharacters = 1_000

/** What makes a create needless: `text` is the query of If-None-Exist. */
export function unlessOf(ask: Ask, text: string): Unless | Response {
  const forbidden = denied(ask, 's')
  if (forbidden) return forbidden
  if (text.length > maxHeaderCharacters) return refuse(ask.c, 'bad-request', 'If-None-Exist is too long')
  const criteria = criteriaOf(ask, [...new URLSearchParams(text.slice(text.indexOf('?') + 1))])
  if (criteria instanceof Response) return criteria
  // Types that the registry knows by their identifiers need no search, and need not wait for each other.
  const identifier = registeredTypes.has(ask.rtype) ? identifierOf(criteria.query) : undefined
  return identifier ? { ifNoneExist: identifier } : { criteria }
}

/** create, unless If-None-Exist finds something: the pipeline decides, atomically. */
export async function createOrFind(ask: Ask): Promise<Response> {
  const header = ask.c.req.header('if-none-exist')
  if (header === undefined) return await create(ask)
  const unless = unlessOf(ask, header)
  return unless instanceof Response ? unless : await create(ask, unless)
}

/** The identifier, when the query asks for one and nothing else. */
function identifierOf({ filters }: SearchQuery): Unless['ifNoneExist'] {
  const [filter, ...others] = filters
  if (others.length > 0 || filter?.kind !== 'identifier' || filter.param !== 'identifier' || filter.not)
    return undefined
  const [value, ...more] = filter.values
  if (more.length > 0 || !value?.system || value.code === undefined) return undefined
  return { system: value.system, value: value.code }
}
