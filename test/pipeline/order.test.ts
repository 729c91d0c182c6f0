// Whatever the order, the number of resends and the batches in which messages arrive, the truth is the same. Semantics,
// sections 0, 8.2 and 8.6; invariants I1, I2, I4 and I8.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import Big from 'big.js'
import fc from 'fast-check'
import { type Database, openDatabase } from '../../src/store/db.ts'
import type { TestDatabase } from '../database.ts'
import {
  difference,
  digestOf,
  history,
  type Listener,
  listener,
  permuted,
  storyDatabase,
  storySite,
  type Told,
  textOf,
} from './histories.ts'
import { mrn, segment } from './messages.ts'

/** PORTICO_PROPERTY_RUNS=500 looks further, from another place each time; PORTICO_PROPERTY_SEED repeats a run. */
const runs = Number(process.env.PORTICO_PROPERTY_RUNS ?? 15)
const usualSeed = 20260302
const seed = Number(
  process.env.PORTICO_PROPERTY_SEED ??
    (process.env.PORTICO_PROPERTY_RUNS ? Math.floor(Math.random() * 0x7fffffff) : usualSeed),
)
/** Bounds the search for a smaller counterexample, too. */
const maxRunMs = 6_000
const size = { min: 12, max: 25 }
const keys = fc.array(fc.integer({ min: 0, max: 999 }), { minLength: size.max, maxLength: size.max })

let store: TestDatabase
/** A second process would have connections of its own. */
let otherDb: Database
let gateway: Listener
let other: Listener
let slow: Listener
before(async () => {
  store = await storyDatabase()
  otherDb = await openDatabase({ connection: store.url, schema: store.schema, warn: () => {} })
  const site = storySite()
  gateway = listener(store, site)
  other = listener({ ...store, db: otherDb }, site)
  slow = listener(store, site, { lanes: 1, maxBatchMessages: 1 })
})
after(async () => {
  for (const each of [gateway, other, slow]) await each.engine.close()
  await otherDb.close()
  await store.drop()
})

const textsOf = (told: readonly Told[], prefix = 'C'): string[] =>
  told.map((each) => textOf(each, `${prefix}${each.minute}`))

/** Empties the store and what these remember of it. */
async function afresh(...listeners: readonly Listener[]): Promise<void> {
  for (const each of listeners) await each.reset()
}

/** Sends all at once, in this order; the first batch of each lane takes what it can. */
async function tell(texts: readonly string[], ...listeners: readonly Listener[]): Promise<string[]> {
  const answers = await Promise.all(texts.map((text, i) => listeners[i % listeners.length]?.send(text)))
  for (const each of listeners) await each.idle()
  for (const each of listeners) assert.deepEqual(each.faults, [])
  return answers.map((each) => each?.code ?? '')
}

async function tellOneByOne(texts: readonly string[], to: Listener): Promise<void> {
  for (const text of texts) await to.send(text)
  await to.idle()
  assert.deepEqual(to.faults, [])
}

const readable = (texts: readonly string[]): string =>
  texts.map((each) => each.replaceAll('\r', '\n   ')).join('\n')

function sameState(
  way: string,
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
  texts: readonly string[],
): void {
  if (digestOf(expected) === digestOf(actual)) return
  assert.fail(`${way}\n${difference(expected, actual).join('\n')}\nafter\n${readable(texts)}`)
}

describe('the same messages', () => {
  it('add up to the same truth in any order, twice, one by one, or spread over two gateways', async (t) => {
    t.diagnostic(`seed ${seed}, ${runs} histories`)
    const property = fc.asyncProperty(history(size), keys, async (told, order) => {
      const texts = textsOf(told)
      await afresh(gateway)
      await tell(texts, gateway)
      const expected = await gateway.state()
      checkInvariants(expected)

      await afresh(gateway)
      const again = texts.filter((_, i) => (order[i] ?? 0) % 10 < 3)
      const shuffled = permuted([...texts, ...again], [...order, ...order.toReversed()])
      await tell(shuffled, gateway)
      sameState('shuffled, some twice', expected, await gateway.state(), shuffled)
      await tell(texts, gateway)
      sameState('all resent', expected, await gateway.state(), shuffled)

      await afresh(slow)
      await tellOneByOne(texts, slow)
      sameState('one by one', expected, await slow.state(), texts)

      await afresh(gateway, other)
      const codes = await tell(shuffled, gateway, other)
      assert.ok(!codes.includes(''), 'a message was not answered')
      assert.equal(await countKept(), texts.length, 'messages that are kept')
      sameState('two gateways', expected, await gateway.state(), shuffled)
    })
    await fc.assert(property, { numRuns: runs, seed, interruptAfterTimeLimit: runs * maxRunMs })
  })

  it('before and after a merge add up to the same truth, in whatever order within each', async (t) => {
    t.diagnostic(`seed ${seed}, ${Math.ceil(runs / 3)} histories`)
    const half = { min: 6, max: 12 }
    const merge: Told = {
      source: 'ADT1|GHH',
      event: 'ADT^A40',
      minute: 450,
      segments: [segment('PID', { 1: '1', 3: mrn('M0'), 5: 'DOE^JANE' }), segment('MRG', { 1: mrn('M1') })],
    }
    const property = fc.asyncProperty(history(half), history(half), keys, async (early, late, order) => {
      const first = textsOf(early)
      // Lines of the ledger have numbers of their own.
      const second = textsOf(
        late.map((each) => ({
          ...each,
          minute: each.minute + 500,
          segments: each.segments.map((line) => line.replaceAll('|L', '|X')),
        })),
        'D',
      )
      const run = async (a: readonly string[], b: readonly string[]) => {
        await afresh(gateway)
        await tell(a, gateway)
        await tell([textOf(merge, 'MERGE')], gateway)
        await tell(b, gateway)
        return await gateway.state()
      }
      const expected = await run(first, second)
      const [a, b] = [permuted(first, order), permuted(second, order.toReversed())]
      sameState('shuffled', expected, await run(a, b), [...a, ...b])
    })
    await fc.assert(property, {
      numRuns: Math.ceil(runs / 3),
      seed,
      interruptAfterTimeLimit: runs * maxRunMs,
    })
  })
})

async function countKept(): Promise<number> {
  const rows = await store.db.read.query<{ n: number }>('test_kept', 'select count(*)::int as n from message')
  return rows[0]?.n ?? 0
}

interface Shown {
  readonly resourceType: string
  readonly active?: boolean
  readonly status?: string
  readonly identifier?: readonly { readonly system: string; readonly value: string; readonly use?: string }[]
  readonly account?: readonly { readonly reference: string }[]
  readonly request?: { readonly reference: string }
  readonly priceOverride?: { readonly value: number }
  readonly amount?: { readonly value: number }
  readonly extension?: readonly {
    readonly url: string
    readonly extension?: readonly { readonly url: string; readonly valueMoney?: { readonly value: number } }[]
  }[]
}

/** What holds of every state, whatever was said. */
function checkInvariants(state: ReadonlyMap<string, string>): void {
  const all = [...state].map(([key, text]) => [key, JSON.parse(text) as Shown] as const)
  const holders = new Map<string, string>()
  for (const [key, body] of all) {
    if (body.resourceType !== 'Patient' || body.active === false) continue
    for (const { system, value, use } of body.identifier ?? []) {
      if (use === 'old' || system.endsWith('us-ssn')) continue
      assert.equal(holders.get(`${system}|${value}`) ?? key, key, `${value} is on two patients`)
      holders.set(`${system}|${value}`, key)
    }
  }
  for (const [key, body] of all) if (body.resourceType === 'Account') checkBalance(key, body, all)
}

/** The balance is the sum of the lines: charges as priced, payments negative. */
function checkBalance(key: string, account: Shown, all: readonly (readonly [string, Shown])[]): void {
  let sum = new Big(0)
  for (const [, { account: accounts, request, priceOverride, amount }] of all) {
    if (accounts?.[0]?.reference === key && priceOverride) sum = sum.plus(priceOverride.value)
    if (request?.reference === key && amount) sum = sum.minus(amount.value)
  }
  const balance = account.extension
    ?.find((each) => each.url.endsWith('Account.balance'))
    ?.extension?.find((each) => each.url === 'amount')?.valueMoney?.value
  assert.equal(new Big(balance ?? 0).toFixed(3), sum.toFixed(3), `${key} does not show the sum of its ledger`)
}
