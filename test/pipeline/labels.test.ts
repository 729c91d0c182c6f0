// Security labels and importance: who says so, who may take it back, and what they reach (semantics, sections 5 and 17).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, register, segment, visit } from './messages.ts'

type Resource = Record<string, unknown> & { id: string }

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
  gateway.at('2026-03-06T23:00:00-06:00')
})
after(() => gateway.close())

const labels = (body: Resource | undefined): string[] =>
  ((body?.meta as { security?: { code: string }[] } | undefined)?.security ?? []).map((each) => each.code)

async function find(rtype: string, holds: string): Promise<Resource | undefined> {
  return (await gateway.all(rtype)).find((each) => JSON.stringify(each.identifier).includes(`"${holds}"`)) as
    | Resource
    | undefined
}

interface Visit {
  readonly who: string
  readonly time: string
  readonly event?: string
  readonly protection?: string
  readonly vip?: string
  readonly visitProtection?: string
  readonly source?: string
}

const stay = ({
  who,
  time,
  event = 'A01',
  protection,
  vip = '',
  visitProtection,
  source,
}: Visit): string[] => [
  msh({ event: `ADT^${event}^ADT_A01`, time, ...(source ? { source } : {}) }),
  `EVN||${time}|||REG07|${time}`,
  pid({ 3: mrn(who), 5: 'ROE^VIC^^^^^L', 18: account(`A${who}`) }),
  ...(protection === undefined ? [] : [segment('PD1', { 12: protection })]),
  segment('PV1', { 1: '1', 2: 'I', 3: '5E^501^A^GHH', 16: vip, 19: visit(`V${who}`) }),
  ...(visitProtection === undefined ? [] : [segment('PV2', { 22: visitProtection })]),
]

describe('a protected person', () => {
  it('is protected with visit, account and appointment, in whatever order they are told', async () => {
    const booking = (who: string) => [
      msh({ event: 'SIU^S12^SIU_S12', source: 'SCHED1|GHH', time: '20260305100000' }),
      segment('SCH', { 2: `F${who}^SCHED1^2.16.840.1.113883.19.5.4^ISO`, 25: 'Booked^^HL70278' }),
      segment('TQ1', { 1: '1', 6: '30^min', 7: '20260310100000' }),
      pid({ 3: mrn(who), 5: 'ROE^VIC^^^^^L' }),
    ]
    for (const [n, order] of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ].entries()) {
      const who = `P${n}`
      const told = [
        stay({ who, time: '20260304100000' }),
        booking(who),
        register(who, {}, { event: 'ADT^A31^ADT_A05', time: '20260304110000' }).toSpliced(
          3,
          0,
          segment('PD1', { 12: 'Y' }),
        ),
      ]
      for (const each of order) assert.equal((await gateway.send(...(told[each] ?? []))).code, 'AA')
      for (const [rtype, holds] of [
        ['Patient', who],
        ['Encounter', `V${who}`],
        ['Account', `A${who}`],
        ['Appointment', `F${who}`],
      ] as const)
        assert.deepEqual(labels(await find(rtype, holds)), ['R'], `${rtype}, order ${order.join()}`)
    }
    // Taken back by who said so: with all that is about the person.
    const lifted = register('P0', {}, { event: 'ADT^A31^ADT_A05', time: '20260305110000' })
    await gateway.send(...lifted.toSpliced(3, 0, segment('PD1', { 12: 'N' })))
    for (const [rtype, holds] of [
      ['Patient', 'P0'],
      ['Encounter', 'VP0'],
      ['Appointment', 'FP0'],
    ] as const)
      assert.deepEqual(labels(await find(rtype, holds)), [], rtype)
  })

  it('stays protected while one source says so', async () => {
    await gateway.send(...stay({ who: 'Q1', time: '20260304100000', protection: 'Y' }))
    const other = { source: 'EHR1|GHH', event: 'A08' }
    await gateway.send(...stay({ who: 'Q1', time: '20260304110000', protection: 'N', ...other }))
    assert.deepEqual(labels(await find('Patient', 'Q1')), ['R'])
    assert.deepEqual(labels(await find('Encounter', 'VQ1')), ['R'])
  })

  it('of whom only a visit is protected (PV2-22) is not protected', async () => {
    await gateway.send(...stay({ who: 'Q2', time: '20260304100000', visitProtection: 'Y' }))
    assert.deepEqual(labels(await find('Encounter', 'VQ2')), ['R'])
    assert.deepEqual(labels(await find('Patient', 'Q2')), [])
  })

  it('is protected by a restriction of access (ARV), until that is taken back', async () => {
    const restricted = (action: string, time: string) => [
      msh({ event: 'ADT^A31^ADT_A05', time }),
      `EVN||${time}`,
      pid({ 3: mrn('ARV1'), 5: 'ROE^VIC^^^^^L' }),
      `ARV|1|${action}|DEM^Demographics^HL70717`,
      'PV1|1|N',
    ]
    await gateway.send(...restricted('A', '20260302100000'))
    assert.deepEqual(labels(await find('Patient', 'ARV1')), ['R'])
    await gateway.send(...restricted('D', '20260302110000'))
    assert.deepEqual(labels(await find('Patient', 'ARV1')), [])
  })

  it('who is in no directory (PD1-11) is shown as such, and no more protected than others', async () => {
    const time = '20260302100000'
    await gateway.send(
      msh({ event: 'ADT^A31^ADT_A05', time }),
      `EVN||${time}`,
      pid({ 3: mrn('PUB1'), 5: 'ROE^VIC^^^^^L' }),
      segment('PD1', { 11: 'N^No publicity^HL70215' }),
      'PV1|1|N',
    )
    const body = await find('Patient', 'PUB1')
    assert.match(JSON.stringify(body?.extension), /\/publicity".*"N"/)
    assert.deepEqual(labels(body), [])
  })

  it('in one batch with others leaves them as they are', async () => {
    const texts = [
      stay({ who: 'B1', time: '20260304100000', protection: 'Y' }),
      stay({ who: 'B2', time: '20260304100000' }),
      stay({ who: 'B1', time: '20260304110000', protection: 'N', event: 'A08' }),
    ]
    await Promise.all(texts.map((each) => gateway.send(...each)))
    assert.deepEqual(labels(await find('Encounter', 'VB1')), [])
    assert.deepEqual(labels(await find('Encounter', 'VB2')), [])
  })
})

describe('importance', () => {
  const importance = async (who: string): Promise<string> =>
    JSON.stringify(((await find('Patient', who))?.extension ?? []) as unknown[])

  it('of a visit (PV1-16) is that of the person, until its source takes it back', async () => {
    await gateway.send(...stay({ who: 'I1', time: '20260304100000', vip: 'VIP' }))
    assert.match(await importance('I1'), /patient-importance.*"VIP"/)
    const visited = (await find('Encounter', 'VI1'))?.hospitalization
    assert.match(JSON.stringify(visited), /specialCourtesy.*"VIP"/)
    await gateway.send(...stay({ who: 'I1', time: '20260304110000', event: 'A08' }))
    assert.match(await importance('I1'), /patient-importance/)
    await gateway.send(
      ...stay({ who: 'I1', time: '20260304120000', event: 'A08', vip: '""', source: 'EHR1|GHH' }),
    )
    assert.match(await importance('I1'), /patient-importance/)
    await gateway.send(...stay({ who: 'I1', time: '20260304120000', event: 'A08', vip: '""' }))
    assert.doesNotMatch(await importance('I1'), /patient-importance/)
  })
})
