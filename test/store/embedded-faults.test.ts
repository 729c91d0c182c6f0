// The embedded server under faults: kill -9 of everything, at every stage (promises.md T24, T25; durability.md section 3).
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { postmasterPid, processesIn } from '../../src/store/embedded/leftovers.ts'
import { startOf, takeFile } from '../../src/store/embedded/lock.ts'
import { type GatewayProcess, launch, outcome } from './gateway-process.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-faults-'))
  chmodSync(folder, 0o755)
  folders.push(folder)
  return folder
}

async function query(url: string, text: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function stop(gateway: GatewayProcess): Promise<void> {
  gateway.tell('stop')
  await gateway.ended
}

test('A gateway killed with SIGKILL leaves its server; the next one ends it and keeps every committed row', async (t) => {
  const dataDir = join(temporary(), 'data')
  const first = launch(dataDir)
  const before = await first.first('ready')
  await query(before.url, 'CREATE TABLE kept AS SELECT 42 AS n')
  first.kill('SIGKILL')
  await first.ended
  assert.ok(processesIn([join(dataDir, 'postgres')]).includes(before.pid), 'the server outlives SIGKILL')

  // A transaction of the dead gateway that is still open cannot commit behind the back of the next one.
  const open = new pg.Client({ connectionString: before.url })
  open.on('error', () => {})
  await open.connect()
  await open.query('BEGIN; INSERT INTO kept VALUES (43)')

  const began = performance.now()
  const second = launch(dataDir)
  const ready = await second.first('ready')
  t.diagnostic(
    `ready again after ${Math.round(performance.now() - began)} ms, of which start ${ready.startMs} ms`,
  )
  assert.notEqual(ready.pid, before.pid)
  assert.ok(!processesIn([join(dataDir, 'postgres')]).includes(before.pid))
  await assert.rejects(open.query('COMMIT'))
  await open.end().catch(() => {})
  assert.deepEqual(await query(ready.url, 'SELECT n FROM kept'), [[42]])
  await stop(second)
})

test('Both killed, with the pid of the server given to another process: the next gateway starts', async () => {
  const dataDir = join(temporary(), 'data')
  const first = launch(dataDir)
  const { pid, url } = await first.first('ready')
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS n')
  first.kill('SIGKILL')
  await first.ended
  process.kill(pid, 'SIGKILL')
  await until(() => processesIn([join(dataDir, 'postgres')]).length === 0)
  const file = join(dataDir, 'postgres', 'postmaster.pid')
  const lines = readFileSync(file, 'utf8').split('\n')
  // This test is alive and is no server.
  writeFileSync(file, [process.pid, ...lines.slice(1)].join('\n'))
  assert.equal(postmasterPid(join(dataDir, 'postgres')), process.pid)
  const second = launch(dataDir)
  const ready = await second.first('ready')
  assert.deepEqual(await query(ready.url, 'SELECT n FROM kept'), [[42]])
  await stop(second)
})

test('A server killed with SIGKILL is started again, and the gateway is told', async (t) => {
  const dataDir = join(temporary(), 'data')
  const gateway = launch(dataDir)
  const { pid, url } = await gateway.first('ready')
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS n')
  const began = performance.now()
  process.kill(pid, 'SIGKILL')
  await gateway.first('down')
  const up = await gateway.first('up')
  t.diagnostic(`up again after ${Math.round(performance.now() - began)} ms`)
  assert.notEqual(up.pid, pid)
  assert.deepEqual(await query(url, 'SELECT n FROM kept'), [[42]])
  await stop(gateway)
})

test('A killed session of the server does not stop it', async () => {
  const dataDir = join(temporary(), 'data')
  const gateway = launch(dataDir)
  const { url, pid } = await gateway.first('ready')
  const [[session] = []] = await query(url, 'SELECT pg_backend_pid()')
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  process.kill(Number(rows[0].pid), 'SIGKILL')
  await assert.rejects(client.query('SELECT 1'))
  let answer: unknown
  while (answer === undefined) answer = await query(url, 'SELECT 1').catch(() => undefined)
  assert.notEqual(session, undefined)
  assert.equal(postmasterPid(join(dataDir, 'postgres')), pid)
  assert.ok(!gateway.reports.some((report) => report.event === 'down'))
  await stop(gateway)
})

/** Where a first start may be killed, as seen from outside. */
const stages: readonly { readonly name: string; readonly reached: (dataDir: string) => boolean }[] = [
  { name: 'the folder is there', reached: existsSync },
  { name: 'the lock is taken', reached: (dataDir) => existsSync(join(dataDir, 'gateway.lock')) },
  { name: 'the password is written', reached: (dataDir) => existsSync(join(dataDir, 'password')) },
  { name: 'initdb has begun', reached: (dataDir) => drafts(dataDir).length > 0 },
  { name: 'initdb fills the catalogue', reached: (dataDir) => inDraft(dataDir, 'base/1/PG_VERSION') },
  { name: 'initdb copies databases', reached: (dataDir) => inDraft(dataDir, 'base/4/PG_VERSION') },
  { name: 'the database of the gateway is made', reached: (dataDir) => inDraft(dataDir, 'base/16385') },
  { name: 'the cluster is complete', reached: (dataDir) => existsSync(join(dataDir, 'postgres')) },
  {
    name: 'the server starts',
    reached: (dataDir) => existsSync(join(dataDir, 'postgres', 'postmaster.pid')),
  },
]

function drafts(dataDir: string): string[] {
  return existsSync(dataDir) ? readdirSync(dataDir).filter((name) => name.startsWith('postgres.new-')) : []
}

function inDraft(dataDir: string, path: string): boolean {
  return (
    drafts(dataDir).some((name) => existsSync(join(dataDir, name, path))) ||
    existsSync(join(dataDir, 'postgres'))
  )
}

for (const { name, reached } of stages) {
  test(`A first start killed when ${name} is begun anew by the next (T25)`, async () => {
    const dataDir = join(temporary(), 'data')
    const first = launch(dataDir)
    await until(() => reached(dataDir))
    first.kill('SIGKILL')
    await first.ended
    const second = launch(dataDir)
    const ready = await outcome(second)
    assert.ok(ready.event === 'ready', JSON.stringify(ready))
    assert.deepEqual(await query(ready.url, 'SELECT current_database()::text'), [['portico']])
    assert.deepEqual(drafts(dataDir), [])
    await stop(second)
    assert.deepEqual(processesIn([dataDir, join(dataDir, 'postgres')]), [])
  })
}

test('Of many gateways that start on the folder of a killed one, one gets it', async () => {
  const dataDir = join(temporary(), 'data')
  const first = launch(dataDir)
  await first.first('ready')
  first.kill('SIGKILL')
  await first.ended
  const many = Array.from({ length: 6 }, () => launch(dataDir))
  const outcomes = await Promise.all(many.map(outcome))
  assert.equal(outcomes.filter(({ event }) => event === 'ready').length, 1, JSON.stringify(outcomes))
  const winner = many[outcomes.findIndex(({ event }) => event === 'ready')]
  for (const one of outcomes) {
    if (one.event === 'refused') assert.match(one.message, new RegExp(`pid ${winner?.pid}\\b`))
  }
  if (winner) await stop(winner)
  await Promise.all(many.map(({ ended }) => ended))
})

test('The lock file alone: of many that find a dead holder, one gets it, also when an heir died half-way', () => {
  for (let round = 0; round < 50; round++) {
    const path = join(temporary(), 'gateway.lock')
    const dead = { pid: 999_999_999, started: '1' }
    const deadHeir = { pid: 999_999_998, started: '2' }
    writeFileSync(path, JSON.stringify(dead))
    if (round % 2 === 1) writeFileSync(`${path}.after-${dead.pid}-${dead.started}`, JSON.stringify(deadHeir))
    const me = { pid: process.pid, started: startOf(process.pid) ?? '' }
    assert.equal(takeFile(path, me), undefined)
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), me)
    assert.deepEqual(takeFile(path, { pid: 1, started: 'other' }), me)
    assert.deepEqual(readdirSync(join(path, '..')), ['gateway.lock'].concat(round % 2 === 1 ? [] : []))
  }
})
