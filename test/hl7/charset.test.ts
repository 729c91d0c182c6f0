import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { charsetOf, type DecodeOptions, decodeBytes, encodeText, findMsh18 } from '../../src/hl7/charset.ts'
import { parsed } from './messages.ts'

/** A message in a character set, its PID-5 and MSH-10 holding the given bytes. */
function message(charset: string, bytes: Uint8Array, start = 'MSH|^~\\&|A|B|C|D|2026||ADT^A01|'): Buffer {
  return Buffer.concat([
    Buffer.from(start),
    bytes,
    Buffer.from(`|P|2.5.1||||||${charset}\rPID|1||||`),
    bytes,
    Buffer.from('|x\r'),
  ])
}

function decoded(raw: Uint8Array, options?: DecodeOptions) {
  const result = decodeBytes(raw, options)
  assert.ok('text' in result, 'fault' in result ? result.fault.text : '')
  return result
}

const name = (raw: Uint8Array, options?: DecodeOptions) => parsed(decoded(raw, options).text).get('PID-5')

test('X1 without MSH-18 UTF-8 is read, or windows-1252 with a warning', () => {
  const utf8 = decoded(message('', Buffer.from('Žofie')))
  assert.deepEqual([utf8.charset, utf8.findings.length], ['utf-8', 0])
  const other = decoded(message('', Buffer.from('J\xf6rg \x80', 'latin1')))
  assert.deepEqual([other.charset, other.findings.length], ['windows-1252', 1])
  assert.equal(parsed(other.text).get('PID-5'), 'Jörg €')
})

test('X1 without MSH-18 the default of the endpoint holds', () => {
  assert.equal(name(message('', Buffer.from([0xae])), { endpointDefault: '8859/2' }), 'Ž')
})

test('X2 bytes that are not the UTF-8 they claim to be: a warning, or strictly a fault with the byte', () => {
  const raw = message('UNICODE UTF-8', Buffer.from('\ufffd J\xf6rg', 'latin1'))
  const bad = Buffer.concat([
    Buffer.from('\uFEFF'),
    message('UNICODE UTF-8', Buffer.from([0x41, 0xf6, 0x42])),
  ])
  assert.equal(decoded(raw).charset, 'windows-1252')
  const lenient = decoded(bad)
  assert.equal(lenient.findings.length, 1)
  const [finding] = lenient.findings
  assert.deepEqual([finding?.kind, finding?.at], ['invalid-bytes', bad.indexOf(0xf6)])
  assert.equal(lenient.text[finding?.at ?? -1], 'ö')
  const strict = decodeBytes(bad, { strict: true })
  assert.ok('fault' in strict)
  assert.equal(strict.fault.code, 'invalid-bytes')
  assert.match(strict.fault.text, new RegExp(`\\(byte ${bad.indexOf(0xf6)}\\)`))
})

test('X3 names of table 0211 and what is seen instead of them', () => {
  const expected: Record<string, string> = {
    ASCII: 'us-ascii',
    'ISO IR6': 'us-ascii',
    '8859/1': 'iso-8859-1',
    '8859/15': 'iso-8859-15',
    'ISO-8859-1': 'iso-8859-1',
    'iso8859-9': 'iso-8859-9',
    'ISO IR14': 'shift_jis',
    'ISO IR87': 'iso-2022-jp',
    'GB 18030-2000': 'gb18030',
    'KS X 1001': 'euc-kr',
    'BIG-5': 'big5',
    UNICODE: 'utf-8',
    'UNICODE UTF-8': 'utf-8',
    UTF8: 'utf-8',
    'utf-8': 'utf-8',
    'Windows-1252': 'windows-1252',
    'UNICODE UTF-16': 'refused',
    'UTF-32': 'refused',
    'UCS-2': 'refused',
  }
  for (const [sent, label] of Object.entries(expected)) assert.equal(charsetOf(sent), label, sent)
  for (const unknown of ['', 'CNS 11643-1992', '8859/12', '8859/17', '__proto__', 'constructor']) {
    assert.equal(charsetOf(unknown), undefined, unknown)
  }
})

test('X3 each single-byte and multi-byte set is read', () => {
  const samples: [string, number[], string][] = [
    ['8859/2', [0xae, 0xf2], 'Žň'],
    ['8859/5', [0xb8, 0xd2], 'Ив'],
    ['8859/7', [0xd9], 'Ω'],
    ['8859/8', [0xe0], 'א'],
    ['8859/9', [0xfe], 'ş'],
    ['8859/15', [0xa4], '€'],
    ['KS X 1001', [0xb1, 0xe8], '김'],
    ['GB 18030-2000', [0xc0, 0xee], '李'],
    ['BIG-5', [0xb3, 0xaf], '陳'],
  ]
  for (const [charset, bytes, expected] of samples) {
    assert.equal(name(message(charset, Uint8Array.from(bytes))), expected, charset)
  }
})

test('X4 the first repetition is the default set; ISO 2022 escapes switch to Japanese', () => {
  const japanese = Buffer.from([0x1b, 0x24, 0x42, 0x3b, 0x33, 0x1b, 0x28, 0x42])
  assert.equal(name(message('ASCII~ISO IR87', japanese)), '山')
  assert.equal(name(message('8859/1~8859/2', Buffer.from([0xe9]))), 'é')
  const escapes = decoded(message('8859/1~8859/2', Buffer.from([0x1b, 0x2d, 0x42, 0xae])))
  assert.equal(escapes.findings.length, 1)
})

test('X5 an unknown name is a warning, or strictly a fault; neither repeats more than a name', () => {
  const raw = message('KLINGON', Buffer.from('Jörg'))
  assert.equal(decoded(raw).findings.length, 1)
  assert.equal(decoded(raw).findings[0]?.kind, 'unknown-charset')
  assert.equal(name(raw), 'Jörg')
  assert.equal(name(message('KLINGON', Buffer.from([0xae])), { endpointDefault: '8859/2' }), 'Ž')
  const strict = decodeBytes(raw, { strict: true })
  assert.ok('fault' in strict && strict.fault.code === 'unsupported-charset')
  const long = decoded(message(`X${'y'.repeat(200)}`, Buffer.from('a')))
  assert.ok((long.findings[0]?.text.length ?? 0) < 150)
})

test('X6 what was decoded is encoded to the same bytes, so MSA-2 is MSH-10 byte for byte', () => {
  const raw: fc.Arbitrary<Uint8Array> = fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => bytes.filter((b) => b > 0x20 && b !== 0x7c))
  const sets = [
    '',
    '8859/1',
    '8859/2',
    '8859/5',
    '8859/9',
    '8859/15',
    'ASCII',
    'UNICODE UTF-8',
    'WINDOWS-1251',
  ]
  fc.assert(
    fc.property(raw, fc.constantFrom(...sets), (bytes, charset) => {
      const source = message(charset, bytes)
      const { text, charset: used } = decoded(source)
      assert.deepEqual(Buffer.from(encodeText(text, used)), source)
    }),
    { numRuns: 1_000 },
  )
})

test('X6 a name in a multi-byte set goes back as the same bytes; what a set lacks becomes ?', () => {
  const names: [string, string][] = [
    ['shift_jis', '山田ソ表'],
    ['euc-kr', '김철수'],
    ['big5', '陳大文'],
    ['gb18030', '李小龙'],
    ['euc-jp', '山田'],
  ]
  for (const [charset, expected] of names) {
    assert.equal(new TextDecoder(charset).decode(encodeText(expected, charset)), expected)
  }
  assert.equal(Buffer.from(encodeText('aŽ€b', 'iso-8859-1')).toString('latin1'), 'a??b')
  assert.equal(Buffer.from(encodeText('a€b😀', 'windows-1252')).toString('latin1'), 'a\x80b?')
})

test('X7 second bytes that look like delimiters do not split: decoding comes first', () => {
  // 表 is 95 5C (a backslash), ポ is 83 7C (a bar) in Shift-JIS.
  const raw = message('Shift_JIS', Buffer.from([0x95, 0x5c, 0x83, 0x7c]), 'MSH|^~\\&|A|B|C|D|2026||ADT^A01|')
  assert.equal(name(raw, { declared: 'Shift_JIS' }), '表ポ')
})

test('X8 a byte order mark stays in the text, so that the text is the bytes', () => {
  const raw = Buffer.concat([Buffer.from('\uFEFF'), message('', Buffer.from('é'))])
  const { text, charset } = decoded(raw)
  assert.deepEqual(Buffer.from(encodeText(text, charset)), raw)
})

test('F27 UTF-16 and UTF-32 are refused, declared or recognised', () => {
  const utf16 = Buffer.from('MSH|^~\\&|A', 'utf16le')
  const sources = [utf16, Buffer.from(utf16).swap16(), Buffer.concat([Buffer.from([0xff, 0xfe]), utf16])]
  for (const raw of [...sources, message('UNICODE UTF-16', Buffer.from('a'))]) {
    const result = decodeBytes(raw)
    assert.ok('fault' in result)
    assert.equal(result.fault.code, 'unsupported-charset')
    assert.match(result.fault.text, /send UNICODE UTF-8$/)
  }
})

test('H06 bytes 80 to 9F under 8859/1 are read as windows-1252, knowingly', () => {
  const result = decoded(message('8859/1', Buffer.from([0x80, 0x93])))
  assert.deepEqual([result.charset, result.findings.length], ['windows-1252', 1])
  assert.equal(parsed(result.text).get('PID-5'), '€“')
  assert.equal(decoded(message('8859/1', Buffer.from([0xe9]))).charset, 'iso-8859-1')
})

test('H06 bytes beyond ASCII under ASCII are read, with a warning', () => {
  const result = decoded(message('ASCII', Buffer.from('Jörg')))
  assert.deepEqual([result.charset, result.findings.length], ['utf-8', 1])
})

test('what the transport declares goes before MSH-18, unless the bytes say otherwise', () => {
  const utf8 = decoded(message('8859/1', Buffer.from('Žofie')), { declared: 'utf-8' })
  assert.equal(parsed(utf8.text).get('PID-5'), 'Žofie')
  assert.equal(utf8.findings.length, 1)
  assert.deepEqual(decoded(message('8859/1', Buffer.from('Zofie')), { declared: 'utf-8' }).findings, [])
  const latin = decoded(message('8859/1', Buffer.from([0xf6])), { declared: 'utf-8' })
  assert.deepEqual([latin.charset, parsed(latin.text).get('PID-5')], ['iso-8859-1', 'ö'])
})

test('MSH-18 is found in the bytes, behind batch headers too, and never in another segment', () => {
  const raw = Buffer.from('FHS|^~\\&|X\rBHS#^~\\&#X\rMSH#*~\\&#A#B#C#D#####P#2.3######8859/2~ASCII\r')
  assert.deepEqual(findMsh18(raw), ['8859/2', 'ASCII'])
  const short = Buffer.from('MSH|^~\\&|A|B\rPID|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19\r')
  assert.deepEqual(findMsh18(short), [])
  assert.deepEqual(findMsh18(Buffer.from('hello')), [])
})

test('any bytes at all give a text or a fault', () => {
  const bytes = fc.uint8Array({ maxLength: 200 })
  fc.assert(
    fc.property(bytes, fc.constantFrom('', 'MSH|^~\\&|'), fc.boolean(), (tail, head, strict) => {
      const result = decodeBytes(Buffer.concat([Buffer.from(head), tail]), { strict })
      assert.ok('text' in result || result.fault.text.length > 0)
    }),
  )
})
