// A source that is answered before its messages are applied (after-commit) hears AA and no more: what cannot be applied is work
// for a person, until it is applied. Semantics, section 18.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, register, segment } from './messages.ts'

interface Task {
  readonly status: string
  readonly description: string
  readonly code: { readonly coding: readonly { readonly code: string }[] }
  readonly input: readonly {
    readonly valueReference: { readonly reference: string; readonly identifier: { readonly value: string } }
  }[]
}

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.sources = (site.sources as { id: string }[]).map((each) =>
        ['ADT1|GHH', 'BILL1|GHH'].includes(each.id) ? { ...each, acknowledge: 'after-commit' } : each,
      )
    }),
  )
})
after(() => gateway.close())
beforeEach(() => gateway.engine.reset())

const tasks = async (code = 'unapplied-message') =>
  ((await gateway.all('Task')) as unknown as Task[]).filter((each) => each.code.coding[0]?.code === code)
const states = async () =>
  (
    await gateway.store.db.read.query<{ state: string }>(
      'test_unapplied_states',
      'select state from message where tenant = 1 order by received_at, id',
      [],
    )
  ).map(({ state }) => state)

/** Sends, hears AA, and waits until everything is applied or not. */
async function tell(...segments: readonly string[]): Promise<void> {
  assert.equal((await gateway.send(...segments)).code, 'AA')
  await gateway.idle()
}

describe('a message that was acknowledged when it was stored', () => {
  it('and is applied leaves no work', async () => {
    await tell(...register('U1'))
    assert.deepEqual(await tasks(), [])
  })

  it('and that mapping refuses is a Task that says where, why and what to do, without a value of a patient', async () => {
    await tell(msh({ event: 'ADT^A28^ADT_A05', id: 'UNAPPLIED-1' }), pid({ 5: 'SECRET^JANE' }), 'PV1|1|N')
    const [task, ...others] = await tasks()
    assert.deepEqual(others, [])
    assert.deepEqual(await states(), ['rejected'])
    assert.equal(task?.status, 'requested')
    assert.match(task?.description ?? '', /UNAPPLIED-1 of ADT1\|GHH .*101 at PID\^1\^3.* - have the sender/)
    assert.doesNotMatch(JSON.stringify(task), /SECRET/)
    assert.match(task?.input[0]?.valueReference.reference ?? '', /^Binary\/message-\d+$/)
    assert.equal(task?.input[0]?.valueReference.identifier.value, 'UNAPPLIED-1')
  })

  it('and that the rules refuse is one, too; one that has a Task of its own has no second', async () => {
    await tell(msh({ event: 'ADT^A40^ADT_A39' }), pid({ 3: mrn('U2'), 5: 'DOE^JANE' }))
    assert.match((await tasks())[0]?.description ?? '', /101 at MRG\^1\^1/)
    await gateway.engine.reset()
    for (const each of ['U3', 'U4']) await tell(...register(each))
    const merge = (from: string, to: string) => [
      msh({ event: 'ADT^A40^ADT_A39' }),
      pid({ 3: mrn(to), 5: 'DOE^JANE' }),
      segment('MRG', { 1: mrn(from) }),
    ]
    await tell(...merge('U3', 'U4'))
    await tell(...merge('U4', 'U3'))
    assert.deepEqual(await tasks(), [])
    assert.equal((await tasks('merge-cycle')).length, 1)
  })

  it('and that waits for somebody is one until that somebody comes', async () => {
    await tell(
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH' }),
      'EVN||20260302080000',
      pid({ 3: mrn('U5'), 18: account('A5') }),
      'FT1|1|L1^^^BILL1TX||20260302103000|20260302103000|CG|99213^Visit^L|||1|150.00&USD',
    )
    assert.deepEqual(await states(), ['parked'])
    assert.match((await tasks())[0]?.description ?? '', /PARKED at PID\^1\^3/)
    assert.equal((await tasks())[0]?.status, 'requested')
    await tell(...register('U5'))
    assert.deepEqual(await states(), ['processed', 'processed'])
    assert.deepEqual(
      (await tasks()).map((each) => each.status),
      ['completed'],
    )
  })

  it('and is refused again when it is run again stays one Task', async () => {
    await tell(msh({ event: 'ADT^A28^ADT_A05' }), pid({ 5: 'DOE^JANE' }), 'PV1|1|N')
    assert.equal(await gateway.engine.messages.rerun({ states: ['rejected'], source: undefined }), 1)
    await gateway.idle()
    assert.deepEqual(
      (await tasks()).map((each) => each.status),
      ['requested'],
    )
  })
})

it('a source that hears of it in the acknowledgement has no Task for it', async () => {
  const [, ...rest] = register('U6')
  const head = msh({ event: 'ADT^A28^ADT_A05', source: 'SCHED1|GHH' })
  const answer = await gateway.send(head, ...rest.map((each) => each.replace(/^PID\|1\|\|[^|]*/, 'PID|1||')))
  assert.deepEqual([answer.code, answer.errors], ['AE', ['E 101 PID^1^3']])
  assert.deepEqual(await tasks(), [])
})
