// What values of each FHIR type give to each type of search parameter: index rows
// (http://hl7.org/fhir/R4/search.html#token and the sections beside it).
import { parseTime } from './date.ts'
import { VALUE_SETS } from './definitions.ts'
import type { Field } from './elements.ts'
import type { Visit } from './path.ts'
import { soundsOf } from './phonetic.ts'
import { parseReference } from './reference.ts'
import type { IndexRows, RowSink } from './search-rows.ts'
import { contactForms, SOUND_PARAM } from './search-text.ts'
import { isObject, type JsonObject } from './types.ts'

type RowVisit = Visit<RowSink>

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function child(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}

function identifierRow(value: unknown, param: string, sink: RowSink): void {
  const id = text(child(value, 'value'))
  if (id !== undefined) sink.identifier(param, text(child(value, 'system')), id)
}

function codingRow(value: unknown, param: string, sink: RowSink): void {
  const code = text(child(value, 'code'))
  if (code !== undefined) sink.token(param, text(child(value, 'system')), code)
  if (sink.withTexts) sink.string(sink.texts, param, child(value, 'display'))
}

function conceptRows(value: unknown, param: string, sink: RowSink): void {
  const codings = child(value, 'coding')
  if (Array.isArray(codings)) for (const coding of codings) codingRow(coding, param, sink)
  if (sink.withTexts) sink.string(sink.texts, param, child(value, 'text'))
}

/** The code system of an element whose required value set has only one. */
function impliedSystem(field: Field | undefined): string | undefined {
  const [strength, url] = field?.row.binding ?? []
  const groups = strength === 'required' && url !== undefined ? VALUE_SETS[url] : undefined
  return groups?.length === 1 ? groups[0]?.system : undefined
}

function tokenLeaf(param: string, type: string, field: Field | undefined): RowVisit | undefined {
  switch (type) {
    case 'Identifier':
      return (value, sink) => identifierRow(value, param, sink)
    case 'CodeableConcept':
      return (value, sink) => conceptRows(value, param, sink)
    case 'Coding':
      return (value, sink) => codingRow(value, param, sink)
    case 'ContactPoint':
      return (value, sink) => {
        const contact = text(child(value, 'value'))
        if (contact === undefined) return
        const system = text(child(value, 'system'))
        for (const form of contactForms(contact)) sink.identifier(param, system, form)
      }
    case 'boolean':
      return (value, sink) => {
        if (typeof value === 'boolean') sink.token(param, undefined, String(value))
      }
    case 'code': {
      const system = impliedSystem(field)
      return (value, sink) => {
        if (typeof value === 'string') sink.token(param, system, value)
      }
    }
    default:
      return type === 'string' || type === 'id' || URI_TYPES.has(type) ? plainToken(param) : undefined
  }
}

function plainToken(param: string): RowVisit {
  return (value, sink) => {
    if (typeof value === 'string') sink.token(param, undefined, value)
  }
}

const URI_TYPES = new Set(['uri', 'url', 'canonical', 'oid', 'uuid'])

/** Profiles are few; sources, endpoints and the like may be as many as resources. */
function isManyUris(param: string): boolean {
  return param !== '_profile'
}

function uriLeaf(param: string, type: string): RowVisit | undefined {
  if (!URI_TYPES.has(type)) return undefined
  const isMany = isManyUris(param)
  return (value, sink) => {
    if (typeof value !== 'string') return
    if (isMany) sink.identifier(param, undefined, value)
    else sink.token(param, undefined, value)
  }
}

function stringRows(value: JsonObject, names: readonly string[], param: string, sink: RowSink): void {
  for (const name of names) {
    const part = value[name]
    if (Array.isArray(part)) for (const item of part) sink.string(sink.strings, param, item)
    else sink.string(sink.strings, param, part)
  }
}

/** Parts of a value that is looked at by strings. */
export const STRING_PARTS: Readonly<Record<string, readonly string[]>> = {
  HumanName: ['family', 'given', 'prefix', 'suffix', 'text'],
  Address: ['line', 'city', 'district', 'state', 'postalCode', 'country', 'text'],
}
const HEARD_PARTS = ['family', 'given', 'text']

function stringLeaf(param: string, type: string): RowVisit | undefined {
  if (param === SOUND_PARAM) return soundLeaf(param, type)
  if (type === 'string' || type === 'markdown')
    return (value, sink) => sink.string(sink.strings, param, value)
  const parts = STRING_PARTS[type]
  return (
    parts &&
    ((value, sink) => {
      if (isObject(value)) stringRows(value, parts, param, sink)
    })
  )
}

/** Sounds are few: they are tokens. */
function soundLeaf(param: string, type: string): RowVisit | undefined {
  if (type !== 'string' && type !== 'HumanName') return undefined
  return (value, sink) => {
    const parts = type === 'string' ? [value] : HEARD_PARTS.flatMap((name) => child(value, name))
    for (const part of parts) {
      if (typeof part === 'string') for (const sound of soundsOf(part)) sink.token(param, undefined, sound)
    }
  }
}

function referenceLeaf(param: string, type: string): RowVisit | undefined {
  if (URI_TYPES.has(type)) {
    return (value, sink) => {
      if (typeof value !== 'string') return
      sink.reference(param, value)
      // A canonical with a version is also found without it.
      const bar = value.indexOf('|')
      if (bar > 0) sink.reference(param, value.slice(0, bar))
    }
  }
  if (type !== 'Reference') return undefined
  return (value, sink) => {
    const reference = text(child(value, 'reference'))
    if (reference !== undefined && !reference.startsWith('#')) sink.reference(param, targetOf(reference))
    identifierRow(child(value, 'identifier'), `${param}:identifier`, sink)
  }
}

/** A literal reference without its version. */
export function targetOf(reference: string): string {
  const history = reference.indexOf('/_history/')
  return history >= 0 && parseReference(reference) ? reference.slice(0, history) : reference
}

function pushDate(param: string, from: unknown, to: unknown, sink: RowSink): void {
  const begin = typeof from === 'string' ? parseTime(from, sink.zone) : undefined
  const end = to === from ? begin : typeof to === 'string' ? parseTime(to, sink.zone) : undefined
  if (!begin && !end) return
  const row = {
    param,
    from: begin?.from ?? Number.NEGATIVE_INFINITY,
    to: end?.to ?? Number.POSITIVE_INFINITY,
  }
  if (row.from < row.to) sink.dates.push(row)
}

function dateLeaf(param: string, type: string): RowVisit | undefined {
  switch (type) {
    case 'date':
    case 'dateTime':
    case 'instant':
      return (value, sink) => pushDate(param, value, value, sink)
    case 'Period':
      return (value, sink) => pushDate(param, child(value, 'start'), child(value, 'end'), sink)
    case 'Timing':
      return (value, sink) => {
        const events = child(value, 'event')
        if (Array.isArray(events)) for (const event of events) pushDate(param, event, event, sink)
        const bounds = child(child(value, 'repeat'), 'boundsPeriod')
        pushDate(param, child(bounds, 'start'), child(bounds, 'end'), sink)
      }
    default:
      return undefined
  }
}

/** Text of a JSON number, also of one that is kept as text. */
function decimalText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return JSON.isRawJSON(value) ? value.rawJSON : undefined
}

const CURRENCIES = 'urn:iso:std:iso:4217'
const QUANTITIES = new Set(['Quantity', 'Age', 'Count', 'Distance', 'Duration'])
const NUMBERS = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt'])

/** Less or more than the amount: a range without an end on that side. */
function quantityRows(value: unknown, param: string, sink: RowSink): void {
  const amount = decimalText(child(value, 'value'))
  if (!amount) return
  const comparator = text(child(value, 'comparator')) ?? ''
  const low = comparator.startsWith('<') ? undefined : amount
  const high = comparator.startsWith('>') ? undefined : amount
  const [code, unit] = [text(child(value, 'code')), text(child(value, 'unit'))]
  sink.numbers.push({ param, low, high, system: text(child(value, 'system')), unit: code ?? unit ?? '' })
  // Who asks without a system may mean the unit as people read it.
  if (code !== undefined && unit !== undefined && unit !== code)
    sink.numbers.push({ param, low, high, system: undefined, unit })
}

function rangeRows(value: unknown, param: string, sink: RowSink): void {
  const [from, to] = [child(value, 'low'), child(value, 'high')]
  const [low, high] = [decimalText(child(from, 'value')), decimalText(child(to, 'value'))]
  const unitOf = (name: string): string | undefined => text(child(from, name)) ?? text(child(to, name))
  if (low !== undefined || high !== undefined)
    sink.numbers.push({
      param,
      low,
      high,
      system: unitOf('system'),
      unit: unitOf('code') ?? unitOf('unit') ?? '',
    })
}

function numberLeaf(param: string, type: string): RowVisit | undefined {
  if (type === 'Money') {
    return (value, sink) => {
      const amount = decimalText(child(value, 'value'))
      const unit = text(child(value, 'currency')) ?? ''
      if (amount) sink.numbers.push({ param, low: amount, high: amount, system: CURRENCIES, unit })
    }
  }
  if (QUANTITIES.has(type)) return (value, sink) => quantityRows(value, param, sink)
  if (type === 'Range') return (value, sink) => rangeRows(value, param, sink)
  if (!NUMBERS.has(type)) return undefined
  return (value, sink) => {
    const amount = decimalText(value)
    if (amount) sink.numbers.push({ param, low: amount, high: amount, system: undefined, unit: '' })
  }
}

/** In which rows the values of a FHIR type end, for a parameter of a search type. */
export function rowsOf(param: string, searchType: string, type: string): keyof IndexRows {
  switch (searchType) {
    case 'string':
      return param === SOUND_PARAM ? 'tokens' : 'strings'
    case 'reference':
      return 'references'
    case 'date':
      return 'dates'
    case 'number':
    case 'quantity':
      return 'numbers'
    case 'uri':
      return isManyUris(param) ? 'identifiers' : 'tokens'
    default:
      return type === 'Identifier' || type === 'ContactPoint' ? 'identifiers' : 'tokens'
  }
}

/** What values of a FHIR type give to a parameter of a search type; undefined when nothing. */
export function rowLeaf(
  param: string,
  searchType: string,
  type: string,
  field: Field | undefined,
): RowVisit | undefined {
  switch (searchType) {
    case 'token':
      return tokenLeaf(param, type, field)
    case 'uri':
      return uriLeaf(param, type)
    case 'string':
      return stringLeaf(param, type)
    case 'reference':
      return referenceLeaf(param, type)
    case 'date':
      return dateLeaf(param, type)
    case 'number':
    case 'quantity':
      return numberLeaf(param, type)
    default:
      return undefined
  }
}
