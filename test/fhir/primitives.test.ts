// FHIR primitives: what each accepts and refuses, and that hostile lengths do not matter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decimalDigits, PRIMITIVES } from '../../src/fhir/primitives.ts'

type Type = keyof typeof PRIMITIVES
const TABLE: Readonly<Record<Type, readonly [good: readonly unknown[], bad: readonly unknown[]]>> = {
  boolean: [
    [true, false],
    ['true', 1, null],
  ],
  integer: [
    [0, -1, 2147483647, -2147483648],
    [1.5, 2147483648, '1', null, JSON.rawJSON('1.0'), Number.NaN],
  ],
  positiveInt: [[1], [0, -1]],
  unsignedInt: [[0, 1], [-1]],
  decimal: [
    [
      0,
      -1.5,
      1e21,
      JSON.rawJSON('1.10'),
      JSON.rawJSON('-0.001E2'),
      JSON.rawJSON('1234567890123456789012345678901234'),
    ],
    ['1', Number.NaN, Number.POSITIVE_INFINITY, 1e300, JSON.rawJSON('1e400'), JSON.rawJSON('"x"'), null],
  ],
  string: [
    ['a', ' a\n\t', 'Ève', '😀', 'a'.repeat(1024 * 1024)],
    ['', ' ', '\0', 'a\u0001', '\udc00', 'a'.repeat(1024 * 1024 + 1), 1],
  ],
  markdown: [['*a*\r\n'], ['']],
  'System.String': [['a'], ['']],
  id: [
    ['a', 'A-1.b', 'a'.repeat(64)],
    ['', 'a'.repeat(65), 'a_b', 'a b', '../x', 'a\n'],
  ],
  code: [
    ['a', 'a b', 'in-progress'],
    ['', ' a', 'a ', 'a  b', 'a\tb', 'a\nb', 'a\u0000', '\n'],
  ],
  uri: [
    ['urn:oid:1.2', 'http://a/b?c#d', 'x'],
    ['', 'a b', 'a\n', '\0'],
  ],
  url: [['http://a'], ['a b']],
  canonical: [['http://a|1.0'], ['a b']],
  oid: [
    ['urn:oid:1.2.3', 'urn:oid:2.0'],
    ['1.2.3', 'urn:oid:3.1', 'urn:oid:1.02', 'urn:oid:1.'],
  ],
  uuid: [
    ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
    ['c757873d-ec9a-4326-a141-556f43239520', 'urn:uuid:C757873D-EC9A-4326-A141-556F43239520', 'urn:uuid:1'],
  ],
  base64Binary: [
    ['YQ==', 'YWI=', 'YWJj', 'YW\nJj', ' YWJj '],
    ['', 'Y', 'YQ=', 'YQ=a', '====', 'Y!==', ' '],
  ],
  date: [
    ['1980', '1980-02', '2024-02-29', '2000-02-29', '9999-12-31', '0001-01-01'],
    [
      '',
      '80',
      '1980-2',
      '1980-13',
      '1980-00',
      '2023-02-29',
      '1900-02-29',
      '2024-04-31',
      '0000',
      '1980-02-3',
      '1980/02/03',
      '1980-02-03T10:00:00Z',
      '１９８０',
    ],
  ],
  dateTime: [
    [
      '1980',
      '1980-02',
      '1980-02-03',
      '1980-02-03T10:00:00Z',
      '1980-02-03T23:59:60.123456+14:00',
      '1980-02-03T10:00:00-00:00',
    ],
    [
      '1980-02-03T10:00',
      '1980-02-03T10:00:00',
      '1980-02-03T24:00:00Z',
      '1980-02-03T10:60:00Z',
      '1980-02-03T10:00:61Z',
      '1980-02-03T10:00:00+14:01',
      '1980-02-03T10:00:00.Z',
      '1980-02-30T10:00:00Z',
      '1980-02-03 10:00:00Z',
      '1980-02-03T10:00:00z',
    ],
  ],
  instant: [['2020-02-29T10:00:00.1Z'], ['2020-02-29', '2020-02-29T10:00:00', '2020-02-29T10:00:00+0100']],
  time: [
    ['10:00:00', '23:59:59.999'],
    ['10:00', '24:00:00', '10:00:00Z', '10:00:00.'],
  ],
  xhtml: [['<div xmlns="http://www.w3.org/1999/xhtml">x</div>'], ['', '<p>x</p>', 1]],
}

for (const [type, [good, bad]] of Object.entries(TABLE)) {
  const check = PRIMITIVES[type as Type]
  test(`${type} accepts what FHIR allows and refuses the rest`, () => {
    for (const value of good)
      assert.equal(check(value), undefined, `${type} ${JSON.stringify(value)?.slice(0, 40)}`)
    for (const value of bad) assert.ok(check(value), `${type} ${JSON.stringify(value)?.slice(0, 40)}`)
  })
}

test('long hostile texts are checked in one pass', () => {
  // The regular expression of the specification needs exponential time for the first of these.
  const tails = [
    'YWJj'.repeat(250_000),
    'a'.repeat(1_000_000),
    ' '.repeat(1_000_000),
    '<div>'.repeat(200_000),
    '1'.repeat(1_000_000),
  ]
  for (const tail of tails)
    for (const check of Object.values(PRIMITIVES)) assert.ok(check(`${tail}!`) !== null)
  assert.ok(PRIMITIVES.base64Binary(`${'YWJj'.repeat(250_000)}!`))
})

test('digits of a decimal are counted as they are written without exponent', () => {
  const table: readonly (readonly [string, number])[] = [
    ['0', 1],
    ['-1.50', 3],
    ['1e3', 4],
    ['1.5e1', 2],
    ['1e-3', 4],
    ['1e400', 401],
  ]
  for (const [text, digits] of table) assert.equal(decimalDigits(text), digits, text)
  assert.equal(decimalDigits('abc'), Number.POSITIVE_INFINITY)
  assert.equal(decimalDigits('1e99999'), Number.POSITIVE_INFINITY)
})
