// A death calls off what was to come, and is taken back by nobody less than who said so (semantics, sections 5 and 10).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type TestApp, testApp } from '../server/setup.ts'
import { mrn, msh, pid, register, segment, visit } from './messages.ts'

type Body = Record<string, unknown> & { id: string; status: string }

describe('a death', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
    app.at('2026-03-06T12:00:00-06:00')
  })
  after(() => app.close())

  const all = async (rtype: string, holds: string): Promise<Body[]> =>
    ((await app.all(rtype)) as Body[]).filter((each) => JSON.stringify(each).includes(holds))
  const patient = async (who: string): Promise<Body> => (await all('Patient', `"${who}"`))[0] as Body
  const tasks = async (code: string, focus: string): Promise<number> =>
    (await all('Task', focus)).filter((each) => JSON.stringify(each.code).includes(code)).length
  const book = async (who: string, day: string, status = 'booked'): Promise<string> => {
    const { id } = await patient(who)
    const answer = await app.ask('/fhir/Appointment', {
      method: 'POST',
      as: 'frontdesk',
      body: {
        resourceType: 'Appointment',
        status,
        ...(status === 'waitlist' ? {} : { start: `${day}T09:00:00-05:00`, end: `${day}T09:30:00-05:00` }),
        participant: [{ actor: { reference: `Patient/${id}` }, status: 'accepted' }],
      },
    })
    assert.equal(answer.status, 201)
    return String(answer.body.id)
  }
  const appointment = async (id: string): Promise<Body> => (await all('Appointment', id))[0] as Body

  test('calls off our own appointments to come and the waitlist, leaves the past, asks the owners of the others', async () => {
    await app.send(...register('D1'))
    const [past, next, waiting] = [
      await book('D1', '2026-03-02'),
      await book('D1', '2026-03-20'),
      await book('D1', '', 'waitlist'),
    ]
    await app.send(
      msh({ event: 'SIU^S12^SIU_S12', source: 'SCHED1|GHH', time: '20260305100000' }),
      segment('SCH', { 2: 'FD1^SCHED1^2.16.840.1.113883.19.5.4^ISO', 25: 'Booked^^HL70278' }),
      segment('TQ1', { 1: '1', 6: '30^min', 7: '20260313100000' }),
      pid({ 3: mrn('D1'), 5: 'DOE^JANE^^^^^L' }),
      'RGS|1|A',
      segment('AIP', { 1: '1', 2: 'A', 3: '1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI' }),
    )
    const [foreign] = await all('Appointment', 'FD1')
    await app.send(
      ...register(
        'D1',
        { 29: '20260306110000', 30: 'Y' },
        { time: '20260306110000', event: 'ADT^A31^ADT_A05' },
      ),
    )
    const { deceasedDateTime, active } = await patient('D1')
    assert.deepEqual([deceasedDateTime, active], ['2026-03-06T11:00:00-06:00', true])
    for (const id of [next, waiting]) {
      const { status, cancelationReason } = await appointment(id)
      assert.equal(status, 'cancelled')
      assert.match(JSON.stringify(cancelationReason), /pat-dec/)
    }
    assert.equal((await appointment(past)).status, 'booked')
    assert.equal((await appointment(foreign?.id ?? '')).status, 'booked')
    assert.equal(await tasks('filler-request', foreign?.id ?? ''), 1)

    // A mistake: nothing comes back by itself, somebody is asked to look.
    const again = { time: '20260306113000', event: 'ADT^A31^ADT_A05' }
    await app.send(...register('D1', { 29: '""', 30: 'N' }, again))
    assert.equal((await patient('D1')).deceasedDateTime, undefined)
    assert.equal((await appointment(next)).status, 'cancelled')
    assert.equal(await tasks('death-reverted', (await patient('D1')).id), 1)
  })

  test('asks the owner of a booking also when the booking comes after the news', async () => {
    const death = { time: '20260306090000', event: 'ADT^A31^ADT_A05' }
    await app.send(...register('D9', { 30: 'Y' }, death))
    const late = (number: string, start: string) =>
      app.send(
        msh({ event: 'SIU^S12^SIU_S12', source: 'SCHED1|GHH', time: '20260305100000' }),
        segment('SCH', { 2: `${number}^SCHED1^2.16.840.1.113883.19.5.4^ISO`, 25: 'Booked^^HL70278' }),
        segment('TQ1', { 1: '1', 6: '30^min', 7: start }),
        pid({ 3: mrn('D9'), 5: 'DOE^JANE^^^^^L' }),
        'RGS|1|A',
        segment('AIP', {
          1: '1',
          2: 'A',
          3: '1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
        }),
      )
    await late('FD9', '20260314100000')
    await late('FD9PAST', '20260301100000')
    const [coming] = await all('Appointment', '"FD9"')
    const [past] = await all('Appointment', '"FD9PAST"')
    assert.equal(coming?.status, 'booked')
    assert.equal(await tasks('filler-request', coming?.id ?? ''), 1)
    assert.equal(await tasks('filler-request', past?.id ?? ''), 0)
  })

  test('may be said by a discharge, and be taken back with it, in either order', async () => {
    const stay = (who: string, event: string, time: string, disposition = '') => [
      msh({ event, time }),
      `EVN||${time}|||OP|${time}`,
      pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
      segment('PV1', { 1: '1', 2: 'I', 19: visit(`V${who}`), 36: disposition }),
    ]
    for (const [n, order] of [
      [0, 1],
      [1, 0],
    ].entries()) {
      const who = `D2${n}`
      const out = stay(who, 'ADT^A03^ADT_A03', '20260305100000', '20')
      const back = stay(who, 'ADT^A13^ADT_A01', '20260305110000')
      await app.send(...stay(who, 'ADT^A01^ADT_A01', '20260304100000'))
      for (const each of order) await app.send(...([out, back][each] ?? []))
      assert.equal((await patient(who)).deceasedBoolean, undefined, `order ${order.join()}`)
      await app.send(...stay(who, 'ADT^A03^ADT_A03', '20260305120000', '41'))
      assert.equal((await patient(who)).deceasedBoolean, true)
    }
    await app.send(...stay('D3', 'ADT^A03^ADT_A03', '20260305120000', '01'))
    assert.equal((await patient('D3')).deceasedBoolean, undefined)
  })

  test('with its time is not contradicted by an older no, of which the sender is told', async () => {
    const said = (time: string, more: Readonly<Record<number, string>>) =>
      app.send(...register('D4', more, { time, event: 'ADT^A31^ADT_A05' }))
    await said('20260305120000', { 29: '20260305113000', 30: 'Y' })
    const late = await said('20260305100000', { 30: 'N' })
    assert.deepEqual(late.errors, ['W STALE PID^1^30'])
    assert.match(String((await patient('D4')).deceasedDateTime), /^2026-03-05T11:30/)
    assert.deepEqual((await said('20260305110000', { 30: 'Y' })).errors, [])
  })
})
