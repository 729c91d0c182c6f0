// Shapes of lineage: equal forms are one, and hold no values.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { entryShape, joinShapes, shapeId, spansOfShape } from '../../src/canonical/shape.ts'
import type { Span } from '../../src/mappings/mapped.ts'

const span = (fhir: string, v2: string, row = 'PID[Patient]#1'): Span => ({ fhir, v2, row })
const list = [
  span('identifier[0].value', 'PID-3[1].1'),
  span('identifier[0].system', 'PID-3[1].4'),
  span('identifier[1].value', 'PID-3[2].1'),
  span('identifier[10].value', 'PID-3[11].1'),
]

describe('a shape', () => {
  it('has a name of twelve characters, the same for equal spans, and gives them back', () => {
    const id = shapeId(list) ?? ''
    assert.match(id, /^[\w-]{12}$/)
    assert.equal(shapeId([...list]), id)
    assert.equal(shapeId(list), id)
    assert.notEqual(shapeId(list.slice(1)), id)
    assert.deepEqual(spansOfShape(id), list)
  })

  it('of nothing is none', () => {
    assert.equal(shapeId([]), undefined)
    assert.equal(spansOfShape('unknown'), undefined)
  })

  it('of one entry of a list is that of a list with this entry alone', () => {
    const id = shapeId(list)
    assert.deepEqual(spansOfShape(entryShape(id, 'identifier', 1) ?? ''), [
      span('identifier[0].value', 'PID-3[2].1'),
    ])
    assert.deepEqual(spansOfShape(entryShape(id, 'identifier', 0) ?? ''), list.slice(0, 2))
    assert.equal(entryShape(id, 'identifier', 7), undefined)
    assert.equal(entryShape(undefined, 'identifier', 0), undefined)
  })

  it('of several has each under its path', () => {
    const [a, b] = [
      shapeId([span('name.family', 'NK1-2.1')]),
      shapeId([span('telecom[0].value', 'NK1-5.12')]),
    ]
    const joined = joinShapes([
      { prefix: 'contact[0].', id: a },
      { prefix: 'contact[1].', id: b },
      { prefix: '', id: undefined },
    ])
    assert.deepEqual(spansOfShape(joined ?? ''), [
      span('contact[0].name.family', 'NK1-2.1'),
      span('contact[1].telecom[0].value', 'NK1-5.12'),
    ])
    assert.equal(joinShapes([]), undefined)
    const [plain] = [joinShapes([{ prefix: '', id: a }])]
    assert.deepEqual(spansOfShape(plain ?? ''), [span('name.family', 'NK1-2.1')])
  })
})
