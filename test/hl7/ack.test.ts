import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type AckError,
  type AckInput,
  buildAck,
  decideAckMode,
  ERROR_CODES,
  faultAnswer,
  maxErrorCharacters,
  maxErrorSegments,
  salvageHeader,
} from '../../src/hl7/ack.ts'
import { decodeBytes, encodeText } from '../../src/hl7/charset.ts'
import { faultOf, hostileText, MSH, parsed, text } from './messages.ts'

const NOW = '20260302091232-0600'

function ack(source: string | undefined, more: Partial<AckInput> = {}): string[] {
  const message = source === undefined ? undefined : parsed(source)
  const built = buildAck({ message, code: 'AA', errors: [], now: NOW, controlId: 'G1', ...more })
  assert.ok(built.endsWith('\r'))
  return built.slice(0, -1).split('\r')
}

const unknownValue: AckError = {
  severity: 'E',
  code: '103',
  locations: ['PID^1^8^1^1'],
  text: 'code is not in table 0001 (PID-8) - map it',
}
const upsert: AckError = { severity: 'W', code: '0', app: 'UPSERT', locations: ['PID^1^3'], text: 'created' }
const version = (value: string) => text(MSH.replace('2.5.1', value))

test('A6 a clean message has no ERR', () => {
  assert.deepEqual(ack(text(MSH)), [
    `MSH|^~\\&|PORTICO|GHH|ADT1|GHH|${NOW}||ACK^A01^ACK|G1|P|2.5.1`,
    'MSA|AA|ADT1-001',
  ])
})

test('A1 sender and receiver are swapped, whole, escapes and all', () => {
  const [msh = ''] = ack('MSH|^~\\&|A^1.2^ISO|B\\T\\C|D^3.4^ISO~D2|E^^|2026||ADT^A01|1|P|2.5.1')
  assert.deepEqual(msh.split('|').slice(2, 6), ['D^3.4^ISO~D2', 'E^^', 'A^1.2^ISO', 'B\\T\\C'])
})

test("A2 MSH-7 and MSH-10 are the gateway's own", () => {
  const fields = ack(text(MSH))[0]?.split('|')
  assert.deepEqual([fields?.[6], fields?.[9]], [NOW, 'G1'])
})

test('A3 MSH-9 is ACK, ACK^A01 or ACK^A01^ACK by version', () => {
  const type = (value: string) => ack(version(value))[0]?.split('|')[8]
  for (const old of ['2.1', '2.2', '2.3']) assert.equal(type(old), 'ACK')
  assert.equal(type('2.3.1'), 'ACK^A01')
  for (const later of ['2.4', '2.5', '2.5.1', '2.8.2', '2.9.1']) assert.equal(type(later), 'ACK^A01^ACK')
  assert.equal(ack('MSH|^~\\&|A|B|C|D|1||ADT|1|P|2.4\rEVN|A04')[0]?.split('|')[8], 'ACK^A04^ACK')
})

test('A4 MSH-11 and MSH-12 are those of the message', () => {
  const fields = ack('MSH|^~\\&|A|B|C|D|1||ADT^A01|1|T^A|2.5.1^USA')[0]?.split('|')
  assert.deepEqual([fields?.[10], fields?.[11]], ['T^A', '2.5.1^USA'])
})

test('A5 E3 MSA-2 is MSH-10 as sent, empty when unknown, never invented', () => {
  assert.equal(ack('MSH|^~\\&|A|B|C|D|1||ADT^A01| a\\T\\b^c~d |P|2.5.1')[1], 'MSA|AA| a\\T\\b^c~d ')
  assert.equal(ack(MSH.replace('ADT1-001', ''), { code: 'AR', errors: [unknownValue] })[1], 'MSA|AR')
  assert.equal(ack(undefined, { code: 'AR', errors: [unknownValue] })[1], 'MSA|AR')
})

test('A5 X6 MSA-2 is byte for byte MSH-10, also beyond ASCII', () => {
  const raw = Buffer.from('MSH|^~\\&|A|B|C|D|1||ADT^A01|J\xf6rg-1|P|2.5.1||||||8859/1\r', 'latin1')
  const read = decodeBytes(raw)
  assert.ok('text' in read)
  const bytes = Buffer.from(encodeText(ack(read.text).join('\r'), read.charset))
  assert.ok(bytes.includes(Buffer.from('MSA|AA|J\xf6rg-1', 'latin1')))
})

test('A7 E14 2.5 and later: one ERR for each error, with location, code, severity and text', () => {
  const two: AckError = {
    severity: 'E',
    code: '101',
    app: 'X',
    locations: ['PID^1^3', 'PID^1^5'],
    text: 'a|b',
  }
  assert.deepEqual(ack(text(MSH), { code: 'AE', errors: [unknownValue, two] }).slice(1), [
    'MSA|AE|ADT1-001',
    `ERR||PID^1^8^1^1|103^Table value not found^HL70357|E|||${unknownValue.text}|${unknownValue.text}`,
    'ERR||PID^1^3~PID^1^5|101^Required field missing^HL70357|E|X^^PORTICO||a\\F\\b|a\\F\\b',
  ])
})

test('A7 2.2 to 2.4: ERR-1 has segment, sequence, field and code, one repetition for each location', () => {
  for (const old of ['2.2', '2.3', '2.3.1', '2.4']) {
    const two = { ...unknownValue, locations: ['PID^1^8', 'NK1^2^3^1^2'] }
    assert.equal(
      ack(version(old), { code: 'AE', errors: [two] })[2],
      'ERR|PID^1^8^103&Table value not found&HL70357~NK1^2^3^103&Table value not found&HL70357',
    )
  }
  const warned = ack(version('2.4'), { errors: [upsert] })
  assert.equal(warned[2], 'ERR|PID^1^3^0&Message accepted&HL70357&UPSERT&&PORTICO')
})

test('A7 2.1: ERR-1 is text', () => {
  const [, , err] = ack(version('2.1'), { code: 'AE', errors: [unknownValue] })
  assert.equal(err, `ERR|PID\\S\\1\\S\\8\\S\\1\\S\\1 103 ${unknownValue.text}`)
})

test('A8 MSA-3 has a short text before 2.5, and none later', () => {
  const long = { ...unknownValue, text: 'x'.repeat(200) }
  assert.equal(ack(version('2.3'), { code: 'AE', errors: [long] })[1], `MSA|AE|ADT1-001|${'x'.repeat(77)}...`)
  assert.equal(ack(version('2.5'), { code: 'AE', errors: [long] })[1], 'MSA|AE|ADT1-001')
  assert.equal(ack(version('2.3'))[1], 'MSA|AA|ADT1-001')
})

test('a warning with AA has ERR-3 0, severity W and its own code', () => {
  const [, msa, err] = ack(text(MSH), { errors: [{ ...upsert, code: '204' }] })
  assert.equal(msa, 'MSA|AA|ADT1-001')
  assert.equal(err, 'ERR||PID^1^3|0^Message accepted^HL70357|W|UPSERT^^PORTICO||created|created')
})

test('A6 a refusal without a reason still has an ERR', () => {
  assert.match(ack(text(MSH), { code: 'AR' })[2] ?? '', /^ERR\|\|\|207\^Application error\^HL70357\|E\|/)
})

test('S5 A9 the acknowledgement uses the delimiters of the sender', () => {
  const source = 'MSH#*$/!#APP#FAC#P#G#2026##ADT*A01#7#P#2.5.1\r'
  const errors = [{ ...unknownValue, text: 'a#b*c$d/e!f|g' }]
  assert.deepEqual(ack(source, { code: 'AE', errors }), [
    `MSH#*$/!#P#G#APP#FAC#${NOW}##ACK*A01*ACK#G1#P#2.5.1`,
    'MSA#AE#7',
    'ERR##PID*1*8*1*1#103*Table value not found*HL70357#E###a/F/b/S/c/R/d/E/e/T/f|g#a/F/b/S/c/R/d/E/e/T/f|g',
  ])
})

test('S6 S7 MSH-2 keeps the truncation character, and gets its missing characters', () => {
  assert.match(ack('MSH|^~\\&#|A|B')[0] ?? '', /^MSH\|\^~\\&#\|/)
  assert.match(ack('MSH|^~|A|B')[0] ?? '', /^MSH\|\^~\\&\|/)
})

test('X9 MSH-18 is echoed when valued', () => {
  const [msh = ''] = ack(`${MSH}||||||8859/1~ASCII`)
  assert.equal(msh.split('|')[17], '8859/1~ASCII')
})

test('E1 nothing readable: AR, default delimiters, MSA-2 empty, code 100, no location', () => {
  const { code, error } = faultAnswer(faultOf('hello'))
  const lines = ack(undefined, {
    code,
    errors: [error],
    gateway: { application: 'PORTICO', facility: 'GHH' },
  })
  assert.equal(lines[0], `MSH|^~\\&|PORTICO|GHH|||${NOW}||ACK|G1|P|2.5.1`)
  assert.equal(lines[1], 'MSA|AR')
  assert.match(lines[2] ?? '', /^ERR\|\|\|100\^Segment sequence error\^HL70357\|E\|/)
})

test('H01 bad delimiters are AR 100 at MSH-2; H02 too much of anything is AE 102, with the control id', () => {
  assert.equal(faultAnswer(faultOf('MSH||A')).code, 'AR')
  const source = `${MSH}\rPID${'|'.repeat(5_000)}`
  const { code, error } = faultAnswer(faultOf(source))
  assert.deepEqual([code, error.code], ['AE', '102'])
  const lines = buildAck({ message: salvageHeader(source), code, errors: [error], now: NOW, controlId: 'G1' })
  assert.match(lines, /\rMSA\|AE\|ADT1-001\r/)
})

test('a header can be salvaged from behind a little garbage, or not at all', () => {
  assert.equal(salvageHeader(`xx${text(MSH, 'PID|1')}`)?.get('MSH-10'), 'ADT1-001')
  for (const source of ['', 'hello', 'MSH', 'MSH||', `${'x'.repeat(100)}${MSH}`]) {
    assert.equal(salvageHeader(source), undefined)
  }
})

test('MSA-4 is the expected sequence number, MSH-15 and MSH-16 those of enhanced mode', () => {
  const lines = ack(text(MSH), { code: 'CA', expectedSequence: 7, acceptAck: 'NE', applicationAck: 'NE' })
  assert.equal(lines[1], 'MSA|CA|ADT1-001||7')
  assert.deepEqual(lines[0]?.split('|').slice(14, 16), ['NE', 'NE'])
})

test('many errors are cut off, and said to be', () => {
  const lines = ack(text(MSH), { code: 'AE', errors: Array(500).fill(unknownValue) })
  assert.equal(lines.length, 2 + maxErrorSegments)
  assert.match(lines.at(-1) ?? '', /\|451 more errors are not listed/)
  const long = { ...unknownValue, text: `patient ${'9'.repeat(10_000)} is not known` }
  assert.equal(ack(text(MSH), { code: 'AE', errors: [long] })[2]?.split('|')[8]?.length, maxErrorCharacters)
  const wide = { ...unknownValue, locations: Array(5_000).fill('PID^1^3') }
  assert.ok((ack(text(MSH), { code: 'AE', errors: [wide] })[2]?.length ?? 0) < 2_000)
})

test('no text of ours or theirs can add a segment to an acknowledgement', () => {
  const errors = (value: string): AckError[] => [
    { ...unknownValue, text: value, app: value, locations: [value] },
  ]
  fc.assert(
    fc.property(hostileText, fc.constantFrom('2.1', '2.4', '2.5.1'), (value, own) => {
      const built = buildAck({
        message: parsed(version(own)),
        code: 'AE',
        errors: errors(value),
        now: NOW,
        controlId: 'G1',
      })
      assert.deepEqual(
        parsed(built).segments.map(({ name }) => name),
        ['MSH', 'MSA', 'ERR'],
      )
    }),
    { numRuns: 500 },
  )
})

test('codes of table 0357 have their texts', () => {
  for (const code of [
    '0',
    '100',
    '101',
    '102',
    '103',
    '104',
    '200',
    '201',
    '202',
    '203',
    '204',
    '205',
    '206',
    '207',
  ]) {
    assert.ok(ERROR_CODES[code], code)
  }
})

test('A12 original is the default; auto looks at MSH-15 and MSH-16', () => {
  assert.equal(decideAckMode('AL', 'NE', 'original').mode, 'original')
  assert.equal(decideAckMode(undefined, '', 'auto').mode, 'original')
  assert.equal(decideAckMode('AL', undefined, 'auto').mode, 'enhanced')
  assert.equal(decideAckMode(undefined, 'AL', 'auto').mode, 'enhanced')
  assert.equal(decideAckMode(undefined, undefined, 'enhanced').mode, 'enhanced')
})

test('A11 MSH-15 decides the accept, MSH-16 the application acknowledgement', () => {
  const expected: [string | undefined, boolean, boolean][] = [
    ['AL', true, true],
    ['NE', false, false],
    ['', false, false],
    [undefined, false, false],
    ['SU', true, false],
    ['ER', false, true],
    ['XX', true, true],
  ]
  for (const [condition, stored, refused] of expected) {
    assert.deepEqual(decideAckMode(condition, 'AL', 'auto').accept, { stored, refused }, String(condition))
    assert.deepEqual(
      decideAckMode('AL', condition, 'auto').application,
      { stored, refused },
      String(condition),
    )
  }
  const original = decideAckMode(undefined, undefined, 'auto')
  assert.deepEqual(original.application, { stored: true, refused: true })
  assert.deepEqual(original.accept, { stored: false, refused: false })
})

test('a sender that wants no reply at all gets an original one when the endpoint always answers', () => {
  assert.equal(decideAckMode('NE', 'NE', 'auto').mode, 'enhanced')
  assert.equal(decideAckMode('NE', 'NE', 'auto', true).mode, 'original')
  assert.equal(decideAckMode('ER', 'NE', 'auto', true).mode, 'enhanced')
})
