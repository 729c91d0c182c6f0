// Stuck messages over HTTP: listed with reason and next step, explained row by row without values, run again by operators alone.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mrn, msh, nextId, pid, register, segment } from '../pipeline/messages.ts'
import { type TestApp, testApp } from './setup.ts'

interface Listed {
  readonly id: string
  readonly state: string
  readonly controlId: string
  readonly nextStep: string
  readonly reasons: readonly Record<string, unknown>[]
}

let app: TestApp
before(async () => {
  app = await testApp()
})
after(() => app.close())

const list = async (query = ''): Promise<readonly Listed[]> => {
  const { body } = await app.ask(`/admin/messages${query}`)
  return body.messages as unknown as readonly Listed[]
}
const hold = (id: string) => [
  msh({ event: 'ADT^A28^ADT_A05', id }),
  'EVN||20260302080000',
  pid({ 3: mrn(id), 5: 'SECRET^NAME^^^^^L', 8: '9' }),
]

describe('/admin/messages', () => {
  it('lists what is stuck, newest first, with reason and next step and no value of a patient', async () => {
    await app.send(...hold('H1'))
    await app.send(msh({ event: 'ADT^A28^ADT_A05', id: 'R1' }), pid({ 5: 'SECRET^NAME' }))
    await app.send(...register('FINE'))
    const messages = await list()
    assert.deepEqual(
      messages.map(({ controlId, state }) => [controlId, state]),
      [
        ['R1', 'rejected'],
        ['H1', 'held'],
      ],
    )
    const [rejected, held] = messages
    assert.match(rejected?.nextStep ?? '', /have the sender send the field/)
    assert.match(held?.nextStep ?? '', /add the code to a table/)
    assert.deepEqual(held?.reasons, [
      { severity: 'E', code: '103', app: 'CODE-HELD', locations: ['PID^1^8'] },
    ])
    assert.doesNotMatch(JSON.stringify(messages), /SECRET/)
  })

  it('lists one state, one source, and pages', async () => {
    assert.deepEqual(
      (await list('?state=held')).map(({ controlId }) => controlId),
      ['H1'],
    )
    assert.deepEqual(await list('?source=SCHED1|GHH'), [])
    const { body } = await app.ask('/admin/messages?count=1')
    const rest = await list(`?count=1&before=${String(body.next)}`)
    assert.deepEqual(
      rest.map(({ controlId }) => controlId),
      ['H1'],
    )
    assert.equal((await app.ask('/admin/messages?state=lost')).status, 400)
    assert.equal((await app.ask('/admin/messages?before=x')).status, 400)
  })

  it('is for clients with admin alone', async () => {
    for (const path of ['/admin/messages', '/admin/messages/1', '/admin/messages/1/$explain'])
      assert.equal((await app.ask(path, { as: 'frontdesk' })).status, 403, path)
    assert.equal((await app.ask('/admin/messages/$rerun', { method: 'POST', as: 'frontdesk' })).status, 403)
  })

  it('shows one with the texts that its sender got, and says when there is none', async () => {
    const [held] = await list('?state=held')
    const { body } = await app.ask(`/admin/messages/${held?.id}`)
    assert.match(JSON.stringify(body.reasons), /code \\"9\\" is not in table AdministrativeSex/)
    assert.equal((await app.ask('/admin/messages/999999')).status, 404)
    assert.equal((await app.ask('/admin/messages/x')).status, 404)
  })
})

describe('$explain of a stored message', () => {
  it('says of each row what became of it: wrote, absent, condition, unmapped; no values', async () => {
    const [held] = await list('?state=held')
    const { body, text } = await app.ask(`/admin/messages/${held?.id}/$explain`)
    const rows = body.rows as unknown as { row: string; v2: string; fate: string; when?: string }[]
    const fateOf = (v2: string) => rows.filter((each) => each.v2 === v2).map(({ fate }) => fate)
    assert.deepEqual(fateOf('PID-5'), ['wrote'])
    assert.deepEqual(fateOf('PID-7').includes('absent'), true)
    assert.equal(fateOf('PID-8')[0], 'unmapped')
    assert.ok(rows.some(({ fate, when }) => fate === 'condition' && when !== undefined))
    assert.ok(rows.some(({ fate }) => fate === 'no-segment'))
    assert.doesNotMatch(text, /SECRET/)
  })

  it('says which rows were older than what is known', async () => {
    const at = (time: string, city: string) => [
      msh({ event: 'ADT^A31^ADT_A05', time, id: `OLD${city}` }),
      `EVN||${time}`,
      pid({ 3: mrn('OLD'), 5: 'DOE^JANE^^^^^L', 8: 'F', 11: `1 A ST^^${city}^IL` }),
    ]
    await app.send(...at('20260302090000', 'NEW'))
    await app.send(...at('20260301090000', 'OLD'))
    const [row] = await app.store.db.read.query<{ id: string }>(
      'test_id',
      'select id::text as id from message where control_id = $1',
      ['OLDOLD'],
    )
    const { body } = await app.ask(`/admin/messages/${row?.id}/$explain`)
    const rows = body.rows as unknown as { v2: string; fate: string }[]
    assert.deepEqual(
      rows.filter(({ fate }) => fate === 'older').map(({ v2 }) => v2),
      ['PID-11'],
    )
  })
})

describe('$rerun', () => {
  it('applies one again, under the rules of today', async () => {
    const charge = (id: string) => [
      msh({ event: 'DFT^P03^DFT_P03', id, source: 'BILL1|GHH' }),
      'EVN||20260302080000',
      pid({ 3: mrn('LATER') }),
      segment('FT1', { 1: '1', 2: id, 4: '20260302', 6: 'CG', 7: '99213', 11: '1.00&USD' }),
    ]
    await app.send(...charge('P1'))
    const [parked] = await list('?state=parked')
    assert.equal(parked?.controlId, 'P1')
    assert.equal((await app.ask(`/admin/messages/${parked?.id}/$rerun`, { method: 'POST' })).body.rerun, 1)
    await app.idle()
    assert.equal((await list('?state=parked')).length, 1, 'nothing has changed for it')
    await app.send(...register('LATER'))
    await app.idle()
    assert.equal((await list('?state=parked')).length, 0)
  })

  it('applies all of a state; what is refused for who sent it is not among them', async () => {
    await app.send(
      msh({ event: 'ADT^A28^ADT_A05', source: 'NOBODY|X', id: nextId() }),
      pid({ 3: mrn('X'), 5: 'X' }),
    )
    const before = await list('?state=rejected')
    const ask = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: { state: 'rejected' },
    }
    const { body } = await app.ask('/admin/messages/$rerun', ask)
    assert.equal(body.rerun, before.length - 1)
    await app.idle()
    assert.equal((await list('?state=rejected')).length, before.length)
    for (const wrong of [{}, { state: 'processed' }, { state: 'held', source: 1 }])
      assert.equal((await app.ask('/admin/messages/$rerun', { ...ask, body: wrong })).status, 400)
  })
})
