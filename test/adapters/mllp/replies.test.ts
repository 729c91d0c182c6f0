// listenMllp: order of replies, back-pressure, limits on what is in flight and in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualTimers } from './manual-timers.ts'
import { ackedId, ackOf, framed, held, idOf, message, octets, text, withListener } from './wire.ts'

const A = message('A')
const B = message('B')

test('I5 C8 ACKs leave in the order of the frames, whatever order they are ready in', async () => {
  const store = held()
  await withListener(
    {},
    async (listener) => {
      const wire = await listener.connect()
      const ids = ['1', '2', '3', '4', '5']
      wire.write(ids.map((id) => framed(message(id))).join(''))
      await listener.until(() => listener.seen.length === 5)
      for (const id of ['5', '3', '2', '4']) store.release(id)
      store.release('1')
      assert.deepEqual((await wire.replies(5)).map(ackedId), ids)
    },
    store.onInbound,
  )
})

test('I5 random readiness and random cuts never change the order of the ACKs', async () => {
  let pending: (() => void)[] = []
  let waiting = 0
  const shuffled = async (raw: Uint8Array) => {
    await new Promise<void>((resolve) => pending.push(resolve))
    return { bytes: octets(ackOf(idOf(raw))) }
  }
  await withListener(
    { maxInFlight: 4 },
    async (listener) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 12 }),
          fc.integer({ min: 1, max: 400 }),
          async (order, cut) => {
            const wire = await listener.connect()
            const ids = order.map((_, index) => `${waiting++}-${index}`)
            const stream = ids.map((id) => framed(message(id))).join('')
            wire.write(stream.slice(0, cut))
            wire.write(stream.slice(cut))
            let answered = 0
            const before = listener.seen.length
            for (const pick of order) {
              await listener.until(() => pending.length > 0)
              const chosen = pending.splice(pick % pending.length, 1)
              for (const resolve of chosen) resolve()
              answered += chosen.length
              // So that what is settled so far could leave before the next is.
              await new Promise((resolve) => setImmediate(resolve))
            }
            assert.equal(answered, ids.length)
            assert.deepEqual((await wire.replies(ids.length)).map(ackedId), ids)
            assert.deepEqual(
              listener.seen.slice(before).map(({ raw }) => idOf(raw)),
              ids,
            )
            wire.close()
            pending = []
          },
        ),
        { numRuns: 60 },
      )
    },
    ({ raw }) => shuffled(raw),
  )
})

test('I5 X6 an ACK goes out octet for octet, beyond ASCII too', async () => {
  await withListener({}, async (listener) => {
    const wire = await listener.connect()
    wire.write(framed(message('\xc4\xe9\xff')))
    assert.deepEqual((await wire.replies(1)).map(ackedId), ['\xc4\xe9\xff'])
  })
})

test('C17 an ACK leaves in one write', async () => {
  await withListener({}, async (listener) => {
    const wire = await listener.connect()
    const chunks: string[] = []
    wire.socket.on('data', (chunk: Buffer) => chunks.push(text(chunk)))
    wire.write(framed(A))
    await wire.replies(1)
    assert.deepEqual(chunks, [framed(ackOf('A'))])
  })
})

test('C8 at most maxInFlight frames are handed over before the first is answered', async () => {
  const store = held()
  await withListener(
    { maxInFlight: 4 },
    async (listener) => {
      const wire = await listener.connect()
      const ids = Array.from({ length: 20 }, (_, index) => String(index))
      wire.write(ids.map((id) => framed(message(id))).join(''))
      for (const [done, id] of ids.entries()) {
        await listener.until(() => store.waiting().includes(id))
        assert.ok(listener.seen.length <= done + 4)
        store.release(id)
        await wire.replies(done + 1)
      }
      assert.deepEqual(wire.frames.map(ackedId), ids)
    },
    store.onInbound,
  )
})

test('M05 10 000 frames whose ACKs nobody reads: at most 64 ACKs are unsent, and in the end all are answered', async () => {
  const big = 'y'.repeat(4_000)
  let sent = 0
  let mostUnsent = 0
  await withListener(
    {},
    async (listener) => {
      const unsent = () => {
        for (; sent < listener.log.length && listener.log[sent] !== undefined; sent++) {
          if (listener.log[sent] === 'ackSent') acked += 1
        }
        const count = listener.seen.length - acked
        mostUnsent = Math.max(mostUnsent, count)
        return count
      }
      let acked = 0
      const wire = await listener.connect()
      wire.socket.pause()
      const ids = Array.from({ length: 10_000 }, (_, id) => String(id))
      wire.write(ids.map((id) => framed(message(id))).join(''))
      await listener.until(() => unsent() === 64)
      wire.socket.resume()
      await listener.until(() => unsent() === 0 && listener.seen.length === 10_000)
      assert.equal(mostUnsent, 64)
      const expected = ids.map((id) => framed(ackOf(id) + big)).join('')
      await wire.until(() => wire.received.length >= expected.length)
      assert.ok(wire.received === expected)
    },
    async ({ raw }) => ({ bytes: octets(ackOf(idOf(raw)) + big) }),
  )
})

test('C7 a peer that does not take its ACKs is closed after the write timeout, they count as undelivered', async () => {
  const timers = new ManualTimers()
  const huge = 'y'.repeat(32 * 1024 * 1024)
  await withListener(
    { timers },
    async (listener) => {
      const wire = await listener.connect()
      wire.socket.pause()
      wire.write(framed(A) + framed(B))
      await timers.armed(30_000)
      await listener.until(() => listener.seen.length === 2)
      timers.advance(30_000)
      await listener.until(() => listener.log.includes('closed:ACK_WRITE_TIMEOUT'))
      assert.deepEqual(listener.codes(), ['ACK_WRITE_TIMEOUT'])
      assert.deepEqual(
        listener.log.filter((entry) => entry.startsWith('ack')),
        ['ackUndelivered', 'ackUndelivered'],
      )
    },
    async ({ raw }) => ({ bytes: octets(ackOf(idOf(raw)) + huge) }),
  )
})

test('over maxBufferedBytes large frames come in one at a time, small ones pass beside them', async () => {
  const store = held()
  await withListener(
    { maxBufferedBytes: 300_000 },
    async (listener) => {
      const wires = await Promise.all([0, 1, 2, 3].map(() => listener.connect()))
      const small = await listener.connect()
      for (const [id, wire] of wires.entries()) wire.write(framed(message(`BIG${id}`, 'x'.repeat(900_000))))
      for (let turn = 1; turn <= 4; turn++) {
        await listener.until(() => listener.seen.length === 2 * turn - 1)
        small.write(framed(message(`SMALL${turn}`)))
        await listener.until(() => listener.seen.length === 2 * turn)
        const [large, beside, ...more] = store.waiting()
        assert.deepEqual([large?.slice(0, 3), beside, more], ['BIG', `SMALL${turn}`, []])
        assert.ok(listener.receiver.bufferedBytes < 300_000 + 900_000 + 5 * 128 * 1024)
        store.release(beside ?? '')
        store.release(large ?? '')
      }
      await Promise.all(wires.map((wire) => wire.replies(1)))
      assert.equal(listener.receiver.bufferedBytes, 0)
      assert.deepEqual(listener.codes(), [])
    },
    store.onInbound,
  )
})
