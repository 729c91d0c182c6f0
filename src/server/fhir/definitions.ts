// Definitions (FHIR R4 conformance-module.html): read and search of what this server works by, of R4's own definitions of the types that are
// known here, and of what came in packages. They are made or loaded, and not stored: nobody writes them, and they have no history.
import { compartmentDefinitions } from '../../fhir/compartment-definition.ts'
import { type DefinitionParts, partsOfDefinition } from '../../fhir/definition-parts.ts'
import { operationDefinitions, searchParameters } from '../../fhir/definition-resources.ts'
import {
  type DefinitionTest,
  definitionParams,
  definitionTest,
  sortText,
} from '../../fhir/definition-search.ts'
import type { Issue } from '../../fhir/issue.ts'
import { knownDefinitions } from '../../fhir/known-definitions.ts'
import { SEARCH_LIMITS } from '../../fhir/search-limits.ts'
import type { JsonObject, Resource } from '../../fhir/types.ts'
import type { Deps } from '../context.ts'
import { type Ask, type Handler, type Pairs, queryOf, zoneOf } from './ask.ts'
import { type BundleEntry, bundleText } from './bundle.ts'
import { allConceptMaps } from './concept-map.ts'
import { OPERATIONS } from './operations.ts'
import { refuse, sendOutcome, sendText } from './reply.ts'
import { encoded, outcomeEntry, type Source } from './search.ts'

/** Types that are read and searched here, and where their resources come from. */
const sources: Readonly<Record<string, (deps: Deps) => readonly Resource[]>> = {
  SearchParameter: searchParameters,
  OperationDefinition: () => operationDefinitions(OPERATIONS),
  CompartmentDefinition: compartmentDefinitions,
  ConceptMap: (deps) => allConceptMaps(deps).map((each): Resource => ({ ...each })),
  StructureDefinition: (deps) => knownDefinitions(deps.packages().profiles).StructureDefinition,
  ValueSet: (deps) => knownDefinitions(deps.packages().profiles).ValueSet,
  CodeSystem: (deps) => knownDefinitions(deps.packages().profiles).CodeSystem,
}

export const DEFINITION_TYPES: readonly string[] = Object.keys(sources)

/** Search parameters of each of them, for the CapabilityStatement. */
export const definitionSearchParams = (): ReadonlyMap<string, readonly JsonObject[]> =>
  new Map(
    DEFINITION_TYPES.map((type) => [
      type,
      Object.entries(definitionParams(type)).map(([name, { type: kind }]) => ({ name, type: kind })),
    ]),
  )

/** How many are on a page that asks for no number: all that there commonly are, for few clients page through definitions. */
const defaultCount = SEARCH_LIMITS.maxCount

export const readDefinition =
  (type: string) =>
  async (ask: Ask): Promise<Response> => {
    const { c, deps } = ask
    const id = c.req.param('definition') ?? ''
    const found = sources[type]?.(deps).find((each) => each.id === id)
    if (!found) return refuse(c, 'not-found', `${type} of that id is not known here`)
    const pairs = queryOf(c).filter(([name]) => name === '_summary' || name === '_elements')
    const read = questionOf(ask, type, pairs)
    return read instanceof Response ? read : sendText(c, 200, textOf(found, read))
  }

interface Question {
  readonly tests: readonly DefinitionTest[]
  readonly parts: DefinitionParts
  readonly sort: readonly string[]
  readonly count: number
  readonly hasTotal: boolean
  /** What was understood, in the order of the request. */
  readonly applied: Pairs
  readonly ignored: readonly Issue[]
}

const textOf = (resource: Resource, { parts }: Pick<Question, 'parts'>): string =>
  JSON.stringify(partsOfDefinition(resource, parts))

const ignoredAs = (name: string): Issue => ({
  severity: 'warning',
  code: 'not-supported',
  diagnostics: `${/^[\w:.-]{1,64}$/.test(name) ? name : 'a parameter'} was ignored: it is not known here - see /fhir/metadata`,
})

const summaries = ['true', 'text', 'data', 'count', 'false'] as const

/** What is asked for; or the refusal. */
function questionOf({ c, deps }: Ask, type: string, pairs: Pairs): Question | Response {
  const applied: [string, string][] = []
  const ignored: Issue[] = []
  const tests: DefinitionTest[] = []
  let [count, hasTotal, sort]: [number, boolean, readonly string[]] = [defaultCount, true, []]
  let summary: DefinitionParts['summary']
  let elements: DefinitionParts['elements']
  for (const [name, value] of pairs) {
    if (value === '' || name === '_format' || name === '_pretty' || name === '_page') continue
    if (applied.length >= SEARCH_LIMITS.maxParams)
      return refuse(c, 'bad-request', `a search has at most ${SEARCH_LIMITS.maxParams} parameters - split it`)
    const excess = excessOf(name, value)
    if (excess) return sendOutcome(c, 422, [{ severity: 'error', code: 'too-costly', diagnostics: excess }])
    let isKnown = true
    if (name === '_count') {
      if (!/^\d{1,9}$/.test(value)) return refuse(c, 'bad-request', '_count is a number, 0 or more')
      count = Math.min(Number(value), SEARCH_LIMITS.maxCount)
    } else if (name === '_total') hasTotal = value !== 'none'
    else if (name === '_elements') elements = value.split(',')
    else if (name === '_sort') {
      sort = value.split(',').filter((each) => sortText(type, each.replace(/^-/, '')) !== undefined)
      isKnown = sort.length > 0
    } else if (name === '_summary') {
      const wanted = summaries.find((each) => each === value)
      if (!wanted) return refuse(c, 'bad-request', `_summary is one of ${summaries.join(', ')}`)
      if (wanted === 'count') count = 0
      else summary = wanted === 'false' ? undefined : wanted
    } else {
      const test = definitionTest(type, name, value, zoneOf(deps))
      if (test === 'malformed')
        return refuse(c, 'bad-request', 'the value of a parameter cannot be read - correct it')
      if (test) tests.push(test)
      else isKnown = false
    }
    if (isKnown) applied.push([name, value])
    else ignored.push(ignoredAs(name))
  }
  return { tests, parts: { summary, elements }, sort, count, hasTotal, applied, ignored }
}

/** All definitions are looked at, on the thread that serves everybody: a question has the limits of any other search. */
function excessOf(name: string, value: string): string | undefined {
  const { maxSortKeys, maxValues, maxValueChars } = SEARCH_LIMITS
  if (value.length > maxValueChars) return `a value has more than ${maxValueChars} characters - use fewer`
  const most = name === '_sort' ? maxSortKeys : maxValues
  if (value.split(',', most + 1).length <= most) return undefined
  return `${name === '_sort' ? '_sort' : 'a parameter'} has more than ${most} values - use fewer`
}

/** In the order that is asked for, then by id, so that pages go on behind what the last one ended with. */
function inOrder(type: string, list: readonly Resource[], sort: readonly string[]): readonly Resource[] {
  const keys = sort.map((each) => ({
    of: sortText(type, each.replace(/^-/, '')),
    sign: each.startsWith('-') ? -1 : 1,
  }))
  const read = list.map((each) => ({ each, texts: keys.map(({ of }) => of?.(each)) }))
  read.sort((a, b) => {
    for (const [at, { sign }] of keys.entries()) {
      const [x, y] = [a.texts[at], b.texts[at]]
      if (x === y) continue
      if (x === undefined || y === undefined) return x === undefined ? 1 : -1
      return x < y ? -sign : sign
    }
    return String(a.each.id) < String(b.each.id) ? -1 : 1
  })
  return read.map(({ each }) => each)
}

export const searchDefinitions =
  (type: string, source: Source): Handler =>
  async (ask) => {
    const { c, deps, client, prefer } = ask
    const pairs = await source(ask)
    if (pairs instanceof Response) return pairs
    const asked = questionOf(ask, type, pairs)
    if (asked instanceof Response) return asked
    const { tests, sort, count, applied, ignored } = asked
    if (prefer.handling === 'strict' && ignored.length > 0)
      return sendOutcome(
        c,
        400,
        ignored.map((each) => ({ ...each, severity: 'error' })),
      )
    const binding = `definitions\n${client.id}\n${type}\n${encoded(applied)}`
    const token = pairs.findLast(([name]) => name === '_page')?.[1]
    const reading = token === undefined ? undefined : deps.cursors.read(token, binding)
    if (reading && 'fault' in reading)
      return reading.fault === 'expired'
        ? refuse(c, 'gone', 'this page link is too old - start the search again')
        : refuse(c, 'bad-request', '_page is not a page of this search - follow the links of the Bundle')
    const found = (sources[type]?.(deps) ?? []).filter((each) => tests.every((test) => test(each)))
    const ordered = inOrder(type, found, sort)
    const from = reading ? ordered.findIndex(({ id }) => id === reading.position.id) + 1 : 0
    const page = ordered.slice(from, from + count)
    const last = page.at(-1)
    const url = (extra: Pairs): string => {
      const text = encoded([...applied, ...extra])
      return `${deps.baseUrl}/${type}${text === '' ? '' : `?${text}`}`
    }
    const next =
      last && from + count < ordered.length
        ? deps.cursors.write({ keys: [], id: String(last.id), seq: '0' }, binding)
        : undefined
    const text = bundleText({
      type: 'searchset',
      total: asked.hasTotal ? found.length : undefined,
      timestamp: deps.gateway.now().toISOString(),
      links: [
        { relation: 'self', url: url(token === undefined ? [] : [['_page', token]]) },
        ...(token === undefined ? [] : [{ relation: 'first', url: url([]) } as const]),
        ...(next === undefined ? [] : [{ relation: 'next', url: url([['_page', next]]) } as const]),
      ],
      entries: [
        ...page.map(
          (each): BundleEntry => ({
            fullUrl: `${deps.baseUrl}/${type}/${each.id}`,
            resource: textOf(each, asked),
            mode: 'match',
          }),
        ),
        ...outcomeEntry(ignored),
      ],
    })
    return sendText(c, 200, text)
  }
