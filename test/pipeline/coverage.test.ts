// IN1 to IN3: whose policy it is, in which order it pays, whether it still stands. Semantics, sections 7 and 11.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, segment, visit } from './messages.ts'

type Resource = Record<string, unknown> & { id: string }
type Fields = Readonly<Record<number, string>>

let gateway: TestGateway
let minute = 0
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.sources = [
        ...(site.sources as object[]),
        { id: 'FLIP|GHH', token: 'flip', in1_17Direction: 'patient-to-insured' },
      ]
    }),
  )
})
after(() => gateway.close())

/** A later time of 2026-03-02 with every call, 22:00 and on in Chicago: the next day in London. */
function later(): string {
  const at = new Date(Date.UTC(2026, 2, 2, 22, 0, minute++))
  return at.toISOString().replace(/[-T:]/g, '').slice(0, 14)
}

const in1 = (plan: string, member: string, more: Fields = {}): string =>
  segment('IN1', {
    1: '1',
    2: `${plan}^Plan ${plan}^L`,
    3: `${plan}P^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP`,
    4: `Payer of ${plan}`,
    12: '20250101',
    17: 'SEL^Self^HL70063',
    36: member,
    ...more,
  })

interface Said {
  readonly source?: string
  readonly time?: string
  readonly fields?: Fields
}

/** A28 or A31 of a person. */
function personal(event: string, who: string, segments: readonly string[], said: Said = {}): Promise<Answer> {
  const { time = later(), source = 'ADT1|GHH', fields = {} } = said
  return gateway.send(
    msh({ event: `ADT^${event}^ADT_A05`, time, source }),
    `EVN||${time}`,
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 7: '20100615', ...fields }),
    'PV1|1|N',
    ...segments,
  )
}

/** A visit with an account of the same number. */
function visiting(
  event: string,
  who: string,
  number: string,
  segments: readonly string[],
  pv1: Fields = {},
  time = later(),
): Promise<Answer> {
  return gateway.send(
    msh({ event: `ADT^${event}^ADT_A01`, time }),
    `EVN||${time}`,
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 18: account(number) }),
    segment('PV1', { 1: '1', 2: 'O', 19: visit(`V${number}`), ...pv1 }),
    ...segments,
  )
}

async function coverages(member: string): Promise<Resource[]> {
  return ((await gateway.all('Coverage')) as Resource[]).filter((each) =>
    JSON.stringify(each).includes(`"${member}"`),
  )
}

async function coverage(member: string): Promise<Resource> {
  const found = await coverages(member)
  assert.equal(found.length, 1, `${found.length} policies of ${member}`)
  return found[0] as Resource
}

const standing = async (member: string): Promise<unknown> => (await coverage(member)).status

async function accountOf(number: string): Promise<Resource> {
  const found = ((await gateway.all('Account')) as Resource[]).find((each) =>
    JSON.stringify(each.identifier).includes(`"${number}"`),
  )
  assert.ok(found, `account ${number}`)
  return found
}

const relationOf = (resource: Resource): string | undefined =>
  (resource.relationship as { coding: { system: string; code: string }[] }).coding.find((each) =>
    each.system.endsWith('/subscriber-relationship'),
  )?.code

describe('relationship', () => {
  const table63: Readonly<Record<string, string>> = {
    SEL: 'self',
    SPO: 'spouse',
    DOM: 'common',
    ...Object.fromEntries(['MTH', 'FTH', 'PAR'].map((each) => [each, 'child'])),
    ...Object.fromEntries(['CHD', 'NCH', 'SCH', 'FCH'].map((each) => [each, 'parent'])),
    ...Object.fromEntries(
      [
        ...['ASC', 'BRO', 'CGV', 'DEP', 'EMC', 'EME', 'EMR', 'EXF', 'FND', 'GCH', 'GRD', 'GRP', 'MGR', 'NON'],
        ...['OAD', 'OTH', 'OWN', 'SIB', 'SIS', 'TRA', 'UNK', 'WRD'],
      ].map((each) => [each, 'other']),
    ),
  }
  const table344: Readonly<Record<string, string>> = {
    '01': 'self',
    '02': 'spouse',
    '03': 'child',
    '04': 'child',
    '05': 'child',
    '06': 'child',
    '15': 'injured',
    '18': 'parent',
    ...Object.fromEntries(
      ['07', '08', '09', '10', '11', '12', '13', '14', '16', '17', '19'].map((each) => [each, 'other']),
    ),
  }

  it('IN1-17 says what the insured is to the patient: FHIR has the inverse, for every code of table 0063', async () => {
    const codes = Object.keys(table63)
    await Promise.all(
      codes.map((code) =>
        personal('A28', `R-${code}`, [in1('REL', `R-${code}`, { 17: `${code}^^HL70063` })]),
      ),
    )
    const found = await Promise.all(
      codes.map(async (code) => [code, relationOf(await coverage(`R-${code}`))]),
    )
    assert.deepEqual(Object.fromEntries(found), table63)
  })

  it('IN2-72 says what the patient is to the insured, as FHIR does, and counts before IN1-17', async () => {
    const codes = Object.keys(table344)
    await Promise.all(
      codes.map((code) =>
        personal('A28', `Q-${code}`, [
          in1('REL', `Q-${code}`, { 17: 'FTH^^HL70063' }),
          segment('IN2', { 72: `${code}^^HL70344` }),
        ]),
      ),
    )
    const found = await Promise.all(
      codes.map(async (code) => [code, relationOf(await coverage(`Q-${code}`))]),
    )
    assert.deepEqual(Object.fromEntries(found), table344)
  })

  it('keeps the code that was sent', async () => {
    await personal('A28', 'R1', [in1('REL', 'R1-M', { 17: 'FTH^Father^HL70063' })])
    assert.match(JSON.stringify((await coverage('R1-M')).relationship), /FTH.*v2-0063|v2-0063.*FTH/)
  })

  it('a code that no table has, or none, is other', async () => {
    await personal('A28', 'R2', [in1('REL', 'R2-M', { 17: 'XYZ^^L' }), in1('REL', 'R2-N', { 17: '' })])
    assert.equal(relationOf(await coverage('R2-M')), 'other')
    assert.equal(relationOf(await coverage('R2-N')), 'other')
  })

  const born: [insured: string, code: string, warned: boolean][] = [
    ['19960615', 'child', true],
    ['19960616', 'parent', false],
    ['20350101', 'parent', false],
    ['1996', 'child', true],
  ]
  for (const [i, [insured, code, warned]] of born.entries()) {
    it(`an insured "child" of ${insured} of somebody born on 20100615 is taken as ${code === 'child' ? 'the parent' : 'sent'}`, async () => {
      const answer = await personal('A28', `G${i}`, [
        in1('REL', `G${i}-M`, { 17: 'CHD^^HL70063', 18: insured }),
      ])
      assert.equal(relationOf(await coverage(`G${i}-M`)), code)
      assert.deepEqual(answer.errors, warned ? ['W RELATIONSHIP-DIRECTION IN1^1^17'] : [])
    })
  }

  it('a source may be known to send the other direction', async () => {
    const flipped = { source: 'FLIP|GHH' }
    await personal('A28', 'R3', [in1('REL', 'R3-M', { 17: 'CHD^^HL70063', 18: '19700101' })], flipped)
    await personal('A28', 'R4', [in1('REL', 'R4-M', { 17: 'FTH^^HL70063' })], flipped)
    await personal('A28', 'R5', [in1('REL', 'R5-M', { 17: 'SPO^^HL70063' })], flipped)
    assert.equal(relationOf(await coverage('R3-M')), 'child')
    assert.equal(relationOf(await coverage('R4-M')), 'parent')
    assert.equal(relationOf(await coverage('R5-M')), 'spouse')
  })
})

describe('subscriber', () => {
  it('is the patient when the patient is the insured', async () => {
    await personal('A28', 'S1', [in1('SUB', 'S1-M')])
    const { beneficiary, subscriber } = await coverage('S1-M')
    assert.deepEqual(subscriber, beneficiary)
  })

  it('is else a person of the patient’s, the same one for the same name and birth date', async () => {
    const insured = { 16: 'DOE^JOHN^^^^^L', 17: 'FTH^^HL70063', 18: '19700101' }
    await personal('A28', 'S2', [in1('SUB', 'S2-M', insured), in1('SUB2', 'S2-N', insured)])
    const [one, other] = [await coverage('S2-M'), await coverage('S2-N')]
    assert.match(JSON.stringify(one.subscriber), /RelatedPerson/)
    assert.deepEqual(one.subscriber, other.subscriber)
    const person = ((await gateway.all('RelatedPerson')) as Resource[]).find(
      (each) => `RelatedPerson/${each.id}` === (one.subscriber as { reference: string }).reference,
    )
    assert.ok(person)
    assert.equal((person.name as unknown[]).length, 1)
    assert.equal(person.birthDate, '1970-01-01')
  })

  it('who is also the guarantor is shown once', async () => {
    const time = later()
    await visiting(
      'A04',
      'S3',
      'S3',
      [
        in1('SUB', 'S3-M', { 16: 'DOE^JOHN^^^^^L', 17: 'FTH^^HL70063', 18: '19700101' }),
        segment('GT1', { 1: '1', 3: 'DOE^JOHN^^^^^L', 8: '19700101', 11: 'FTH^^HL70063' }),
      ],
      {},
      time,
    )
    const guarantor = ((await accountOf('S3')).guarantor as { party: { reference: string } }[])[0]
    assert.deepEqual(guarantor?.party, (await coverage('S3-M')).subscriber)
  })
})

describe('a policy', () => {
  it('is one whatever its order: payer, plan and member number tell it apart', async () => {
    await personal('A28', 'P1', [in1('PPO', 'P1-M', { 22: '1' }), in1('HMO', 'P1-N', { 22: '2' })])
    await personal('A31', 'P1', [in1('HMO', 'P1-N', { 22: '1' }), in1('PPO', 'P1-M', { 22: '2' })])
    assert.equal((await coverage('P1-M')).order, 2)
    assert.equal((await coverage('P1-N')).order, 1)
  })

  it('that is named by its plan and number has a payer that nobody has told', async () => {
    await personal('A28', 'P2', [in1('PPO', 'P2-M'), segment('IN1', { 1: '2', 2: 'HMO^^L', 36: 'P2-X' })])
    const reason = {
      url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
      valueCode: 'unknown',
    }
    assert.deepEqual((await coverage('P2-X')).payor, [{ extension: [reason] }])
    assert.equal(await standing('P2-M'), 'active')
  })
  it('that names neither payer nor plan nor number is none: nothing is made, nothing ends', async () => {
    await personal('A28', 'P3', [in1('PPO', 'P3-M')])
    const before = (await gateway.all('Coverage')).length
    const answer = await personal('A31', 'P3', [
      segment('IN1', { 1: '1', 7: '5550100', 16: 'ROE^R', 17: 'SPO' }),
    ])
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    assert.equal((await gateway.all('Coverage')).length, before)
    assert.equal(await standing('P3-M'), 'active')
  })
  it('of a payer that only IN2-25 names is of that payer', async () => {
    await personal('A28', 'P4', [
      segment('IN1', { 1: '1', 2: 'HMO^^L', 36: 'P4-M' }),
      segment('IN2', { 25: 'PAY25' }),
    ])
    const [payor] = (await coverage('P4-M')).payor as { reference: string }[]
    const found = (await gateway.all('Organization')).find(
      ({ id }) => payor?.reference === `Organization/${id}`,
    )
    assert.match(JSON.stringify(found?.identifier), /"value":"PAY25"/)
  })
})

describe('lists of an account', () => {
  const order = async (number: string): Promise<string[]> => {
    const list = ((await accountOf(number)).coverage ?? []) as {
      coverage: { reference: string }
      priority: number
    }[]
    const all = (await gateway.all('Coverage')) as Resource[]
    return list.map(({ coverage: { reference }, priority }) => {
      const found = all.find((each) => `Coverage/${each.id}` === reference)
      return `${priority} ${String(found?.subscriberId)}`
    })
  }

  it('are replaced as a whole, in the order of IN1-22, else of the segments; nothing ends by them', async () => {
    await visiting('A04', 'L1', 'L1', [in1('PPO', 'L1-M', { 22: '2' }), in1('HMO', 'L1-N', { 22: '1' })])
    assert.deepEqual(await order('L1'), ['1 L1-N', '2 L1-M'])
    await visiting('A08', 'L1', 'L1', [in1('MCR', 'L1-O')])
    assert.deepEqual(await order('L1'), ['1 L1-O'])
    assert.equal(await standing('L1-M'), 'active')
  })

  it('are left alone by messages without IN1', async () => {
    await visiting('A04', 'L2', 'L2', [in1('PPO', 'L2-M')])
    await visiting('A08', 'L2', 'L2', [])
    assert.deepEqual(await order('L2'), ['1 L2-M'])
  })

  it('are emptied by IN1|"": the patient pays, until there is a policy again', async () => {
    const selfPay = async () => /self-pay/.test(JSON.stringify((await accountOf('L3')).extension ?? []))
    await visiting('A04', 'L3', 'L3', [in1('PPO', 'L3-M')])
    assert.equal(await selfPay(), false)
    await visiting('A08', 'L3', 'L3', ['IN1|""|""'])
    assert.deepEqual(await order('L3'), [])
    assert.equal(await selfPay(), true)
    assert.equal(await standing('L3-M'), 'active')
    await visiting('A08', 'L3', 'L3', [in1('PPO', 'L3-M')])
    assert.deepEqual(await order('L3'), ['1 L3-M'])
    assert.equal(await selfPay(), false)
  })
})

describe('lists of a person', () => {
  it('of A31 end what they leave out, on the day of the event where the sender is', async () => {
    await personal('A28', 'E1', [in1('PPO', 'E1-M'), in1('HMO', 'E1-N')])
    await personal('A31', 'E1', [in1('PPO', 'E1-M')])
    assert.equal(await standing('E1-M'), 'active')
    const ended = await coverage('E1-N')
    assert.equal(ended.status, 'cancelled')
    assert.deepEqual(ended.period, { start: '2025-01-01', end: '2026-03-02' })
  })

  it('that are not there end nothing; IN1|"" ends all', async () => {
    await personal('A28', 'E2', [in1('PPO', 'E2-M')])
    await personal('A31', 'E2', [])
    assert.equal(await standing('E2-M'), 'active')
    await personal('A31', 'E2', ['IN1|""|""'])
    assert.equal(await standing('E2-M'), 'cancelled')
  })

  it('of another source end nothing that it has not named itself', async () => {
    await personal('A28', 'E3', [in1('PPO', 'E3-M')])
    await personal('A31', 'E3', [in1('HMO', 'E3-N')], { source: 'FLIP|GHH' })
    assert.equal(await standing('E3-M'), 'active')
  })

  it('that name a policy again bring it back', async () => {
    await personal('A28', 'E4', [in1('PPO', 'E4-M'), in1('HMO', 'E4-N')])
    await personal('A31', 'E4', [in1('HMO', 'E4-N')])
    assert.equal(await standing('E4-M'), 'cancelled')
    await personal('A31', 'E4', [in1('HMO', 'E4-N'), in1('PPO', 'E4-M')])
    const back = await coverage('E4-M')
    assert.equal(back.status, 'active')
    assert.deepEqual(back.period, { start: '2025-01-01' })
  })

  it('end a policy that only a visit had named, once no open account lists it', async () => {
    await visiting('A04', 'E5', 'E5', [in1('PPO', 'E5-M')])
    await personal('A31', 'E5', [in1('HMO', 'E5-N')])
    assert.equal(await standing('E5-M'), 'active')
    await visiting('A03', 'E5', 'E5', [], { 41: 'closed' })
    assert.equal((await accountOf('E5')).status, 'inactive')
    assert.equal(await standing('E5-M'), 'cancelled')
  })

  it('count whenever they come: a late mention does not bring back what a later list left out', async () => {
    const [first, second, third] = [later(), later(), later()]
    await personal('A31', 'E6', [in1('HMO', 'E6-N')], { time: third })
    await personal('A31', 'E6', [in1('HMO', 'E6-N')], { time: second })
    await personal('A28', 'E6', [in1('PPO', 'E6-M')], { time: first })
    const ended = await coverage('E6-M')
    assert.equal(ended.status, 'cancelled')
    assert.deepEqual(ended.period, { start: '2025-01-01', end: '2026-03-02' })
  })
})

describe('single policies (IN1-55)', () => {
  const listed = async (number: string): Promise<string[]> => {
    const entries = ((await accountOf(number)).coverage ?? []) as {
      coverage: { reference: string }
      priority: number
    }[]
    const all = (await gateway.all('Coverage')) as Resource[]
    return entries.map(({ coverage: { reference }, priority }) => {
      const found = all.find((each) => reference === `Coverage/${each.id}`)
      return `${String(found?.subscriberId)} ${priority}`
    })
  }

  it('are added, changed and taken away one by one; the others stay, whatever the order of arrival', async () => {
    for (const [n, order] of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
    ].entries()) {
      const [a, b, c] = [`X${n}A`, `X${n}B`, `X${n}C`]
      const times = [later(), later(), later(), later()]
      const steps = [
        [in1('XA', a), in1('XB', b, { 1: '2', 22: '2' })],
        [in1('XC', c, { 22: '3', 55: 'A' })],
        [in1('XA', a, { 55: 'D' })],
        [in1('XB', b, { 22: '1', 55: 'U' }), in1('XC', c, { 55: 'X' })],
      ]
      for (const at of order) {
        const answer = await visiting('A08', `XP${n}`, `X-${n}`, steps[at] ?? [], {}, times[at])
        assert.equal(answer.code, 'AA')
      }
      assert.deepEqual(await listed(`X-${n}`), [`${b} 1`, `${c} 3`], `order ${order.join()}`)
      assert.deepEqual(
        [await standing(a), await standing(b), await standing(c)],
        ['cancelled', 'active', 'active'],
        `order ${order.join()}`,
      )
    }
  })

  it('that nobody knows are nothing to take away; with S the group is a snapshot', async () => {
    const answer = await visiting('A08', 'XQ', 'XQ-1', [in1('XD', 'XQ1', { 55: 'D' })])
    assert.deepEqual(
      [answer.code, answer.errors],
      ['AA', ['W UPSERT PID^1^3', 'W NOTHING-TO-CANCEL IN1^1^55']],
    )
    assert.equal((await coverages('XQ1')).length, 0)
    await visiting('A08', 'XQ', 'XQ-1', [in1('XA', 'XQ2'), in1('XB', 'XQ3', { 1: '2' })])
    await visiting('A08', 'XQ', 'XQ-1', [in1('XB', 'XQ3', { 55: 'S' })])
    assert.deepEqual(await listed('XQ-1'), ['XQ3 1'])
  })
})
