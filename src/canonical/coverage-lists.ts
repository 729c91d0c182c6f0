// Whose list of policies says what: A28 and A31 name all of a person's, so that what they leave out has ended
// (semantics, sections 7 and 11). Nothing here depends on the order in which messages arrive.
import type { Applying } from './applying.ts'
import { lastMention } from './coverage.ts'
import { writeInstant, zoneClock } from './instant.ts'

/** What one source has told of the policies of one person; kept with the person. */
interface Lists {
  /** Policies that it has ever named. */
  readonly ids: readonly string[]
  /** Times of its complete lists, milliseconds, earliest first. */
  readonly at: readonly number[]
}

/** Complete lists that are remembered for each source and person; of more, the oldest are forgotten. */
const maxLists = 500

/** Notes the policies that a message names; when it names all of them, those that it leaves out have ended. */
export function noteCoverages(
  applying: Applying,
  patient: string,
  named: readonly string[],
  isComplete: boolean,
): void {
  const { draft, source, times } = applying
  const id = patient.slice('Patient/'.length)
  const key = `coverages:${source.id}`
  const before = (draft.contribution('Patient', id, 'gateway', key)?.data ?? {
    ids: [],
    at: [],
  }) as unknown as Lists
  const ids = [...new Set([...before.ids, ...named])].sort()
  const isNew = isComplete && !before.at.includes(times.event)
  const at = isNew ? [...before.at, times.event].sort((a, b) => a - b).slice(-maxLists) : before.at
  if (isNew || ids.length > before.ids.length)
    draft.contribute('Patient', id, {
      source: 'gateway',
      key,
      i: draft.messageId,
      cells: {},
      data: { ids, at },
    })
  for (const coverage of isNew ? ids : named) settle(applying, coverage, at)
}

/** A policy has ended with the first complete list after its last mention. */
function settle(applying: Applying, coverage: string, lists: readonly number[]): void {
  const { draft, source } = applying
  const key = `ended:${source.id}`
  const mentioned = lastMention(draft.contribution('Coverage', coverage, source.id))
  const end = mentioned === undefined ? undefined : lists.find((each) => each > mentioned)
  const known = draft.contribution('Coverage', coverage, 'gateway', key)?.data as { t: number } | undefined
  if (end === undefined) {
    if (known) draft.withdraw('Coverage', coverage, 'gateway', key)
  } else if (known?.t !== end) {
    const date = writeInstant(end, zoneClock(source.timezone)).slice(0, 10)
    const data = { t: end, date }
    draft.contribute('Coverage', coverage, { source: 'gateway', key, i: draft.messageId, cells: {}, data })
  }
}
