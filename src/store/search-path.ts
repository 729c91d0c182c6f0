// What the statements of a search need to know of where its values are in a resource's JSON.
import { type Field, fieldsOf } from '../fhir/elements.ts'
import { type JsonPath, jsonPathsOf } from '../fhir/json-path.ts'
import { searchParam } from '../fhir/search-params.ts'

export type SortKind = 'time' | 'text' | 'number' | 'flag'

/** How to reach the value to sort by: elements of `#>>` where it is a plain path, else a jsonpath; the first of what repeats. */
export interface SortPath {
  readonly kind: SortKind
  readonly places: readonly { readonly elements?: readonly string[]; readonly path: string }[]
}

/** What of a value of each FHIR type is sorted by. */
const rests: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  time: { date: [], dateTime: [], instant: [], Period: ['start'], Timing: ['event', '0'] },
  text: {
    string: [],
    markdown: [],
    HumanName: ['family'],
    Address: ['city'],
    code: [],
    id: [],
    boolean: [],
    uri: [],
    url: [],
    canonical: [],
    oid: [],
    uuid: [],
    Coding: ['code'],
    CodeableConcept: ['coding', '0', 'code'],
    Identifier: ['value'],
    ContactPoint: ['value'],
    Reference: ['reference'],
  },
  number: {
    decimal: [],
    integer: [],
    positiveInt: [],
    unsignedInt: [],
    Quantity: ['value'],
    Money: ['value'],
    Age: ['value'],
    Count: ['value'],
    Distance: ['value'],
    Duration: ['value'],
    Range: ['low', 'value'],
  },
}

const kinds: Readonly<Record<string, SortKind>> = { date: 'time', number: 'number', quantity: 'number' }

const sortPaths = new Map<string, SortPath | undefined>()

/** Undefined when results cannot be sorted by that parameter: composites, and what is computed when asked for. */
export function sortPath(rtype: string, code: string): SortPath | undefined {
  const key = `${rtype}.${code}`
  if (!sortPaths.has(key)) sortPaths.set(key, readSortPath(rtype, code))
  return sortPaths.get(key)
}

function readSortPath(rtype: string, code: string): SortPath | undefined {
  const param = searchParam(rtype, code)
  if (!param || param.type === 'composite' || param.type === 'special') return undefined
  const kind = kinds[param.type] ?? 'text'
  const places = jsonPathsOf(rtype, code).flatMap((each) => placesOf(each, rests[kind]?.[each.type]))
  if (places.length > 0) return { kind, places }
  // A test, such as deceased: those for which it holds come after the others.
  const element = /^\w+\.(\w+)\.exists\(\) and /.exec(param.expression)?.[1]
  if (element === undefined) return undefined
  const fields = fieldsOf(rtype, element)
  return { kind: 'flag', places: fields.map(({ json }) => ({ elements: [json], path: `$."${json}"` })) }
}

function placesOf(
  { fields, items, type }: JsonPath,
  rest: readonly string[] | undefined,
): SortPath['places'] {
  if (!rest) return []
  const tail = rest.map((each) => (/^\d+$/.test(each) ? `[${each}]` : `."${each}"`)).join('')
  // Who has only given names is sorted by these, whose city is not known by the state.
  const others: Readonly<Record<string, string>> = {
    HumanName: '."text"',
    Address: '."text"',
    CodeableConcept: '."text"',
  }
  const other = others[type]
  const path = `${items}${tail}`
  const elements = fields && [...fields.flatMap(toElements), ...rest]
  return [
    elements ? { elements, path } : { path },
    ...(other === undefined ? [] : [{ path: `${items}${other}` }]),
  ]
}

const toElements = ({ json, repeats }: Field): string[] => (repeats ? [json, '0'] : [json])

/** Elements of `#>>` to the one instant of a date parameter; undefined when it may have several, or other times. */
export function instantPath(rtype: string, code: string): readonly string[] | undefined {
  const [path, ...others] = jsonPathsOf(rtype, code)
  const fields = path?.fields
  if (!fields || others.length > 0 || path.type !== 'instant' || fields.some(({ repeats }) => repeats))
    return undefined
  return fields.map(({ json }) => json)
}

const minuteMs = 60_000
const dayMs = 86_400_000
const widths: Readonly<Record<string, number>> = {
  instant: minuteMs,
  date: 366 * dayMs,
  dateTime: 366 * dayMs,
}

/** What is known of the time ranges that a date parameter has in the search table. */
export interface RangeShape {
  /** At most one per resource. */
  readonly single: boolean
  /** Longest range in ms; undefined when it has no limit. */
  readonly maxWidthMs: number | undefined
}

export function rangeShape(rtype: string, code: string): RangeShape {
  const paths = jsonPathsOf(rtype, code)
  const types = paths.map(({ type }) => type)
  const all = types.map((type) => widths[type])
  const bounded = all.length > 0 && all.every((width) => width !== undefined)
  return {
    single: !types.includes('Timing') && isOneElement(paths),
    maxWidthMs: bounded ? Math.max(...all.map((width) => width ?? 0)) : undefined,
  }
}

/** True when all paths are the types of one choice, none of them repeated: there is one value at most. */
function isOneElement(paths: readonly JsonPath[]): boolean {
  const first = paths[0]?.fields?.at(-1)?.row
  return (
    first !== undefined &&
    paths.every(({ fields }) => fields?.at(-1)?.row === first && !fields.some(({ repeats }) => repeats))
  )
}
