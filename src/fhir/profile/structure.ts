// What a StructureDefinition says (http://hl7.org/fhir/R4/structuredefinition.html, elementdefinition.html), read from JSON of
// strangers: what is not of the form that R4 gives it is left out or named.
import { isObject, type JsonObject } from '../types.ts'

export interface TypeChoice {
  readonly code: string
  /** Profiles of the value itself. */
  readonly profiles: readonly string[]
  /** Profiles of what a Reference points to. */
  readonly targets: readonly string[]
}
export interface Discriminator {
  readonly type: string
  readonly path: string
}
export interface Slicing {
  readonly discriminators: readonly Discriminator[]
  readonly rules: string
  readonly ordered: boolean
}
export interface ConstraintRule {
  readonly key: string
  readonly severity: string
  readonly human: string
  readonly expression: string
  readonly source: string
}
/** What one element of a profile says; absent = nothing. */
export interface ElementRules {
  readonly min?: number
  readonly max?: number
  readonly types?: readonly TypeChoice[]
  readonly fixed?: unknown
  readonly pattern?: unknown
  readonly binding?: { readonly strength: string; readonly valueSet: string }
  readonly maxLength?: number
  readonly minValue?: unknown
  readonly maxValue?: unknown
  readonly constraints?: readonly ConstraintRule[]
  readonly slicing?: Slicing
}
export interface ElementDef {
  readonly id: string
  readonly rules: ElementRules
}
export interface Structure {
  readonly url: string
  readonly version: string
  readonly name: string
  readonly title: string
  /** Patient, Extension, ... */
  readonly type: string
  readonly kind: string
  readonly derivation: string
  readonly abstract: boolean
  readonly base: string
  readonly elements: readonly ElementDef[]
  /** False when only a differential was given: the elements lie over those of the base. */
  readonly whole: boolean
}

export const textIn = (value: JsonObject, name: string): string => {
  const found = value[name]
  return typeof found === 'string' ? found : ''
}
export const listIn = (value: JsonObject, name: string): readonly JsonObject[] => {
  const found = value[name]
  return Array.isArray(found) ? found.filter(isObject) : []
}
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []

function typesOf(element: JsonObject): readonly TypeChoice[] | undefined {
  if (!Array.isArray(element.type)) return undefined
  return listIn(element, 'type').map((type) => ({
    code: textIn(type, 'code'),
    profiles: texts(type.profile),
    targets: texts(type.targetProfile),
  }))
}

/** The value of fixed[x], pattern[x] and the like. */
function valueWith(element: JsonObject, prefix: string): unknown {
  const name = Object.keys(element).find(
    (key) => key.startsWith(prefix) && /^[A-Z]/.test(key.slice(prefix.length)),
  )
  return name === undefined ? undefined : element[name]
}

function slicingOf(slicing: unknown): Slicing | undefined {
  if (!isObject(slicing)) return undefined
  const discriminators = listIn(slicing, 'discriminator').map((each) => ({
    type: textIn(each, 'type'),
    path: textIn(each, 'path'),
  }))
  return { discriminators, rules: textIn(slicing, 'rules') || 'open', ordered: slicing.ordered === true }
}

function constraintsOf(element: JsonObject): readonly ConstraintRule[] {
  return listIn(element, 'constraint').map((each) => ({
    key: textIn(each, 'key'),
    severity: textIn(each, 'severity'),
    human: textIn(each, 'human'),
    expression: textIn(each, 'expression'),
    source: textIn(each, 'source'),
  }))
}

function rulesOf(element: JsonObject): ElementRules {
  const { min, max, maxLength, binding } = element
  const types = typesOf(element)
  const fixed = valueWith(element, 'fixed')
  const pattern = valueWith(element, 'pattern')
  const minValue = valueWith(element, 'minValue')
  const maxValue = valueWith(element, 'maxValue')
  const constraints = constraintsOf(element)
  const slicing = slicingOf(element.slicing)
  return {
    ...(typeof min === 'number' && { min }),
    ...(typeof max === 'string' && { max: max === '*' ? Number.POSITIVE_INFINITY : Number(max) }),
    ...(types && { types }),
    ...(fixed !== undefined && { fixed }),
    ...(pattern !== undefined && { pattern }),
    ...(isObject(binding) && {
      binding: { strength: textIn(binding, 'strength'), valueSet: textIn(binding, 'valueSet') },
    }),
    ...(typeof maxLength === 'number' && { maxLength }),
    ...(minValue !== undefined && { minValue }),
    ...(maxValue !== undefined && { maxValue }),
    ...(constraints.length > 0 && { constraints }),
    ...(slicing && { slicing }),
  }
}

/** Throws an Error that says what is missing, and what to do. */
export function readStructure(resource: JsonObject): Structure {
  const snapshot = isObject(resource.snapshot) ? listIn(resource.snapshot, 'element') : []
  const differential = isObject(resource.differential) ? listIn(resource.differential, 'element') : []
  const elements = snapshot.length > 0 ? snapshot : differential
  const url = textIn(resource, 'url')
  if (url === '') throw new Error('it has no url - give it its canonical URL')
  for (const element of elements)
    if (textIn(element, 'id') === '')
      throw new Error(`its element ${textIn(element, 'path')} has no id - publish it with ids of elements`)
  return {
    url,
    version: textIn(resource, 'version'),
    name: textIn(resource, 'name') || url,
    title: textIn(resource, 'title') || textIn(resource, 'name') || url,
    type: textIn(resource, 'type'),
    kind: textIn(resource, 'kind'),
    derivation: textIn(resource, 'derivation'),
    abstract: resource.abstract === true,
    base: textIn(resource, 'baseDefinition'),
    elements: elements.map((element) => ({ id: textIn(element, 'id'), rules: rulesOf(element) })),
    whole: snapshot.length > 0,
  }
}
