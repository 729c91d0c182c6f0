// What is remembered between messages is bounded, whatever comes; what is asked for again and again stays.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Recent } from '../../src/fhir/recent.ts'

test('what is asked for all the time is kept while a thousand others pass, and never more than the limit', () => {
  const recent = new Recent<number>(10)
  recent.set('ward', 1)
  for (let i = 0; i < 1_000; i++) {
    recent.set(`visit ${i}`, i)
    assert.equal(recent.get('ward'), 1)
    assert.ok(recent.size <= 10, `${recent.size}`)
  }
  assert.equal(recent.get('visit 999'), 999)
  assert.equal(recent.get('visit 1'), undefined)
})

test('a name keeps the value that it was given last', () => {
  const recent = new Recent<string>(4)
  recent.set('a', 'first')
  recent.set('b', '')
  recent.set('a', 'second')
  assert.equal(recent.get('a'), 'second')
  recent.clear()
  assert.equal(recent.get('a'), undefined)
})
