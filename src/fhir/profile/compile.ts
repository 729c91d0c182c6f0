// Profiles as functions (http://hl7.org/fhir/R4/profiling.html): what a profile asks beyond the base is compiled once, when it
// is loaded. What the base says has been checked before, so a resource that claims no profile costs nothing here.
import { ELEMENTS, type ElementRow, INVARIANTS } from '../definitions.ts'
import type { Field } from '../elements.ts'
import { addField, fieldsNamed, isType, type Node } from '../fhirpath/node.ts'
import { compare } from '../fhirpath/operators.ts'
import { isObject } from '../types.ts'
import type { CodeGroup, Terminology } from '../value-sets.ts'
import { compileConstraint } from './constraint.ts'
import { compileReference } from './reference.ts'
import { type Item, type ItemCheck, type Run, report, within } from './run.ts'
import { compileSlices } from './slicing.ts'
import type { ElementRules, TypeChoice } from './structure.ts'
import type { ElementTree } from './tree.ts'
import { fits, isCodeOf } from './values.ts'

/** What compiling one profile needs, and what it has to say of it. */
export interface Compiling {
  /** Name of the profile in texts. */
  readonly label: string
  readonly terminology: Terminology
  /** The tree and type of a loaded profile. */
  readonly treeOf: (url: string) => { readonly tree: ElementTree; readonly type: string } | undefined
  readonly problem: (text: string) => void
  /** What is not checked, and why. */
  readonly note: (text: string) => void
}

/** Checks the children of a value. */
type OwnerCheck = (owner: Node, run: Run) => void

/** Values of an element, also of one that is a choice. */
export function itemsOf({ value: owner }: Node, fields: readonly Field[]): readonly Item[] {
  if (!isObject(owner)) return none
  let items: Item[] | undefined
  for (const field of fields) {
    if (owner[field.json] === undefined && (field.beside === undefined || owner[field.beside] === undefined))
      continue
    const nodes: Node[] = []
    addField(owner, field, nodes)
    items ??= []
    for (const [at, { value, type, shadow }] of nodes.entries())
      items.push({ value, type, shadow, step: field.repeats ? `${field.name}[${at}]` : field.name })
  }
  return items ?? none
}
const none: readonly Item[] = []

/** Extensions of a primitive stand beside it. */
function ownerOf(item: Node): Node {
  return isObject(item.value) || !isObject(item.shadow) ? item : { value: item.shadow, type: 'Element' }
}

const isSystemType = (code: string): boolean => code.startsWith('http://hl7.org/fhirpath/')
const isAny = (types: readonly TypeChoice[]): boolean =>
  types.some(
    ({ code }) => code === '' || isSystemType(code) || code === 'Resource' || code === 'DomainResource',
  )

/** The types that a profile leaves of those that the base allows; undefined = all. */
function typesLeft(
  types: readonly TypeChoice[] | undefined,
  fields: readonly Field[],
): ReadonlySet<string> | undefined {
  const isOpen = fields.length > 1 || fields[0]?.type === 'Resource' || fields[0]?.json !== fields[0]?.name
  return types && isOpen && !isAny(types) ? new Set(types.map(({ code }) => code)) : undefined
}

/** Checks of an element's values as a whole: how many, of which types, each of them, its slices. */
function compileElement(
  name: string,
  tree: ElementTree,
  ownerType: string,
  compiling: Compiling,
): OwnerCheck | undefined {
  const fields = fieldsNamed(ownerType, name)
  const [field] = fields
  if (!field) {
    compiling.problem(`${name} is no element of ${ownerType} - correct it`)
    return undefined
  }
  const { label } = compiling
  const { rules } = tree
  const min = (rules.min ?? 0) > (field.row.min ?? 0) ? (rules.min ?? 0) : 0
  const max = rules.max ?? Number.POSITIVE_INFINITY
  const baseMax = field.row.max === '*' ? Number.POSITIVE_INFINITY : Number(field.row.max ?? 1)
  const limit = max < baseMax ? max : undefined
  const left = typesLeft(rules.types, fields)
  const perType = new Map<string, ItemCheck | undefined>()
  const checkOf = (type: string): ItemCheck | undefined => {
    if (!perType.has(type)) perType.set(type, compileItem(tree, type, field.row, compiling))
    return perType.get(type)
  }
  for (const { type } of fields) if (!left || left.has(type)) checkOf(type)
  const slices = compileSlices(name, tree, fields, compiling)
  if (min === 0 && limit === undefined && !left && !slices && [...perType.values()].every((each) => !each))
    if (field.type !== 'Resource') return undefined
  const step = field.name
  const known = [...(left ?? [])].join(' or ')
  return (owner, run) => {
    const items = itemsOf(owner, fields)
    if (items.length < min)
      report(run, step, 'required', `is required ${min > 1 ? `${min} times ` : ''}by ${label} - add it`)
    if (limit !== undefined && items.length > limit)
      report(run, step, 'structure', `is allowed ${limit} times by ${label} - remove what is too much`)
    for (const item of items) {
      if (left && !left.has(item.type) && ![...left].some((each) => isType(item.type, each)))
        report(run, item.step, 'structure', `must be of type ${known} by ${label} - correct it`)
      const check = checkOf(item.type)
      if (check) within(item.step, run, () => check(item, run))
    }
    slices?.(items, run)
  }
}

/** Checks of one value of a type. */
export function compileItem(
  tree: ElementTree,
  type: string,
  row: ElementRow | undefined,
  compiling: Compiling,
): ItemCheck | undefined {
  const checks: ItemCheck[] = []
  const { rules } = tree
  const { label, terminology } = compiling
  if (rules.fixed !== undefined) checks.push(fixedCheck(rules.fixed, label))
  if (rules.pattern !== undefined) checks.push(patternCheck(rules.pattern, label))
  const { binding, maxLength } = rules
  if (binding?.strength === 'required' && !isBaseBinding(binding.valueSet, row)) {
    const set = terminology.group(binding.valueSet)
    if (set) checks.push(bindingCheck(set, binding.valueSet, label))
    else compiling.note(`codes of ${binding.valueSet} are not checked: no package that is loaded has it`)
    if (set && !set.known)
      compiling.note(`codes of ${binding.valueSet} are taken as they are: a part of it is in no package`)
  }
  if (maxLength !== undefined) checks.push(lengthCheck(maxLength, label))
  for (const bound of boundChecks(rules, label)) checks.push(bound)
  const choice = rules.types?.find(({ code }) => code === type || isSystemType(code))
  if (choice && choice.profiles.length > 0) checks.push(profileCheck(choice.profiles, label))
  const all = rules.types ?? []
  if (type === 'Reference') checks.push(...compileReference(all, row, compiling))
  for (const constraint of rules.constraints ?? []) {
    if (isBaseConstraint(constraint.key, constraint.source, constraint.expression)) continue
    const check = compileConstraint(constraint, compiling)
    if (check) checks.push(check)
  }
  const children = compileChildren(tree, type, compiling)
  if (children) checks.push((item, run) => children(ownerOf(item), run))
  const [first] = checks
  if (checks.length < 2) return first
  return (item, run) => {
    for (const check of checks) check(item, run)
  }
}

/** Children of a value; undefined when nothing is asked of any. */
function compileChildren(tree: ElementTree, type: string, compiling: Compiling): OwnerCheck | undefined {
  if (tree.children.size === 0) return undefined
  if (!ELEMENTS[type]) {
    // Of a primitive only id, extension and the value itself, which its own type says.
    const extensions = tree.children.get('extension')
    return extensions && compileElement('extension', extensions, 'Element', compiling)
  }
  const checks: OwnerCheck[] = []
  for (const [name, child] of tree.children) {
    const check = compileElement(name, child, type, compiling)
    if (check) checks.push(check)
  }
  if (checks.length === 0) return undefined
  return (owner, run) => {
    for (const check of checks) check(owner, run)
  }
}

const withoutVersion = (url: string): string => url.split('|')[0] ?? ''
const isBaseBinding = (valueSet: string, row: ElementRow | undefined): boolean =>
  row?.binding?.[0] === 'required' && row.binding[1] === withoutVersion(valueSet)

/** Rules that every snapshot repeats: checked with the base, or advice of it. */
const EVERYWHERE = new Set(['ele-1', 'ext-1', 'txt-1', 'txt-2', 'dom-6', 'con-3'])
const R4 = 'http://hl7.org/fhir/StructureDefinition/'
const BASE_SOURCES = new Set(['DomainResource', 'Resource', 'Element', 'BackboneElement'])

function isBaseConstraint(key: string, source: string, expression: string): boolean {
  if (EVERYWHERE.has(key) || INVARIANTS[key]?.expression === expression) return true
  const type = source.startsWith(R4) ? source.slice(R4.length) : source
  return BASE_SOURCES.has(type) || ELEMENTS[type] !== undefined
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value)
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`
}

const fixedCheck = (fixed: unknown, label: string): ItemCheck => {
  const wanted = shown(fixed)
  return ({ value }, run) => {
    if (!(fits(fixed, value) && fits(value, fixed)))
      report(run, '', 'value', `must be ${wanted} by ${label} - correct it`)
  }
}

const patternCheck = (pattern: unknown, label: string): ItemCheck => {
  const wanted = shown(pattern)
  return ({ value }, run) => {
    if (!fits(pattern, value)) report(run, '', 'value', `must have ${wanted} by ${label} - correct it`)
  }
}

const bindingCheck =
  (set: CodeGroup, url: string, label: string): ItemCheck =>
  ({ value }, run) => {
    if (isCodeOf(set, value) === false)
      report(
        run,
        '',
        'code-invalid',
        `is not a code of ${url}, which ${label} requires - use one of its codes`,
      )
  }

/** Of numbers and times; where precision does not tell, nothing is said. */
function boundChecks({ minValue, maxValue }: ElementRules, label: string): readonly ItemCheck[] {
  const check =
    (bound: unknown, sign: 1 | -1, what: string): ItemCheck =>
    (item, run) => {
      const way = compare(item, { value: bound, type: item.type })
      if (way !== undefined && way * sign > 0)
        report(run, '', 'value', `is ${what} ${shown(bound)}, the limit of ${label} - correct it`)
    }
  return [
    ...(minValue === undefined || isObject(minValue) ? [] : [check(minValue, -1, 'below')]),
    ...(maxValue === undefined || isObject(maxValue) ? [] : [check(maxValue, 1, 'above')]),
  ]
}

const lengthCheck =
  (maxLength: number, label: string): ItemCheck =>
  ({ value }, run) => {
    if (typeof value === 'string' && value.length > maxLength)
      report(run, '', 'too-long', `has more than ${maxLength} characters, the limit of ${label} - shorten it`)
  }

/** A value of one of several profiles: with more than one it is enough to fit any. */
function profileCheck(urls: readonly string[], label: string): ItemCheck {
  const [only, ...more] = urls
  if (only !== undefined && more.length === 0) return (item, run) => run.conform(item, only, run)
  return (item, run) => {
    const isOne = urls.some((url) => {
      const inner: Run = { ...run, findings: [], seen: new Map() }
      inner.conform(item, url, inner)
      return inner.findings.every(({ severity }) => severity !== 'error')
    })
    if (!isOne)
      report(run, '', 'invalid', `fits none of ${urls.join(', ')}, as ${label} asks - see each of them`)
  }
}
