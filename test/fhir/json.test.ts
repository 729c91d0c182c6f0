// JSON bodies: hostile ones are refused with a reason, numbers keep their digits, equal content has equal
// hashes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson, contentHash, isSameJson, readJson, writeJson } from '../../src/fhir/json.ts'
import { patient } from './samples.ts'

function fault(source: string | Uint8Array, limits = {}): string {
  const read = readJson(source, limits)
  return 'issues' in read ? (read.issues[0]?.diagnostics ?? '') : ''
}

function value(source: string): unknown {
  const read = readJson(source)
  assert.ok('value' in read, fault(source))
  return read.value
}

const REFUSED: readonly (readonly [rule: string, source: string | Uint8Array, reason: RegExp])[] = [
  ['nothing', '', /not JSON/],
  ['broken syntax', '{"a":', /not JSON/],
  ['a trailing comma', '{"a":1,}', /not JSON/],
  ['an unfinished string', '{"a":"\\"', /inside a string/],
  ['a name twice', '{"a":1,"b":{},"a":2}', /twice/],
  ['a name twice, escaped', '{"a":1,"\\u0061":2}', /twice/],
  ['a name twice, deep', '[{"x":[{"a":1,"a":1}]}]', /twice/],
  ['__proto__', '{"__proto__":{"x":1}}', /__proto__/],
  ['__proto__, escaped', '{"\\u005f_proto__":{"x":1}}', /__proto__/],
  ['constructor', '{"a":[{"constructor":1}]}', /constructor/],
  ['prototype', '{"prototype":1}', /prototype/],
  ['NUL', '{"a":"x\\u0000"}', /NUL/],
  ['NUL in a name', '{"a\\u0000":1}', /NUL/],
  ['half a surrogate pair, escaped', '{"a":"\\ud83d"}', /surrogate/],
  ['half a surrogate pair', '{"a":"\ud83d"}', /surrogate/],
  ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), /UTF-8/],
  ['a number of 35 digits', `{"a":${'1'.repeat(35)}}`, /digits/],
  ['a number with a huge exponent', '{"a":1e400}', /digits/],
  ['a number with a huge negative exponent', '{"a":1e-400}', /digits/],
  ['65 levels', '['.repeat(65) + ']'.repeat(65), /deeper than 64/],
  ['a million levels', '['.repeat(1_000_000), /deeper than 64/],
  ['a million levels of objects', '{"a":'.repeat(1_000_000), /deeper than 64/],
]

for (const [rule, source, reason] of REFUSED) {
  test(`a body is refused: ${rule}`, () => {
    assert.match(fault(source), reason)
  })
}

test('a body is refused unread when it is too long', () => {
  assert.match(fault('[1,2,3]', { maxBytes: 6 }), /longer than 6 bytes/)
  assert.match(fault(new Uint8Array(7), { maxBytes: 6 }), /longer than 6 bytes/)
})

test('the reason names no part of the body', () => {
  for (const source of ['{"name":"Zebulon",}', '{"Zebulon":1,"Zebulon":2}', 'Zebulon', '{"a":"Zebulon']) {
    assert.ok(fault(source) !== '' && !fault(source).includes('Zebulon'))
  }
})

test('brackets, colons and quotes inside strings do not count', () => {
  const source = JSON.stringify({ a: '[{"x":1}]'.repeat(100), 'b:"c': '\\":{[' })
  assert.deepEqual(value(source), JSON.parse(source))
})

test('decimals come out as they came in', () => {
  const source = '{"a":1.10,"b":[-0.0,1E2,12345678901234567890,1234567890123456789.5],"c":42,"d":-7}'
  assert.equal(writeJson(value(source)), source)
})

test('integers are numbers, everything else is kept as text', () => {
  const read = value('[1,1.0,1e0,9007199254740992,9007199254740991]')
  assert.ok(Array.isArray(read))
  assert.deepEqual(
    read.map((item) => JSON.isRawJSON(item)),
    [false, true, true, true, false],
  )
})

test('any JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (source) => {
      const read = readJson(source)
      if ('value' in read) assert.equal(canonicalJson(read.value), canonicalJson(JSON.parse(source)))
    }),
  )
})

test('pretty text is the same content', () => {
  const read = value('{"a":[1.10,{"b":null}]}')
  assert.equal(
    writeJson(read, { pretty: true }),
    '{\n  "a": [\n    1.10,\n    {\n      "b": null\n    }\n  ]\n}',
  )
})

test('canonical text does not depend on the order of names', () => {
  assert.equal(
    canonicalJson(value('{"b":1.10,"a":{"d":[1,{"z":1,"y":2}],"c":null}}')),
    '{"a":{"c":null,"d":[1,{"y":2,"z":1}]},"b":1.10}',
  )
  assert.equal(canonicalJson({ a: undefined, b: [undefined, 1] }), '{"b":[null,1]}')
})

test('canonical text of any value is JSON with the same content', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (any) => {
      assert.deepEqual(JSON.parse(canonicalJson(any)), JSON.parse(JSON.stringify(any)))
    }),
  )
})

test('the content hash leaves out what the server owns, and the narrative', () => {
  const base = contentHash(patient())
  const meta = { ...(patient().meta as object), versionId: '7', lastUpdated: '2026-01-01T00:00:00Z' }
  assert.equal(contentHash({ ...patient(), id: 'other', meta, text: { status: 'generated' } }), base)
  assert.notEqual(contentHash({ ...patient(), active: false }), base)
  assert.notEqual(contentHash({ ...patient(), meta: { tag: [{ code: 'x' }] } }), base)
  assert.match(base, /^[0-9a-f]{64}$/)
})

test('meta with nothing but a version hashes like no meta', () => {
  const { meta, ...rest } = patient()
  assert.ok(meta)
  assert.equal(contentHash({ ...rest, meta: { versionId: '1' } }), contentHash(rest))
})

test('1.10 and 1.1 are different content', () => {
  const hash = (amount: string): string => contentHash({ totalNet: { value: JSON.rawJSON(amount) } })
  assert.notEqual(hash('1.10'), hash('1.1'))
})

test('two values are the same exactly when their canonical texts are, raw decimals and gaps included', () => {
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      undefined,
      0,
      150,
      1.5,
      '',
      'a',
      '150',
      true,
      JSON.rawJSON('150.00'),
      JSON.rawJSON('1.5'),
    ),
  )
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('tree'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('tree'), { maxKeys: 3 }),
    ),
  }))
  const check = (a: unknown, b: unknown) =>
    assert.equal(isSameJson(a, b), canonicalJson(a) === canonicalJson(b))
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      check(a, b)
      check({ x: a, y: [b] }, { y: [b], x: a })
    }),
    { numRuns: 2_000, seed: 20260302 },
  )
})

test('names stand in one order, however many there are', () => {
  const names = Array.from({ length: 80 }, (_, i) => `n${(i * 37) % 80}`)
  const forth = Object.fromEntries(names.map((name) => [name, name]))
  const back = Object.fromEntries(names.toReversed().map((name) => [name, name]))
  assert.equal(canonicalJson(forth), canonicalJson(back))
  assert.deepEqual(Object.keys(JSON.parse(canonicalJson(forth))), names.toSorted())
})
