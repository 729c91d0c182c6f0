// OperationOutcome resources, and which HTTP status each kind of trouble has, for the whole gateway
// (http://hl7.org/fhir/R4/operationoutcome.html, http://hl7.org/fhir/R4/http.html).
import { blocks, type Issue, type IssueCode } from './issue.ts'
import type { Resource } from './types.ts'

/** HTTP status by issue code, when nothing more is known than the issue. */
export const STATUS_OF_CODE: Readonly<Record<IssueCode, number>> = {
  structure: 400,
  invalid: 400,
  security: 403,
  login: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  deleted: 410,
  'multiple-matches': 412,
  'too-long': 413,
  required: 422,
  value: 422,
  invariant: 422,
  'code-invalid': 422,
  processing: 422,
  'not-supported': 422,
  'business-rule': 422,
  duplicate: 422,
  'too-costly': 422,
  throttled: 429,
  exception: 500,
  'lock-error': 503,
  transient: 503,
  timeout: 503,
  'no-store': 503,
  incomplete: 503,
  informational: 200,
}

/** Answers whose status does not follow from the code alone. */
export const REFUSALS = {
  'bad-request': { status: 400, code: 'invalid' },
  'unknown-parameter': { status: 400, code: 'not-supported' },
  unauthenticated: { status: 401, code: 'login' },
  forbidden: { status: 403, code: 'forbidden' },
  'unknown-type': { status: 404, code: 'not-supported' },
  'not-found': { status: 404, code: 'not-found' },
  'method-not-allowed': { status: 405, code: 'not-supported' },
  'not-acceptable': { status: 406, code: 'not-supported' },
  conflict: { status: 409, code: 'conflict' },
  gone: { status: 410, code: 'deleted' },
  stale: { status: 412, code: 'conflict' },
  'multiple-matches': { status: 412, code: 'multiple-matches' },
  'too-large': { status: 413, code: 'too-long' },
  'unsupported-media-type': { status: 415, code: 'not-supported' },
  'business-rule': { status: 422, code: 'business-rule' },
  'version-required': { status: 428, code: 'required' },
  throttled: { status: 429, code: 'throttled' },
  exception: { status: 500, code: 'exception' },
  unavailable: { status: 503, code: 'transient' },
} as const satisfies Record<string, { readonly status: number; readonly code: IssueCode }>

export type Refusal = keyof typeof REFUSALS

/** The status of an answer that consists of these issues: that of the gravest; 200 when none blocks. */
export function statusOf(issues: readonly Issue[]): number {
  let status = 200
  for (const issue of issues) {
    if (!blocks(issue)) continue
    const own = STATUS_OF_CODE[issue.code]
    // Our own trouble before the client's, and among those what must be mended first: structure before
    // content.
    if (status === 200 || own >= 500 || (status < 500 && own < status)) status = own
  }
  return status
}

/** An OperationOutcome with these issues; without any it says that all is well. */
export function operationOutcome(issues: readonly Issue[]): Resource {
  const all = issues.length > 0 ? issues : [ALL_OK]
  return {
    resourceType: 'OperationOutcome',
    issue: all.map(({ severity, code, diagnostics, expression }) => ({
      severity,
      code,
      diagnostics,
      ...(expression && expression.length > 0 && { expression: [...expression] }),
    })),
  }
}
const ALL_OK: Issue = { severity: 'information', code: 'informational', diagnostics: 'All OK' }

/** One refusal: its status and its OperationOutcome. `diagnostics` says what, where and the next step. */
export function refusal(
  kind: Refusal,
  diagnostics: string,
  expression?: readonly string[],
): { readonly status: number; readonly issues: readonly Issue[] } {
  const { status, code } = REFUSALS[kind]
  return { status, issues: [{ severity: 'error', code, diagnostics, ...(expression && { expression }) }] }
}
