// Where in a resource's JSON the values of a search parameter are, as far as its expression is a plain path.
import { type Field, fieldsOf } from '../fhir/elements.ts'
import { searchParam } from '../fhir/search-params.ts'

/** JSON fields from the resource to the value; the last one has its type. */
type ElementPath = readonly Field[]

const cache = new Map<string, readonly ElementPath[]>()

/** One path per type of a choice; none when the expression is more than a path. */
function pathsOf(rtype: string, code: string): readonly ElementPath[] {
  const key = `${rtype}.${code}`
  const known = cache.get(key)
  if (known) return known
  const found = readExpression(rtype, searchParam(rtype, code)?.expression ?? '')
  cache.set(key, found)
  return found
}

/** Takes `Type.a.b`, `Type.a.where(resolve() is T)` and `(Type.a as T)`. */
function readExpression(rtype: string, expression: string): readonly ElementPath[] {
  const cast = /^\((?<path>[A-Za-z.]+) as (?<type>[A-Za-z]+)\)$/.exec(expression)?.groups
  const plain = cast?.path ?? expression.replace(/\.where\(resolve\(\) is [A-Za-z]+\)$/, '')
  const [root, ...names] = plain.split('.')
  if (root !== rtype || names.length === 0 || !names.every((name) => /^[a-zA-Z]+$/.test(name))) return []
  let paths: ElementPath[] = [[]]
  for (const name of names) {
    paths = paths.flatMap((path) =>
      fieldsOf(path.at(-1)?.type ?? rtype, name).map((field) => [...path, field]),
    )
  }
  const wanted = cast?.type
  return wanted === undefined ? paths : paths.filter((path) => path.at(-1)?.type === wanted)
}

/** jsonpath to the values, such as `$."name"."family"`; arrays are entered by themselves. */
export function jsonPaths(rtype: string, code: string): readonly string[] {
  return pathsOf(rtype, code).map((path) => `$${path.map(({ json }) => `."${json}"`).join('')}`)
}

export type SortKind = 'time' | 'text'

/** How to reach the value to sort by: elements of `#>>`, taking the first of what repeats. */
export interface SortPath {
  readonly kind: SortKind
  readonly elements: readonly (readonly string[])[]
}

const timeTypes: Readonly<Record<string, readonly string[]>> = {
  date: [],
  dateTime: [],
  instant: [],
  Period: ['start'],
}
const textTypes: Readonly<Record<string, readonly string[]>> = {
  string: [],
  markdown: [],
  HumanName: ['family'],
  Address: ['city'],
}

/** Undefined when results cannot be sorted by that parameter here. */
export function sortPath(rtype: string, code: string): SortPath | undefined {
  const type = searchParam(rtype, code)?.type
  if (type !== 'date' && type !== 'string') return undefined
  const rests = type === 'date' ? timeTypes : textTypes
  const elements = pathsOf(rtype, code).flatMap((path) => {
    const rest = rests[path.at(-1)?.type ?? '']
    return rest ? [[...path.flatMap(({ json, repeats }) => (repeats ? [json, '0'] : [json])), ...rest]] : []
  })
  return elements.length > 0 ? { kind: type === 'date' ? 'time' : 'text', elements } : undefined
}

/** Elements of `#>>` to the one instant of a date parameter; undefined when it may have several, or other times. */
export function instantPath(rtype: string, code: string): readonly string[] | undefined {
  const [path, ...others] = pathsOf(rtype, code)
  if (!path || others.length > 0 || path.at(-1)?.type !== 'instant' || path.some(({ repeats }) => repeats)) {
    return undefined
  }
  return path.map(({ json }) => json)
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
  const paths = pathsOf(rtype, code)
  const types = paths.map((path) => path.at(-1)?.type ?? '')
  const all = types.map((type) => widths[type])
  const bounded = all.length > 0 && all.every((width) => width !== undefined)
  return {
    single:
      paths.length > 0 &&
      !types.includes('Timing') &&
      !paths.some((path) => path.some(({ repeats }) => repeats)),
    maxWidthMs: bounded ? Math.max(...all.map((width) => width ?? 0)) : undefined,
  }
}
