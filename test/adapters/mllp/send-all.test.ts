// MllpSender.sendAll: many messages in flight on one connection.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MllpSender } from '../../../src/adapters/mllp/sender.ts'
import { ackText, withScripted } from './scripted.ts'
import { ackOf, framed, message, octets, record } from './wire.ts'

const A = message('A')
const B = message('B')

test('sendAll keeps a window of messages in flight and reports every outcome in order', async () => {
  await withScripted({}, async (sender, receiver) => {
    const wire = await receiver.connection(0)
    const ids = Array.from({ length: 20 }, (_, index) => String(index))
    const got: string[] = []
    const done = sender.sendAll(
      ids.map((id) => octets(message(id))),
      { window: 4, timeoutMs: 5_000 },
      (outcome, index) => got.push(`${index} ${ackText(outcome) === ackOf(String(index))}`),
    )
    await wire.replies(4)
    for (const id of ids) {
      await wire.replies(Number(id) + 1)
      assert.ok(wire.frames.length <= Number(id) + 4)
      wire.write(framed(ackOf(id)))
    }
    await done
    assert.deepEqual(
      got,
      ids.map((id) => `${id} true`),
    )
  })
})

test('sendAll reports what a lost connection leaves unanswered, and goes on with a new one', async () => {
  const listener = await record()
  const sender = new MllpSender()
  try {
    await sender.connect('127.0.0.1', listener.receiver.port)
    const outcomes: string[] = []
    async function* bodies() {
      yield octets(A)
      yield octets(B)
      sender.close()
      yield octets(message('C'))
    }
    await sender.sendAll(bodies(), { window: 8, timeoutMs: 5_000 }, (outcome, index) => {
      outcomes.push(`${index} ${'ack' in outcome ? 'ack' : outcome.fault.code}`)
    })
    assert.equal(outcomes.length, 3)
    assert.equal(outcomes[2], '2 ack')
  } finally {
    sender.close()
    await listener.end()
  }
})

test('sendAll against the listener: 2 000 messages, window 64, every ACK belongs to its message', async () => {
  const listener = await record()
  const sender = new MllpSender()
  try {
    await sender.connect('127.0.0.1', listener.receiver.port)
    const bodies = Array.from({ length: 2_000 }, (_, index) => octets(message(`m${index}`)))
    let matched = 0
    await sender.sendAll(bodies, { window: 64, timeoutMs: 30_000 }, (outcome, index) => {
      if (ackText(outcome) === ackOf(`m${index}`)) matched += 1
    })
    assert.equal(matched, 2_000)
  } finally {
    sender.close()
    await listener.end()
  }
})
