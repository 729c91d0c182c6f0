// listenMllp: framing over real sockets, order of replies, back-pressure, hostile frames.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MllpOptions } from '../../../src/adapters/mllp/options.ts'
import { ManualTimers } from './manual-timers.ts'
import {
  ackedId,
  ackOf,
  END,
  echo,
  framed,
  held,
  idOf,
  message,
  octets,
  type Recorded,
  record,
  text,
  VT,
} from './wire.ts'

/** Runs `body` with a listener, which is closed whatever happens. */
async function withListener(
  options: Partial<MllpOptions>,
  body: (listener: Recorded) => Promise<void>,
  onInbound = echo,
): Promise<void> {
  const listener = await record(options, onInbound)
  try {
    await body(listener)
  } finally {
    await listener.end()
  }
}

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
  const huge = 'y'.repeat(8 * 1024 * 1024)
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
      assert.ok(listener.log.filter((entry) => entry === 'ackUndelivered').length >= 1)
      // The first ACK may fit in the buffers of the network, the second cannot.
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

test('hostile frames without end: after maxFaults faults in a row the connection closes', async () => {
  await withListener({ maxFaults: 50, nak: () => undefined }, async (listener) => {
    const wire = await listener.connect()
    wire.write(framed(A) + framed('').repeat(1000))
    await wire.closed()
    assert.deepEqual(wire.frames.map(ackedId), ['A'])
    assert.equal(listener.codes().filter((code) => code === 'EMPTY_PAYLOAD').length, 50)
    assert.equal(listener.codes().at(-1), 'TOO_MANY_FAULTS')
  })
})

test('T18 random hostile octets: each connection is answered or closed, and the next one is served', async () => {
  const pieces = [
    VT,
    '\x1c',
    '\r',
    END,
    'MSH|',
    'BHS',
    A,
    '\0',
    'x'.repeat(70_000),
    framed(''),
    framed('\xff'),
    'GET / ',
    '\x16\x03\x01',
  ]
  await withListener({ maxFrameBytes: 50_000 }, async (listener) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), async (parts) => {
        const hostile = await listener.connect()
        hostile.socket.end(octets(parts.join('')))
        await hostile.closed()
        const good = await listener.connect()
        good.write(framed(A))
        assert.deepEqual((await good.replies(1)).map(ackedId), ['A'])
        good.close()
      }),
      { numRuns: 150 },
    )
    await listener.vacant()
    assert.equal(listener.receiver.bufferedBytes, 0)
  })
})

test('a nak or unavailable that throws on hostile octets costs its answer and nothing else', async () => {
  const nak = () => {
    throw new Error('cannot read this')
  }
  await withListener({ nak }, async (listener) => {
    const wire = await listener.connect()
    wire.write(framed('') + framed(A))
    assert.deepEqual((await wire.replies(1)).map(ackedId), ['A'])
  })
})

test('no event carries payload', async () => {
  const told: unknown[] = []
  await withListener({ keepFault: () => undefined }, async (listener) => {
    const wire = await listener.connect()
    wire.write(`SECRET${framed(A)}${VT}MSH|SECRET${framed(B)}`)
    await wire.replies(2)
    told.push(...listener.faults, ...listener.log)
  })
  assert.ok(!JSON.stringify(told).includes('SECRET'))
  assert.equal(told.length > 0, true)
})

test('F6 keepFault gets the octets of a fault, 256 at most', async () => {
  const kept: string[] = []
  await withListener({ keepFault: (fault) => kept.push(text(fault.sample)) }, async (listener) => {
    const wire = await listener.connect()
    wire.write('z'.repeat(300) + framed(A))
    await wire.replies(1)
  })
  assert.deepEqual(kept, ['z'.repeat(256)])
})
