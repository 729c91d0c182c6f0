// Which identifiers decide who is meant, in which form, and when an event happened. Semantics, sections 1, 2, 8.3 and 13.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { timesOf } from '../../src/canonical/apply.ts'
import {
  type Identifier,
  identifierType,
  isDeterministic,
  normalValue,
  stableId,
} from '../../src/canonical/identity/identifier.ts'
import type { Mapped, Thing } from '../../src/mappings/mapped.ts'
import { ms } from './events.ts'

const typed = (...codes: readonly string[]): Identifier => ({
  type: { coding: codes.map((code) => ({ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code })) },
})

describe('types of identifiers', () => {
  for (const code of ['MR', 'PI', 'PE', 'PT', 'AN', 'VN', 'MRT', 'FILL', 'PLAC'])
    it(`${code} decides who is meant`, () => assert.equal(isDeterministic(typed(code)), true))
  for (const code of ['SS', 'DL', 'PPN', 'MB', 'SN', 'MC', 'MA', 'JHN'])
    it(`${code} is evidence only`, () => assert.equal(isDeterministic(typed(code)), false))

  it('an identifier without a type decides: its authority says what it is', () => {
    assert.equal(isDeterministic({}), true)
  })

  it('the type is the code of table 0203, else the first one', () => {
    const local = { system: 'urn:local', code: 'X' }
    assert.equal(identifierType({ type: { coding: [local, ...(typed('MR').type?.coding ?? [])] } }), 'MR')
    assert.equal(identifierType({ type: { coding: [local] } }), 'X')
    assert.equal(identifierType({}), undefined)
  })
})

describe('values in the registry', () => {
  const plain = { caseInsensitive: false, stripLeadingZeros: false }
  const table: [value: string, rule: typeof plain | undefined, normal: string][] = [
    [' 0001 ', undefined, '0001'],
    ['0001', plain, '0001'],
    ['aB1', plain, 'aB1'],
    ['aB1', { ...plain, caseInsensitive: true }, 'AB1'],
    ['0001', { ...plain, stripLeadingZeros: true }, '1'],
    ['0000', { ...plain, stripLeadingZeros: true }, '0'],
    ['0a0', { caseInsensitive: true, stripLeadingZeros: true }, 'A0'],
  ]
  for (const [value, rule, normal] of table)
    it(`'${value}' is '${normal}' by ${JSON.stringify(rule ?? 'no rule')}`, () =>
      assert.equal(normalValue(value, rule), normal))
})

describe('stable ids', () => {
  it('are UUIDs of version 5, the same for the same parts and others for others', () => {
    assert.equal(stableId('Patient', 'urn:a', '1'), stableId('Patient', 'urn:a', '1'))
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: 1 }),
        fc.array(fc.string(), { minLength: 1 }),
        (a, b) => {
          assert.match(
            stableId(...a),
            /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
          )
          if (a.join('\u0001') !== b.join('\u0001')) assert.notEqual(stableId(...a), stableId(...b))
        },
      ),
      { seed: 20260302 },
    )
  })
})

const receipt = ms('2026-03-02T12:00:00Z')
const hours = 24

/** A message with these times. */
function message(event: string, times: Readonly<Record<string, string>>): Mapped {
  const thing = (type: string, paths: readonly string[]): Thing => ({
    type,
    as: type,
    refs: {},
    segment: { name: 'EVN', occurrence: 1 },
    cells: paths.flatMap((path) =>
      times[path] === undefined ? [] : [{ path, field: path, value: times[path], location: '', spans: [] }],
    ),
  })
  return {
    event,
    structure: '',
    things: [
      thing('Message', ['$messageTime']),
      thing('Event', ['$recorded', '$occurred']),
      thing('Patient', ['$lastUpdate']),
    ],
    issues: [],
    residue: [],
  }
}

const msh7 = '2026-03-02T10:00:00Z'
const evn2 = '2026-03-02T09:00:00Z'
const evn6 = '2026-03-02T08:00:00Z'
const pid33 = '2026-03-02T07:00:00Z'
const all = { $messageTime: msh7, $recorded: evn2, $occurred: evn6, $lastUpdate: pid33 }

describe('times of a message', () => {
  const table: [
    what: string,
    event: string,
    times: Readonly<Record<string, string>>,
    expected: [event: string, demographics: string],
  ][] = [
    ['EVN-6 and PID-33', 'ADT^A01', all, [evn6, pid33]],
    ['EVN-2 when there is no EVN-6', 'ADT^A01', { $messageTime: msh7, $recorded: evn2 }, [evn2, evn2]],
    ['MSH-7 when there is no EVN-2', 'ADT^A08', { $messageTime: msh7 }, [msh7, msh7]],
    [
      'the receipt when there is none at all',
      'ADT^A08',
      {},
      ['2026-03-02T12:00:00Z', '2026-03-02T12:00:00Z'],
    ],
    ['EVN-2, not EVN-6, for demographics', 'ADT^A08', { $recorded: evn2, $occurred: evn6 }, [evn6, evn2]],
    [
      'MSH-7 for a booking',
      'SIU^S12',
      { $messageTime: msh7, $recorded: evn2, $occurred: evn6 },
      [msh7, msh7],
    ],
  ]
  for (const [what, event, times, [at, demographics]] of table) {
    it(`are ${what}`, () => {
      const { event: t, demographics: d } = timesOf(message(event, times), receipt, hours)
      assert.deepEqual([t, d], [ms(at), ms(demographics)])
    })
  }

  for (const code of ['A11', 'A12', 'A13', 'A25', 'A26', 'A27', 'A32', 'A33', 'A38', 'A52', 'A53', 'A55']) {
    it(`of the cancellation ${code} are EVN-2: its EVN-6 is that of what it cancels`, () => {
      assert.equal(timesOf(message(`ADT^${code}`, all), receipt, hours).event, ms(evn2))
    })
  }

  it('up to 24 hours ahead are taken, later ones happen now', () => {
    const soon = '2026-03-03T12:00:00Z'
    const later = '2026-03-03T12:00:01Z'
    assert.equal(timesOf(message('ADT^A01', { $occurred: soon }), receipt, hours).event, ms(soon))
    assert.equal(timesOf(message('ADT^A01', { $occurred: later }), receipt, hours).event, receipt)
    assert.equal(timesOf(message('ADT^A01', { $lastUpdate: later }), receipt, hours).demographics, receipt)
    assert.equal(timesOf(message('SIU^S12', { $messageTime: later }), receipt, hours).event, receipt)
  })
})
