// A source that puts the visit's number into PID-18 (pid18IsVisit; semantics, section 10).
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.sources = [...(site.sources as object[]), { id: 'OLD|GHH', token: 'old', pid18IsVisit: true }]
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
