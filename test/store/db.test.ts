// The connection to PostgreSQL: values, pools, transactions, and what they do when the other side fails.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import {
  CommitUnknown,
  classify,
  type Database,
  describeError,
  openDatabase,
  StoreBusy,
  sqlState,
  type Transaction,
} from '../../src/store/db.ts'
import { pipelined } from '../../src/store/transaction.ts'
import { lockAgain, lockThings } from '../../src/store/truth.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { flakyProxy } from './flaky-proxy.ts'

let fixture: TestDatabase
let db: Database
before(async () => {
  fixture = await testDatabase({ migrated: false, maxReaders: 2, maxWaiting: 2, readTimeoutMs: 400 })
  db = fixture.db
  await db.transaction((tx) => tx.script('CREATE TABLE thing (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)'))
})
after(() => fixture.drop())

const warn = () => {}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => assert.fail('it should have been refused'),
    (error: unknown) => error,
  )
}

async function count(where = 'true'): Promise<number | undefined> {
  const [row] = await db.read.query<{ n: number }>(
    `count ${where}`,
    `SELECT count(*) AS n FROM thing WHERE ${where}`,
  )
  return row?.n
}

test('Values come as the store wants them: exact numbers, times as ISO text in UTC, bytes as bytes', async () => {
  const [row] = await db.read.query(
    'values',
    `SELECT 9007199254740991::bigint AS safe, 9007199254740993::bigint AS large, 1.10::numeric AS money,
       '2026-03-02 09:12:31.123456-06'::timestamptz AS instant, '2026-03-02'::date AS day,
       '\\x00ff'::bytea AS raw, ARRAY[1, NULL]::bigint[] AS list, '{"a": 1.10}'::jsonb::text AS json`,
  )
  assert.deepEqual(row, {
    safe: 9007199254740991,
    large: '9007199254740993',
    money: '1.10',
    instant: '2026-03-02T15:12:31.123456Z',
    day: '2026-03-02',
    raw: Buffer.from([0, 255]),
    list: [1, null],
    json: '{"a": 1.10}',
  })
})

test('A statement is prepared once under its name', async () => {
  await db.snapshot(async (tx) => {
    for (const id of [1, 2, 3]) await tx.query('by_id', 'SELECT n FROM thing WHERE id = $1', [id])
    const rows = await tx.query('prepared', "SELECT name FROM pg_prepared_statements WHERE name = 'by_id'")
    assert.deepEqual(rows, [{ name: 'by_id' }])
  })
})

test('Readers cannot write', async () => {
  const error = await rejection(db.read.execute('sneaky', 'INSERT INTO thing VALUES (1)'))
  assert.equal(sqlState(error), '25006')
})

test('A transaction commits, rolls back when its work throws, and on a dry run returns and rolls back', async () => {
  await db.transaction((tx) => tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [10]))
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [11])
      throw new Error('changed my mind')
    }),
    /changed my mind/,
  )
  const dry = await db.transaction((tx) => tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [12]), {
    rollback: true,
  })
  assert.equal(dry, 1)
  assert.equal(await count('id IN (10, 11, 12)'), 1)
})

test('Work that swallows the error of a statement is not taken for committed', async () => {
  const error = await rejection(
    db.transaction(async (tx) => {
      await tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [20])
      await tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [20]).catch(() => {})
    }),
  )
  assert.match(String(error), /before COMMIT/)
  assert.equal(await count('id = 20'), 0)
})

test('Statements given together run in their order, and one that fails undoes all', async () => {
  const insert = (tx: Transaction, id: number) => tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [id])
  await db.transaction(async (tx) => {
    const [, , rows] = await Promise.all([
      insert(tx, 21),
      insert(tx, 22),
      tx.query<{ id: number }>('both', 'SELECT id FROM thing WHERE id IN (21, 22) ORDER BY id'),
    ])
    assert.deepEqual(rows, [{ id: 21 }, { id: 22 }])
  })
  const together = (tx: Transaction) =>
    Promise.all([insert(tx, 23), insert(tx, 21), insert(tx, 24), tx.query('x', 'SELECT 1')])
  const error = await rejection(db.transaction(together))
  assert.equal(sqlState(error), '23505')
  assert.equal(await count('id IN (23, 24)'), 0)
  await db.transaction((tx) => insert(tx, 24))
})

test('Of statements given together the first that fails is told of, however many layers its error comes through', async () => {
  const insert = (tx: Transaction, id: number) => tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [id])
  await db.transaction((tx) => insert(tx, 25))
  const deep = async (tx: Transaction) => {
    await (async () => await (async () => await insert(tx, 25))())()
  }
  const error = await rejection(db.transaction((tx) => pipelined([deep(tx), tx.query('x', 'SELECT 1')])))
  assert.equal(sqlState(error), '23505', 'and not 25P02, which says that the transaction has failed before')
})

test('A statement after the end of its transaction is refused', async () => {
  const late = await db.transaction(async (tx) => tx)
  await assert.rejects(late.query('late', 'SELECT 1'), /after the end/)
})

test('Two transactions that conflict are both applied: serialization failure and deadlock are tried again', async () => {
  await db.transaction((tx) => tx.script('INSERT INTO thing VALUES (30, 0), (31, 0)'))
  const add = () =>
    db.transaction(
      async (tx) => {
        const [row] = await tx.query<{ n: number }>('read_30', 'SELECT n FROM thing WHERE id = 30')
        await tx.execute('write_30', 'UPDATE thing SET n = $1 WHERE id = 30', [(row?.n ?? 0) + 1])
      },
      { isolation: 'serializable', retries: 50 },
    )
  await Promise.all(Array.from({ length: 6 }, add))
  assert.equal(await count('id = 30 AND n = 6'), 1)

  let attempts = 0
  const met: (() => void)[] = []
  const cross = (first: number, second: number) =>
    db.transaction(async (tx) => {
      await tx.execute('bump', 'UPDATE thing SET n = n + 1 WHERE id = $1', [first])
      if (++attempts <= 2) {
        // Both hold their first row before either asks for its second.
        const both = new Promise<void>((resolve) => met.push(resolve))
        if (attempts === 2) for (const go of met) go()
        await both
      }
      await tx.execute('bump', 'UPDATE thing SET n = n + 1 WHERE id = $1', [second])
    })
  await Promise.all([cross(30, 31), cross(31, 30)])
  assert.equal(attempts, 3)
  assert.equal(await count('(id = 30 AND n = 8) OR (id = 31 AND n = 2)'), 2)
})

test('A transaction that is tried again begins with the locks of its earlier attempts', async () => {
  const met: (() => void)[] = []
  const began: string[][] = []
  const cross = (first: string, second: string) =>
    db.transaction(async (tx) => {
      began.push([...tx.locks].sort())
      await lockAgain(tx, 1)
      await lockThings(tx, 1, [first])
      if (began.length <= 2) {
        // Both hold their first name before either asks for its second.
        const both = new Promise<void>((resolve) => met.push(resolve))
        if (met.length === 2) for (const go of met) go()
        await both
      }
      await lockThings(tx, 1, [second])
    })
  await Promise.all([cross('a', 'b'), cross('b', 'a')])
  assert.deepEqual(began, [[], [], ['a', 'b']])
})

test('A transaction whose connection is ended before COMMIT runs again', async () => {
  let runs = 0
  await db.transaction(async (tx) => {
    runs++
    await tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [40])
    if (runs > 1) return
    const [row] = await tx.query<{ pid: number }>('pid', 'SELECT pg_backend_pid() AS pid')
    await db.read.query('terminate', 'SELECT pg_terminate_backend($1)', [row?.pid])
    await tx.query('after', 'SELECT 1')
  })
  assert.equal(runs, 2)
  assert.equal(await count('id = 40'), 1)
})

test('When the answer to COMMIT is lost, the outcome is said to be unknown and the work does not run again', async () => {
  const proxy = flakyProxy(fixture.url)
  await proxy.listen()
  const far = await openDatabase({ connection: proxy.connection, schema: fixture.schema, warn })
  let runs = 0
  proxy.loseNextCommitAnswer()
  const error = await rejection(
    far.transaction((tx) => {
      runs++
      return tx.execute('insert', 'INSERT INTO thing VALUES ($1)', [50])
    }),
  )
  assert.ok(error instanceof CommitUnknown)
  assert.equal(classify(error), 'transient')
  assert.equal(runs, 1)
  while ((await count('id = 50')) !== 1);
  await far.close()
  await proxy.close()
})

test('A server that does not answer any more is given up, and the pool heals', async () => {
  const proxy = flakyProxy(fixture.url)
  await proxy.listen()
  const limits = { readTimeoutMs: 100, writeTimeoutMs: 100, connectTimeoutMs: 300 }
  const far = await openDatabase({ connection: proxy.connection, schema: fixture.schema, warn, ...limits })
  await far.read.query('one', 'SELECT 1')
  proxy.mute()
  const error = await rejection(far.read.query('one', 'SELECT 1'))
  assert.equal(classify(error), 'transient')
  proxy.heal()
  await far.read.query('one', 'SELECT 1')
  assert.equal(await far.transaction((tx) => tx.execute('noop', 'SELECT 1')), 1)
  await far.close()
  await proxy.close()
})

test('A server that is not there yet is waited for', async () => {
  const proxy = flakyProxy(fixture.url)
  const opening = openDatabase({ connection: proxy.connection, schema: fixture.schema, warn })
  await proxy.listen()
  const far = await opening
  await far.read.query('one', 'SELECT 1')
  await far.close()
  await proxy.close()
})

test('A read that takes too long is ended, and its connection serves again', async () => {
  const error = await rejection(db.read.query('sleep', 'SELECT pg_sleep(60)'))
  assert.equal(sqlState(error), '57014')
  assert.equal(classify(error), 'transient')
  await db.read.query('one', 'SELECT 1')
})

test('More readers than may wait are turned away at once', async () => {
  const sleepers = Array.from({ length: 5 }, () => db.read.query('nap', 'SELECT pg_sleep(0.1)'))
  const outcomes = await Promise.allSettled(sleepers)
  const refused = outcomes.filter((one) => one.status === 'rejected')
  assert.ok(refused.length > 0)
  for (const one of refused) assert.ok(one.reason instanceof StoreBusy)
  assert.equal(db.state().readers.waiting, 0)
})

test('A prepared statement survives a migration that changes its result', async () => {
  await db.transaction((tx) => tx.script('CREATE TABLE shape (a int)'))
  const read = () => db.transaction((tx) => tx.query('shape', 'SELECT * FROM shape'))
  await Promise.all(Array.from({ length: 6 }, read))
  await db.transaction((tx) =>
    tx.script('ALTER TABLE shape ADD COLUMN b int; INSERT INTO shape VALUES (1, 2)'),
  )
  for (let i = 0; i < 6; i++) assert.deepEqual(await read(), [{ a: 1, b: 2 }])
})

test('The schema is made when it is missing, also by several at once, and odd names are refused', async () => {
  const schema = `${fixture.schema}_b`
  const opened = await Promise.all(
    Array.from({ length: 4 }, () => openDatabase({ connection: fixture.url, schema, warn })),
  )
  const [first] = opened
  await first?.transaction((tx) => tx.script('CREATE TABLE here (n int)'))
  assert.deepEqual(await opened[3]?.read.query('where', "SELECT 'here'::regclass::text AS name"), [
    { name: 'here' },
  ])
  await Promise.all(opened.map((one) => one.close()))
  const client = new pg.Client({ connectionString: fixture.url })
  await client.connect()
  await client.query(`SET client_min_messages = warning; DROP SCHEMA "${schema}" CASCADE`)
  await client.end()
  await assert.rejects(openDatabase({ connection: fixture.url, schema: 'x"; drop', warn }), /DATABASE_SCHEMA/)
})

test('A wrong password is refused at once, without waiting', async () => {
  const target = new pg.Client({ connectionString: fixture.url })
  const connection = {
    host: target.host,
    port: target.port,
    user: 'portico',
    password: 'wrong',
    database: 'portico',
  }
  const error = await rejection(openDatabase({ connection, schema: 'portico', warn }))
  assert.match(sqlState(error) ?? '', /^28/)
})

test('Errors are told apart by SQLSTATE', async () => {
  const provoke = (text: string) => rejection(db.transaction((tx) => tx.script(text)))
  const deep = `SELECT '${'['.repeat(50_000)}'::jsonb`
  assert.equal(classify(await provoke("SELECT 'x'::int")), 'data')
  assert.equal(classify(await provoke('INSERT INTO thing (id) VALUES (1), (1)')), 'data')
  assert.equal(
    classify(await provoke("SELECT E'\\\\u0000'::jsonb ->> 0, convert_from('\\x00', 'UTF8')")),
    'data',
  )
  assert.equal(classify(await provoke(deep)), 'data')
  assert.equal(classify(await provoke('SELECT * FROM nowhere')), 'bug')
  assert.equal(classify(await provoke('SELEKT 1')), 'bug')
  assert.equal(classify(new Error('some bug of ours')), 'bug')
  const server = (code: string) => Object.assign(new Error(''), { code, severity: 'ERROR' })
  for (const code of ['40001', '40P01', '08006', '57P01', '57P03', '53300', '55P03', '25006']) {
    assert.equal(classify(server(code)), 'transient', code)
  }
  for (const code of ['53100', '53200', '58030', 'XX001', 'XX002'])
    assert.equal(classify(server(code)), 'storage', code)
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOENT']) {
    assert.equal(classify(Object.assign(new Error(''), { code })), 'transient', code)
  }
})

test('What may be logged of an error holds no value', async () => {
  await db.transaction((tx) => tx.script('CREATE TABLE person (name text PRIMARY KEY)'))
  const insert = () =>
    db.transaction((tx) => tx.execute('person', 'INSERT INTO person VALUES ($1)', ['MUSTERMANN']))
  await insert()
  assert.deepEqual(describeError(await rejection(insert())), {
    kind: 'data',
    code: '23505',
    table: 'person',
    constraint: 'person_pkey',
  })
})
