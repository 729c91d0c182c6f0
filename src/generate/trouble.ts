// What goes wrong on a generated day: late, doubled, corrected and contradictory messages, and such as must be refused.
import type { Cast } from './cast.ts'
import type { Chance } from './chance.ts'
import type { Happening, Told } from './day.ts'

export const troubles = [
  'late',
  'resent',
  'repeated',
  'corrected',
  'contradicted',
  'no-identifier',
  'unknown-event',
  'bad-date',
  'unknown-patient',
] as const
export type Trouble = (typeof troubles)[number]

/** What the gateway answers with AE or AR. */
export const refused: ReadonlySet<Trouble> = new Set([
  'no-identifier',
  'unknown-event',
  'bad-date',
  'unknown-patient',
])

const msPerMinute = 60_000

/** Each message meets trouble with this probability; some troubles are messages of their own. */
export function inTrouble(
  list: readonly Happening[],
  probability: number,
  cast: Cast,
  chance: Chance,
): Told[] {
  const out: Told[] = []
  for (const each of list) {
    const plain: Told = { ...each, sentAt: each.at, trouble: undefined }
    if (chance.happens(probability)) out.push(...troubled(plain, cast, chance))
    else out.push(plain)
  }
  return out
}

function troubled(told: Told, cast: Cast, chance: Chance): Told[] {
  const after = (minutes: number) => told.sentAt + (1 + chance.below(minutes)) * msPerMinute
  const kind = chance.one(troubles)
  switch (kind) {
    case 'late':
      // What joins two records is never late: it is its position that counts.
      return told.event === 'ADT^A40' ? [told] : [{ ...told, sentAt: after(240), trouble: kind }]
    case 'resent':
      return [told, { ...told, sentAt: after(10), trouble: kind, copyOf: told }]
    case 'repeated':
      return told.event === 'ADT^A40' ? [told] : [told, { ...told, sentAt: after(10), trouble: kind }]
    case 'corrected':
      return [told, ...correctionOf(told, after(60))]
    case 'contradicted':
      return [told, ...contradictionOf(told, after(60), cast)]
    default:
      return [told, wrong(told, kind, after(10))]
  }
}

/** The same person, said better a little later: born on another day, of another sex. */
function correctionOf(told: Told, at: number): Told[] {
  const [pid] = told.segments
  if (!/^ADT\^A(01|04|08|28|31)$/.test(told.event) || !pid?.startsWith('PID')) return []
  const fields = pid.split('|')
  fields[8] = fields[8] === 'F' ? 'M' : 'F'
  fields[7] = `${fields[7]?.slice(0, 6) ?? ''}${fields[7]?.endsWith('01') ? '02' : '01'}`
  const segments = [fields.slice(0, 17).join('|'), 'PV1|1|N']
  return [{ event: 'ADT^A31', source: told.source, at, sentAt: at, segments, trouble: 'corrected' }]
}

/** Another source says otherwise of the same person. */
function contradictionOf(told: Told, at: number, cast: Cast): Told[] {
  const [pid] = told.segments
  const source = told.source === cast.registration ? cast.walkin : cast.registration
  if (!pid?.startsWith('PID') || source === undefined) return []
  const fields = pid.split('|')
  fields[5] = fields[5]?.replace(/^[^^]+/, (family) => `${family}-SMITH`) ?? ''
  fields[11] = '77 OTHER WAY^^OAKTON^IL^62105^USA^H'
  const segments = [fields.slice(0, 17).join('|'), 'PV1|1|N']
  return [{ event: 'ADT^A31', source, at, sentAt: at, segments, trouble: 'contradicted' }]
}

/** A message that must be refused, in place of none: what it is about goes on undisturbed. */
function wrong(told: Told, kind: Trouble, at: number): Told {
  const fields = (told.segments.find((each) => each.startsWith('PID')) ?? 'PID|1').split('|').slice(0, 12)
  if (kind === 'no-identifier') fields[3] = ''
  if (kind === 'bad-date') fields[7] = '19991332'
  const base = { at, sentAt: at, trouble: kind } as const
  if (kind !== 'unknown-patient') {
    const event = kind === 'unknown-event' ? 'ADT^A99' : 'ADT^A31'
    return { ...base, event, source: told.source, segments: [fields.join('|'), 'PV1|1|N'] }
  }
  const [number = '', ...authority] = (fields[3] ?? '').split('^')
  const pid = ['PID', '1', '', [`${number}404`, ...authority].join('^')].join('|')
  return { ...base, event: 'ADT^A08', source: told.source, segments: [pid, 'PV1|1|N'] }
}
