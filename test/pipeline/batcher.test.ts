// Group commit: items that share a key keep their order in whatever lanes the rest runs, and a failure is nobody else's.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Batcher, QueueFull } from '../../src/pipeline/batch/batcher.ts'

interface Item {
  readonly name: string
  readonly keys: readonly string[] | 'all'
  readonly long?: boolean
}

const limits = { lanes: 3, maxItems: 4, maxBytes: 1_000, maxWaiting: 1_000, maxWaitingBytes: 100_000 }
const keysOf = (item: Item) => item.keys
const isLong = (item: Item) => item.long === true

/** Batches that stay open until the test ends them; `done` has the names in the order of their end. */
function held() {
  const open: { items: readonly Item[]; end: () => void; fail: (error: Error) => void }[] = []
  const done: string[] = []
  const run = (items: readonly Item[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
    const end = () => {
      done.push(...items.map((each) => each.name))
      resolve(items.map((each) => each.name))
    }
    open.push({ items, end, fail: reject })
    return promise
  }
  return { open, done, run }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('Batcher', () => {
  it('keeps the order of items that share any key, whichever of their keys comes first', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const keys = fc.oneof(
      { weight: 9, arbitrary: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: fc.constant('all' as const) },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(keys, fc.nat(5)), { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 80 }),
        async (all, picks) => {
          const { open, done, run } = held()
          const batcher = new Batcher<Item, string>(run, { ...limits, keysOf, isLong })
          const items = all.map(([each, n], i) => ({ name: String(i), keys: each, long: n === 0 }))
          const results = items.map((item) => batcher.add(item, 1))
          for (let i = 0; batcher.busy; i++) {
            await turn()
            const [batch] = open.splice((picks[i] ?? 0) % Math.max(open.length, 1), 1)
            batch?.end()
            await turn()
          }
          assert.deepEqual(
            await Promise.all(results),
            items.map((each) => each.name),
          )
          for (const [i, later] of items.entries()) {
            for (const earlier of items.slice(0, i)) {
              const isBound =
                earlier.keys === 'all' ||
                later.keys === 'all' ||
                earlier.keys.some((each) => later.keys.includes(each))
              if (isBound) assert.ok(done.indexOf(earlier.name) < done.indexOf(later.name))
            }
          }
        },
      ),
      { numRuns: 150, seed: 20260302 },
    )
  })

  it('runs what shares nothing at once', async () => {
    const { open, run } = held()
    const batcher = new Batcher<Item, string>(run, { ...limits, keysOf })
    for (const name of 'abcdefgh') void batcher.add({ name, keys: [name] }, 1)
    await turn()
    assert.ok(open.length > 1)
    for (const each of open) each.end()
    await batcher.settled()
  })

  it('keeps nobody waiting for what takes long but what shares a key with it', async () => {
    const { open, run } = held()
    const batcher = new Batcher<Item, string>(run, { ...limits, keysOf, isLong })
    const long = batcher.add({ name: 'merge', keys: ['a', 'b'], long: true }, 1)
    await turn()
    const behind = [
      batcher.add({ name: 'a', keys: ['a'] }, 1),
      batcher.add({ name: 'b', keys: ['c', 'b'] }, 1),
    ]
    const other = batcher.add({ name: 'd', keys: ['d'] }, 1)
    await turn()
    assert.deepEqual(
      open.map((each) => each.items.map(({ name }) => name)),
      [['merge'], ['d']],
    )
    open[1]?.end()
    await other
    await turn()
    assert.equal(open.length, 2, 'who shares a key still waits')
    open[0]?.end()
    await long
    await turn()
    for (const each of open.slice(2)) each.end()
    assert.deepEqual(await Promise.all(behind), ['a', 'b'])
  })

  it('fails with a batch all that waits, so that nothing overtakes what is sent again', async () => {
    const { open, run } = held()
    const batcher = new Batcher<Item, string>(run, { ...limits, lanes: 2, maxItems: 1, keysOf })
    const name = 'ab'
    const [a, b] = [...name].map((each) => ({ name: each, keys: [each] }))
    assert.ok(a && b)
    const first = batcher.add(a, 1)
    const behind = batcher.add(a, 1)
    const beside = batcher.add(b, 1)
    const besideAndLater = batcher.add(b, 1)
    await turn()
    const failing = open.find((each) => each.items.includes(a))
    failing?.fail(new Error('away'))
    await assert.rejects(first, /away/)
    await assert.rejects(behind, /away/)
    await assert.rejects(besideAndLater, /away/)
    open.find((each) => each.items.includes(b))?.end()
    assert.equal(await beside, 'b')
  })

  it('refuses more bytes than may wait, and takes as many again when they are through', async () => {
    const { open, run } = held()
    const batcher = new Batcher<Item, string>(run, { ...limits, maxWaitingBytes: 10, keysOf })
    const item = { name: 'a', keys: ['a'] }
    const first = batcher.add(item, 8)
    await assert.rejects(batcher.add(item, 8), QueueFull)
    await turn()
    const second = batcher.add(item, 8)
    open[0]?.end()
    await first
    await turn()
    open[1]?.end()
    assert.equal(await second, 'a')
  })
})
