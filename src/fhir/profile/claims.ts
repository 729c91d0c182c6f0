// Profiles that a resource claims to keep to (http://hl7.org/fhir/R4/resource-definitions.html#Meta.profile), and what is contained in it.
import { isObject, type JsonObject } from '../types.ts'

/** Canonical URLs in meta.profile. */
export function claimedBy({ meta }: JsonObject): readonly string[] {
  const list: readonly unknown[] = isObject(meta) && Array.isArray(meta.profile) ? meta.profile : []
  return list.filter((each) => typeof each === 'string')
}

/** In their order; what is no resource has been refused before. */
export const containedIn = ({ contained }: JsonObject): readonly JsonObject[] =>
  Array.isArray(contained) ? contained.filter(isObject) : []
