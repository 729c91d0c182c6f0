// Answers of a batch or a transaction (FHIR R4 http.html#transaction-response), as JSON text: resources go in as they are.
import { STATUS_CODES } from 'node:http'
import type { Issue } from '../../fhir/issue.ts'
import { writeJson } from '../../fhir/json.ts'
import { operationOutcome } from '../../fhir/outcome.ts'
import type { Queryable } from '../../store/db.ts'
import type { Ask } from './ask.ts'
import type { EntryRequest } from './bundle-entry.ts'
import { sendText } from './reply.ts'

/** Answers a request as if it had come by itself; with a transaction, by what that sees. */
export type Dispatch = (request: Request, tx?: Queryable) => Promise<Response>

export interface BundleAnswer {
  readonly status: string
  readonly location?: string
  readonly etag?: string
  readonly lastModified?: string
  readonly fullUrl?: string
  /** JSON text. */
  readonly resource?: string
  readonly outcome?: readonly Issue[]
  /** JSON text of an OperationOutcome that came as an answer. */
  readonly outcomeText?: string
}

export const statusLine = (status: number): string => `${status} ${STATUS_CODES[status] ?? ''}`.trim()

/** Carries an entry out by itself, with the authorization of the request that it stands in. */
export async function entryAnswer(
  ask: Ask,
  entry: EntryRequest,
  dispatch: Dispatch,
  tx?: Queryable,
): Promise<BundleAnswer> {
  const { method, path, query, headers } = entry
  const { type, body } = payloadOf(entry)
  const prefer = ask.c.req.header('prefer')
  const url = new URL(`http://gateway.invalid/fhir${path === '' ? '' : `/${path}`}`)
  url.search = query
  const request = new Request(url, {
    method,
    headers: {
      authorization: ask.c.req.header('authorization') ?? '',
      accept: 'application/fhir+json',
      ...(prefer !== undefined && { prefer }),
      ...(body !== undefined && { 'content-type': type }),
      ...headers,
    },
    ...(body !== undefined && method !== 'GET' && method !== 'HEAD' && { body }),
  })
  return await read(await dispatch(request, tx))
}

/** A patch that is no FHIR resource comes inside of a Binary. */
function payloadOf({ method, path, resource }: EntryRequest): { type: string; body: string | undefined } {
  if (method === 'PATCH' && resource?.resourceType === 'Binary') {
    const data = typeof resource.data === 'string' ? resource.data : ''
    return { type: String(resource.contentType), body: Buffer.from(data, 'base64').toString() }
  }
  // A search whose parameters are all in its URL.
  if (!resource && path.endsWith('_search')) return { type: 'application/x-www-form-urlencoded', body: '' }
  return { type: 'application/fhir+json', body: resource && writeJson(resource) }
}

async function read(response: Response): Promise<BundleAnswer> {
  const text = await response.text()
  const modified = response.headers.get('last-modified')
  const [etag, location] = [response.headers.get('etag'), response.headers.get('location')]
  // The header has no fractions of a second; what stands first in a resource of ours is its own time.
  const updated = /^\{[^{]*"meta"\s*:\s*\{[^{}]*"lastUpdated"\s*:\s*"([^"]+)"/.exec(text)?.[1]
  const isOutcome = /^\{\s*"resourceType"\s*:\s*"OperationOutcome"/.test(text)
  return {
    status: statusLine(response.status),
    ...(location !== null && { location }),
    ...(etag !== null && { etag }),
    ...(modified !== null && { lastModified: updated ?? new Date(modified).toISOString() }),
    ...(text !== '' && (isOutcome ? { outcomeText: text } : { resource: text })),
  }
}

export function sendAnswers(
  ask: Ask,
  type: 'batch-response' | 'transaction-response',
  answers: readonly BundleAnswer[],
): Response {
  const head = JSON.stringify({
    resourceType: 'Bundle',
    type,
    timestamp: ask.deps.gateway.now().toISOString(),
  })
  const entries = answers.map(entryText)
  const entry = entries.length > 0 ? `,"entry":[${entries.join(',')}]` : ''
  return sendText(ask.c, 200, `${head.slice(0, -1)}${entry}}`)
}

function entryText({
  status,
  location,
  etag,
  lastModified,
  fullUrl,
  resource,
  outcome,
  outcomeText,
}: BundleAnswer): string {
  const response = JSON.stringify({ status, location, etag, lastModified })
  const issues = outcomeText ?? (outcome && JSON.stringify(operationOutcome(outcome)))
  const parts: string[] = []
  if (fullUrl !== undefined) parts.push(`"fullUrl":${JSON.stringify(fullUrl)}`)
  if (resource !== undefined) parts.push(`"resource":${resource}`)
  parts.push(
    `"response":${issues === undefined ? response : `${response.slice(0, -1)},"outcome":${issues}}`}`,
  )
  return `{${parts.join(',')}}`
}
