// One search parameter of a request as a condition (http://hl7.org/fhir/R4/search.html#modifiers, #chaining,
// #has).
import type { ZoneOffset } from './date.ts'
import type { Issue, IssueCode } from './issue.ts'
import { parseReference } from './reference.ts'
import { COLUMN_PARAMS, type SearchParam, searchParam } from './search-params.ts'
import { CONTACT_PARAMS, contactForms, normaliseText } from './search-text.ts'
import {
  type DateValue,
  type NumberValue,
  parseDate,
  parseNumber,
  parseToken,
  splitUnescaped,
  type TokenValue,
  unescapeValue,
} from './search-value.ts'
import { isServedType, SERVED_TYPES } from './types.ts'

/**
 * A condition on resources of one type; any of its values may hold. The kind says which rows of indexResource
 * it looks at; `id` and the param `_lastUpdated` of `date` are columns of the store.
 */
export type Filter =
  | { readonly kind: 'id'; readonly ids: readonly string[] }
  | TokenFilter
  | {
      readonly kind: 'string' | 'text'
      readonly param: string
      readonly match: 'starts' | 'contains' | 'exact'
      readonly values: readonly { readonly text: string; readonly raw: string }[]
    }
  | { readonly kind: 'reference'; readonly param: string; readonly targets: readonly string[] }
  | { readonly kind: 'date'; readonly param: string; readonly values: readonly DateValue[] }
  | { readonly kind: 'number'; readonly param: string; readonly values: readonly NumberValue[] }
  | { readonly kind: 'missing'; readonly param: string; readonly missing: boolean }
  | ChainFilter
  | HasFilter

/** `token`: rows in IndexRows.tokens; `identifier`: in IndexRows.identifiers. */
export interface TokenFilter {
  readonly kind: 'token' | 'identifier'
  readonly param: string
  /** `:not`: no value of the parameter is one of these. */
  readonly not: boolean
  readonly values: readonly TokenValue[]
}

/** The reference `param` points to a resource of one of these types for which its filter holds. */
export interface ChainFilter {
  readonly kind: 'chain'
  readonly param: string
  readonly alternatives: readonly { readonly type: string; readonly filter: Filter }[]
}

/** A resource of `type` points here by its `param`, and the filter holds for it. */
export interface HasFilter {
  readonly kind: 'has'
  readonly type: string
  readonly param: string
  readonly filter: Filter
}

/** Modifiers by type of parameter; `:[type]` of references is a resource type. */
export const MODIFIERS: Readonly<Record<string, readonly string[]>> = {
  token: ['missing', 'not', 'text'],
  string: ['missing', 'exact', 'contains'],
  reference: ['missing', 'identifier'],
  date: ['missing'],
  number: ['missing'],
  quantity: ['missing'],
  uri: ['missing'],
}

export interface FilterContext {
  readonly zone: ZoneOffset
  /** Own base URL without a slash at the end: references that begin with it are relative. */
  readonly baseUrl: string | undefined
  readonly maxValues: number
  readonly maxChainDepth: number
}

/** A parameter read: a condition; a parameter that nobody knows; or a request that cannot be answered. */
export type FilterRead = { readonly filter: Filter } | { readonly unknown: Issue } | { readonly issue: Issue }

const MAX_SHOWN_CHARS = 64

/** A name from a request, fit for an answer. */
function shown(name: string): string {
  return name.slice(0, MAX_SHOWN_CHARS).replace(/[^\w.:_-]/g, '?')
}

function refuse(name: string, text: string, code: IssueCode = 'invalid'): { readonly issue: Issue } {
  return { issue: { severity: 'error', code, diagnostics: `Search parameter ${shown(name)}: ${text}` } }
}

export function unknownParam(type: string, name: string): Issue {
  const text = `is not known for ${type} and was ignored - see ${type} in /metadata for those that are`
  return {
    severity: 'warning',
    code: 'not-supported',
    diagnostics: `Search parameter ${shown(name)}: ${text}`,
  }
}

/** Reads `name=value` of a search for `type`. `value` is decoded from its URL form, with its backslashes. */
export function parseFilter(type: string, name: string, value: string, context: FilterContext): FilterRead {
  return readFilter(type, name, value, { ...context, name, depth: 0 })
}

interface Reading extends FilterContext {
  /** As in the request, for issues. */
  readonly name: string
  readonly depth: number
}

function readFilter(type: string, name: string, value: string, reading: Reading): FilterRead {
  if (name.startsWith('_has:')) return readHas(type, name, value, reading)
  const dot = name.indexOf('.')
  if (dot >= 0) return readChain(type, name, dot, value, reading)
  const colon = name.indexOf(':')
  const code = colon < 0 ? name : name.slice(0, colon)
  const modifier = colon < 0 ? undefined : name.slice(colon + 1)
  const param = searchParam(type, code)
  if (!param) return { unknown: unknownParam(type, reading.name) }
  const values = splitUnescaped(value, ',').filter((part) => part !== '')
  if (values.length > reading.maxValues) {
    return refuse(reading.name, `has more than ${reading.maxValues} values - split the search`, 'too-costly')
  }
  if (values.length === 0) return refuse(reading.name, 'has no value - give one or leave the parameter out')
  const isType = param.type === 'reference' && modifier !== undefined && isServedType(modifier)
  const modifiers = COLUMN_PARAMS.has(code) ? [] : (MODIFIERS[param.type] ?? [])
  if (modifier !== undefined && !isType && !modifiers.includes(modifier)) {
    const known = modifiers.map((each) => `:${each}`).join(' ') || 'none'
    return refuse(reading.name, `does not have this modifier - use ${known}`, 'not-supported')
  }
  if (modifier === 'missing') return readMissing(param, value, reading)
  return readValues(param, modifier, values, reading)
}

function readMissing(param: SearchParam, value: string, reading: Reading): FilterRead {
  if (value !== 'true' && value !== 'false')
    return refuse(reading.name, 'must be true or false with :missing')
  return { filter: { kind: 'missing', param: param.code, missing: value === 'true' } }
}

function readValues(
  param: SearchParam,
  modifier: string | undefined,
  values: readonly string[],
  reading: Reading,
): FilterRead {
  const { code } = param
  if (code === '_id') return { filter: { kind: 'id', ids: values.map(unescapeValue) } }
  switch (param.type) {
    case 'token':
      return modifier === 'text'
        ? { filter: { kind: 'text', param: code, match: 'starts', values: texts(values) } }
        : readTokens(param, modifier === 'not', values, reading)
    case 'uri':
      return readTokens(param, false, values, reading)
    case 'string': {
      const match = modifier === 'exact' || modifier === 'contains' ? modifier : 'starts'
      return { filter: { kind: 'string', param: code, match, values: texts(values) } }
    }
    case 'reference':
      return modifier === 'identifier'
        ? readTokens({ ...param, code: `${code}:identifier`, rows: 'identifiers' }, false, values, reading)
        : readReferences(param, modifier, values, reading)
    case 'date': {
      const dates = values.map((value) => parseDate(value, reading.zone))
      if (!isComplete(dates))
        return refuse(reading.name, 'is not a date - use YYYY-MM-DD or a time with its zone')
      return { filter: { kind: 'date', param: code, values: dates } }
    }
    default: {
      const numbers = values.map((value) => parseNumber(value, param.type === 'quantity'))
      if (!isComplete(numbers)) return refuse(reading.name, 'is not a number - use 5.4 or 5.4|system|unit')
      return { filter: { kind: 'number', param: code, values: numbers } }
    }
  }
}

function isComplete<T>(values: readonly (T | undefined)[]): values is readonly T[] {
  return !values.includes(undefined)
}

function texts(values: readonly string[]): { text: string; raw: string }[] {
  return values.map((value) => {
    const raw = unescapeValue(value)
    return { text: normaliseText(raw), raw }
  })
}

function readTokens(
  param: SearchParam,
  not: boolean,
  values: readonly string[],
  reading: Reading,
): FilterRead {
  const isUri = param.type === 'uri'
  const tokens: readonly (TokenValue | undefined)[] = values.map((value) =>
    isUri ? { system: undefined, code: unescapeValue(value) } : parseToken(value),
  )
  if (!isComplete(tokens))
    return refuse(reading.name, 'is not a token - use code, system|code, |code or system|')
  const forms = CONTACT_PARAMS.has(param.code) ? tokens.flatMap(contactTokens) : tokens
  const kind = param.rows === 'identifiers' ? 'identifier' : 'token'
  return { filter: { kind, param: param.code, not, values: forms } }
}

function contactTokens({ system, code }: TokenValue): TokenValue[] {
  return code === undefined ? [{ system, code }] : contactForms(code).map((form) => ({ system, code: form }))
}

function readReferences(
  param: SearchParam,
  modifier: string | undefined,
  values: readonly string[],
  reading: Reading,
): FilterRead {
  const types = modifier === undefined ? param.targets : [modifier]
  const targets: string[] = []
  for (const value of values) {
    const reference = relative(unescapeValue(value), reading.baseUrl)
    const isBareId = /^[A-Za-z0-9.-]{1,64}$/.test(reference)
    if (!isBareId) targets.push(withoutVersion(reference))
    else if (types.length === 0) return refuse(reading.name, 'needs the type of its target - use Type/id')
    else for (const type of types) targets.push(`${type}/${reference}`)
  }
  return { filter: { kind: 'reference', param: param.code, targets } }
}

function relative(reference: string, baseUrl: string | undefined): string {
  const base = baseUrl === undefined ? undefined : `${baseUrl}/`
  return base !== undefined && reference.startsWith(base) ? reference.slice(base.length) : reference
}

function withoutVersion(reference: string): string {
  const history = reference.indexOf('/_history/')
  return history >= 0 && parseReference(reference) ? reference.slice(0, history) : reference
}

function readChain(type: string, name: string, dot: number, value: string, reading: Reading): FilterRead {
  const [code = '', modifier] = name.slice(0, dot).split(':')
  const rest = name.slice(dot + 1)
  const param = searchParam(type, code)
  if (!param) return { unknown: unknownParam(type, reading.name) }
  if (param.type !== 'reference')
    return refuse(reading.name, `cannot be chained - ${shown(code)} is no reference`)
  if (reading.depth >= reading.maxChainDepth) {
    return refuse(reading.name, `has more than ${reading.maxChainDepth} links - shorten it`, 'too-costly')
  }
  if (modifier !== undefined && !isServedType(modifier)) {
    return refuse(
      reading.name,
      'names a type that this server does not have - see /metadata',
      'not-supported',
    )
  }
  const targets =
    modifier !== undefined ? [modifier] : param.targets.length > 0 ? param.targets : SERVED_TYPES
  const alternatives: { type: string; filter: Filter }[] = []
  for (const target of targets) {
    if (!isServedType(target)) continue
    const read = readFilter(target, rest, value, { ...reading, depth: reading.depth + 1 })
    if ('issue' in read) return read
    if ('filter' in read) alternatives.push({ type: target, filter: read.filter })
  }
  if (alternatives.length === 0) return { unknown: unknownParam(type, reading.name) }
  return { filter: { kind: 'chain', param: code, alternatives } }
}

/** `_has:Type:param:name=value`, where name may have a modifier, a chain or another _has. */
function readHas(type: string, name: string, value: string, reading: Reading): FilterRead {
  const [, source = '', code = '', ...rest] = name.split(':')
  if (rest.length === 0) return refuse(reading.name, 'must be _has:Type:reference:parameter')
  if (reading.depth >= reading.maxChainDepth) {
    return refuse(reading.name, `has more than ${reading.maxChainDepth} links - shorten it`, 'too-costly')
  }
  const param = searchParam(source, code)
  const pointsHere =
    param?.type === 'reference' && (param.targets.length === 0 || param.targets.includes(type))
  if (!pointsHere) return { unknown: unknownParam(type, reading.name) }
  const read = readFilter(source, rest.join(':'), value, { ...reading, depth: reading.depth + 1 })
  return 'filter' in read ? { filter: { kind: 'has', type: source, param: code, filter: read.filter } } : read
}
