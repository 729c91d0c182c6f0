// Evaluates FHIRPath (http://hl7.org/fhirpath/N1) over resources in JSON, for invariants of profiles that are loaded while
// the program runs. Those of FHIR itself are functions (../invariants.ts), which are faster.
import { isObject } from '../types.ts'
import { FUNCTIONS } from './functions.ts'
import { bool, childrenOf, decimal, integer, isTrue, isType, type Node, type Roots, string } from './node.ts'
import { compare, equal, isAmong, number, textOf } from './operators.ts'
import type { Ast } from './syntax.ts'

/** Where an expression is evaluated. */
export interface Scope extends Roots {
  /** The element that the expression belongs to. */
  readonly context: Node
  /** $this, $index, $total of the innermost function. */
  readonly self: readonly Node[]
  readonly index: number
  readonly total: readonly Node[]
  /** Whether a code is of a value set; undefined when that set is not known. */
  readonly memberOf: (url: string, node: Node) => boolean | undefined
  readonly budget: { steps: number }
  /** What now() and today() are; without it they cannot be decided. */
  readonly clock: Clock | undefined
}

/** One moment, as FHIR writes it: a dateTime with its offset, and the date that it is at the site. */
export interface Clock {
  readonly now: string
  readonly today: string
}

/** Steps of one evaluation: an expression that needs more is not decided. */
export const maxSteps = 1_000_000

export function spend({ budget }: Scope, steps: number): void {
  budget.steps -= steps
  if (budget.steps < 0) throw new Error('it takes too many steps')
}

/** Each value is compared with each other one. */
const COMPARING = new Set('distinct isDistinct union intersect exclude subsetOf supersetOf repeat'.split(' '))

/** Values of an expression. Throws an Error for what cannot be evaluated. */
export function evaluate(ast: Ast, input: readonly Node[], scope: Scope): readonly Node[] {
  spend(scope, input.length + 1)
  switch (ast.kind) {
    case 'empty':
      return []
    case 'literal':
      return [{ value: ast.value, type: ast.type }]
    case 'this':
      return ast.name === 'index' ? integer(scope.index) : ast.name === 'total' ? scope.total : scope.self
    case 'constant':
      return constant(ast.name, scope)
    case 'member':
      return member(ast.name, ast.of ? evaluate(ast.of, input, scope) : input, ast.of === undefined)
    case 'call':
      return call(ast, ast.of ? evaluate(ast.of, input, scope) : input, scope)
    case 'index': {
      const at = number(evaluate(ast.at, input, scope)[0])
      const found = at === undefined ? undefined : evaluate(ast.of, input, scope)[at]
      return found ? [found] : []
    }
    case 'minus': {
      const [value] = evaluate(ast.of, input, scope)
      const found = number(value)
      return found === undefined ? [] : [{ value: -found, type: value?.type ?? 'System.Decimal' }]
    }
    case 'type': {
      const found = evaluate(ast.of, input, scope)
      const [one] = found
      if (ast.op === 'as') return found.filter(({ type }) => isType(type, ast.type))
      return one ? bool(isType(one.type, ast.type)) : []
    }
    default:
      return binary(ast, input, scope)
  }
}

const URLS: Readonly<Record<string, string>> = {
  ucum: 'http://unitsofmeasure.org',
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
}

function constant(name: string, { context, resource, root }: Scope): readonly Node[] {
  if (name === 'context') return [context]
  if (name === 'resource') return [{ value: resource, type: String(resource.resourceType) }]
  if (name === 'rootResource') return [{ value: root, type: String(root.resourceType) }]
  const url = URLS[name]
  if (url === undefined) throw new Error(`%${name} is not known`)
  return string(url)
}

function member(name: string, input: readonly Node[], isFirst: boolean): readonly Node[] {
  const out: Node[] = []
  for (const node of input) {
    // The type may stand first: Patient.name is the name of a Patient.
    const isItself = isFirst && /^[A-Z]/.test(name) && isType(node.type, name)
    if (isItself) out.push(node)
    else childrenOf(node, name, out)
  }
  return out
}

function call({ name, args }: Extract<Ast, { kind: 'call' }>, input: readonly Node[], scope: Scope) {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (!found) throw new Error(`${name}() is not supported`)
  if (COMPARING.has(name)) spend(scope, input.length ** 2)
  return found.apply(input, args, scope)
}

/** Three values: an empty collection is neither true nor false. */
export function truth(nodes: readonly Node[]): boolean | undefined {
  const [one] = nodes
  if (!one) return undefined
  return typeof one.value === 'boolean' ? one.value : true
}

const known = (value: boolean | undefined): readonly Node[] => (value === undefined ? [] : bool(value))

function logic(op: string, left: boolean | undefined, right: () => boolean | undefined): boolean | undefined {
  if (op === 'and') {
    if (left === false) return false
    const other = right()
    return other === false ? false : left && other
  }
  if (op === 'or') {
    if (left === true) return true
    const other = right()
    return other === true ? true : left === false ? other : undefined
  }
  if (op === 'implies') {
    if (left === false) return true
    const other = right()
    return other === true ? true : left === true ? other : undefined
  }
  const other = right()
  return left === undefined || other === undefined ? undefined : left !== other
}

function binary(
  { op, left, right }: Extract<Ast, { kind: 'binary' }>,
  input: readonly Node[],
  scope: Scope,
): readonly Node[] {
  const a = evaluate(left, input, scope)
  if (op === 'and' || op === 'or' || op === 'xor' || op === 'implies')
    return known(logic(op, truth(a), () => truth(evaluate(right, input, scope))))
  const b = evaluate(right, input, scope)
  switch (op) {
    case '|':
      return distinct([...a, ...b])
    case '=':
      return known(equal(a, b))
    case '!=': {
      const same = equal(a, b)
      return known(same === undefined ? undefined : !same)
    }
    case '~':
      return bool(a.length === 0 && b.length === 0 ? true : (equal(a, b) ?? false))
    case '!~':
      return bool(a.length === 0 && b.length === 0 ? false : !(equal(a, b) ?? false))
    case 'in':
      return a[0] ? bool(isAmong(a[0], b)) : []
    case 'contains':
      return b[0] ? bool(isAmong(b[0], a)) : []
    case '&':
      return string(`${textOf(a[0]) ?? ''}${textOf(b[0]) ?? ''}`)
    default:
      return op.startsWith('<') || op.startsWith('>') ? order(op, a[0], b[0]) : arithmetic(op, a[0], b[0])
  }
}

function order(op: string, a: Node | undefined, b: Node | undefined): readonly Node[] {
  const way = compare(a, b)
  if (way === undefined) return []
  if (op === '<') return bool(way < 0)
  if (op === '<=') return bool(way <= 0)
  return bool(op === '>' ? way > 0 : way >= 0)
}

function arithmetic(op: string, a: Node | undefined, b: Node | undefined): readonly Node[] {
  if (op === '+' && typeof a?.value === 'string' && typeof b?.value === 'string')
    return string(a.value + b.value)
  const [x, y] = [number(a), number(b)]
  if (x === undefined || y === undefined) return []
  const isDivision = op === '/' || op === 'div' || op === 'mod'
  if (isDivision && y === 0) return []
  const isWhole = Number.isInteger(x) && Number.isInteger(y)
  const make = isWhole && op !== '/' ? integer : decimal
  if (op === '+') return make(x + y)
  if (op === '-') return make(x - y)
  if (op === '*') return make(x * y)
  if (op === 'div') return integer(Math.trunc(x / y))
  return make(op === 'mod' ? x % y : x / y)
}

export function distinct(nodes: readonly Node[]): Node[] {
  const out: Node[] = []
  const seen = new Set<unknown>()
  for (const node of nodes) {
    if (!isObject(node.value)) {
      const key = textOf(node)
      if (seen.has(key)) continue
      seen.add(key)
    } else if (isAmong(node, out)) continue
    out.push(node)
  }
  return out
}

/** True when an invariant holds; undefined when the expression does not say. */
export const holds = (
  ast: Ast,
  context: Node,
  scope: Omit<Scope, 'context' | 'self' | 'index' | 'total'>,
) => {
  const found = evaluate(ast, [context], { ...scope, context, self: [context], index: 0, total: [] })
  return found.length === 0 ? undefined : isTrue(found[0]) || typeof found[0]?.value !== 'boolean'
}
