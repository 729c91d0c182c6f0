// FHIR XML on its way in (http://hl7.org/fhir/R4/xml.html), by the table of elements: what is read becomes the JSON form
// that everything else works on. The parser is strict, knows no entities of its own, and a document type ends the reading.
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { ELEMENTS } from './definitions.ts'
import { type Field, fieldOf } from './elements.ts'
import type { Issue } from './issue.ts'
import { type JsonRead, readJson } from './json.ts'
import type { JsonObject } from './types.ts'
import { attribute, escaped, FHIR_NAMESPACE, holdsResource, isPrimitive } from './xml-text.ts'

export const xmlLimits = { maxBytes: 16_777_216, maxDepth: 64, maxElements: 500_000 } as const

const XHTML = 'http://www.w3.org/1999/xhtml'

const refuse = (text: string): { readonly issues: readonly Issue[] } => ({
  issues: [{ severity: 'error', code: 'structure', diagnostics: `The body ${text}` }],
})

class Unreadable extends Error {}

/** An element that is open while the document is read. */
interface Open {
  /** FHIR type, or path of a backbone element; '' where a resource stands. */
  readonly type: string
  readonly field: Field | undefined
  readonly name: string
  readonly value: JsonObject
  /** The attribute `value` of a primitive, as JSON. */
  readonly primitive: unknown
}

/** Reads a resource, or says why not. Never throws. */
export function readXml(source: Uint8Array, limits: { readonly maxBytes?: number } = {}): JsonRead {
  const maxBytes = limits.maxBytes ?? xmlLimits.maxBytes
  if (source.byteLength > maxBytes)
    return refuse(`is longer than ${maxBytes} bytes - split it into smaller requests`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(source)
  } catch {
    return refuse('is not UTF-8 - encode it again')
  }
  try {
    return { value: new Reader().read(text) }
  } catch (error) {
    return refuse(error instanceof Unreadable ? error.message : 'is not well-formed XML - correct it')
  }
}

class Reader {
  readonly #open: Open[] = []
  #root: JsonObject | undefined
  #elements = 0
  /** Markup of a narrative while it is open, and how deep its reading is. */
  #div: string[] | undefined
  #divDepth = 0

  read(text: string): JsonObject {
    const parser = new SaxesParser({ xmlns: true })
    parser.on('error', () => {
      throw new Unreadable('is not well-formed XML - correct it')
    })
    parser.on('doctype', () => {
      throw new Unreadable('has a document type - leave it out')
    })
    parser.on('opentag', (tag) => this.#start(tag))
    parser.on('closetag', (tag) => this.#end(tag))
    parser.on('text', (content) => this.#text(content))
    parser.on('cdata', (content) => this.#text(content))
    parser.write(text).close()
    if (!this.#root) throw new Unreadable('has no FHIR resource - send one')
    return this.#root
  }

  #fail(name: string, text: string): never {
    const shown = /^[A-Za-z]{1,64}$/.test(name) ? `has ${name}, which` : 'has an element that'
    throw new Unreadable(`${shown} ${text}`)
  }

  #start(tag: SaxesTagNS): void {
    this.#elements += 1
    if (this.#elements > xmlLimits.maxElements) throw new Unreadable('has too many elements - split it')
    if (this.#open.length + this.#divDepth >= xmlLimits.maxDepth)
      throw new Unreadable('is nested too deep - flatten it')
    if (this.#div) {
      this.#div.push(openText(tag))
      this.#divDepth += 1
      return
    }
    const parent = this.#open.at(-1)
    if (!parent || parent.type === '') {
      this.#resource(tag, parent)
      return
    }
    const name = tag.local
    if (name === 'div' && tag.uri === XHTML && parent.type === 'Narrative') {
      this.#div = [openText(tag).replace(/^<div(?! xmlns=)/, `<div xmlns="${XHTML}"`)]
      this.#divDepth = 1
      return
    }
    if (tag.uri !== FHIR_NAMESPACE) this.#fail(name, `is not of the namespace ${FHIR_NAMESPACE} - correct it`)
    const field = fieldOf(parent.type, name)
    if (!field) this.#fail(name, 'is not an element of its parent in FHIR R4 - remove it')
    this.#push(tag, field)
  }

  #push(tag: SaxesTagNS, field: Field): void {
    const value: JsonObject = {}
    let primitive: unknown
    for (const { local, prefix, value: text } of Object.values(tag.attributes)) {
      if (prefix === 'xmlns' || local === 'xmlns') continue
      if (local === 'id') value.id = text
      else if (local === 'url' && field.type === 'Extension') value.url = text
      else if (local === 'value' && isPrimitive(field.type)) primitive = fromText(field.type, text)
      else this.#fail(tag.local, `has an attribute that FHIR does not have - remove it`)
    }
    const type = holdsResource(field.type) ? '' : isPrimitive(field.type) ? 'Element' : field.type
    this.#open.push({ type, field, name: field.json, value, primitive })
  }

  /** A resource stands for itself: at the root, in `contained`, in `resource` of a Bundle's entry. */
  #resource(tag: SaxesTagNS, parent: Open | undefined): void {
    if (tag.uri !== FHIR_NAMESPACE)
      this.#fail(tag.local, `is not of the namespace ${FHIR_NAMESPACE} - correct it`)
    if (ELEMENTS[tag.local]?.kind !== 'resource') this.#fail(tag.local, 'is no resource that is known here')
    if (parent && Object.keys(parent.value).length > 0)
      this.#fail(tag.local, 'stands beside another resource')
    const value: JsonObject = { resourceType: tag.local }
    if (parent) Object.assign(parent.value, value)
    this.#open.push({
      type: tag.local,
      field: undefined,
      name: '',
      value: parent?.value ?? value,
      primitive: undefined,
    })
    if (!parent) this.#root = value
  }

  #end(tag: SaxesTagNS): void {
    if (this.#div) {
      this.#divDepth -= 1
      // An empty element was written as one.
      const last = this.#div.at(-1) ?? ''
      if (tag.isSelfClosing) this.#div[this.#div.length - 1] = `${last.slice(0, -1)}/>`
      else this.#div.push(`</${tag.local}>`)
      if (this.#divDepth > 0) return
      const parent = this.#open.at(-1)
      if (parent) parent.value.div = this.#div.join('')
      this.#div = undefined
      return
    }
    const closed = this.#open.pop()
    const parent = this.#open.at(-1)
    if (closed?.field && parent) this.#put(closed, closed.field, parent.value)
  }

  #put({ value, primitive, name }: Open, field: Field, into: JsonObject): void {
    const isObjectType = !isPrimitive(field.type)
    const beside = isObjectType || Object.keys(value).length === 0 ? undefined : value
    const own = isObjectType ? value : primitive
    if (!field.repeats) {
      if (name in into || `_${name}` in into) this.#fail(name, 'comes more than once - keep one')
      if (own !== undefined) into[name] = own
      if (beside) into[`_${name}`] = beside
      if (own === undefined && !beside) into[name] = ''
      return
    }
    const list: unknown[] = Array.isArray(into[name]) ? (into[name] as unknown[]) : []
    const others: unknown[] = Array.isArray(into[`_${name}`]) ? (into[`_${name}`] as unknown[]) : []
    const at = Math.max(list.length, others.length)
    if (own !== undefined || others.length > 0 || list.length > 0) {
      while (list.length < at) list.push(null)
      list.push(own ?? null)
      if (list.some((each) => each !== null)) into[name] = list
    }
    if (beside || others.length > 0) {
      while (others.length < at) others.push(null)
      others.push(beside ?? null)
      into[`_${name}`] = others
    }
  }

  #text(content: string): void {
    if (this.#div) this.#div.push(escaped(content))
    else if (content.trim() !== '')
      throw new Unreadable('has text between its elements - FHIR has values in attributes')
  }
}

const NUMBERS: ReadonlySet<string> = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt'])

/** What is no number or truth value stays text: validation says what is wrong with it. */
function fromText(type: string, text: string): unknown {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (!NUMBERS.has(type) || !/^-?\d[\d.eE+-]*$/.test(text)) return text
  const read = readJson(text)
  return 'value' in read ? read.value : text
}

function openText({ local, attributes, ns }: SaxesTagNS): string {
  const declared = Object.entries(ns ?? {}).map(([prefix, uri]) =>
    prefix === '' ? `xmlns="${attribute(uri)}"` : '',
  )
  const own = Object.values(attributes)
    .filter(({ prefix, local: name }) => prefix !== 'xmlns' && name !== 'xmlns')
    .map(({ name, value }) => `${name}="${attribute(value)}"`)
  const all = [...declared, ...own].filter((each) => each !== '')
  return `<${[local, ...all].join(' ')}>`
}
