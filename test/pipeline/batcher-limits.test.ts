// What goes into one batch, and who is told what: sizes, single failures, the end of the queue.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Batcher, type BatcherOptions, QueueFull, type RunBatch } from '../../src/pipeline/batch/batcher.ts'

const options: BatcherOptions<string> = {
  lanes: 1,
  keysOf: (item) => (item === 'alone' ? 'all' : [item]),
  maxItems: 3,
  maxBytes: 100,
  maxWaiting: 5,
  maxWaitingBytes: 10_000,
}

/** A batcher that answers at once, and the batches that it has made. */
function recording(run: RunBatch<string, string>, more: Partial<BatcherOptions<string>> = {}) {
  const batches: string[][] = []
  const batcher = new Batcher<string, string>(
    async (items) => {
      batches.push([...items])
      return await run(items)
    },
    { ...options, ...more },
  )
  return { batcher, batches }
}

const echo: RunBatch<string, string> = async (items) => items.map((each) => each.toUpperCase())

describe('a batch', () => {
  it('holds at most so many items, in the order in which they came', async () => {
    const { batcher, batches } = recording(echo)
    const all = await Promise.all([...'abcde'].map((each) => batcher.add(each, 1)))
    assert.deepEqual(all, [...'ABCDE'])
    assert.deepEqual(batches, [
      ['a', 'b', 'c'],
      ['d', 'e'],
    ])
  })

  it('holds at most so many bytes; what is larger goes by itself', async () => {
    const { batcher, batches } = recording(echo)
    await Promise.all([
      batcher.add('a', 60),
      batcher.add('b', 60),
      batcher.add('c', 500),
      batcher.add('d', 40),
    ])
    assert.deepEqual(batches, [['a'], ['b'], ['c'], ['d']])
  })

  it('is what came in one turn; what comes later is the next one', async () => {
    const { batcher, batches } = recording(echo)
    await batcher.add('a', 1)
    await Promise.all([batcher.add('b', 1), batcher.add('c', 1)])
    assert.deepEqual(batches, [['a'], ['b', 'c']])
  })

  it('does not hold what runs alone, nor what came after that', async () => {
    const { batcher, batches } = recording(echo, { lanes: 2 })
    await Promise.all(['a', 'b', 'alone', 'c'].map((each) => batcher.add(each, 1)))
    assert.deepEqual(batches.slice(0, -2).flat().sort(), ['a', 'b'])
    assert.deepEqual(batches.slice(-2), [['alone'], ['c']])
  })
})

describe('those who wait', () => {
  it('are each told of their own failure', async () => {
    const { batcher } = recording(async (items) =>
      items.map((each) => (each === 'b' ? new Error('b cannot be stored') : each)),
    )
    const [a, b, c] = await Promise.allSettled(['a', 'b', 'c'].map((each) => batcher.add(each, 1)))
    assert.equal(a?.status, 'fulfilled')
    assert.equal(b?.status, 'rejected')
    assert.equal(c?.status, 'fulfilled')
  })

  it('are told when a batch has no answer for them', async () => {
    const { batcher } = recording(async () => [])
    await assert.rejects(batcher.add('a', 1), /no result/)
  })

  it('are at most so many: the next is refused at once, and the others are served', async () => {
    const { batcher } = recording(echo)
    const waiting = [...'abcde'].map((each) => batcher.add(each, 1))
    assert.equal(batcher.size, 5)
    await assert.rejects(batcher.add('f', 1), QueueFull)
    assert.deepEqual(await Promise.all(waiting), [...'ABCDE'])
    assert.equal(await batcher.add('f', 1), 'F')
  })

  it('can be waited for: settled when nothing waits and nothing runs', async () => {
    const { batcher } = recording(echo)
    await batcher.settled()
    const done: string[] = []
    for (const each of 'abcd') void batcher.add(each, 1).then((result) => done.push(result))
    assert.equal(batcher.busy, true)
    await batcher.settled()
    assert.equal(batcher.busy, false)
    assert.deepEqual(done, [...'ABCD'])
  })

  it('are served again after a failure of the whole store', async () => {
    let away = true
    const { batcher } = recording(async (items) => {
      if (away) throw new Error('away')
      return items
    })
    await assert.rejects(batcher.add('a', 1), /away/)
    away = false
    assert.equal(await batcher.add('a', 1), 'a')
  })
})
