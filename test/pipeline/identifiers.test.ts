// What makes two identifiers one, and how the numbers of a person are shown. Semantics, section 1 and 2.2.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Site } from '../../src/canonical/site.ts'
import { acceptanceSite, testGateway } from './gateway.ts'
import { msh, pid, register } from './messages.ts'

interface Shown {
  readonly value: string
  readonly system: string
  readonly use?: string
  readonly type?: { readonly coding: readonly { readonly code: string }[] }
  readonly extension?: readonly { readonly url: string; readonly valueString: string }[]
}

/** What PID-3 of these messages leaves: the numbers of each patient, and the warnings. */
async function told(
  lists: readonly (readonly [pid3: string, source?: string, more?: Readonly<Record<number, string>>])[],
  site: Site = acceptanceSite(),
): Promise<{ numbers: Shown[][]; errors: (readonly string[])[] }> {
  const gateway = await testGateway(site)
  try {
    const errors: (readonly string[])[] = []
    for (const [i, [pid3, source = 'ADT1|GHH', more = {}]] of lists.entries()) {
      const time = `2026030208${String(i).padStart(2, '0')}00`
      errors.push((await gateway.send(...register('', { 3: pid3, ...more }, { time, source }))).errors)
    }
    return { numbers: (await gateway.all('Patient')).map((each) => each.identifier as Shown[]), errors }
  } finally {
    await gateway.close()
  }
}

const codesOf = ({ type }: Shown): string[] => (type?.coding ?? []).map(({ code }) => code)
const brief = (list: readonly Shown[] | undefined): string[] =>
  (list ?? []).map(({ value, use }) => `${value} ${use ?? '-'}`)
const marksOf = ({ extension = [] }: Shown): string[] =>
  extension.flatMap(({ url, valueString }) => (url.endsWith('/asserted-by') ? [valueString] : []))

describe('a number', () => {
  it('is one whatever its type (CX.5) and facility (CX.6); all types that were seen are kept, in either order', async () => {
    const ways = ['1^^^GHH&2.16.840.1.113883.19.5.1&ISO^MR^FAC1', '1^^^GHH^PI^FAC2']
    for (const order of [ways, ways.toReversed()]) {
      const { numbers } = await told(order.map((each) => [each]))
      assert.equal(numbers.length, 1)
      assert.deepEqual(numbers[0]?.map(codesOf), [['MR', 'PI']])
    }
  })

  it('of another authority is another person’s', async () => {
    assert.equal((await told([['1^^^GHH^MR'], ['1^^^WCL^MR', 'WREG|WCL']])).numbers.length, 2)
  })

  it('whose namespace and OID contradict the register is that of the OID, with a warning', async () => {
    const { numbers, errors } = await told([['1^^^GHH&1.2.3.4&ISO^MR']])
    assert.deepEqual(errors, [['W UNKNOWN-AUTHORITY PID^1^3']])
    assert.equal(numbers[0]?.[0]?.system, 'urn:oid:1.2.3.4')
  })

  it('that had ended when it was sent (CX.8) is nobody’s any more: it decides nothing, and is old', async () => {
    const { numbers } = await told([['1^^^GHH^MR'], ['9^^^GHH^MR~1^^^GHH^MR^^20200101^20210101']])
    assert.deepEqual(numbers.map(brief).sort(), [['1 usual'], ['9 usual', '1 old']])
  })

  it('that says that there is no social security number is none, wherever it stands', async () => {
    const fillers = ['123-45-6789', '000-12-3456', '999-99-9999', '111111111']
    const list = ['1^^^GHH^MR', ...fillers.map((each) => `${each}^^^SSA^SS`), '219-09-9998^^^SSA^SS'].join(
      '~',
    )
    const { numbers } = await told([[list, 'ADT1|GHH', { 19: '999-99-9999' }]])
    assert.deepEqual(brief(numbers[0]), ['1 usual', '219-09-9998 official'])
  })
})

describe('a number that its sender does not own', () => {
  it('is marked with who told of it, until its owner does', async () => {
    const alone = await told([['1^^^GHH^MR~9^^^WCL^MR']])
    assert.deepEqual(alone.numbers[0]?.map(marksOf), [[], ['ADT1|GHH']])
    const lists = [['1^^^GHH^MR~9^^^WCL^MR'], ['9^^^WCL^MR', 'WREG|WCL']] as const
    const both = await told(lists)
    assert.deepEqual(both.numbers[0]?.map(marksOf), [[], []])
  })

  it('is not added where the site does not want it, but a person known by nothing else keeps it', async () => {
    const site = acceptanceSite((written) => {
      written.policy = { acceptForeignIds: false }
    })
    assert.deepEqual(brief((await told([['1^^^GHH^MR~9^^^WCL^MR']], site)).numbers[0]), ['1 usual'])
    assert.deepEqual(brief((await told([['1^^^GHH^MR', 'SCHED1|GHH']], site)).numbers[0]), ['1 usual'])
  })
})

describe('a number without its authority', () => {
  it('is refused at its component, and nothing is kept', async () => {
    const gateway = await testGateway()
    try {
      const answer = await gateway.send(
        msh({ event: 'ADT^A28' }),
        'EVN||20260302',
        pid({ 3: '1', 5: 'DOE^JANE' }),
      )
      assert.deepEqual([answer.code, answer.errors], ['AE', ['E 101 PID^1^3^1^4']])
      assert.deepEqual(await gateway.all('Patient'), [])
    } finally {
      await gateway.close()
    }
  })
})
