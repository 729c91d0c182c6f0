// Named repairs of what one sender does wrong, done on the text before it is read. The bytes that came are kept as they are.
import type { Delimiters } from './escape.ts'
import { encode } from './escape.ts'
import { datesOf, isDateForm } from './repair-dates.ts'
import { type Cut, cutMessage, joinMessage, parseTarget, type Target, valuesAt } from './repair-text.ts'

/** One repair as the site file has it; which of its properties count depends on its name. */
export interface Repair {
  readonly repair: string
  /** Positions: 'PID-3.1' is that component of every repetition in every PID. */
  readonly at?: string | readonly string[]
  readonly from?: string | readonly string[]
  readonly to?: string
  readonly with?: string
  readonly length?: number
  readonly form?: string
}

/** What a repair does to a message in pieces; true when it changed something. */
type Mend = (cut: Cut, delimiters: Delimiters) => boolean

interface Kind {
  /** What it needs beside its name, and what it may have. */
  readonly needs: readonly (keyof Repair)[]
  readonly may?: readonly (keyof Repair)[]
  readonly mend: (repair: Repair) => Mend
}

/** Changes each value at the positions of a repair. */
const each =
  (change: (repair: Repair) => (value: string, delimiters: Delimiters) => string) =>
  (repair: Repair): Mend => {
    const targets = targetsOf(repair.at)
    const made = change(repair)
    return (cut, delimiters) => {
      let changed = false
      for (const target of targets)
        changed = valuesAt(cut, target, delimiters, (value) => made(value, delimiters)) || changed
      return changed
    }
  }

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

const targetsOf = (at: Repair['at']): Target[] => listOf(at).flatMap((text) => parseTarget(text) ?? [])

const kinds: Readonly<Record<string, Kind>> = {
  /** Writes `to` in the place of what is there; with `from` only in the place of one of these values ('' = nothing). */
  set: {
    needs: ['at', 'to'],
    may: ['from'],
    mend: each(({ from, to = '' }) => {
      const only = from === undefined ? undefined : new Set(listOf(from))
      return (value, delimiters) => (only && !only.has(value) ? value : encode(to, delimiters))
    }),
  },
  /** Takes off blanks before and after. */
  trim: { needs: ['at'], mend: each(() => (value) => value.trim()) },
  /** Takes off what pads a value in front: `with` '0' makes 42 of 00042. The last character stays. */
  strip: {
    needs: ['at', 'with'],
    mend: each(({ with: pad = '' }) => (value) => {
      let start = 0
      while (start < value.length - pad.length && value.startsWith(pad, start)) start += pad.length
      return value.slice(start)
    }),
  },
  /** Pads a value in front to a length. */
  pad: {
    needs: ['at', 'with', 'length'],
    mend: each(({ with: pad = '0', length = 0 }) => (value) => {
      return value === '' || value === '""' ? value : value.padStart(length, pad)
    }),
  },
  /** Reads dates of another form: 'MM/DD/YYYY HH:mm'. What does not have it stays. */
  date: { needs: ['at', 'form'], mend: each(({ form = '' }) => datesOf(form)) },
  /** Parts a value that is in one piece: 'DOE, JANE' by ', ' becomes DOE^JANE. */
  split: {
    needs: ['at', 'with'],
    mend: each(({ with: by = '' }) => (value, { component }) => {
      return value.includes(component) ? value : value.split(by).join(component)
    }),
  },
  /** Moves a field to another place in its segment: PID-2 to PID-3, as one more repetition when that has some. */
  move: { needs: ['from', 'to'], mend: move },
  /** Gives segments their right name. */
  rename: {
    needs: ['from', 'to'],
    mend: ({ from, to = '' }) => {
      const names = new Set(listOf(from))
      return (cut) =>
        forSegments(cut, (fields) => {
          if (!names.has(fields[0] ?? '')) return false
          fields[0] = to
          return true
        })
    },
  },
  /** Leaves segments out. */
  drop: {
    needs: ['from'],
    mend: ({ from }) => {
      const names = new Set(listOf(from))
      return (cut) => {
        const kept = cut.segments.filter(([name = '']) => !names.has(name))
        const changed = kept.length < cut.segments.length
        cut.segments.splice(0, cut.segments.length, ...kept)
        return changed
      }
    },
  },
  /** Joins lines that begin with no segment name to the one before: line breaks inside of a text. */
  'join-lines': { needs: [], mend: () => joinLines },
}

function forSegments(cut: Cut, change: (fields: string[]) => boolean): boolean {
  let changed = false
  for (const fields of cut.segments) changed = change(fields) || changed
  return changed
}

function move({ from, to = '' }: Repair): Mend {
  const [source] = targetsOf(from)
  const target = parseTarget(to)
  if (!source || !target) return () => false
  return (cut, { repetition }) =>
    forSegments(cut, (fields) => {
      const value = fields[source.field] ?? ''
      if (fields[0] !== source.segment || value === '') return false
      const known = fields[target.field] ?? ''
      while (fields.length <= target.field) fields.push('')
      fields[target.field] = known === '' || known === '""' ? value : `${known}${repetition}${value}`
      fields[source.field] = ''
      return true
    })
}

const SEGMENT = /^[A-Z][A-Z0-9]{2}$/

function joinLines(cut: Cut, delimiters: Delimiters): boolean {
  const lineBreak = `${delimiters.escape}.br${delimiters.escape}`
  const joined: string[][] = []
  for (const fields of cut.segments) {
    const last = joined.at(-1)
    if (!last || SEGMENT.test(fields[0] ?? '')) joined.push(fields)
    else {
      const [first = '', ...rest] = fields
      last.push(`${last.pop() ?? ''}${lineBreak}${first}`, ...rest)
    }
  }
  const changed = joined.length < cut.segments.length
  cut.segments.splice(0, cut.segments.length, ...joined)
  return changed
}

/** Names of repairs. */
export const repairNames: readonly string[] = Object.keys(kinds)

const identity = new Set(['MSH-1', 'MSH-2', 'MSH-3', 'MSH-4', 'MSH-7', 'MSH-10'])

/** What is wrong with a repair, in sentences without the place: what - what to do. */
export function checkRepair(repair: Repair): string[] {
  const kind = kinds[repair.repair]
  if (!kind) return [`there is no repair '${repair.repair}' - write one of ${repairNames.join(', ')}`]
  const problems: string[] = []
  for (const name of kind.needs)
    if (repair[name] === undefined) problems.push(`${repair.repair} has no ${name} - write it`)
  const allowed = new Set<string>(['repair', 'note', ...kind.needs, ...(kind.may ?? [])])
  for (const name of Object.keys(repair))
    if (!allowed.has(name)) problems.push(`${repair.repair} has no use for ${name} - remove it`)
  const positions = [
    ...listOf(repair.at),
    ...(repair.repair === 'move' ? [...listOf(repair.from), repair.to ?? ''] : []),
  ]
  for (const position of positions) {
    const target = parseTarget(position)
    if (!target) problems.push(`'${position}' is no position - write PID-3 or PID-3.1`)
    else if (identity.has(`${target.segment}-${target.field}`))
      problems.push(
        `${position} says which message it is - it cannot be repaired, have the sender correct it`,
      )
  }
  if (repair.repair === 'move' && listOf(repair.from)[0]?.slice(0, 3) !== repair.to?.slice(0, 3))
    problems.push('move goes from one field to another of the same segment - name two of one segment')
  if (repair.form !== undefined && !isDateForm(repair.form))
    problems.push(
      `'${repair.form}' is no form of a date - write it with YYYY or YY, MM, DD, HH, mm, ss, as MM/DD/YYYY`,
    )
  if (['strip', 'pad', 'split'].includes(repair.repair) && repair.with === '')
    problems.push(`with is empty (${repair.repair}) - write at least one character`)
  return problems
}

export interface Repaired {
  readonly text: string
  /** Names of the repairs that changed something. */
  readonly done: readonly string[]
}

/** Repairs in their order, ready for use on many messages. */
export function compileRepairs(repairs: readonly Repair[]): (text: string) => Repaired {
  const ready = repairs.flatMap((repair) => {
    const kind = kinds[repair.repair]
    return kind ? [{ name: nameOf(repair), mend: kind.mend(repair) }] : []
  })
  return (text) => {
    const cut = cutMessage(text)
    if (!cut) return { text, done: [] }
    const done = ready.filter(({ mend }) => mend(cut, cut.delimiters)).map(({ name }) => name)
    return done.length === 0 ? { text, done } : { text: joinMessage(cut), done }
  }
}

/** 'set MSH-12' */
const nameOf = ({ repair, at, from }: Repair): string => [repair, ...listOf(at ?? from)].join(' ')
