// What an account shows: the sums of its ledger, its policies in order, who pays. Semantics, sections 11 and 12.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { canonicalText } from '../../src/canonical/fhir-json.ts'
import { balanceUrl, foldAccount } from '../../src/canonical/money/account.ts'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import { type FoldContext, foldEntity } from '../../src/canonical/truth/fold.ts'
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

describe('policies that several sources list', () => {
  const shown = (...all: readonly Contribution[]) =>
    ((foldAccount(all)?.coverage ?? []) as { coverage: { reference: string }; priority: number }[]).map(
      ({ coverage, priority }) => `${coverage.reference} ${priority}`,
    )
  const adt = say('ADT', '08:00', { 'coverage<IN1': policies('a', 'b') })
  const reg = say('REG', '09:00', { 'coverage<IN1': policies('c', 'a') })

  it('are a union; no two have one place, and who was there first keeps it', () => {
    for (const order of [
      [adt, reg],
      [reg, adt],
    ])
      assert.deepEqual(shown(...order), ['Coverage/c 1', 'Coverage/b 2', 'Coverage/a 3'])
    const other = say('REG', '09:00', { 'coverage<IN1': policies('c') })
    assert.deepEqual(shown(adt, other), ['Coverage/a 1', 'Coverage/c 2', 'Coverage/b 3'])
  })

  it('go with the list of their own source only', () => {
    assert.deepEqual(shown(adt, say('REG', '09:00', { 'coverage<IN1': null })), [
      'Coverage/a 1',
      'Coverage/b 2',
    ])
    const emptied = say('ADT', '10:00', { 'coverage<IN1': null })
    assert.deepEqual(shown(emptied, reg), ['Coverage/c 1', 'Coverage/a 2'])
  })

  it('that a client has written replace what was said before, not what is said later', () => {
    const client = say('frontdesk', '08:30', { 'coverage<FHIR': policies('x') })
    assert.deepEqual(shown(adt, client), ['Coverage/x 1'])
    assert.deepEqual(shown(adt, client, reg), ['Coverage/x 1', 'Coverage/c 2', 'Coverage/a 3'])
  })

  it('two that would pay first are work for a person, and the one that gives way says where it stands', () => {
    const other = say('REG', '09:00', { 'coverage<IN1': policies('c') })
    const folded = foldEntity('Account', 'acc', [adt, other], context)
    assert.deepEqual(
      folded.work?.map((each) => each.code),
      ['cob-conflict'],
    )
    const told = folded.projections.map(({ rtype, id, data }) => `${rtype}/${id} ${JSON.stringify(data)}`)
    assert.deepEqual(told, [
      'Coverage/a true',
      'Coverage/b 3',
      'Coverage/c 2',
      'Account/acc ["a","b=3","c=2"]',
    ])
    // In their own places again.
    const again = foldEntity('Account', 'acc', [adt, projection('covered', ['a', 'b=3', 'c=2'])], context)
    assert.deepEqual(again.work, [])
    assert.deepEqual(
      again.projections.map(({ id, data }) => `${id} ${JSON.stringify(data)}`),
      ['a true', 'b true', 'c undefined', 'acc ["a","b"]'],
    )
  })

  it('guarantors are a union as well', () => {
    const party = (id: string): Json => [{ party: { reference: `RelatedPerson/${id}` } }]
    const body = foldAccount([
      say('ADT', '08:00', { 'guarantor<GT1': party('m') }),
      say('REG', '09:00', { 'guarantor<GT1': party('f') }),
    ])
    assert.equal((body?.guarantor as unknown[] | undefined)?.length, 2)
  })
})
