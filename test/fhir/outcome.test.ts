// OperationOutcomes and their HTTP status.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VALUE_SETS } from '../../src/fhir/definitions.ts'
import type { Issue, IssueCode } from '../../src/fhir/issue.ts'
import { operationOutcome, REFUSALS, refusal, STATUS_OF_CODE, statusOf } from '../../src/fhir/outcome.ts'
import { validateResource } from '../../src/fhir/validate.ts'

const issue = (code: IssueCode, severity: Issue['severity'] = 'error'): Issue => ({
  severity,
  code,
  diagnostics: 'x - y',
})

test('all codes are of the FHIR value set', () => {
  const codes = new Set(
    VALUE_SETS['http://hl7.org/fhir/ValueSet/issue-type']?.flatMap((group) => group.codes),
  )
  for (const code of Object.keys(STATUS_OF_CODE)) assert.ok(codes.has(code), code)
  for (const { code } of Object.values(REFUSALS)) assert.ok(codes.has(code), code)
})

test('the status is that of the gravest issue', () => {
  const table: readonly (readonly [Issue[], number])[] = [
    [[], 200],
    [[issue('value', 'warning'), issue('informational', 'information')], 200],
    [[issue('structure')], 400],
    [[issue('invariant'), issue('structure')], 400],
    [[issue('value'), issue('not-supported', 'warning')], 422],
    [[issue('structure'), issue('exception', 'fatal')], 500],
    [[issue('conflict')], 409],
    [[issue('timeout')], 503],
  ]
  for (const [issues, status] of table) assert.equal(statusOf(issues), status, JSON.stringify(issues))
})

test('an outcome is a valid resource, also without issues', () => {
  for (const issues of [[], [issue('value')], [{ ...issue('value'), expression: ['Patient.name[0]'] }]]) {
    assert.deepEqual(validateResource(operationOutcome(issues)), [])
  }
})

test('a stale version is 412 and a conflict of content 409, both of code conflict', () => {
  assert.deepEqual([refusal('stale', 'x').status, refusal('stale', 'x').issues[0]?.code], [412, 'conflict'])
  assert.deepEqual(
    [refusal('conflict', 'x').status, refusal('conflict', 'x').issues[0]?.code],
    [409, 'conflict'],
  )
  assert.equal(refusal('version-required', 'x').status, 428)
  assert.deepEqual(refusal('gone', 'x', ['Patient']).issues[0]?.expression, ['Patient'])
})
