// listenMllp: life of connections (C1 to C17), caps, store outages, shutdown.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { listenMllp } from '../../../src/adapters/mllp/receiver.ts'
import { ManualTimers } from './manual-timers.ts'
import { ackedId, ackOf, echo, framed, held, idOf, message, octets, record, text, VT } from './wire.ts'

const A = message('A')
const B = message('B')

test('C1 an idle connection is kept: without idleTimeoutMs no timer runs on it', async () => {
  const timers = new ManualTimers()
  const listener = await record({ timers })
  try {
    const wire = await listener.connect()
    wire.write(framed(A))
    await wire.replies(1)
    await listener.until(() => listener.log.includes('ackSent'))
    assert.deepEqual(timers.delays(), [])
  } finally {
    await listener.end()
  }
})

test('C1 after idleTimeoutMs it gets a FIN and no fault', async () => {
  const timers = new ManualTimers()
  const listener = await record({ timers, idleTimeoutMs: 60_000 })
  try {
    const wire = await listener.connect()
    wire.write(framed(A))
    await wire.replies(1)
    await timers.armed(60_000)
    timers.advance(60_000)
    await wire.ended()
    await listener.until(() => listener.log.includes('closed:idle'))
    assert.deepEqual(listener.codes(), [])
  } finally {
    await listener.end()
  }
})

test('C2 M02 silence inside a frame: fault with its octets, no ACK, closed; frames before it are answered', async () => {
  const timers = new ManualTimers()
  const kept: string[] = []
  const listener = await record({ timers, keepFault: (fault) => kept.push(text(fault.sample)) })
  try {
    const wire = await listener.connect()
    wire.write(`${framed(A)}${VT}MSH|half`)
    await wire.replies(1)
    await timers.armed(30_000)
    timers.advance(29_999)
    assert.deepEqual(listener.codes(), [])
    timers.advance(1)
    await wire.closed()
    assert.deepEqual([listener.codes(), kept, wire.frames.length], [['FRAME_TIMEOUT'], ['MSH|half'], 1])
  } finally {
    await listener.end()
  }
})

test('stray octets that nothing follows are told after the same silence, and the connection stays', async () => {
  const timers = new ManualTimers()
  const listener = await record({ timers })
  try {
    const wire = await listener.connect()
    wire.write('hello')
    await timers.armed(30_000)
    timers.advance(30_000)
    assert.deepEqual(listener.codes(), ['MLLP_BYTES_BEFORE_VT'])
    wire.write(framed(A))
    await wire.replies(1)
  } finally {
    await listener.end()
  }
})

test('C3 TCP keep-alive runs on accepted connections', { skip: !existsSync('/proc/net/tcp') }, async () => {
  const listener = await record()
  try {
    const wire = await listener.connect()
    wire.write(framed(A))
    await wire.replies(1)
    const hex = (port: number | undefined) => (port ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const [ours, theirs] = [`:${hex(listener.receiver.port)}`, `:${hex(wire.socket.localPort)}`]
    const line = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((row) => row.trim().split(/\s+/))
      .find(([, local, remote]) => local?.endsWith(ours) && remote?.endsWith(theirs))
    // proc(5): 02 = the keep-alive timer is pending.
    assert.equal(line?.[5]?.slice(0, 2), '02')
  } finally {
    await listener.end()
  }
})

test('C4 over maxConnections another peer is refused visibly: accepted, closed, told', async () => {
  const store = held()
  const listener = await record({ maxConnections: 2 }, store.onInbound)
  try {
    const first = await listener.connect()
    const second = await listener.connect()
    first.write(framed(A))
    second.write(framed(B))
    await listener.until(() => listener.seen.length === 2)
    const third = await listener.connect()
    await third.closed()
    assert.ok(listener.log.includes('refused:maxConnections'))
    store.release('A')
    store.release('B')
    await Promise.all([first.replies(1), second.replies(1)])
  } finally {
    await listener.end()
  }
})

test('C4 M07 over maxConnectionsPerPeer the connection of that peer that was idle longest makes room', async () => {
  const listener = await record({ maxConnectionsPerPeer: 2 })
  try {
    const first = await listener.connect()
    const second = await listener.connect()
    second.write(framed(A))
    await second.replies(1)
    first.write(framed(B))
    await first.replies(1)
    const third = await listener.connect()
    await second.closed()
    third.write(framed(A))
    await third.replies(1)
    first.write(framed(A))
    await first.replies(2)
    assert.deepEqual(
      listener.log.filter((entry) => /evicted|refused/.test(entry)),
      ['closed:evicted'],
    )
    assert.equal(listener.receiver.connections, 2)
  } finally {
    await listener.end()
  }
})

test('C4 a busy connection is never evicted: the new one is refused', async () => {
  const store = held()
  const listener = await record({ maxConnectionsPerPeer: 1 }, store.onInbound)
  try {
    const busy = await listener.connect()
    busy.write(framed(A))
    await listener.until(() => listener.seen.length === 1)
    const other = await listener.connect()
    await other.closed()
    assert.ok(listener.log.includes('refused:maxConnectionsPerPeer'))
    store.release('A')
    await busy.replies(1)
  } finally {
    await listener.end()
  }
})

test('M07 a flood of connections from one peer never holds more than its share', async () => {
  const listener = await record()
  try {
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(Array.from({ length: 50 }, () => listener.connect()))
      assert.ok(listener.receiver.connections <= 20)
    }
    const wire = await listener.connect()
    wire.write(framed(A))
    await wire.replies(1)
  } finally {
    await listener.end()
  }
})

test('C5 a sender that ends its half right after the frame gets its ACK, then the end', async () => {
  const store = held()
  const listener = await record({}, store.onInbound)
  try {
    const wire = await listener.connect({ allowHalfOpen: true })
    wire.socket.end(octets(framed(A)))
    await listener.until(() => listener.seen.length === 1)
    store.release('A')
    assert.deepEqual((await wire.replies(1)).map(ackedId), ['A'])
    await wire.ended()
    await listener.until(() => listener.log.includes('closed:peer'))
    assert.deepEqual(listener.codes(), [])
  } finally {
    await listener.end()
  }
})

test('C5 a frame that ends with the stream is truncated: fault, no ACK', async () => {
  const listener = await record()
  try {
    const wire = await listener.connect({ allowHalfOpen: true })
    wire.socket.end(octets(`${framed(A)}${VT}${B}\x1c`))
    await wire.ended()
    assert.deepEqual(wire.frames.map(ackedId), ['A'])
    assert.deepEqual(listener.codes(), ['TRUNCATED_FRAME'])
  } finally {
    await listener.end()
  }
})

test('C6 M06 a sender that resets before its ACK: the message stays taken, the ACK counts as undelivered', async () => {
  const store = held()
  const listener = await record({}, store.onInbound)
  try {
    const wire = await listener.connect()
    wire.write(framed(A))
    await listener.until(() => listener.seen.length === 1)
    wire.socket.resetAndDestroy()
    await listener.until(() => listener.log.some((entry) => entry.startsWith('closed:')))
    store.release('A')
    await listener.until(() => listener.log.includes('ackUndelivered'))
    assert.equal(listener.receiver.bufferedBytes, 0)
  } finally {
    await listener.end()
  }
})

test('C6 a reset in the middle of a frame is a fault', async () => {
  const listener = await record()
  try {
    const wire = await listener.connect()
    wire.write(`${framed(A)}${VT}MSH|half`)
    await wire.replies(1)
    wire.socket.resetAndDestroy()
    await listener.until(() => listener.log.includes('closed:error'))
    assert.deepEqual(listener.codes(), ['TRUNCATED_FRAME'])
  } finally {
    await listener.end()
  }
})

test('C9 one sender may have two connections', async () => {
  const listener = await record()
  try {
    const first = await listener.connect()
    const second = await listener.connect()
    second.write(framed(A))
    await second.replies(1)
    first.write(framed(B))
    await first.replies(1)
  } finally {
    await listener.end()
  }
})

test('C9 with singleConnection the older one closes, after the ACK of what it has in flight', async () => {
  const store = held()
  const listener = await record({ singleConnection: true }, store.onInbound)
  try {
    const older = await listener.connect()
    older.write(framed(A))
    await listener.until(() => listener.seen.length === 1)
    const newer = await listener.connect()
    newer.write(framed(B))
    await listener.until(() => listener.seen.length === 2)
    store.release('A')
    store.release('B')
    await older.closed()
    assert.deepEqual(older.frames.map(ackedId), ['A'])
    assert.deepEqual((await newer.replies(1)).map(ackedId), ['B'])
    await listener.until(() => listener.log.includes('closed:replaced'))
  } finally {
    await listener.end()
  }
})

test('C10 frames of one connection are handed over in their order', async () => {
  const listener = await record()
  try {
    const wire = await listener.connect()
    const ids = Array.from({ length: 200 }, (_, index) => String(index))
    wire.write(ids.map((id) => framed(message(id))).join(''))
    await wire.replies(ids.length)
    assert.deepEqual(
      listener.seen.map(({ raw }) => idOf(raw)),
      ids,
    )
  } finally {
    await listener.end()
  }
})

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

test('C14 a connection that opens and closes is a probe, not a fault', async () => {
  const listener = await record()
  try {
    const polite = await listener.connect()
    polite.socket.end()
    const rude = await listener.connect()
    rude.socket.resetAndDestroy()
    await listener.until(() => listener.log.filter((entry) => entry === 'probe').length === 2)
    assert.deepEqual(listener.codes(), [])
  } finally {
    await listener.end()
  }
})

test('C15 M01 HTTP and TLS on the MLLP port are closed at once and named', async () => {
  const listener = await record()
  try {
    for (const first of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x02\0']) {
      const wire = await listener.connect()
      wire.write(first)
      await wire.closed()
      assert.equal(wire.received, '')
    }
    assert.deepEqual(listener.codes(), ['LOOKS_LIKE_HTTP', 'LOOKS_LIKE_TLS'])
  } finally {
    await listener.end()
  }
})

test('C16 M02 octets that trickle in do not hold a connection longer than maxFrameTimeMs', async () => {
  const timers = new ManualTimers()
  const listener = await record({ timers })
  try {
    const wire = await listener.connect()
    wire.write(VT)
    await timers.armed(120_000)
    for (let step = 0; step < 11; step++) {
      timers.advance(10_000)
      const before = listener.receiver.bufferedBytes
      wire.write('x')
      while (listener.receiver.bufferedBytes === before) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(listener.codes(), [])
    timers.advance(10_000)
    await wire.closed()
    assert.deepEqual(listener.codes(), ['FRAME_TIMEOUT'])
  } finally {
    await listener.end()
  }
})

test('a listener rejects an address in use, and an option out of range', async () => {
  const listener = await record()
  try {
    const { port } = listener.receiver
    await assert.rejects(listenMllp({ host: '127.0.0.1', port }, echo), { code: 'EADDRINUSE' })
    for (const wrong of [
      { maxFrameBytes: 0 },
      { frameTimeoutMs: Number.POSITIVE_INFINITY },
      { maxInFlight: 1.5 },
    ]) {
      await assert.rejects(listenMllp({ host: '127.0.0.1', port: 0, ...wrong }, echo), RangeError)
    }
    assert.deepEqual(listener.receiver.reloadTls({ cert: '', key: '' }), {
      fault: 'this listener does not use TLS',
    })
  } finally {
    await listener.end()
  }
})
