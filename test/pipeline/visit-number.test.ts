// A source that puts the visit's number into PID-18 or elsewhere (pid18IsVisit, visitKey; semantics, section 10).
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.sources = [
        ...(site.sources as object[]),
        { id: 'OLD|GHH', token: 'old', pid18IsVisit: true },
        { id: 'KEY|GHH', token: 'key', visitKey: 'PV1-5.1', defaultAuthority: { VN: 'GHHVN' } },
      ]
    }),
  )
})
after(() => gateway.close())

const told = (source: string, event: string, time: string, number: string, pv1: string): string[] => [
  msh({ event, time, source }),
  `EVN||${time}|||OP|${time}`,
  pid({ 3: mrn('O1'), 5: 'DOE^JANE^^^^^L', 18: number }),
  segment('PV1', { 1: '1', 2: 'I', 19: pv1 }),
]

it('PID-18 names the visit, alone or beside PV1-19, and makes no account; other sources find the visit by it', async () => {
  await gateway.send(...told('OLD|GHH', 'ADT^A01^ADT_A01', '20260302070000', visit('V18'), ''))
  assert.equal((await gateway.all('Account')).length, 0)
  const [first] = (await gateway.all('Encounter')) as { identifier: { value: string; type: object }[] }[]
  assert.deepEqual(
    first?.identifier.map((each) => each.value),
    ['V18'],
  )
  assert.match(JSON.stringify(first?.identifier[0]?.type), /"VN"/)
  await gateway.send(...told('OLD|GHH', 'ADT^A08^ADT_A01', '20260302073000', visit('V18'), visit('V19')))
  await gateway.send(...told('ADT1|GHH', 'ADT^A03^ADT_A03', '20260302074500', '', visit('V18')))
  const visits = (await gateway.all('Encounter')) as { status: string; identifier: { value: string }[] }[]
  assert.equal(visits.length, 1)
  assert.deepEqual(visits[0]?.identifier.map((each) => each.value).sort(), ['V18', 'V19'])
  assert.equal(visits[0]?.status, 'finished')
})

it('the number of a visit is read from where its source has it, when PV1-19 is empty', async () => {
  const other = (event: string, time: string, five: string, nineteen: string, source = 'KEY|GHH') => [
    msh({ event, time, source }),
    `EVN||${time}|||OP|${time}`,
    pid({ 3: mrn('O2'), 5: 'DOE^JANE^^^^^L' }),
    segment('PV1', { 1: '1', 2: 'I', 5: five, 19: nineteen }),
  ]
  await gateway.send(...other('ADT^A01^ADT_A01', '20260302070000', 'VK1^^^GHHVN', ''))
  await gateway.send(...other('ADT^A03^ADT_A03', '20260302080000', '', visit('VK1'), 'ADT1|GHH'))
  await gateway.send(...other('ADT^A01^ADT_A01', '20260302090000', 'VK1^^^GHHVN', visit('VK2')))
  const visits = ((await gateway.all('Encounter')) as { status: string; identifier: { value: string }[] }[])
    .map((each) => `${each.identifier.map(({ value }) => value).join()} ${each.status}`)
    .filter((each) => each.startsWith('VK'))
  assert.deepEqual(visits.sort(), ['VK1 finished', 'VK2 in-progress'])
})
