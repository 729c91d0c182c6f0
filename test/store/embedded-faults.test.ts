// The embedded server under faults: kill -9 of everything, at every stage (promises.md T24, T25; durability.md section 3).
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import pg from 'pg'
import { CommitUnknown, openDatabase } from '../../src/store/db.ts'
import { postmasterPid, processesIn } from '../../src/store/embedded/leftovers.ts'
import { startOf, takeFile } from '../../src/store/embedded/lock.ts'
import { type GatewayProcess, launch, outcome } from './gateway-process.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) {
    // Nothing is left here unless a test has failed.
    for (const pid of processesIn([join(folder, 'data', 'postgres')])) process.kill(pid, 'SIGKILL')
  }
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
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  process.kill(Number(rows[0].pid), 'SIGKILL')
  await assert.rejects(client.query('SELECT 1'))
  // All sessions end; the server comes back by itself.
  for (let back = false; !back; ) {
    back = await query(url, 'SELECT 1').then(
      () => true,
      () => false,
    )
  }
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

test('A gateway in another container on the same folder is refused too', async (t) => {
  // A network namespace is what a container has of its own; abstract socket names end at it.
  const wrapper = ['unshare', '--net']
  if (spawnSync('unshare', ['--net', 'true']).status !== 0)
    return t.skip('not allowed to make a network namespace')
  const dataDir = join(temporary(), 'data')
  const first = launch(dataDir)
  await first.first('ready')
  const refused = await launch(dataDir, { wrapper }).first('refused')
  assert.equal(refused.code, 'HELD')
  assert.match(refused.message, new RegExp(`pid ${first.pid}\\b`))
  await stop(first)
})

test('The lock file alone decides where the kernel has no lock: a live holder is named, a dead one replaced', () => {
  const me = { pid: process.pid, started: startOf(process.pid) ?? '' }
  const dead = { pid: 999_999_999, started: '1' }
  const deadHeir = { pid: 999_999_998, started: '2' }
  for (const heirs of [[], [deadHeir]]) {
    const folder = temporary()
    const path = join(folder, 'gateway.lock')
    writeFileSync(path, JSON.stringify(dead))
    // An heir that was killed between winning the file of the dead one and replacing it.
    for (const heir of heirs) writeFileSync(`${path}.after-${dead.pid}-${dead.started}`, JSON.stringify(heir))
    assert.equal(takeFile(path, me), undefined)
    assert.deepEqual(takeFile(path, { pid: process.pid, started: 'later' }), me)
    assert.deepEqual(readdirSync(folder), ['gateway.lock'])
  }
})

test('Of many processes that find the lock file of a dead holder at once, one gets it, round after round', async () => {
  const rounds = 100
  const folder = temporary()
  for (let round = 0; round < rounds; round++) {
    writeFileSync(join(folder, `lock-${round}`), JSON.stringify({ pid: 999_999_999, started: '1' }))
  }
  const script = `
    import { existsSync } from 'node:fs'
    import { startOf, takeFile } from ${JSON.stringify(join(import.meta.dirname, '../../src/store/embedded/lock.ts'))}
    const me = { pid: process.pid, started: startOf(process.pid) }
    console.log('here')
    while (!existsSync('go'));
    const won = []
    for (let round = 0; round < ${rounds}; round++) if (!takeFile('./lock-' + round, me)) won.push(round)
    console.log(JSON.stringify(won))
    process.stdin.resume()`
  const racers = Array.from({ length: 5 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
  })
  for (const { lines } of racers) await lines.next()
  writeFileSync(join(folder, 'go'), '')
  const won = await Promise.all(
    racers.map(async ({ lines }) => JSON.parse((await lines.next()).value ?? '[]')),
  )
  for (const { child } of racers) child.stdin.end()
  assert.deepEqual(
    won.flat().toSorted((a, b) => a - b),
    Array.from({ length: rounds }, (_, round) => round),
  )
})

test('While the server is killed again and again, each commit that was answered is there once (T03)', async (t) => {
  const dataDir = join(temporary(), 'data')
  const gateway = launch(dataDir)
  const { url } = await gateway.first('ready')
  const db = await openDatabase({ connection: url, schema: 'portico', warn: () => {}, maxWriters: 4 })
  await db.transaction((tx) => tx.script('CREATE TABLE kept (n int)'))
  const answered: number[] = []
  const unknown: number[] = []
  let next = 0
  let killed = 0
  const writer = async () => {
    while (killed < 5) {
      const n = next++
      try {
        await db.transaction((tx) => tx.execute('insert', 'INSERT INTO kept VALUES ($1)', [n]), {
          outageMs: 60_000,
        })
        answered.push(n)
      } catch (error) {
        if (!(error instanceof CommitUnknown)) throw error
        unknown.push(n)
      }
    }
  }
  const killer = async () => {
    for (; killed < 5; killed++) {
      const target = answered.length + 200
      await until(() => answered.length >= target)
      process.kill(postmasterPid(join(dataDir, 'postgres')) ?? 0, 'SIGKILL')
      await until(() => gateway.reports.filter(({ event }) => event === 'up').length > killed)
    }
  }
  await Promise.all([writer(), writer(), writer(), writer(), killer()])
  const rows = await db.read.query<{ n: number; times: number }>(
    'kept',
    'SELECT n, count(*) AS times FROM kept GROUP BY n',
  )
  const stored = new Map(rows.map(({ n, times }) => [n, times]))
  assert.deepEqual(
    answered.filter((n) => stored.get(n) !== 1),
    [],
  )
  assert.deepEqual(
    unknown.filter((n) => (stored.get(n) ?? 0) > 1),
    [],
  )
  const kept = unknown.filter((n) => stored.get(n) === 1)
  t.diagnostic(
    `5 kills, ${answered.length} answered: 0 missing, 0 twice; ${unknown.length} unknown, of which ${kept.length} stored`,
  )
  await db.close()
  await stop(gateway)
})
