// Whatever the order, the number of resends, the batches and the gateways in which messages arrive, the truth is the same.
// Semantics, sections 0, 8.2, 8.6 and 20: I1, I2, I3, I4, I5, I8, I9, I11, I17, I18.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { replayLog } from '../../src/pipeline/later/rebuild.ts'
import { type Database, openDatabase } from '../../src/store/db.ts'
import type { TestDatabase } from '../database.ts'
import { baseMaps } from './gateway.ts'
import {
  difference,
  digestOf,
  type Hearing,
  history,
  type Listener,
  listener,
  permuted,
  stateOf,
  storyDatabase,
  storySite,
  type Told,
  textOf,
} from './histories.ts'
import { checkAliases, checkLineage, checkShown } from './invariants.ts'
import { mrn, pid, segment, wcl } from './messages.ts'

/**
 * `npm run test:property` sets PORTICO_PROPERTY_RUNS: so many histories, from another seed each time and heard in every
 * way. PORTICO_PROPERTY_SEED repeats a run. What fails is shrunk to the fewest messages that still show it.
 */
const thorough = process.env.PORTICO_PROPERTY_RUNS !== undefined
const runs = Number(process.env.PORTICO_PROPERTY_RUNS ?? 100)
const usualSeed = 20260302
const seed = Number(
  process.env.PORTICO_PROPERTY_SEED ?? (thorough ? Math.floor(Math.random() * 0x7fffffff) : usualSeed),
)
/** Bounds the search for a smaller counterexample, too. */
const interruptAfterTimeLimit = thorough ? 7_200_000 : 120_000
const size = { min: 4, max: 20 }
const keys = fc.array(fc.integer({ min: 0, max: 999 }), { minLength: size.max, maxLength: size.max })
const site = storySite()

let store: TestDatabase
let scratch: TestDatabase
/** A second process would have connections of its own. */
let otherDb: Database
let lastTenant = 0
before(async () => {
  store = await storyDatabase()
  scratch = await storyDatabase()
  otherDb = await openDatabase({ connection: store.url, schema: store.schema, warn: () => {} })
})
after(async () => {
  await otherDb.close()
  await scratch.drop()
  await store.drop()
})

const textsOf = (told: readonly Told[], prefix = 'C'): string[] =>
  told.map((each) => textOf(each, `${prefix}${each.minute}`))

interface Heard {
  readonly tenant: number
  readonly state: ReadonlyMap<string, string>
}

/** Tells a new store all at once, in this order; several listeners by turns. Then `work` with them, and what is shown. */
async function hear(
  texts: readonly string[],
  hearings: readonly (Hearing & { readonly db?: Database })[] = [{}],
  work: (listeners: readonly Listener[], tenant: number) => Promise<void> = async () => {},
): Promise<Heard> {
  const tenant = ++lastTenant
  const listeners = hearings.map(({ db = store.db, ...each }) =>
    listener({ ...store, db }, site, { ...each, tenant }),
  )
  try {
    await tell(texts, listeners)
    await work(listeners, tenant)
    return { tenant, state: await stateOf(store, tenant) }
  } finally {
    for (const each of listeners) await each.engine.close()
  }
}

async function tell(texts: readonly string[], listeners: readonly Listener[]): Promise<void> {
  const answers = await Promise.all(texts.map((text, i) => listeners[i % listeners.length]?.send(text)))
  for (const each of listeners) await each.idle()
  for (const each of listeners) assert.deepEqual(each.faults, [])
  assert.ok(
    answers.every((each) => each && each.code !== ''),
    'a message was not answered',
  )
}

const readable = (texts: readonly string[]): string =>
  texts.map((each) => each.replaceAll('\r', '\n   ')).join('\n')

/** What fails says after which messages: the shrunk list is the last that is tried. */
async function telling(texts: readonly string[], work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    throw new Error(`${said}\nafter ${texts.length} messages, seed ${seed}:\n${readable(texts)}`, {
      cause: error,
    })
  }
}

function sameState(
  way: string,
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): void {
  if (digestOf(expected) === digestOf(actual)) return
  assert.fail(`${way}\n${difference(expected, actual).join('\n')}`)
}

/** Ways to hear the same messages; each must give the same state. */
const ways: Readonly<Record<string, (texts: readonly string[]) => Promise<Heard>>> = {
  'shuffled, some twice (I1)': (texts) => hear(texts),
  'one by one, each in a batch of its own (I1)': (texts) => hear(texts, [{ lanes: 1, maxBatchMessages: 1 }]),
  'over two gateways (I1)': (texts) => hear(texts, [{}, { db: otherDb }]),
  'and everything resent (I2)': (texts) => hear(texts, [{}], (listeners) => tell(texts, listeners)),
  'rebuilt from the log (I3)': async (texts) => {
    const { tenant } = await hear(texts)
    const { failed } = await replayLog({ from: store.db, into: scratch.db, tenant, site, maps: baseMaps() })
    assert.deepEqual(failed, [])
    return { tenant, state: await stateOf(scratch, tenant) }
  },
}

describe('the same messages', () => {
  it('add up to the same truth in any order, twice, in any batches, over two gateways, and from the log', async (t) => {
    t.diagnostic(`seed ${seed}, ${runs} histories`)
    const property = fc.asyncProperty(history(size), keys, async (told, order) => {
      const texts = textsOf(told)
      const first = await hear(texts, [{}], ([listens], tenant) =>
        telling(texts, async () => {
          if (!listens) return
          const state = await stateOf(store, tenant)
          checkShown(state)
          await checkAliases(store, tenant)
          await checkLineage(store, listens, state, tenant)
        }),
      )
      const again = texts.filter((_, i) => (order[i] ?? 0) % 10 < 3)
      const shuffled = permuted([...texts, ...again], [...order, ...order.toReversed()])
      const all = Object.entries(ways)
      const chosen = thorough ? all : [all[(order[0] ?? 0) % all.length]]
      for (const each of chosen) {
        if (!each) continue
        const [way, run] = each
        await telling(shuffled, async () => {
          const heard = await run(shuffled)
          sameState(way, first.state, heard.state)
          if (!way.includes('I3')) assert.equal(await countKept(heard.tenant), texts.length, 'messages kept')
        })
      }
    })
    await fc.assert(property, { numRuns: runs, seed, interruptAfterTimeLimit })
  })

  const sharing = [
    'each with visits, accounts and appointments of their own',
    'with one visit, account and appointment',
  ]
  for (const [share, how] of sharing.entries())
    it(`before and after a merge of two ${how} add up to the same truth, in whatever order within each (I1, I5)`, async (t) => {
      const some = Math.ceil(runs / 10)
      t.diagnostic(`seed ${seed}, ${some} histories`)
      const half = { min: 3, max: 10 }
      const merge: Told = {
        source: 'ADT1|GHH',
        event: 'ADT^A40',
        minute: 450,
        segments: [segment('PID', { 1: '1', 3: mrn('M0'), 5: 'DOE^JANE' }), segment('MRG', { 1: mrn('M1') })],
      }
      const property = fc.asyncProperty(history(half), history(half), keys, async (early, late, order) => {
        const first = textsOf(share ? early.map(asOne) : early)
        // Lines of the ledger have numbers of their own.
        const second = textsOf(
          (share ? late.map(asOne) : late).map((each) => ({
            ...each,
            minute: each.minute + 500,
            segments: each.segments.map((line) => line.replaceAll('|L', '|X')),
          })),
          'D',
        )
        const run = (a: readonly string[], b: readonly string[]) =>
          hear(a, [{}], async (listeners, tenant) => {
            await tell([textOf(merge, 'MERGE')], listeners)
            await tell(b, listeners)
            await checkAliases(store, tenant)
          })
        const expected = await run(first, second)
        const [a, b] = [permuted(first, order), permuted(second, order.toReversed())]
        await telling([...a, ...b], async () =>
          sameState('shuffled', expected.state, (await run(a, b)).state),
        )
      })
      await fc.assert(property, { numRuns: some, seed, interruptAfterTimeLimit })
    })

  it('that say nothing of an element take nothing from another source (I9)', async (t) => {
    const some = Math.ceil(runs / 10)
    t.diagnostic(`seed ${seed}, ${some} histories`)
    const silent = [0, 1, 2].map(
      (n): Told => ({
        source: 'REG|GHH',
        event: 'ADT^A31',
        minute: 900 + n,
        segments: [pid({ 3: `${mrn(`M${n}`)}~${wcl(`W${n}`)}`, 5: 'SILENT^JANE^^^^^N' }), 'PV1|1|N'],
      }),
    )
    const property = fc.asyncProperty(history(size), async (told) => {
      const before = new Map<string, string>()
      const { state } = await hear(textsOf(told), [{}], async (listeners, tenant) => {
        for (const [key, text] of await stateOf(store, tenant)) before.set(key, text)
        await tell(textsOf(silent, 'S'), listeners)
      })
      for (const [key, text] of before) {
        const [was, is] = [JSON.parse(text), JSON.parse(state.get(key) ?? '{}')] as Record<string, unknown>[]
        for (const element of Object.keys(was ?? {})) {
          if (key.startsWith('Patient/') && ['name', 'identifier'].includes(element)) continue
          assert.deepEqual(is?.[element], was?.[element], `I9: ${key} ${element}`)
        }
      }
    })
    await fc.assert(property, { numRuns: some, seed, interruptAfterTimeLimit })
  })
})

/** What patient 1 has is what patient 0 has, under the number of patient 1. */
const asOne = (told: Told): Told => ({
  ...told,
  segments: told.segments.map((line) => line.replace(/\b([VAF])1(\d?)(?=\^)/g, '$10$2')),
})

async function countKept(tenant: number): Promise<number> {
  const rows = await store.db.read.query<{ n: number }>(
    'test_kept',
    'select count(*)::int as n from message where tenant = $1',
    [tenant],
  )
  return rows[0]?.n ?? 0
}
