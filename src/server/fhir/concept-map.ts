// ConceptMap/$translate (FHIR R4 conceptmap-operation-translate.html) over the code tables that messages are read by.
import type { JsonObject } from '../../fhir/types.ts'
import {
  type MapMatch,
  type ShownMap,
  shownMaps,
  shownOfSources,
  type TranslateQuery,
  translateCode,
} from '../../mappings/engine/concept-maps.ts'
import type { Deps } from '../context.ts'
import type { Ask } from './ask.ts'
import { codedOf, type Inputs, inputsFor, textOf } from './parameters.ts'
import { refuse, sendText } from './reply.ts'

/** The tables of the site as they are in force for everybody. */
export const conceptMaps = ({ gateway }: Pick<Deps, 'gateway'>): readonly ShownMap[] =>
  shownMaps(gateway.maps().conceptMaps)

/** Those with which sources differ from it, too. */
export const allConceptMaps = (deps: Pick<Deps, 'gateway'>): readonly ShownMap[] => [
  ...conceptMaps(deps),
  ...shownOfSources(deps.gateway.maps()),
]

const known = new Set(
  'url conceptMapVersion code system version source coding codeableConcept target targetsystem dependency reverse'.split(
    ' ',
  ),
)

export async function translateConcept(ask: Ask): Promise<Response> {
  const { c, deps } = ask
  const inputs = await inputsFor(ask, known)
  if (inputs instanceof Response) return inputs
  const maps = mapsAsked(ask, inputs)
  if (maps instanceof Response) return maps
  const codes = codedOf(inputs)
  if (codes.length === 0)
    return refuse(c, 'bad-request', 'there is no code - send code and system, coding or codeableConcept')
  const isNamed = ask.id !== '' || textOf(inputs, 'url') !== undefined
  if (!isNamed && codes.some(({ system }) => system === undefined))
    return refuse(c, 'bad-request', 'system is missing - name the code system, or the map by its url')
  const reverse = inputs.get('reverse') === true || inputs.get('reverse') === 'true'
  const targetSystem = textOf(inputs, 'targetsystem') ?? systemOfTarget(inputs)
  const set = targetSet(deps, inputs, targetSystem)
  if (set === 'unknown')
    return refuse(
      c,
      'not-found',
      'the target value set is not carried here - name a code system by targetsystem',
    )
  const asked = codes.map((each): TranslateQuery => ({ ...each, targetSystem, reverse }))
  const answers = asked.map((query) => translateCode(maps, query))
  const matches = answers
    .flatMap((each) => each.matches)
    .filter(({ system, code }) => !set || (system !== undefined && set.has(system, code) === true))
  const message =
    matches.length > 0 ? undefined : answers.some(({ unmatched }) => unmatched) ? noCounterpart : notFound
  const parameter = [
    { name: 'result', valueBoolean: matches.length > 0 },
    ...(message === undefined ? [] : [{ name: 'message', valueString: message }]),
    ...matches.map(matchParameter),
  ]
  return sendText(c, 200, JSON.stringify({ resourceType: 'Parameters', parameter }))
}

const noCounterpart = 'the map has the code, and no counterpart for it'
const notFound = 'no map that was asked has the code'

function mapsAsked({ c, deps, id }: Ask, inputs: Inputs): readonly ShownMap[] | Response {
  const url = textOf(inputs, 'url')?.split('|')[0]
  // What one source means by a code is no answer to who does not ask for that source.
  if (id === '' && url === undefined) return conceptMaps(deps)
  const all = allConceptMaps(deps)
  const found = all.filter((each) => (id === '' || each.id === id) && (url === undefined || each.url === url))
  return found.length > 0
    ? found
    : refuse(c, 'not-found', 'this map is not known here - GET ConceptMap lists those that are')
}

/** Many write the code system where a value set is asked for. */
function systemOfTarget(inputs: Inputs): string | undefined {
  const target = textOf(inputs, 'target')
  return target?.includes('/ValueSet/') ? undefined : target
}

function targetSet({ packages }: Pick<Deps, 'packages'>, inputs: Inputs, system: string | undefined) {
  const target = textOf(inputs, 'target')
  if (target === undefined || target === system) return undefined
  return packages().profiles.terminology.group(target) ?? 'unknown'
}

const matchParameter = ({ equivalence, system, code, display, map }: MapMatch): JsonObject => ({
  name: 'match',
  part: [
    { name: 'equivalence', valueCode: equivalence },
    {
      name: 'concept',
      valueCoding: {
        ...(system !== undefined && { system }),
        code,
        ...(display !== undefined && { display }),
      },
    },
    { name: 'source', valueUri: map },
  ],
})
