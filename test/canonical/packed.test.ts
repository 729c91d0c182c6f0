// Contributions as they are stored: packing loses nothing.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Assertion, Contribution } from '../../src/canonical/truth/contribution.ts'
import { pack, unpack } from '../../src/canonical/truth/packed.ts'
import type { Json } from '../../src/mappings/mapped.ts'

const value = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>
const key = fc
  .tuple(
    fc.constantFrom('name', 'telecom', 'identifier', '$location', "extension('u')"),
    fc.constantFrom('PID-5', 'PID-13', 'FHIR', 'PID-3:a|1'),
  )
  .map(([path, field]) => `${path}<${field}`)
const message = fc.constantFrom('1', '2', '30')
const time = fc.constantFrom(0, 1, 1_772_460_000_000)
const shape = fc.option(fc.constantFrom('abcdefghijkl', 'zzzzzzzzzzzz'), { nil: undefined })

const assertion = fc
  .record({ v: value, t: time, m: time, i: message, s: shape })
  .map(({ s, ...rest }): Assertion => ({ ...rest, ...(s === undefined ? {} : { s }) }))

/** What one source keeps up to date: every assertion has a time of its own. */
const state = fc
  .record({ i: message, cells: fc.dictionary(key, assertion, { maxKeys: 6, noNullPrototype: true }) })
  .map(({ i, cells }): Contribution => ({ source: 'ADT', key: '', i, cells }))

/** One event: all of one message and one time. */
const event = fc
  .record({
    i: message,
    t: time,
    m: time,
    cells: fc.dictionary(key, fc.record({ v: value, s: shape }), { maxKeys: 6, noNullPrototype: true }),
    parts: fc.option(
      fc.array(
        fc.record({
          type: fc.constant('Appointment.participant'),
          segment: fc.constant('AIP'),
          occurrence: fc.nat(3),
          cells: fc.dictionary(key, value, { maxKeys: 2, noNullPrototype: true }),
        }),
        { maxLength: 2 },
      ),
      { nil: undefined },
    ),
  })
  .map(({ i, t, m, cells, parts }): Contribution => {
    const own = Object.entries(cells).map(([at, { v, s }]) => [
      at,
      { v, t, m, i, ...(s === undefined ? {} : { s }) },
    ])
    return {
      source: 'ADT',
      key: i,
      event: 'ADT^A01',
      t,
      m,
      i,
      cells: Object.fromEntries(own),
      ...(parts ? { parts } : {}),
    }
  })

const projection = fc
  .record({ i: message, data: value })
  .map(({ i, data }): Contribution => ({ source: 'gateway', key: 'slots', i, cells: {}, data }))

describe('packing', () => {
  it('and unpacking gives the same contribution, also by way of JSON', () => {
    fc.assert(
      fc.property(fc.oneof(state, event, projection), (contribution) => {
        const { body, stamp } = pack(contribution)
        const stored = JSON.parse(JSON.stringify(body))
        const plain = JSON.parse(JSON.stringify(contribution))
        assert.deepEqual(
          JSON.parse(JSON.stringify(unpack(contribution.source, contribution.key, stored, stamp))),
          plain,
        )
        assert.deepEqual(unpack(contribution.source, contribution.key, body, stamp).cells, contribution.cells)
      }),
      { numRuns: 500, seed: 20260302 },
    )
  })

  it('writes once what all assertions of the newest message share', () => {
    const newest = { t: 5, m: 6, i: '2' }
    const packed = pack({
      source: 'ADT',
      key: '',
      i: '2',
      cells: {
        'a<X': { v: 1, ...newest, s: 'shape' },
        'b<X': { v: null, ...newest },
        'c<X': { v: 3, t: 1, m: 1, i: '1' },
      },
    })
    assert.deepEqual(packed, {
      stamp: newest,
      body: {
        v: { 'a<X': 1, 'b<X': null },
        s: 'shape,',
        o: { 'c<X': { v: 3, t: 1, m: 1, i: '1' } },
      },
    })
  })

  it('makes the same body when the same is said once more: only message and times are new', () => {
    const said = (at: { t: number; m: number; i: string }) =>
      pack({
        source: 'ADT',
        key: '',
        i: at.i,
        cells: { 'a<X': { v: 1, ...at, s: 'shape' }, 'b<X': { v: 2, ...at } },
      })
    const [first, second] = [said({ t: 1, m: 1, i: '1' }), said({ t: 5, m: 6, i: '2' })]
    assert.equal(JSON.stringify(first.body), JSON.stringify(second.body))
    assert.deepEqual(second.stamp, { t: 5, m: 6, i: '2' })
  })

  it('reads rows of before message and times had columns of their own', () => {
    const old = { i: '2', t: 5, m: 6, v: { 'a<X': 1, 'b<X': 2 }, s: { 'b<X': 'shape' } }
    assert.deepEqual(unpack('ADT', '', old, { i: '9', t: undefined, m: undefined }), {
      source: 'ADT',
      key: '',
      i: '2',
      cells: { 'a<X': { v: 1, t: 5, m: 6, i: '2' }, 'b<X': { v: 2, t: 5, m: 6, i: '2', s: 'shape' } },
    })
  })

  it('keeps an event without cells an event, and what was withdrawn empty', () => {
    const idle: Contribution = { source: 'ADT', key: '7', event: 'ADT^A11', t: 1, m: 2, i: '7', cells: {} }
    assert.deepEqual(unpack('ADT', '7', pack(idle).body, pack(idle).stamp), idle)
    const gone: Contribution = { source: 'gateway', key: 'slots', i: '7', cells: {} }
    assert.deepEqual(unpack('gateway', 'slots', pack(gone).body, pack(gone).stamp), gone)
  })
})
