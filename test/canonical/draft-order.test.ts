// The rules alone, without a store: a history adds up to the same resources in whatever order it is heard. Semantics,
// section 8.6; test/pipeline/order.test.ts shows the same of the whole pipeline.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from '../../src/fhir/json.ts'
import type { MessageItem } from '../../src/pipeline/batch/item.ts'
import { preview } from '../../src/pipeline/reading/preview.ts'
import { readPayload } from '../../src/pipeline/reading/receive.ts'
import { baseMaps } from '../pipeline/gateway.ts'
import { difference, history, permuted, storySite, textOf } from '../pipeline/histories.ts'

const runs = Number(process.env.PORTICO_PROPERTY_RUNS ?? 15) * 4
const usualSeed = 20260303
const seed = Number(process.env.PORTICO_PROPERTY_SEED ?? usualSeed)
const maxMessages = 30
const site = storySite()

function itemOf(text: string): MessageItem {
  const read = readPayload(
    { raw: Buffer.from(text), channel: 'mllp', peer: 'test:1' },
    {
      site: () => site,
      maps: baseMaps,
      now: () => new Date('2026-03-20T12:00:00-05:00'),
      newControlId: () => 'ACK',
      lineage: false,
    },
  )
  const item = 'items' in read ? read.items[0] : undefined
  assert.ok(item, text)
  return item
}

/** Resources after all messages; what waits for its patient comes last, as when it is released. */
function hear(items: readonly MessageItem[]): Map<string, string> {
  const { results } = preview(items, site)
  const waits = new Set(items.filter((_, i) => results[i]?.errors.some((each) => each.app === 'PARKED')))
  const inTurn = [...items.filter((each) => !waits.has(each)), ...waits]
  const shown = preview(inTurn, site).resources.filter(
    ({ resourceType }) => resourceType !== 'Task' && resourceType !== 'Provenance',
  )
  return new Map(
    shown.map((each) => [`${String(each.resourceType)}/${String(each.id)}`, canonicalJson(each)]),
  )
}

describe('the rules', () => {
  it('make the same of a history in any order', (t) => {
    t.diagnostic(`seed ${seed}, ${runs} histories`)
    const order = fc.array(fc.nat(999), { minLength: maxMessages, maxLength: maxMessages })
    fc.assert(
      fc.property(history({ min: 1, max: maxMessages }), order, (told, keys) => {
        const texts = told.map((each) => textOf(each, `C${each.minute}`))
        const items = texts.map(itemOf)
        const differing = difference(hear(items), hear(permuted(items, keys)))
        assert.deepEqual(differing, [], texts.join('\n').replaceAll('\r', '\n   '))
      }),
      { numRuns: runs, seed },
    )
  })
})
