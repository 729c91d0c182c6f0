// What a source may mean otherwise than the standard says: strictPam and zeroLengthListMeansDelete of the site.
// Semantics, sections 6 and 8.5.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, segment, visit } from './messages.ts'

type Resource = Record<string, unknown>

/** The acceptance site whose ADT source has one more property. */
const withSwitch = (name: string) =>
  acceptanceSite((site) => {
    site.sources = (site.sources as Resource[]).map((each) =>
      each.id === 'ADT1|GHH' ? { ...each, [name]: true } : each,
    )
  })

const told = (
  gateway: TestGateway,
  event: string,
  hour: string,
  who: string,
  more: readonly string[] = [],
): Promise<Answer> => {
  const time = `20260302${hour}0000`
  return gateway.send(
    msh({ event: `ADT^${event}`, time }),
    `EVN||${time}`,
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 18: account(`A${who}`) }),
    ...more.filter((each) => each.startsWith('NK1')),
    segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 19: visit(`V${who}`) }),
    ...more.filter((each) => !each.startsWith('NK1')),
  )
}

describe('a source that wants events in order (strictPam)', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway(withSwitch('strictPam'))
  })
  after(() => gateway.close())

  const statusOf = async (who: string): Promise<unknown> =>
    (await gateway.all('Encounter')).find((each) => JSON.stringify(each).includes(`"V${who}"`))?.status
  const refused = (answer: Answer) =>
    assert.deepEqual([answer.code, answer.errors], ['AE', ['E ILLEGAL-TRANSITION PV1^1^19']])

  it('has what does not fit the visit refused, and nothing of it is kept', async () => {
    refused(await told(gateway, 'A03', '09', 'S1'))
    assert.equal(await statusOf('S1'), undefined)
    assert.equal((await told(gateway, 'A01', '08', 'S1')).code, 'AA')
    refused(await told(gateway, 'A01', '09', 'S1'))
    refused(await told(gateway, 'A22', '09', 'S1'))
    assert.equal((await told(gateway, 'A03', '10', 'S1')).code, 'AA')
    refused(await told(gateway, 'A02', '09', 'S1'))
    assert.equal(await statusOf('S1'), 'finished')
  })

  it('has what cancels nothing dropped: what it would cancel may come afterwards and stands', async () => {
    assert.deepEqual((await told(gateway, 'A11', '09', 'S2')).errors, ['W NOTHING-TO-CANCEL PV1^1^19'])
    assert.equal((await told(gateway, 'A01', '08', 'S2')).code, 'AA')
    assert.equal(await statusOf('S2'), 'in-progress')
    assert.equal((await told(gateway, 'A11', '10', 'S2')).code, 'AA')
    assert.equal(await statusOf('S2'), 'cancelled')
  })

  it('is the only one: others have their events sorted', async () => {
    const other = await testGateway()
    try {
      for (const [event, hour] of [
        ['A03', '10'],
        ['A01', '08'],
        ['A02', '09'],
      ] as const)
        assert.equal((await told(other, event, hour, 'S3')).code, 'AA')
      assert.equal((await other.all('Encounter'))[0]?.status, 'finished')
    } finally {
      await other.close()
    }
  })
})

const lists = [
  'NK1|1|DOE^JOHN|SPO^Spouse^HL70063',
  'GT1|1||DOE^JOHN^^^^^L||||||||SPO^^HL70063',
  segment('IN1', {
    1: '1',
    2: 'PPO10^Plan^L',
    3: '77^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP',
    4: 'Payer',
    16: 'DOE^JANE^^^^^L',
    17: 'SEL^Self^HL70063',
    36: 'MEM1',
  }),
]

describe('a list that a message leaves out', () => {
  const counts = async (gateway: TestGateway) => {
    const [person] = await gateway.all('Patient')
    const [bill] = await gateway.all('Account')
    const size = (list: unknown) => (Array.isArray(list) ? list.length : 0)
    return [size(person?.contact), size(bill?.guarantor), size(bill?.coverage)]
  }
  const countsAfter = async (gateway: TestGateway, event: string) => {
    try {
      await told(gateway, 'A01', '08', 'Z1', lists)
      assert.deepEqual(await counts(gateway), [1, 1, 1])
      assert.deepEqual((await told(gateway, event, '09', 'Z1')).errors, [])
      return await counts(gateway)
    } finally {
      await gateway.close()
    }
  }

  it('says nothing', async () => {
    assert.deepEqual(await countsAfter(await testGateway(), 'A08'), [1, 1, 1])
  })

  it('is empty when its source means that (zeroLengthListMeansDelete), in events that have lists', async () => {
    assert.deepEqual(
      await countsAfter(await testGateway(withSwitch('zeroLengthListMeansDelete')), 'A08'),
      [0, 0, 0],
    )
    assert.deepEqual(
      await countsAfter(await testGateway(withSwitch('zeroLengthListMeansDelete')), 'A02'),
      [1, 1, 1],
    )
  })

  it('is emptied by "" in its first field whatever the source means', async () => {
    const gateway = await testGateway()
    try {
      await told(gateway, 'A01', '08', 'Z2', lists)
      await told(gateway, 'A08', '09', 'Z2', ['NK1|""', 'GT1|""', 'IN1|""|""'])
      assert.deepEqual(await counts(gateway), [0, 0, 0])
    } finally {
      await gateway.close()
    }
  })
})
