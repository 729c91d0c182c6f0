import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compilePath, parsePath, printPath, readPath } from '../../src/hl7/path.ts'
import { MSH, parsed, text } from './messages.ts'

const message = parsed(text(MSH, 'PID|1||A^B&C~D', 'NK1|1|X', 'NK1|2|Y'))

test('a path names a segment, a field and, where wanted, their occurrence, component and subcomponent', () => {
  assert.deepEqual(parsePath('PID-5[1].1.2'), {
    segment: 'PID',
    occurrence: 1,
    field: 5,
    repetition: 1,
    component: 1,
    subcomponent: 2,
  })
  assert.deepEqual(parsePath('NK1[2]-3'), { segment: 'NK1', occurrence: 2, field: 3, repetition: 1 })
})

test('what is not a path is undefined, never a guess', () => {
  for (const bad of [
    '',
    'PID',
    'pid-3',
    'PID-0',
    'PID-3[0]',
    'PID-3.',
    'PID.3',
    'PID-3.1.2.3',
    'PIDX-3',
    'PID-3[1',
    '__proto__',
  ]) {
    assert.equal(parsePath(bad), undefined, bad)
    assert.equal(readPath(message, bad), undefined, bad)
    assert.equal(compilePath(bad), undefined, bad)
  }
})

test('printing a path and reading it again gives the same position', () => {
  const part = fc.integer({ min: 1, max: 9999 })
  const path = fc
    .record(
      {
        segment: fc.constantFrom('PID', 'NK1', 'ZX9'),
        occurrence: part,
        field: part,
        repetition: part,
      },
      { noNullPrototype: true },
    )
    .chain((base) =>
      fc.constantFrom(base, { ...base, component: 3 }, { ...base, component: 3, subcomponent: 20 }),
    )
  fc.assert(fc.property(path, (each) => assert.deepEqual(parsePath(printPath(each)), each)))
})

test('without a component the whole repetition is read, without a repetition the first', () => {
  assert.equal(readPath(message, 'PID-3'), 'A^B&C')
  assert.equal(readPath(message, 'PID-3.2'), 'B&C')
  assert.equal(readPath(message, 'PID-3.2.2'), 'C')
  assert.equal(readPath(message, 'PID-3[2].1.1'), 'D')
  assert.equal(readPath(message, 'PID-3[3]'), undefined)
  assert.equal(readPath(message, 'NK1[2]-2'), 'Y')
  assert.equal(readPath(message, 'NK1[3]-2'), undefined)
  assert.equal(compilePath('NK1[2]-2')?.(message), 'Y')
})
