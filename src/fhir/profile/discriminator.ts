// Discriminators (http://hl7.org/fhir/R4/profiling.html#discriminator): value and pattern by what the slice fixes at a path, or
// the value set that it binds there; exists, type, profile.
import type { ElementRow } from '../definitions.ts'
import type { Field } from '../elements.ts'
import { childrenOf, isType, type Node, resolveNode } from '../fhirpath/node.ts'
import { isObject } from '../types.ts'
import type { Compiling } from './compile.ts'
import { typeOfProfile } from './reference.ts'
import type { Item, Run } from './run.ts'
import type { Discriminator } from './structure.ts'
import type { ElementTree } from './tree.ts'
import { fits, isCodeOf } from './values.ts'

export type Match = (item: Item, run: Run) => boolean

type Step =
  | { readonly kind: 'child'; readonly name: string }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'resolve' }
  | { readonly kind: 'type'; readonly type: string }

/** Reads the restricted FHIRPath of discriminators; undefined when it is something else. */
function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = []
  for (const part of path.match(/(?:[^.(]|\([^)]*\))+/g) ?? []) {
    const call = /^(\w+)\((.*)\)$/.exec(part)
    const text = (call?.[2] ?? '').replace(/^['"]|['"]$/g, '')
    if (part === '$this') continue
    if (!call) steps.push({ kind: 'child', name: part.replace(/\[x\]$/, '') })
    else if (call[1] === 'extension') steps.push({ kind: 'extension', url: text })
    else if (call[1] === 'resolve') steps.push({ kind: 'resolve' })
    else if (call[1] === 'ofType' || call[1] === 'as') steps.push({ kind: 'type', type: text })
    else return undefined
  }
  return steps
}

function follow(nodes: readonly Node[], step: Step, run: Run): readonly Node[] {
  switch (step.kind) {
    case 'child':
      return nodes.flatMap((node) => childrenOf(node, step.name))
    case 'extension':
      return nodes
        .flatMap((node) => childrenOf(node, 'extension'))
        .filter(({ value }) => isObject(value) && value.url === step.url)
    case 'resolve':
      return nodes.flatMap((node) => resolveNode(node, run) ?? [])
    default:
      return nodes.filter(({ type }) => isType(type, step.type))
  }
}

/** Where a path leads in the tree of a slice, or in that of the profile that its values must have. */
function treesAt(tree: ElementTree, step: Step, compiling: Compiling): readonly ElementTree[] {
  const profiles = (tree.rules.types ?? []).flatMap((type) => [
    ...type.profiles,
    ...(step.kind === 'resolve' ? type.targets : []),
  ])
  const others = profiles.flatMap((url) => compiling.treeOf(url)?.tree ?? [])
  if (step.kind === 'resolve') return others.length > 0 ? others : [tree]
  if (step.kind === 'type') return [tree]
  const name = step.kind === 'extension' ? 'extension' : step.name
  const found = [tree, ...others].flatMap((each) => each.children.get(name) ?? [])
  if (step.kind === 'child') return found
  return found.flatMap(({ slices }) =>
    [...slices.values()].filter((slice) => extensionUrl(slice, compiling) === step.url),
  )
}

/** The url that extensions of a slice have. */
function extensionUrl({ rules, children }: ElementTree, { treeOf }: Compiling): unknown {
  const own = children.get('url')?.rules
  if (own?.fixed !== undefined) return own.fixed
  const [profile] = rules.types?.flatMap((type) => type.profiles) ?? []
  if (profile === undefined) return undefined
  const plain = profile.split('|')[0] ?? ''
  return treeOf(plain)?.tree.children.get('url')?.rules.fixed ?? plain
}

type Criterion = (node: Node) => boolean

/** What an element and its children must be: fixed values, patterns, value sets. Empty when nothing is said. */
function criteriaOf(
  tree: ElementTree,
  row: ElementRow | undefined,
  compiling: Compiling,
  depth = 0,
): Criterion[] {
  const { fixed, pattern, binding } = tree.rules
  const found: Criterion[] = []
  if (fixed !== undefined) found.push(({ value }) => fits(fixed, value) && fits(value, fixed))
  if (pattern !== undefined) found.push(({ value }) => fits(pattern, value))
  const isNew = binding?.strength === 'required' && row?.binding?.[1] !== binding.valueSet.split('|')[0]
  if (isNew && found.length === 0) {
    const set = compiling.terminology.group(binding.valueSet)
    if (set) found.push(({ value }) => isCodeOf(set, value) === true)
  }
  for (const [name, child] of depth < 5 ? tree.children : []) {
    const inner = criteriaOf(child, undefined, compiling, depth + 1)
    if (inner.length === 0 || (child.rules.min === 0 && depth === 0)) continue
    found.push((node) => childrenOf(node, name).some((each) => inner.every((test) => test(each))))
  }
  return found
}

/** A test for values of the slice; 'unknown' when the slice does not say enough. */
export function compileMatch(
  { type, path }: Discriminator,
  slice: ElementTree,
  fields: readonly Field[],
  compiling: Compiling,
): Match | 'unknown' {
  const steps = stepsOf(path)
  if (!steps) return 'unknown'
  let trees: readonly ElementTree[] = [slice]
  for (const step of steps) trees = trees.flatMap((tree) => treesAt(tree, step, compiling))
  const at: (item: Item, run: Run) => readonly Node[] = (item, run) =>
    steps.reduce<readonly Node[]>((nodes, step) => follow(nodes, step, run), [item])
  const [tree] = trees
  switch (type) {
    case 'value':
    case 'pattern':
      return byValue(path, trees, { slice, fields, at }, compiling)
    case 'exists':
      if (!tree) return 'unknown'
      if (tree.rules.max === 0) return (item, run) => at(item, run).length === 0
      return (tree.rules.min ?? 0) > 0 ? (item, run) => at(item, run).length > 0 : 'unknown'
    case 'type':
      return tree ? byType(tree, steps.at(-1)?.kind === 'resolve', at, { slice, compiling }) : 'unknown'
    case 'profile':
      return tree ? byProfile(tree, at) : 'unknown'
    default:
      return 'unknown'
  }
}

type At = (item: Item, run: Run) => readonly Node[]

function byValue(
  path: string,
  trees: readonly ElementTree[],
  { slice, fields, at }: { slice: ElementTree; fields: readonly Field[]; at: At },
  compiling: Compiling,
): Match | 'unknown' {
  const row = path === '$this' ? fields[0]?.row : undefined
  const criteria = trees.flatMap((tree) => criteriaOf(tree, row, compiling))
  if (criteria.length > 0)
    return (item, run) => at(item, run).some((node) => criteria.every((test) => test(node)))
  if (path !== 'url') return 'unknown'
  const url = extensionUrl(slice, compiling)
  return typeof url === 'string' ? ({ value }) => isObject(value) && value.url === url : 'unknown'
}

function byType(
  { rules }: ElementTree,
  isResolved: boolean,
  at: At,
  { slice, compiling }: { slice: ElementTree; compiling: Compiling },
): Match | 'unknown' {
  const types = rules.types ?? []
  const targets = [...types, ...(slice.rules.types ?? [])].flatMap((type) => type.targets)
  const codes = isResolved
    ? targets.flatMap((url) => typeOfProfile(url, compiling) ?? [])
    : types.map(({ code }) => code)
  if (codes.length === 0) return 'unknown'
  return (item, run) => at(item, run).some((node) => codes.some((code) => isType(node.type, code)))
}

function byProfile({ rules }: ElementTree, at: At): Match | 'unknown' {
  const urls = (rules.types ?? []).flatMap((type) =>
    type.profiles.length > 0 ? type.profiles : type.targets,
  )
  if (urls.length === 0) return 'unknown'
  return (item, run) =>
    at(item, run).some((node) =>
      urls.some((url) => {
        const inner: Run = { ...run, findings: [], seen: new Map() }
        inner.conform(node, url, inner)
        return inner.findings.every(({ severity }) => severity !== 'error')
      }),
    )
}
