// Partitions of the message log: made ahead, never in the way of what is there, dropped by whole days.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  clearTenant,
  dropPartitions,
  makePartitions,
  partitionDaysAhead,
  readBacklog,
} from '../../src/store/maintenance.ts'
import { type TestDatabase, testDatabase } from '../database.ts'

const names = `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass('message') order by 1`

describe('the message log', () => {
  let store: TestDatabase
  before(async () => {
    store = await testDatabase()
  })
  after(() => store.drop())

  const partitions = async () =>
    (await store.db.read.query<{ name: string }>('test_names', names)).map((row) => row.name)
  const insert = (at: string, id: number) =>
    store.db.transaction((tx) =>
      tx.execute(
        'test_insert',
        `insert into message (tenant, received_at, id, source, channel, raw, sha256, state) values (1, $1, $2, 'A|B', 'file', '\\x00', '\\x00', 'parked')`,
        [at, id],
      ),
    )

  it('has a partition for each of the next days, made once', async () => {
    const made = await store.db.transaction((tx) => makePartitions(tx, new Date('2026-03-02T23:30:00Z')))
    assert.equal(made, partitionDaysAhead)
    assert.ok((await partitions()).includes('message_20260302'))
    assert.equal(await store.db.transaction((tx) => makePartitions(tx, new Date('2026-03-02T01:00:00Z'))), 0)
  })

  it('leaves a day alone whose rows are in the default partition already', async () => {
    await insert('2026-04-02T10:00:00Z', 1)
    const made = await store.db.transaction((tx) => makePartitions(tx, new Date('2026-04-02T00:00:00Z')))
    assert.equal(made, partitionDaysAhead - 1)
    assert.equal((await partitions()).includes('message_20260402'), false)
  })

  it('drops whole days, and what waits is counted by state', async () => {
    await insert('2026-03-03T10:00:00Z', 2)
    assert.deepEqual((await readBacklog(store.db.read, 1)).states, [{ state: 'parked', n: 2 }])
    const dropped = await store.db.transaction((tx) => dropPartitions(tx, new Date('2026-03-04T12:00:00Z')))
    assert.deepEqual(dropped, ['message_20260302', 'message_20260303'])
    assert.deepEqual((await readBacklog(store.db.read, 1)).states, [{ state: 'parked', n: 1 }])
  })

  it('forgets one tenant and nobody else', async () => {
    await store.db.transaction((tx) => clearTenant(tx, 1))
    assert.deepEqual((await readBacklog(store.db.read, 1)).states, [])
  })
})
