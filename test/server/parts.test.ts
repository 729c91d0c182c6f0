// The pure parts of the server: page tokens, scopes, JSON text, media types, preferences, JSON Patch.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Client } from '../../src/canonical/site.ts'
import { authenticate, permits } from '../../src/server/auth.ts'
import { mediaType } from '../../src/server/body.ts'
import { createCursorCodec } from '../../src/server/cursor.ts'
import { applyPatch, parsePatch } from '../../src/server/fhir/json-patch.ts'
import { ifMatchOf, preferencesOf } from '../../src/server/fhir/preferences.ts'
import { prettyJson, resourceText } from '../../src/server/fhir/resource-text.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'

/** fast-check makes some objects without a prototype; JSON has no such difference. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('page tokens', () => {
  const now = new Date('2026-03-02T08:00:00Z')
  const codec = createCursorCodec(new Uint8Array(32).fill(1), () => now)

  test('a token gives back what was put in, under its own binding only', () => {
    fc.assert(
      fc.property(
        fc.record({
          keys: fc.array(fc.option(fc.string()), { maxLength: 3 }),
          id: fc.string(),
          seq: fc.string(),
          total: fc.nat(),
        }),
        fc.string(),
        fc.string(),
        (position, binding, other) => {
          const token = codec.write(position, binding)
          assert.deepEqual(codec.read(token, binding), plain({ position }))
          if (other !== binding) assert.deepEqual(codec.read(token, other), { fault: 'forged' })
          const foreign = createCursorCodec(new Uint8Array(32).fill(2), () => now)
          assert.deepEqual(foreign.read(token, binding), { fault: 'forged' })
        },
      ),
    )
  })

  test('no change of a token is accepted', () => {
    const token = codec.write({ keys: ['k'], id: 'x', seq: '7', total: 3 }, 'b')
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'aZ09-_.=~ '), (at, char) => {
        const changed = token.slice(0, at) + char + token.slice(at + 1)
        const reading = codec.read(changed, 'b')
        // The last character of base64url has bits that mean nothing: the same bytes, so the same token.
        const same = Buffer.from(changed.split('.')[1] ?? '', 'base64url').equals(
          Buffer.from(token.split('.')[1] ?? '', 'base64url'),
        )
        if (changed !== token && !same) assert.deepEqual(reading, { fault: 'forged' })
      }),
    )
    assert.deepEqual(codec.read('', 'b'), { fault: 'forged' })
  })
})

describe('scopes', () => {
  const client = (...scopes: string[]): Client => ({
    id: 'c',
    token: 't',
    trust: 1,
    restricted: false,
    breakGlass: false,
    hl7v2: false,
    admin: false,
    scopes,
  })

  test('letters are granted per type, and together only when all are there', () => {
    const some = client('user/Patient.rs', 'system/Patient.u', 'user/Slot.cruds')
    assert.ok(permits(some, 'Patient', 'r'))
    assert.ok(permits(some, 'Patient', 'u', 's'))
    assert.ok(!permits(some, 'Patient', 'c'))
    assert.ok(!permits(some, 'Patient', 'd', 's'))
    assert.ok(!permits(some, 'Coverage', 'r'))
    assert.ok(permits(client('system/*.r'), 'Coverage', 'r'))
    assert.ok(permits(client('user/Patient.read'), 'Patient', 'r', 's'))
    assert.ok(!permits(client('user/Patient.read'), 'Patient', 'u'))
  })

  test('a scope that is narrowed, malformed, or of a patient grants nothing', () => {
    for (const scope of [
      'patient/Patient.rs',
      'user/Patient.rs?status=active',
      'user/Patient.sr',
      'Patient.r',
      'user/patient.r',
      'user/*',
      '',
    ]) {
      assert.ok(!permits(client(scope), 'Patient', 'r'), scope)
    }
  })

  test('a token is known by itself alone', () => {
    const site = acceptanceSite()
    const token = [...site.clients.values()][0]?.token ?? ''
    assert.equal(authenticate(site, `Bearer ${token}`)?.kind, 'client')
    assert.equal(authenticate(site, `bearer ${token}`)?.kind, 'client')
    for (const header of [
      undefined,
      '',
      token,
      `Bearer ${token} `,
      `Bearer ${token},x`,
      `Bearer ${token.slice(1)}`,
      `Basic ${token}`,
    ]) {
      assert.equal(authenticate(site, header), undefined, String(header))
    }
  })
})

describe('JSON text', () => {
  const stored = (body: unknown): { body: string; version: number; updatedAt: string } => ({
    body: spaced(body),
    version: 3,
    updatedAt: '2026-03-02T08:00:00Z',
  })
  /** As PostgreSQL prints jsonb. */
  const spaced = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    return `{${Object.entries(value)
      .map(([name, each]) => `${JSON.stringify(name)}: ${spaced(each)}`)
      .join(', ')}}`
  }

  test('meta is added, or joined with the one that is there, whatever the text looks like', () => {
    const hostile = fc.constantFrom('"meta": {', '\\"meta\\": {', '{"meta": {}}', '\\', '"', 'é', '}')
    const value = fc.oneof(hostile, fc.string(), fc.record({ meta: fc.record({ source: hostile }) }))
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('code', 'id')), value),
        fc.option(fc.record({ source: hostile }, { requiredKeys: [] })),
        (rest, meta) => {
          const { meta: _, ['__proto__']: __, ...clean } = rest
          const body = { ...clean, ...(meta && { meta }) }
          const own = { versionId: '3', lastUpdated: '2026-03-02T08:00:00.000Z' }
          assert.deepEqual(
            JSON.parse(resourceText(stored(body))),
            plain({ ...body, meta: { ...meta, ...own } }),
          )
        },
      ),
    )
  })

  test('line breaks change nothing but the white space', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        const pretty = prettyJson(text)
        assert.equal(JSON.stringify(JSON.parse(pretty)), JSON.stringify(JSON.parse(text)))
        assert.equal(prettyJson(pretty), pretty)
      }),
    )
    assert.equal(
      prettyJson('{"a":1.10,"b":[],"c":[{}]}'),
      '{\n  "a": 1.10,\n  "b": [],\n  "c": [\n    {}\n  ]\n}',
    )
  })
})

describe('headers', () => {
  test('media types are read without minding case and order', () => {
    assert.deepEqual(mediaType('Application/FHIR+JSON; fhirVersion=4.0; Charset="UTF-8"'), {
      type: 'application/fhir+json',
      charset: 'utf-8',
    })
    assert.deepEqual(mediaType(undefined), { type: '', charset: undefined })
  })

  test('Prefer and If-Match', () => {
    assert.deepEqual(preferencesOf('handling=strict, return=minimal'), {
      handling: 'strict',
      return: 'minimal',
    })
    assert.deepEqual(preferencesOf('return=nonsense'), { handling: 'lenient', return: undefined })
    assert.deepEqual(ifMatchOf('W/"12"'), { version: 12 })
    assert.deepEqual(ifMatchOf('"12"'), { version: 12 })
    assert.equal(ifMatchOf(undefined), 'missing')
    for (const header of ['12', '*', 'W/""', 'W/"1","2"', 'W/"9999999999"'])
      assert.equal(ifMatchOf(header), 'malformed')
  })
})

describe('JSON Patch', () => {
  const patched = (document: object, operations: unknown): unknown => {
    const parsed = parsePatch(operations)
    if ('issues' in parsed) return parsed.status
    const result = applyPatch(document as Record<string, unknown>, parsed.operations)
    return 'next' in result ? JSON.stringify(result.next) : result.status
  }

  test('the six operations do what RFC 6902 says, and numbers keep their digits', () => {
    const document = { a: [1, { b: JSON.rawJSON('1.10') }], c: 'd', 'x/y': { '~': 1 } }
    const cases: readonly [unknown[], unknown][] = [
      [[{ op: 'add', path: '/a/-', value: 3 }], '{"a":[1,{"b":1.10},3],"c":"d","x/y":{"~":1}}'],
      [[{ op: 'add', path: '/a/0', value: 3 }], '{"a":[3,1,{"b":1.10}],"c":"d","x/y":{"~":1}}'],
      [[{ op: 'remove', path: '/a' }], '{"c":"d","x/y":{"~":1}}'],
      [[{ op: 'replace', path: '/x~1y/~0', value: 2 }], '{"a":[1,{"b":1.10}],"c":"d","x/y":{"~":2}}'],
      [[{ op: 'copy', from: '/a/1/b', path: '/c' }], '{"a":[1,{"b":1.10}],"c":1.10,"x/y":{"~":1}}'],
      [[{ op: 'move', from: '/c', path: '/a/0' }], '{"a":["d",1,{"b":1.10}],"x/y":{"~":1}}'],
      [[{ op: 'test', path: '/a/1/b', value: 1.1 }], '{"a":[1,{"b":1.10}],"c":"d","x/y":{"~":1}}'],
      [[{ op: 'test', path: '/a/1/b', value: 1.2 }], 412],
      [[{ op: 'test', path: '/a', value: [1] }], 412],
      [[{ op: 'replace', path: '/a/2', value: 1 }], 422],
      [[{ op: 'remove', path: '/a/-' }], 422],
      [[{ op: 'add', path: '/a/3', value: 1 }], 422],
      [[{ op: 'add', path: '/a/01', value: 1 }], 422],
      [[{ op: 'add', path: '/c/d', value: 1 }], 422],
      [[{ op: 'remove', path: '/toString' }], 422],
      [[{ op: 'add', path: 'a', value: 1 }], 400],
      [[{ op: 'add', path: '/a~2', value: 1 }], 400],
      [[{ op: 'add', path: '/a' }], 400],
      [[{ op: 'move', path: '/a' }], 400],
    ]
    for (const [operations, expected] of cases) {
      assert.deepEqual(patched(document, operations), expected, JSON.stringify(operations))
    }
    assert.equal(
      JSON.stringify(document),
      '{"a":[1,{"b":1.10}],"c":"d","x/y":{"~":1}}',
      'the one given is unchanged',
    )
  })

  test('a document that grows by copies of long texts is stopped', () => {
    const copies = Array.from({ length: 90 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))
    assert.equal(patched({ a: ['x'.repeat(1_000_000)] }, copies), 422)
  })

  test('nothing that is thrown at it makes it throw', () => {
    const pointer = fc.constantFrom(
      '/a',
      '/a/0',
      '/a/-',
      '/b/c',
      '',
      '/',
      '//',
      '/a/b/c',
      '/hasOwnProperty',
      '/length',
      'x',
    )
    const operation = fc.record(
      {
        op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', '_get'),
        path: pointer,
        from: pointer,
        value: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(operation, fc.jsonValue()), { maxLength: 6 }), (operations) => {
        patched({ a: [1, [2]], b: { c: 'd' } }, operations)
        assert.equal(Object.keys(Object.prototype).length, 0)
      }),
    )
  })
})
