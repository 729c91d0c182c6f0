// FrameReader: what holds for all octets and all cuts (I2, I3, I4).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, type FrameReaderOptions } from '../../../src/adapters/mllp/frame.ts'
import { faults, lines, payloads, read } from './reading.ts'
import { END, framed, message, octets, VT } from './wire.ts'

const A = message('A')
const B = message('B')

const STREAMS: readonly string[] = [
  framed(A),
  framed(A) + framed(B),
  `junk\r\n${framed(A)}\r\n\0\0${framed(B)}`,
  `${VT}${A}\x1c${framed(B)}`,
  `${VT}${A}\x1c\n${framed(B)}`,
  `${VT}${A.slice(0, 60)}${framed(B)}`,
  framed('') + framed('hello') + framed(A),
  framed(`MSH|a\x1cb${VT}c${VT}Mx${VT}MSx\x1c\x1cz`),
  `${VT}${VT}${VT}MSH|x${END}${END}${VT}\x1c${VT}${END}`,
  A + END + framed(B),
  'GET / HTTP/1.1\r\n\r\n',
  'x'.repeat(400) + framed(A),
  framed('MSH'.padEnd(450, 'y')) + framed(A),
]
const VARIANTS: readonly FrameReaderOptions[] = [
  {},
  { maxFrameBytes: 300, maxGarbageBytes: 200 },
  { allowMissingVt: true, terminator: 'fs-cr' },
]

test('I3 every cut in two, and single octets, give the same events', () => {
  for (const options of VARIANTS) {
    for (const stream of STREAMS) {
      const whole = octets(stream)
      const expected = lines(read([whole], options))
      const singles = [...whole].map((octet) => Buffer.from([octet]))
      assert.deepEqual(lines(read(singles, options)), expected)
      for (let cut = 1; cut < whole.length; cut++) {
        assert.deepEqual(lines(read([whole.subarray(0, cut), whole.subarray(cut)], options)), expected)
      }
    }
  }
})

const PIECES = [
  VT,
  '\x1c',
  '\r',
  '\n',
  'M',
  'S',
  'H',
  'MSH',
  'BHS',
  'F',
  'a',
  ' ',
  '\0',
  END,
  'GET ',
  '\x16\x03',
  '\xfe',
]
const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((parts) => parts.join(''))
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 })

function cutUp(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    chunks.push(whole.subarray(at, at + size))
    at += size
  }
  return chunks
}

test('I3 random octets over the delimiters give the same events however they are cut', () => {
  fc.assert(
    fc.property(
      soup,
      cuts,
      fc.constantFrom(...VARIANTS, { maxFrameBytes: 4, maxGarbageBytes: 6 }),
      (input, sizes, options) => {
        const whole = octets(input)
        assert.deepEqual(lines(read(cutUp(whole, sizes), options)), lines(read([whole], options)))
      },
    ),
    { numRuns: 3000 },
  )
})

const good = fc.nat({ max: 999 }).map((id) => message(String(id)))
const bad = fc.constantFrom(
  'junk',
  `${VT}${END}`,
  `${VT}MSH|cut`,
  `\r\n`,
  `x${END}`,
  framed('a\x1cb'),
  'M\x1c\x1c',
)

test('I2 what stands between good frames changes nothing about them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.option(bad), good), { minLength: 1, maxLength: 8 }),
      cuts,
      (parts, sizes) => {
        const stream = parts.map(([noise, body]) => (noise ?? '') + framed(body)).join('')
        const delivered = payloads(read(cutUp(octets(stream), sizes))).filter((payload) =>
          payload.startsWith('MSH|^'),
        )
        assert.deepEqual(
          delivered,
          parts.map(([, body]) => body),
        )
      },
    ),
    { numRuns: 1000 },
  )
})

test('I4 what is held never exceeds the frame limit by more than a constant', () => {
  fc.assert(
    fc.property(soup, cuts, (input, sizes) => {
      const reader = new FrameReader({ maxFrameBytes: 10 })
      for (const chunk of cutUp(octets(input.repeat(5)), sizes)) {
        reader.push(chunk)
        assert.ok(reader.bufferedBytes <= 14)
      }
    }),
  )
})

test('T18 all two octets before a frame: it is read all the same, unless they are the start of TLS', () => {
  const whole = framed(A)
  for (let prefix = 0; prefix < 65_536; prefix++) {
    const events = read([Buffer.from([prefix >> 8, prefix & 0xff]), octets(whole)])
    if (prefix === 0x1603) assert.deepEqual(faults(events), ['LOOKS_LIKE_TLS'])
    else assert.deepEqual(payloads(events).at(-1), A, prefix.toString(16))
  }
})
