// Validation of FHIR R4 resources: structure, cardinality, types, required codes, choices, reference targets
// and invariants (http://hl7.org/fhir/R4/validation.html), by functions generated from the definitions.
import type { Check, Finding } from './checks.ts'
import type { Issue } from './issue.ts'
import { isObject } from './types.ts'
import { validators } from './validators.generated.js'

export interface ValidateOptions {
  /** Issues reported at most. */
  readonly maxIssues?: number
  /** Levels of nested objects at most. */
  readonly maxDepth?: number
  /** The type that the resource must have, such as the one in the URL. */
  readonly type?: string
}

const MAX_ISSUES = 100
const MAX_DEPTH = 64

/** What is wrong with a resource; empty when it is valid. Never throws, whatever it is given. */
export function validateResource(resource: unknown, options: ValidateOptions = {}): Issue[] {
  if (!isObject(resource)) return [toIssue('', { path: '', code: 'structure', text: ROOT })]
  const type = resource.resourceType
  if (typeof type !== 'string') {
    return [toIssue('', { path: 'resourceType', code: 'required', text: 'is required - add it' })]
  }
  const validator = Object.hasOwn(validators, type) ? validators[type] : undefined
  if (!validator || (options.type !== undefined && options.type !== type)) {
    const wanted = options.type ?? 'one that this server knows (see /fhir/metadata)'
    return [
      toIssue('', { path: 'resourceType', code: 'not-supported', text: `must be ${wanted} - correct it` }),
    ]
  }
  const check: Check = {
    findings: [],
    maxFindings: options.maxIssues ?? MAX_ISSUES,
    maxDepth: options.maxDepth ?? MAX_DEPTH,
    depth: 0,
    root: resource,
    validators,
  }
  validator(resource, check)
  return check.findings.map((finding) => toIssue(type, finding))
}
const ROOT = 'must be a JSON object with a resourceType - send one FHIR resource'

function toIssue(type: string, { path, code, text }: Finding): Issue {
  const expression = [type, path].filter((part) => part !== '').join('.') || 'Resource'
  return { severity: 'error', code, diagnostics: `${expression}: ${text}`, expression: [expression] }
}
