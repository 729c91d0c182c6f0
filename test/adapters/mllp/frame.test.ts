// FrameReader: each kind of frame and fault, without sockets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameReader, frame } from '../../../src/adapters/mllp/frame.ts'
import { faults, lines, payloads, read, readText, warnings } from './reading.ts'
import { END, framed, message, octets, text, VT } from './wire.ts'

const A = message('A')
const B = message('B')

test('F1 a frame is one message, without its delimiters', () => {
  assert.deepEqual(lines(readText(framed(A))), [`frame ${A} [] at 0`])
})

test('F1 frame() writes VT, payload, FS and CR in one piece, and the reader gives the payload back', () => {
  assert.equal(text(frame(octets(A))), framed(A))
  assert.deepEqual(payloads(read([frame(octets(A))])), [A])
})

test('F2 the last segment may end at FS', () => {
  const open = A.slice(0, -1)
  assert.deepEqual(payloads(readText(framed(open))), [open])
})

test('F4 frames in one packet are all read, in order', () => {
  assert.deepEqual(payloads(readText(framed(A) + framed(B) + framed(A))), [A, B, A])
})

test('F5 one and a half frames, then the rest', () => {
  const whole = framed(A) + framed(B)
  const cut = framed(A).length + 20
  assert.deepEqual(payloads(read([octets(whole.slice(0, cut)), octets(whole.slice(cut))])), [A, B])
})

test('F6 octets before the first VT are one fault with offset, length and the first 256', () => {
  const [fault, good] = readText(`${'x'.repeat(300)}${framed(A)}`)
  assert.ok(fault?.type === 'fault')
  assert.deepEqual(
    [fault.code, fault.offset, fault.length, fault.fatal],
    ['MLLP_BYTES_BEFORE_VT', 0, 300, false],
  )
  assert.equal(fault.sample.length, 256)
  assert.equal(good?.type, 'frame')
})

test('F7 CR, LF, blanks, tabs and NULs between frames are skipped silently', () => {
  assert.deepEqual(lines(readText(`\r\n \0\t${framed(A)}\r\n\0${framed(B)}\n`)).length, 2)
})

test('F8 garbage between frames is a fault, the frames on both sides are read', () => {
  const events = readText(`${framed(A)}\r\njunk${framed(B)}`)
  assert.deepEqual(payloads(events), [A, B])
  const [, fault] = events
  assert.ok(fault?.type === 'fault')
  assert.deepEqual([fault.offset, fault.length], [framed(A).length + 2, 4])
})

test('F9 FS directly before VT ends the frame with a warning', () => {
  const events = readText(`${VT}${A}\x1c${framed(B)}`)
  assert.deepEqual(payloads(events), [A, B])
  assert.deepEqual(warnings(events), ['MLLP_FS_WITHOUT_CR'])
})

test('F9 with terminator fs-cr it does not: the first frame counts as truncated', () => {
  const events = readText(`${VT}${A}\x1c${framed(B)}`, { terminator: 'fs-cr' })
  assert.deepEqual(payloads(events), [B])
  assert.deepEqual(faults(events), ['TRUNCATED_FRAME'])
})

test('F10 FS LF ends the frame with a warning', () => {
  const events = readText(`${VT}${A}\x1c\n${framed(B)}`)
  assert.deepEqual(payloads(events), [A, B])
  assert.deepEqual(warnings(events), ['MLLP_LF_AFTER_FS'])
})

test('F11 FS and then nothing delivers nothing unless told to', () => {
  const reader = new FrameReader()
  assert.deepEqual(reader.push(octets(`${VT}${A}\x1c`)), [])
  assert.equal(reader.awaitsAfterFs, true)
  assert.deepEqual(faults(reader.end('FRAME_TIMEOUT')), ['FRAME_TIMEOUT'])
  const lenient = new FrameReader()
  lenient.push(octets(`${VT}${A}\x1c`))
  const events = lenient.endAtFs()
  assert.deepEqual(payloads(events), [A])
  assert.deepEqual(warnings(events), ['MLLP_FS_WITHOUT_CR'])
  assert.deepEqual(payloads(lenient.push(octets(`\r${framed(B)}`))), [B])
})

test('F12 FS inside the payload is content, with one warning however often', () => {
  const events = readText(framed('MSH|a\x1cb\x1c\x1cc'))
  assert.deepEqual(payloads(events), ['MSH|a\x1cb\x1c\x1cc'])
  assert.deepEqual(warnings(events), ['MLLP_FS_IN_PAYLOAD'])
})

for (const head of ['MSH', 'FHS', 'BHS']) {
  test(`F13 VT and ${head} inside a frame begin a new one: the old one is truncated and never delivered`, () => {
    const second = `${head}|^~\\&|S`
    const events = readText(`${VT}${A.slice(0, 40)}${framed(second)}`)
    assert.deepEqual(lines(events), [
      `fault TRUNCATED_FRAME at 0 of 40 ${A.slice(0, 40)}`,
      `frame ${second} [] at 41`,
    ])
  })
}

test('F14 VT before anything else inside the payload is content with a warning', () => {
  for (const after of ['x', 'M', 'MS', 'MSX', 'FH', 'B', '\x0b']) {
    const payload = `MSH|soft${VT}${after}|z`
    const events = readText(framed(payload))
    assert.deepEqual(payloads(events), [payload])
    assert.deepEqual(warnings(events), ['MLLP_VT_IN_PAYLOAD'])
  }
})

test('F15 a message without VT is a fault as soon as it ends, the next frame is read', () => {
  const reader = new FrameReader()
  assert.deepEqual(faults(reader.push(octets(A + END))), ['MLLP_MISSING_VT'])
  assert.deepEqual(payloads(reader.push(octets(framed(B)))), [B])
})

test('F15 with allowMissingVt it is a message with a warning; other octets stay garbage', () => {
  const events = readText(`${A}${END}\r\nMS ${framed(B)}`, { allowMissingVt: true })
  assert.deepEqual(payloads(events), [A, B])
  assert.deepEqual(warnings(events), ['MLLP_MISSING_VT'])
  assert.deepEqual(faults(events), ['MLLP_BYTES_BEFORE_VT'])
})

test('F16 an empty frame is a fault, the next frame is read', () => {
  const events = readText(`${VT}${END}${framed(A)}`)
  assert.deepEqual(faults(events), ['EMPTY_PAYLOAD'])
  assert.deepEqual(payloads(events), [A])
})

test('F17 a payload of the limit is read, one octet more is fatal and keeps its first 4096', () => {
  const limit = { maxFrameBytes: 5000 }
  assert.equal(payloads(readText(framed('M'.repeat(5000)), limit)).length, 1)
  const [fault, ...rest] = readText(framed(`MSH${'x'.repeat(5000)}`) + framed(A), limit)
  assert.ok(fault?.type === 'fault')
  assert.deepEqual(
    [fault.code, fault.fatal, fault.head.length, fault.sample.length],
    ['FRAME_TOO_LARGE', true, 4096, 256],
  )
  assert.deepEqual(rest, [])
})

test('F17 nothing is buffered beyond the limit', () => {
  const reader = new FrameReader({ maxFrameBytes: 100_000 })
  reader.push(octets(VT))
  const chunk = Buffer.alloc(16 * 1024, 0x41)
  for (let sent = 0; sent < 64; sent++) {
    reader.push(chunk)
    assert.ok(reader.bufferedBytes <= 100_001)
  }
  assert.equal(reader.dead, true)
})

test('F18 endless octets without VT are fatal at the limit; padding counts', () => {
  for (const octet of [0x41, 0x00, 0x0d]) {
    const events = read(
      Array.from({ length: 100 }, () => Buffer.alloc(1000, octet)),
      { maxGarbageBytes: 10_000 },
    )
    assert.equal(events.length, 1)
    const [fault] = events
    assert.ok(fault?.type === 'fault')
    assert.deepEqual([fault.code, fault.offset, fault.length], ['TOO_MUCH_GARBAGE', 10_000, 10_001])
  }
})

test('F18 a delivered frame starts the count anew, an empty one does not', () => {
  const junk = 'x'.repeat(60)
  const limit = { maxGarbageBytes: 100 }
  assert.deepEqual(payloads(readText(junk + framed(A) + junk + framed(B), limit)), [A, B])
  assert.ok(faults(readText(junk + framed('') + junk + framed(B), limit)).includes('TOO_MUCH_GARBAGE'))
})

test('F21 blanks, line ends and a byte order mark before MSH stay in the payload, with a warning', () => {
  assert.deepEqual(lines(readText(framed(`\n ${A}`))), [`frame \n ${A} [LEADING_WHITESPACE] at 0`])
  assert.deepEqual(lines(readText(framed(`\xef\xbb\xbf${A}`))), [`frame \xef\xbb\xbf${A} [BOM] at 0`])
})

test('F22 F23 what is inside a frame is not looked at: several MSH, lower case, MSA only', () => {
  for (const payload of [A + B, A.toLowerCase(), 'MSA|AA|1\r', 'hello']) {
    assert.deepEqual(lines(readText(framed(payload))), [`frame ${payload} [] at 0`])
  }
})

test('F27 UTF-16 and UTF-32 are a fault of their own', () => {
  for (const start of [
    '\0M\0S\0H\0|',
    'M\0S\0H\0|\0',
    '\xfe\xff\0M\0S',
    '\xff\xfeM\0S\0',
    '\0\0\0M\0\0\0S',
  ]) {
    assert.deepEqual(faults(readText(framed(start))), ['UTF16_CONTENT'])
  }
})

test('C15 HTTP and TLS at the start of a connection are recognised at once and are fatal', () => {
  for (const request of ['GET / HTTP/1.1\r\n', 'POST /x HTTP/1.1\r\n', 'PRI * HTTP/2.0\r\n\r\n']) {
    assert.deepEqual(faults(readText(request + framed(A))), ['LOOKS_LIKE_HTTP'])
  }
  assert.deepEqual(faults(readText('\x16\x03\x01\x02\0')), ['LOOKS_LIKE_TLS'])
  assert.deepEqual(faults(readText(`${framed(A)}GET / HTTP/1.1\r\n`)), ['MLLP_BYTES_BEFORE_VT'])
})

test('M01 every first octet but VT is skipped or faulted, and the frame behind it is read', () => {
  for (let octet = 0; octet < 256; octet++) {
    if (octet === 0x0b) continue
    assert.deepEqual(payloads(read([Buffer.from([octet]), octets(framed(A))])), [A], `octet ${octet}`)
  }
})

test('a frame that has begun when the stream ends is truncated', () => {
  assert.deepEqual(lines(readText(`${framed(A)}${VT}MSH|x\x1c`)).slice(1), [
    `fault TRUNCATED_FRAME at ${framed(A).length} of 6 MSH|x\x1c`,
  ])
})

test('payloads are copies: reusing a chunk does not change them', () => {
  const chunk = octets(framed(A))
  const [event] = new FrameReader().push(chunk)
  chunk.fill(0)
  assert.ok(event?.type === 'frame')
  assert.equal(text(event.payload), A)
})
