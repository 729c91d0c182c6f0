// Search of definitions, which are made or loaded and not stored: their R4 search parameters
// (http://hl7.org/fhir/R4/conformance-module.html) by what each of them looks at.
import { parseTime, type ZoneOffset } from './date.ts'
import { isPresent, listOf, textsIn } from './definition-values.ts'
import type { JsonObject, Resource } from './types.ts'

export type DefinitionParamType = 'uri' | 'token' | 'string' | 'reference' | 'date'

export interface DefinitionParam {
  readonly type: DefinitionParamType
  /** Where its values stand, by names of elements. */
  readonly paths: readonly string[]
}

const param = (type: DefinitionParamType, ...paths: readonly string[]): DefinitionParam => ({ type, paths })

/** Of every type. */
const COMMON: Readonly<Record<string, DefinitionParam>> = {
  _id: param('token', 'id'),
  _lastUpdated: param('date', 'meta.lastUpdated'),
  _profile: param('uri', 'meta.profile'),
  _security: param('token', 'meta.security'),
  _tag: param('token', 'meta.tag'),
  url: param('uri', 'url'),
  version: param('token', 'version'),
  name: param('string', 'name'),
  title: param('string', 'title'),
  status: param('token', 'status'),
  date: param('date', 'date'),
  description: param('string', 'description'),
  publisher: param('string', 'publisher'),
  jurisdiction: param('token', 'jurisdiction.coding'),
  context: param('token', 'useContext.valueCodeableConcept.coding'),
  'context-type': param('token', 'useContext.code'),
}

const OWN: Readonly<Record<string, Readonly<Record<string, DefinitionParam>>>> = {
  StructureDefinition: {
    abstract: param('token', 'abstract'),
    base: param('reference', 'baseDefinition'),
    'base-path': param('token', 'snapshot.element.base.path', 'differential.element.base.path'),
    derivation: param('token', 'derivation'),
    experimental: param('token', 'experimental'),
    'ext-context': param('token', 'context.type'),
    identifier: param('token', 'identifier'),
    keyword: param('token', 'keyword'),
    kind: param('token', 'kind'),
    path: param('token', 'snapshot.element.path', 'differential.element.path'),
    type: param('uri', 'type'),
    valueset: param('reference', 'snapshot.element.binding.valueSet'),
  },
  SearchParameter: {
    base: param('token', 'base'),
    code: param('token', 'code'),
    component: param('reference', 'component.definition'),
    'derived-from': param('reference', 'derivedFrom'),
    target: param('token', 'target'),
    type: param('token', 'type'),
  },
  OperationDefinition: {
    // Of R4 they are what it is derived from and whether types have it; the types themselves are looked for as often.
    base: param('reference', 'base', 'resource'),
    code: param('token', 'code'),
    'input-profile': param('reference', 'inputProfile'),
    instance: param('token', 'instance'),
    kind: param('token', 'kind'),
    'output-profile': param('reference', 'outputProfile'),
    system: param('token', 'system'),
    type: param('token', 'type', 'resource'),
  },
  ValueSet: {
    code: param('token', 'expansion.contains', 'compose.include.concept'),
    expansion: param('uri', 'expansion.identifier'),
    identifier: param('token', 'identifier'),
    reference: param('uri', 'compose.include.system'),
  },
  CodeSystem: {
    code: param('token', 'concept.code'),
    'content-mode': param('token', 'content'),
    identifier: param('token', 'identifier'),
    language: param('token', 'concept.designation.language'),
    supplements: param('reference', 'supplements'),
    system: param('uri', 'url'),
  },
  ConceptMap: {
    dependson: param('uri', 'group.element.target.dependsOn.property'),
    identifier: param('token', 'identifier'),
    other: param('reference', 'group.unmapped.url'),
    product: param('uri', 'group.element.target.product.property'),
    source: param('reference', 'sourceCanonical', 'sourceUri'),
    'source-code': param('token', 'group.element.code'),
    'source-system': param('uri', 'group.source'),
    'source-uri': param('reference', 'sourceUri', 'sourceCanonical'),
    target: param('reference', 'targetCanonical', 'targetUri'),
    'target-code': param('token', 'group.element.target.code'),
    'target-system': param('uri', 'group.target'),
    'target-uri': param('reference', 'targetUri', 'targetCanonical'),
  },
  CompartmentDefinition: {
    code: param('token', 'code'),
    resource: param('token', 'resource.code'),
  },
}

/** Parameters of a type by name. */
export const definitionParams = (type: string): Readonly<Record<string, DefinitionParam>> => ({
  ...COMMON,
  ...OWN[type],
})

const MODIFIERS: Readonly<Record<DefinitionParamType, readonly string[]>> = {
  uri: ['missing', 'above', 'below'],
  token: ['missing', 'not'],
  string: ['missing', 'exact', 'contains'],
  reference: ['missing'],
  date: ['missing'],
}

/** True for a resource that a search finds. */
export type DefinitionTest = (resource: Resource) => boolean

/** The condition that a name and its value stand for; undefined when the type has no such parameter or modifier. */
export function definitionTest(
  type: string,
  name: string,
  value: string,
  zone: ZoneOffset,
): DefinitionTest | 'malformed' | undefined {
  const [code = '', modifier, ...more] = name.split(':')
  const all = definitionParams(type)
  const found = Object.hasOwn(all, code) ? all[code] : undefined
  if (!found || more.length > 0) return undefined
  if (modifier !== undefined && !MODIFIERS[found.type].includes(modifier)) return undefined
  if (modifier === 'missing') {
    if (value !== 'true' && value !== 'false') return 'malformed'
    return (resource) => isPresent(resource, found.paths) === (value === 'false')
  }
  const wanted = value.split(',').filter((each) => each !== '')
  if (found.type === 'date') return dateTest(found, wanted, zone)
  const isOne = (resource: Resource): boolean => {
    const own = found.paths.flatMap((path) => textsIn(resource, path))
    return wanted.some((text) => own.some((each) => fits(found.type, modifier, each, text, resource)))
  }
  return modifier === 'not' ? (resource) => !isOne(resource) : isOne
}

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()

function fits(
  type: DefinitionParamType,
  modifier: string | undefined,
  { system, text }: { readonly system: string | undefined; readonly text: string },
  wanted: string,
  { url, version }: Resource,
): boolean {
  if (type === 'string') {
    if (modifier === 'exact') return text === wanted
    return modifier === 'contains'
      ? plain(text).includes(plain(wanted))
      : plain(text).startsWith(plain(wanted))
  }
  if (type === 'token') {
    const bar = wanted.indexOf('|')
    if (bar < 0) return text === wanted
    const [space, code] = [wanted.slice(0, bar), wanted.slice(bar + 1)]
    return (space === '' ? system === undefined : system === space) && (code === '' || text === code)
  }
  if (modifier === 'below')
    return text === wanted || text.startsWith(wanted.endsWith('/') ? wanted : `${wanted}/`)
  if (modifier === 'above')
    return text === wanted || wanted.startsWith(text.endsWith('/') ? text : `${text}/`)
  // Its own URL may be asked for with its version, that of another one as it is referred to.
  if (text === wanted || text.split('|')[0] === wanted) return true
  return text === url && wanted === `${text}|${String(version)}`
}

const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const

function dateTest(
  { paths }: DefinitionParam,
  wanted: readonly string[],
  zone: ZoneOffset,
): DefinitionTest | 'malformed' {
  const ranges = wanted.map((text) => {
    const prefix = PREFIXES.find((each) => text.startsWith(each)) ?? 'eq'
    const time = parseTime(text.replace(/^[a-z]{2}/, ''), zone, 'second')
    return time && { prefix, ...time }
  })
  if (ranges.some((each) => each === undefined)) return 'malformed'
  return (resource) =>
    paths
      .flatMap((path) => textsIn(resource, path))
      .some(({ text }) => {
        const own = parseTime(text, zone, 'second')
        return own !== undefined && ranges.some((each) => each !== undefined && isWithin(own, each))
      })
}

function isWithin(
  own: { readonly from: number; readonly to: number },
  {
    prefix,
    from,
    to,
  }: { readonly prefix: (typeof PREFIXES)[number]; readonly from: number; readonly to: number },
): boolean {
  const inside = own.from >= from && own.to <= to
  switch (prefix) {
    case 'ne':
      return !inside
    case 'gt':
      return own.to > to
    case 'ge':
      return own.from >= from || own.to > to
    case 'lt':
      return own.from < from
    case 'le':
      return own.from < from || own.to <= to
    case 'sa':
      return own.from >= to
    case 'eb':
      return own.to <= from
    case 'ap':
      return own.from < to && own.to > from
    default:
      return inside
  }
}

/** The text by which a list is put in order; undefined for a parameter that it has not. */
export function sortText(
  type: string,
  code: string,
): ((resource: Resource) => string | undefined) | undefined {
  const all = definitionParams(type)
  const found = Object.hasOwn(all, code) ? all[code] : undefined
  if (!found) return undefined
  return (resource) => {
    const [first] = found.paths.flatMap((path) => textsIn(resource, path)).map(({ text }) => plain(text))
    return first
  }
}

/** Elements that `_summary` leaves out: what is long. */
const LONG: ReadonlySet<string> = new Set(
  'text contained description purpose copyright snapshot differential mapping concept compose expansion group parameter overload component'.split(
    ' ',
  ),
)

/** Elements that are never left out, for a definition would not be one. */
const MANDATORY: ReadonlySet<string> = new Set(
  'resourceType id meta url name status kind abstract type code base content system instance description'.split(
    ' ',
  ),
)

export interface DefinitionParts {
  readonly summary: 'true' | 'text' | 'data' | undefined
  readonly elements: readonly string[] | undefined
}

const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }

/** The parts that were asked for, marked as such. */
export function partsOfDefinition(resource: Resource, { summary, elements }: DefinitionParts): Resource {
  if (!summary && !elements) return resource
  const isIn = (name: string): boolean => {
    if (elements) return elements.includes(name) || (MANDATORY.has(name) && name !== 'description')
    if (summary === 'text') return name === 'text' || MANDATORY.has(name)
    return summary === 'data' ? name !== 'text' : !LONG.has(name)
  }
  const { resourceType, id, meta = {}, ...others } = resource
  const kept: JsonObject = Object.fromEntries(Object.entries(others).filter(([name]) => isIn(name)))
  // In the order of FHIR, which XML keeps.
  return {
    resourceType,
    ...(id !== undefined && { id }),
    meta: { ...meta, tag: [...listOf(meta.tag), subsetted] },
    ...kept,
  }
}
