// One search parameter of a request as a condition: modifiers, chains, _has, and the parameters that every type has
// (http://hl7.org/fhir/R4/search.html#modifiers, #chaining, #has).
import type { Filter } from './filter.ts'
import { readExpression } from './filter-expression.ts'
import {
  type FilterContext,
  type FilterRead,
  modifiersOf,
  type Reading,
  refuse,
  shown,
  unknownParam,
} from './filter-read.ts'
import { readValues } from './filter-values.ts'
import { type SearchParam, searchParam } from './search-params.ts'
import { splitUnescaped, unescapeValue } from './search-value.ts'
import { isServedType, SERVED_TYPES } from './types.ts'

/** Reads `name=value` of a search for `type`. `value` is decoded from its URL form, with its backslashes. */
export function parseFilter(type: string, name: string, value: string, context: FilterContext): FilterRead {
  return readFilter(type, name, value, { ...context, name, depth: 0 })
}

type Special = (type: string, value: string, reading: Reading) => FilterRead

/** Parameters of every type that are no search parameters of its elements. */
const SPECIALS: ReadonlyMap<string, Special> = new Map<string, Special>([
  ['_filter', (type, value, reading) => readExpression(type, value, reading, readFilter)],
  ['_list', (type, value, reading) => readList(type, value, reading)],
  ['_text', (_type, value, reading) => readWords('text', value, reading)],
  ['_content', (_type, value, reading) => readWords('content', value, reading)],
])

/** Names of them, for /metadata. */
export const SPECIAL_NAMES: readonly string[] = [...SPECIALS.keys()]

function readList(type: string, value: string, reading: Reading): FilterRead {
  const ids = splitUnescaped(value, ',').map((each) => unescapeValue(each).replace(/^List\//, ''))
  // Functional lists such as $current-problems are not kept here.
  if (ids.some((id) => id.startsWith('$'))) return { unknown: unknownParam(type, reading.name) }
  if (!ids.every((id) => /^[A-Za-z0-9.-]{1,64}$/.test(id)) || ids.length > reading.maxValues)
    return refuse(reading.name, 'is no List - use its id')
  return { filter: { kind: 'list', ids } }
}

function readWords(where: 'text' | 'content', value: string, reading: Reading): FilterRead {
  const values = splitUnescaped(value, ',').map(unescapeValue)
  if (!values.every((each) => /[\p{L}\p{N}]/u.test(each)))
    return refuse(reading.name, 'needs words to look for')
  return { filter: { kind: 'words', where, values } }
}

function readFilter(type: string, name: string, value: string, reading: Reading): FilterRead {
  if (name.startsWith('_has:')) return readHas(type, name, value, reading)
  const special = SPECIALS.get(name)
  if (special) return special(type, value, reading)
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
  const modifiers = modifiersOf(param)
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
  let refusal: FilterRead | undefined
  for (const target of targets) {
    if (!isServedType(target)) continue
    const read = readFilter(target, rest, value, { ...reading, depth: reading.depth + 1 })
    // Of several types it is enough that one understands the rest.
    if ('issue' in read) refusal ??= read
    if ('filter' in read) alternatives.push({ type: target, filter: read.filter })
  }
  if (alternatives.length === 0) return refusal ?? { unknown: unknownParam(type, reading.name) }
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
