// Which CapabilityStatements of others a server keeps to
// (http://hl7.org/fhir/R4/capabilitystatement-definitions.html#CapabilityStatement.instantiates, with the extension
// capabilitystatement-expectation that says how much of them is asked).
import { isObject, type JsonObject } from './types.ts'

const expectation = 'http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation'

const objectsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []

const isAsked = (element: unknown): boolean =>
  isObject(element) &&
  objectsIn(element.extension).some(({ url, valueCode }) => url === expectation && valueCode === 'SHALL')

/** The texts of a list that are asked, as the extensions of its shadow say. */
function askedTexts(resource: JsonObject, name: string): readonly string[] {
  const texts = resource[name]
  const shadows = resource[`_${name}`]
  if (!Array.isArray(texts) || !Array.isArray(shadows)) return []
  return texts.filter((text, i): text is string => typeof text === 'string' && isAsked(shadows[i]))
}

const lists: Readonly<Record<string, readonly string[]>> = {
  interaction: ['code'],
  searchParam: ['name', 'type'],
  operation: ['definition'],
}
const inclusions = ['searchInclude', 'searchRevInclude']

/** Inclusions are asked for with the type that they shall lead to, which ours leave open. */
const isAmong = (own: readonly unknown[], text: string): boolean =>
  own.includes(text) || own.includes(text.split(':').slice(0, 2).join(':'))

/** Whether a profile, by its canonical URL with or without a version, is one that resources are checked against. */
type IsSupported = (canonical: string) => boolean

function isMet(own: JsonObject, asked: JsonObject, isSupported: IsSupported): boolean {
  return (
    askedTexts(asked, 'supportedProfile').every(isSupported) &&
    Object.entries(lists).every(([list, keys]) =>
      objectsIn(asked[list])
        .filter(isAsked)
        .every((each) => objectsIn(own[list]).some((mine) => keys.every((key) => mine[key] === each[key]))),
    ) &&
    inclusions.every((name) => {
      const mine: readonly unknown[] = Array.isArray(own[name]) ? own[name] : []
      return askedTexts(asked, name).every((text) => isAmong(mine, text))
    })
  )
}

const serverOf = (statement: JsonObject): JsonObject =>
  objectsIn(statement.rest).find(({ mode }) => mode === 'server') ?? {}

/**
 * URLs of those that ask, of the types which both name, nothing with SHALL that `own` has not. A type that is not served is left out
 * of what is claimed, as instantiates allows; with no type in common nothing is.
 */
export function instantiatedBy(
  own: JsonObject,
  requirements: readonly JsonObject[],
  isSupported: IsSupported,
): readonly string[] {
  const mine = new Map(objectsIn(serverOf(own).resource).map((each) => [each.type, each]))
  return requirements.flatMap(({ url, kind, fhirVersion, ...statement }) => {
    if (typeof url !== 'string' || kind !== 'requirements' || fhirVersion !== own.fhirVersion) return []
    const asked = serverOf(statement)
    const common = objectsIn(asked.resource).flatMap((each) => {
      const same = mine.get(each.type)
      return same && isAsked(each) ? [{ asked: each, own: same }] : []
    })
    const pairs = [...common, { asked: { interaction: asked.interaction }, own: serverOf(own) }]
    return common.length > 0 && pairs.every((each) => isMet(each.own, each.asked, isSupported)) ? [url] : []
  })
}
