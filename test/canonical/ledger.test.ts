// What an account shows: the sums of its ledger, its policies in order, who pays. Semantics, sections 11 and 12.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { balanceUrl, foldAccount } from '../../src/canonical/account.ts'
import type { Contribution } from '../../src/canonical/contribution.ts'
import { canonicalText } from '../../src/canonical/fhir-json.ts'
import { type FoldContext, foldEntity } from '../../src/canonical/fold.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { projection, say } from './patient-statements.ts'

const context: FoldContext = {
  trust: () => 50,
  source: () => undefined,
  zone: 'America/Chicago',
  survivor: (reference) => reference,
  exists: () => true,
}
const policies = (...ids: readonly string[]): Json =>
  ids.map((id, i) => ({ coverage: { reference: `Coverage/${id}` }, priority: i + 1 }))

describe('an account', () => {
  it('is nothing until somebody speaks of it', () => {
    assert.equal(foldAccount([]), undefined)
    assert.equal(foldAccount([projection('covered', ['a'])]), undefined)
  })

  it('shows one total for each currency, with all its digits', () => {
    const body = foldAccount([projection('ledger', { USD: '150.00', EUR: '-0.125' })])
    assert.equal(
      canonicalText(body?.extension),
      canonicalText(
        JSON.parse(`[["EUR","-0.125"],["USD","150.00"]]`).map(([currency, value]: [string, string]) => ({
          url: balanceUrl,
          extension: [
            {
              url: 'aggregate',
              valueCodeableConcept: {
                coding: [
                  { system: 'http://terminology.hl7.org/CodeSystem/account-aggregate', code: 'total' },
                ],
              },
            },
            { url: 'amount', valueMoney: { value: JSON.rawJSON(value), currency } },
          ],
        })),
      ),
    )
    assert.match(canonicalText(body), /"value":150\.00/)
  })

  it('keeps the extensions of others beside its balance', () => {
    const body = foldAccount([
      say('ADT', '08:00', { "extension('f')<PV1-20": { url: 'f', valueString: 'x' } }),
      projection('ledger', { USD: '1.00' }),
    ])
    const extensions = body?.extension as { url: string }[]
    assert.deepEqual(
      extensions.map((each) => each.url),
      ['f', balanceUrl],
    )
  })

  it('is self-pay while the latest word about its policies is a deletion by a message', () => {
    const isSelfPay = (...all: readonly Contribution[]) =>
      /self-pay/.test(canonicalText(foldAccount(all)?.extension ?? null))
    assert.equal(isSelfPay(say('ADT', '08:00', { 'coverage<IN1': null })), true)
    assert.equal(isSelfPay(say('ADT', '08:00', { 'coverage<FHIR': null })), false)
    assert.equal(
      isSelfPay(
        say('ADT', '08:00', { 'coverage<IN1': null }),
        say('REG', '09:00', { 'coverage<IN1': policies('a') }),
      ),
      false,
    )
  })
})

describe('policies of an account', () => {
  const told = (...contributions: readonly Contribution[]) =>
    foldEntity('Account', 'acc', contributions, context).projections.map(
      ({ rtype, id, data }) => `${rtype}/${id} ${JSON.stringify(data)}`,
    )

  it('are told that they are in use while it is open', () => {
    assert.deepEqual(told(say('ADT', '08:00', { 'coverage<IN1': policies('b', 'a') })), [
      'Coverage/a true',
      'Coverage/b true',
      'Account/acc ["a","b"]',
    ])
  })

  it('are told once', () => {
    assert.deepEqual(
      told(say('ADT', '08:00', { 'coverage<IN1': policies('b', 'a') }), projection('covered', ['a', 'b'])),
      [],
    )
  })

  it('are told that they are not any more: those that it leaves out, all when it is closed', () => {
    const before = projection('covered', ['a', 'b'])
    assert.deepEqual(told(say('ADT', '08:00', { 'coverage<IN1': policies('b') }), before), [
      'Coverage/a undefined',
      'Coverage/b true',
      'Account/acc ["b"]',
    ])
    assert.deepEqual(
      told(say('ADT', '08:00', { 'coverage<IN1': policies('b'), 'status<PV1-41': 'inactive' }), before),
      ['Coverage/a undefined', 'Coverage/b undefined', 'Account/acc []'],
    )
  })
})
