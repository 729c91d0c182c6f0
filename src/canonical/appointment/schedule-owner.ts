// Whose calendar it is, and how many it has room for (semantics, section 9, ownership).
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, cellAt, cellsAt } from '../applying.ts'
import { Refusal } from '../finding.ts'
import { type Identifier, stableId } from '../identity/identifier.ts'
import type { ScheduleRule } from '../site.ts'
import type { Part } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'
import { scheduleId, scheduleOf } from './booking.ts'

/**
 * The schedule of an actor belongs to whom the site says, else to the source that books it first. It is there from then
 * on, also when a later event that came first has freed the actor again.
 */
export function claimSchedules(applying: Applying, parts: readonly Part[]): void {
  const { draft, source } = applying
  for (const part of parts) {
    const actor = Object.entries(part.cells).find(([key]) => key.startsWith('actor<'))?.[1] as
      | { reference?: string }
      | undefined
    if (!actor?.reference || part.action === 'X') continue
    const owner = siteOwner(applying, actor.reference) ?? claimed(applying, actor.reference)
    if (owner === undefined) {
      draft.contribute('Schedule', scheduleId(actor.reference), {
        source: 'gateway',
        key: 'owner',
        i: draft.messageId,
        cells: {},
        data: source.id,
      })
    } else if (owner !== source.id) {
      const where = `${part.segment}^${part.occurrence}^3`
      throw notFiller(where, owner, source.id)
    }
    openSchedule(draft, actor.reference)
  }
}

function openSchedule(draft: Draft, actor: string): void {
  const id = scheduleId(actor)
  if (draft.contribution('Schedule', id, 'gateway', 'derived')) return
  const data = scheduleOf(actor)
  draft.contribute('Schedule', id, { source: 'gateway', key: 'derived', i: draft.messageId, cells: {}, data })
}

/** The calendar that the site has for an actor of the message. */
function siteSchedule(applying: Applying, thing: Thing | undefined): ScheduleRule | undefined {
  if (!thing) return undefined
  const identifiers = cellsAt(thing, 'identifier').flatMap(
    (each) => (each.value ?? []) as readonly Identifier[],
  )
  return applying.site.schedules.find(({ actor }) =>
    identifiers.some(({ system, value }) => system === actor.system && value === actor.value),
  )
}

function siteOwner(applying: Applying, reference: string): string | undefined {
  const handle = [...applying.references].find(([, to]) => to === reference)?.[0]
  return siteSchedule(
    applying,
    applying.mapped.things.find((each) => `#${each.as}` === handle),
  )?.owner
}

const places = 'urn:portico:location:'

/** The thing that a part books. */
export function actorOf(applying: Applying, part: Thing): Thing | undefined {
  const { reference } = (cellAt(part, 'actor')?.value ?? {}) as { readonly reference?: string }
  return applying.mapped.things.find((each) => reference === `#${each.as}`)
}

/** How many may book the actor of a part at a time; 0 = any number: a department is not a room. */
export function capacityOf(applying: Applying, part: Thing): number | undefined {
  const thing = actorOf(applying, part)
  const listed = siteSchedule(applying, thing)
  if (listed) return listed.capacity ?? 1
  if (thing?.type !== 'Location') return undefined
  const isPlace = cellsAt(thing, 'identifier').some(({ value }) =>
    ((value ?? []) as readonly Identifier[]).some(({ system }) => system?.startsWith(places)),
  )
  const kind = cellAt(thing, 'physicalType')?.value as { coding?: readonly { code?: string }[] } | undefined
  return isPlace && !kind?.coding?.some(({ code }) => code === 'ro' || code === 'bd') ? 0 : undefined
}

/** The actor of the calendar that SCH-5 names, when the site has it and the message names no other. */
export function namedSchedule(applying: Applying, appointment: Thing): string | undefined {
  const name = cellAt(appointment, '$schedule')?.value
  const listed = applying.site.schedules.find((each) => each.id === name)
  if (!listed) return undefined
  const { actor, owner } = listed
  if (owner !== applying.source.id) throw notFiller('SCH^1^5', owner, applying.source.id)
  const known = applying.draft.lookup(actor.type, actor.system, actor.value)?.id
  const id = known ?? stableId(actor.type, actor.system, actor.value)
  const identifier = [{ system: actor.system, value: actor.value }]
  const name_ =
    actor.type === 'Practitioner' ? [{ text: actor.name ?? actor.value }] : (actor.name ?? actor.value)
  if (!applying.draft.exists(actor.type, id))
    applying.draft.project({ rtype: actor.type, id, key: 'derived', data: { identifier, name: name_ } })
  openSchedule(applying.draft, `${actor.type}/${id}`)
  return `${actor.type}/${id}`
}

const notFiller = (where: string, owner: string, source: string): Refusal =>
  new Refusal('AE', {
    code: '207',
    app: 'NOT-FILLER',
    locations: [where],
    text: `the schedule belongs to ${owner}, not to ${source} (${where}) - send the request to ${owner}`,
  })

const claimed = (applying: Applying, actor: string): string | undefined =>
  applying.draft.contribution('Schedule', scheduleId(actor), 'gateway', 'owner')?.data as string | undefined
