// What ends a policy by itself: its last day (IN1-13), the plan that took its place (IN1-46), a deletion. Semantics, section 11.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, segment, visit } from './messages.ts'

type Fields = Readonly<Record<number, string>>
type Send = (who: string) => Promise<unknown>

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
  gateway.at('2026-03-20T08:00:00-05:00')
})
after(() => gateway.close())

const in1 = (who: string, plan: string, more: Fields = {}): string =>
  segment('IN1', {
    1: '1',
    2: plan,
    3: `${plan}P^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP`,
    4: `Payer of ${plan}`,
    17: 'SEL^Self^HL70063',
    36: `${who}-${plan}`,
    ...more,
  })

type Policies = (who: string) => readonly string[]

async function clean(...segments: readonly string[]): Promise<void> {
  const { code, errors } = await gateway.send(...segments)
  assert.deepEqual([code, errors], ['AA', []])
}

const personal =
  (event: string, time: string, policies: Policies): Send =>
  (who) =>
    clean(
      msh({ event: `ADT^${event}^ADT_A05`, time }),
      `EVN||${time}`,
      pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
      'PV1|1|N',
      ...policies(who),
    )

const visiting =
  (event: string, time: string, policies: Policies, number = ''): Send =>
  (who) =>
    clean(
      msh({ event: `ADT^${event}^ADT_A01`, time }),
      `EVN||${time}`,
      pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 18: account(`${who}${number}`) }),
      segment('PV1', { 1: '1', 2: 'O', 19: visit(`V${who}${number}`) }),
      ...policies(who),
    )

interface Shown {
  readonly status: string
  readonly period?: { readonly start?: string; readonly end?: string }
  readonly relationship?: { readonly extension?: readonly { readonly valueCode?: string }[] }
}

async function coverage(who: string, plan: string): Promise<Shown> {
  const found = (await gateway.all('Coverage')).filter((each) => each.subscriberId === `${who}-${plan}`)
  assert.equal(found.length, 1, `${who} ${plan}`)
  return found[0] as unknown as Shown
}

const orders = <T>(all: readonly T[]): T[][] =>
  all.length < 2
    ? [[...all]]
    : all.flatMap((each, i) =>
        orders([...all.slice(0, i), ...all.slice(i + 1)]).map((rest) => [each, ...rest]),
      )

let people = 0
/** Runs the story for a new person in every order of arrival, the last time with each message twice. */
async function always(story: readonly Send[], holds: (who: string) => Promise<void>): Promise<void> {
  for (const order of [...orders(story), story.flatMap((each) => [each, each])]) {
    const who = `P${++people}`
    await personal('A28', '20260301080000', () => [])(who)
    for (const send of order) await send(who)
    await holds(who)
  }
}

describe('a policy', () => {
  it('whose plan another took the place of (IN1-46) has ended on that day, whatever came first', async () => {
    await always(
      [
        visiting('A04', '20260309090000', (who) => [in1(who, 'PPO', { 12: '20250101' }), in1(who, 'HMO')]),
        visiting('A08', '20260310233000', (who) => [in1(who, 'GOLD', { 46: 'PPO' }), in1(who, 'HMO')]),
      ],
      async (who) => {
        const ended = await coverage(who, 'PPO')
        assert.deepEqual(
          [ended.status, ended.period],
          ['cancelled', { start: '2025-01-01', end: '2026-03-10' }],
        )
        assert.equal((await coverage(who, 'GOLD')).status, 'active')
        assert.equal((await coverage(who, 'HMO')).status, 'active')
      },
    )
  })

  it('that is named again after it was replaced stands again', async () => {
    await always(
      [
        visiting('A04', '20260309090000', (who) => [in1(who, 'PPO')]),
        visiting('A08', '20260310090000', (who) => [in1(who, 'GOLD', { 46: 'PPO' })]),
        visiting('A08', '20260311090000', (who) => [in1(who, 'PPO')]),
      ],
      async (who) => {
        const { status, period } = await coverage(who, 'PPO')
        assert.deepEqual([status, period], ['active', undefined])
      },
    )
  })

  it('of another payer with the same code of plan stands when one of the same payer is replaced (IN1-46)', async () => {
    const other = '1^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP'
    await always(
      [
        visiting('A04', '20260309090000', (who) => [
          in1(who, 'PPO'),
          in1(who, 'PPO', { 1: '2', 3: other, 36: `${who}-OTHER` }),
        ]),
        visiting('A08', '20260310090000', (who) => [in1(who, 'GOLD', { 3: other, 46: 'PPO' })]),
      ],
      async (who) => {
        assert.equal((await coverage(who, 'PPO')).status, 'active')
        assert.equal((await coverage(who, 'OTHER')).status, 'cancelled')
      },
    )
  })

  it('of which several have the code of the plan that was replaced, and none the payer, stand: nobody knows which is meant', async () => {
    const other = '1^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP'
    await always(
      [
        visiting('A04', '20260309090000', (who) => [
          in1(who, 'PPO'),
          in1(who, 'PPO', { 1: '2', 3: other, 36: `${who}-OTHER` }),
        ]),
        visiting('A08', '20260310090000', (who) => [in1(who, 'GOLD', { 46: 'PPO' })]),
      ],
      async (who) => {
        for (const each of ['PPO', 'OTHER', 'GOLD'])
          assert.equal((await coverage(who, each)).status, 'active', each)
      },
    )
  })

  it('that was replaced but pays for another open account stands', async () => {
    await always(
      [
        visiting('A04', '20260309090000', (who) => [in1(who, 'PPO')], 'A'),
        visiting('A04', '20260310090000', (who) => [in1(who, 'GOLD', { 46: 'PPO' })], 'B'),
      ],
      async (who) => assert.equal((await coverage(who, 'PPO')).status, 'active'),
    )
  })

  it('whose last day had passed when it was named is over; on its last day it stands', async () => {
    await always(
      [
        personal('A28', '20260310233000', (who) => [
          in1(who, 'PPO', { 12: '20250101', 13: '20260309' }),
          in1(who, 'HMO', { 13: '20260310' }),
        ]),
      ],
      async (who) => {
        const over = await coverage(who, 'PPO')
        assert.deepEqual(
          [over.status, over.period],
          ['cancelled', { start: '2025-01-01', end: '2026-03-09' }],
        )
        assert.equal((await coverage(who, 'HMO')).status, 'active')
      },
    )
  })

  it('that a list leaves out after its last day keeps that day', async () => {
    await always(
      [
        personal('A28', '20260309090000', (who) => [in1(who, 'PPO', { 13: '20260201' }), in1(who, 'HMO')]),
        personal('A31', '20260310090000', (who) => [in1(who, 'HMO')]),
      ],
      async (who) => {
        const { status, period } = await coverage(who, 'PPO')
        assert.deepEqual([status, period], ['cancelled', { end: '2026-02-01' }])
      },
    )
  })

  it('has ended with IN1|1|"", as with IN1|"": the set id is no policy', async () => {
    for (const emptied of ['IN1|1|""', 'IN1|1|""|""', 'IN1|""']) {
      await always(
        [
          personal('A28', '20260309090000', (who) => [in1(who, 'PPO'), in1(who, 'HMO')]),
          personal('A31', '20260310090000', () => [emptied]),
        ],
        async (who) => {
          assert.equal((await coverage(who, 'PPO')).status, 'cancelled', emptied)
          assert.equal((await coverage(who, 'HMO')).status, 'cancelled', emptied)
        },
      )
    }
  })

  it('with a relationship that nobody knows says so: Coverage must have one', async () => {
    const told = [
      ['UNK', 'unknown'],
      ['', 'unknown'],
      ['SIB', undefined],
    ] as const
    for (const [code, reason] of told) {
      const who = `P${++people}`
      await personal('A28', '20260309090000', () => [in1(who, 'PPO', { 17: code })])(who)
      const { relationship } = await coverage(who, 'PPO')
      assert.equal(relationship?.extension?.[0]?.valueCode, reason, code)
    }
  })
})
