// Pages by keyset: nothing is missed and nothing comes twice while others write.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseSearch, type SearchQuery } from '../../src/fhir/search-query.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { type SearchPosition, searchPage } from '../../src/store/search.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { type Writer, writer } from './writer.ts'

const size = 103

function appointment(n: number, comment: string): Resource {
  const day = String(1 + (n % 7)).padStart(2, '0')
  return {
    resourceType: 'Appointment',
    id: `a${String((n * 37) % 1000).padStart(3, '0')}`,
    status: n % 3 === 0 ? 'booked' : 'pending',
    comment,
    // Many have the same time, and some have none.
    ...(n % 5 !== 0 && { start: `2026-03-${day}T09:00:00Z` }),
    participant: [{ status: 'accepted', actor: { reference: `Patient/p${n % 4}` } }],
  }
}

const forms = [
  'Appointment',
  'Appointment?_sort=_id',
  'Appointment?_sort=-_id',
  'Appointment?_sort=_lastUpdated',
  'Appointment?_sort=-_lastUpdated',
  'Appointment?_sort=date',
  'Appointment?_sort=-date,_id',
  'Appointment?_sort=-date,_lastUpdated',
  'Appointment?status=booked,pending',
  'Appointment?status=booked,pending&_sort=-_lastUpdated',
  'Appointment?patient=p0,p1,p2,p3&_sort=date',
  'Appointment?date:missing=false&_sort=-date',
]

describe('pages', () => {
  let store: TestDatabase
  let writes: Writer
  before(async () => {
    store = await testDatabase()
    writes = writer(store.db)
    await writes.put(Array.from({ length: size }, (_, n) => appointment(n, 'first')))
  })
  after(() => store.drop())

  function query(text: string, count: number): SearchQuery {
    const [type = '', rest = ''] = text.split('?')
    const read = parseSearch(type, [...new URLSearchParams(rest), ['_count', String(count)]])
    assert.ok('query' in read)
    return read.query
  }

  async function walk(
    asked: SearchQuery,
    between: () => Promise<void>,
  ): Promise<{ ids: string[]; totals: number[] }> {
    const ids: string[] = []
    const totals: number[] = []
    let after: SearchPosition | undefined
    do {
      const page = await searchPage(store.db.read, 1, asked, after)
      ids.push(...page.rows.map(({ id }) => id))
      totals.push(page.total ?? -1)
      after = page.next
      await between()
    } while (after)
    return { ids, totals }
  }

  for (const [place, form] of forms.entries()) {
    test(`${form}: every resource once, in the same order as on one page`, async () => {
      const whole = await walk(query(form, 1000), async () => {})
      for (const count of [3, 50, whole.ids.length - 1, whole.ids.length]) {
        const paged = await walk(query(form, count), async () => {})
        assert.deepEqual(paged.ids, whole.ids, `_count=${count}`)
        assert.deepEqual(new Set(paged.totals), new Set([whole.ids.length]))
      }
    })

    test(`${form}: the same while others create, update and delete`, async () => {
      const before = await walk(query(form, 1000), async () => {})
      let round = 0
      const fresh: string[] = []
      const disturb = async (): Promise<void> => {
        round++
        // Updates of what was shown and of what was not, without touching what is sorted by; and new resources,
        // which sort before, between and after.
        const touched = [round * 11, round * 23, 101 - round].map((n) =>
          appointment(((n % size) + size) % size, `round ${round}`),
        )
        const made = [1, 500, 999].map((n) => ({
          ...appointment(1, 'new'),
          id: `a${n}-${place % 2}-${round}`,
        }))
        fresh.push(...made.map(({ id }) => id))
        await writes.put([...touched, ...made])
      }
      const during = await walk(query(form, 10), disturb)
      assert.deepEqual(during.ids, before.ids)
      assert.deepEqual(new Set(during.totals), new Set([before.ids.length]))
      for (const id of fresh) await writes.remove('Appointment', id)
    })
  }

  test('what was deleted is not on later pages, and the rest is complete', async () => {
    const first = await searchPage(store.db.read, 1, query('Appointment', 10))
    const all = await walk(query('Appointment', 1000), async () => {})
    const gone = all.ids[50] ?? ''
    await writes.remove('Appointment', gone)
    const rest = await searchPage(store.db.read, 1, query('Appointment', 1000), first.next)
    const ids = [...first.rows, ...rest.rows].map(({ id }) => id)
    assert.deepEqual(
      ids,
      all.ids.filter((id) => id !== gone),
    )
  })

  test('_total=none leaves the total out', async () => {
    const page = await searchPage(store.db.read, 1, query('Appointment?status=booked&_total=none', 5))
    assert.equal(page.total, undefined)
    assert.equal(page.rows.length, 5)
  })
})
