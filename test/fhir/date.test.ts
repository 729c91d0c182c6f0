// Dates as ranges of time, in zones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareTimes, parseTime, UTC, zoneOffsetOf } from '../../src/fhir/date.ts'

const HOUR_MS = 3_600_000
const chicago = zoneOffsetOf('America/Chicago')

function range(text: string, zone = UTC, secondAs: 'moment' | 'second' = 'moment'): string | undefined {
  const read = parseTime(text, zone, secondAs)
  return read && `${new Date(read.from).toISOString()} ${new Date(read.to).toISOString()}`
}

const TABLE: readonly (readonly [text: string, expected: string | undefined])[] = [
  ['2026', '2026-01-01T06:00:00.000Z 2027-01-01T06:00:00.000Z'],
  ['2026-12', '2026-12-01T06:00:00.000Z 2027-01-01T06:00:00.000Z'],
  ['2026-03', '2026-03-01T06:00:00.000Z 2026-04-01T05:00:00.000Z'],
  ['2026-03-08', '2026-03-08T06:00:00.000Z 2026-03-09T05:00:00.000Z'],
  ['2026-11-01', '2026-11-01T05:00:00.000Z 2026-11-02T06:00:00.000Z'],
  ['2026-03-06T14:00', '2026-03-06T20:00:00.000Z 2026-03-06T20:01:00.000Z'],
  ['2026-03-06T14:00:00-06:00', '2026-03-06T20:00:00.000Z 2026-03-06T20:00:00.001Z'],
  ['2026-03-06T14:00:00.25Z', '2026-03-06T14:00:00.250Z 2026-03-06T14:00:00.251Z'],
  ['2026-03-06T14:00:00.123456Z', '2026-03-06T14:00:00.123Z 2026-03-06T14:00:00.124Z'],
  ['2026-03-06T23:59:60Z', '2026-03-07T00:00:00.000Z 2026-03-07T00:00:00.001Z'],
  ['2026-02-29', undefined],
  ['2026-3-1', undefined],
  ['2026-03-06T14', undefined],
  ['2026-03-06T14:00:00.', undefined],
  ['2026-03-06T14:00:00+1', undefined],
  ['2026-03-06T14:00:00Zx', undefined],
  ['', undefined],
  ['abcd', undefined],
]
for (const [text, expected] of TABLE) {
  test(`${text || 'nothing'} in Chicago is ${expected ?? 'no time'}`, () => {
    assert.equal(range(text, chicago), expected)
  })
}

test('asked for to the second, a time is the whole second; a fraction narrows it', () => {
  assert.equal(
    range('2026-03-06T14:00:00Z', UTC, 'second'),
    '2026-03-06T14:00:00.000Z 2026-03-06T14:00:01.000Z',
  )
  assert.equal(
    range('2026-03-06T14:00:00.2Z', UTC, 'second'),
    '2026-03-06T14:00:00.200Z 2026-03-06T14:00:00.300Z',
  )
  assert.equal(
    range('2026-03-06T14:00:00.25Z', UTC, 'second'),
    '2026-03-06T14:00:00.250Z 2026-03-06T14:00:00.260Z',
  )
  assert.equal(
    range('2026-03-06T14:00:00.250Z', UTC, 'second'),
    '2026-03-06T14:00:00.250Z 2026-03-06T14:00:00.251Z',
  )
})

test('days are counted as Date counts them', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-30'), noInvalidDate: true }),
      (date) => {
        const text = date.toISOString().slice(0, 10)
        assert.equal(parseTime(text, UTC)?.from, Date.parse(text))
        assert.equal(parseTime(date.toISOString(), UTC)?.from, date.getTime())
      },
    ),
  )
})

test('the hour that a zone leaves out is read with the offset before it', () => {
  assert.equal(chicago(Date.UTC(2026, 2, 8, 1, 59)), -6 * HOUR_MS)
  assert.equal(chicago(Date.UTC(2026, 2, 8, 2, 30)), -6 * HOUR_MS)
  assert.equal(chicago(Date.UTC(2026, 2, 8, 3, 0)), -5 * HOUR_MS)
})

test('of the hour that a zone has twice, the first is meant', () => {
  assert.equal(chicago(Date.UTC(2026, 10, 1, 1, 30)), -5 * HOUR_MS)
  assert.equal(chicago(Date.UTC(2026, 10, 1, 2, 0)), -6 * HOUR_MS)
})

test('zones of odd offsets and old dates have the offset of their time', () => {
  assert.equal(zoneOffsetOf('Asia/Kathmandu')(Date.UTC(2026, 0, 1)), 5.75 * HOUR_MS)
  assert.equal(zoneOffsetOf('UTC')(Date.UTC(2026, 0, 1)), 0)
  assert.equal(chicago(Date.UTC(1880, 0, 1)), -(5 * HOUR_MS + 50 * 60_000 + 36_000))
  assert.throws(() => zoneOffsetOf('Mars/Olympus'), RangeError)
})

test('every local time of a year maps to a time that the zone shows so', () => {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'America/Chicago',
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  for (let hour = 0; hour < 366 * 24; hour += 5) {
    const local = Date.UTC(2026, 0, 1, hour, 30)
    const shown = format.format(local - chicago(local))
    const isGap = hour === 66 * 24 + 2
    if (!isGap) assert.equal(shown, new Date(local).toISOString().slice(0, 19).replace('T', ' '))
  }
})

test('times are compared as far as both are precise', () => {
  const table: readonly (readonly [string, string, number])[] = [
    ['2020', '2021', -1],
    ['2020', '2020-05', 0],
    ['2020-05-01', '2020-05', 0],
    ['2020-05-02', '2020-05-01', 1],
    ['2020-01-01T00:00:00+05:00', '2019-12-31T20:00:00Z', -1],
    ['2020-01-01T00:00:00Z', '2020-01-01', 0],
  ]
  for (const [a, b, sign] of table) assert.equal(Math.sign(compareTimes(a, b)), sign, `${a} ${b}`)
})
