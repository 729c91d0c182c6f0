// $validate on a type (FHIR R4 resource-operation-validate.html): what a write would be told, without writing.
import type { Issue } from '../../fhir/issue.ts'
import { isObject } from '../../fhir/types.ts'
import { validateResource } from '../../fhir/validate.ts'
import type { Ask } from './ask.ts'
import { isFhirType } from './format.ts'
import { sendOutcome } from './reply.ts'
import { readBodyValue } from './resource-body.ts'

const valid: Issue = { severity: 'information', code: 'informational', diagnostics: 'the resource is valid' }

export async function validate(ask: Ask): Promise<Response> {
  const body = await readBodyValue(ask, isFhirType, 'application/fhir+json or application/fhir+xml')
  if (body instanceof Response) return body
  const issues = validateResource(subjectOf(body.value), { type: ask.rtype })
  return sendOutcome(ask.c, 200, issues.length > 0 ? issues : [valid])
}

/** The resource, also when it came as the parameter `resource` of Parameters. */
function subjectOf(value: unknown): unknown {
  if (!isObject(value) || value.resourceType !== 'Parameters' || !Array.isArray(value.parameter)) return value
  const parameters: readonly unknown[] = value.parameter
  const found = parameters.find((each) => isObject(each) && each.name === 'resource')
  return isObject(found) ? found.resource : undefined
}
