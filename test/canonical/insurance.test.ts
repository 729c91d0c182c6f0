// Whether a policy stands: mentions, complete lists that leave it out, accounts that use it, clients. Semantics, section 11.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { coverageId, foldCoverage, lastMention } from '../../src/canonical/coverage/coverage.ts'
import { canonicalText } from '../../src/canonical/fhir-json.ts'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import { ms } from './events.ts'
import { projection, say } from './patient-statements.ts'

const whose = { 'beneficiary<PID': { reference: 'Patient/p' } }
const mention = (source: string, at: string): Contribution =>
  say(source, at, { '$standing<IN1': 'active', ...whose })
const ended = (source: string, at: string): Contribution =>
  projection(`ended:${source}`, { t: ms(`2026-03-02T${at}:00-06:00`), date: '2026-03-02' })
const used = (by: string): Contribution => projection(`account:${by}`, true)
const statusOf = (...all: readonly Contribution[]) => foldCoverage(all)?.status

describe('a policy', () => {
  const table: [what: string, all: Contribution[], status: string][] = [
    ['that was named stands', [mention('ADT', '08:00')], 'active'],
    ['that a later list leaves out has ended', [mention('ADT', '08:00'), ended('ADT', '09:00')], 'cancelled'],
    ['that is named after the list stands again', [mention('ADT', '10:00'), ended('ADT', '09:00')], 'active'],
    [
      'goes by the latest word of all sources',
      [mention('ADT', '08:00'), ended('ADT', '09:00'), mention('REG', '10:00')],
      'active',
    ],
    [
      'goes by the latest end of all sources',
      [mention('REG', '08:00'), mention('ADT', '08:00'), ended('ADT', '09:00')],
      'cancelled',
    ],
    [
      'that an open account uses stands',
      [mention('ADT', '08:00'), ended('ADT', '09:00'), used('a')],
      'active',
    ],
    [
      'that a client cancels later has ended',
      [mention('ADT', '08:00'), say('portal', '09:00', { 'status<FHIR': 'cancelled' })],
      'cancelled',
    ],
    [
      'that was cancelled by a client and named since stands',
      [mention('ADT', '10:00'), say('portal', '09:00', { 'status<FHIR': 'cancelled' })],
      'active',
    ],
    [
      'that a client has brought back since it ended stands',
      [mention('ADT', '08:00'), ended('ADT', '09:00'), say('portal', '10:00', { 'status<FHIR': 'active' })],
      'active',
    ],
    [
      'that only a client speaks of is what the client says',
      [say('portal', '09:00', { 'status<FHIR': 'draft', ...whose })],
      'draft',
    ],
  ]
  for (const [what, all, status] of table) it(what, () => assert.equal(statusOf(...all), status))

  it('that has ended says since when, and keeps when it began', () => {
    const said = say('ADT', '08:00', {
      '$standing<IN1': 'active',
      ...whose,
      'period.start<IN1-12': '2025-01-01',
      'period.end<IN1-13': '2027-01-01',
    })
    assert.deepEqual(foldCoverage([said, ended('ADT', '09:00')])?.period, {
      start: '2025-01-01',
      end: '2026-03-02',
    })
    assert.deepEqual(foldCoverage([said])?.period, { start: '2025-01-01', end: '2027-01-01' })
  })

  it('is nothing while only others’ projections are there', () => {
    assert.equal(foldCoverage([ended('ADT', '09:00'), used('a')]), undefined)
  })

  it('has the last mention of each source', () => {
    assert.equal(lastMention(mention('ADT', '08:00')), ms('2026-03-02T08:00:00-06:00'))
    assert.equal(lastMention(undefined), undefined)
  })

  it('is known by patient, payer, plan and member number', () => {
    const parts = ['Patient/p', 'Organization/o', 'PPO', '1'] as const
    const id = coverageId(...parts)
    assert.equal(coverageId(...parts), id)
    for (const i of parts.keys()) {
      const [a, b, c, d] = parts.map((each, j) => (i === j ? `${each}x` : each))
      assert.notEqual(coverageId(a ?? '', b ?? '', c ?? '', d ?? ''), id)
    }
  })

  it('is the same whatever the order in which its words are stored', () => {
    const minute = fc.integer({ min: 0, max: 59 }).map((each) => `08:${String(each).padStart(2, '0')}`)
    const word = fc.oneof(
      fc.tuple(fc.constantFrom('ADT', 'REG'), minute).map(([source, at]) => mention(source, at)),
      fc.tuple(fc.constantFrom('ADT', 'REG'), minute).map(([source, at]) => ended(source, at)),
      minute.map((at) => say('portal', at, { 'status<FHIR': 'cancelled' })),
      fc.constant(used('a')),
    )
    const words = fc.uniqueArray(word, { selector: (each) => `${each.source} ${each.key}`, maxLength: 6 })
    fc.assert(
      fc.property(words, (all) => {
        assert.equal(
          canonicalText(foldCoverage(all.toReversed()) ?? null),
          canonicalText(foldCoverage(all) ?? null),
        )
      }),
      { numRuns: 300, seed: 20260302 },
    )
  })
})
