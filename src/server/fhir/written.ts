// The answer to an interaction that writes: status, headers and body by what the pipeline says and Prefer asks.
import type { Issue } from '../../fhir/issue.ts'
import type { FhirWritten } from '../../pipeline/gateway.ts'
import type { Ask } from './ask.ts'
import { etagOf } from './preferences.ts'
import { contentful, httpDate, sendOutcome, sendText } from './reply.ts'

const retryAfterSeconds = '5'

/** `remarks`: what was found in the request and did not forbid it. */
export function sendWritten(
  { c, deps, prefer }: Ask,
  written: FhirWritten,
  remarks: readonly Issue[] = [],
): Response {
  const { status, rtype, id, version, updatedAt, body, issues } = written
  if (version !== undefined) c.header('etag', etagOf(version))
  if (updatedAt !== undefined) c.header('last-modified', httpDate(updatedAt))
  if (status < 400 && rtype !== undefined && id !== undefined && version !== undefined) {
    // Where the result is: of a create the new resource, of a 202 the Task that tracks it.
    // A create that was needless says where what it has found is. After an update clients learn the version from Content-Location.
    const name = status !== 200 || c.req.method === 'POST' ? 'location' : 'content-location'
    c.header(name, `${deps.baseUrl}/${rtype}/${id}/_history/${version}`)
  }
  if (status >= 400) {
    if (status === 503) c.header('retry-after', retryAfterSeconds)
    if (issues.length > 0) return sendOutcome(c, status, issues)
    const diagnostics = 'the request was not carried out'
    return sendOutcome(c, status, [{ severity: 'error', code: 'processing', diagnostics }])
  }
  if (status === 204) return c.body(null, 204)
  if (prefer.return === 'minimal') return c.body(null, contentful(status))
  if (prefer.return === 'OperationOutcome' || body === undefined) {
    const done = { severity: 'information', code: 'informational', diagnostics: 'done' } as const
    const all = [...issues, ...remarks]
    return sendOutcome(c, status, all.length > 0 ? all : [done])
  }
  return sendText(c, status, body)
}
