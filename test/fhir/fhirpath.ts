// fhirpath.js as an oracle for what we write by hand: invariants and search expressions.
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'

const { score, ...rest } = r4
const model = score === undefined ? rest : { ...rest, score }

/**
 * Values of an expression over a resource or, with a base path, over an element; none where it cannot
 * compare.
 */
export function evaluate(
  element: object,
  path: string | { base: string; expression: string },
  context: Record<string, unknown> = {},
): unknown[] {
  try {
    const result: unknown = fhirpath.evaluate(element, path, context, model)
    return Array.isArray(result) ? result : []
  } catch (error) {
    // Quantities of different units: an empty result in the specification, an exception in fhirpath.js.
    if (String(error).includes('InequalityExpression')) return []
    throw error
  }
}
