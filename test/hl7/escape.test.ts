import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  controlAt,
  DEFAULT_DELIMITERS,
  type Delimiters,
  decode,
  encode,
  maxFormattingChars,
} from '../../src/hl7/escape.ts'
import { MSH, parsed, text } from './messages.ts'

const read = (raw: string) => decode(raw, DEFAULT_DELIMITERS)
const write = (value: string) => encode(value, DEFAULT_DELIMITERS)

test('S9 delimiters, hex and line breaks are resolved, highlighting is dropped', () => {
  assert.equal(read('\\F\\\\S\\\\T\\\\R\\\\E\\\\P\\'), '|^&~\\#')
  assert.equal(read('a\\.br\\b\\H\\c\\N\\d'), 'a\nbcd')
  assert.equal(read('\\X41420a\\'), 'AB\n')
})

test('S9 bytes in hex are code points of two bytes or UTF-8 when they are, else ISO 8859-1', () => {
  assert.equal(read('Mu\\X00F1\\oz\\X000D00E9\\'), 'Muñoz\ré')
  assert.equal(read('\\XC3A9\\'), 'é')
  assert.equal(read('\\XE9\\'), 'é')
  assert.equal(read('\\XE9\\\\XC3A9\\'), 'éé', 'a failed try leaves nothing behind')
})

test('S9 S10 local, unknown and unterminated sequences stay as sent', () => {
  for (const raw of [
    '\\Zlocal\\',
    '\\C2842\\',
    '\\M2842\\',
    'C:\\dir\\x',
    '\\',
    'a\\',
    '\\\\',
    '\\X4\\',
    '\\XGG\\',
    '\\X\\',
  ]) {
    assert.equal(read(raw), raw)
  }
})

test('S10 the end of an unknown sequence may begin a known one', () => {
  assert.equal(read('C:\\dir\\F\\x'), 'C:\\dir|x')
})

test('H03 formatting commands never expand beyond the limit', () => {
  assert.equal(read('\\.sp200000000\\').length, maxFormattingChars)
  assert.equal(read('\\.sk200000000\\').length, maxFormattingChars)
  assert.equal(read('a\\.in+99999\\b\\.ti99999\\c\\.fi\\d\\.nf\\e'), 'abcde')
  assert.equal(read('a\\.sp\\b\\.sp2\\c\\.ce\\d\\.sk3\\e'), 'a\nb\n\nc\nd   e')
})

test('H04 control characters never leave the decoder, tab and line ends do', () => {
  assert.equal(read('a\\X00\\b\0c\\X0000\\'), 'a\uFFFDb\uFFFDc\uFFFD')
  assert.equal(read('a\\X0B1C\\b\u0001c'), 'a\uFFFD\uFFFDb\uFFFDc')
  assert.equal(read('a\\X090D0A\\b\tc'), 'a\t\r\nb\tc')
})

test('H04 the place of the first control character, sent as itself or escaped', () => {
  const at = (raw: string) => controlAt(raw, DEFAULT_DELIMITERS)
  assert.equal(at('PID|a\\X0D\\b\\F\\'), -1)
  assert.equal(at('a\\X0D\\b\\X0D1C\\\u0001'), 7)
  assert.equal(at('a\u0001\\X0B\\'), 1)
  assert.equal(at('a\\X0B'), -1)
  assert.equal(at('a\\XZZ\\\0'), 6)
})

test('H05 no value can end a segment or a frame', () => {
  assert.equal(write('DOE\rPV1|1|'), 'DOE\\X0D\\PV1\\F\\1\\F\\')
  assert.equal(write('\u000b\u001c\n\0\u007f'), '\\X0B\\\\X1C\\\\X0A\\\\X00\\\\X7F\\')
  assert.equal(write('a\tb'), 'a\tb')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const message = parsed(text(MSH, `PID|1||x|${write(value)}|y`))
      assert.equal(message.segments.length, 2)
      assert.equal(message.get('PID-5'), 'y')
    }),
  )
})

test('decoding what was encoded gives the value back, with any delimiters', () => {
  const punctuation = fc.constantFrom(...'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~')
  const delimiters: fc.Arbitrary<Delimiters> = fc
    .uniqueArray(punctuation, { minLength: 6, maxLength: 6 })
    .map(([field = '', component = '', repetition = '', mark = '', subcomponent = '', truncation = '']) => ({
      field,
      component,
      repetition,
      escape: mark,
      subcomponent,
      truncation,
    }))
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: punctuation }))
  fc.assert(
    fc.property(value, delimiters, (each, own) => {
      assert.equal(decode(encode(each, own), own), each.replace(/[^\P{Cc}\t\n\r\x7f-\x9f]/gu, '\uFFFD'))
    }),
    { numRuns: 1_000 },
  )
})
