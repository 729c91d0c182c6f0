// What a person looks like who was registered in error (A29; semantics, section 3).
import type { Json } from '../../mappings/mapped.ts'
import type { FhirJson } from '../fhir-json.ts'
import type { Statement } from '../truth/latest.ts'

export const removedPath = '$removed'
const tag = { system: 'http://portico.example.org/CodeSystem/record-state', code: 'deleted' }

/** Shows that the person was removed, unless something was said since. */
export function showRemoval(body: FhirJson, byPath: ReadonlyMap<string, readonly Statement[]>): void {
  const [removal] = byPath.get(removedPath) ?? []
  if (removal?.v !== true) return
  for (const [path, [latest]] of byPath) if (path !== removedPath && latest && latest.t > removal.t) return
  body.active = false
  if (Array.isArray(body.identifier))
    body.identifier = (body.identifier as readonly FhirJson[]).map((each): Json => ({ ...each, use: 'old' }))
  body.meta = { ...(body.meta as FhirJson | undefined), tag: [tag] }
}
