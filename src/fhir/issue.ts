// One OperationOutcome.issue (FHIR R4 http://hl7.org/fhir/R4/operationoutcome.html): expected trouble as a
// value.

export type Severity = 'fatal' | 'error' | 'warning' | 'information'

/** The codes of http://hl7.org/fhir/R4/valueset-issue-type.html that this gateway uses. */
export type IssueCode =
  | 'invalid'
  | 'structure'
  | 'required'
  | 'value'
  | 'invariant'
  | 'security'
  | 'login'
  | 'forbidden'
  | 'processing'
  | 'not-supported'
  | 'duplicate'
  | 'multiple-matches'
  | 'not-found'
  | 'deleted'
  | 'too-long'
  | 'code-invalid'
  | 'business-rule'
  | 'conflict'
  | 'lock-error'
  | 'too-costly'
  | 'transient'
  | 'throttled'
  | 'timeout'
  | 'no-store'
  | 'exception'
  | 'incomplete'
  | 'informational'

export interface Issue {
  readonly severity: Severity
  readonly code: IssueCode
  /** What is wrong, where, and what to do next. Never a value of a patient. */
  readonly diagnostics: string
  /** FHIRPath of the places, such as `Patient.name[0].family`. */
  readonly expression?: readonly string[]
}

/** True when an issue forbids what was asked for. */
export function blocks(issue: Issue): boolean {
  return issue.severity === 'fatal' || issue.severity === 'error'
}
