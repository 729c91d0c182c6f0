// What a client is told when the database fails a request: a status and an issue by SQLSTATE, never its text.
import type { Issue, IssueCode } from '../fhir/issue.ts'
import { classify, sqlState } from '../store/db.ts'

export interface Fault {
  readonly status: 400 | 422 | 500 | 503
  readonly issue: Issue
  readonly retryAfterSeconds?: number
}

const fault = (
  status: Fault['status'],
  code: IssueCode,
  diagnostics: string,
  retryAfterSeconds?: number,
): Fault => ({
  status,
  issue: { severity: 'error', code, diagnostics },
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
})

/** `requestId` is all that a stranger learns of an error of ours; the log has the rest under it. */
export function faultOf(error: unknown, requestId: string): Fault {
  const state = sqlState(error)
  if (state === '57014' || state?.startsWith('54')) {
    return fault(
      422,
      'too-costly',
      'the request takes too long to answer - ask for less, with more parameters',
    )
  }
  switch (classify(error)) {
    case 'transient':
      return fault(503, 'transient', 'the store is busy or not available - try again later', 5)
    case 'storage':
      return fault(503, 'no-store', 'the store cannot take anything now - try again later', 30)
    case 'data':
      return fault(400, 'value', 'a value is outside of what can be stored or searched - correct it')
    default:
      return fault(500, 'exception', `an error of this server (request ${requestId}) - tell its operator`)
  }
}
