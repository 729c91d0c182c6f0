// The search for duplicates behind the acknowledgements: what it finds, and that nothing can stop it (durability.md, section 6).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { register } from './messages.ts'

describe('the search for duplicates', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway()
  })
  after(() => gateway.close())

  const person = { 5: 'PRESCOTT^IMOGEN^A^^^^L', 7: '19710312', 8: 'F', 13: '^PRN^PH^^1^217^5550134' }
  const tasks = async () =>
    (await gateway.all('Task')).filter((task) => JSON.stringify(task.code).includes('possible-duplicate'))

  it('puts off a record that it cannot read, says so, and goes on with the others', async () => {
    const { db } = gateway.store
    await gateway.send(...register('POISON', { 5: 'SAMSON^ODD^^^^^L', 7: '19500101' }))
    await gateway.idle()
    const [poison] = await gateway.all('Patient')
    await db.transaction(async (tx) => {
      await tx.execute('test_break', `update resource set body = 'null' where id = $1`, [poison?.id])
      await tx.execute(
        'test_todo',
        `insert into todo (tenant, id, kind, cluster, subject, ready_at)
         values (1, nextval('todo_number'), 'match', $1, $1, '2026-03-02T14:00:00Z')`,
        [`Patient/${poison?.id}`],
      )
    })
    await gateway.send(...register('D1', person))
    await gateway.send(...register('D2', person))
    await gateway.idle()
    assert.equal((await tasks()).length, 1)
    assert.ok(gateway.faults.length > 0)
    const left = await db.read.query<{ attempts: number; error: string; ready: string }>(
      'test_left',
      `select attempts, last_error as error, ready_at::text as ready from todo`,
    )
    assert.deepEqual(
      left.map(({ attempts, error }) => [attempts, error]),
      [[1, 'TypeError']],
    )
    assert.ok(new Date(left[0]?.ready ?? 0) > new Date('2026-03-02T14:00:00Z'))
  })
})
