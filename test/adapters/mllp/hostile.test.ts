// listenMllp: hostile octets, and what may be told of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ackedId, END, framed, message, octets, text, VT, withListener } from './wire.ts'

const A = message('A')
const B = message('B')

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
