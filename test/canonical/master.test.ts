// Who decides what a master is called: the same in any order of arrival, no rewriting by feeds that only repeat.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { foldMaster, masterKey, stateMaster, stepOf } from '../../src/canonical/masters/master.ts'
import type { Assertion, CellKey, Contribution } from '../../src/canonical/truth/contribution.ts'
import { Said } from '../../src/pipeline/batch/said.ts'

const minutes = 60_000
interface Mention {
  readonly source: string
  readonly value: string
  readonly minute: number
}
const said = (source: string, value: string, minute: number): Mention => ({ source, value, minute })

const trusts: Readonly<Record<string, number>> = { ADT: 90, REG: 50, LAB: 50 }
const trust = (source: string): number => trusts[source] ?? 50

const cellsOf = ({ value, minute }: Mention, i: string): Record<CellKey, Assertion> => ({
  [masterKey('name<PV1-7', 'Practitioner', value)]: { v: [{ family: value }], t: minute * minutes, m: 0, i },
})

/** What is kept after the mentions, and how often something had to be written. */
function keep(mentions: readonly Mention[]): { all: Contribution[]; writes: number } {
  const all = new Map<string, Contribution>()
  let writes = 0
  for (const [n, mention] of mentions.entries()) {
    const cells = stateMaster(all.get(mention.source), cellsOf(mention, String(n)))
    if (!cells) continue
    writes++
    all.set(mention.source, { source: mention.source, key: '', i: String(n), cells })
  }
  return { all: [...all.values()], writes }
}

const shown = (mentions: readonly Mention[]): unknown => {
  const { name } = foldMaster('Practitioner', {}, keep(mentions).all, trust)
  return (name as readonly { family: string }[] | undefined)?.[0]?.family
}

describe('a master', () => {
  it('is called what its source says now, also when that is what it said before', () => {
    assert.equal(shown([said('ADT', 'CHEN', 0)]), 'CHEN')
    assert.equal(shown([said('ADT', 'CHEN', 0), said('ADT', 'CHAN', 60)]), 'CHAN')
    assert.equal(shown([said('ADT', 'CHEN', 0), said('ADT', 'CHAN', 60), said('ADT', 'CHEN', 120)]), 'CHEN')
  })

  it('is called what its source came up with last while it is named in two ways at a time', () => {
    const turns = [0, 1, 2, 3].map((minute) => said('ADT', minute % 2 ? 'CHAN' : 'CHEN', minute))
    assert.equal(shown(turns), 'CHAN')
    assert.equal(keep(turns).writes, 2)
  })

  it('is called what the more trusted source says, of equals what was new last', () => {
    assert.equal(shown([said('ADT', 'CHEN', 0), said('REG', 'CHAN', 60)]), 'CHEN')
    const turns = [said('REG', 'CHEN', 0), said('LAB', 'CHAN', 60), said('REG', 'CHEN', 120)]
    assert.equal(shown(turns), 'CHAN')
  })

  it('keeps every identifier that somebody knows it by', () => {
    const cell = (value: string, t: number): Record<CellKey, Assertion> => ({
      [masterKey('identifier<PV1-7', 'Practitioner', value)]: {
        v: [{ system: 'urn:npi', value }],
        t,
        m: t,
        i: '1',
      },
    })
    const cells = { ...cell('1', 0), ...cell('2', 60 * minutes) }
    const { identifier } = foldMaster('Practitioner', {}, [{ source: 'ADT', key: '', i: '1', cells }], trust)
    assert.deepEqual(
      (identifier as readonly { value: string }[]).map((each) => each.value),
      ['1', '2'],
    )
  })

  it('converges (I1, I2): any order, any duplicates, and a memory of what was said come to the same', () => {
    const mention = fc.record({
      source: fc.constantFrom('ADT', 'REG', 'LAB'),
      value: fc.constantFrom('A', 'B', 'C'),
      minute: fc.integer({ min: 0, max: 60 }),
    })
    const histories = fc.array(mention, { maxLength: 12 }).chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray([...list, ...list], { minLength: list.length }).filter((each) => {
          const texts = new Set(each.map((one) => JSON.stringify(one)))
          return list.every((one) => texts.has(JSON.stringify(one)))
        }),
      ),
    )
    fc.assert(
      fc.property(histories, ([list, other]) => {
        assert.equal(shown(other), shown(list))
        const memory = new Said()
        const news = other.filter((each) => {
          const name = `${each.source} ${each.value}`
          if (memory.has(name, each.minute * minutes)) return false
          memory.add(name, each.minute * minutes)
          return true
        })
        assert.equal(shown(news), shown(list))
      }),
      { seed: 20260302, numRuns: 300 },
    )
  })

  it('is written once for each step in which it is named, however often that is', () => {
    const often = Array.from({ length: 100 }, (_, minute) => said('ADT', 'CHEN', minute))
    const steps = new Set(often.map((each) => stepOf(each.minute * minutes)))
    assert.equal(keep(often).writes, steps.size)
  })
})
