// SearchParameter, OperationDefinition, ConceptMap, StructureDefinition, ValueSet and CodeSystem: read and search of what this server
// works by (FHIR R4 http.html#capabilities).
// They are made or come in packages, and are not stored: nobody writes them, and they have no history.
import { operationDefinitions, searchParameters } from '../../fhir/definition-resources.ts'
import { knownDefinitions, systemsOf } from '../../fhir/known-definitions.ts'
import { isObject, type JsonObject, type Resource } from '../../fhir/types.ts'
import type { Deps } from '../context.ts'
import { type Ask, queryOf } from './ask.ts'
import { bundleText } from './bundle.ts'
import { conceptMaps } from './concept-map.ts'
import { OPERATIONS } from './operations.ts'
import { refuse, sendText } from './reply.ts'

/** Types that are read and searched here, and where their resources come from. */
const sources: Readonly<Record<string, (deps: Deps) => readonly Resource[]>> = {
  SearchParameter: searchParameters,
  OperationDefinition: () => operationDefinitions(OPERATIONS),
  ConceptMap: (deps) => conceptMaps(deps).map((each): Resource => ({ ...each })),
  StructureDefinition: (deps) => knownDefinitions(deps.packages().profiles).StructureDefinition,
  ValueSet: (deps) => knownDefinitions(deps.packages().profiles).ValueSet,
  CodeSystem: (deps) => knownDefinitions(deps.packages().profiles).CodeSystem,
}

export const DEFINITION_TYPES: readonly string[] = Object.keys(sources)

/** What a definition can be searched by: text at its begin, everything else as a whole. */
const keys: Readonly<Record<string, (resource: Resource) => readonly unknown[]>> = {
  _id: ({ id }) => [id],
  url: ({ url, version }) => [url, `${url}|${version}`],
  version: ({ version }) => [version],
  system: ({ resourceType, url }) => (resourceType === 'CodeSystem' ? [url] : []),
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
const byBegin = new Set(['name', 'title'])
const maxCount = 1_000

export const readDefinition =
  (type: string) =>
  async ({ c, deps }: Ask): Promise<Response> => {
    const id = c.req.param('definition') ?? ''
    const found = sources[type]?.(deps).find((each) => each.id === id)
    return found
      ? sendText(c, 200, JSON.stringify(found))
      : refuse(c, 'not-found', `${type} of that id is not known here`)
  }

export const searchDefinitions =
  (type: string) =>
  async ({ c, deps }: Ask): Promise<Response> => {
    const pairs = queryOf(c).filter(([name]) => Object.hasOwn(keys, name))
    const matches = (sources[type]?.(deps) ?? []).filter((resource) =>
      pairs.every(([name, value]) => {
        const own = keys[name]?.(resource) ?? []
        const wanted = value.split(',')
        return own.some((each) =>
          wanted.some((text) =>
            byBegin.has(name) ? String(each).toLowerCase().startsWith(text.toLowerCase()) : each === text,
          ),
        )
      }),
    )
    const query = new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()
    const text = bundleText({
      type: 'searchset',
      total: matches.length,
      timestamp: deps.gateway.now().toISOString(),
      links: [{ relation: 'self', url: `${deps.baseUrl}/${type}${query === '' ? '' : `?${query}`}` }],
      entries: matches.slice(0, maxCount).map((each) => ({
        fullUrl: `${deps.baseUrl}/${type}/${each.id}`,
        resource: JSON.stringify(each),
        mode: 'match',
      })),
    })
    return sendText(c, 200, text)
  }
