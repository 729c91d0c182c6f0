// Writes whose target is found by a search (FHIR R4 http.html#cond-update): never on what is not understood. The search
// runs where the write is carried out, so that nothing comes between the two.

import { registeredTypes } from '../../canonical/client-write.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import type { Criteria } from '../../pipeline/gateway.ts'
import { searchPage } from '../../store/search.ts'
import { peerOf } from '../context.ts'
import { type Ask, denied, type Pairs, queryOf } from './ask.ts'
import { refuse, sendOutcome } from './reply.ts'
import { searchRequest } from './search-request.ts'
import { create, deletionOf, patch, remove, type Target, type Unless, update } from './write.ts'
import { sendWritten } from './written.ts'

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

/** Of several matches all, where the site has it so; none more than this. */
export const maxDeleted = 200

/** Delete of the match, or of all of them. */
export async function conditionalDelete(ask: Ask): Promise<Response> {
  const { c, deps, client, rtype } = ask
  const criteria = criteriaOf(ask, queryOf(c))
  if (criteria instanceof Response) return criteria
  if (deps.gateway.site().policy.conditionalDelete === 'single') return await remove(ask, { criteria })
  const { rows, next } = await searchPage(deps.db.read, deps.tenant, { ...criteria.query, count: maxDeleted })
  if (rows.length <= 1) return await remove(ask, { criteria })
  if (next) return refuse(c, 'multiple-matches', `more than ${maxDeleted} ${rtype} match - add parameters`)
  if (c.req.header('if-match') !== undefined)
    return refuse(c, 'multiple-matches', `more than one ${rtype} matches - If-Match is for one`)
  const entries = rows.map(({ id }) => ({ write: { ...deletionOf(ask), id }, names: [] }))
  const peer = peerOf(c)
  const written = await deps.gateway.transact({
    client,
    entries,
    references: new Map(),
    raw: new Uint8Array(),
    peer,
  })
  if ('status' in written) return sendWritten(ask, written)
  const { length } = written.filter(({ status }) => status === 204)
  return length === written.length
    ? c.body(null, 204)
    : sendOutcome(c, 200, [
        {
          severity: 'information',
          code: 'informational',
          diagnostics: `${length} of ${rows.length} deleted`,
        },
        ...written.flatMap(({ issues }) => issues),
      ])
}

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
