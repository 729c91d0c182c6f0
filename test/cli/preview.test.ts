// Reading and applying files without a store, for every sample; and the small parts of the command line.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { explainMapped, isBelow, valueAt } from '../../src/cli/lineage-table.ts'
import { beginsLikeHl7, unpack } from '../../src/cli/payloads.ts'
import { openSite, readMessages } from '../../src/cli/reading.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { preview } from '../../src/pipeline/reading/preview.ts'
import { message, root } from './portico.ts'

const open = openSite(join(root, 'profiles/sites/demo/site.json'), {})
const samples = readdirSync(join(root, 'samples'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.hl7'))
  .sort()

describe('a preview', () => {
  it('of every sample makes valid resources, and refuses nothing without a reason', () => {
    for (const file of samples) {
      const { items, site } = readMessages(join(root, 'samples', file), open)
      const { resources, results } = preview(items, site)
      assert.equal(results.length, items.length, file)
      for (const { code, errors } of results) assert.ok(code === 'AA' || errors.length > 0, file)
      for (const resource of resources) assert.deepEqual(validateResource(resource), [], file)
    }
  })

  it('of all samples after each other knows what the earlier ones have made', () => {
    const items = samples.flatMap((file) => readMessages(join(root, 'samples', file), open).items)
    const { resources } = preview(items, open.site)
    const ids = resources.map(({ resourceType, id }) => `${resourceType}/${id}`)
    assert.equal(new Set(ids).size, ids.length)
    const known = new Set(ids)
    for (const [, reference = ''] of JSON.stringify(resources).matchAll(/"reference":"([^"]+)"/g)) {
      assert.ok(known.has(reference), reference)
    }
  })
})

describe('the lineage of a message', () => {
  it('leads from each written value to the value itself', () => {
    for (const file of samples) {
      for (const { mapped } of readMessages(join(root, 'samples', file), open).items) {
        if (!mapped) continue
        for (const { path, value, row, v2 } of explainMapped(mapped)) {
          if (row !== '') assert.notEqual(value, '', `${file} ${path} ${v2} ${row}`)
        }
      }
    }
  })

  it('is found by paths with and without indexes, and not by halves of names', () => {
    const path = 'Patient.name[1].family'
    for (const wanted of ['Patient', 'Patient.name', 'Patient.name[1]', 'Patient.name.family', path]) {
      assert.ok(isBelow(path, wanted), wanted)
    }
    for (const wanted of ['Patient.na', 'Patient.name[0]', 'Pat', 'Patient.name.family.x', 'name']) {
      assert.ok(!isBelow(path, wanted), wanted)
    }
  })

  it('reads values at indexes, elements and extensions, and nothing of prototypes', () => {
    const value = [{ given: ['A', 'B'], extension: [{ url: 'http://x.y/z', valueCode: 'c' }] }]
    assert.equal(valueAt(value, '[0].given[1]'), 'B')
    assert.equal(valueAt(value, "[0].extension('http://x.y/z').valueCode"), 'c')
    for (const path of ['[1].given', '[0].family', '[0].constructor', '[0].__proto__', '?']) {
      assert.equal(valueAt(value, path), undefined, path)
    }
  })
})

describe('a file', () => {
  const octets = (text: string) => Buffer.from(text, 'latin1')
  const texts = (file: string) =>
    unpack(octets(file)).payloads.map((each) => Buffer.from(each).toString('latin1'))

  it('gives back the messages that were put into it, plain or framed', () => {
    const one = fc.integer({ min: 1, max: 99_999 }).map((id) => message(`M${id}`))
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('', '\r', '\r\n\r\n', '\r  \n'),
        (list, gap) => {
          assert.deepEqual(texts(list.map((each) => `\x0b${each}\x1c\r`).join('')), list)
          if (list.length > 1) assert.deepEqual(texts(list.join(gap)), [...list.slice(0, -1), list.at(-1)])
        },
      ),
    )
  })

  it('that is anything at all is never a reason to fail, and one message stays as it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        unpack(bytes)
        beginsLikeHl7(bytes)
      }),
    )
    const odd = '\xef\xbb\xbf\r\n MSH|^~\\&|A\rNTE|||MSH|x\r\r\n'
    assert.deepEqual(texts(odd), [odd])
    assert.deepEqual(texts('PID|1||X\r'), ['PID|1||X\r'])
    assert.deepEqual(texts(' \r\n'), [])
  })

  it('with a broken frame says so and keeps the others', () => {
    const { payloads, faults } = unpack(octets(`\x0b${message('M1')}\x1c\r\x0b${message('M2')}`))
    assert.deepEqual([payloads.length, faults], [1, ['TRUNCATED_FRAME']])
  })
})
