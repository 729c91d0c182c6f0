// The values of one search parameter as a condition, by the parameter's type and its modifier
// (http://hl7.org/fhir/R4/search.html#modifiers).
import type { Filter } from './filter.ts'
import { readPlaces } from './filter-near.ts'
import { type FilterRead, isComplete, type Reading, refuse, treeOf } from './filter-read.ts'
import { soundsOf } from './phonetic.ts'
import { parseReference } from './reference.ts'
import { compositeParam } from './search-composite.ts'
import type { SearchParam } from './search-params.ts'
import { CONTACT_PARAMS, contactForms, normaliseText, SOUND_PARAM } from './search-text.ts'
import {
  parseDate,
  parseNumber,
  parseToken,
  splitUnescaped,
  type TokenValue,
  unescapeValue,
} from './search-value.ts'
import { codesAbove, codesBelow, codesIn, systemsWith } from './terminology.ts'
import { inEveryUnit } from './units.ts'

/** `values` are not empty and keep their escapes. */
export function readValues(
  param: SearchParam,
  modifier: string | undefined,
  values: readonly string[],
  reading: Reading,
): FilterRead {
  const { code } = param
  if (code === '_id') {
    const filter = { kind: 'id', ids: values.map(unescapeValue) } as const
    return { filter: modifier === 'not' ? { kind: 'not', filter } : filter }
  }
  switch (param.type) {
    case 'token':
      return readTokenValues(param, modifier, values, reading)
    case 'uri':
      return readUris(param, modifier, values, reading)
    case 'string': {
      if (code === SOUND_PARAM) return readSounds(param, values, reading)
      const match = modifier === 'exact' || modifier === 'contains' ? modifier : 'starts'
      return { filter: { kind: 'string', param: code, match, values: texts(values) } }
    }
    case 'reference':
      return readReferenceValues(param, modifier, values, reading)
    case 'date': {
      const dates = values.map((value) => parseDate(value, reading.zone, reading.now))
      if (!isComplete(dates))
        return refuse(reading.name, 'is not a date - use YYYY-MM-DD or a time with its zone')
      return { filter: { kind: 'date', param: code, values: dates } }
    }
    case 'composite':
      return readComposites(param, values, reading)
    case 'special':
      return readPlaces(param, values, reading)
    default: {
      const numbers = values.map((value) => parseNumber(value, param.type === 'quantity'))
      if (!isComplete(numbers)) return refuse(reading.name, 'is not a number - use 5.4 or 5.4|system|unit')
      return { filter: { kind: 'number', param: code, values: numbers.flatMap(inEveryUnit) } }
    }
  }
}

export function texts(values: readonly string[]): { text: string; raw: string }[] {
  return values.map((value) => {
    const raw = unescapeValue(value)
    return { text: normaliseText(raw), raw }
  })
}

function readTokenValues(
  param: SearchParam,
  modifier: string | undefined,
  values: readonly string[],
  reading: Reading,
): FilterRead {
  switch (modifier) {
    case 'text':
      return { filter: { kind: 'text', param: param.code, match: 'starts', values: texts(values) } }
    case 'in':
    case 'not-in':
      return readCodeSets(param, modifier === 'not-in', values, reading)
    case 'above':
    case 'below':
      return readRelated(param, modifier, values, reading)
    case 'of-type':
      return readTyped(param, values, reading)
    default:
      return readTokens(param, modifier === 'not', values, reading)
  }
}

const NO_TOKEN = 'is not a token - use code, system|code, |code or system|'

function readTokens(
  param: SearchParam,
  not: boolean,
  values: readonly string[],
  reading: Reading,
): FilterRead {
  const tokens = values.map(parseToken)
  if (!isComplete(tokens)) return refuse(reading.name, NO_TOKEN)
  const forms = CONTACT_PARAMS.has(param.code) ? tokens.flatMap(contactTokens) : tokens
  return { filter: tokenFilter(param, not, forms) }
}

function tokenFilter({ code, rows }: SearchParam, not: boolean, values: readonly TokenValue[]) {
  return { kind: rows === 'identifiers' ? 'identifier' : 'token', param: code, not, values } as const
}

function contactTokens({ system, code }: TokenValue): TokenValue[] {
  return code === undefined ? [{ system, code }] : contactForms(code).map((form) => ({ system, code: form }))
}

/** All words of a value have to be heard. */
function readSounds(param: SearchParam, values: readonly string[], { name }: Reading): FilterRead {
  const filters: Filter[] = []
  for (const value of values) {
    const words = soundsOf(unescapeValue(value)).map((code) =>
      tokenFilter(param, false, [{ system: undefined, code }]),
    )
    const [first] = words
    if (!first) return refuse(name, 'needs a name - give one word or several')
    filters.push(words.length === 1 ? first : { kind: 'all', filters: words })
  }
  const [first] = filters
  return { filter: filters.length === 1 && first ? first : { kind: 'any', filters } }
}

/** Values that stand for several codes. Elements of type code are kept without a system. */
function codeTokens(param: SearchParam, codes: readonly { system: string; code: string }[]): TokenValue[] {
  const plain = param.types.has('code')
  return codes.map(({ system, code }) => ({ system: plain ? undefined : system, code }))
}

/** Codes of the value sets of one parameter. */
const maxSetCodes = 5_000

function readCodeSets(
  param: SearchParam,
  not: boolean,
  values: readonly string[],
  reading: Reading,
): FilterRead {
  const known = reading.codesIn ?? codesIn
  const sets = values.map((value) => known(unescapeValue(value)))
  if (!isComplete(sets)) {
    const text = 'names a value set that is not carried here - list its codes, separated by commas'
    return refuse(reading.name, text, 'not-supported')
  }
  const codes = codeTokens(param, sets.flat())
  return codes.length > maxSetCodes
    ? refuse(
        reading.name,
        `stands for more than ${maxSetCodes} codes - list those that are meant`,
        'too-costly',
      )
    : { filter: tokenFilter(param, not, codes) }
}

function readRelated(
  param: SearchParam,
  direction: 'above' | 'below',
  values: readonly string[],
  reading: Reading,
): FilterRead {
  const tokens = values.map(parseToken)
  if (!isComplete(tokens)) return refuse(reading.name, NO_TOKEN)
  const relatives = direction === 'above' ? codesAbove : codesBelow
  const codes = tokens.flatMap(({ system, code }: TokenValue) => {
    if (code === undefined) return []
    const systems = system === undefined ? systemsWith(code) : [system]
    const found = systems.flatMap((each) =>
      relatives(each, code).map((related) => ({ system: each, code: related })),
    )
    return codeTokens(param, found).concat({ system, code })
  })
  return codes.length > 0 ? { filter: tokenFilter(param, false, codes) } : refuse(reading.name, NO_TOKEN)
}

function readTyped({ code: param }: SearchParam, values: readonly string[], { name }: Reading): FilterRead {
  const typed = values.map((value) => {
    const [system = '', code = '', id = '', ...more] = splitUnescaped(value, '|').map(unescapeValue)
    return more.length > 0 || code === '' || id === '' ? undefined : { system, code, value: id }
  })
  if (!isComplete(typed)) return refuse(name, 'needs the type - use system|code|value with :of-type')
  return { filter: { kind: 'typed', param, values: typed } }
}

function readUris(
  param: SearchParam,
  modifier: string | undefined,
  values: readonly string[],
  { name }: Reading,
): FilterRead {
  const uris = values.map(unescapeValue)
  if (modifier !== 'above' && modifier !== 'below')
    return {
      filter: tokenFilter(
        param,
        false,
        uris.map((code) => ({ system: undefined, code })),
      ),
    }
  if (!uris.every((uri) => /^[a-z][a-z0-9+.-]*:\/\//i.test(uri)))
    return refuse(name, `takes URLs with :${modifier} - a URN has no path`)
  return { filter: { kind: 'uri', param: param.code, direction: modifier, values: uris } }
}

function readReferenceValues(
  param: SearchParam,
  modifier: string | undefined,
  values: readonly string[],
  reading: Reading,
): FilterRead {
  if (modifier === 'identifier')
    return readTokens(
      { ...param, code: `${param.code}:identifier`, rows: 'identifiers' },
      false,
      values,
      reading,
    )
  if (modifier === 'above' || modifier === 'below') {
    const tree = treeOf(param.targets)
    if (!tree) return refuse(reading.name, 'points to nothing that has a hierarchy', 'not-supported')
    const targets = targetsOf({ ...param, targets: [tree.type] }, undefined, values, reading)
    if ('issue' in targets) return targets
    const ids = targets.flatMap((each) => {
      const parsed = parseReference(each)
      return parsed?.type === tree.type && parsed.base === undefined ? [parsed.id] : []
    })
    return { filter: { kind: 'tree', param: param.code, ...tree, direction: modifier, ids } }
  }
  const targets = targetsOf(param, modifier, values, reading)
  return 'issue' in targets ? targets : { filter: { kind: 'reference', param: param.code, targets } }
}

function targetsOf(
  param: SearchParam,
  type: string | undefined,
  values: readonly string[],
  reading: Reading,
): string[] | ReturnType<typeof refuse> {
  const types = type === undefined ? param.targets : [type]
  const targets: string[] = []
  for (const value of values) {
    const reference = relative(unescapeValue(value), reading.baseUrl)
    const isBareId = /^[A-Za-z0-9.-]{1,64}$/.test(reference)
    const named = parseReference(reference)?.type
    // What is asked for as one type and written as another is nothing.
    if (type !== undefined && named !== undefined && named !== type) continue
    if (!isBareId) targets.push(withoutVersion(reference))
    else if (types.length === 0) return refuse(reading.name, 'needs the type of its target - use Type/id')
    else for (const each of types) targets.push(`${each}/${reference}`)
  }
  return targets
}

function relative(reference: string, baseUrl: string | undefined): string {
  const base = baseUrl === undefined ? undefined : `${baseUrl}/`
  return base !== undefined && reference.startsWith(base) ? reference.slice(base.length) : reference
}

function withoutVersion(reference: string): string {
  const history = reference.indexOf('/_history/')
  return history >= 0 && parseReference(reference) ? reference.slice(0, history) : reference
}

/** `code$value`: the token names the rows that the other part is looked for in. */
function readComposites(param: SearchParam, values: readonly string[], reading: Reading): FilterRead {
  const { composite } = param
  if (!composite) return refuse(reading.name, 'is no composite')
  const filters = []
  for (const value of values) {
    const parts = splitUnescaped(value, '$')
    const token = parseToken(parts[composite.token] ?? '')
    const other = parts[1 - composite.token]
    if (parts.length !== 2 || !token || !other) return refuse(reading.name, 'has two parts - use code$value')
    const type = composite.valueType as SearchParam['type']
    const { composite: _, ...rest } = param
    const part = { ...rest, code: compositeParam(param.code, token), type, rows: composite.rows }
    const read = readValues(part, undefined, [other], reading)
    if (!('filter' in read)) return read
    filters.push(read.filter)
  }
  const [first] = filters
  return { filter: filters.length === 1 && first ? first : { kind: 'any', filters } }
}
