// The three forms of a patch (FHIR R4 http.html#patch) as one change of a resource, checked before it is kept.
import { blocks, type Issue } from '../../fhir/issue.ts'
import { isObject, type JsonObject } from '../../fhir/types.ts'
import type { FhirResource, FhirWrite } from '../../pipeline/gateway.ts'
import { applyFhirPatch, parseFhirPatch } from './fhirpath-patch.ts'
import { applyPatch, type Patched, type PatchFault, parsePatch } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import { type Checking, issuesOf } from './profile-check.ts'
import { withoutServerMeta } from './resource-body.ts'

/** Media types of patches, as /metadata names them. */
export const patchFormats: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/fhir+json',
]

type Apply = (current: JsonObject) => Patched

/** The change that a parsed document asks for, by its media type; what is wrong with it otherwise. */
function readPatch(type: string, document: unknown): { readonly apply: Apply } | PatchFault {
  if (type === 'application/json-patch+json') {
    const parsed = parsePatch(document)
    return 'issues' in parsed ? parsed : { apply: (current) => applyPatch(current, parsed.operations) }
  }
  if (type === 'application/merge-patch+json') {
    if (isObject(document)) return { apply: (current) => applyMergePatch(current, document) }
    const issue: Issue = {
      severity: 'error',
      code: 'structure',
      diagnostics: 'a merge patch is a JSON object',
    }
    return { status: 400, issues: [issue] }
  }
  const parsed = parseFhirPatch(document)
  return 'issues' in parsed ? parsed : { apply: (current) => applyFhirPatch(current, parsed.changes) }
}

/** For a write: applied to the version that is current then, and valid, or nothing is kept. */
export function patchChange(
  deps: Checking,
  rtype: string,
  type: string,
  document: unknown,
): { readonly change: NonNullable<FhirWrite['change']> } | PatchFault {
  const read = readPatch(type, document)
  if ('issues' in read) return read
  const fault = (status: number, code: Issue['code'], diagnostics: string) => ({
    status,
    issues: [{ severity: 'error', code, diagnostics } as const],
  })
  return {
    change: (current) => {
      if (!current) return fault(404, 'not-found', `this ${rtype} is not known here`)
      const patched = read.apply(current)
      if ('issues' in patched) return patched
      const next = withoutServerMeta(patched.next as FhirResource)
      const issues = issuesOf(deps, next, rtype)
      if (issues.some(blocks)) return { status: 422, issues }
      if (next.id !== current.id)
        return fault(422, 'business-rule', `${rtype}.id: cannot be patched - leave it as it is`)
      // Of a patch everything counts that it leaves, also nothing.
      return { next: next.meta === undefined ? { ...next, meta: {} } : next }
    },
  }
}
