// Where a search parameter looks, and resources that have a value there: made from the expressions of the table.
import { type Field, fieldOf, fieldsOf } from '../../src/fhir/elements.ts'
import { type Expression, parsePath, type Step } from '../../src/fhir/path-syntax.ts'
import type { SearchParam } from '../../src/fhir/search-params.ts'
import type { JsonObject } from '../../src/fhir/types.ts'

interface Stop {
  readonly field: Field
  /** What `where` asks of the value there. */
  readonly with: JsonObject
}

export interface Place {
  readonly path: string
  /** FHIR type of the value. */
  readonly type: string
  readonly field: Field | undefined
  /** The only type of thing that a reference there counts for. */
  readonly resolved: string | undefined
  /** A resource without its type and id that has the value there. */
  readonly put: (value: unknown) => JsonObject
}

interface Way {
  readonly type: string
  readonly stops: readonly Stop[]
  readonly resolved?: string
}

/** One place for each type of a choice and part of a union that gives values of use. */
export function placesOf(type: string, param: SearchParam): readonly Place[] {
  return waysOf(parsePath(param.expression), { type, stops: [] })
    .filter((way) => param.types.has(way.type) && way.stops.length > 0)
    .map(({ type: found, stops, resolved }) => ({
      path: stops.map(({ field }) => field.json).join('.'),
      type: found,
      field: stops.at(-1)?.field,
      resolved,
      put: (value) => put(stops, value),
    }))
}

function waysOf(expression: Expression, from: Way): readonly Way[] {
  if (expression.kind === 'union') return expression.parts.flatMap((part) => waysOf(part, from))
  if (expression.kind !== 'steps') return []
  const [first] = expression.steps
  const isRoot = first?.kind === 'name' && (first.name === from.type || first.name === 'Resource')
  let ways: readonly Way[] = [from]
  for (const step of isRoot ? expression.steps.slice(1) : expression.steps)
    ways = ways.flatMap((way) => next(way, step))
  return ways
}

function next(way: Way, step: Step): readonly Way[] {
  switch (step.kind) {
    case 'name': {
      const named = fieldsOf(way.type, step.name)
      const written = named.length === 0 ? fieldOf(way.type, step.name) : undefined
      return (written ? [written] : named).map((field) => ({
        ...way,
        type: field.type,
        stops: [...way.stops, { field, with: {} }],
      }))
    }
    case 'as':
      return way.type === step.type ? [way] : []
    case 'where': {
      if (step.test.kind === 'is') return [{ ...way, resolved: step.test.type }]
      const { left, literal } = step.test.kind === 'equal' ? step.test : { left: undefined, literal: '' }
      const [name] = left?.kind === 'steps' ? left.steps : []
      const last = way.stops.at(-1)
      if (name?.kind !== 'name' || !last) return []
      return [{ ...way, stops: [...way.stops.slice(0, -1), { ...last, with: { [name.name]: literal } }] }]
    }
    default:
      return []
  }
}

function put(stops: readonly Stop[], value: unknown): JsonObject {
  let inner = value
  for (const [i, { field, with: own }] of [...stops.entries()].toReversed()) {
    const isLast = i === stops.length - 1
    const whole = isLast && Object.keys(own).length === 0 ? inner : { ...own, ...(inner as object) }
    inner = { [field.json]: field.repeats ? [whole] : whole }
  }
  return inner as JsonObject
}
