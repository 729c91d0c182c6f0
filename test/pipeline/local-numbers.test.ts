// Numbers without assigning authority: the sender's own, of one kind wherever they stand (semantics, sections 1 and 3).
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'

const header = (event: string, id: string) =>
  `MSH|^~\\&|ADT1|GHH|P|G|2026030109${id}00||${event}|C${id}|P|2.3`
const person = (account: string) => `PID|1||1^^^GHH^MR||DOE^ANN||19900101|F||||||||||${account}`
const visit = (number: string) => `PV1|1|I|W^1^1||||||||||||||||${number}`

describe('numbers without authority', () => {
  let gateway: TestGateway
  const open = async (change?: (site: Record<string, unknown>) => void) => {
    gateway = await testGateway(acceptanceSite(change))
    await gateway.send(header('ADT^A01', '01'), person('ACC1'), visit('V1'))
    await gateway.send(header('ADT^A01', '02'), person('ACC2'), visit('V2'))
  }
  const sources = (change: (source: Record<string, unknown>) => void) => (site: Record<string, unknown>) => {
    for (const source of site.sources as Record<string, unknown>[])
      if (source.id === 'ADT1|GHH') change(source)
  }
  beforeEach(() => open())
  afterEach(() => gateway.close())

  it('accounts merge: MRG-3 is a number of PID-18', async () => {
    const { code } = await gateway.send(header('ADT^A35', '03'), person('ACC2'), 'MRG|1^^^GHH^MR||ACC1')
    assert.equal(code, 'AA')
    const visits = await gateway.all('Encounter')
    assert.equal(visits.length, 2)
    assert.equal(new Set(visits.map((each) => JSON.stringify(each.account))).size, 1)
  })

  it('a visit number changes: MRG-5 is a number of PV1-19', async () => {
    const { code } = await gateway.send(
      header('ADT^A50', '03'),
      person('ACC1'),
      'MRG|1^^^GHH^MR||||V1',
      visit('V9'),
    )
    assert.equal(code, 'AA')
    const numbers = (await gateway.all('Encounter')).flatMap((each) =>
      (each.identifier as { value: string }[]).map(({ value }) => value),
    )
    assert.deepEqual(numbers.filter((value) => value === 'V9').length, 1)
    assert.equal((await gateway.all('Encounter')).length, 2)
  })

  it('have the authority that the source names for their kind', async () => {
    await gateway.close()
    await open(
      sources((source) => {
        source.defaultAuthority = { AN: 'GHH' }
      }),
    )
    const systems = (await gateway.all('Account')).flatMap((each) =>
      (each.identifier as { system: string }[]).map(({ system }) => system),
    )
    assert.equal(systems.length, 2)
    assert.ok(
      systems.every((system) => !system.startsWith('urn:portico:local')),
      systems.join(),
    )
  })

  it('of a patient have the authority that the source names for those without a type', async () => {
    const bare = 'PID|1||4711||ROE^RICK||19900101|M'
    const refused = await gateway.send(header('ADT^A28', '03'), bare)
    assert.equal(refused.code, 'AE')
    await gateway.close()
    await open(
      sources((source) => {
        source.defaultAuthority = { '': 'GHH' }
      }),
    )
    const { code } = await gateway.send(header('ADT^A28', '04'), bare)
    assert.equal(code, 'AA')
    const known = await gateway.all('Patient')
    const [number] = known.flatMap((each) =>
      (each.identifier as { system: string; value: string }[]).filter(({ value }) => value === '4711'),
    )
    assert.equal(number?.system, 'urn:oid:2.16.840.1.113883.19.5.1')
  })

  it("of an appointment whose authority stands where an OID should are that authority's", async () => {
    const sch = 'SCH||2590^^ATHENA|||||||15|min|^^^20260310090000||||||||||||||Booked'
    await gateway.send(header('SIU^S12', '03'), sch, 'PID|1||1^^^GHH^MR||DOE^ANN||19900101|F')
    const [appointment] = await gateway.all('Appointment')
    const [number] = (appointment?.identifier ?? []) as { system: string; value: string }[]
    assert.deepEqual(number?.value, '2590')
    assert.equal(number?.system, 'urn:portico:aa:ADT1:GHH:ATHENA')
  })
})
