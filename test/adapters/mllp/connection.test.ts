// listenMllp: life of connections (C1 to C17), caps, store outages, shutdown.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { listenMllp } from '../../../src/adapters/mllp/receiver.ts'
import { ManualTimers } from './manual-timers.ts'
import { ackedId, echo, framed, held, idOf, message, octets, record, text, VT } from './wire.ts'

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
