// Changes of numbers, merges of accounts, moves of visits, persons told apart and deleted: what is refused, what goes where.
// Semantics, section 3.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Resource } from '../pipeline/merging.ts'
import { account, mrn, msh, pid, segment, visit, wcl } from '../pipeline/messages.ts'
import { desk, later } from './merge-desk.ts'
import { type TestApp, testApp } from './setup.ts'

let app: TestApp
before(async () => {
  app = await testApp()
})
after(() => app.close())
beforeEach(async () => {
  await app.engine.reset()
  app.at('2026-03-02T20:00:00-06:00')
})
const { tell, who, person, admit, join, bill, book, one, tasks } = desk(() => app)

describe('a change to a number that is in use', () => {
  const change: Readonly<Record<string, () => ReturnType<typeof join>>> = {
    A46: () => join('ADT^A46^ADT_A30', { 3: mrn('T1') }, { 1: mrn('S1') }),
    A47: () => join('ADT^A47^ADT_A30', { 3: mrn('T1') }, { 1: mrn('S1') }),
    A48: () => join('ADT^A48^ADT_A30', { 3: mrn('T1') }, { 1: mrn('S1') }),
    A49: () =>
      join('ADT^A49^ADT_A30', { 3: mrn('S1'), 18: account('A-T1') }, { 1: mrn('S1'), 3: account('A-S1') }),
    A50: () =>
      join(
        'ADT^A50^ADT_A50',
        { 3: mrn('S1') },
        { 1: mrn('S1'), 5: visit('V-S1') },
        segment('PV1', { 1: '1', 2: 'I', 19: visit('V-T1') }),
      ),
    A51: () =>
      join(
        'ADT^A51^ADT_A50',
        { 3: mrn('S1') },
        { 1: mrn('S1'), 6: visit('L-S1') },
        segment('PV1', { 1: '1', 2: 'I', 50: visit('L-T1') }),
      ),
  }
  for (const [event, send] of Object.entries(change))
    test(`${event} is refused (ID-IN-USE), says what to send, and leaves a Task`, async () => {
      for (const each of ['S1', 'T1']) await admit(each, `A-${each}`, `V-${each}`, { 50: visit(`L-${each}`) })
      const answer = await send()
      assert.equal(answer.code, 'AE')
      assert.match(answer.errors.join(), /^E ID-IN-USE MRG\^1\^[1356]\^1$/)
      assert.deepEqual(answer.codes, ['205'])
      assert.match(answer.text, /merge the two \(A40 to A42\)/)
      assert.equal((await tasks('identity-conflict')).length, 1)
    })
})

describe('accounts that are merged', () => {
  for (const [event, structure] of [
    ['A35', 'ADT_A30'],
    ['A41', 'ADT_A39'],
  ])
    test(`${event}: visits, charges, payments and policies go to the one that stays`, async () => {
      const policy = segment('IN1', {
        1: '1',
        2: 'PPO',
        3: 'P1^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP',
        17: 'SEL^Self^HL70063',
        36: 'M1',
      })
      await admit('P1', 'A-KEPT', 'V-KEPT')
      await tell(
        'ADT^A01^ADT_A01',
        who('P1', { 18: account('A-P1') }),
        segment('PV1', { 1: '1', 2: 'I', 19: visit('V-P1') }),
        policy,
      )
      await bill('P1', 'L1', 'CG', '150.00')
      await bill('P1', 'L2', 'PY', '30.00')
      const kept = await one('Account', 'A-KEPT')
      const gone = await one('Account', 'A-P1')
      const answer = await join(
        `ADT^${event}^${structure}`,
        { 3: mrn('P1'), 18: account('A-KEPT') },
        { 1: mrn('P1'), 3: account('A-P1') },
      )
      assert.equal(answer.code, 'AA', answer.text)
      const old = await app.ask(`/fhir/Account/${gone.id}`)
      assert.equal(old.body.status, 'inactive')
      assert.match(old.text, new RegExp(`merged-into[^}]*}?[^}]*Account/${kept.id}`))
      const stays = (await app.all('Encounter')) as Resource[]
      const lines = [...(await app.all('ChargeItem')), ...(await app.all('PaymentNotice'))]
      for (const each of [...stays, ...lines])
        assert.doesNotMatch(JSON.stringify(each), new RegExp(`"Account/${gone.id}"`))
      const now = await app.ask(`/fhir/Account/${kept.id}`)
      assert.equal((now.body.coverage as unknown[]).length, 1)
      assert.match(now.text, /120\.00/)
    })
})

test('visits that move with their accounts named pairwise (A45) get new numbers, each its own', async () => {
  await admit('P1', 'A-FROM', 'V-1')
  await tell(
    'ADT^A01^ADT_A01',
    who('P1', { 18: account('A-FROM') }),
    segment('PV1', { 1: '1', 2: 'I', 19: visit('V-2') }),
  )
  const answer = await tell(
    'ADT^A45^ADT_A45',
    who('P1', { 18: account('A-TO') }),
    segment('MRG', { 1: mrn('P1'), 3: account('A-FROM'), 5: visit('V-1') }),
    segment('PV1', { 1: '1', 2: 'I', 19: visit('W-1') }),
    segment('MRG', { 1: mrn('P1'), 3: account('A-FROM'), 5: visit('V-2') }),
    segment('PV1', { 1: '2', 2: 'I', 19: visit('W-2') }),
  )
  assert.equal(answer.code, 'AA', answer.text)
  const stays = (await app.all('Encounter')).map((each) => JSON.stringify(each))
  assert.equal(stays.length, 2)
  for (const [old, now] of [
    ['V-1', 'W-1'],
    ['V-2', 'W-2'],
  ])
    assert.equal(
      stays.filter((each) => each.includes(`"${old}"`) && each.includes(`"${now}"`)).length,
      1,
      now,
    )
})

describe('two who are not the same (A37)', () => {
  const apart = (one: string, other: string) =>
    tell(
      'ADT^A37^ADT_A37',
      segment('PID', { 1: '1', 3: mrn(one), 5: 'X^Y' }),
      segment('PID', { 1: '2', 3: wcl(other), 5: 'X^Y' }),
    )
  const alike = { 11: '22 PARK PL^^SPRINGFIELD^IL^62701^USA^H', 13: '^PRN^PH^^1^217^5551801' }

  test('is said also of who was never linked: read at $match-exclusions, and it blocks links by themselves', async () => {
    await person('K1', { ...alike, 5: "O'NEIL^CATHERINE^ANN^^^^L" })
    assert.equal((await apart('K1', 'K2')).code, 'AA')
    const time = later()
    await app.send(
      msh({ event: 'ADT^A28^ADT_A05', source: 'WREG|WCL', time }),
      `EVN||${time}`,
      pid({ 3: wcl('K2'), 5: "O'NEIL^CATHERINE^ANN^^^^L", 7: '19800101', 8: 'F', ...alike }),
      'PV1|1|N',
    )
    await app.idle()
    const [first, second] = [await one('Patient', 'K1'), await one('Patient', 'K2')]
    assert.equal(first.link, undefined)
    assert.deepEqual(await tasks('possible-duplicate'), [])
    const { body, text } = await app.ask(`/fhir/Patient/${first.id}/$match-exclusions`)
    assert.equal(body.resourceType, 'Parameters')
    assert.match(text, new RegExp(`"excluded"[^}]*Patient/${second.id}`))
  })
})

describe('the deletion of a person (A29)', () => {
  const gone = () => tell('ADT^A29^ADT_A21', who('D1'), 'PV1|1|N')

  test('is refused while an appointment is to come; taken when it was called off, or is past', async () => {
    await book('D1', '20260310100000')
    const { code, errors } = await gone()
    assert.deepEqual([code, errors], ['AE', ['E 206 PID^1^3']])
    await book('D1', '20260310100000', 'S15')
    assert.equal((await gone()).code, 'AA')
    await app.engine.reset()
    await book('D1', '20260301100000')
    assert.equal((await gone()).code, 'AA')
  })
})
