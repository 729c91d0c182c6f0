// Long visits: events that no longer decide anything are set aside, and nothing of the truth depends on it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { replayLog } from '../../src/pipeline/later/rebuild.ts'
import type { TestDatabase } from '../database.ts'
import { baseMaps } from './gateway.ts'
import {
  difference,
  dtm,
  type Listener,
  listener,
  stateOf,
  storyDatabase,
  storySite,
  type Told,
  textOf,
} from './histories.ts'
import { account, mrn, pid, segment, visit } from './messages.ts'

const site = storySite()
let store: TestDatabase
let scratch: TestDatabase
let lastTenant = 0
before(async () => {
  store = await storyDatabase()
  scratch = await storyDatabase()
})
after(async () => {
  await store.drop()
  await scratch.drop()
})

interface Said {
  readonly code?: string
  /** V1 unless told. */
  readonly visit?: string
  readonly minute: number
  readonly bed?: string
  readonly doctor?: string
  readonly reason?: string
  readonly service?: string
}

const doctor = (family: string): string =>
  `1234567893^${family}^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI`

const told = ({
  code = 'A08',
  minute,
  bed = '301',
  doctor: who,
  reason,
  service,
  visit: number = 'V1',
}: Said): Told => ({
  source: 'ADT1|GHH',
  event: `ADT^${code}`,
  minute,
  segments: [
    pid({ 3: mrn('M1'), 5: 'DOE^JANE^^^^^L', 18: account('A1') }),
    ...(code === 'A42' ? [segment('MRG', { 1: mrn('M1'), 3: account('A1'), 5: visit('V2') })] : []),
    segment('PV1', {
      1: '1',
      2: 'I',
      3: `3N^${bed}^^GHH`,
      7: doctor(who ?? 'CHEN'),
      ...(service && { 10: service }),
      19: visit(number),
      ...(code === 'A03' && { 45: dtm(minute) }),
    }),
    ...(code === 'A42' ? [] : [segment('PV2', { 3: `R${reason ?? '1'}^Reason^L` })]),
  ],
})

/** Told one group after the other; between them the gateway has time to set things aside. */
async function tell(groups: readonly (readonly Said[])[]): Promise<{ tenant: number; aside: number[] }> {
  const tenant = ++lastTenant
  const listens: Listener = listener(store, site, { tenant })
  const aside: number[] = []
  for (const [g, group] of groups.entries()) {
    await Promise.all(group.map((each, i) => listens.send(textOf(told(each), `S${g}-${i}`))))
    await listens.idle()
    aside.push(await countAside(tenant))
  }
  assert.deepEqual(listens.faults, [])
  await listens.engine.close()
  return { tenant, aside }
}

async function countAside(tenant: number): Promise<number> {
  const rows = await store.db.read.query<{ n: number }>(
    'test_aside',
    'select count(*)::int as n from contribution_past where tenant = $1',
    [tenant],
  )
  return rows[0]?.n ?? 0
}

/** A replay of the log sets nothing aside: it must show the same. */
async function sameAsReplayed(tenant: number): Promise<void> {
  const { failed } = await replayLog({ from: store.db, into: scratch.db, tenant, site, maps: baseMaps() })
  assert.deepEqual(failed, [])
  assert.deepEqual(difference(await stateOf(scratch, tenant), await stateOf(store, tenant)), [])
}

const updates = (count: number, from = 10): Said[] =>
  Array.from({ length: count }, (_, i) => ({ minute: from + i, reason: String(i % 5) }))

describe('a long visit', () => {
  it('keeps few of its events at hand', async () => {
    const groups = [
      [{ code: 'A01', minute: 1 }],
      ...Array.from({ length: 6 }, (_, g) => updates(16, 10 + g * 20)),
    ]
    const { tenant, aside } = await tell(groups)
    assert.ok((aside.at(-1) ?? 0) >= 60, `${aside}`)
    await sameAsReplayed(tenant)
  })

  it('takes them back for what comes late, and for what takes something back', async () => {
    const groups = [
      [{ code: 'A01', minute: 1 }, ...updates(39)],
      [{ minute: 20, bed: '302', reason: 'late' }],
      updates(40, 100),
      [{ code: 'A11', minute: 200 }],
    ]
    const { tenant, aside } = await tell(groups)
    assert.ok((aside[0] ?? 0) > 20, `${aside}`)
    assert.equal(aside[1], 0)
    assert.equal(aside[3], 0)
    await sameAsReplayed(tenant)
  })

  it('that is merged with another (A42) takes all of both back: between the events of the other they count', async () => {
    const other = (each: Said): Said => ({ ...each, visit: 'V2', minute: each.minute + 0.5, bed: '302' })
    const groups = [
      [{ code: 'A01', minute: 1 }, ...updates(39)],
      [other({ code: 'A01', minute: 2 }), ...updates(39).map(other)],
      [{ code: 'A42', minute: 300 }],
      updates(32, 400),
    ]
    const { tenant, aside } = await tell(groups)
    assert.ok((aside[1] ?? 0) > 40, `${aside}`)
    assert.deepEqual(aside.slice(2), [0, 0], 'and it is not set aside again')
    await sameAsReplayed(tenant)
  })

  it('shows the same whatever is told of it, in whatever order and groups (I1, I3)', async () => {
    const seed = Number(process.env.PORTICO_PROPERTY_SEED ?? 20260302)
    const one = fc.record({
      code: fc.constantFrom('A08', 'A08', 'A08', 'A08', 'A08', 'A02', 'A01', 'A03', 'A11', 'A13', 'A12'),
      minute: fc.integer({ min: 1, max: 400 }),
      bed: fc.constantFrom('301', '301', '301', '302'),
      doctor: fc.constantFrom('CHEN', 'CHEN', 'CHEN', 'LOPEZ'),
      reason: fc.constantFrom('1', '2', '3'),
      service: fc.constantFrom('MED', 'MED', 'SUR', '""'),
    })
    const groups = fc.array(fc.array(one, { minLength: 8, maxLength: 32 }), { minLength: 2, maxLength: 4 })
    const quiet = fc.integer({ min: 20, max: 60 }).map((count) => updates(count, 2))
    await fc.assert(
      fc.asyncProperty(quiet, groups, async (first, more) => {
        const seen = new Set<number>()
        // Of one minute there is one message: which of two came first would count.
        const once = [[{ code: 'A01', minute: 1 }, ...first], ...more].map((group) =>
          group.filter(({ minute }) => !seen.has(minute) && seen.add(minute)),
        )
        const { tenant } = await tell(once)
        await sameAsReplayed(tenant)
      }),
      { seed, numRuns: Math.ceil(Number(process.env.PORTICO_PROPERTY_RUNS ?? 120) / 10) },
    )
  })
})
