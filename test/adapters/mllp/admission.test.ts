// listenMllp: how many connections, in all and of one peer, and which one makes room (C4, M07).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { framed, held, message, record } from './wire.ts'

const A = message('A')
const B = message('B')

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
