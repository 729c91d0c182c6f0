// DocumentReference/$docref (US Core 6.1.0, OperationDefinition docref): the documents of a patient that are kept here. None is made
// on demand, so that who asks for such alone finds none.
import type { Filter } from '../../fhir/filter.ts'
import { parseSearch } from '../../fhir/search-query.ts'
import type { Ask, Pairs } from './ask.ts'
import { pairsIn } from './parameters.ts'
import { refuse } from './reply.ts'
import { searchWithin } from './search.ts'
import { knownHere } from './search-request.ts'

const own: ReadonlySet<string> = new Set(['start', 'end', 'on-demand'])
const type = 'DocumentReference'

export async function docref(ask: Ask): Promise<Response> {
  const pairs = await pairsIn(ask)
  if (pairs instanceof Response) return pairs
  const value = (name: string): string | undefined =>
    pairs.findLast(([each, text]) => each === name && text !== '')?.[1]
  if (value('patient') === undefined)
    return refuse(ask.c, 'bad-request', 'patient is needed: the id of a Patient - send it')
  const care = pairs.filter(([name, text]) => (name === 'start' || name === 'end') && text !== '')
  const filters = filtersOf(ask, care, value('on-demand') === 'true')
  if (!filters)
    return refuse(ask.c, 'bad-request', 'start and end are dates - use YYYY-MM-DD, or a time with its offset')
  // Of several types any may be it; repeated in a search they would all have to be.
  const types = pairs.flatMap(([name, text]) => (name === 'type' && text !== '' ? [text] : []))
  const others = pairs.filter(([name, text]) => !own.has(name) && name !== 'type' && text !== '')
  const asked: Pairs = types.length > 0 ? [...others, ['type', types.join(',')]] : others
  const extra = pairs.filter(([name]) => own.has(name))
  return await searchWithin(ask, `${type}/$docref`, asked, extra, { kind: 'all', filters })
}

/** By the time of the care where a document tells it; without dates what is current. Undefined when one is no date. */
function filtersOf(ask: Ask, care: Pairs, isOnDemand: boolean): readonly Filter[] | undefined {
  const read = (name: string, value: string): readonly Filter[] | undefined => {
    const found = parseSearch(type, [[name, value]], knownHere(ask.deps))
    return 'issues' in found ? undefined : found.query.filters
  }
  if (isOnDemand) return [{ kind: 'id', ids: [] }]
  if (care.length === 0) return read('status', 'current')
  const filters: Filter[] = []
  for (const [name, value] of care) {
    const within = read('period', `${name === 'start' ? 'ge' : 'le'}${value}`)
    if (!within) return undefined
    filters.push({
      kind: 'any',
      filters: [...within, { kind: 'missing', param: 'period', missing: true }],
    })
  }
  return filters
}
