// A FHIR transaction is whole: its reads see its writes before anybody else does, and whatever ends it in the middle - a read,
// the database, the end of the process - leaves nothing of it (FHIR R4 http.html#trules).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import pg from 'pg'
import { testDatabase } from '../database.ts'
import { shared } from '../shared.ts'
import { type Answer, codesOf, type TestApp, testApp } from './setup.ts'

const basic = (value: string): object => ({
  resourceType: 'Basic',
  identifier: [{ system: 'urn:b', value }],
  code: { text: value },
})
const create = (value: string): object => ({
  resource: basic(value),
  request: { method: 'POST', url: 'Basic' },
})
const get = (url: string): object => ({ request: { method: 'GET', url } })
const transaction = (...entry: object[]): object => ({ resourceType: 'Bundle', type: 'transaction', entry })

const post = (app: TestApp, ...entry: object[]): Promise<Answer> =>
  app.ask('/fhir', { method: 'POST', body: transaction(...entry) })

interface Entry {
  readonly resource?: { readonly total?: number }
  readonly response: { readonly status: string }
}
const entriesOf = ({ body }: Answer): readonly Entry[] => body.entry as Entry[]
const totalOf = async (app: TestApp, value: string): Promise<unknown> =>
  (await app.ask(`/fhir/Basic?identifier=urn:b|${value}`)).body.total

/** What the store has of resources of a type, and of requests. */
const keptSql = `select (select count(*)::int from resource where rtype = 'Basic') as resources,
  (select count(*)::int from identifier where rtype = 'Basic') as rows, (select count(*)::int from contribution) as said,
  (select count(*)::int from message) as messages`

describe('a transaction is whole', () => {
  test('its reads come last, wherever they stand, and see what it has written', async () => {
    const app = await testApp()
    try {
      const answer = await post(
        app,
        get('Basic?identifier=urn:b|one'),
        create('one'),
        create('two'),
        get('Basic'),
      )
      assert.equal(answer.status, 200, answer.text)
      const [first, , , last] = entriesOf(answer)
      assert.deepEqual([first?.resource?.total, last?.resource?.total], [1, 2])
    } finally {
      await app.close()
    }
  })

  test('a read that fails refuses all of it, is named, and leaves nothing', async () => {
    const app = await testApp()
    try {
      const before = await app.store.db.read.query('kept', keptSql)
      for (const [url, status] of [
        ['Basic/nobody', 404],
        ['Basic?_count=x', 400],
        ['Nothing/1', 404],
      ] as const) {
        const answer = await post(app, create('one'), get(url))
        assert.equal(answer.status, status, answer.text)
        assert.match(answer.text, /entry 2: /)
        assert.equal(await totalOf(app, 'one'), 0)
      }
      assert.deepEqual(await app.store.db.read.query('kept', keptSql), before)
      const alone = await post(app, get('Basic'), get('Basic/nobody'))
      assert.deepEqual([alone.status, codesOf(alone)], [404, ['not-found']])
      // The store is as good as before: what was undone does not stand in the way of the same again.
      assert.equal((await post(app, create('one'), get('Basic'))).status, 200)
      assert.equal(await totalOf(app, 'one'), 1)
    } finally {
      await app.close()
    }
  })

  test('an entry that asks for an export, or leads elsewhere, is refused and leaves nothing', async () => {
    const app = await testApp()
    try {
      const before = await app.store.db.read.query('kept', keptSql)
      const nested = { resourceType: 'Bundle', type: 'batch', entry: [create('inside')] }
      for (const [entry, type] of [
        [get('Patient/$export'), 'transaction'],
        [get('$export/job/1.Basic.ndjson'), 'batch'],
        [get('../operate'), 'transaction'],
        ...['Basic/..', 'Basic/%2E%2e/', 'Basic\\..'].map(
          (url) => [{ resource: nested, request: { method: 'POST', url } }, 'batch'] as const,
        ),
      ] as const) {
        const body = { resourceType: 'Bundle', type, entry: [entry] }
        const answer = await app.ask('/fhir', { method: 'POST', headers: { prefer: 'respond-async' }, body })
        const entries = answer.status === 200 ? entriesOf(answer) : []
        assert.equal(parseInt(entries[0]?.response.status ?? `${answer.status}`, 10), 400, answer.text)
      }
      assert.deepEqual(await app.store.db.read.query('kept', keptSql), before)
      assert.deepEqual(await app.store.db.read.query('jobs', 'select from export_job'), [])
    } finally {
      await app.close()
    }
  })

  test('a delete that finds nothing is one of its entries like any other', async () => {
    const app = await testApp()
    try {
      const nothing = ['Basic?identifier=urn:b|nobody', 'Basic/nobody'].map((url) => ({
        request: { method: 'DELETE', url },
      }))
      const answer = await post(app, create('one'), ...nothing)
      assert.deepEqual(
        entriesOf(answer).map(({ response }) => response.status),
        ['201 Created', '204 No Content', '204 No Content'],
      )
    } finally {
      await app.close()
    }
  })

  test('an error of the database in the middle of its writes leaves nothing', async () => {
    const app = await testApp()
    try {
      await app.store.db.transaction((tx) =>
        tx.script(`create function refuse() returns trigger language plpgsql as $$
          begin if new.body::text like '%boom%' then raise exception 'no'; end if; return new; end $$;
          create trigger refuse before insert on resource for each row execute function refuse()`),
      )
      const before = await app.store.db.read.query('kept', keptSql)
      const answer = await post(app, create('one'), create('boom'), create('three'))
      assert.ok(answer.status >= 400, answer.text)
      assert.deepEqual(await app.store.db.read.query('kept', keptSql), before)
      assert.equal((await post(app, create('one'))).status, 200)
    } finally {
      await app.close()
    }
  })

  test('a gateway that is killed between its statements leaves nothing', async () => {
    const store = await testDatabase()
    const dataDir = mkdtempSync(join(tmpdir(), 'portico-killed-'))
    const blocker = new pg.Client({ connectionString: store.url })
    await blocker.connect()
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/main.ts')], {
      env: {
        ...process.env,
        DATABASE_URL: store.url,
        DATABASE_SCHEMA: store.schema,
        DATA_DIR: dataDir,
        SITE: shared('acceptance/site.json'),
        HTTP_PORT: '0',
        MLLP_PORT: '0',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      let base = ''
      for await (const line of createInterface({ input: child.stdout })) {
        base = /"http":"([^"]+)"/.exec(line)?.[1] ?? ''
        if (base !== '') break
      }
      const before = await store.db.read.query('kept', keptSql)
      // The rows of searches are written, then the gateway waits for this lock: it is between two of its statements.
      await blocker.query(`begin; lock table "${store.schema}".resource in exclusive mode`)
      const asked = fetch(`${base}/fhir`, {
        method: 'POST',
        headers: { authorization: 'Bearer acceptance-token', 'content-type': 'application/fhir+json' },
        body: JSON.stringify(transaction(create('one'), create('two'))),
      }).catch(() => undefined)
      const waiting = `select from pg_locks l join pg_class c on c.oid = l.relation
        where c.relname = 'resource' and c.relnamespace = '"${store.schema}"'::regnamespace and not l.granted`
      while ((await blocker.query(waiting)).rowCount === 0)
        await new Promise((resolve) => setImmediate(resolve))
      child.kill('SIGKILL')
      await once(child, 'exit')
      await asked
      await blocker.query('commit')
      const open = `select from pg_stat_activity where application_name = 'portico writer' and state <> 'idle'
        and query ilike '%write_versions%'`
      while (((await blocker.query(open)).rowCount ?? 0) > 0)
        await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(await store.db.read.query('kept', keptSql), before)
    } finally {
      child.kill('SIGKILL')
      await blocker.end()
      await store.drop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
