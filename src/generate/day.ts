// A day in a hospital as HL7 v2 messages, made up out of a seed: what happens to each patient, and what goes wrong with it.
import type { Cast } from './cast.ts'
import { chanceOf } from './chance.ts'
import { personOf } from './person.ts'
import { dtm } from './segments.ts'
import { Story } from './story.ts'
import { inTrouble, type Trouble } from './trouble.ts'

export interface DayOptions {
  readonly seed: number
  readonly patients: number
  readonly hours: number
  /** Share of messages that come late, twice or wrong, or that contradict another: 0 to 1. */
  readonly trouble: number
  /** Local wall clock of its beginning, 'YYYY-MM-DD'. */
  readonly date: string
}

/** One message before its header: what happened, when, and who tells of it. */
export interface Happening {
  /** 'ADT^A01'. */
  readonly event: string
  readonly source: string
  /** Milliseconds of the local wall clock, as if it were UTC. */
  readonly at: number
  /** Without MSH and EVN. */
  readonly segments: readonly string[]
}

export interface Sent extends Happening {
  readonly controlId: string
  /** When it is sent; later than `at` for what comes late. */
  readonly sentAt: number
  /** What is wrong with it; undefined when nothing is. */
  readonly trouble: Trouble | undefined
  /** Segments ended by CR. */
  readonly text: string
}

const msPerHour = 3_600_000

/** All messages of the day in the order in which they are sent. The same options give the same messages. */
export function day(options: DayOptions, cast: Cast): Sent[] {
  const { seed, patients, hours, date, trouble } = options
  const begin = Date.parse(`${date}T00:00:00Z`)
  const happenings: Happening[] = []
  for (let index = 0; index < patients; index++) {
    // Each patient has choices of their own: more patients do not change the others.
    const chance = chanceOf(seed * 1_000_003 + index)
    const span = { begin, end: begin + hours * msPerHour }
    const story = new Story(cast, personOf(chance, index), span, chance)
    happenings.push(...story.tell())
  }
  const chance = chanceOf(seed)
  const told = inTrouble(inTime(happenings), trouble, cast, chance)
  return numbered(told, cast, seed)
}

const inTime = (list: readonly Happening[]): Happening[] =>
  list
    .map((each, i) => ({ each, i }))
    .sort((a, b) => a.each.at - b.each.at || a.i - b.i)
    .map(({ each }) => each)

export interface Told extends Happening {
  readonly sentAt: number
  readonly trouble: Trouble | undefined
  /** Place of the message of which this is a copy, byte for byte. */
  readonly copyOf?: Told
}

function numbered(list: readonly Told[], cast: Cast, seed: number): Sent[] {
  const ids = new Map<Told, string>()
  const ordered = list
    .map((each, i) => ({ each, i }))
    .sort((a, b) => a.each.sentAt - b.each.sentAt || a.i - b.i)
  let count = 0
  for (const { each } of ordered)
    if (!each.copyOf) ids.set(each, `G${seed.toString(36)}${String(++count).padStart(6, '0')}`.toUpperCase())
  return ordered.map(({ each }) => {
    const original = each.copyOf ?? each
    const controlId = ids.get(original) ?? ''
    const { event, source, at, segments, sentAt, trouble } = each
    const text = textOf(original, original.sentAt, controlId, cast)
    return { event, source, at, segments, sentAt, trouble, controlId, text }
  })
}

const structures: Readonly<Record<string, string>> = {
  'ADT^A02': 'ADT_A02',
  'ADT^A03': 'ADT_A03',
  'ADT^A04': 'ADT_A01',
  'ADT^A05': 'ADT_A05',
  'ADT^A08': 'ADT_A01',
  'ADT^A11': 'ADT_A09',
  'ADT^A13': 'ADT_A01',
  'ADT^A28': 'ADT_A05',
  'ADT^A31': 'ADT_A05',
  'ADT^A40': 'ADT_A39',
  'DFT^P03': 'DFT_P03',
}

/** MSH-7 is when it is sent, EVN-2 and EVN-6 when it happened; a schedule message has but MSH-7. */
function textOf({ event, source, at, segments }: Happening, sentAt: number, id: string, cast: Cast): string {
  const { application, facility } = cast.gateway
  const schedule = event.startsWith('SIU^')
  const structure = structures[event] ?? (schedule ? 'SIU_S12' : event.replace('^', '_'))
  const time = dtm(schedule ? at : sentAt)
  const head = `MSH|^~\\&|${source}|${application}|${facility}|${time}||${event}^${structure}|${id}|P|2.5.1`
  const evn = `EVN||${dtm(at)}|||REG07^DIAZ^ANA|${dtm(at)}`
  return `${[head, ...(schedule ? [] : [evn]), ...segments].join('\r')}\r`
}
