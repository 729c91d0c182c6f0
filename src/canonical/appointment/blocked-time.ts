// S23 and S24: time of actors that nobody may book, without an appointment (HL7 v2 ch. 10; semantics, section 9).
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, cellAt, derived } from '../applying.ts'
import { Refusal } from '../finding.ts'
import { stableId } from '../identity/identifier.ts'
import { zoneClock } from '../instant.ts'
import type { Contribution } from '../truth/contribution.ts'
import { stepsOf } from '../truth/event-log.ts'
import { participantsOf, withResourceTimes } from './appointment-actors.ts'
import { followCrew } from './appointment-participants.ts'
import { followTimes } from './appointment-times.ts'
import { scheduleId } from './booking.ts'
import { fillerStatusOf } from './filler-status.ts'

/** Slots that a block has made; kept with its number, for an S24 that gives no time. */
const blocksKey = 'blocked'

export const isBlock = (event: string): boolean => event === 'SIU^S23' || event === 'SIU^S24'

/** SCH-25 says that the time is blocked, whatever the event. */
export const saysBlocked = (thing: Thing): boolean =>
  fillerStatusOf(cellAt(thing, '$fillerStatus')?.value)?.code === 'Blocked'

interface Interval {
  readonly actor: string
  readonly start: string
  readonly end: string
}

/** Blocks the time of the message's actors, or opens it again; the later word about an interval counts. */
export function applyBlock(
  applying: Applying,
  id: string,
  said: Contribution,
  schedule: string | undefined,
): void {
  const { draft, source, times, event } = applying
  const status = event === 'SIU^S24' ? 'free' : 'busy-unavailable'
  const list = intervalsOf(applying, said, schedule)
  const known = (draft.contribution('Appointment', id, 'gateway', blocksKey)?.data ?? []) as readonly string[]
  const say = (v: never) => derived(applying, v, times.event)
  if (list.length === 0) {
    if (known.length === 0) throw nothingNamed(applying)
    for (const slot of known) draft.assert('Slot', slot, source.id, { 'status<MSH-9': say(status as never) })
    return
  }
  const slots = list.map(({ actor, start, end }) => {
    const slot = stableId('Slot', 'blocked', actor, start, end)
    const reference = `Schedule/${scheduleId(actor)}`
    draft.assert('Slot', slot, source.id, {
      'schedule<SCH-5': say({ reference } as never),
      'status<MSH-9': say(status as never),
      'start<SCH-11': say(start as never),
      'end<SCH-11': say(end as never),
    })
    return slot
  })
  const all = [...new Set([...known, ...slots])].sort()
  draft.project({ rtype: 'Appointment', id, key: blocksKey, data: all })
}

function nothingNamed({ event }: Applying): Refusal {
  return new Refusal('AE', {
    code: '101',
    locations: ['SCH^1^5'],
    text: `${event} names no schedule or no time (SCH^1^5, AIP, AIL, AIG, TQ1) - send both`,
  })
}

/** What the message takes: its resources at their own times, else the schedule of SCH-5 at that of the message. */
function intervalsOf(applying: Applying, said: Contribution, schedule: string | undefined): Interval[] {
  const zone = zoneClock(applying.site.gateway.timezone)
  const steps = stepsOf([said], () => 0)
  const stated = followTimes(steps, zone)
  const crew = followCrew(steps, stated.startAfter)
  const times = withResourceTimes(stated, crew, zone)
  const { start, end } = times
  const people = participantsOf(crew, times, (reference) => reference, zone)
  const found = people.flatMap(({ actor, entry }) => {
    const period = (entry.period ?? {}) as { start?: string; end?: string }
    return [{ actor, start: period.start ?? start?.text, end: period.end ?? end?.text }]
  })
  if (schedule !== undefined) found.push({ actor: schedule, start: start?.text, end: end?.text })
  return found.flatMap(({ actor, start: from, end: to }) =>
    actor === undefined || from === undefined || to === undefined || Date.parse(to) <= Date.parse(from)
      ? []
      : [{ actor, start: from, end: to }],
  )
}
