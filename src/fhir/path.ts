// A compiler for the FHIRPath of search parameters (see path-syntax.ts). Types are known when it compiles, so
// that a path becomes nested closures over plain JSON: no tree is walked and nothing is looked up at run
// time.
import { type Field, fieldOf, fieldsOf } from './elements.ts'
import { type Expression, parsePath, type Step } from './path-syntax.ts'
import { parseReference } from './reference.ts'
import { isObject } from './types.ts'

/** Takes one value that a path leads to. */
export type Visit<Sink> = (value: unknown, sink: Sink) => void

/** What to do with values of a FHIR type; undefined = they are of no use. */
export type LeafOf<Sink> = (type: string, field: Field | undefined) => Visit<Sink> | undefined

/**
 * A function that visits all values of `expression` in a resource of type `base`. Throws an Error when the
 * expression is not of the supported part or names an element that does not exist: a fault of the
 * definitions.
 */
export function compilePath<Sink>(expression: string, base: string, leaf: LeafOf<Sink>): Visit<Sink> {
  const visit = compile(parsePath(expression), base, leaf)
  if (!visit) throw new Error(`${expression} leads to nothing that ${base} can be searched by`)
  return visit
}

function compile<Sink>(expression: Expression, type: string, leaf: LeafOf<Sink>): Visit<Sink> | undefined {
  switch (expression.kind) {
    case 'steps':
      return compileSteps(withoutRoot(expression.steps, type), 0, type, undefined, leaf)
    case 'union':
      return all(expression.parts.map((part) => compile(part, type, leaf)))
    case 'literal':
      return undefined
    default: {
      const test = compileTest(expression, type)
      const end = leaf('boolean', undefined)
      return end && ((value, sink) => end(test(value), sink))
    }
  }
}

const ANY_RESOURCE = new Set(['Resource', 'DomainResource'])

/** FHIRPath may name the type first: `Patient.name` is `name` of a Patient. */
function withoutRoot(steps: readonly Step[], type: string): readonly Step[] {
  const [first] = steps
  const isRoot = first?.kind === 'name' && (first.name === type || ANY_RESOURCE.has(first.name))
  return isRoot ? steps.slice(1) : steps
}

function all<Sink>(visits: readonly (Visit<Sink> | undefined)[]): Visit<Sink> | undefined {
  const used = visits.filter((visit) => visit !== undefined)
  const [first] = used
  if (used.length < 2) return first
  return (value, sink) => {
    for (const visit of used) visit(value, sink)
  }
}

function compileSteps<Sink>(
  steps: readonly Step[],
  at: number,
  type: string,
  field: Field | undefined,
  leaf: LeafOf<Sink>,
): Visit<Sink> | undefined {
  const step = steps[at]
  if (!step) return leaf(type, field)
  const rest = (next: string, via: Field | undefined): Visit<Sink> | undefined =>
    compileSteps(steps, at + 1, next, via, leaf)
  switch (step.kind) {
    case 'name':
      return all(fieldsNamed(type, step.name).map((found) => intoField(found, rest(found.type, found))))
    case 'as':
      return step.type === type ? rest(type, field) : undefined
    case 'where': {
      const test = compileTest(step.test, type)
      const next = rest(type, field)
      return (
        next &&
        ((value, sink) => {
          if (test(value)) next(value, sink)
        })
      )
    }
    default:
      throw new Error(`FHIRPath ${step.kind}() is supported in conditions only`)
  }
}

/** By FHIRPath name; US Core also writes `valueDateTime`, the name that a choice has in JSON. */
function fieldsNamed(type: string, name: string): readonly Field[] {
  const fields = fieldsOf(type, name)
  const choice = fields.length === 0 ? fieldOf(type, name) : undefined
  return choice ? [choice] : fields
}

function intoField<Sink>(field: Field, next: Visit<Sink> | undefined): Visit<Sink> | undefined {
  if (!next) return undefined
  const { json } = field
  if (!field.repeats) {
    return (value, sink) => {
      const child = isObject(value) ? value[json] : undefined
      if (child !== undefined && child !== null) next(child, sink)
    }
  }
  return (value, sink) => {
    const children = isObject(value) ? value[json] : undefined
    if (!Array.isArray(children)) return
    for (const child of children) if (child !== null) next(child, sink)
  }
}

type Test = (value: unknown) => boolean

/** Collects instead of testing: what a path inside a condition leads to. */
function compileTest(expression: Expression, type: string): Test {
  switch (expression.kind) {
    case 'and': {
      const tests = expression.parts.map((part) => compileTest(part, type))
      return (value) => tests.every((test) => test(value))
    }
    case 'is':
      return (value) => mayReferTo(value, expression.type)
    case 'equal': {
      const values = valuesOf(expression.left, type)
      const { literal, negated } = expression
      return (value) => {
        const found = values(value)
        return found.length > 0 && found.includes(literal) !== negated
      }
    }
    case 'steps': {
      const last = expression.steps.at(-1)
      if (last?.kind !== 'exists')
        throw new Error('a FHIRPath condition must be a comparison, exists() or is')
      const values = valuesOf({ kind: 'steps', steps: expression.steps.slice(0, -1) }, type)
      return (value) => values(value).length > 0
    }
    default:
      throw new Error('a FHIRPath condition must be a comparison, exists() or is')
  }
}

function valuesOf(expression: Expression, type: string): (value: unknown) => readonly unknown[] {
  const visit = compile<unknown[]>(expression, type, () => (value, found) => {
    found.push(value)
  })
  return (value) => {
    const found: unknown[] = []
    visit?.(value, found)
    return found
  }
}

/** By its literal reference or its type; a logical reference without a type may be of any. */
function mayReferTo(value: unknown, type: string): boolean {
  if (!isObject(value)) return false
  if (typeof value.reference === 'string')
    return parseReference(value.reference)?.type === type || value.type === type
  return value.type === undefined ? value.identifier !== undefined : value.type === type
}
