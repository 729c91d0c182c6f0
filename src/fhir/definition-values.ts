// Values of a definition at a path of element names, as its search compares them (http://hl7.org/fhir/R4/search.html#token).
import { isObject, type JsonObject } from './types.ts'

export interface DefinitionText {
  readonly system: string | undefined
  readonly text: string
}

export const listOf = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []

/** Concepts may stand below others. */
const nested = ['concept', 'contains'] as const

function valuesIn(value: unknown, names: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((each) => valuesIn(each, names))
  const [name, ...rest] = names
  if (name === undefined) return value === undefined || value === null ? [] : [value]
  if (!isObject(value)) return []
  const own = valuesIn(value[name], rest)
  // Of what repeats itself inside, all levels.
  const inner = nested.find((each) => each === name)
  return inner ? [...own, ...listOf(value[inner]).flatMap((each) => valuesIn(each, names))] : own
}

export const isPresent = (resource: JsonObject, paths: readonly string[]): boolean =>
  paths.some((path) => valuesIn(resource, path.split('.')).length > 0)

/** Codes, with their systems where they have one; texts of all else. */
export function textsIn(resource: JsonObject, path: string): readonly DefinitionText[] {
  return valuesIn(resource, path.split('.')).flatMap((value): readonly DefinitionText[] => {
    if (!isObject(value)) return [{ system: undefined, text: String(value) }]
    const text = value.code ?? value.value
    const system = typeof value.system === 'string' ? value.system : undefined
    return text === undefined ? [] : [{ system, text: String(text) }]
  })
}
