// Shapes of lineage: equal forms are one, and hold no values.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { entryShape, joinShapes, shapeId, spansOfShape } from '../../src/canonical/truth/shape.ts'
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

describe('the shapes of a process', () => {
  const numbered = (n: number): Span[] => [span('name', `PID-${n}`)]

  it('are known until their batch is written, however many were met before', () => {
    const ids: string[] = []
    for (let n = 0; n < 45_000; n++) {
      ids.push(shapeId(numbered(n)) ?? '')
      const earlier = Math.max(0, n - 4_000)
      assert.deepEqual(spansOfShape(ids[earlier] ?? ''), numbered(earlier), `${earlier} after ${n}`)
    }
  })

  it('that were made of others are made again when they were forgotten', () => {
    const join = () => joinShapes([{ prefix: 'contact[1].', id: shapeId(numbered(1)) }])
    const joined = join()
    for (let n = 50_000; n < 75_000; n++) shapeId(numbered(n))
    assert.equal(join(), joined)
    assert.deepEqual(spansOfShape(joined ?? ''), [span('contact[1].name', 'PID-1')])
  })
})
