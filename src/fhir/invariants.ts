// The FHIR R4 invariants of our types as typed functions; their FHIRPath texts stand in
// definitions/invariants.json, and test/fhir/invariants.test.ts compares both on generated resources. A
// function gets an element that may be malformed and answers true when it cannot tell. Why it is one file:
// one table.
import {
  child,
  has,
  type Invariant,
  inOrder,
  isDistinct,
  isExactlyOne,
  needs,
  number,
  objects,
} from './invariant.ts'
import { CLINICAL_INVARIANTS } from './invariants-clinical.ts'
import type { JsonObject } from './types.ts'

export type { Invariant } from './invariant.ts'

const UCUM = 'http://unitsofmeasure.org'

/** A code when there is a value, and no unit system but UCUM (Age, Distance, Count). */
function isUcum(o: JsonObject): boolean {
  return (has(o, 'code') || !has(o, 'value')) && (o.system === undefined || o.system === UCUM)
}

function hasValueX(o: JsonObject): boolean {
  for (const name in o) {
    if (name.startsWith('value') && o[name] !== undefined) return true
    if (name.startsWith('_value') && o[name] !== undefined) return true
  }
  return false
}

const notHome: Invariant = (o) => o.use !== 'home'

/** True when some string below `value` equals one of `wanted`; depth is limited by the caller's own check. */
function mentions(value: unknown, wanted: ReadonlySet<string>, depth = 0): boolean {
  if (typeof value === 'string') return wanted.has(value)
  if (typeof value !== 'object' || value === null || depth > 64) return false
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value)
  return parts.some((part) => mentions(part, wanted, depth + 1))
}

const GENERAL: Record<string, Invariant> = {
  'ext-1': (o) => (o.extension !== undefined) !== hasValueX(o),
  'ref-1': (o, root) => {
    const reference = o.reference
    if (typeof reference !== 'string' || reference.charCodeAt(0) !== 35 || reference === '#') return true
    return objects(root.contained).some((contained) => `#${contained.id}` === reference)
  },
  'dom-2': (o) => objects(o.contained).every((contained) => contained.contained === undefined),
  'dom-3': (o) =>
    objects(o.contained).every(
      (contained) => mentions(o, new Set([`#${contained.id}`])) || mentions(contained, new Set(['#'])),
    ),
  'dom-4': (o) =>
    objects(o.contained).every((contained) => {
      const meta = child(contained, 'meta')
      return !has(meta, 'versionId') && !has(meta, 'lastUpdated')
    }),
  'dom-5': (o) => objects(o.contained).every((contained) => !has(child(contained, 'meta'), 'security')),
  'per-1': (o) => inOrder(o.start, o.end),
  'cpt-2': needs('value', 'system'),
  'att-1': needs('data', 'contentType'),
  'qty-3': needs('code', 'system'),
  'sqty-1': (o) => !has(o, 'comparator'),
  'drt-1': (o) => !has(o, 'code') || (o.system === UCUM && has(o, 'value')),
  'age-1': (o) => isUcum(o) && (number(o.value) ?? 1) > 0,
  'dis-1': isUcum,
  'cnt-3': (o) => {
    const value = o.value
    const text = JSON.isRawJSON(value) ? value.rawJSON : String(value)
    return isUcum(o) && (o.code === undefined || o.code === '1') && !text.includes('.')
  },
  'rng-2': (o) => {
    const [low, high] = [child(o, 'low'), child(o, 'high')]
    const [from, to] = [number(low.value), number(high.value)]
    const isComparable = low.system === high.system && low.code === high.code && low.unit === high.unit
    return from === undefined || to === undefined || !isComparable || from <= to
  },
  'rat-1': (o) =>
    has(o, 'numerator') === has(o, 'denominator') && (has(o, 'numerator') || o.extension !== undefined),
}

const TIMING: Record<string, Invariant> = {
  'tim-1': needs('duration', 'durationUnit'),
  'tim-2': needs('period', 'periodUnit'),
  'tim-4': (o) => (number(o.duration) ?? 0) >= 0,
  'tim-5': (o) => (number(o.period) ?? 0) >= 0,
  'tim-6': needs('periodMax', 'period'),
  'tim-7': needs('durationMax', 'duration'),
  'tim-8': needs('countMax', 'count'),
  'tim-9': (o) => {
    if (!has(o, 'offset')) return true
    const when = Array.isArray(o.when) ? o.when : []
    return when.length > 0 && when.every((code) => !['C', 'CM', 'CD', 'CV'].includes(code))
  },
  'tim-10': (o) => !has(o, 'timeOfDay') || !has(o, 'when'),
}

const DEFINITIONAL: Record<string, Invariant> = {
  'drq-1': isExactlyOne('path', 'searchParam'),
  'drq-2': isExactlyOne('path', 'searchParam'),
  'exp-1': (o) => has(o, 'expression') || has(o, 'reference'),
  'trd-1': (o) => !has(o, 'data') || !hasTiming(o),
  'trd-2': needs('condition', 'data'),
  'trd-3': (o) => {
    const type = typeof o.type === 'string' ? o.type : ''
    if (type === 'named-event' && !has(o, 'name')) return false
    if (type === 'periodic' && !hasTiming(o)) return false
    return !type.startsWith('data-') || has(o, 'data')
  },
}

function hasTiming(o: JsonObject): boolean {
  return ['timingTiming', 'timingReference', 'timingDate', 'timingDateTime'].some((name) => has(o, name))
}

const ADMINISTRATIVE: Record<string, Invariant> = {
  'pat-1': (o) => has(o, 'name') || has(o, 'telecom') || has(o, 'address') || has(o, 'organization'),
  'org-1': (o) => has(o, 'identifier') || has(o, 'name'),
  'org-2': notHome,
  'org-3': notHome,
  'app-1': (o) => has(o, 'type') || has(o, 'actor'),
  'app-2': (o) => has(o, 'start') === has(o, 'end'),
  'app-3': (o) =>
    (has(o, 'start') && has(o, 'end')) || ['proposed', 'cancelled', 'waitlist'].includes(String(o.status)),
  'app-4': (o) => !has(o, 'cancelationReason') || o.status === 'noshow' || o.status === 'cancelled',
  'inv-1': (o) => inOrder(o.authoredOn, o.lastModified),
  'inv-1@Parameters.parameter': (o) => {
    const isPart = o.part !== undefined
    const isResource = o.resource !== undefined
    return Number(isPart) + Number(isResource) + Number(hasValueX(o)) === 1
  },
}

function isType(o: JsonObject, ...types: readonly string[]): boolean {
  return types.includes(String(o.type))
}

/** Each entry has `part` exactly when the bundle is of one of these types. */
function entriesHave(part: string, ...types: readonly string[]): Invariant {
  return (o) => objects(o.entry).every((entry) => (entry[part] !== undefined) === isType(o, ...types))
}

function startsWith(type: string, first: string): Invariant {
  return (o) => !isType(o, type) || child(objects(o.entry)[0] ?? {}, 'resource').resourceType === first
}

const BUNDLE: Record<string, Invariant> = {
  'bdl-1': (o) => !has(o, 'total') || isType(o, 'searchset', 'history'),
  'bdl-2': (o) => isType(o, 'searchset') || objects(o.entry).every((entry) => entry.search === undefined),
  'bdl-3': entriesHave('request', 'batch', 'transaction', 'history'),
  'bdl-4': entriesHave('response', 'batch-response', 'transaction-response', 'history'),
  'bdl-5': (o) => o.resource !== undefined || o.request !== undefined || o.response !== undefined,
  'bdl-7': (o) => {
    const entries = objects(o.entry).filter((entry) => has(entry, 'fullUrl'))
    const keys = entries.map((entry) => {
      const version = child(child(entry, 'resource'), 'meta').versionId
      return JSON.stringify([entry.fullUrl, version])
    })
    return isType(o, 'history') || isDistinct(keys)
  },
  'bdl-8': (o) => typeof o.fullUrl !== 'string' || !o.fullUrl.includes('/_history/'),
  'bdl-9': (o) => {
    const identifier = child(o, 'identifier')
    return !isType(o, 'document') || (has(identifier, 'system') && has(identifier, 'value'))
  },
  'bdl-10': (o) => !isType(o, 'document') || o.timestamp !== undefined,
  'bdl-11': startsWith('document', 'Composition'),
  'bdl-12': startsWith('message', 'MessageHeader'),
}

const CAPABILITY: Record<string, Invariant> = {
  'cpb-1': (o) => has(o, 'rest') || has(o, 'messaging') || has(o, 'document'),
  'cpb-2': (o) => has(o, 'description') || has(o, 'software') || has(o, 'implementation'),
  'cpb-3': (o) =>
    o.kind === 'instance' || objects(o.messaging).every((messaging) => messaging.endpoint === undefined),
  'cpb-7': (o) => isDistinct(objects(o.document).map((each) => `${each.profile}${each.mode}`)),
  'cpb-9': (o) => isDistinct(objects(o.resource).map((each) => String(each.type))),
  'cpb-12': (o) => isDistinct(objects(o.searchParam).map((each) => String(each.name))),
  'cpb-14': (o) => o.kind !== 'instance' || has(o, 'implementation'),
  'cpb-15': (o) => o.kind !== 'capability' || (!has(o, 'implementation') && has(o, 'software')),
  'cpb-16': (o) => o.kind !== 'requirements' || (!has(o, 'implementation') && !has(o, 'software')),
}

const CONCEPT_MAP: Record<string, Invariant> = {
  'cmd-1': (o) => has(o, 'comment') || (o.equivalence !== 'narrower' && o.equivalence !== 'inexact'),
  'cmd-2': (o) => o.mode !== 'fixed' || has(o, 'code'),
  'cmd-3': (o) => o.mode !== 'other-map' || has(o, 'url'),
}

/** Invariant name -> function. definitions/invariants.json has the same names. */
export const INVARIANT_FUNCTIONS: Readonly<Record<string, Invariant>> = {
  ...GENERAL,
  ...TIMING,
  ...DEFINITIONAL,
  ...ADMINISTRATIVE,
  ...BUNDLE,
  ...CAPABILITY,
  ...CONCEPT_MAP,
  ...CLINICAL_INVARIANTS,
}
