// Who is whom, in whatever order it is said: the fold of the identity log. Semantics, sections 2, 3 and 8.6; I4 and I5.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { foldIdentity, type Group, type Said, topOf } from '../../src/canonical/identity/identity-log.ts'

const sole = (record: string, m: number): Said => ({ kind: 'sole', record, m, i: String(m) })
const claim = (own: string, others: readonly string[], m: number): Said => ({
  kind: 'claim',
  own,
  records: [own, ...others],
  m,
  i: String(m),
})
const join = (kind: 'merge' | 'change', from: string, to: string, m: number): Said => ({
  kind,
  from,
  to,
  m,
  i: String(m),
  t: m,
})

/** 'a+b>c': a and b are one, merged into c. */
function told(said: readonly Said[]): string[] {
  const { groups } = foldIdentity(said)
  const name = (group: Group): string => [...group.records].sort().join('+')
  return [...new Set(groups.values())]
    .map((group) => (group.into ? `${name(group)}>${name(topOf(group))}` : name(group)))
    .sort()
}

const results = (said: readonly Said[]) => said.map((each) => foldIdentity(said).results.get(each))

describe('numbers that are named together', () => {
  it('are one person, when at most one of them was known', () => {
    assert.deepEqual(told([sole('m', 1), claim('w', ['m'], 2), sole('w', 3)]), ['m+w'])
    assert.deepEqual(told([claim('w', ['m'], 1), sole('m', 2), sole('w', 3)]), ['m+w'])
  })

  it('stay two persons, when each was known by itself before', () => {
    const said = [sole('w', 1), sole('m', 2), claim('w', ['m'], 3)]
    assert.deepEqual(told(said), ['m', 'w'])
    assert.deepEqual(results(said), ['known', 'known', 'conflict'])
  })

  it('are no conflict once they were merged', () => {
    const said = [sole('a', 1), sole('b', 2), join('merge', 'b', 'a', 3), claim('a', ['b', 'c'], 4)]
    assert.deepEqual(told(said), ['a+c', 'b>a+c'])
  })
})

describe('a merge', () => {
  it('of two that are known puts one under the other', () => {
    assert.deepEqual(told([sole('s', 1), sole('t', 2), join('merge', 's', 't', 3)]), ['s>t', 't'])
  })

  it('into a number that nobody knew changes the number; from one, it is another name', () => {
    assert.deepEqual(told([sole('s', 1), join('merge', 's', 't', 2), sole('t', 3)]), ['s+t'])
    assert.deepEqual(told([sole('t', 1), join('merge', 's', 't', 2), sole('s', 3)]), ['s+t'])
    assert.deepEqual(told([join('merge', 's', 't', 1)]), ['s+t'])
  })

  it('again is nothing new, its inverse is refused, as is one of what was merged elsewhere', () => {
    const known = [sole('a', 1), sole('b', 2), sole('c', 3), join('merge', 'b', 'a', 4)]
    assert.equal(results([...known, join('merge', 'b', 'a', 5)]).at(-1), 'already')
    assert.equal(results([...known, join('merge', 'a', 'b', 5)]).at(-1), 'cycle')
    assert.equal(results([...known, join('merge', 'b', 'c', 5)]).at(-1), 'elsewhere')
    assert.deepEqual(told([...known, join('merge', 'a', 'c', 5)]), ['a>c', 'b>c', 'c'])
  })
})

describe('a change of a number', () => {
  it('is refused when the new one is somebody else’s, and may be changed back', () => {
    assert.equal(results([sole('a', 1), sole('b', 2), join('change', 'a', 'b', 3)]).at(-1), 'in-use')
    const back = [sole('a', 1), join('change', 'a', 'b', 2), join('change', 'b', 'a', 3)]
    const { groups } = foldIdentity(back)
    assert.deepEqual([...(groups.get('a')?.retired.keys() ?? [])], ['b'])
  })
})

describe('any history', () => {
  const record = fc.constantFrom('a', 'b', 'c', 'd')
  const one = fc.oneof(
    record.map((each) => (m: number) => sole(each, m)),
    fc.tuple(record, record).map(
      ([a, b]) =>
        (m: number) =>
          claim(a, [b], m),
    ),
    fc.tuple(fc.constantFrom('merge' as const, 'change' as const), record, record).map(
      ([kind, a, b]) =>
        (m: number) =>
          join(kind, a, b === a ? 'e' : b, m),
    ),
  )

  it('gives the same in every order of arrival, without circles, and every record has one place', () => {
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (made, keys) => {
        const said = made.map((make, i) => make(i + 1))
        const order = said.map((each) => ({ each, key: keys.next().value ?? 0 }))
        const shuffled = order.sort((a, b) => a.key - b.key).map(({ each }) => each)
        assert.deepEqual(told(shuffled), told(said))
        const { groups } = foldIdentity(said)
        for (const [name, group] of groups) {
          assert.ok(group.records.has(name))
          assert.equal(topOf(group).into, undefined)
        }
      }),
      { seed: 20260302 },
    )
  })
})
