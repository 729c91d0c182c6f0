// listenMllp: shutdown, and a store that is away (C11, C12).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualTimers } from './manual-timers.ts'
import { ackedId, ackOf, echo, framed, held, idOf, message, octets, record, withListener } from './wire.ts'

const A = message('A')
const B = message('B')

test('C11 shutdown: no more accepted, frames in flight get their ACK, unfinished ones none, idle ones a FIN at once', async () => {
  const store = held()
  const listener = await record({}, store.onInbound)
  try {
    const idle = await listener.connect()
    const busy = await listener.connect({ allowHalfOpen: true })
    busy.write(framed(A) + framed(B) + framed(B).slice(0, 20))
    await listener.until(() => listener.seen.length === 2)
    const closed = listener.receiver.close(10_000)
    await idle.closed()
    assert.equal(busy.received, '')
    busy.write(framed(B).slice(20))
    store.release('A')
    store.release('B')
    await busy.ended()
    assert.deepEqual(busy.frames.map(ackedId), ['A', 'B'])
    busy.close()
    await closed
    assert.equal(listener.seen.length, 2)
    assert.deepEqual(listener.codes(), [])
    assert.equal(listener.receiver.connections, 0)
  } finally {
    await listener.end()
  }
})

test('C11 shutdown ends at graceMs although a frame is still in flight', async () => {
  const timers = new ManualTimers()
  const store = held()
  const listener = await record({ timers }, store.onInbound)
  try {
    const wire = await listener.connect()
    wire.write(framed(A))
    await listener.until(() => listener.seen.length === 1)
    const closed = listener.receiver.close(10_000)
    await timers.armed(10_000)
    timers.advance(10_000)
    await closed
    await wire.closed()
    store.release('A')
    await listener.until(() => listener.log.includes('ackUndelivered'))
  } finally {
    await listener.end()
  }
})

test('C11 shutdown does not wait for a peer that never ends its half', async () => {
  const timers = new ManualTimers()
  const listener = await record({ timers })
  try {
    const stubborn = await listener.connect({ allowHalfOpen: true })
    stubborn.write(framed(A))
    await stubborn.replies(1)
    const closed = listener.receiver.close(10_000)
    await stubborn.ended()
    await timers.armed(1_000)
    timers.advance(1_000)
    await closed
  } finally {
    await listener.end()
  }
})

test('C12 while the store is away the frame is tried again, nothing more is read, and order is kept', async () => {
  const timers = new ManualTimers()
  const tries: string[] = []
  let away = true
  const listener = await record({ timers }, async (inbound) => {
    tries.push(idOf(inbound.raw))
    if (away) throw new Error('store away')
    return await echo(inbound)
  })
  try {
    const wire = await listener.connect()
    wire.write(framed(A) + framed(B))
    await timers.armed(100)
    assert.deepEqual(tries, ['A', 'B'])
    wire.write(framed(message('C')))
    for (const pause of [100, 200, 400]) {
      await timers.armed(pause)
      timers.advance(pause)
    }
    await timers.armed(800)
    away = false
    timers.advance(800)
    assert.deepEqual((await wire.replies(3)).map(ackedId), ['A', 'B', 'C'])
    assert.deepEqual(tries.join(''), `${'AB'.repeat(5)}C`)
    assert.equal(listener.log.filter((entry) => entry === 'storeUnavailable').length, 1)
  } finally {
    await listener.end()
  }
})

test('C12 what the store refused is not tried again while a later frame is still under way', async () => {
  const timers = new ManualTimers()
  const store = held()
  const tries: string[] = []
  let away = true
  await withListener(
    { timers },
    async (listener) => {
      const wire = await listener.connect()
      wire.write(framed(A) + framed(B))
      await timers.armed(100)
      away = false
      timers.advance(100)
      assert.deepEqual(tries, ['A', 'B'])
      store.release('B')
      assert.deepEqual((await wire.replies(2)).map(ackedId), ['A', 'B'])
      assert.deepEqual(tries, ['A', 'B', 'A'])
    },
    async (inbound) => {
      const id = idOf(inbound.raw)
      tries.push(id)
      if (id === 'B') return await store.onInbound(inbound)
      if (away) throw new Error('store away')
      return await echo(inbound)
    },
  )
})

test('C12 a later frame that the store takes does not overtake the reply of an earlier one it refused', async () => {
  const timers = new ManualTimers()
  let refusals = 2
  const listener = await record({ timers }, async (inbound) => {
    if (idOf(inbound.raw) === 'A' && refusals-- > 0) throw new Error('store away')
    return await echo(inbound)
  })
  try {
    const wire = await listener.connect()
    wire.write(framed(A) + framed(B))
    // A is refused, B taken; that B was taken is reason enough to try A again at once.
    await listener.until(() => listener.seen.length === 3)
    await timers.armed(100)
    timers.advance(100)
    assert.deepEqual((await wire.replies(2)).map(ackedId), ['A', 'B'])
  } finally {
    await listener.end()
  }
})

const unavailable = ({ raw }: { raw: Uint8Array }) => octets(ackOf(idOf(raw), 'AR'))
const refuse = () => Promise.reject(new Error('store away'))

test('C12 E20 after storeWaitMs the sender gets the AR, and the connection goes on', async () => {
  const timers = new ManualTimers()
  let away = true
  const listener = await record({ timers, unavailable }, async (inbound) =>
    away ? await refuse() : await echo(inbound),
  )
  try {
    const wire = await listener.connect()
    wire.write(framed(A))
    await timers.armed(10_000)
    timers.advance(10_000)
    const [reply] = await wire.replies(1)
    assert.equal(reply, ackOf('A', 'AR'))
    away = false
    wire.write(framed(B))
    assert.equal((await wire.replies(2))[1], ackOf('B'))
  } finally {
    await listener.end()
  }
})

test('C12 with whenUnavailable close the sender gets nothing and the connection closes', async () => {
  const timers = new ManualTimers()
  const listener = await record({ timers, unavailable, whenUnavailable: 'close' }, refuse)
  try {
    const wire = await listener.connect()
    wire.write(framed(A))
    await timers.armed(10_000)
    timers.advance(10_000)
    await wire.closed()
    assert.equal(wire.received, '')
    assert.ok(listener.log.includes('closed:store-unavailable'))
  } finally {
    await listener.end()
  }
})

test('C12 a sender that goes while the store is away is not tried again, and nothing stays held', async () => {
  const timers = new ManualTimers()
  const listener = await record({ timers }, refuse)
  try {
    const wire = await listener.connect()
    wire.write(framed(A))
    await timers.armed(100)
    wire.socket.resetAndDestroy()
    // Reading is paused, so the reset shows when the AR is due.
    timers.advance(10_000)
    await listener.until(() => listener.log.some((entry) => entry.startsWith('closed:')))
    assert.deepEqual(timers.delays(), [])
    assert.equal(listener.receiver.bufferedBytes, 0)
  } finally {
    await listener.end()
  }
})
