// FHIR XML on its way out (http://hl7.org/fhir/R4/xml.html): a resource with its elements in the order of the definitions.
import { ELEMENTS } from './definitions.ts'
import { type Field, fieldsOf } from './elements.ts'
import { readJson } from './json.ts'
import { isObject, type JsonObject } from './types.ts'
import { attribute, FHIR_NAMESPACE, holdsResource, isPrimitive } from './xml-text.ts'

/** The XML of a resource's JSON text. Our own text: it has been checked when it came in. */
export function xmlText(json: string, pretty: boolean): string {
  const read = readJson(json, { maxBytes: Number.POSITIVE_INFINITY, maxDepth: 1_000 })
  if (!('value' in read) || !isObject(read.value)) throw new Error('an answer that is no resource')
  const writer = new Writer(pretty)
  writer.resource(read.value, 0, ` xmlns="${FHIR_NAMESPACE}"`)
  return `<?xml version="1.0" encoding="UTF-8"?>${pretty ? '' : '\n'}${writer.text}`
}

/** Definitions come as they are published, some with names of characters that HTML has and XML has not. */
const narrative = (div: string): string =>
  div.replace(/&nbsp;/g, '&#160;').replace(/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)/g, '&amp;')

const orders = new Map<string, readonly Field[]>()

/** Fields of a type in the order of its definition, the types of a choice one after the other. */
function fieldsInOrder(type: string): readonly Field[] {
  const known = orders.get(type)
  if (known) return known
  const names = Object.keys(ELEMENTS[type]?.elements ?? {})
  const fields = names.flatMap((name) => fieldsOf(type, name.replace('[x]', '')))
  orders.set(type, fields)
  return fields
}

class Writer {
  readonly #parts: string[] = []
  readonly #pretty: boolean
  constructor(pretty: boolean) {
    this.#pretty = pretty
  }

  get text(): string {
    return this.#parts.join('')
  }

  #line(depth: number): void {
    if (this.#pretty) this.#parts.push('\n', '  '.repeat(depth))
  }

  resource(value: JsonObject, depth: number, namespace = ''): void {
    const type = String(value.resourceType)
    this.#line(depth)
    this.#parts.push(`<${type}${namespace}>`)
    if (ELEMENTS[type]) this.#children(value, type, depth + 1)
    else this.#undefined(value, true, depth + 1)
    this.#line(depth)
    this.#parts.push(`</${type}>`)
  }

  #children(value: JsonObject, type: string, depth: number): void {
    if (type === undefinedType) this.#undefined(value, false, depth)
    for (const field of fieldsInOrder(type)) {
      const own = value[field.json]
      const beside = value[`_${field.json}`]
      if (own === undefined && beside === undefined) continue
      if (isAttribute(type, field)) continue
      this.#elements(field.json, () => field.type, own, beside, depth)
    }
  }

  /** What no definition here tells of: a contained resource of another type, a definition of a package. In the order of the JSON. */
  #undefined(value: JsonObject, isResource: boolean, depth: number): void {
    for (const name of new Set(Object.keys(value).map((key) => key.replace(/^_/, '')))) {
      if (name === 'resourceType' || (name === 'id' && !isResource)) continue
      const typeOf = (own: unknown): string => typeByValue(name, own)
      this.#elements(name, typeOf, value[name], value[`_${name}`], depth)
    }
  }

  #elements(
    name: string,
    typeOf: (own: unknown) => string,
    own: unknown,
    beside: unknown,
    depth: number,
  ): void {
    const values: readonly unknown[] = Array.isArray(own) ? own : [own]
    const others: readonly unknown[] = Array.isArray(beside) ? beside : [beside]
    for (let at = 0; at < Math.max(values.length, others.length); at += 1)
      this.#element(name, typeOf(values[at]), values[at], others[at], depth)
  }

  #element(name: string, type: string, own: unknown, beside: unknown, depth: number): void {
    this.#line(depth)
    if (type === 'xhtml') {
      this.#parts.push(narrative(String(own)))
    } else if (holdsResource(type)) {
      this.#parts.push(`<${name}>`)
      if (isObject(own)) this.resource(own, depth + 1)
      this.#line(depth)
      this.#parts.push(`</${name}>`)
    } else if (type !== undefinedType && isPrimitive(type)) {
      const text = own === undefined || own === null ? '' : ` value="${attribute(plain(own))}"`
      this.#open(name, text, isObject(beside) ? beside : {}, 'Element', depth)
    } else if (isObject(own)) {
      const url = type === 'Extension' && typeof own.url === 'string' ? ` url="${attribute(own.url)}"` : ''
      this.#open(name, url, own, type, depth)
    }
  }

  #open(name: string, attributes: string, value: JsonObject, type: string, depth: number): void {
    const id = typeof value.id === 'string' ? ` id="${attribute(value.id)}"` : ''
    const isEmpty = Object.keys(value).every((key) => key === 'id' || (type === 'Extension' && key === 'url'))
    this.#parts.push(`<${name}${id}${attributes}${isEmpty ? '/>' : '>'}`)
    if (isEmpty) return
    this.#children(value, type, depth + 1)
    this.#line(depth)
    this.#parts.push(`</${name}>`)
  }
}

const undefinedType = '*'

/** The type of a value that no definition tells of. */
function typeByValue(name: string, own: unknown): string {
  if (name === 'div' && typeof own === 'string') return 'xhtml'
  if (!isObject(own) || JSON.isRawJSON(own)) return 'string'
  if (typeof own.resourceType === 'string') return 'Resource'
  return /^(?:modifierE|e)xtension$/.test(name) ? 'Extension' : undefinedType
}

/** Of data types the id, of extensions the URL. Of a resource the id is an element. */
const isAttribute = (type: string, { json }: Field): boolean =>
  (json === 'id' && ELEMENTS[type]?.kind !== 'resource') || (json === 'url' && type === 'Extension')

const plain = (value: unknown): string => (JSON.isRawJSON(value) ? value.rawJSON : String(value))
