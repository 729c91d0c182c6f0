// FHIRPath Patch (FHIR R4 fhirpatch.html): add, insert, delete, replace and move, as Parameters.

import { fieldsNamed, type Place, placesAt } from '../../fhir/locate.ts'
import { isObject, type JsonObject, primitiveText } from '../../fhir/types.ts'
import { isTooLarge, type Patched, type PatchFault, patchLimits, unfit } from './json-patch.ts'

interface Operation {
  readonly type: string
  readonly path: string
  readonly name: string | undefined
  readonly value: unknown
  readonly index: number | undefined
  readonly source: number | undefined
  readonly destination: number | undefined
}

export type ParsedFhirPatch = { readonly changes: readonly Operation[] } | PatchFault

const types: ReadonlySet<string> = new Set(['add', 'insert', 'delete', 'replace', 'move'])

const bad = (diagnostics: string): PatchFault => ({
  status: 400,
  issues: [{ severity: 'error', code: 'structure', diagnostics }],
})

/** Reads `Parameters` with one parameter `operation` for each change. */
export function parseFhirPatch(document: unknown): ParsedFhirPatch {
  if (!isObject(document) || document.resourceType !== 'Parameters' || !Array.isArray(document.parameter))
    return bad('a FHIRPath Patch is a Parameters resource with parameters named operation')
  const list: readonly unknown[] = document.parameter
  if (list.length > patchLimits.maxOperations) return bad(`at most ${patchLimits.maxOperations} operations`)
  const changes: Operation[] = []
  for (const [i, each] of list.entries()) {
    const operation = readOperation(each)
    if (typeof operation === 'string') return bad(`operation ${i + 1}: ${operation}`)
    changes.push(operation)
  }
  return { changes }
}

function readOperation(each: unknown): Operation | string {
  if (!isObject(each) || each.name !== 'operation' || !Array.isArray(each.part))
    return 'is no operation with parts'
  const parts: readonly unknown[] = each.part
  const part = (name: string): JsonObject | undefined =>
    parts.filter(isObject).find((candidate) => candidate.name === name)
  const text = (name: string): string | undefined => {
    const value = part(name) && givenIn(part(name) ?? {})
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: string): number | undefined => {
    const value = part(name)?.valueInteger
    return typeof value === 'number' && value >= 0 && value <= patchLimits.maxArrayIndex ? value : undefined
  }
  const [type, path, name] = [text('type'), text('path'), text('name')]
  if (type === undefined || !types.has(type)) return 'type is one of add, insert, delete, replace, move'
  if (path === undefined) return 'path is missing'
  const given = part('value')
  const value = given && givenIn(given)
  if (type !== 'delete' && type !== 'move' && value === undefined) return 'value is missing'
  if (type === 'add' && (name === undefined || !/^[A-Za-z]\w{0,63}$/.test(name))) return 'name is missing'
  const [index, source, destination] = [number('index'), number('source'), number('destination')]
  if (type === 'insert' && index === undefined) return 'index is missing'
  if (type === 'move' && (source === undefined || destination === undefined))
    return 'source and destination are missing'
  return { type, path, name, value, index, source, destination }
}

/** value[x], or an element given by its parts, as backbone elements are. */
function givenIn(part: JsonObject): unknown {
  for (const [name, value] of Object.entries(part)) {
    if (/^value[A-Z]/.test(name)) return value
    if (name === 'resource') return value
  }
  if (!Array.isArray(part.part)) return undefined
  const built: JsonObject = Object.create(null)
  for (const each of part.part.filter(isObject)) {
    const name = primitiveText(each.name)
    const value = givenIn(each)
    if (value === undefined || !/^[A-Za-z]\w{0,63}$/.test(name)) return undefined
    const known = built[name]
    built[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value]
  }
  return { ...built }
}

/** The resource after all operations, or why not; the one given is not changed. */
export function applyFhirPatch(resource: JsonObject, changes: readonly Operation[]): Patched {
  // Numbers kept as text are frozen objects: a copy of them is the same text.
  const next = copied(resource) as JsonObject
  for (const [i, operation] of changes.entries()) {
    const fault = step(next, operation)
    if (fault !== undefined) return unfit('value', `operation ${i + 1}: ${fault}`)
    if (isTooLarge(next)) return unfit('too-costly', `operation ${i + 1}: the resource becomes too large`)
  }
  return { next }
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copied(each)]))
}

/** Applies one operation in place; answers what keeps it from that. */
function step(resource: JsonObject, operation: Operation): string | undefined {
  const places = placesAt(resource, operation.path)
  if (!places) return 'path is not understood - use elements, [n], where(a = value), first() and last()'
  switch (operation.type) {
    case 'add':
      return add(places, operation)
    case 'delete':
      if (places.length > 1) return 'path leads to more than one element - name one'
      // Nothing to delete is no error.
      for (const place of places) remove(resource, place)
      return undefined
    case 'replace': {
      const [place, ...others] = places
      if (!place || others.length > 0) return 'path must lead to exactly one element'
      if (!place.field) return 'the whole resource is replaced by PUT, not by PATCH'
      Reflect.set(place.holder, place.key, fitting(place, operation.value))
      return undefined
    }
    default:
      return arrange(places, operation)
  }
}

const fitting = ({ value }: Place, next: unknown): unknown =>
  Array.isArray(value) && !Array.isArray(next) ? [next] : next

function add(places: readonly Place[], { name = '', value }: Operation): string | undefined {
  const [place, ...others] = places
  if (!place || others.length > 0 || !isObject(place.value)) return 'path must lead to exactly one element'
  const fields = fieldsNamed(place.type, name)
  const field = fields.length > 1 ? fields.find((each) => isOfType(value, each.type)) : fields[0]
  if (!field) return 'name is no element of what path leads to'
  const known = place.value[field.json]
  const given: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (field.repeats) place.value[field.json] = [...(Array.isArray(known) ? known : []), ...given]
  else if (known !== undefined) return 'the element is there already - use replace'
  else place.value[field.json] = value
  return undefined
}

/** Which type of a choice a plain value is of; objects of several types are told apart by validation. */
function isOfType(value: unknown, type: string): boolean {
  if (typeof value === 'boolean') return type === 'boolean'
  if (typeof value === 'string') return /^\d{4}/.test(value) ? /^date|instant/.test(type) : type === 'string'
  if (!isObject(value)) return type === 'integer' || type === 'decimal'
  if ('coding' in value) return type === 'CodeableConcept'
  if ('reference' in value) return type === 'Reference'
  if ('start' in value || 'end' in value) return type === 'Period'
  return 'value' in value && type === 'Quantity'
}

/** Arrays that lose their last item, and objects that lose their last property, are not kept empty. */
function remove(resource: JsonObject, { holder, key, field }: Place): void {
  if (!field) return
  if (Array.isArray(holder)) {
    holder.splice(Number(key), 1)
    if (holder.length === 0) prune(resource)
  } else {
    delete holder[String(key)]
    if (Object.keys(holder).length === 0) prune(resource)
  }
}

function prune(value: unknown): void {
  if (!isObject(value) && !Array.isArray(value)) return
  for (const [name, each] of Object.entries(value)) {
    prune(each)
    const isEmpty = Array.isArray(each) ? each.length === 0 : isObject(each) && Object.keys(each).length === 0
    if (!isEmpty) continue
    if (Array.isArray(value)) value.splice(Number(name), 1)
    else delete value[name]
  }
}

/** insert and move: path leads to the items of one list. */
function arrange(places: readonly Place[], operation: Operation): string | undefined {
  const list = places[0]?.holder
  if (!Array.isArray(list) || places.some(({ holder }) => holder !== list))
    return 'path must lead to one list'
  const { index = 0, source = 0, destination = 0, value, type } = operation
  if (type === 'insert') {
    if (index > list.length) return 'index is beyond the end of the list'
    list.splice(index, 0, value)
    return undefined
  }
  if (source >= list.length || destination >= list.length) return 'source or destination is beyond the list'
  list.splice(destination, 0, ...list.splice(source, 1))
  return undefined
}
