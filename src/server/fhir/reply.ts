// FHIR answers: resources, outcomes and bundles as JSON text, in the form that the request asked for.
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Issue } from '../../fhir/issue.ts'
import { operationOutcome, type Refusal, refusal } from '../../fhir/outcome.ts'
import { xmlText } from '../../fhir/xml-write.ts'
import type { AppContext } from '../context.ts'
import { type Parts, partsOf } from './elements.ts'
import { contentTypes, formatWanted } from './format.ts'
import { etagOf } from './preferences.ts'
import { prettyJson, resourceText, type Stored } from './resource-text.ts'

/** JSON text of a resource or bundle in the form that is wanted, with line breaks when `_pretty=true`. */
export function sendText(c: AppContext, status: number, text: string): Response {
  const pretty = c.req.query('_pretty') === 'true'
  const format = c.req.query('_format') ?? c.var.format
  const wanted = formatWanted(c.req.header('accept') ?? '*/*', format)
  const headers = { 'content-type': wanted?.contentType ?? contentTypes.json, vary: 'accept, authorization' }
  const body = wanted?.form === 'xml' ? xmlText(text, pretty) : pretty ? prettyJson(text) : text
  return c.body(body, contentful(status), headers)
}

/** Every error, and every answer that is nothing but issues. */
export function sendOutcome(c: AppContext, status: number, issues: readonly Issue[]): Response {
  return sendText(c, status, JSON.stringify(operationOutcome(issues)))
}

/** One error issue as the whole answer; `text` says what, where and the next step, and nothing of a patient. */
export function refuse(
  c: AppContext,
  kind: Refusal,
  text: string,
  ...expression: readonly string[]
): Response {
  const { status, issues } = refusal(kind, text, expression.length > 0 ? expression : undefined)
  return sendOutcome(c, status, issues)
}

/** A version of a resource with its ETag and Last-Modified. */
export function sendVersion(c: AppContext, status: number, stored: Stored, parts?: Parts): Response {
  c.header('etag', etagOf(stored.version))
  c.header('last-modified', httpDate(stored.updatedAt))
  const text = resourceText(stored)
  return sendText(c, status, parts ? partsOf(text, parts) : text)
}

export const httpDate = (iso: string): string => new Date(iso).toUTCString()

/** Statuses come as numbers from tables and the pipeline; those without a body are never sent this way. */
export const contentful = (status: number): ContentfulStatusCode => status as ContentfulStatusCode
