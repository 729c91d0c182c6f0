// MllpSender: correlation, faults of receivers, release 2, pipelining (D4, D5, D7, D8, D9, F24, F26).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MllpSender } from '../../../src/adapters/mllp/sender.ts'
import { ManualTimers } from './manual-timers.ts'
import { ackText, faultOf, Scripted, withScripted } from './scripted.ts'
import { ackOf, END, framed, idOf, message, octets, record, text, VT } from './wire.ts'

const A = message('A')
const B = message('B')

test('a message is sent in one frame and its ACK comes back unframed', async () => {
  await withScripted({}, async (sender, receiver) => {
    const sent = sender.send(octets(A), 5_000)
    const wire = await receiver.connection(0)
    assert.deepEqual(await wire.replies(1), [A.slice(0)])
    wire.write(framed(ackOf('A')))
    assert.deepEqual(await sent, { ack: octets(ackOf('A')), warnings: [] })
  })
})

test('an ACK that comes octet by octet is one ACK', async () => {
  await withScripted({}, async (sender, receiver) => {
    const sent = sender.send(octets(A), 5_000)
    const wire = await receiver.connection(0)
    for (const octet of octets(framed(ackOf('A')))) {
      await new Promise((resolve) => wire.socket.write(Uint8Array.of(octet), resolve))
    }
    assert.equal(ackText(await sent), ackOf('A'))
  })
})

test('D4 an ACK with another MSA-2 is told and the wait goes on', async () => {
  const unmatched: string[] = []
  await withScripted({ onUnmatched: (ack) => unmatched.push(text(ack)) }, async (sender, receiver) => {
    const sent = sender.send(octets(B), 5_000)
    const wire = await receiver.connection(0)
    wire.write(framed(ackOf('A')) + framed(ackOf('')) + framed('hello') + framed(ackOf('B')))
    assert.equal(ackText(await sent), ackOf('B'))
    assert.deepEqual(unmatched, [ackOf('A'), ackOf(''), 'hello'])
  })
})

test('D4 IDs are compared as octets, with the delimiters of each side', async () => {
  const id = '\xc4\xe9\xff'
  await withScripted({}, async (sender, receiver) => {
    const wire = await receiver.connection(0)
    const sent = sender.send(octets(message(id)), 5_000)
    await wire.replies(1)
    wire.write(framed(ackOf(id).replaceAll('|', '#')))
    assert.equal(ackText(await sent), ackOf(id).replaceAll('|', '#'))
  })
})

test('D4 a message without MSH-10 takes any answer; a batch takes that of its BHS-11, or one ACK', async () => {
  const batch = `FHS|^~\\&|S\rBHS|^~\\&|S||||||||B7\r${A}BTS|1\rFTS|1\r`
  const answer = `BHS|^~\\&|P||||||||X1|B7\r${ackOf('A')}BTS|1\r`
  await withScripted({}, async (sender, receiver) => {
    const wire = await receiver.connection(0)
    const pairs = [
      ['hello', ackOf('')],
      ['MSH|^~\\&|S', ackOf('')],
      [batch, answer],
      [batch, ackOf('', 'AR')],
      [batch, answer.replace('|B7', '')],
    ] as const
    for (const [sent, reply] of pairs) {
      const outcome = sender.send(octets(sent), 5_000)
      wire.write(framed(answer.replace('B7', 'B8')).repeat(sent === batch ? 1 : 0) + framed(reply))
      assert.equal(ackText(await outcome), reply)
    }
  })
})

test('D5 a timeout closes the socket and is ambiguous; the next send connects again and never meets the late ACK', async () => {
  const timers = new ManualTimers()
  const unmatched: string[] = []
  await withScripted(
    { timers, onUnmatched: (ack) => unmatched.push(text(ack)) },
    async (sender, receiver) => {
      const first = sender.send(octets(A), 5_000)
      const wire = await receiver.connection(0)
      await wire.replies(1)
      timers.advance(5_000)
      assert.deepEqual(faultOf(await first), { code: 'ACK_TIMEOUT', ambiguous: true })
      await wire.ended()
      wire.write(framed(ackOf('A')))
      const second = sender.send(octets(A), 5_000)
      const again = await receiver.connection(1)
      await again.replies(1)
      again.write(framed(ackOf('A', 'AE')))
      assert.equal(ackText(await second), ackOf('A', 'AE'))
      assert.deepEqual(unmatched, [])
    },
  )
})

const BAD_ACKS: readonly { rule: string; sent: string; detail: string; immediate?: boolean }[] = [
  { rule: 'without VT', sent: ackOf('A') + END, detail: 'MLLP_MISSING_VT', immediate: true },
  { rule: 'without any framing', sent: ackOf('A'), detail: 'MLLP_MISSING_VT' },
  { rule: 'without its end', sent: VT + ackOf('A'), detail: 'TRUNCATED_FRAME' },
  { rule: 'with FS only', sent: `${VT}${ackOf('A')}\x1c`, detail: 'TRUNCATED_FRAME' },
  {
    rule: 'as an HTTP response to a stranger',
    sent: 'HTTP/1.1 400 Bad Request\r\n\r\n',
    detail: 'MLLP_BYTES_BEFORE_VT',
  },
]

for (const { rule, sent, detail, immediate } of BAD_ACKS) {
  test(`D8 an ACK ${rule} is a fault with its octets, and ambiguous`, async () => {
    const timers = new ManualTimers()
    await withScripted({ timers }, async (sender, receiver) => {
      const wire = await receiver.connection(0)
      const outcome = sender.send(octets(A), 5_000)
      await wire.replies(1)
      wire.write(sent)
      // The end of the connection is as good as the timeout: either way no more octets come.
      if (immediate !== true) wire.socket.end()
      const fault = faultOf(await outcome)
      assert.deepEqual([fault?.code, fault?.ambiguous, fault?.detail], ['ACK_NOT_FRAMED', true, detail])
      assert.ok(sent.replace(VT, '').startsWith(text(fault?.octets ?? octets('?'))))
      assert.equal(sender.connected, false)
    })
  })
}

test('D8 an endless ACK is a fault at maxAckBytes', async () => {
  await withScripted({ maxAckBytes: 1_000 }, async (sender, receiver) => {
    const wire = await receiver.connection(0)
    const outcome = sender.send(octets(A), 5_000)
    wire.write(VT + 'x'.repeat(5_000))
    assert.equal(faultOf(await outcome)?.detail, 'FRAME_TOO_LARGE')
  })
})

test('D8 octets before the VT of an ACK are a warning', async () => {
  await withScripted({}, async (sender, receiver) => {
    const wire = await receiver.connection(0)
    const outcome = sender.send(octets(A), 5_000)
    await wire.replies(1)
    wire.write(`junk${VT}${ackOf('A')}\x1c\n`)
    const landed = await outcome
    assert.deepEqual('warnings' in landed && landed.warnings, ['MLLP_BYTES_BEFORE_VT', 'MLLP_LF_AFTER_FS'])
  })
})

test('D9 an ACK in front of everything, from before the connection, answers nothing', async () => {
  const unmatched: string[] = []
  await withScripted(
    { onUnmatched: (ack) => unmatched.push(text(ack)) },
    async (sender, receiver) => {
      const outcome = sender.send(octets(A), 5_000)
      const wire = await receiver.connection(0)
      await wire.replies(1)
      wire.write(framed(ackOf('A')))
      assert.equal(ackText(await outcome), ackOf('A'))
      assert.deepEqual(unmatched, [ackOf('OLD')])
    },
    (socket) => socket.write(octets(framed(ackOf('OLD')))),
  )
})

test('F26 a single 06 is a commit ACK with a warning, 15 a transient refusal', async () => {
  await withScripted({}, async (sender, receiver) => {
    const wire = await receiver.connection(0)
    const first = sender.send(octets(A), 5_000)
    await wire.replies(1)
    wire.write(framed('\x06') + framed(ackOf('A')))
    assert.deepEqual(await first, { ack: octets(ackOf('A')), warnings: ['COMMIT_ACK_RECEIVED'] })
    const second = sender.send(octets(B), 5_000)
    await wire.replies(2)
    wire.write(framed('\x15'))
    assert.deepEqual(faultOf(await second), { code: 'COMMIT_REJECTED', ambiguous: false })
    assert.equal(sender.connected, true)
  })
})

test('D7 a commit ACK and then nothing: the message is taken, its ACK is owed', async () => {
  const timers = new ManualTimers()
  await withScripted({ timers }, async (sender, receiver) => {
    const wire = await receiver.connection(0)
    const outcome = sender.send(octets(A), 5_000)
    await wire.replies(1)
    wire.write(framed('\x06'))
    wire.socket.end()
    assert.deepEqual(faultOf(await outcome), { code: 'ACK_OWED', ambiguous: false })
  })
})

test('F24 release 2: refused commits are sent again twice, then reported', async () => {
  await withScripted({ release: 2 }, async (sender, receiver) => {
    const wire = await receiver.connection(0)
    const outcome = sender.send(octets(A), 5_000)
    for (let attempt = 1; attempt <= 3; attempt++) {
      await wire.replies(attempt)
      wire.write(framed('\x15'))
    }
    assert.equal(ackText(await outcome), 'COMMIT_REJECTED')
    assert.equal(wire.frames.length, 3)
  })
})

test('F24 release 2: a silent receiver gets the message again on a new connection, in the end it is ambiguous', async () => {
  const timers = new ManualTimers()
  await withScripted({ timers, release: 2, maxRetries: 1 }, async (sender, receiver) => {
    const outcome = sender.send(octets(A), 5_000)
    for (let attempt = 0; attempt < 2; attempt++) {
      await (await receiver.connection(attempt)).replies(1)
      timers.advance(5_000)
    }
    assert.deepEqual(faultOf(await outcome), { code: 'ACK_TIMEOUT', ambiguous: true })
    assert.equal(receiver.connections.length, 2)
  })
})

test('F24 F25 release 2 on both sides: commit ACK, ACK, and the commit ACK of that', async () => {
  const listener = await record({ release: 2 })
  const sender = new MllpSender({ release: 2 })
  try {
    await sender.connect('127.0.0.1', listener.receiver.port)
    for (const body of [A, B])
      assert.deepEqual(await sender.send(octets(body), 5_000), {
        ack: octets(ackOf(idOf(octets(body)))),
        warnings: [],
      })
    assert.deepEqual(listener.codes(), [])
  } finally {
    sender.close()
    await listener.end()
  }
})

test('a receiver that is not there is a fault, and not ambiguous', async () => {
  const receiver = await Scripted.listen()
  const { port } = receiver
  receiver.close()
  const sender = new MllpSender()
  assert.deepEqual(faultOf(await sender.send(octets(A), 100)), { code: 'NOT_CONNECTED', ambiguous: false })
  const fault = { code: 'CONNECT_FAILED', detail: 'ECONNREFUSED', ambiguous: false }
  assert.deepEqual(await sender.connect('127.0.0.1', port), fault)
  assert.deepEqual(faultOf(await sender.send(octets(A), 100)), fault)
})

test('a connection that ends before the ACK is ambiguous; the next send connects again', async () => {
  await withScripted({}, async (sender, receiver) => {
    const first = sender.send(octets(A), 5_000)
    const wire = await receiver.connection(0)
    await wire.replies(1)
    wire.socket.resetAndDestroy()
    assert.deepEqual(faultOf(await first), { code: 'CONNECTION_LOST', ambiguous: true })
    const second = sender.send(octets(A), 5_000)
    const again = await receiver.connection(1)
    await again.replies(1)
    again.write(framed(ackOf('A')))
    assert.equal(ackText(await second), ackOf('A'))
  })
})

test('one message at a time: a second send while one is in flight is BUSY', async () => {
  await withScripted({}, async (sender, receiver) => {
    const first = sender.send(octets(A), 5_000)
    assert.deepEqual(faultOf(await sender.send(octets(B), 5_000)), { code: 'BUSY', ambiguous: false })
    const wire = await receiver.connection(0)
    await wire.replies(1)
    wire.write(framed(ackOf('A')))
    assert.equal(ackText(await first), ackOf('A'))
  })
})

test('close ends what is in flight', async () => {
  await withScripted({}, async (sender, receiver) => {
    const outcome = sender.send(octets(A), 5_000)
    await (await receiver.connection(0)).replies(1)
    sender.close()
    assert.deepEqual(faultOf(await outcome), { code: 'CONNECTION_LOST', ambiguous: true })
  })
})
