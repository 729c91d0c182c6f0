// The embedded server as an operator meets it: start, folder, access, refusals (durability.md section 3).
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { canReach, runnableBinaries } from '../../src/store/embedded/account.ts'
import { linkLibraries } from '../../src/store/embedded/binaries.ts'
import { processesIn } from '../../src/store/embedded/leftovers.ts'
import {
  type Embedded,
  EmbeddedError,
  type EmbeddedOptions,
  startEmbedded,
} from '../../src/store/embedded/supervisor.ts'
import { launch, outcome, type ProcessOptions } from './gateway-process.ts'

const root = process.getuid?.() === 0
const folders: string[] = []
after(() => {
  for (const folder of folders) {
    // Nothing is left here unless a test has failed.
    for (const pid of processesIn([join(folder, 'data', 'postgres')])) process.kill(pid, 'SIGKILL')
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder of its own, that accounts other than root can reach. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-embedded-'))
  chmodSync(folder, 0o755)
  folders.push(folder)
  return folder
}

const said: string[] = []
const say = (_: Record<string, unknown>, message: string) => {
  said.push(message)
}
const log = { info: say, warn: say, error: say }

async function withServer(
  options: Omit<EmbeddedOptions, 'log'>,
  work: (embedded: Embedded, client: pg.Client) => Promise<void>,
): Promise<Embedded> {
  const embedded = await startEmbedded({ ...options, log })
  const client = new pg.Client({ connectionString: embedded.url })
  client.on('error', () => {})
  try {
    await client.connect()
    await work(embedded, client)
  } finally {
    await client.end()
    await embedded.stop()
  }
  return embedded
}

async function value(client: pg.Client, text: string): Promise<unknown> {
  const { rows } = await client.query({ text, rowMode: 'array' })
  return rows[0]?.[0]
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

async function refusal(promise: Promise<unknown>): Promise<EmbeddedError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof EmbeddedError, `expected a refusal, got ${String(error)}`)
  return error
}

test('The first start makes the folder and the cluster, later starts find what was written', async (t) => {
  const dataDir = join(temporary(), 'deep', 'data')
  const first = await withServer({ dataDir }, async (embedded, client) => {
    assert.ok(embedded.initMs > 0)
    await client.query('CREATE TABLE kept AS SELECT 42 AS n')
  })
  const second = await withServer({ dataDir }, async (embedded, client) => {
    assert.equal(embedded.initMs, 0)
    assert.equal(await value(client, 'SELECT n FROM kept'), 42)
  })
  t.diagnostic(
    `PostgreSQL ${first.version}: initdb ${first.initMs} ms, start ${first.startMs} ms, restart ${second.startMs} ms`,
  )
})

test('Folder, sockets, cluster and password are closed to others, also under a loose umask and after chmod', async () => {
  const dataDir = join(temporary(), 'data')
  mkdirSync(dataDir, { mode: 0o777 })
  chmodSync(dataDir, 0o755)
  const before = process.umask(0)
  try {
    await withServer({ dataDir }, async () => {
      assert.equal(mode(dataDir), '700')
      assert.equal(mode(join(dataDir, 'run')), '700')
      assert.equal(mode(join(dataDir, 'postgres')), '700')
      assert.equal(mode(join(dataDir, 'password')), '600')
      assert.equal(mode(join(dataDir, 'postgres', 'postgresql.conf')), '600')
      for (const name of readdirSync(join(dataDir, 'postgres', 'log'))) {
        assert.equal(mode(join(dataDir, 'postgres', 'log', name)), '600')
      }
    })
  } finally {
    process.umask(before)
  }
  chmodSync(dataDir, 0o750)
  await withServer({ dataDir }, async () => assert.equal(mode(dataDir), '700'))
  assert.ok(said.some((message) => message.includes('0700')))
})

test('Nothing listens on TCP, and the socket asks for the password', async () => {
  const dataDir = join(temporary(), 'data')
  await withServer({ dataDir }, async (embedded, client) => {
    assert.equal(await value(client, 'SHOW listen_addresses'), '')
    assert.equal(await value(client, 'SHOW password_encryption'), 'scram-sha-256')
    for (const user of ['portico', 'postgres']) {
      const wrong = new pg.Client({ ...embedded.connection, user, password: 'password' })
      await assert.rejects(wrong.connect(), { code: '28P01' })
    }
  })
})

test('A commit is on the disk, and the role of the gateway is no superuser', async () => {
  const dataDir = join(temporary(), 'data')
  await withServer({ dataDir }, async (_, client) => {
    for (const name of ['fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums']) {
      assert.equal(await value(client, `SHOW ${name}`), 'on', name)
    }
    assert.equal(await value(client, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user'), false)
    await assert.rejects(client.query("COPY (SELECT 1) TO PROGRAM 'true'"), { code: '42501' })
    assert.equal(await value(client, 'SHOW timezone'), 'UTC')
    assert.equal(await value(client, 'SHOW server_encoding'), 'UTF8')
  })
})

test('The log of the server quotes no statement and no row', async () => {
  const dataDir = join(temporary(), 'data')
  await withServer({ dataDir }, async (_, client) => {
    await client.query('CREATE TABLE person (name text PRIMARY KEY)')
    await client.query("INSERT INTO person VALUES ('MUSTERMANN')")
    await assert.rejects(client.query('INSERT INTO person VALUES ($1)', ['MUSTERMANN']), { code: '23505' })
    await assert.rejects(client.query("SELECT 'MUSTERMANN'::int"), { code: '22P02' })
    await assert.rejects(client.query("SELECT MUSTERMANN FROM person WHERE name = 'MUSTERMANN'"), {
      code: '42703',
    })
  })
  const logs = join(dataDir, 'postgres', 'log')
  const text = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'))
  assert.ok(text.join('').includes('ready to accept connections'))
  assert.ok(!text.join('').toUpperCase().includes('MUSTERMANN'))
})

test('A second gateway on the folder is refused with the pid of the first and writes nothing (T24)', async () => {
  const dataDir = join(temporary(), 'data')
  const first = launch(dataDir)
  const ready = await first.first('ready')
  const state = () => readdirSync(dataDir).map((name) => `${name} ${statSync(join(dataDir, name)).mtimeMs}`)
  const before = state()
  for (const again of [launch(dataDir), launch(dataDir), launch(join(dataDir, '..', 'data'))]) {
    const refused = await again.first('refused')
    assert.equal(refused.code, 'HELD')
    assert.match(refused.message, new RegExp(`pid ${first.pid}\\b`))
    await again.ended
  }
  assert.deepEqual(state(), before)
  const client = new pg.Client({ connectionString: ready.url })
  await client.connect()
  assert.equal(await value(client, 'SELECT 1'), 1)
  await client.end()
  first.tell('stop')
  await first.ended
  const next = await withServer({ dataDir }, async () => {})
  assert.ok(next.pid > 0)
})

test('A stopped (frozen) gateway still holds its folder', async () => {
  const dataDir = join(temporary(), 'data')
  const first = launch(dataDir)
  await first.first('ready')
  first.kill('SIGSTOP')
  const refused = await launch(dataDir).first('refused')
  assert.match(refused.message, new RegExp(`pid ${first.pid}\\b`))
  first.kill('SIGCONT')
  first.tell('stop')
  await first.ended
})

test('A folder with other things in it is refused and left as it is', async () => {
  const dataDir = join(temporary(), 'data')
  mkdirSync(dataDir)
  chmodSync(dataDir, 0o755)
  writeFileSync(join(dataDir, 'thesis.txt'), 'years of work')
  const error = await refusal(startEmbedded({ dataDir, log }))
  assert.equal(error.code, 'FOLDER')
  assert.match(error.message, /thesis\.txt/)
  assert.equal(mode(dataDir), '755')
  assert.deepEqual(readdirSync(dataDir), ['thesis.txt'])
})

test('A file in place of the folder is refused with a reason', async () => {
  const dataDir = join(temporary(), 'data')
  writeFileSync(dataDir, '')
  const error = await refusal(startEmbedded({ dataDir, log }))
  assert.equal(error.code, 'FOLDER')
})

test('A path too long for a unix socket works by a short private folder', async () => {
  const dataDir = join(temporary(), 'a'.repeat(60), 'b'.repeat(60))
  await withServer({ dataDir }, async (embedded, client) => {
    assert.equal(await value(client, 'SELECT 1'), 1)
    const sockets = embedded.connection.host
    assert.notEqual(dirname(sockets), dataDir)
    assert.equal(mode(sockets), '700')
    folders.push(sockets)
  })
})

test('A lost password file is replaced, the data stays', async () => {
  const dataDir = join(temporary(), 'data')
  await withServer({ dataDir }, async (_, client) => {
    await client.query('CREATE TABLE kept AS SELECT 42 AS n')
  })
  rmSync(join(dataDir, 'password'))
  await withServer({ dataDir }, async (_, client) =>
    assert.equal(await value(client, 'SELECT n FROM kept'), 42),
  )
})

test('A cluster of another major version is not opened: the message names both', async () => {
  const dataDir = join(temporary(), 'data')
  await withServer({ dataDir }, async () => {})
  const file = join(dataDir, 'postgres', 'PG_VERSION')
  const version = readFileSync(file, 'utf8')
  writeFileSync(file, '99\n')
  const error = await refusal(startEmbedded({ dataDir, log }))
  assert.equal(error.code, 'VERSION')
  assert.match(error.message, /PostgreSQL 99/)
  writeFileSync(file, version)
  await withServer({ dataDir }, async () => {})
})

test('The gateway ends, its server ends: by exit, by an error that nobody catches, and in order', async () => {
  const dataDir = join(temporary(), 'data')
  for (const how of ['exit', 'throw', 'stop'] as const) {
    const gateway = launch(dataDir)
    await gateway.first('ready')
    gateway.tell(how)
    await gateway.ended
    await waitFor(() => processesIn([join(dataDir, 'postgres')]).length === 0)
    assert.ok(!existsSync(join(dataDir, 'gateway.lock')))
  }
})

test('The PostgreSQL of the machine serves when it is asked for', async (t) => {
  const found = readdirSync('/usr/lib', { encoding: 'utf8' }).includes('postgresql')
  if (!found) return t.skip('no PostgreSQL installed on this machine')
  const dataDir = join(temporary(), 'data')
  const embedded = await withServer({ dataDir, binaries: 'system' }, async (_, client) => {
    assert.equal(await value(client, 'SELECT 1'), 1)
  })
  t.diagnostic(`PostgreSQL ${embedded.version}: initdb ${embedded.initMs} ms, start ${embedded.startMs} ms`)
  // Then the cluster decides: the package, which is another major version, is passed over.
  await withServer({ dataDir }, async (again) => assert.equal(again.version, embedded.version))
})

test('Links between libraries that an install without scripts left out are made, and only inside the package', () => {
  const folder = temporary()
  mkdirSync(join(folder, 'native', 'lib'), { recursive: true })
  writeFileSync(join(folder, 'native', 'lib', 'libpq.so.5.18'), 'x')
  const list = join(folder, 'native', 'pg-symlinks.json')
  writeFileSync(
    list,
    JSON.stringify([{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]),
  )
  assert.equal(linkLibraries(folder), undefined)
  assert.equal(linkLibraries(folder), undefined)
  assert.equal(readFileSync(join(folder, 'native', 'lib', 'libpq.so.5'), 'utf8'), 'x')
  writeFileSync(list, JSON.stringify([{ source: 'native/lib/libpq.so.5.18', target: '../evil' }]))
  assert.match(linkLibraries(folder) ?? '', /outside the package/)
})

test('Root lends its server an account that is not root', { skip: !root && 'not root' }, async () => {
  const dataDir = join(temporary(), 'data')
  await withServer({ dataDir }, async (embedded, client) => {
    assert.ok(embedded.account)
    const status = readFileSync(`/proc/${embedded.pid}/status`, 'utf8')
    assert.match(status, /^Uid:\t(?!0\b)\d+/m)
    assert.notEqual(statSync(join(dataDir, 'postgres')).uid, 0)
    assert.equal(await value(client, 'SELECT 1'), 1)
  })
})

test('Below a folder that only root may enter it works too, and no mode is loosened', {
  skip: !root && 'not root',
}, async () => {
  const parent = temporary()
  chmodSync(parent, 0o700)
  const dataDir = join(parent, 'data')
  await withServer({ dataDir }, async (_, client) => assert.equal(await value(client, 'SELECT 1'), 1))
  await withServer({ dataDir }, async (_, client) => assert.equal(await value(client, 'SELECT 1'), 1))
  assert.equal(mode(parent), '700')
  assert.equal(mode(dataDir), '700')
})

test('Binaries that the lent account cannot reach are copied, once, to where it can', {
  skip: !root && 'not root',
}, () => {
  const parent = temporary()
  chmodSync(parent, 0o700)
  const folder = join(parent, 'bin')
  mkdirSync(folder)
  writeFileSync(join(folder, 'postgres'), '#!/bin/sh\n', { mode: 0o755 })
  const account = { name: 'nobody', uid: 65_534, gid: 65_534 }
  const binaries = { folder, origin: 'package', version: `0-${process.pid}`, major: 0 } as const
  const copies = [1, 2].map(() => runnableBinaries(binaries, account, log).folder)
  const [copy = ''] = copies
  folders.push(dirname(copy))
  assert.equal(copies[1], copy)
  assert.ok(canReach(account, join(copy, 'postgres')))
  assert.equal(mode(join(copy, 'postgres')), '755')
  assert.equal(statSync(copy).uid, 0)
})

test('An ordinary user runs the server under its own account', async () => {
  const parent = temporary()
  const nobody: ProcessOptions = root ? { uid: 65_534, gid: 65_534 } : {}
  if (root) chmodSync(parent, 0o777)
  const dataDir = join(parent, 'data')
  const gateway = launch(dataDir, nobody)
  const ready = await outcome(gateway)
  assert.equal(ready.event, 'ready', JSON.stringify(ready))
  assert.equal(ready.event === 'ready' && ready.account, undefined)
  gateway.tell('stop')
  await gateway.ended
  if (!root) return
  // Started by root once more, the server keeps the account that owns the cluster.
  const again = await withServer({ dataDir }, async () => {})
  assert.equal(again.account, 'nobody')
})

test('Root alone does not open the folder of a user to that user: a foreign owner gets a clear refusal', async (t) => {
  if (!root) return t.skip('not root')
  const parent = temporary()
  const dataDir = join(parent, 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  const gateway = launch(dataDir, { uid: 65_534, gid: 65_534 })
  const refused = await outcome(gateway)
  assert.equal(refused.event === 'refused' && refused.code, 'FOLDER', JSON.stringify(refused))
  assert.match(refused.event === 'refused' ? refused.message : '', /uid 0/)
  await gateway.ended
})

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}
