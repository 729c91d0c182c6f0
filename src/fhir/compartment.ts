// Compartments (http://hl7.org/fhir/R4/compartmentdefinition.html): what belongs to a patient, an encounter, a
// practitioner, a related person or a device, by the references that the definitions name.
import { COMPARTMENTS } from './definitions.ts'
import type { Filter } from './filter.ts'
import { searchParam } from './search-params.ts'

/** Types whose instances have a compartment. */
export const COMPARTMENT_TYPES: readonly string[] = Object.keys(COMPARTMENTS)

/** Types that can belong to a compartment. */
export function membersOf(compartment: string): readonly string[] {
  return Object.hasOwn(COMPARTMENTS, compartment) ? Object.keys(COMPARTMENTS[compartment] ?? {}) : []
}

/** The condition for resources of a type to belong to `compartment/id`; undefined when none of them can. */
export function compartmentFilter(compartment: string, id: string, type: string): Filter | undefined {
  const table = Object.hasOwn(COMPARTMENTS, compartment) ? COMPARTMENTS[compartment] : undefined
  const params = table && Object.hasOwn(table, type) ? table[type] : undefined
  if (!params) return undefined
  const targets = [`${compartment}/${id}`]
  // Whose compartment it is belongs to it, too.
  const self: Filter[] = type === compartment ? [{ kind: 'id', ids: [id] }] : []
  const references = params.flatMap((param): Filter[] => {
    return searchParam(type, param)?.type === 'reference' ? [{ kind: 'reference', param, targets }] : []
  })
  const filters = [...self, ...references]
  const [first] = filters
  if (!first) return undefined
  return filters.length === 1 ? first : { kind: 'any', filters }
}
