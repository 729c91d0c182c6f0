// Questions to the table of elements: which children a type has, of what type, how often
// (FHIR R4 http://hl7.org/fhir/R4/json.html: a choice `value[x]` is written `valueString`).
import { ELEMENTS, type ElementRow } from './definitions.ts'
import { isPrimitiveType } from './primitives.ts'

/** One JSON property of a type. */
export interface Field {
  /** Name in FHIRPath: without the type of a choice. */
  readonly name: string
  /** Name in JSON; with its type when the element is a choice. */
  readonly json: string
  /** Of a primitive: where its id and extensions stand, `_birthDate`. */
  readonly beside: string | undefined
  /** FHIR type, or path of a backbone element: `string`, `HumanName`, `Patient.contact`. */
  readonly type: string
  /** True when it is an array in JSON. */
  readonly repeats: boolean
  readonly row: ElementRow
}

function toField(owner: string, name: string, json: string, type: string, row: ElementRow): Field {
  const isBackbone = type === 'BackboneElement' || type === 'Element'
  const own = row.content ?? (isBackbone ? `${owner}.${name}` : type)
  const beside = isPrimitiveType(own) ? `_${json}` : undefined
  return { name, json, beside, type: own, repeats: row.max !== undefined && row.max !== '1', row }
}

/**
 * The JSON properties of one element, by its FHIRPath name: several for a choice, none when there is no such.
 */
export function fieldsOf(type: string, name: string): readonly Field[] {
  const elements = ELEMENTS[type]?.elements
  if (!elements) return []
  const row = Object.hasOwn(elements, name) ? elements[name] : undefined
  if (row) return [toField(type, name, name, row.type?.[0] ?? '', row)]
  const choice = Object.hasOwn(elements, `${name}[x]`) ? elements[`${name}[x]`] : undefined
  return (choice?.type ?? []).map((each) =>
    toField(type, name, name + each.charAt(0).toUpperCase() + each.slice(1), each, choice ?? {}),
  )
}

/** The field of a JSON property name, also of a choice: `Patient`, `deceasedBoolean`. */
export function fieldOf(type: string, json: string): Field | undefined {
  const [own] = fieldsOf(type, json)
  if (own?.json === json) return own
  for (const name of Object.keys(ELEMENTS[type]?.elements ?? {})) {
    if (!name.endsWith('[x]') || !json.startsWith(name.slice(0, -3))) continue
    const found = fieldsOf(type, name.slice(0, -3)).find((field) => field.json === json)
    if (found) return found
  }
  return undefined
}

/** The field at a path of JSON names, such as `Patient.name.family`; undefined when there is none. */
export function fieldAt(path: string): Field | undefined {
  const [root, ...names] = path.split('.')
  let type = root ?? ''
  let field: Field | undefined
  for (const name of names) {
    field = fieldOf(type, name)
    if (!field) return undefined
    type = field.type
  }
  return field
}
