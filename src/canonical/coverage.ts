// One policy of one person: what the sources say of it, and whether it still stands (semantics, section 11).
import type { Contribution } from './contribution.ts'
import type { FhirJson } from './fhir-json.ts'
import { stableId } from './identifier.ts'
import { latestValue, statementsByPath, writeLatest } from './latest.ts'

/** Key of a policy: patient, payer, plan, member or policy number. Its order is not part of it. */
export function coverageId(patient: string, payer: string, plan: string, member: string): string {
  return stableId('Coverage', patient, payer, plan, member)
}

/** The Coverage that the contributions add up to: cancelled once the latest word about its standing is an end. */
export function foldCoverage(contributions: readonly Contribution[]): FhirJson | undefined {
  const state = contributions.filter((each) => each.data === undefined)
  if (state.length === 0) return undefined
  const byPath = statementsByPath(state)
  const standing = byPath.get('$standing')?.[0]
  const body: FhirJson = { resourceType: 'Coverage', status: 'active' }
  writeLatest(body, byPath)
  const ended = standing?.v
  if (typeof ended === 'string' && ended !== 'active') {
    body.status = 'cancelled'
    body.period = { ...(body.period as FhirJson | undefined), end: ended }
  }
  if (byPath.has('status')) {
    const said = latestValue(byPath.get('status') ?? [])
    const saidAt = byPath.get('status')?.[0]?.t ?? 0
    if (said !== undefined && saidAt >= (standing?.t ?? 0)) body.status = said
  }
  return body
}
