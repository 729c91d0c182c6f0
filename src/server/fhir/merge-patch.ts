// JSON merge patch (RFC 7396) on one resource: null takes away, objects are merged, everything else replaces.
import { isObject, type JsonObject } from '../../fhir/types.ts'
import { isTooLarge, type Patched, unfit } from './json-patch.ts'

export function applyMergePatch(resource: JsonObject, patch: JsonObject): Patched {
  const next = merged(resource, patch)
  if (!isObject(next)) return unfit('structure', 'no resource is left')
  return isTooLarge(next) ? unfit('too-costly', 'the resource becomes too large') : { next }
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const next: JsonObject = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete next[name]
    else next[name] = merged(next[name], value)
  }
  return next
}
