// Whose list of policies says what: A28 and A31 name all of a person's, so that what they leave out has ended
// and IN1-46 the plan that another has replaced (semantics, sections 7 and 11). Nothing here depends on the order in which
// messages arrive.
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, cellAt } from '../applying.ts'
import { writeInstant, zoneClock } from '../instant.ts'
import { referenceTo } from '../masters/actors.ts'
import { splitKey } from '../truth/contribution.ts'
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
  /** Payer of the policy that took its place. */
  readonly payor?: string
  readonly t: number
}

/** A policy as one source has said it. */
interface Said {
  readonly id: string
  readonly plan: string | undefined
  readonly payor: string | undefined
  /** Business time of its last mention, milliseconds. */
  readonly mentioned: number
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
  const replaced = withReplaced(applying, before.replaced ?? [], named)
  const replaces = replaced.length > (before.replaced ?? []).length
  if (isNew || replaces || ids.length > before.ids.length)
    draft.contribute('Patient', id, {
      source: 'gateway',
      key,
      i: draft.messageId,
      cells: {},
      data: { ids, at, ...(replaced.length > 0 ? { replaced: replaced as readonly object[] as Json } : {}) },
    })
  const touched = isNew || replaced.length > 0 ? ids : named.map((each) => each.id)
  const said = touched.flatMap((each) => saidOf(applying, each) ?? [])
  const ends = replaced.map((each) => ({ id: policyReplaced(each, said, at), t: each.t }))
  for (const policy of said) {
    const own = ends.flatMap((each) => (each.id === policy.id ? [each.t] : []))
    settle(applying, policy, [...at, ...own])
  }
}

/** Adds the plans that these policies take the place of. */
function withReplaced(
  applying: Applying,
  known: readonly Replaced[],
  named: readonly Named[],
): readonly Replaced[] {
  const t = applying.times.event
  const added = named.flatMap(({ thing }) => {
    const said = cellAt(thing, priorPlan)?.value as { readonly valueString?: unknown } | null | undefined
    const plan = said?.valueString
    if (typeof plan !== 'string') return []
    const payor = referenceTo(applying, thing, 'payor')
    const isKnown = known.some((each) => each.plan === plan && each.payor === payor && each.t === t)
    return isKnown ? [] : [{ plan, ...(payor !== undefined && { payor }), t }]
  })
  if (added.length === 0) return known
  const order = (a: Replaced, b: Replaced) =>
    a.t - b.t || compareText(a.plan, b.plan) || compareText(a.payor ?? '', b.payor ?? '')
  return [...known, ...added].sort(order).slice(-maxLists)
}

/** Undefined when this source has never named it as standing. */
function saidOf({ draft, source }: Applying, id: string): Said | undefined {
  const said = draft.contribution('Coverage', id, source.id)
  const mentioned = lastMention(said)
  if (!said || mentioned === undefined) return undefined
  let plan: string | undefined
  let payor: string | undefined
  for (const [key, { v }] of Object.entries(said.cells)) {
    if (!Array.isArray(v)) continue
    const { path } = splitKey(key)
    if (path === 'class') plan ??= planAmong(v as readonly Classed[])
    if (path === 'payor') payor = (v as readonly { readonly reference?: string }[])[0]?.reference
  }
  return { id, plan, payor, mentioned }
}

/**
 * IN1-46 is a plan without its payer: of the policies with that plan which stood until then, the one of the same payer is
 * meant, else the only one; of several nobody knows which, and none has ended.
 */
function policyReplaced(
  { plan, payor, t }: Replaced,
  said: readonly Said[],
  lists: readonly number[],
): string | undefined {
  const stood = said.filter(
    (each) => each.plan === plan && each.mentioned < t && !lists.some((at) => at > each.mentioned && at <= t),
  )
  const own = stood.filter((each) => each.payor === payor)
  const [meant, ...others] = own.length > 0 ? own : stood
  return others.length === 0 ? meant?.id : undefined
}

/** A policy has ended with the first complete list after its last mention, or the first policy that replaced it. */
function settle(applying: Applying, { id, mentioned }: Said, ends: readonly number[]): void {
  const { draft, source } = applying
  const key = `ended:${source.id}`
  const later = ends.filter((each) => each > mentioned)
  const end = later.length > 0 ? Math.min(...later) : undefined
  const known = draft.contribution('Coverage', id, 'gateway', key)?.data as { t: number } | undefined
  if (end === undefined) {
    if (known) draft.withdraw('Coverage', id, 'gateway', key)
  } else if (known?.t !== end) {
    const date = writeInstant(end, zoneClock(source.timezone)).slice(0, 10)
    const data = { t: end, date }
    draft.contribute('Coverage', id, { source: 'gateway', key, i: draft.messageId, cells: {}, data })
  }
}
