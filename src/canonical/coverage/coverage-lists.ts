// Whose list of policies says what: A28 and A31 name all of a person's, so that what they leave out has ended
// and IN1-46 the plan that another has replaced (semantics, sections 7 and 11). Nothing here depends on the order in which
// messages arrive.
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, cellAt } from '../applying.ts'
import { writeInstant, zoneClock } from '../instant.ts'
import { type Contribution, splitKey } from '../truth/contribution.ts'
import { compareText } from '../truth/event-log.ts'
import { type Classed, lastMention, planAmong } from './coverage.ts'

/** Where IN1-46 is shown. */
const priorPlan = "extension('http://portico.example.org/StructureDefinition/prior-plan')"

/** What one source has told of the policies of one person; kept with the person. */
interface Lists {
  /** Policies that it has ever named. */
  readonly ids: readonly string[]
  /** Times of its complete lists, milliseconds, earliest first. */
  readonly at: readonly number[]
  /** Plans that others have replaced (IN1-46), and when, earliest first. */
  readonly replaced?: readonly Replaced[]
}

interface Replaced {
  readonly plan: string
  readonly t: number
}

/** A policy that a message names. */
interface Named {
  readonly id: string
  readonly thing: Thing
}

/** Complete lists and replacements that are remembered for each source and person; of more, the oldest are forgotten. */
const maxLists = 500

/** Notes the policies that a message names; when it names all of them, those that it leaves out have ended. */
export function noteCoverages(
  applying: Applying,
  patient: string,
  named: readonly Named[],
  isComplete: boolean,
): void {
  const { draft, source, times } = applying
  const id = patient.slice('Patient/'.length)
  const key = `coverages:${source.id}`
  const before = (draft.contribution('Patient', id, 'gateway', key)?.data ?? {
    ids: [],
    at: [],
  }) as Lists
  const ids = [...new Set([...before.ids, ...named.map((each) => each.id)])].sort()
  const isNew = isComplete && !before.at.includes(times.event)
  const at = isNew ? [...before.at, times.event].sort((a, b) => a - b).slice(-maxLists) : before.at
  const replaced = withReplaced(before.replaced ?? [], named, times.event)
  const replaces = replaced.length > (before.replaced ?? []).length
  if (isNew || replaces || ids.length > before.ids.length)
    draft.contribute('Patient', id, {
      source: 'gateway',
      key,
      i: draft.messageId,
      cells: {},
      data: { ids, at, ...(replaced.length > 0 ? { replaced: replaced as readonly object[] as Json } : {}) },
    })
  const touched = isNew || replaces ? ids : named.map((each) => each.id)
  for (const coverage of touched) settle(applying, coverage, at, replaced)
}

/** Adds the plans that these policies take the place of. */
function withReplaced(known: readonly Replaced[], named: readonly Named[], t: number): readonly Replaced[] {
  const added = named.flatMap(({ thing }) => {
    const said = cellAt(thing, priorPlan)?.value as { readonly valueString?: unknown } | null | undefined
    const plan = said?.valueString
    return typeof plan === 'string' && !known.some((each) => each.plan === plan && each.t === t)
      ? [{ plan, t }]
      : []
  })
  if (added.length === 0) return known
  const order = (a: Replaced, b: Replaced) => a.t - b.t || compareText(a.plan, b.plan)
  return [...known, ...added].sort(order).slice(-maxLists)
}

/** Plan of a policy as one source has said it: its class of type 'plan'. */
function planSaid(said: Contribution): string | undefined {
  for (const [key, { v }] of Object.entries(said.cells)) {
    if (splitKey(key).path === 'class' && Array.isArray(v)) return planAmong(v as readonly Classed[])
  }
  return undefined
}

/** A policy has ended with the first complete list after its last mention, or the first policy that replaced its plan. */
function settle(
  applying: Applying,
  coverage: string,
  lists: readonly number[],
  replaced: readonly Replaced[],
): void {
  const { draft, source } = applying
  const key = `ended:${source.id}`
  const said = draft.contribution('Coverage', coverage, source.id)
  const mentioned = lastMention(said)
  const plan = replaced.length > 0 && said ? planSaid(said) : undefined
  const ends = [...lists, ...replaced.flatMap((each) => (each.plan === plan ? [each.t] : []))]
  const later = mentioned === undefined ? [] : ends.filter((each) => each > mentioned)
  const end = later.length > 0 ? Math.min(...later) : undefined
  const known = draft.contribution('Coverage', coverage, 'gateway', key)?.data as { t: number } | undefined
  if (end === undefined) {
    if (known) draft.withdraw('Coverage', coverage, 'gateway', key)
  } else if (known?.t !== end) {
    const date = writeInstant(end, zoneClock(source.timezone)).slice(0, 10)
    const data = { t: end, date }
    draft.contribute('Coverage', coverage, { source: 'gateway', key, i: draft.messageId, cells: {}, data })
  }
}
