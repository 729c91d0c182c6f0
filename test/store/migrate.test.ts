// Migrations: each file wholly or not at all, in order, once, and never another content (promises.md T26, T28).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { openDatabase } from '../../src/store/db.ts'
import { MigrationError, migrate, migrationsFolder } from '../../src/store/migrate.ts'
import { dumpSchema } from '../../src/store/schema-dump.ts'
import { type TestDatabase, testDatabase } from '../database.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder with these files as 000001.sql and so on. */
function folderOf(...files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-migrate-'))
  folders.push(folder)
  for (const [index, text] of files.entries()) writeFileSync(join(folder, fileName(index + 1)), text)
  return folder
}

function fileName(version: number): string {
  return `${String(version).padStart(6, '0')}.sql`
}

async function withSchema(work: (fixture: TestDatabase) => Promise<void>): Promise<void> {
  const fixture = await testDatabase({ migrated: false })
  try {
    await work(fixture)
  } finally {
    await fixture.drop()
  }
}

async function tables({ db }: TestDatabase): Promise<string[]> {
  const rows = await db.read.query<{ name: string }>(
    'tables',
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1',
  )
  return rows.map(({ name }) => name)
}

const two = [
  'CREATE TABLE a (n int); CREATE TABLE b (n int);',
  'ALTER TABLE a ADD COLUMN m int;\nDROP TABLE b;',
]

test('Files are applied in order and once', async () => {
  await withSchema(async (fixture) => {
    const folder = folderOf(...two)
    assert.deepEqual(await migrate(fixture.db, folder), { version: 2, applied: [1, 2] })
    assert.deepEqual(await migrate(fixture.db, folder), { version: 2, applied: [] })
    assert.deepEqual(await tables(fixture), ['a', 'schema_migration'])
  })
})

test('Several gateways that start at once apply each file once', async () => {
  await withSchema(async (fixture) => {
    const folder = folderOf(...two, 'INSERT INTO a VALUES (1)')
    const { url, schema } = fixture
    const all = await Promise.all(
      Array.from({ length: 4 }, () =>
        openDatabase({ connection: url, schema, warn: () => {}, maxWriters: 1 }),
      ),
    )
    const results = await Promise.all(all.map((db) => migrate(db, folder)))
    assert.deepEqual(results.flatMap(({ applied }) => applied).toSorted(), [1, 2, 3])
    assert.deepEqual(await fixture.db.read.query('a', 'SELECT * FROM a'), [{ n: 1, m: null }])
    await Promise.all(all.map((db) => db.close()))
  })
})

test('A schema of a newer program is refused, with both versions', async () => {
  await withSchema(async ({ db }) => {
    await migrate(db, folderOf(...two))
    await assert.rejects(migrate(db, folderOf(two[0] ?? '')), (error) => {
      assert.ok(error instanceof MigrationError)
      assert.match(error.message, /version 2.*knows 1/)
      return true
    })
  })
})

test('An applied file that has changed is refused, other ends of lines are no change', async () => {
  await withSchema(async (fixture) => {
    await migrate(fixture.db, folderOf(...two))
    const windows = two.map((text) => text.replaceAll('\n', '\r\n'))
    assert.deepEqual((await migrate(fixture.db, folderOf(...windows))).applied, [])
    const edited = folderOf('CREATE TABLE a (n bigint);', ...two.slice(1), 'CREATE TABLE c (n int)')
    await assert.rejects(migrate(fixture.db, edited), /000001\.sql.*another content/)
    assert.ok(!(await tables(fixture)).includes('c'))
  })
})

test('A gap in the numbers and an odd name are refused', async () => {
  await withSchema(async ({ db }) => {
    const gap = folderOf(...two)
    writeFileSync(join(gap, '000004.sql'), '')
    await assert.rejects(migrate(db, gap), MigrationError)
    const odd = folderOf()
    writeFileSync(join(odd, '1-first.sql'), '')
    await assert.rejects(migrate(db, odd), MigrationError)
  })
})

test('A file that fails leaves nothing of itself, and its name is in the error', async () => {
  await withSchema(async (fixture) => {
    const folder = folderOf(two[0] ?? '', 'CREATE TABLE c (n int); SELECT 1/0; CREATE TABLE d (n int);')
    await assert.rejects(migrate(fixture.db, folder), /000002\.sql: division by zero/)
    assert.deepEqual(await tables(fixture), ['a', 'b', 'schema_migration'])
    writeFileSync(join(folder, '000002.sql'), 'CREATE TABLE c (n int);')
    assert.deepEqual((await migrate(fixture.db, folder)).applied, [2])
  })
})

// ------------------------------------------------------------------------------------------------------------ T26

/** Statements of a file; good enough for ours: a semicolon at the end of a line, outside of $$ bodies and comments. */
function statements(text: string): string[] {
  const found: string[] = []
  let current = ''
  for (const line of text.split('\n')) {
    current += `${line}\n`
    const inBody = (current.match(/\$\$/g)?.length ?? 0) % 2 === 1
    if (!inBody && /;\s*(--.*)?$/.test(line) && !/^\s*--/.test(line)) {
      found.push(current)
      current = ''
    }
  }
  return current.trim() === '' ? found : [...found, current]
}

const gate = 7_425_026

/** Kills a process that migrates `folder` when it stands at the gate, and waits until its session has ended. */
async function killAtGate({ url, schema }: TestDatabase, folder: string): Promise<void> {
  const keeper = new pg.Client({ connectionString: url })
  await keeper.connect()
  // A gate of its own for each schema, so that test files do not meet.
  await keeper.query('SELECT pg_advisory_lock($1, hashtext($2))', [gate, schema])
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'migrate-process.ts'), url, schema, folder],
    {
      stdio: 'inherit',
    },
  )
  const waiting = `SELECT l.pid FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid = $1 AND l.objid::bigint = hashtext($2)::bit(32)::bigint AND NOT l.granted`
  let pid: number | undefined
  while (pid === undefined) pid = (await keeper.query(waiting, [gate, schema])).rows[0]?.pid
  child.kill('SIGKILL')
  await once(child, 'close')
  await keeper.query('SELECT pg_advisory_unlock($1, hashtext($2))', [gate, schema])
  const alive = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE pid = $1'
  while ((await keeper.query(alive, [pid])).rows[0]?.n !== 0);
  await keeper.end()
}

/** Every boundary in the long run, some of a long file in the short; always before the first and after the last. */
function boundaries(count: number): number[] {
  const all = Array.from({ length: count + 1 }, (_, at) => at)
  const stride = process.env.PORTICO_NIGHTLY ? 1 : Math.ceil(count / 4)
  return all.filter((at) => at === count || at % stride === 0)
}

test('A process killed between any two statements leaves a file wholly or not at all (T26)', async (t) => {
  const names = readdirSync(migrationsFolder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
  const files = names.map((name) => readFileSync(join(migrationsFolder, name), 'utf8'))
  let kills = 0
  for (const [index, file] of files.entries()) {
    const parts = statements(file)
    for (const at of boundaries(parts.length)) {
      await withSchema(async (fixture) => {
        const stop = `SELECT pg_advisory_lock(${gate}, hashtext('${fixture.schema}'));\n`
        const gated = [...parts.slice(0, at), stop, ...parts.slice(at)].join('')
        const earlier = files.slice(0, index)
        await migrate(fixture.db, folderOf(...earlier))
        const before = await dumpSchema(fixture.db)
        await killAtGate(fixture, folderOf(...earlier, gated))
        assert.equal(await dumpSchema(fixture.db), before, `${names[index]} after ${at} statements`)
        assert.equal((await migrate(fixture.db)).version, files.length)
        assert.equal(await dumpSchema(fixture.db), readFileSync(dumpFile, 'utf8'))
        kills++
      })
    }
  }
  t.diagnostic(`${kills} kills`)
})

// ----------------------------------------------------------------------------------------------------- schema dump

const dumpFile = join(import.meta.dirname, 'schema.sql')

test('The schema after all migrations is the one that is committed beside this test', async () => {
  await withSchema(async ({ db }) => {
    await migrate(db)
    const dump = await dumpSchema(db)
    if (process.env.PORTICO_WRITE_SCHEMA) writeFileSync(dumpFile, dump)
    assert.equal(dump, readFileSync(dumpFile, 'utf8'), 'run npm run schema:dump and review the difference')
  })
})

test('The dump shows every kind of object and hides where it lives', async () => {
  await withSchema(async (fixture) => {
    const text = `
      CREATE TYPE mood AS ENUM ('good', 'bad');
      CREATE TABLE parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), m mood);
      CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE, word text COLLATE "C" CHECK (word <> ''), UNIQUE (id, word)) WITH (fillfactor = 70);
      CREATE INDEX child_word ON child (lower(word)) WHERE id > 3;
      CREATE TABLE log (at timestamptz NOT NULL, t text) PARTITION BY RANGE (at);
      CREATE TABLE log_default PARTITION OF log DEFAULT;
      CREATE VIEW both_of AS SELECT p.id, c.word FROM parent p JOIN child c USING (id);
      CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a + 1 $$;
      COMMENT ON COLUMN child.word IS 'what it says';`
    await migrate(fixture.db, folderOf(text))
    const dump = await dumpSchema(fixture.db)
    assert.ok(!dump.includes(fixture.schema))
    for (const part of [
      "type mood enum ('good', 'bad')",
      '  id bigint not null generated always as identity',
      '  at timestamp with time zone not null default now()',
      '  word text collate "C"',
      "  constraint child_word_check CHECK (word <> ''::text)",
      '  constraint child_id_fkey FOREIGN KEY (id) REFERENCES parent(id) ON DELETE CASCADE',
      '  INDEX child_word ON child USING btree (lower(word)) WHERE id > 3',
      'table child with (fillfactor=70)',
      'table log partition by RANGE (at)',
      'table log_default partition of log DEFAULT',
      'view both_of',
      'CREATE OR REPLACE FUNCTION f(a integer)',
      '  comment word: what it says',
    ]) {
      assert.ok(dump.includes(`${part}\n`), `${part}\n--- is missing in\n${dump}`)
    }
  })
})
