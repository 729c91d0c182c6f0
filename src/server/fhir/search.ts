// search by GET and POST _search (FHIR R4 search.html): a searchset with exact total, signed page links, inclusions.

import type { Issue } from '../../fhir/issue.ts'
import { operationOutcome } from '../../fhir/outcome.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import { type SearchPage, type SearchPosition, searchPage } from '../../store/search.ts'
import { includedRows } from '../../store/search-include.ts'
import { permits } from '../auth.ts'
import { isUtf8, mediaType, readBody } from '../body.ts'
import { requestLimits } from '../context.ts'
import { type Ask, type Pairs, queryOf } from './ask.ts'
import { type BundleEntry, bundleText } from './bundle.ts'
import { onlyElements } from './elements.ts'
import { refuse, sendText } from './reply.ts'
import { resourceText, type Stored } from './resource-text.ts'
import { searchRequest } from './search-request.ts'

export async function search(ask: Ask): Promise<Response> {
  return await answer(ask, queryOf(ask.c))
}

/** The parameters of the body are added to those of the URL. */
export async function postSearch(ask: Ask): Promise<Response> {
  const { c } = ask
  const { type, charset } = mediaType(c.req.header('content-type'))
  if (type !== 'application/x-www-form-urlencoded' || !isUtf8(charset)) {
    return refuse(
      c,
      'unsupported-media-type',
      'Content-Type must be application/x-www-form-urlencoded in UTF-8',
    )
  }
  const body = await readBody(c.req.raw, requestLimits.maxFormBytes, c.env)
  if ('fault' in body) {
    if (body.fault === 'compressed')
      return refuse(c, 'unsupported-media-type', 'compressed bodies are not taken')
    if (body.fault === 'aborted') return refuse(c, 'bad-request', 'the body ended early')
    return refuse(c, 'too-large', `a search has at most ${requestLimits.maxFormBytes} bytes`)
  }
  const form = new URLSearchParams(Buffer.from(body.bytes).toString())
  return await answer(ask, [...queryOf(c), ...form])
}

async function answer(ask: Ask, pairs: Pairs): Promise<Response> {
  const { c, deps, client, rtype, prefer } = ask
  const request = searchRequest(ask, pairs, prefer.handling === 'strict')
  if (request instanceof Response) return request
  const { query, ignored } = request
  const binding = `search\n${deps.tenant}\n${client.id}\n${rtype}\n${encoded(query.applied)}`
  const position = positionOf(ask, pairs, binding)
  if (position instanceof Response) return position
  const page = await searchPage(deps.db.read, deps.tenant, query, position)
  const mayRead = (type: string): boolean => permits(client, type, 'r')
  const included = await includedRows(deps.db.read, deps.tenant, query, page.rows, mayRead)
  const warnings = included.truncated ? [...ignored, truncation] : ignored
  const entry = (row: Stored & { rtype: string; id: string }, mode: 'match' | 'include'): BundleEntry => ({
    fullUrl: `${deps.baseUrl}/${row.rtype}/${row.id}`,
    resource:
      mode === 'match' && query.elements
        ? onlyElements(resourceText(row), query.elements)
        : resourceText(row),
    mode,
  })
  const text = bundleText({
    type: 'searchset',
    total: page.total,
    timestamp: deps.gateway.now().toISOString(),
    links: linksOf(ask, query, pairs, page, binding),
    entries: [
      ...page.rows.map((row) => entry(row, 'match')),
      ...included.rows.map((row) => entry(row, 'include')),
      ...outcomeEntry(warnings),
    ],
  })
  return sendText(c, 200, text)
}

const truncation: Issue = {
  severity: 'warning',
  code: 'incomplete',
  diagnostics: 'not everything to be included is on this page - ask for fewer results or inclusions',
}

function outcomeEntry(issues: readonly Issue[]): readonly BundleEntry[] {
  return issues.length > 0 ? [{ resource: JSON.stringify(operationOutcome(issues)), mode: 'outcome' }] : []
}

/** Where the page begins: undefined for the first one; a refusal when the token is not ours for this query. */
function positionOf({ c, deps }: Ask, pairs: Pairs, binding: string): SearchPosition | undefined | Response {
  const token = pairs.findLast(([name]) => name === '_page')?.[1]
  if (token === undefined) return undefined
  const reading = deps.cursors.read(token, binding)
  if (!('fault' in reading)) return reading.position
  return reading.fault === 'expired'
    ? refuse(c, 'gone', 'this page link is too old - start the search again')
    : refuse(c, 'bad-request', '_page is not a page of this search - follow the links of the Bundle')
}

const encoded = (pairs: Pairs): string =>
  new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()

function linksOf(
  { deps, rtype }: Ask,
  query: SearchQuery,
  pairs: Pairs,
  page: SearchPage,
  binding: string,
): { relation: 'self' | 'next'; url: string }[] {
  const url = (extra: Pairs): string => {
    const text = encoded([...query.applied, ...extra])
    return `${deps.baseUrl}/${rtype}${text === '' ? '' : `?${text}`}`
  }
  const own = pairs.filter(([name]) => name === '_page').slice(-1)
  const self = { relation: 'self', url: url(own) } as const
  if (!page.next) return [self]
  return [self, { relation: 'next', url: url([['_page', deps.cursors.write(page.next, binding)]]) }]
}
