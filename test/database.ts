// A fresh schema on a real PostgreSQL for each caller. The server is shared by all test files and ends by itself.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Database, type DatabaseOptions, openDatabase } from '../src/store/db.ts'
import { startOf, takeFile } from '../src/store/embedded/lock.ts'
import { startEmbedded } from '../src/store/embedded/supervisor.ts'
import { migrate } from '../src/store/migrate.ts'

/*
 * PORTICO_TEST_DATABASE_URL names a server to use instead (how the suites run on PostgreSQL 15). Otherwise the first
 * test file that needs one starts this file as a process of its own: it runs the embedded server in a folder below the
 * temporary directory, hands its URL to whoever connects to its socket, and ends with all its files when nobody has
 * been connected for `idleMs`. Test files that are killed need no cleaning up.
 */
const idleMs = 15_000
const startTimeoutMs = 60_000

export interface TestDatabase {
  /** For DATABASE_URL of a gateway that a test starts. */
  readonly url: string
  /** For DATABASE_SCHEMA. */
  readonly schema: string
  readonly db: Database
  /** Closes `db` and removes the schema. */
  drop(): Promise<void>
}

export interface TestDatabaseOptions extends Partial<Omit<DatabaseOptions, 'connection' | 'schema'>> {
  /** Apply the migrations. Default true. */
  readonly migrated?: boolean
}

export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const url = await testServer()
  const schema = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  const warn = (fields: Record<string, unknown>, text: string) => console.warn(text, fields)
  const { migrated = true, ...more } = options
  const db = await openDatabase({ connection: url, schema, warn, ...more })
  if (migrated) await migrate(db)
  return {
    url,
    schema,
    db,
    async drop() {
      await db.close()
      await dropSchema(url, schema)
    },
  }
}

async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`SET client_min_messages = warning; DROP SCHEMA IF EXISTS "${schema}" CASCADE`)
  } finally {
    await client.end()
  }
}

let shared: Promise<string> | undefined

/** URL of the shared server; a superuser it is not. */
export function testServer(): Promise<string> {
  const given = process.env.PORTICO_TEST_DATABASE_URL
  shared ??= given ? Promise.resolve(given) : sharedServer()
  return shared
}

// ------------------------------------------------------------------------------------------------ in a test file

/** One folder per user and working copy, so that another version of this file is never met. */
function serverFolder(): string {
  const copy = createHash('sha256')
    .update(import.meta.filename)
    .digest('hex')
    .slice(0, 8)
  const folder = join(tmpdir(), `portico-test-${process.getuid?.() ?? 0}-${copy}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = statSync(folder)
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0)
    throw new Error(`${folder} is not a private folder of ours`)
  return folder
}

async function sharedServer(): Promise<string> {
  const end = performance.now() + startTimeoutMs
  const folder = serverFolder()
  let running = false
  while (performance.now() < end) {
    const url = await attach(join(folder, 'control.sock'))
    if (url !== undefined) return url
    if (!running) {
      running = true
      spawnServer(folder, () => {
        running = false
      })
    }
    await sleep(20)
  }
  throw new Error(
    `the test database did not start:\n${readFileSync(join(folder, 'server.log'), 'utf8').slice(-2_000)}`,
  )
}

/** Connects and stays connected to the end of this process: that is what keeps the server up. */
function attach(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ path })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (!text.endsWith('\n')) return
      socket.unref()
      resolve(text.trim())
    })
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(undefined))
  })
}

function spawnServer(folder: string, onExit: () => void): void {
  const log = openSync(join(folder, 'server.log'), 'a', 0o600)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, [import.meta.filename, 'serve'], {
    detached: true,
    stdio: ['ignore', log, log],
    env,
  })
  child.on('exit', onExit)
  child.unref()
}

// ---------------------------------------------------------------------------------------- as a process of its own

async function serve(): Promise<void> {
  const folder = serverFolder()
  const lock = join(folder, 'server.lock')
  // Another one has been faster, or is about to end: the callers ask again.
  if (takeFile(lock, { pid: process.pid, started: startOf(process.pid) ?? '' })) return
  const say = (fields: Record<string, unknown>, text: string) => console.log(text, JSON.stringify(fields))
  const dataDir = join(folder, 'data')
  const embedded = await startEmbedded({ dataDir, log: { info: say, warn: say, error: say } })
  const control = join(folder, 'control.sock')
  rmSync(control, { force: true })

  let users = 0
  let timer: NodeJS.Timeout | undefined
  const server = createServer((socket) => {
    users++
    clearTimeout(timer)
    socket.on('error', () => {})
    socket.on('close', () => {
      users--
      if (users === 0) timer = setTimeout(end, idleMs)
    })
    socket.resume()
    socket.write(`${embedded.url}\n`)
  })
  const end = async () => {
    server.close()
    await embedded.stop()
    for (const name of ['data', 'server.log', 'server.lock'])
      rmSync(join(folder, name), { recursive: true, force: true })
    process.exit(0)
  }
  timer = setTimeout(end, idleMs)
  process.on('SIGTERM', end)
  server.listen(control)
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'serve') await serve()
