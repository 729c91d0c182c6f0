// fixed[x], pattern[x] and required bindings (http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_):
// what they ask of a value.
import { sameJson } from '../fhirpath/operators.ts'
import { isObject } from '../types.ts'
import type { CodeGroup } from '../value-sets.ts'

/** True when `value` has at least what the pattern has; elements of lists in any order. */
export function fits(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : []
    return pattern.every((each) => values.some((one) => fits(each, one)))
  }
  if (!isObject(pattern)) return sameJson(pattern, value)
  return isObject(value) && Object.keys(pattern).every((name) => fits(pattern[name], value[name]))
}

/** Whether the codes of a value are of a set; undefined when it has none, or the set does not say. */
export function isCodeOf(set: CodeGroup, value: unknown): boolean | undefined {
  if (typeof value === 'string') return set.hasCode(value)
  if (!isObject(value)) return undefined
  const codings: readonly unknown[] = Array.isArray(value.coding) ? value.coding : [value]
  let answer: boolean | undefined
  for (const coding of codings) {
    if (!isObject(coding) || typeof coding.code !== 'string') continue
    const system = typeof coding.system === 'string' ? coding.system : undefined
    const found = system === undefined ? set.hasCode(coding.code) : set.has(system, coding.code)
    if (found === true) return true
    answer = found === false && answer !== true ? (answer ?? false) : answer
    if (found === undefined) return undefined
  }
  return answer
}
