// How a client's write ends that cannot be carried out: an answer, and nothing is kept.
import type { Issue, IssueCode } from '../../fhir/issue.ts'
import { ItemRefused } from '../batch/item.ts'

/** Ends a write with an answer; nothing is kept. */
export class WriteRefused extends ItemRefused {
  readonly status: number
  readonly issues: readonly Issue[]
  constructor(status: number, issues: readonly Issue[]) {
    super(issues[0]?.diagnostics ?? String(status))
    this.status = status
    this.issues = issues
  }
}

export const refused = (status: number, code: IssueCode, diagnostics: string): WriteRefused =>
  new WriteRefused(status, [{ severity: 'error', code, diagnostics }])
