// Events beside visits and schedules: bed status, accounts, charges with payers of their own (mapping, section 3).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, segment, visit } from './messages.ts'

type Resource = Record<string, unknown> & { id: string }
interface Identified {
  readonly identifier?: readonly { readonly value?: string }[]
}

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
  gateway.at('2026-04-01T08:00:00-05:00')
})
after(() => gateway.close())

async function one(rtype: string, value: string): Promise<Resource | undefined> {
  const all = (await gateway.all(rtype)) as (Resource & Identified)[]
  return all.find(({ identifier }) => identifier?.some((each) => each.value === value))
}

const person = (who: string, number: string): string =>
  pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 18: account(number) })
const policy = (set: string, payer: string, member: string): string =>
  segment('IN1', { 1: set, 2: `PLAN^Plan`, 3: `${payer}^^^PAYERID&2.16.840.1.113883.19.9.9&ISO`, 36: member })

describe('A20', () => {
  const bed = (time: string, status: string) => [
    msh({ event: 'ADT^A20^ADT_A20', time }),
    `EVN||${time}`,
    `NPU|3N^301^A^GHH|${status}`,
  ]
  it('states what a bed is good for; an older statement changes nothing', async () => {
    const first = await gateway.send(...bed('20260302090000', 'H'))
    assert.deepEqual([first.code, first.errors], ['AA', []])
    const late = await gateway.send(...bed('20260302080000', 'O'))
    assert.deepEqual([late.code, late.errors], ['AA', ['W STALE NPU^1^2']])
    const status = (await one('Location', '3N-301-A'))?.operationalStatus
    assert.equal((status as { code?: string } | undefined)?.code, 'H')
    assert.equal((await gateway.all('Patient')).length, 0)
  })
  it('without a bed is refused', async () => {
    const time = '20260302091000'
    const answer = await gateway.send(msh({ event: 'ADT^A20^ADT_A20', time }), `EVN||${time}`, 'NPU||H')
    assert.deepEqual([answer.code, answer.errors], ['AE', ['E 101 NPU^1^1']])
  })
})

describe('BAR', () => {
  const bar = (event: string, time: string, number: string, ...more: string[]) =>
    gateway.send(
      msh({ event: `BAR^${event}^BAR_${event}`, time, source: 'BILL1|GHH' }),
      `EVN||${time}`,
      person('B1', number),
      ...more,
    )
  it('P01 opens an account, P06 ends it at the time of the event, whichever comes first', async () => {
    await bar('P06', '20260310180000', 'BA1')
    const answer = await bar('P01', '20260301080000', 'BA1', segment('PV1', { 2: 'I', 19: visit('BV1') }))
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    const ended = await one('Account', 'BA1')
    assert.equal(ended?.status, 'inactive')
    assert.deepEqual(ended?.servicePeriod, { end: '2026-03-10T18:00:00-05:00' })
  })
  it('keeps the diagnoses and procedures that are billed, with their visit', async () => {
    const answer = await bar(
      'P01',
      '20260301080000',
      'BA9',
      segment('PV1', { 2: 'I', 19: visit('BV9') }),
      segment('DG1', { 1: '1', 3: 'J18.9^Pneumonia^I10', 6: 'F' }),
      segment('PR1', { 1: '1', 3: '71046^Chest x-ray^C4', 5: '20260301' }),
    )
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    const visitId = (await one('Encounter', 'BV9'))?.id
    for (const [rtype, code] of [
      ['Condition', 'J18.9'],
      ['Procedure', '71046'],
    ] as const) {
      const all = (await gateway.all(rtype)) as Resource[]
      const found = all.find((each) => JSON.stringify(each.code).includes(`"${code}"`))
      assert.deepEqual(found?.encounter, { reference: `Encounter/${visitId}` }, rtype)
    }
  })
  it('P05 updates what it names and leaves the status', async () => {
    await bar('P01', '20260302080000', 'BA2')
    await bar('P05', '20260303080000', 'BA2', policy('1', 'PAYER1', 'M1'), policy('2', 'PAYER2', 'M2'))
    const updated = await one('Account', 'BA2')
    assert.equal(updated?.status, 'active')
    const listed = updated?.coverage as { priority: number }[] | undefined
    assert.deepEqual(
      listed?.map(({ priority }) => priority),
      [1, 2],
    )
  })
  it('P02 purges: the account was opened in error', async () => {
    await bar('P01', '20260302080000', 'BA3')
    await bar('P02', '20260302090000', 'BA3')
    assert.equal((await one('Account', 'BA3'))?.status, 'entered-in-error')
  })
  it('fills gaps of a person, and overwrites nothing that a register has said', async () => {
    const time = '20260303090000'
    await gateway.send(
      msh({ event: 'BAR^P01^BAR_P01', time, source: 'BILL1|GHH' }),
      `EVN||${time}`,
      pid({ 3: mrn('B1'), 5: 'ROE^OTHER^^^^^L', 8: 'F', 18: account('BA4') }),
    )
    await gateway.send(
      msh({ event: 'ADT^A31^ADT_A05', time: '20260301070000' }),
      'EVN||20260301070000',
      pid({ 3: mrn('B1'), 5: 'DOE^JANE^^^^^L', 8: 'M' }),
    )
    const known = await one('Patient', 'B1')
    const names = known?.name as { family: string }[] | undefined
    assert.deepEqual([known?.gender, names?.[0]?.family], ['male', 'DOE'])
  })
  it('P01 without an account is refused', async () => {
    const time = '20260303100000'
    const answer = await gateway.send(
      msh({ event: 'BAR^P01^BAR_P01', time, source: 'BILL1|GHH' }),
      `EVN||${time}`,
      pid({ 3: mrn('B1'), 5: 'DOE^JANE^^^^^L' }),
    )
    assert.deepEqual([answer.code, answer.errors], ['AE', ['E 101 PID^1^18']])
  })
})

describe('DFT^P03', () => {
  it('ties each charge to the procedures of its own group', async () => {
    const time = '20260305090000'
    const line = (number: string, procedure: string) => [
      segment('FT1', { 1: '1', 2: number, 4: '20260305', 6: 'CG', 7: `CDM${number}`, 11: '10&USD' }),
      segment('PR1', { 1: '1', 3: `${procedure}^X^C4`, 5: '20260305' }),
    ]
    const answer = await gateway.send(
      msh({ event: 'DFT^P03^DFT_P03', time, source: 'BILL1|GHH' }),
      `EVN||${time}`,
      person('D1', 'DA1'),
      ...line('SV1', '71045'),
      ...line('SV2', '71048'),
    )
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    const procedures = (await gateway.all('Procedure')) as Resource[]
    for (const [number, code] of [
      ['SV1', '71045'],
      ['SV2', '71048'],
    ] as const) {
      const procedure = procedures.find((each) => JSON.stringify(each.code).includes(`"${code}"`))
      const charge = await one('ChargeItem', number)
      assert.deepEqual(charge?.service, [{ reference: `Procedure/${procedure?.id}` }], number)
    }
  })
})

describe('DFT^P11', () => {
  it('insurance in the group of a charge pays for that charge, and the account keeps its own', async () => {
    const time = '20260302120000'
    const charge = (n: string) =>
      segment('FT1', {
        1: n,
        2: `P11-${n}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO`,
        4: '20260302',
        6: 'CG',
        7: '99213',
        11: '10.00&USD',
      })
    const answer = await gateway.send(
      msh({ event: 'DFT^P11^DFT_P11', time, source: 'BILL1|GHH' }),
      `EVN||${time}`,
      person('P1', 'PA1'),
      policy('1', 'PAYER1', 'PM1'),
      charge('1'),
      charge('2'),
      policy('1', 'PAYER2', 'PM2'),
    )
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    const policies = await gateway.all('Coverage')
    const [own, other] = ['PM1', 'PM2'].map((member) => policies.find((each) => each.subscriberId === member))
    const held = await one('Account', 'PA1')
    assert.deepEqual(held?.coverage, [{ coverage: { reference: `Coverage/${own?.id}` }, priority: 1 }])
    assert.equal((await one('ChargeItem', 'P11-1'))?.supportingInformation, undefined)
    assert.deepEqual((await one('ChargeItem', 'P11-2'))?.supportingInformation, [
      { reference: `Coverage/${other?.id}` },
    ])
  })
})

describe('what stands in the group of a charge', () => {
  it('DG1 is why, GT1 who answers for it, NTE is said of it: the account keeps its own guarantor', async () => {
    const time = '20260302130000'
    const answer = await gateway.send(
      msh({ event: 'DFT^P11^DFT_P11', time, source: 'BILL1|GHH' }),
      `EVN||${time}`,
      person('P2', 'PA2'),
      segment('GT1', { 1: '1', 2: 'G1', 3: 'DOE^JOHN', 11: 'SPO' }),
      segment('FT1', { 1: '1', 2: 'P11-9^^^BILL1TX', 4: '20260302', 6: 'CG', 7: '99213', 11: '10.00&USD' }),
      'NTE|1||seen by phone',
      'DG1|1||J45^Asthma^I10',
      segment('GT1', { 1: '1', 2: 'G2', 21: 'ACME^^2' }),
    )
    assert.deepEqual([answer.code, answer.errors.filter((each) => !/AUTHORITY/.test(each))], ['AA', []])
    const charge = (await gateway.all('ChargeItem')).find(({ identifier }) =>
      JSON.stringify(identifier).includes('P11-9'),
    )
    const [condition] = (await gateway.all('Condition')).filter(({ code }) =>
      /J45/.test(JSON.stringify(code)),
    )
    const [organization] = (await gateway.all('Organization')).filter(({ name }) => name === 'ACME')
    const [relative] = (await gateway.all('RelatedPerson')).filter(({ identifier }) =>
      JSON.stringify(identifier).includes('G1'),
    )
    assert.ok(condition && organization && relative)
    assert.deepEqual(charge?.note, [{ text: 'seen by phone' }])
    assert.deepEqual(charge?.supportingInformation, [{ reference: `Condition/${condition.id}` }])
    assert.deepEqual(charge?.extension, [
      {
        url: 'http://portico.example.org/StructureDefinition/guarantor',
        valueReference: { reference: `Organization/${organization.id}` },
      },
    ])
    const held = await one('Account', 'PA2')
    assert.deepEqual(held?.guarantor, [{ party: { reference: `RelatedPerson/${relative.id}` } }])
  })
})

describe('QRY^A19', () => {
  let asking: TestGateway
  before(async () => {
    const reader = (id: string, protectedPatients: string) => {
      return { id, address: 'localhost:1', feeds: ['adt-person'], protectedPatients }
    }
    asking = await testGateway(
      acceptanceSite((site) => {
        site.subscribers = [reader('ADT1|GHH', 'full'), reader('SCHED1|GHH', 'none')]
      }),
    )
    asking.at('2026-04-01T08:00:00-05:00')
    const known = { 3: mrn('Q1'), 5: 'DOE^JANE^A^^^^L', 7: '19800101', 8: 'F', 11: '1 A ST^^B^IL^62099' }
    for (const [who, secret] of [
      ['Q1', 'N'],
      ['Q2', 'Y'],
    ] as const) {
      const answer = await asking.send(
        msh({ event: 'ADT^A28^ADT_A05' }),
        'EVN||20260302080000',
        pid({ ...known, 3: mrn(who) }),
        segment('PD1', { 12: secret }),
      )
      assert.equal(answer.code, 'AA')
    }
  })
  after(() => asking.close())
  const ask = (source: string, ...numbers: string[]) =>
    asking.send(
      msh({ event: 'QRY^A19', source }),
      segment('QRD', {
        1: '20260302090000',
        2: 'R',
        3: 'I',
        4: 'Q4711',
        7: '1^RD',
        8: numbers.map((each) => `${each}^^^^^^^^GHH&2.16.840.1.113883.19.5.1&ISO`).join('~'),
        9: 'DEM',
      }),
    )
  it('is answered with a PID for each number that is known, and the question as it came', async () => {
    const { code, text } = await ask('ADT1|GHH', 'Q1', 'NOBODY')
    assert.equal(code, 'AA')
    assert.match(text, /^MSH[^\r]*\|ADR\^A19\^ADR_A19\|/)
    assert.match(text, /\rQRD\|20260302090000\|R\|I\|Q4711\|/)
    const persons = text.split('\r').filter((line) => line.startsWith('PID'))
    assert.deepEqual(persons, [
      'PID|1||Q1^^^GHH&2.16.840.1.113883.19.5.1&ISO^MR||DOE^JANE^A^^^^L||19800101|F|||1 A ST^^B^IL^62099',
    ])
  })
  it('says of protected persons what the subscriber may know of them', async () => {
    assert.match((await ask('ADT1|GHH', 'Q2')).text, /DOE\^JANE/)
    assert.doesNotMatch((await ask('SCHED1|GHH', 'Q2')).text, /\rPID/)
    assert.match((await ask('SCHED1|GHH', 'Q1')).text, /DOE\^JANE/)
  })
  it('is refused to who is told of nobody, and when nobody is named', async () => {
    const stranger = await ask('BILL1|GHH', 'Q1')
    assert.deepEqual([stranger.code, stranger.errors], ['AE', ['E 207 QRD^1^8']])
    assert.doesNotMatch(stranger.text, /DOE/)
    const empty = await ask('ADT1|GHH')
    assert.deepEqual([empty.code, empty.errors], ['AE', ['E 101 QRD^1^8']])
  })
})

describe('ADT^A29', () => {
  const about = (event: string, structure: string, who: string, time: string, ...more: string[]) =>
    gateway.send(
      msh({ event: `ADT^${event}^ADT_${structure}`, time }),
      `EVN||${time}`,
      pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
      ...more,
    )
  const shown = async (who: string) => {
    const found = await one('Patient', who)
    const [number] = (found?.identifier ?? []) as { use?: string }[]
    const tags = (found?.meta as { tag?: { code: string }[] } | undefined)?.tag ?? []
    return [found?.active, number?.use, tags.map(({ code }) => code)]
  }
  it('takes a person out of the register; what is said later takes it back, in any order', async () => {
    await about('A28', 'A05', 'X1', '20260301080000')
    const answer = await about('A29', 'A21', 'X1', '20260302080000')
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    assert.deepEqual(await shown('X1'), [false, 'old', ['deleted']])
    await about('A31', 'A05', 'X1', '20260301090000')
    assert.deepEqual(await shown('X1'), [false, 'old', ['deleted']])
    await about('A28', 'A05', 'X1', '20260303080000')
    assert.deepEqual(await shown('X1'), [true, 'usual', []])
    await about('A29', 'A21', 'X1', '20260302090000')
    assert.deepEqual(await shown('X1'), [true, 'usual', []])
  })
  it('is refused while a visit is open, and taken once it has ended', async () => {
    const stay = segment('PV1', { 2: 'I', 19: visit('XV2') })
    await about('A01', 'A01', 'X2', '20260301080000', stay)
    const refused = await about('A29', 'A21', 'X2', '20260302080000')
    assert.deepEqual([refused.code, refused.errors], ['AE', ['E 206 PID^1^3']])
    assert.equal((await shown('X2'))[0], true)
    await about('A03', 'A03', 'X2', '20260303080000', stay)
    assert.equal((await about('A29', 'A21', 'X2', '20260304080000')).code, 'AA')
    assert.equal((await shown('X2'))[0], false)
  })
})
