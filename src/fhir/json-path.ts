// The expressions of search parameters as SQL/JSON paths, for questions to a stored resource itself: what it is sorted
// by, how a value was written, which identifier has which type.
import { type Field, fieldOf, fieldsOf } from './elements.ts'
import { type Expression, parsePath, type Step } from './path-syntax.ts'
import { searchParam } from './search-params.ts'

export interface JsonPath {
  /** SQL/JSON path to the values; arrays are entered, but for a last one. */
  readonly path: string
  /** The same, with the items of a last array. */
  readonly items: string
  /** FHIR type of the values. */
  readonly type: string
  /** Fields from the resource to the value; undefined where there are conditions on the way. */
  readonly fields: readonly Field[] | undefined
}

const START: Omit<JsonPath, 'type'> = { path: '$', items: '$', fields: [] }
const INSIDE: Omit<JsonPath, 'type'> = { path: '@', items: '@', fields: [] }

const cache = new Map<string, readonly JsonPath[]>()

/** One path per type of a choice and part of a union; none when the expression is a test. */
export function jsonPathsOf(rtype: string, code: string): readonly JsonPath[] {
  const key = `${rtype}.${code}`
  const known = cache.get(key)
  if (known) return known
  const param = searchParam(rtype, code)
  const isPath = param !== undefined && param.type !== 'composite' && param.type !== 'special'
  const found = isPath ? follow(parsePath(param.expression), { ...START, type: rtype }) : []
  const used = found.filter(({ type }) => param?.types.has(type))
  cache.set(key, used)
  return used
}

function follow(expression: Expression, from: JsonPath): readonly JsonPath[] {
  switch (expression.kind) {
    case 'union':
      return expression.parts.flatMap((part) => follow(part, from))
    case 'steps': {
      const [first] = expression.steps
      const isRoot =
        first?.kind === 'name' && (first.name === from.type || /^(?:Domain)?Resource$/.test(first.name))
      const steps = isRoot ? expression.steps.slice(1) : expression.steps
      let paths: readonly JsonPath[] = [from]
      for (const step of steps) paths = paths.flatMap((path) => next(path, step))
      return paths
    }
    default:
      return []
  }
}

function next(from: JsonPath, step: Step): readonly JsonPath[] {
  switch (step.kind) {
    case 'name': {
      const fields = fieldsOf(from.type, step.name)
      const choice = fields.length === 0 ? fieldOf(from.type, step.name) : undefined
      return (choice ? [choice] : fields).map((field) => {
        const path = `${from.path}."${field.json}"`
        return {
          path,
          items: field.repeats ? `${path}[*]` : path,
          type: field.type,
          fields: from.fields && [...from.fields, field],
        }
      })
    }
    case 'as':
      return step.type === from.type ? [from] : []
    case 'where': {
      const test = predicate(step.test, from.type)
      if (test === undefined) return []
      const path = `${from.items} ? (${test})`
      return [{ path, items: path, type: from.type, fields: undefined }]
    }
    default:
      return []
  }
}

/** A condition of a path; undefined when it cannot be said. */
function predicate(test: Expression, type: string): string | undefined {
  switch (test.kind) {
    case 'and': {
      const parts = test.parts.map((part) => predicate(part, type))
      return parts.includes(undefined) ? undefined : parts.join(' && ')
    }
    case 'is':
      return `@."reference" like_regex "(^|/)${test.type}/[^/]+" || @."type" == "${test.type}"`
    case 'equal': {
      const sign = test.negated ? '!=' : '=='
      const parts = follow(test.left, { ...INSIDE, type }).map(
        ({ path }) => `${path} ${sign} ${JSON.stringify(test.literal)}`,
      )
      return parts.length > 0 ? parts.join(' || ') : undefined
    }
    default:
      return undefined
  }
}
