// SearchParameter, OperationDefinition, ConceptMap, StructureDefinition, ValueSet and CodeSystem: read and search of what this server
// works by (FHIR R4 http.html#capabilities).
// They are made or come in packages, and are not stored: nobody writes them, and they have no history.
import { operationDefinitions, searchParameters } from '../../fhir/definition-resources.ts'
import { knownDefinitions } from '../../fhir/known-definitions.ts'
import type { JsonObject, Resource } from '../../fhir/types.ts'
import type { Deps } from '../context.ts'
import { type Ask, queryOf } from './ask.ts'
import { bundleText } from './bundle.ts'
import { conceptMaps } from './concept-map.ts'
import { DEFINITION_PARAMS, matches, readDefinitionSearch } from './definition-search.ts'
import { partsOf } from './elements.ts'
import { OPERATIONS } from './operations.ts'
import { refuse, sendOutcome, sendText } from './reply.ts'
import { outcomeEntry } from './search.ts'

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

/** Search parameters of each of them, for the CapabilityStatement. */
export const definitionParams = (): ReadonlyMap<string, readonly JsonObject[]> =>
  new Map(
    DEFINITION_TYPES.map((type) => [type, (DEFINITION_PARAMS[type] ?? []).map((each) => ({ ...each }))]),
  )

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
  async ({ c, deps, prefer }: Ask): Promise<Response> => {
    const search = readDefinitionSearch(type, queryOf(c))
    const refused = prefer.handling === 'strict' ? [...search.issues, ...search.ignored] : search.issues
    if (refused.length > 0) {
      return sendOutcome(
        c,
        400,
        refused.map((issue) => ({ ...issue, severity: 'error' })),
      )
    }
    const found = (sources[type]?.(deps) ?? []).filter((resource) => matches(resource, search.conditions))
    const end = search.offset + search.count
    const shown = search.count === 0 ? [] : found.slice(search.offset, end)
    const url = (pairs: readonly (readonly [string, string])[]): string => {
      const query = new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()
      return `${deps.baseUrl}/${type}${query === '' ? '' : `?${query}`}`
    }
    const own = search.offset > 0 ? ([['_offset', String(search.offset)]] as const) : []
    const isMore = shown.length > 0 && end < found.length
    const next = { relation: 'next', url: url([...search.applied, ['_offset', String(end)]]) } as const
    const text = bundleText({
      type: 'searchset',
      total: found.length,
      timestamp: deps.gateway.now().toISOString(),
      links: [{ relation: 'self', url: url([...search.applied, ...own]) }, ...(isMore ? [next] : [])],
      entries: [
        ...shown.map((each) => ({
          fullUrl: `${deps.baseUrl}/${type}/${each.id}`,
          resource: partsOf(JSON.stringify(each), search),
          mode: 'match' as const,
        })),
        ...outcomeEntry(search.ignored),
      ],
    })
    return sendText(c, 200, text)
  }
