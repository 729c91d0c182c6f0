// Search of definitions, which are made or loaded and not stored: their R4 search parameters
// (http://hl7.org/fhir/R4/conformance-module.html) by what each of them looks at.
import { parseTime, type ZoneOffset } from './date.ts'
import { isPresent, textsIn } from './definition-values.ts'
import type { Resource } from './types.ts'

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
  const isWanted = anyOf(found.type, modifier, wanted)
  const isOne = (resource: Resource): boolean =>
    isWanted(
      found.paths.flatMap((path) => textsIn(resource, path)),
      resource,
    )
  return modifier === 'not' ? (resource) => !isOne(resource) : isOne
}

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()

type Told = ReturnType<typeof textsIn>[number]

/** What is wanted is read once: a definition has thousands of elements, and there are hundreds of definitions. */
function anyOf(
  type: DefinitionParamType,
  modifier: string | undefined,
  wanted: readonly string[],
): (own: readonly Told[], resource: Resource) => boolean {
  if (type === 'token') return anyToken(wanted)
  if (type === 'string') return anyString(modifier, wanted)
  return (own, resource) =>
    own.some(({ text }) => wanted.some((each) => fitsUri(modifier, text, each, resource)))
}

function anyToken(wanted: readonly string[]): (own: readonly Told[]) => boolean {
  const codes = new Set(wanted.filter((each) => !each.includes('|')))
  const coded = wanted.flatMap((each) => {
    const bar = each.indexOf('|')
    return bar < 0 ? [] : [{ space: each.slice(0, bar), code: each.slice(bar + 1) }]
  })
  return (own) =>
    own.some(
      ({ system, text }) =>
        codes.has(text) ||
        coded.some(
          ({ space, code }) =>
            (space === '' ? system === undefined : system === space) && (code === '' || text === code),
        ),
    )
}

function anyString(
  modifier: string | undefined,
  wanted: readonly string[],
): (own: readonly Told[]) => boolean {
  if (modifier === 'exact') return (own) => own.some(({ text }) => wanted.includes(text))
  const texts = wanted.map(plain)
  return (own) =>
    own.some(({ text }) => {
      const said = plain(text)
      return texts.some((each) => (modifier === 'contains' ? said.includes(each) : said.startsWith(each)))
    })
}

function fitsUri(
  modifier: string | undefined,
  text: string,
  wanted: string,
  { url, version }: Resource,
): boolean {
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
