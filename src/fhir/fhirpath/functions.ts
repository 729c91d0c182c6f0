// The functions of FHIRPath (http://hl7.org/fhirpath/N1/#functions, http://hl7.org/fhir/R4/fhirpath.html#functions) that
// invariants use. What needs another resource is not among them.
import { isObject } from '../types.ts'
import { type Clock, distinct, evaluate, type Scope, spend, truth } from './evaluate.ts'
import {
  bool,
  childrenOf,
  decimal,
  everyChild,
  integer,
  isTrue,
  isType,
  type Node,
  resolveNode,
  string,
} from './node.ts'
import { isAmong, number, textOf } from './operators.ts'
import type { Ast } from './syntax.ts'
import { TEXT_FUNCTIONS } from './text.ts'

export interface PathFunction {
  readonly apply: (input: readonly Node[], args: readonly Ast[], scope: Scope) => readonly Node[]
}

/** The argument for one of the items: $this is that item. */
const each = (ast: Ast, node: Node, index: number, scope: Scope, total = scope.total): readonly Node[] =>
  evaluate(ast, [node], { ...scope, self: [node], index, total })

const plain = (make: (input: readonly Node[]) => readonly Node[]): PathFunction => ({ apply: make })

/** With arguments that are values: evaluated where the function stands. */
const withValues = (
  make: (input: readonly Node[], values: readonly (readonly Node[])[], scope: Scope) => readonly Node[],
): PathFunction => ({
  apply: (input, args, scope) =>
    make(
      input,
      args.map((ast) => evaluate(ast, scope.self, scope)),
      scope,
    ),
})

function select(input: readonly Node[], [ast]: readonly Ast[], scope: Scope): readonly Node[] {
  return ast ? input.flatMap((node, at) => each(ast, node, at, scope)) : []
}

function where(input: readonly Node[], [ast]: readonly Ast[], scope: Scope): readonly Node[] {
  return ast ? input.filter((node, at) => isTrue(each(ast, node, at, scope)[0])) : input
}

const maxDepth = 100

function descend(input: readonly Node[], scope: Scope): readonly Node[] {
  const found: Node[] = []
  let level = input
  for (let depth = 0; level.length > 0 && depth < maxDepth; depth += 1) {
    level = level.flatMap(everyChild)
    spend(scope, level.length)
    found.push(...level)
  }
  return found
}

function repeat(input: readonly Node[], [ast]: readonly Ast[], scope: Scope): readonly Node[] {
  const found: Node[] = []
  let last = input
  for (let depth = 0; ast && last.length > 0 && depth < maxDepth; depth += 1) {
    last = distinct(last.flatMap((node, at) => each(ast, node, at, scope))).filter(
      (node) => !isAmong(node, found),
    )
    found.push(...last)
  }
  return found
}

/** The name of a type that is given as an argument: ofType(Quantity), is(System.String). */
function typeName(ast: Ast | undefined): string {
  if (ast?.kind !== 'member') throw new Error('a type is expected as the argument')
  return ast.of?.kind === 'member' && ast.of.name === 'System' ? `System.${ast.name}` : ast.name
}

const COLLECTIONS: Readonly<Record<string, PathFunction>> = {
  empty: plain((input) => bool(input.length === 0)),
  exists: {
    apply: (input, args, scope) => bool((args.length > 0 ? where(input, args, scope) : input).length > 0),
  },
  all: {
    apply: (input, [ast], scope) =>
      bool(input.every((node, at) => ast !== undefined && isTrue(each(ast, node, at, scope)[0]))),
  },
  allTrue: plain((input) => bool(input.every(isTrue))),
  anyTrue: plain((input) => bool(input.some(isTrue))),
  allFalse: plain((input) => bool(input.every(({ value }) => value === false))),
  anyFalse: plain((input) => bool(input.some(({ value }) => value === false))),
  subsetOf: withValues((input, [other = []]) => bool(input.every((node) => isAmong(node, other)))),
  supersetOf: withValues((input, [other = []]) => bool(other.every((node) => isAmong(node, input)))),
  count: plain((input) => integer(input.length)),
  distinct: plain(distinct),
  isDistinct: plain((input) => bool(distinct(input).length === input.length)),
  where: { apply: where },
  select: { apply: select },
  repeat: { apply: repeat },
  aggregate: {
    apply: (input, [ast, start], scope) => {
      let total = start ? evaluate(start, scope.self, scope) : []
      for (const [at, node] of input.entries()) if (ast) total = each(ast, node, at, scope, total)
      return total
    },
  },
  single: plain((input) => {
    if (input.length > 1) throw new Error('single() has more than one value')
    return input
  }),
  first: plain((input) => input.slice(0, 1)),
  last: plain((input) => input.slice(-1)),
  tail: plain((input) => input.slice(1)),
  skip: withValues((input, [count = []]) => input.slice(Math.max(0, number(count[0]) ?? 0))),
  take: withValues((input, [count = []]) => input.slice(0, Math.max(0, number(count[0]) ?? 0))),
  intersect: withValues((input, [other = []]) => distinct(input.filter((node) => isAmong(node, other)))),
  exclude: withValues((input, [other = []]) => input.filter((node) => !isAmong(node, other))),
  union: withValues((input, [other = []]) => distinct([...input, ...other])),
  combine: withValues((input, [other = []]) => [...input, ...other]),
  children: plain((input) => input.flatMap(everyChild)),
  descendants: { apply: (input, _args, scope) => descend(input, scope) },
  trace: plain((input) => input),
  not: plain((input) => {
    const value = truth(input)
    return value === undefined ? [] : bool(!value)
  }),
  iif: {
    apply: (input, [test, then, otherwise], scope) => {
      const inner = { ...scope, self: input }
      const chosen = test && truth(evaluate(test, input, inner)) === true ? then : otherwise
      return chosen ? evaluate(chosen, input, inner) : []
    },
  },
}

const TYPES: Readonly<Record<string, PathFunction>> = {
  is: { apply: (input, [ast]) => (input[0] ? bool(isType(input[0].type, typeName(ast))) : []) },
  as: { apply: (input, [ast]) => input.filter(({ type }) => isType(type, typeName(ast))) },
  ofType: { apply: (input, [ast]) => input.filter(({ type }) => isType(type, typeName(ast))) },
  hasValue: plain((input) => bool(input.length === 1 && textOf(input[0]) !== undefined)),
  getValue: plain((input) => (textOf(input[0]) === undefined ? [] : input.slice(0, 1))),
  extension: withValues((input, [url = []]) =>
    input
      .flatMap((node) => childrenOf(node, 'extension'))
      .filter(({ value }) => isObject(value) && value.url === url[0]?.value),
  ),
  resolve: {
    apply: (input, _args, scope) => input.flatMap((node) => resolveNode(node, scope) ?? []),
  },
  memberOf: withValues((input, [url = []], scope) => {
    const [node] = input
    const found = node && scope.memberOf(textOf(url[0]) ?? '', node)
    return found === undefined ? [] : bool(found)
  }),
  htmlChecks: plain((input) => bool(input.every(({ value }) => typeof value === 'string'))),
}

function clockOf({ clock }: Scope): Clock {
  if (!clock) throw new Error('there is no clock here')
  return clock
}

const TIMES: Readonly<Record<string, PathFunction>> = {
  now: { apply: (_input, _args, scope) => [{ value: clockOf(scope).now, type: 'System.DateTime' }] },
  today: { apply: (_input, _args, scope) => [{ value: clockOf(scope).today, type: 'System.Date' }] },
}

const NUMBERS: Readonly<Record<string, PathFunction>> = Object.fromEntries(
  (
    [
      ['abs', Math.abs],
      ['ceiling', Math.ceil],
      ['floor', Math.floor],
      ['truncate', Math.trunc],
    ] as const
  ).map(([name, of]) => [
    name,
    plain((input) => {
      const value = number(input[0])
      return value === undefined ? [] : (Number.isInteger(of(value)) ? integer : decimal)(of(value))
    }),
  ]),
)

const CONVERSIONS: Readonly<Record<string, PathFunction>> = {
  toString: plain((input) => {
    const text = textOf(input[0])
    return text === undefined ? [] : string(text)
  }),
  toInteger: plain((input) => {
    const text = textOf(input[0]) ?? ''
    if (text === 'true' || text === 'false') return integer(Number(text === 'true'))
    return /^[+-]?\d{1,15}$/.test(text) ? integer(Number(text)) : []
  }),
  toDecimal: plain((input) => {
    const text = textOf(input[0]) ?? ''
    return /^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? decimal(Number(text)) : []
  }),
  toBoolean: plain((input) => {
    const text = textOf(input[0])?.toLowerCase() ?? ''
    if (['true', 't', 'yes', 'y', '1', '1.0'].includes(text)) return bool(true)
    return ['false', 'f', 'no', 'n', '0', '0.0'].includes(text) ? bool(false) : []
  }),
  convertsToInteger: plain((input) => (input[0] ? bool(/^[+-]?\d+$/.test(textOf(input[0]) ?? '')) : [])),
  convertsToDecimal: plain((input) =>
    input[0] ? bool(/^[+-]?\d+(?:\.\d+)?$/.test(textOf(input[0]) ?? '')) : [],
  ),
}

/** By name. */
export const FUNCTIONS: Readonly<Record<string, PathFunction>> = {
  ...COLLECTIONS,
  ...TYPES,
  ...NUMBERS,
  ...TIMES,
  ...CONVERSIONS,
  ...TEXT_FUNCTIONS(withValues),
}

/** Names of functions in an expression that are not known here. */
export function unknownFunctions(ast: Ast): readonly string[] {
  switch (ast.kind) {
    case 'call': {
      const inner = [...(ast.of ? [ast.of] : []), ...ast.args].flatMap(unknownFunctions)
      return Object.hasOwn(FUNCTIONS, ast.name) ? inner : [ast.name, ...inner]
    }
    case 'member':
      return ast.of ? unknownFunctions(ast.of) : []
    case 'index':
      return [...unknownFunctions(ast.of), ...unknownFunctions(ast.at)]
    case 'minus':
    case 'type':
      return unknownFunctions(ast.of)
    case 'binary':
      return [...unknownFunctions(ast.left), ...unknownFunctions(ast.right)]
    default:
      return []
  }
}
