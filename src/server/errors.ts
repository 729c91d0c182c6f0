// What a client is told when the database fails a request: a status and an issue by SQLSTATE, never its text.
import type { Issue, IssueCode } from '../fhir/issue.ts'
import { QueueFull } from '../pipeline/batch/batcher.ts'
import { classify, StoreBusy, sqlState } from '../store/db.ts'

export interface Fault {
  readonly status: 400 | 409 | 412 | 422 | 429 | 500 | 503
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
  // Others came first, again and again: what the request was based on may have changed.
  if (state?.startsWith('40')) {
    return fault(
      409,
      'conflict',
      'others changed the same things at the same time - read them and try again',
      1,
    )
  }
  if (state === '23505') {
    return fault(412, 'conflict', 'somebody else has just made the same thing - search for it and try again')
  }
  if (error instanceof StoreBusy || error instanceof QueueFull) {
    return fault(429, 'throttled', 'more requests wait than can be answered - try again later', 2)
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
