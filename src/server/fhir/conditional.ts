// Writes whose target is found by a search (FHIR R4 http.html#cond-update): never on what is not understood.
import type { SearchQuery } from '../../fhir/search-query.ts'
import { searchPage } from '../../store/search.ts'
import { type Ask, denied, type Pairs, queryOf } from './ask.ts'
import { refuse } from './reply.ts'
import { searchRequest } from './search-request.ts'
import { create, type Identifier, patch, remove, update } from './write.ts'

type Target = { readonly id: string | undefined; readonly query: SearchQuery } | Response

/** The one match; `id` undefined when nothing matches; a refusal when several do. */
async function targetOf(ask: Ask, pairs: Pairs): Promise<Target> {
  const { c, deps, rtype } = ask
  const request = searchRequest(ask, pairs, true)
  if (request instanceof Response) return request
  if (request.query.filters.length === 0) {
    return refuse(c, 'bad-request', `say which ${rtype} is meant, such as ${rtype}?identifier=system|value`)
  }
  const query: SearchQuery = { ...request.query, count: 2, onlyCount: false, total: 'none', sort: [] }
  const { rows } = await searchPage(deps.db.read, deps.tenant, query)
  if (rows.length > 1) return refuse(c, 'multiple-matches', `more than one ${rtype} matches - add parameters`)
  return { id: rows[0]?.id, query }
}

/** Update of the match, or create when there is none. */
export async function conditionalUpdate(ask: Ask): Promise<Response> {
  const target = await targetOf(ask, queryOf(ask.c))
  if (target instanceof Response) return target
  if (target.id !== undefined) return await update(ask, target.id, { withoutId: true })
  return denied(ask, 'c') ?? (await create(ask, identifierOf(target.query)))
}

export async function conditionalPatch(ask: Ask): Promise<Response> {
  const target = await targetOf(ask, queryOf(ask.c))
  if (target instanceof Response) return target
  return target.id === undefined ? nothing(ask) : await patch(ask, target.id)
}

export async function conditionalDelete(ask: Ask): Promise<Response> {
  const target = await targetOf(ask, queryOf(ask.c))
  if (target instanceof Response) return target
  return target.id === undefined ? nothing(ask) : await remove(ask, target.id)
}

const nothing = ({ c, rtype }: Ask): Response => refuse(c, 'not-found', `no ${rtype} matches`)

const maxHeaderCharacters = 1_000

/** create, unless If-None-Exist names an identifier that something has already: the pipeline decides, atomically. */
export async function createOrFind(ask: Ask): Promise<Response> {
  const { c } = ask
  const header = c.req.header('if-none-exist')
  if (header === undefined) return await create(ask)
  const forbidden = denied(ask, 's')
  if (forbidden) return forbidden
  if (header.length > maxHeaderCharacters) return refuse(c, 'bad-request', 'If-None-Exist is too long')
  const request = searchRequest(ask, [...new URLSearchParams(header.slice(header.indexOf('?') + 1))], true)
  if (request instanceof Response) return request
  const identifier = identifierOf(request.query)
  if (!identifier) return refuse(c, 'bad-request', 'If-None-Exist must be identifier=system|value')
  return await create(ask, identifier)
}

/** The identifier, when the query asks for one and nothing else. */
function identifierOf({ filters }: SearchQuery): Identifier | undefined {
  const [filter, ...others] = filters
  if (others.length > 0 || filter?.kind !== 'identifier' || filter.param !== 'identifier' || filter.not)
    return undefined
  const [value, ...more] = filter.values
  if (more.length > 0 || !value?.system || value.code === undefined) return undefined
  return { system: value.system, value: value.code }
}
