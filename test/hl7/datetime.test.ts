import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatDtm, isZone, readDtm, toFhirDate, toFhirDateTime } from '../../src/hl7/datetime.ts'

const CHICAGO = 'America/Chicago'

function fhir(text: string, zone = CHICAGO, messageOffset?: number) {
  const dtm = readDtm(text)
  assert.ok(dtm, text)
  return toFhirDateTime(dtm, zone, messageOffset)
}

test('S12 a DTM keeps its precision: dates stay dates, times get seconds and an offset', () => {
  const shapes: Record<string, string> = {
    '1972': '1972',
    '197207': '1972-07',
    '19720714': '1972-07-14',
    '2026071409': '2026-07-14T09:00:00-05:00',
    '202607140930': '2026-07-14T09:30:00-05:00',
    '20260714093015': '2026-07-14T09:30:15-05:00',
    '20260714093015.1': '2026-07-14T09:30:15.1-05:00',
    '20260714093015.1234': '2026-07-14T09:30:15.1234-05:00',
    '20260714093015.1234+0530': '2026-07-14T09:30:15.1234+05:30',
    '202607140930-0330': '2026-07-14T09:30:00-03:30',
    '2026071409+0000': '2026-07-14T09:00:00+00:00',
    '2026071409-0000': '2026-07-14T09:00:00+00:00',
    '20260714-0500': '2026-07-14',
    '20260114093015': '2026-01-14T09:30:15-06:00',
  }
  for (const [text, value] of Object.entries(shapes)) assert.equal(fhir(text).value, value, text)
})

test('H09 S12 what is no real date, time or offset is refused', () => {
  const refused = [
    '',
    '""',
    '0000',
    '00000000',
    '20230229',
    '19000229',
    '20261399',
    '20260432',
    '20260100',
    '20260000',
    '20260101240000',
    '20260101006000',
    '20260101000060',
    '99991231235960',
    '20260101+2599',
    '20260101+1401',
    '20260101120000+0060',
    '2026010',
    '202',
    '20260714093015.',
    '20260714093015.12345',
    '2026071409.5',
    '2026-07-14',
    '20260714T0930',
    ' 20260714',
    '20260714 ',
    '+0500',
    '9'.repeat(40),
    '２０２６',
  ]
  for (const text of refused) assert.equal(readDtm(text), undefined, text)
  for (const text of ['20240229', '20000229', '99991231235959', '20260101+1400', '0001'])
    assert.ok(readDtm(text), text)
})

test('a date is never moved between zones, whatever its time', () => {
  const dtm = readDtm('20260101003000+1400')
  assert.ok(dtm)
  assert.equal(toFhirDate(dtm), '2026-01-01')
})

test("the offset is the field's own, else the message's, else the zone's at that local date", () => {
  assert.equal(fhir('20260714120000+0200', CHICAGO, -300).value, '2026-07-14T12:00:00+02:00')
  assert.equal(fhir('20260714120000', CHICAGO, 60).value, '2026-07-14T12:00:00+01:00')
  assert.equal(fhir('20260114120000').value, '2026-01-14T12:00:00-06:00')
  assert.equal(fhir('20260714120000').value, '2026-07-14T12:00:00-05:00')
})

test('a local time that the clock skipped is moved forward, and said to be', () => {
  const gap = fhir('20260308023000')
  assert.deepEqual(gap, {
    value: '2026-03-08T03:30:00-05:00',
    instantMs: Date.parse('2026-03-08T08:30:00Z'),
    note: 'DST-GAP',
  })
  assert.equal(fhir('20260308015959').note, undefined)
  assert.equal(fhir('20260308030000').note, undefined)
  assert.equal(fhir('20261004020000', 'Australia/Lord_Howe').value, '2026-10-04T02:30:00+11:00')
})

test('a local time that occurred twice is the first, and said to be', () => {
  const twice = fhir('20261101013000')
  assert.equal(twice.value, '2026-11-01T01:30:00-05:00')
  assert.equal(twice.note, 'DST-AMBIGUOUS')
  assert.equal(fhir('20261101010000').note, 'DST-AMBIGUOUS')
  assert.equal(fhir('20261101005959').note, undefined)
  assert.equal(fhir('20261101020000').value, '2026-11-01T02:00:00-06:00')
  assert.equal(fhir('20261101020000').note, undefined)
})

test('the value of a time names its instant; of a date, its first moment', () => {
  assert.equal(fhir('20260714').instantMs, Date.parse('2026-07-14T05:00:00Z'))
  assert.equal(fhir('20260714', CHICAGO, 0).instantMs, Date.parse('2026-07-14T00:00:00Z'))
  assert.equal(fhir('20260714093015.1234').instantMs, Date.parse('2026-07-14T14:30:15.123Z'))
})

const zones = [
  'UTC',
  CHICAGO,
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Europe/London',
]

test('instants of 60 years in seven zones are what Intl says, there and back', () => {
  const second = fc.integer({ min: 0, max: 60 * 31_556_952 }).map((value) => value * 1000)
  fc.assert(
    fc.property(second, fc.constantFrom(...zones), (instant, zone) => {
      const text = formatDtm(instant, zone)
      const local = new Intl.DateTimeFormat('sv-SE', {
        timeZone: zone,
        dateStyle: 'short',
        timeStyle: 'medium',
      })
      assert.equal(text.slice(0, 14), local.format(instant).replace(/\D/g, ''))
      assert.equal(fhir(text, 'UTC').instantMs, instant)
      const again = fhir(text.slice(0, 14), zone)
      assert.equal(Date.parse(again.value), again.instantMs)
      if (again.note === undefined) assert.equal(again.instantMs, instant)
    }),
    { numRuns: 1_500 },
  )
})

test('the time zone of the process changes nothing', () => {
  const before = process.env['TZ']
  try {
    for (const zone of ['Asia/Tokyo', 'America/Los_Angeles', 'UTC']) {
      process.env['TZ'] = zone
      assert.equal(formatDtm(Date.parse('2026-03-02T15:12:31Z'), CHICAGO), '20260302091231-0600')
      assert.equal(fhir('20260302091231').value, '2026-03-02T09:12:31-06:00')
    }
  } finally {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  }
})

test('an unknown zone is known to be unknown', () => {
  assert.equal(isZone('Mars/Olympus'), false)
  assert.equal(isZone(CHICAGO), true)
  assert.throws(() => formatDtm(0, 'Mars/Olympus'), RangeError)
})

test('any text is a DTM that can be converted, or none', () => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789+-.'), maxLength: 26 }))
  fc.assert(
    fc.property(texts, (text) => {
      const dtm = readDtm(text)
      if (dtm) assert.ok(Number.isFinite(toFhirDateTime(dtm, CHICAGO).instantMs))
    }),
    { numRuns: 1_000 },
  )
})
