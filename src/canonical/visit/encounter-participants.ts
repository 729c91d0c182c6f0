// Who takes part in a visit: attending and consulting doctors change by an event of their own (ADT A54, A61),
// which leaves the one before in the record (mapping, section 3.1).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, sameContent } from '../fhir-json.ts'
import { type Clock, writeInstant } from '../instant.ts'
import { type Elements, isObject } from '../truth/event-elements.ts'
import { type Step, type StepCell, type Winner, winnerOf } from '../truth/event-log.ts'
import type { Cancellations } from './encounter-events.ts'

const typeByField: Readonly<Record<string, string>> = {
  'PV1-7': 'ATND',
  'PV1-8': 'REF',
  'PV1-9': 'CON',
  'PV1-17': 'ADM',
  'PV1-52': 'PART',
  'PV2-13': 'REF',
}

/** Code of v3-ParticipationType that the entries of a field have. */
export const participantType = (path: string, field: string): string | undefined =>
  path === 'participant' ? typeByField[field] : undefined

/** Events that change who fills a role, and the field that says who. */
const changes: Readonly<Record<string, string>> = { A54: 'PV1-7', A61: 'PV1-9' }

interface Past {
  readonly entry: Json
  readonly winner: Winner
}

/** Adds the earlier holders of a role to the participants, and to the present ones since when they are it. */
export function withParticipantHistory(
  elements: Elements,
  steps: readonly Step[],
  { cancelled, dropped }: Cancellations,
  clock: Clock,
): Elements {
  if (!steps.some((step) => changes[step.code] !== undefined && !cancelled.has(step))) return elements
  const now = new Map<string, StepCell>()
  const since = new Map<string, string>()
  const past: Past[] = []
  for (const step of steps) {
    for (const cell of step.cells) {
      if (cell.path !== 'participant' || dropped(step, cell.path, cell.key)) continue
      if (cell.field === 'FHIR') now.clear()
      const before = now.get(cell.field)
      now.set(cell.field, cell)
      if (before && sameContent(before.v, cell.v)) continue
      const start = since.get(cell.field)
      since.delete(cell.field)
      if (changes[step.code] !== cell.field || cancelled.has(step)) continue
      const end = writeInstant(step.t, clock)
      const winner = winnerOf(step, cell.key)
      for (const entry of entriesOf(before?.v)) past.push({ entry: during(entry, start, end), winner })
      since.set(cell.field, end)
    }
  }
  const starts = [...since].flatMap(([field, start]) =>
    entriesOf(now.get(field)?.v).map((each) => [canonicalText(each), start] as const),
  )
  return merge(elements, past, new Map(starts))
}

const entriesOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : []

function during(entry: Json, start: string | undefined, end: string | undefined): Json {
  if (!isObject(entry) || entry.period !== undefined) return entry
  return {
    ...entry,
    period: { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) },
  }
}

function merge(
  { tree, winners }: Elements,
  past: readonly Past[],
  since: ReadonlyMap<string, string>,
): Elements {
  const present = entriesOf(tree.participant).map((entry) => {
    const start = since.get(canonicalText(entry))
    return start === undefined ? entry : during(entry, start, undefined)
  })
  const more = { ...winners }
  for (const [i, each] of past.entries()) more[`participant[${present.length + i}]`] = each.winner
  const participant = [...present, ...past.map((each) => each.entry)]
  return { tree: participant.length === 0 ? tree : { ...tree, participant }, winners: more }
}
