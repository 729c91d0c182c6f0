// listenMllp: framing over real sockets, the answers to each kind of frame.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MllpOptions } from '../../../src/adapters/mllp/options.ts'
import { ManualTimers } from './manual-timers.ts'
import { ackedId, ackOf, END, framed, idOf, message, octets, text, VT, withListener } from './wire.ts'

const A = message('A')
const B = message('B')

/** Framing: what is sent, whose ACKs come back in order, which faults are told. */
const FRAMING: readonly {
  rule: string
  sent: string
  replies: readonly string[]
  faults?: readonly string[]
  warnings?: readonly string[]
  options?: Partial<MllpOptions>
}[] = [
  { rule: 'F1 one frame gets one framed ACK', sent: framed(A), replies: ['A'] },
  { rule: 'F2 a frame without final CR is accepted', sent: framed(A.slice(0, -1)), replies: ['A'] },
  {
    rule: 'F4 two frames in one packet get their ACKs in order',
    sent: framed(A) + framed(B),
    replies: ['A', 'B'],
  },
  {
    rule: 'F6 garbage before VT is a fault, the frame is answered',
    sent: `hello${framed(A)}`,
    replies: ['A'],
    faults: ['MLLP_BYTES_BEFORE_VT'],
  },
  {
    rule: 'F7 padding between frames is silent',
    sent: `\r\n ${framed(A)}\0\r\n${framed(B)}`,
    replies: ['A', 'B'],
  },
  {
    rule: 'F8 garbage between frames spares both',
    sent: `${framed(A)}junk${framed(B)}`,
    replies: ['A', 'B'],
    faults: ['MLLP_BYTES_BEFORE_VT'],
  },
  {
    rule: 'F9 FS VT ends a frame',
    sent: `${VT}${A}\x1c${framed(B)}`,
    replies: ['A', 'B'],
    warnings: ['MLLP_FS_WITHOUT_CR'],
  },
  {
    rule: 'F10 FS LF ends a frame',
    sent: `${VT}${A}\x1c\n${framed(B)}`,
    replies: ['A', 'B'],
    warnings: ['MLLP_LF_AFTER_FS'],
  },
  {
    rule: 'F12 FS in the payload is content',
    sent: framed(`${A}NTE|1||a\x1cb\r`),
    replies: ['A'],
    warnings: ['MLLP_FS_IN_PAYLOAD'],
  },
  {
    rule: 'F13 a frame cut short by the next gets no ACK',
    sent: `${VT}${A.slice(0, 50)}${framed(B)}`,
    replies: ['B'],
    faults: ['TRUNCATED_FRAME'],
  },
  {
    rule: 'F14 VT in the payload is content',
    sent: framed(`${A}NTE|1||a\x0bb\r`),
    replies: ['A'],
    warnings: ['MLLP_VT_IN_PAYLOAD'],
  },
  {
    rule: 'F15 a message without VT gets nothing',
    sent: A + END + framed(B),
    replies: ['B'],
    faults: ['MLLP_MISSING_VT'],
  },
  {
    rule: 'F15 with allowMissingVt it is answered',
    sent: A + END + framed(B),
    replies: ['A', 'B'],
    warnings: ['MLLP_MISSING_VT'],
    options: { allowMissingVt: true },
  },
  {
    rule: 'F16 M08 an empty frame gets the NAK, the next its ACK',
    sent: framed('') + framed(A),
    replies: ['NAK|EMPTY_PAYLOAD', 'A'],
    faults: ['EMPTY_PAYLOAD'],
  },
  {
    rule: 'F16 without nak an empty frame gets nothing',
    sent: framed('') + framed(A),
    replies: ['A'],
    faults: ['EMPTY_PAYLOAD'],
    options: { nak: () => undefined },
  },
  {
    rule: 'F21 leading white space is kept and told',
    sent: framed(` \n${A}`),
    replies: ['A'],
    warnings: ['LEADING_WHITESPACE'],
  },
  {
    rule: 'F27 UTF-16 gets the NAK',
    sent: framed('\0M\0S\0H\0|') + framed(A),
    replies: ['NAK|UTF16_CONTENT', 'A'],
    faults: ['UTF16_CONTENT'],
  },
  {
    rule: 'F26 M09 a commit ACK that comes in is not answered',
    sent: framed('\x06') + framed(A),
    replies: ['A'],
    faults: ['COMMIT_ACK_RECEIVED'],
  },
]

for (const { rule, sent, replies, faults = [], warnings = [], options = {} } of FRAMING) {
  test(rule, async () => {
    await withListener(options, async (listener) => {
      const wire = await listener.connect()
      wire.write(sent)
      const got = (await wire.replies(replies.length)).map((reply) => ackedId(reply) || reply)
      assert.deepEqual(got, replies)
      assert.deepEqual(listener.codes(), faults)
      assert.deepEqual(
        listener.seen.flatMap((inbound) => inbound.warnings ?? []),
        warnings,
      )
      wire.socket.end()
      await wire.closed()
      assert.equal(wire.frames.length, replies.length)
    })
  })
}

test('F3 I3 single octets, each its own packet, give the same ACKs', async () => {
  await withListener({}, async (listener) => {
    const wire = await listener.connect()
    for (const octet of octets(framed(A) + framed(B))) {
      await new Promise((resolve) => wire.socket.write(Uint8Array.of(octet), resolve))
    }
    assert.deepEqual((await wire.replies(2)).map(ackedId), ['A', 'B'])
    assert.deepEqual(
      listener.seen.map(({ raw }) => text(raw)),
      [A, B],
    )
  })
})

test('F5 half a frame waits for its rest', async () => {
  await withListener({}, async (listener) => {
    const wire = await listener.connect()
    wire.write(framed(A) + framed(B).slice(0, 30))
    await wire.replies(1)
    wire.write(framed(B).slice(30))
    assert.deepEqual((await wire.replies(2)).map(ackedId), ['A', 'B'])
  })
})

test('F11 FS and then silence: frame timeout, no ACK, closed', async () => {
  const timers = new ManualTimers()
  await withListener({ timers }, async (listener) => {
    const wire = await listener.connect()
    wire.write(`${VT}${A}\x1c`)
    await timers.armed(30_000)
    timers.advance(30_000)
    await wire.closed()
    assert.deepEqual(listener.codes(), ['FRAME_TIMEOUT'])
    assert.deepEqual([listener.seen.length, wire.received], [0, ''])
  })
})

test('F11 with fsTimeoutMs the frame is delivered after that silence', async () => {
  const timers = new ManualTimers()
  await withListener({ timers, fsTimeoutMs: 250 }, async (listener) => {
    const wire = await listener.connect()
    wire.write(`${VT}${A}\x1c`)
    await timers.armed(250)
    timers.advance(250)
    assert.deepEqual((await wire.replies(1)).map(ackedId), ['A'])
    assert.deepEqual(listener.seen[0]?.warnings, ['MLLP_FS_WITHOUT_CR'])
    wire.write(`\r${framed(B)}`)
    await wire.replies(2)
  })
})

test('F17 M03 a frame over the limit gets the NAK after the ACKs before it, then the connection closes', async () => {
  let head = ''
  const nak: MllpOptions['nak'] = (fault, start) => {
    head = text(start)
    return octets(`NAK|${fault.code}`)
  }
  await withListener({ maxFrameBytes: 100_000, nak }, async (listener) => {
    const wire = await listener.connect()
    wire.write(framed(A) + VT + message('BIG', 'x'.repeat(400_000)))
    const replies = await wire.replies(2)
    assert.deepEqual([ackedId(replies[0] ?? ''), replies[1]], ['A', 'NAK|FRAME_TOO_LARGE'])
    await wire.closed()
    assert.equal(head.length, 4096)
    assert.equal(idOf(octets(head)), 'BIG')
    assert.deepEqual(listener.codes(), ['FRAME_TOO_LARGE'])
    await listener.until(() => listener.log.includes('closed:FRAME_TOO_LARGE'))
    assert.equal(listener.receiver.bufferedBytes, 0)
  })
})

test('F18 M01 octets without VT close the connection at the limit, the frame before it is answered', async () => {
  await withListener({}, async (listener) => {
    const wire = await listener.connect()
    wire.write(framed(A) + 'x'.repeat(200_000))
    assert.deepEqual((await wire.replies(1)).map(ackedId), ['A'])
    await wire.closed()
    assert.deepEqual(listener.codes(), ['TOO_MUCH_GARBAGE'])
  })
})

test('F19 a frame without end in 16 KiB chunks closes at the limit and is never held beyond it', async () => {
  await withListener({ maxFrameBytes: 1024 * 1024 }, async (listener) => {
    const wire = await listener.connect()
    wire.write(`${VT}MSH|`)
    for (let sent = 0; sent < 128 && !wire.socket.destroyed; sent++) wire.write(Buffer.alloc(16 * 1024, 0x41))
    await wire.closed()
    assert.deepEqual(listener.codes(), ['FRAME_TOO_LARGE'])
  })
})

test('F20 an 8 MiB frame is accepted, octet for octet', async () => {
  await withListener({}, async (listener) => {
    const wire = await listener.connect()
    const big = message('BIG', 'x'.repeat(8 * 1024 * 1024))
    wire.write(framed(big))
    assert.deepEqual((await wire.replies(1)).map(ackedId), ['BIG'])
    assert.ok(Buffer.from(listener.seen[0]?.raw ?? []).equals(octets(big)))
  })
})

test('F22 F23 several MSH, lower case and plain text are handed over as they are: the answer is not ours', async () => {
  await withListener({}, async (listener) => {
    const wire = await listener.connect()
    const bodies = [A + B, A.toLowerCase(), 'hello', 'MSA|AA|1\r']
    wire.write(bodies.map(framed).join(''))
    await wire.replies(bodies.length)
    assert.deepEqual(
      listener.seen.map(({ raw }) => text(raw)),
      bodies,
    )
  })
})

test('E23 M09 when no reply is owed none is written, and later replies keep their order', async () => {
  await withListener(
    {},
    async (listener) => {
      const wire = await listener.connect()
      wire.write(framed(A) + framed(B))
      assert.deepEqual((await wire.replies(1)).map(ackedId), ['B'])
      wire.socket.end()
      await wire.closed()
      assert.equal(wire.frames.length, 1)
    },
    async ({ raw }) => ({ bytes: idOf(raw) === 'A' ? undefined : octets(ackOf(idOf(raw))) }),
  )
})

test('F25 release 2: a commit ACK block goes before the ACK, and the peer’s own is not answered', async () => {
  await withListener({ release: 2 }, async (listener) => {
    const wire = await listener.connect()
    wire.write(framed(A))
    const [commit, ack] = await wire.replies(2)
    assert.deepEqual([commit, ackedId(ack ?? '')], ['\x06', 'A'])
    wire.write(framed('\x06') + framed(B))
    await wire.replies(4)
    assert.deepEqual(listener.codes(), [])
    wire.write(framed(''))
    assert.equal((await wire.replies(5))[4], '\x15')
  })
})

test('F25 release 2: what could not be stored gets the negative commit ACK', async () => {
  const timers = new ManualTimers()
  await withListener(
    { release: 2, timers, storeWaitMs: 50 },
    async (listener) => {
      const wire = await listener.connect()
      wire.write(framed(A))
      await timers.armed(50)
      timers.advance(50)
      assert.deepEqual(await wire.replies(1), ['\x15'])
    },
    () => Promise.reject(new Error('no store')),
  )
})
