// Paths of the `fhir` column: FHIR elements, extensions by url, and facts that begin with '$' (mapping
// guidelines).
import { elements } from './elements.generated.ts'

/** One step of a path; `url` for extension('...'), `many` when the element repeats, `index` for name[0]. */
export interface Step {
  readonly key: string
  readonly many: boolean
  readonly url?: string
  readonly index?: number
  /** FHIR type of what the step holds; '' when nobody knows (facts). */
  readonly type: string
}

/** A path divided at the cell: `cell` is what is asserted, `rest` lies inside the value or its items. */
export interface ElementPath {
  readonly cell: string
  readonly many: boolean
  readonly index?: number
  /** Set for extension('url'): items begin as { url }. */
  readonly url?: string
  readonly rest: readonly Step[]
  /** FHIR type of the items of the cell and of the element written; '' when unknown. */
  readonly itemType: string
  readonly type: string
  /** First step that R4 does not have. */
  readonly unknown?: string
}

/** Things that are no resource borrow the elements of one. */
const borrowed: Readonly<Record<string, string>> = {
  FinancialTransaction: 'ChargeItem',
  'Appointment.service': 'Appointment',
  BedStatus: 'Location',
  Staff: 'Practitioner',
  StaffRole: 'PractitionerRole',
  MasterPlace: 'Location',
  MasterService: 'HealthcareService',
}

/** The resource, or the part of one, whose elements a thing has: ChargeItem of a FinancialTransaction. */
export const borrowedType = (type: string): string => borrowed[type] ?? type

/** 'HumanName*' of Patient.name; undefined when the type has no such element. */
export function elementType(type: string, key: string): string | undefined {
  return elements[borrowed[type] ?? type]?.[key]
}

/** True for types whose elements are known. */
export function isKnownType(type: string): boolean {
  return elements[borrowed[type] ?? type] !== undefined
}

const TOKEN = /^(\$?_?[A-Za-z][A-Za-z0-9]*)(?:\('([^']*)'\))?(?:\[(\d*)\])?(?:\.|$)/

interface Token {
  readonly key: string
  readonly url?: string
  readonly list: boolean
  readonly index?: number
}

function tokens(path: string): readonly Token[] | undefined {
  const found: Token[] = []
  let rest = path
  while (rest !== '') {
    const match = TOKEN.exec(rest)
    if (!match?.[1]) return undefined
    const [all, key, url, index] = match
    found.push({
      key,
      list: index === '',
      ...(url !== undefined && { url }),
      ...(index ? { index: Number(index) } : {}),
    })
    rest = rest.slice(all.length)
  }
  return found.length > 0 ? found : undefined
}

/** A parsed path under a type; undefined when it is no path at all. */
export function parseElementPath(type: string, path: string): ElementPath | undefined {
  const found = tokens(path)
  const head = found?.[0]
  if (!found || !head) return undefined
  if (head.key.startsWith('$') || head.url !== undefined || head.key.startsWith('_'))
    return headed(found, head)
  const all = steps(type, found)
  const stop = all.steps.findIndex((step) => step.many)
  const at = stop < 0 ? all.steps.length - 1 : stop
  const last = all.steps[at]
  if (!last) return undefined
  return {
    cell: all.steps
      .slice(0, at + 1)
      .map((step) => (step.url === undefined ? step.key : `${step.key}('${step.url}')`))
      .join('.'),
    // Of an extension inside an element the url tells which one is meant: it is one.
    many: last.many && last.url === undefined,
    ...(last.url !== undefined && { url: last.url }),
    ...(last.index !== undefined && { index: last.index }),
    rest: all.steps.slice(at + 1),
    itemType: last.type,
    type: all.steps.at(-1)?.type ?? '',
    ...(all.unknown !== undefined && { unknown: all.unknown }),
  }
}

/** All steps of a path inside a value of a type, extensions and companions included. */
export function parseSteps(
  type: string,
  path: string,
): { readonly steps: readonly Step[]; readonly unknown?: string } | undefined {
  const found = tokens(path)
  return found && steps(type, found)
}

// Facts, extensions and companions of primitives (_birthDate): the first step is the cell.
function headed(found: readonly Token[], head: Token): ElementPath {
  const fact = head.key.startsWith('$')
  const itemType = fact ? '' : head.url === undefined ? 'Element' : 'Extension'
  // Parts of one extension are said by fields of their own: each is a cell.
  const nested = head.url !== undefined && found[1]?.url !== undefined ? found[1] : undefined
  const inner = steps(itemType, found.slice(nested ? 2 : 1))
  const url = nested?.url ?? head.url
  return {
    cell:
      head.url === undefined ? head.key : `extension('${head.url}')${nested ? `.extension('${url}')` : ''}`,
    many: fact && head.list,
    ...(url !== undefined && { url }),
    rest: inner.steps,
    itemType,
    type: inner.steps.at(-1)?.type ?? itemType,
    ...(inner.unknown !== undefined && { unknown: inner.unknown }),
  }
}

function steps(type: string, found: readonly Token[]): { readonly steps: Step[]; readonly unknown?: string } {
  const made: Step[] = []
  let at = type
  let unknown: string | undefined
  for (const token of found) {
    const companion = token.key.startsWith('_')
    const declared = companion
      ? 'Element'
      : token.url !== undefined
        ? 'Extension*'
        : elementType(at, token.key)
    if (declared === undefined && at !== '') unknown ??= `${at}.${token.key}`
    const many = declared === undefined ? token.list : declared.endsWith('*')
    const next = (declared ?? '').replace(/\*$/, '')
    made.push({
      key: token.key,
      many,
      ...(token.url !== undefined && { url: token.url }),
      ...(token.index !== undefined && { index: token.index }),
      type: next,
    })
    at = next.replace(/\(.*/, '')
  }
  return unknown === undefined ? { steps: made } : { steps: made, unknown }
}

/** Something under construction. */
export type Draft = Record<string, unknown>

function isDraft(value: unknown): value is Draft {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Writes a value at a path inside an item, making what lies between. Keys come from rows, never from
 * messages.
 */
export function put(item: Draft, path: readonly Step[], value: unknown): void {
  const only = path[0]
  if (path.length === 1 && only && !only.many && only.url === undefined) {
    item[only.key] = value
    return
  }
  let at = item
  const last = path.length - 1
  for (let i = 0; i <= last; i++) {
    const step = path[i]
    if (!step) return
    if (i === last && step.url === undefined) {
      if (!step.many) at[step.key] = value
      else listAt(at, step.key).push(value)
      return
    }
    at = descend(at, step)
    if (i === last) Object.assign(at, value)
  }
}

function listAt(at: Draft, key: string): unknown[] {
  const known = at[key]
  if (Array.isArray(known)) return known
  const list: unknown[] = []
  at[key] = list
  return list
}

function descend(at: Draft, step: Step): Draft {
  if (!step.many) {
    const known = at[step.key]
    if (isDraft(known)) return known
    const made: Draft = {}
    at[step.key] = made
    return made
  }
  const list = listAt(at, step.key)
  const found =
    step.url === undefined
      ? list[step.index ?? 0]
      : list.find((entry) => isDraft(entry) && entry.url === step.url)
  if (isDraft(found)) return found
  const made: Draft = step.url === undefined ? {} : { url: step.url }
  list.push(made)
  return made
}
