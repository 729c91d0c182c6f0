// Diagnoses, allergies, observations, roles: one resource by its key, in whatever order and however often messages come
// (semantics, section 7; issue 3, points 2 and 7).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { validateResource } from '../../src/fhir/validate.ts'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, segment, visit } from './messages.ts'

type Resource = Record<string, unknown>

/** A message about the visit V<n> of the patient P<n>. */
const about = (n: string, event: string, time: string, ...segments: string[]): string[] => [
  msh({ event: `ADT^${event}^ADT_A01`, time }),
  `EVN||${time}`,
  pid({ 3: mrn(`P${n}`), 5: 'DOE^JANE^^^^^L', 7: '19800101', 8: 'F', 18: account(`A${n}`) }),
  segment('PV1', { 1: '1', 2: 'I', 3: 'ICU^101^A^GHH', 19: visit(`V${n}`) }),
  ...segments,
]

const first = '20260302080000'
const later = '20260302090000'
const latest = '20260302100000'

describe('clinical segments', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway(acceptanceSite())
  })
  after(() => gateway.close())

  const send = async (...segments: string[]) => {
    const answer = await gateway.send(...segments)
    assert.equal(answer.code, 'AA', answer.text)
    assert.deepEqual(gateway.faults, [])
    return answer
  }
  /** Resources of a type that speak of a patient, by what is in them. */
  const of = async (type: string, text: string) =>
    (await gateway.all(type)).filter((each) => JSON.stringify(each).includes(text))
  const visitOf = async (n: string) => (await of('Encounter', `"V${n}"`))[0] ?? {}
  const codes = (resources: readonly Resource[]) =>
    resources.map(({ code }) => (code as { coding: { code: string }[] }).coding[0]?.code).sort()

  it('of one visit are one resource each, however often they are said', async () => {
    const set = [
      'DG1|1||D11^Angina^I10||20260302|A|||||||||1',
      'AL1|1|DA^Drug|A11^Penicillin^L|SV|Hives',
      'OBX|1|NM|O11^Height^L||172|cm|||||F|||20260302',
      'PR1|1|C4|R11|Hip|20260302100000',
    ]
    await send(...about('11', 'A01', first, ...set))
    await send(...about('11', 'A08', later, ...set))
    for (const [type, code] of [
      ['Condition', 'D11'],
      ['AllergyIntolerance', 'A11'],
      ['Observation', 'O11'],
      ['Procedure', 'R11'],
    ] as const) {
      const found = await of(type, `"${code}"`)
      assert.equal(found.length, 1, `${type} ${found.length}`)
      assert.deepEqual(
        validateResource(found[0]).filter(({ severity }) => severity === 'error'),
        [],
      )
    }
    const { diagnosis } = await visitOf('11')
    assert.equal((diagnosis as unknown[]).length, 1)
  })

  it('DG1 without action codes is a snapshot of the visit, and takes no resource away', async () => {
    await send(...about('12', 'A01', first, 'DG1|1||D12A^One^I10|||A', 'DG1|2||D12B^Two^I10|||W'))
    await send(...about('12', 'A08', later, 'DG1|1||D12B^Two^I10|||W', 'DG1|2||D12C^Three^I10|||F'))
    const { diagnosis } = await visitOf('12')
    const listed = (diagnosis as { condition: { reference: string } }[]).map(
      ({ condition }) => condition.reference,
    )
    const known = await of('Condition', '"D12')
    assert.deepEqual(codes(known), ['D12A', 'D12B', 'D12C'])
    assert.deepEqual(codes(known.filter(({ id }) => listed.includes(`Condition/${String(id)}`))), [
      'D12B',
      'D12C',
    ])
  })

  it('DG1 with action codes adds and removes, and what is removed is an error', async () => {
    const dg1 = (n: string, code: string, action: string) =>
      segment('DG1', { 1: n, 3: `${code}^x^I10`, 6: 'W', 20: `X${code}^GHH`, 21: action })
    await send(...about('13', 'A01', first, dg1('1', 'D13A', 'A'), dg1('2', 'D13B', 'A')))
    await send(...about('13', 'A08', later, dg1('1', 'D13A', 'D'), dg1('2', 'D13C', 'A')))
    const { diagnosis } = await visitOf('13')
    const listed = JSON.stringify(diagnosis)
    const all = await of('Condition', '"D13')
    assert.deepEqual(codes(all.filter(({ id }) => listed.includes(String(id)))), ['D13B', 'D13C'])
    const [removed] = await of('Condition', '"D13A"')
    assert.match(JSON.stringify(removed?.verificationStatus), /entered-in-error/)
  })

  it('come to the same in any order of arrival', async () => {
    const messages = (n: string) => [
      about(n, 'A01', first, `AL1|1|DA|AL^Penicillin^L|MI|Rash`, 'DG1|1||DO^Angina^I10|||A'),
      about(n, 'A08', later, `AL1|1|DA|AL^Penicillin^L|SV|Shock`, 'DG1|1||DO^Angina^I10|||W'),
      about(n, 'A08', latest, 'DG1|1||DP^Infarct^I10|||F'),
    ]
    const shown = async (n: string) => {
      const own = JSON.stringify((await of('Patient', `"P${n}"`))[0]?.id)
      const found: Resource[] = []
      for (const type of ['AllergyIntolerance', 'Condition', 'Encounter'])
        found.push(...(await of(type, own)))
      return found.map(
        ({ id: _, encounter: __, subject: ___, patient: ____, identifier: _____, ...rest }) => {
          const {
            diagnosis,
            account: ______,
            ...others
          } = rest as Resource & { diagnosis?: { use: unknown }[] }
          return { ...others, ...(diagnosis && { diagnosis: diagnosis.map(({ use }) => use) }) }
        },
      )
    }
    for (const message of messages('14')) await send(...message)
    for (const message of messages('15').reverse()) await gateway.send(...message)
    assert.deepEqual(await shown('15'), await shown('14'))
  })

  it('AL1 is the whole list: what the latest one leaves out is inactive, in any order, and comes back when named', async () => {
    const lists: [string, ...string[]][] = [
      [first, 'AL1|1|DA|L1', 'AL1|2|FA|L2'],
      [later, 'AL1|1|DA|L1'],
      [latest, 'AL1|1|DA|L3'],
    ]
    const state = async (n: string) => {
      const patient = (await of('Patient', `"P${n}"`))[0]?.id
      const all = await of('AllergyIntolerance', `Patient/${patient}`)
      return all
        .map((each) => [
          (each.code as { coding: { code: string }[] }).coding[0]?.code,
          (each.clinicalStatus as { coding: { code: string }[] }).coding[0]?.code,
        ])
        .sort()
    }
    const expected = [
      ['L1', 'inactive'],
      ['L2', 'inactive'],
      ['L3', 'active'],
    ]
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]
    for (const [i, order] of orders.entries()) {
      const n = `7${i}`
      for (const at of order) {
        const [time = '', ...list] = lists[at] ?? []
        await send(...about(n, 'A08', time, ...list))
      }
      assert.deepEqual(await state(n), expected, order.join())
    }
    await send(...about('70', 'A31', '20260302110000', 'AL1|1|FA|L2'))
    assert.deepEqual(await state('70'), [
      ['L1', 'inactive'],
      ['L2', 'active'],
      ['L3', 'inactive'],
    ])
    await send(...about('70', 'A08', '20260302120000', segment('OBX', { 2: 'ST', 3: 'HT', 5: '1' })))
    assert.deepEqual((await state('70'))[1], ['L2', 'active'], 'no AL1 says nothing')
    await send(...about('70', 'A08', '20260302130000', 'AL1|""'))
    assert.deepEqual(await state('70'), [
      ['L1', 'inactive'],
      ['L2', 'inactive'],
      ['L3', 'inactive'],
    ])
  })
  it('AL1 of one source takes nothing away from the list of another', async () => {
    await send(...about('75', 'A08', first, 'AL1|1|DA|M1', 'AL1|2|DA|M2'))
    const [head = '', ...rest] = about('75', 'A08', later, 'AL1|1|DA|M2')
    await send(head.replace('ADT1|GHH', 'SCHED1|GHH'), ...rest)
    const [one] = await of('AllergyIntolerance', '"M1"')
    assert.match(JSON.stringify(one?.clinicalStatus), /"active"/)
  })
  it('that are taken back before anybody has told of them are kept as errors, with a warning', async () => {
    const taken = (n: number) => [
      segment('DG1', { 1: '1', 3: 'R98^Unknown^L', 20: `DX98${n}^GHH`, 21: 'D' }),
      segment('IAM', { 1: '1', 3: 'A98^Latex^L', 6: 'D', 7: `ALG98${n}^GHH` }),
      segment('PR1', { 1: '1', 3: 'P98^Suture^L', 5: first, 19: `PX98${n}^GHH`, 20: 'D' }),
    ]
    const expected = ['DG1^1^21', 'IAM^1^6', 'PR1^1^20'].map((each) => `W NOTHING-TO-CANCEL ${each}`)
    assert.deepEqual((await send(...about('98', 'A01', first, ...taken(1)))).errors, expected)
    assert.match(JSON.stringify(await of('Condition', '"DX981"')), /entered-in-error/)
    // Now it is known.
    assert.deepEqual((await send(...about('98', 'A08', later, ...taken(1)))).errors, [])
  })
  it('IAM by its number: what is said to be an error has no clinical status', async () => {
    const iam = (action: string) => segment('IAM', { 1: '1', 3: 'A16^Latex^L', 6: action, 7: 'ALG16^GHH' })
    await send(...about('16', 'A01', first, iam('A')))
    assert.match(JSON.stringify((await of('AllergyIntolerance', '"A16"'))[0]?.clinicalStatus), /active/)
    await send(...about('16', 'A08', later, iam('D')))
    const [wrong] = await of('AllergyIntolerance', '"A16"')
    assert.equal(wrong?.clinicalStatus, undefined)
    assert.match(JSON.stringify(wrong?.verificationStatus), /entered-in-error/)
  })

  it('observations of different times are different, of one time one', async () => {
    const obx = (value: string, time: string) => `OBX|1|NM|O17^Pulse^L||${value}|/min|||||F|||${time}`
    await send(...about('17', 'A01', first, obx('60', first)))
    await send(...about('17', 'A08', later, obx('70', later)))
    await send(...about('17', 'A08', latest, obx('71', later)))
    const values = (await of('Observation', '"O17"')).map(
      ({ valueQuantity }) => (valueQuantity as { value: number }).value,
    )
    assert.deepEqual(values.sort(), [60, 71])
  })

  it('ROL adds and removes one role, the others stay', async () => {
    const rol = (id: string, action: string, who: string) => `ROL|${id}|${action}|AT^Attending^HL70443|${who}`
    await send(...about('18', 'A01', first, rol('1', 'AD', '881^ONE^ANN'), rol('2', 'AD', '882^TWO^BOB')))
    await send(...about('18', 'A08', later, rol('1', 'DE', '881^ONE^ANN')))
    const { participant } = await visitOf('18')
    const names = (participant as { individual: { display: string } }[]).map(
      ({ individual }) => individual.display,
    )
    assert.deepEqual(names, ['TWO, BOB'])
  })

  it('follow the patient into a merge', async () => {
    await send(...about('19', 'A01', first, 'AL1|1|FA|A19^Peanut^L'))
    await send(...about('20', 'A01', first))
    await send(
      msh({ event: 'ADT^A40^ADT_A39', time: later }),
      `EVN||${later}`,
      pid({ 3: mrn('P20'), 5: 'DOE^JANE^^^^^L', 7: '19800101', 8: 'F' }),
      `MRG|${mrn('P19')}`,
    )
    const [survivor] = await of('Patient', '"P20"')
    const [allergy] = await of('AllergyIntolerance', '"A19"')
    assert.deepEqual(allergy?.patient, { reference: `Patient/${String(survivor?.id)}` })
  })

  it('an episode of care is known by PV1-54', async () => {
    const message = about('21', 'A01', first)
    message[3] = segment('PV1', {
      1: '1',
      2: 'I',
      19: visit('V21'),
      53: 'Hip replacement',
      54: 'EP21^^^GHH^XX',
    })
    await send(...message)
    const [episode] = await of('EpisodeOfCare', '"EP21"')
    assert.deepEqual(episode?.type, [{ text: 'Hip replacement' }])
    const { episodeOfCare } = await visitOf('21')
    assert.deepEqual(episodeOfCare, [{ reference: `EpisodeOfCare/${String(episode?.id)}` }])
  })

  it('that say nothing that could be kept make nothing, and refuse nothing', async () => {
    const answer = await send(
      ...about('22', 'A01', first, 'DG1|1', 'AL1|1|DA', 'OBX|1|NM|||5||||||F', 'PR1|1', 'ROL|1|AD'),
    )
    assert.deepEqual(answer.errors, [])
    const own = String((await of('Patient', '"P22"'))[0]?.id)
    for (const type of ['Condition', 'AllergyIntolerance', 'Observation', 'Procedure'])
      assert.deepEqual(await of(type, own), [], type)
  })

  it('EVN-3 is when a patient is expected, EVN-4 why it was told, EVN-7 where', async () => {
    const message = about('24', 'A05', first)
    message[0] = msh({ event: 'ADT^A05^ADT_A05', time: first })
    message[1] = `EVN||${first}|20260310090000|01^Patient request^HL70062|||GHH`
    await send(...message)
    const { id, extension } = await visitOf('24')
    assert.match(JSON.stringify(extension), /plannedStartDate","valueDateTime":"2026-03-10T09:00:00-05:00"/)
    const [told] = await of('Provenance', `Encounter/${String(id)}`)
    assert.deepEqual(told?.location, { display: 'GHH' })
    assert.match(JSON.stringify(told?.reason), /v2-0062","code":"01"|"code":"01","system":"[^"]*v2-0062/)
  })

  it('SCH-3 and SCH-24 tell which of a series an appointment is, SCH-20 who typed it', async () => {
    const sch = { 2: 'FS25^SCHED1', 3: '2', 7: 'ROUTINE', 11: '^^M30^20260306140000^20260306143000' }
    await send(
      msh({ event: 'SIU^S12^SIU_S12', source: 'SCHED1|GHH', time: first }),
      segment('SCH', { ...sch, 20: '77^CLERK^PAT', 24: 'FS0^SCHED1', 25: 'Booked' }),
      pid({ 3: mrn('P25'), 5: 'DOE^JANE^^^^^L', 7: '19800101', 8: 'F' }),
      'RGS|1|A',
      'AIL|1|A|CLN1^EX9^^GHH',
    )
    const [booked] = await of('Appointment', '"FS25"')
    const [told] = await of('Provenance', `Appointment/${String(booked?.id)}`)
    assert.match(JSON.stringify(told?.agent), /"code":"enterer".*"value":"77"|"value":"77".*"code":"enterer"/)
    const all = (booked?.extension ?? []) as { url: string; extension?: Resource[] }[]
    const parts = all.find(({ url }) => url.endsWith('/series'))?.extension ?? []
    assert.deepEqual(parts.map(({ url }) => url).sort(), ['occurrence', 'parent'])
    assert.equal(parts.find(({ url }) => url === 'occurrence')?.valueInteger, 2)
    assert.match(JSON.stringify(parts.find(({ url }) => url === 'parent')), /"value":"FS0"/)
  })

  it('keep their lineage', async () => {
    await send(...about('23', 'A01', first, 'DG1|1||D23^Angina^I10|||F'))
    const rows = await gateway.store.db.read.query<{ n: number }>(
      'test_shapes',
      `select count(*)::int as n from lineage_shape where spans::text like '%diagnosis[0].use%DG1-6%'`,
    )
    assert.ok((rows[0]?.n ?? 0) > 0)
  })
})
