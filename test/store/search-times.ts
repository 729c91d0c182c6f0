// Times and their near misses, around the days of Chicago that have 23 and 25 hours (http://hl7.org/fhir/R4/search.html#date).
// What each means as a range is written down by hand; what a prefix says of two ranges is in ten lines.
import type { Specimen } from './search-specimens.ts'

type Range = readonly [from: number, to: number]
const utc = (from: string, to: string): Range => [Date.parse(from), Date.parse(to)]
const moment = (text: string): Range => [Date.parse(text), Date.parse(text) + 1]

const days: Readonly<Record<string, Range>> = {
  '2026-03-07': utc('2026-03-07T06:00Z', '2026-03-08T06:00Z'),
  '2026-03-08': utc('2026-03-08T06:00Z', '2026-03-09T05:00Z'),
  '2026-03-09': utc('2026-03-09T05:00Z', '2026-03-10T05:00Z'),
  '2026-11-01': utc('2026-11-01T05:00Z', '2026-11-02T06:00Z'),
  '2026-03': utc('2026-03-01T06:00Z', '2026-04-01T05:00Z'),
  '2026': utc('2026-01-01T06:00Z', '2027-01-01T06:00Z'),
}
const moments: Readonly<Record<string, Range>> = {
  // The last second of a day, the first one, one before it that is written elsewhere, and a thousandth after it.
  '2026-03-08T23:59:59-05:00': moment('2026-03-09T04:59:59Z'),
  '2026-03-08T23:59:59.999-05:00': moment('2026-03-09T04:59:59.999Z'),
  '2026-03-09T00:00:00-05:00': moment('2026-03-09T05:00:00Z'),
  '2026-03-09T05:00:00Z': moment('2026-03-09T05:00:00Z'),
  '2026-03-09T00:00:00.001-05:00': moment('2026-03-09T05:00:00.001Z'),
  '2026-03-09T00:00:01-05:00': moment('2026-03-09T05:00:01Z'),
  // One o'clock comes twice on this day.
  '2026-11-01T01:30:00-05:00': moment('2026-11-01T06:30:00Z'),
  '2026-11-01T01:30:00-06:00': moment('2026-11-01T07:30:00Z'),
  // What a microsecond before midnight is, is still the day before.
  '2026-11-01T23:59:59.999999-06:00': moment('2026-11-02T05:59:59.999Z'),
}

const asked: Readonly<Record<string, Range>> = {
  ...days,
  '2026-03-09T00:00': utc('2026-03-09T05:00Z', '2026-03-09T05:01Z'),
  '2026-03-09T00:00:00': utc('2026-03-09T05:00:00Z', '2026-03-09T05:00:01Z'),
  '2026-03-08T23:59:59-05:00': utc('2026-03-09T04:59:59Z', '2026-03-09T05:00:00Z'),
  '2026-03-09T05:00:00Z': utc('2026-03-09T05:00:00Z', '2026-03-09T05:00:01Z'),
  '2026-03-09T05:00:00.001Z': moment('2026-03-09T05:00:00.001Z'),
  '2026-11-01T01:30:00-06:00': utc('2026-11-01T07:30:00Z', '2026-11-01T07:30:01Z'),
}

const prefixes: Readonly<Record<string, (stored: Range, asked: Range) => boolean>> = {
  '': ([a, b], [from, to]) => from <= a && b <= to,
  eq: ([a, b], [from, to]) => from <= a && b <= to,
  ne: ([a, b], [from, to]) => !(from <= a && b <= to),
  gt: ([, b], [, to]) => b > to,
  lt: ([a], [from]) => a < from,
  ge: ([a, b], [from, to]) => b > to || (from <= a && b <= to),
  le: ([a, b], [from, to]) => a < from || (from <= a && b <= to),
  sa: ([a], [, to]) => a >= to,
  eb: ([, b], [from]) => b <= from,
  ap: ([a, b], [from, to]) => a < to + (to - from) && b > from - (to - from),
}

type Stored = Readonly<Record<string, readonly [value: unknown, ranges: readonly Range[]]>>

const single = (all: Readonly<Record<string, Range>>): Stored =>
  Object.fromEntries(Object.entries(all).map(([text, range]) => [text, [text, [range]]]))

const endless = Number.POSITIVE_INFINITY
const day = (text: string): Range => days[text] ?? [0, 0]
const [march7, march8, march9] = [day('2026-03-07'), day('2026-03-08'), day('2026-03-09')]

const periods: Stored = {
  both: [{ start: '2026-03-07', end: '2026-03-08' }, [[march7[0], march8[1]]]],
  day: [{ start: '2026-03-09', end: '2026-03-09' }, [march9]],
  from: [{ start: '2026-03-08' }, [[march8[0], endless]]],
  until: [{ end: '2026-03-08T23:59:59-05:00' }, [[-endless, Date.parse('2026-03-09T04:59:59.001Z')]]],
  backwards: [{ start: '2026-03-09', end: '2026-03-07' }, []],
  empty: [{}, []],
}

const timings: Stored = {
  events: [{ event: ['2026-03-07', '2026-11-01'] }, [march7, day('2026-11-01')]],
  bounds: [
    { repeat: { boundsPeriod: { start: '2026-03-08', end: '2026-03-09' } } },
    [[march8[0], march9[1]]],
  ],
  empty: [{ code: { text: 'daily' } }, []],
}

const byType: Readonly<Record<string, Stored>> = {
  date: single(days),
  dateTime: single({ ...days, ...moments }),
  instant: single(moments),
  Period: periods,
  Timing: timings,
}

export function timeSpecimens(type: string): Specimen {
  const stored: Stored = { ...byType[type], none: [undefined, []] }
  const names = (holds: (ranges: readonly Range[]) => boolean): string =>
    Object.entries(stored)
      .filter(([, [, ranges]]) => holds(ranges))
      .map(([name]) => name)
      .join(' ')
  const questions: Record<string, string> = {
    ':missing=true': names((ranges) => ranges.length === 0),
    ':missing=false': names((ranges) => ranges.length > 0),
  }
  for (const [text, range] of Object.entries(asked))
    for (const [prefix, compare] of Object.entries(prefixes))
      questions[`=${prefix}${text}`] = names((ranges) => ranges.some((each) => compare(each, range)))
  // A range from two conditions; two days in one.
  questions['=ge2026-03-08&=lt2026-03-09'] = names(
    (ranges) =>
      ranges.some((each) => prefixes.ge?.(each, march8)) &&
      ranges.some((each) => prefixes.lt?.(each, march9)),
  )
  questions['=2026-03-07,2026-03-09'] = names((ranges) =>
    ranges.some((each) => prefixes.eq?.(each, march7) || prefixes.eq?.(each, march9)),
  )
  return {
    values: Object.fromEntries(Object.entries(stored).map(([name, [value]]) => [name, value])),
    questions,
  }
}
