// Values with their FHIR types, and the way from one to its children (http://hl7.org/fhir/R4/fhirpath.html).
import { ELEMENTS } from '../definitions.ts'
import { type Field, fieldOf, fieldsOf } from '../elements.ts'
import { parseReference } from '../reference.ts'
import { isObject, type JsonObject } from '../types.ts'

/** A value on the way; `shadow` has id and extensions of a primitive (`_name` in JSON). */
export interface Node {
  readonly value: unknown
  /** FHIR type, path of a backbone element, or System.String and the like. */
  readonly type: string
  readonly shadow?: unknown
}

export const isTrue = (node: Node | undefined): boolean => node?.value === true

export const bool = (value: boolean): Node[] => [{ value, type: 'System.Boolean' }]
export const integer = (value: number): Node[] => [{ value, type: 'System.Integer' }]
export const decimal = (value: number): Node[] => [{ value, type: 'System.Decimal' }]
export const string = (value: string): Node[] => [{ value, type: 'System.String' }]

/** Of a resource: by its own name, unless this gateway does not know its type. */
const typeOfResource = (value: JsonObject): string => String(value.resourceType ?? 'Resource')

export const resourceNode = (value: JsonObject): Node => ({ value, type: typeOfResource(value) })

type Property = Pick<Field, 'json' | 'type' | 'beside'>

/** Adds the values of one JSON property. */
export function addField(owner: JsonObject, { json, type, beside }: Property, out: Node[]): void {
  const own = owner[json]
  const shadow = beside === undefined ? undefined : owner[beside]
  if (own === undefined && shadow === undefined) return
  if (!Array.isArray(own) && !Array.isArray(shadow)) {
    out.push(nodeOf(own ?? undefined, type, shadow))
    return
  }
  const values: readonly unknown[] = Array.isArray(own) ? own : [own]
  const shadows: readonly unknown[] = Array.isArray(shadow) ? shadow : [shadow]
  const count = Math.max(Array.isArray(own) ? own.length : 0, Array.isArray(shadow) ? shadow.length : 0)
  for (let at = 0; at < count; at += 1)
    out.push(nodeOf(values[at] ?? undefined, type, shadows[at] ?? undefined))
}

const nodeOf = (value: unknown, type: string, shadow: unknown): Node =>
  type === 'Resource' && isObject(value)
    ? { value, type: typeOfResource(value), shadow }
    : { value, type, shadow }

const EXTENSION: Property = { json: 'extension', type: 'Extension', beside: undefined }
const ID: Property = { json: 'id', type: 'System.String', beside: undefined }

/** Children of a name, as FHIRPath writes it: a choice without its type. */
export function childrenOf(node: Node, name: string, out: Node[] = []): Node[] {
  const { value, type, shadow } = node
  if (!isObject(value)) {
    if (isObject(shadow) && name === 'extension') addField(shadow, EXTENSION, out)
    else if (isObject(shadow) && name === 'id') addField(shadow, ID, out)
    return out
  }
  if (!ELEMENTS[type]) {
    addField(value, guessed(value, name), out)
    return out
  }
  for (const field of fieldsNamed(type, name)) addField(value, field, out)
  return out
}

const fieldsByName = new Map<string, Map<string, readonly Field[]>>()

/** By FHIRPath name, or by the name that a choice has in JSON; remembered for the types of the definitions. */
export function fieldsNamed(type: string, name: string): readonly Field[] {
  const known = fieldsByName.get(type)?.get(name)
  if (known) return known
  const fields = fieldsOf(type, name)
  const choice = fields.length === 0 ? fieldOf(type, name) : undefined
  const found = choice ? [choice] : fields
  if (found.length === 0) return found
  const ofType = fieldsByName.get(type) ?? new Map<string, readonly Field[]>()
  fieldsByName.set(type, ofType.set(name, found))
  return found
}

/** In types that are not among ours. */
function guessed(owner: JsonObject, json: string): Property {
  const value = owner[json]
  const one: unknown = Array.isArray(value) ? value[0] : value
  const isNumber = typeof one === 'number' || JSON.isRawJSON(one)
  const type = typeof one === 'boolean' ? 'boolean' : isNumber ? 'decimal' : 'string'
  return { json, type, beside: `_${json}` }
}

/** All children, in the order of JSON. */
export function everyChild(node: Node): Node[] {
  const { value, type, shadow } = node
  const out: Node[] = []
  if (!isObject(value)) return childrenOf({ value: undefined, type, shadow }, 'extension', out)
  const seen = new Set<string>()
  for (const key of Object.keys(value)) {
    const json = key.startsWith('_') ? key.slice(1) : key
    if (json === 'resourceType' || seen.has(json)) continue
    seen.add(json)
    const field = ELEMENTS[type] ? fieldOf(type, json) : guessed(value, json)
    if (field) addField(value, field, out)
  }
  return out
}

const PARENTS: Readonly<Record<string, string>> = {
  code: 'string',
  id: 'string',
  markdown: 'string',
  url: 'uri',
  canonical: 'uri',
  uuid: 'uri',
  oid: 'uri',
  positiveInt: 'integer',
  unsignedInt: 'integer',
  Age: 'Quantity',
  Count: 'Quantity',
  Duration: 'Quantity',
  Distance: 'Quantity',
}
const SYSTEM: Readonly<Record<string, string>> = {
  boolean: 'Boolean',
  string: 'String',
  integer: 'Integer',
  decimal: 'Decimal',
  date: 'Date',
  dateTime: 'DateTime',
  instant: 'DateTime',
  time: 'Time',
}
const NOT_DOMAIN = new Set(['Bundle', 'Binary', 'Parameters'])

/** True when a value of `type` is one of `wanted`, or of a type made from it. */
export function isType(type: string, wanted: string): boolean {
  for (let at: string | undefined = type; at !== undefined; at = PARENTS[at]) {
    if (at === wanted || at === `System.${wanted}`) return true
    const system = SYSTEM[at]
    if (system !== undefined && (wanted === system || wanted === `System.${system}`)) return true
  }
  const isResource = ELEMENTS[type]?.kind === 'resource'
  if (wanted === 'Resource') return isResource
  if (wanted === 'DomainResource') return isResource && !NOT_DOMAIN.has(type)
  return wanted === 'BackboneElement' ? ELEMENTS[type]?.kind === 'backbone' : false
}

/** Root resources of an expression: the nearest one, and the one that contains it. */
export interface Roots {
  readonly resource: JsonObject
  readonly root: JsonObject
}

/** What a reference points to: a contained resource, else a node that has nothing but its type. */
export function resolveNode({ value, type }: Node, { resource, root }: Roots): Node | undefined {
  const reference = isObject(value) && type === 'Reference' ? value.reference : value
  if (typeof reference !== 'string') return undefined
  if (reference.startsWith('#')) {
    if (reference === '#') return resourceNode(root)
    for (const owner of [resource, root]) {
      const contained: unknown[] = Array.isArray(owner.contained) ? owner.contained : []
      const found = contained.find((each) => isObject(each) && `#${each.id}` === reference)
      if (isObject(found)) return resourceNode(found)
    }
    return undefined
  }
  const target = parseReference(reference)?.type
  return target === undefined ? undefined : { value: {}, type: target }
}
