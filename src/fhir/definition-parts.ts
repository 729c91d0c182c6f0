// The parts of a definition that are asked for (FHIR R4 search.html#summary, search.html#elements).
import { listOf } from './definition-values.ts'
import type { JsonObject, Resource } from './types.ts'

/** Elements that `_summary` leaves out: what is long. */
const LONG: ReadonlySet<string> = new Set(
  'text contained description purpose copyright snapshot differential mapping concept compose expansion group parameter overload component'.split(
    ' ',
  ),
)

/** Elements that are never left out, for a definition would not be one. */
const MANDATORY: ReadonlySet<string> = new Set(
  'resourceType id meta url name status kind abstract type code base content system instance description'.split(
    ' ',
  ),
)

export interface DefinitionParts {
  readonly summary: 'true' | 'text' | 'data' | undefined
  readonly elements: readonly string[] | undefined
}

const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }

/** The parts that were asked for, marked as such. */
export function partsOfDefinition(resource: Resource, { summary, elements }: DefinitionParts): Resource {
  if (!summary && !elements) return resource
  const isIn = (name: string): boolean => {
    if (elements) return elements.includes(name) || (MANDATORY.has(name) && name !== 'description')
    if (summary === 'text') return name === 'text' || MANDATORY.has(name)
    return summary === 'data' ? name !== 'text' : !LONG.has(name)
  }
  const { resourceType, id, meta = {}, ...others } = resource
  const kept: JsonObject = Object.fromEntries(Object.entries(others).filter(([name]) => isIn(name)))
  // In the order of FHIR, which XML keeps.
  return {
    resourceType,
    ...(id !== undefined && { id }),
    meta: { ...meta, tag: [...listOf(meta.tag), subsetted] },
    ...kept,
  }
}
