// Paths of FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html): where in a resource an operation acts. The part of
// FHIRPath that names places: elements, [n], first(), last(), where(), extension(), ofType() and as().
import { type Field, fieldOf, fieldsOf } from './elements.ts'
import { isObject, type JsonObject } from './types.ts'

/** A place that holds one value: a property, or an item of an array. */
export interface Place {
  readonly holder: JsonObject | unknown[]
  readonly key: string | number
  readonly value: unknown
  /** FHIR type of the value, or path of a backbone element. */
  readonly type: string
  /** How the element is defined; undefined for the resource itself. */
  readonly field: Field | undefined
}

type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'where'; readonly tests: readonly Test[] }
  | { readonly kind: 'type'; readonly type: string }

interface Test {
  readonly path: readonly string[]
  readonly literal: string | boolean | undefined
}

const maxCharacters = 1_000
const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*|`[^`]+`)|'((?:[^'\\]|\\.)*)'|(\d{1,4})|([.()[\]=]))/y

type Token = readonly [kind: 'name' | 'text' | 'number' | 'sign', text: string]

function tokensOf(path: string): Token[] | undefined {
  const tokens: Token[] = []
  const source = path.trimEnd()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source)
    if (!match) return undefined
    const [, name, text, number, sign] = match
    if (name !== undefined) tokens.push(['name', name.replaceAll('`', '')])
    else if (text !== undefined) tokens.push(['text', text.replace(/\\(.)/g, '$1')])
    else if (number !== undefined) tokens.push(['number', number])
    else tokens.push(['sign', sign ?? ''])
  }
  return tokens
}

class Reader {
  readonly #tokens: readonly Token[]
  #at = 0
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }
  get done(): boolean {
    return this.#at >= this.#tokens.length
  }
  take(kind: Token[0], text?: string): string | undefined {
    const token = this.#tokens[this.#at]
    if (token?.[0] !== kind || (text !== undefined && token[1] !== text)) return undefined
    this.#at += 1
    return token[1]
  }
}

/** Undefined when the path is not of the part of FHIRPath that is understood here. */
function parse(path: string): { readonly root: string; readonly steps: readonly Step[] } | undefined {
  const tokens = path.length > maxCharacters ? undefined : tokensOf(path)
  if (!tokens) return undefined
  const reader = new Reader(tokens)
  const root = reader.take('name')
  if (root === undefined) return undefined
  const steps: Step[] = []
  while (!reader.done) {
    const step = reader.take('sign', '[') === undefined ? readStep(reader) : readIndex(reader)
    if (!step) return undefined
    steps.push(...step)
  }
  return { root, steps }
}

function readIndex(reader: Reader): Step[] | undefined {
  const at = reader.take('number')
  return at === undefined || reader.take('sign', ']') === undefined
    ? undefined
    : [{ kind: 'index', at: Number(at) }]
}

function readStep(reader: Reader): Step[] | undefined {
  if (reader.take('sign', '.') === undefined) return undefined
  const name = reader.take('name')
  if (name === undefined) return undefined
  if (reader.take('sign', '(') === undefined) return [{ kind: 'name', name }]
  const steps = readArgument(name, reader)
  return steps && reader.take('sign', ')') !== undefined ? steps : undefined
}

function readArgument(name: string, reader: Reader): Step[] | undefined {
  switch (name) {
    case 'first':
      return [{ kind: 'index', at: 0 }]
    case 'last':
      return [{ kind: 'index', at: -1 }]
    case 'ofType':
    case 'as': {
      const type = reader.take('name')
      return type === undefined ? undefined : [{ kind: 'type', type }]
    }
    case 'extension': {
      const url = reader.take('text')
      if (url === undefined) return undefined
      return [
        { kind: 'name', name: 'extension' },
        { kind: 'where', tests: [{ path: ['url'], literal: url }] },
      ]
    }
    case 'where': {
      const tests: Test[] = []
      do {
        const test = readTest(reader)
        if (!test) return undefined
        tests.push(test)
      } while (reader.take('name', 'and') !== undefined)
      return [{ kind: 'where', tests }]
    }
    default:
      return undefined
  }
}

/** `a.b = 'x'`, `a = true`, or `a.exists()`. */
function readTest(reader: Reader): Test | undefined {
  const path: string[] = []
  do {
    const name = reader.take('name')
    if (name === undefined) return undefined
    if (name === 'exists' && reader.take('sign', '(') !== undefined)
      return reader.take('sign', ')') === undefined || path.length === 0
        ? undefined
        : { path, literal: undefined }
    path.push(name)
  } while (reader.take('sign', '.') !== undefined)
  if (reader.take('sign', '=') === undefined) return undefined
  const text = reader.take('text')
  if (text !== undefined) return { path, literal: text }
  if (reader.take('name', 'true') !== undefined) return { path, literal: true }
  return reader.take('name', 'false') === undefined ? undefined : { path, literal: false }
}

/** The places that a path leads to, none when there is nothing; undefined when it is not understood. */
export function placesAt(resource: JsonObject, path: string): readonly Place[] | undefined {
  const parsed = parse(path)
  const type = String(resource.resourceType)
  if (!parsed || (parsed.root !== type && !/^(?:Domain)?Resource$/.test(parsed.root))) return undefined
  let places: readonly Place[] = [{ holder: [resource], key: 0, value: resource, type, field: undefined }]
  for (const step of parsed.steps) places = follow(places, step)
  return places
}

function follow(places: readonly Place[], step: Step): readonly Place[] {
  switch (step.kind) {
    case 'name':
      return places.flatMap((place) => childrenOf(place, step.name))
    case 'index': {
      const found = places.at(step.at)
      return found ? [found] : []
    }
    case 'type':
      return places.filter(({ type }) => type === step.type)
    default:
      return places.filter(({ value }) => step.tests.every((test) => holds(value, test)))
  }
}

function childrenOf({ value, type }: Place, name: string): Place[] {
  if (!isObject(value)) return []
  return fieldsNamed(type, name).flatMap((field): Place[] => {
    const child = value[field.json]
    if (child === undefined) return []
    if (!Array.isArray(child))
      return [{ holder: value, key: field.json, value: child, type: field.type, field }]
    return child.map(
      (item: unknown, key): Place => ({ holder: child, key, value: item, type: field.type, field }),
    )
  })
}

/** By FHIRPath name, or by the one that a choice has in JSON. */
export function fieldsNamed(type: string, name: string): readonly Field[] {
  const fields = fieldsOf(type, name)
  const choice = fields.length === 0 ? fieldOf(type, name) : undefined
  return choice ? [choice] : fields
}

function holds(value: unknown, { path, literal }: Test): boolean {
  let found: unknown[] = [value]
  for (const name of path) {
    found = found.flatMap((each) => {
      const child = isObject(each) ? each[name] : undefined
      return Array.isArray(child) ? child : child === undefined ? [] : [child]
    })
  }
  return literal === undefined ? found.length > 0 : found.includes(literal)
}
