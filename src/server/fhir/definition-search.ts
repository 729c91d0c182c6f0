// Search of definitions (FHIR R4 search.html): by a few parameters of each type, compared in memory, page by page.
import type { Issue } from '../../fhir/issue.ts'
import { systemsOf } from '../../fhir/known-definitions.ts'
import { parseSearch } from '../../fhir/search-query.ts'
import { isObject, type JsonObject, type Resource } from '../../fhir/types.ts'
import type { Pairs } from './ask.ts'
import type { Parts } from './elements.ts'

/** Values of a resource, by the name of the parameter. */
const values: Readonly<Record<string, (resource: Resource) => readonly unknown[]>> = {
  _id: ({ id }) => [id],
  url: ({ url, version }) => [url, `${url}|${version}`],
  version: ({ version }) => [version],
  system: ({ url }) => [url],
  reference: (resource) => systemsOf(resource),
  code: ({ code }) => [code],
  type: ({ type }) => [type],
  status: ({ status }) => [status],
  base: ({ base, resource, baseDefinition }) =>
    [base, resource].find((each) => Array.isArray(each)) ?? [baseDefinition],
  name: ({ name }) => [name],
  title: ({ title }) => [title],
  'source-system': (resource) => inGroups(resource, 'source'),
  'target-system': (resource) => inGroups(resource, 'target'),
  'source-code': (resource) => inElements(resource, ({ code }) => [code]),
  'target-code': (resource) =>
    inElements(resource, ({ target }) => (Array.isArray(target) ? target.map((each) => each.code) : [])),
}
const groupsOf = ({ group }: Resource): readonly JsonObject[] =>
  Array.isArray(group) ? group.filter(isObject) : []
const inGroups = (resource: Resource, name: string): readonly unknown[] =>
  groupsOf(resource).map((each) => each[name])
const inElements = (
  resource: Resource,
  take: (element: JsonObject) => readonly unknown[],
): readonly unknown[] =>
  groupsOf(resource).flatMap(({ element }) =>
    Array.isArray(element) ? element.filter(isObject).flatMap(take) : [],
  )

const uris: ReadonlySet<string> = new Set(['url', 'system', 'reference', 'source-system', 'target-system'])
const strings: ReadonlySet<string> = new Set(['name', 'title'])
const typeOf = (name: string): 'uri' | 'string' | 'token' =>
  uris.has(name) ? 'uri' : strings.has(name) ? 'string' : 'token'

const paramsOf = (...own: readonly string[]): readonly { readonly name: string; readonly type: string }[] =>
  ['_id', 'url', 'version', 'name', 'status', ...own].map((name) => ({ name, type: typeOf(name) }))

/** What a definition of each type can be searched by. */
export const DEFINITION_PARAMS: Readonly<Record<string, ReturnType<typeof paramsOf>>> = {
  SearchParameter: paramsOf('code', 'base', 'type'),
  OperationDefinition: paramsOf('title', 'code', 'base'),
  ConceptMap: paramsOf('title', 'source-system', 'target-system', 'source-code', 'target-code'),
  StructureDefinition: paramsOf('title', 'type', 'base'),
  ValueSet: paramsOf('title', 'reference'),
  CodeSystem: paramsOf('title', 'system'),
}

interface Condition {
  readonly name: string
  readonly modifier: string
  readonly wanted: readonly string[]
}

export interface DefinitionSearch extends Parts {
  readonly conditions: readonly Condition[]
  readonly count: number
  readonly offset: number
  /** What was understood, for the links. */
  readonly applied: Pairs
  /** What was not, and is left out. */
  readonly ignored: readonly Issue[]
  /** What refuses the search. */
  readonly issues: readonly Issue[]
}

/** How many are on a page that asks for no number: all that there commonly are, since nobody pages through definitions. */
const defaultCount = 1_000
const controls: ReadonlySet<string> = new Set(['_count', '_summary', '_total', '_format', '_pretty'])
const modifiers: ReadonlySet<string> = new Set(['', 'exact', 'contains'])

export function readDefinitionSearch(type: string, pairs: Pairs): DefinitionSearch {
  const known = new Set((DEFINITION_PARAMS[type] ?? []).map(({ name }) => name))
  const control = parseSearch(
    type,
    pairs.filter(([name]) => controls.has(name)),
    { limits: { defaultCount } },
  )
  const issues: Issue[] = 'issues' in control ? [...control.issues] : []
  const offset = pairs.findLast(([name]) => name === '_offset')?.[1] ?? '0'
  if (!/^\d{1,6}$/.test(offset))
    issues.push({
      severity: 'error',
      code: 'invalid',
      diagnostics: '_offset is no number - follow the links',
    })
  const conditions: Condition[] = []
  const applied: (readonly [string, string])[] = 'query' in control ? [...control.query.applied] : []
  const ignored: Issue[] = []
  for (const [key, value] of pairs) {
    const [name = '', modifier = ''] = key.split(':')
    if (controls.has(key) || key === '_offset' || value === '') continue
    if (!known.has(name) || !(modifier === '' || (modifiers.has(modifier) && strings.has(name)))) {
      const diagnostics = `The search has a parameter that ${type} has not - see /fhir/metadata`
      ignored.push({ severity: 'warning', code: 'not-supported', diagnostics })
      continue
    }
    conditions.push({ name, modifier, wanted: value.split(',') })
    applied.push([key, value])
  }
  const query = 'query' in control ? control.query : undefined
  return {
    conditions,
    elements: undefined,
    count: query?.onlyCount ? 0 : (query?.count ?? 0),
    offset: Number(offset),
    // No table says what of these types is a summary; more than that may be shown.
    summary: query?.summary === 'true' ? 'data' : query?.summary,
    applied,
    ignored,
    issues,
  }
}

export const matches = (resource: Resource, conditions: readonly Condition[]): boolean =>
  conditions.every(({ name, modifier, wanted }) =>
    (values[name]?.(resource) ?? []).some((each) =>
      each === undefined ? false : wanted.some((text) => isEqual(name, modifier, String(each), text)),
    ),
  )

function isEqual(name: string, modifier: string, value: string, text: string): boolean {
  if (!strings.has(name) || modifier === 'exact') return value === text
  const [own, wanted] = [value.toLowerCase(), text.toLowerCase()]
  return modifier === 'contains' ? own.includes(wanted) : own.startsWith(wanted)
}
