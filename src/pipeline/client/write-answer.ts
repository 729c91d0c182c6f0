// What a client is answered to a write, read from what became of it (FHIR R4 http.html#create, #update, #delete).
import type { Issue } from '../../fhir/issue.ts'
import type { Outcome } from '../batch/item.ts'
import type { FhirWritten } from '../gateway.ts'
import type { Command } from './command.ts'
import { WriteRefused } from './write-refused.ts'

/** What came of one write: filled in while it is applied. */
export interface Result {
  rtype: string
  id: string
  status: number
  /** What it came to, for the log. */
  command?: Command
}

export function answerOf(outcome: Outcome, { rtype, id, status }: Result, now: Date): FhirWritten {
  if (outcome.answered) {
    if (outcome.answered.same) return JSON.parse(outcome.answered.body) as FhirWritten
    const diagnostics =
      'this Idempotency-Key came with another request before - use a new key for a new request'
    return { status: 422, issues: [{ severity: 'error', code: 'business-rule', diagnostics }] }
  }
  if (outcome.refusal instanceof WriteRefused)
    return { status: outcome.refusal.status, issues: outcome.refusal.issues }
  const { draft } = outcome
  if (!draft) {
    const diagnostics = outcome.errors[0]?.text ?? 'the write was not carried out - ask the operator'
    return {
      status: outcome.code === 'AR' ? 503 : 422,
      issues: [{ severity: 'error', code: 'processing', diagnostics }],
    }
  }
  // A delete that has found nothing.
  if (id === '') return { status, issues: [] }
  const { version, body } = draft.entity(rtype, id)
  const changed = draft.changes.find((each) => each.rtype === rtype && each.id === id)
  const updatedAt = changed
    ? { updatedAt: new Date(Math.max(now.getTime(), changed.since)).toISOString() }
    : {}
  const issues: Issue[] = outcome.errors.map(({ severity, text }) => ({
    severity: severity === 'W' ? 'warning' : 'information',
    code: 'informational',
    diagnostics: text,
  }))
  if (!body) return { status: 204, ...(version > 0 && { rtype, id, version }), ...updatedAt, issues }
  return {
    status: status === 204 ? 200 : status,
    rtype,
    id,
    version,
    ...updatedAt,
    body: JSON.stringify({ resourceType: rtype, id, meta: {}, ...body }),
    issues,
  }
}
