// Bulk exports as jobs: what changes while they run, in between and after them; gateways that end; limits.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import type { Site } from '../../src/canonical/site.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { createExporter, type Exporter } from '../../src/server/bulk/exporter.ts'
import { contentOf } from '../../src/server/bulk/files.ts'
import { type BulkLimits, bulkLimits } from '../../src/server/bulk/limits.ts'
import { addChunk } from '../../src/store/export-files.ts'
import { JobLost, takeJob } from '../../src/store/export-jobs.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { type Answer, baseUrl, ownPackages, type TestApp, testApp, withScopes } from './setup.ts'

const headers = { prefer: 'respond-async' }
const basic = (id: string, text = 'x'): Resource => ({ resourceType: 'Basic', id, code: { text } })

interface Manifest {
  readonly transactionTime: string
  readonly output: readonly { readonly type: string; readonly url: string; readonly count: number }[]
  readonly deleted: readonly { readonly type: string; readonly url: string }[]
}

const pathOf = (url: string): string => url.slice(baseUrl.length - '/fhir'.length)
const statusPath = (begun: Answer): string => {
  assert.equal(begun.status, 202, begun.text)
  return pathOf(begun.headers.get('content-location') ?? '')
}

async function ended(app: TestApp, path: string): Promise<Answer> {
  for (;;) {
    const status = await app.ask(path)
    if (status.status !== 202) return status
  }
}

async function manifestOf(app: TestApp, path: string): Promise<Manifest> {
  const done = await ended(app, path)
  assert.equal(done.status, 200, done.text)
  return done.body as unknown as Manifest
}

const exported = async (app: TestApp, path: string): Promise<Manifest> =>
  await manifestOf(app, statusPath(await app.ask(path, { headers })))

async function textOf(app: TestApp, files: readonly { readonly url: string }[]): Promise<string> {
  const texts = await Promise.all(files.map(async ({ url }) => (await app.ask(pathOf(url))).text))
  return texts.join('')
}

const idsIn = (text: string): string[] =>
  [...text.matchAll(/"id": "([^"]+)"/g)].map(([, id = '']) => id).sort()

/** An exporter that does nothing by itself: jobs stay where they are. */
const idle: Exporter = { wake() {}, start() {}, close: async () => {} }
const silent = { info() {}, warn() {}, error() {} }

function exporterOn(app: TestApp, limits: Partial<BulkLimits> = {}): Exporter {
  return createExporter(
    { db: app.store.db, tenant: 1, gateway: app.engine, baseUrl, packages: () => ownPackages, log: silent },
    { ...bulkLimits, ...limits },
  )
}

describe('$export as a job', () => {
  test('with _since has what was changed since an earlier export, and what was deleted', async () => {
    const app = await testApp()
    try {
      const create = async (text: string): Promise<string> => {
        const answer = await app.ask('/fhir/Basic', {
          method: 'POST',
          body: { resourceType: 'Basic', code: { text } },
        })
        assert.equal(answer.status, 201, answer.text)
        return String(answer.body.id)
      }
      const [kept, removed] = [await create('kept'), await create('removed')]
      const first = await exported(app, '/fhir/$export?_type=Basic')
      assert.deepEqual(idsIn(await textOf(app, first.output)), [kept, removed].sort())
      // The clock of the test stands still: what is new now has the time of what was there before.
      const added = await create('added')
      await app.ask(`/fhir/Basic/${removed}`, { method: 'DELETE' })
      const second = await exported(app, `/fhir/$export?_type=Basic&_since=${first.transactionTime}`)
      assert.deepEqual(idsIn(await textOf(app, second.output)), [added])
      const [bundle] = (await textOf(app, second.deleted)).split('\n')
      assert.deepEqual(JSON.parse(bundle ?? ''), {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'DELETE', url: `Basic/${removed}` } }],
      })
      const third = await exported(app, `/fhir/$export?_type=Basic&_since=${second.transactionTime}`)
      assert.ok(!idsIn(await textOf(app, third.output)).includes(kept))
      const early = await exported(app, '/fhir/$export?_type=Basic&_until=2020-01-01T00:00:00Z')
      assert.deepEqual(early.output, [])
    } finally {
      await app.close()
    }
  })

  test('of a Group with _since names deletions of its members alone', async () => {
    const app = await testApp()
    try {
      const flag = (id: string, patient: string): Resource => ({
        resourceType: 'Flag',
        id,
        status: 'active',
        code: { text: 'x' },
        subject: { reference: `Patient/${patient}` },
      })
      await app.writes.put([
        { resourceType: 'Patient', id: 'p1' },
        { resourceType: 'Patient', id: 'p2' },
        {
          resourceType: 'Group',
          id: 'g1',
          type: 'person',
          actual: true,
          member: [{ entity: { reference: 'Patient/p1' } }],
        },
        flag('f1', 'p1'),
        flag('f2', 'p2'),
      ])
      const first = await exported(app, '/fhir/Group/g1/$export')
      for (const id of ['f1', 'f2']) await app.writes.remove('Flag', id)
      const second = await exported(app, `/fhir/Group/g1/$export?_since=${first.transactionTime}`)
      assert.deepEqual((await textOf(app, second.deleted)).match(/Flag\/f\d/g), ['Flag/f1'])
    } finally {
      await app.close()
    }
  })

  test('shows one moment: what is written while it runs is not in it', async () => {
    const app = await testApp({ app: { exporter: idle } })
    try {
      await app.writes.put(Array.from({ length: 510 }, (_, i) => basic(`b${i}`, 'before')))
      const path = statusPath(await app.ask('/fhir/$export', { headers }))
      let changed: Promise<void> | undefined
      const db = new Proxy(app.store.db, {
        get: (target, name) =>
          name === 'snapshot'
            ? (work: Parameters<typeof target.snapshot>[0]) =>
                target.snapshot(async (tx) => {
                  // Once the snapshot is taken, some of it changes, and more comes.
                  await tx.query('', 'select 1')
                  await tx.query('', 'select count(*) from resource')
                  changed ??= app.writes.put(
                    Array.from({ length: 20 }, (_, i) => basic(`b${500 + i}`, 'after')),
                  )
                  await changed
                  return await work(tx)
                })
            : Reflect.get(target, name),
      })
      const exporter = createExporter({
        db,
        tenant: 1,
        gateway: app.engine,
        baseUrl,
        packages: () => ownPackages,
        log: silent,
      })
      exporter.wake()
      const { output } = await manifestOf(app, path)
      await exporter.close(5_000)
      const text = await textOf(app, output)
      assert.equal(idsIn(text).length, 510)
      assert.doesNotMatch(text, /after/)
    } finally {
      await app.close()
    }
  })

  test('begins a new file when one is full, and writes a large resource as it is', async () => {
    const app = await testApp({ app: { exporter: idle } })
    try {
      const large = basic('large', Array.from({ length: 40_000 }, (_, i) => i.toString(36)).join(' '))
      await app.writes.put([...Array.from({ length: 40 }, (_, i) => basic(`b${i}`, 'y'.repeat(100))), large])
      const path = statusPath(await app.ask('/fhir/$export', { headers }))
      const exporter = exporterOn(app, { maxFileBytes: 2_000, chunkBytes: 500 })
      exporter.wake()
      const { output } = await manifestOf(app, path)
      await exporter.close(5_000)
      assert.ok(output.length > 3)
      const texts = await Promise.all(output.map((file) => textOf(app, [file])))
      for (const text of texts) assert.ok(text.length <= 2_000 || text.split('\n').length <= 4)
      assert.equal(idsIn(texts.join('')).length, 41)
      assert.ok(texts.join('').includes(String((large.code as { text: string }).text)))
    } finally {
      await app.close()
    }
  })

  test('goes on with another gateway when the lease of the first is over, and the first writes nothing more', async () => {
    const app = await testApp({ app: { exporter: idle } })
    try {
      await app.writes.put([basic('b1')])
      const path = statusPath(await app.ask('/fhir/$export', { headers }))
      // A gateway that takes the job, writes a piece, and is never heard of again.
      const lost = await takeJob(app.store.db, 1, 0)
      assert.ok(lost)
      const piece = { n: 1, place: 0, data: Buffer.from('half') }
      await addChunk(app.store.db, 1, lost, piece, { written: 1, leaseSeconds: 0 })
      assert.equal((await app.ask(path)).status, 202)
      const exporter = exporterOn(app)
      exporter.wake()
      const { output } = await manifestOf(app, path)
      assert.deepEqual(idsIn(await textOf(app, output)), ['b1'])
      const late = addChunk(app.store.db, 1, lost, { ...piece, place: 1 }, { written: 2, leaseSeconds: 60 })
      await assert.rejects(late, JobLost)
      await exporter.close(5_000)
    } finally {
      await app.close()
    }
  })

  test('is carried out once by two gateways on one store', async () => {
    const app = await testApp({ app: { exporter: idle } })
    try {
      await app.writes.put([basic('b1'), basic('b2')])
      const paths = await Promise.all(
        [1, 2, 3].map(() => app.ask('/fhir/$export', { headers }).then(statusPath)),
      )
      const both = [exporterOn(app), exporterOn(app)]
      for (const each of both) each.wake()
      for (const path of paths) {
        const { output } = await manifestOf(app, path)
        assert.deepEqual(idsIn(await textOf(app, output)), ['b1', 'b2'])
      }
      for (const each of both) await each.close(5_000)
      const attempts = await app.store.db.read.query<{ attempts: number }>(
        'n',
        'select attempts from export_job',
      )
      assert.deepEqual(attempts, [{ attempts: 1 }, { attempts: 1 }, { attempts: 1 }])
    } finally {
      await app.close()
    }
  })

  test('that fails says so, and keeps no files', async () => {
    const app = await testApp({ app: { exporter: idle } })
    try {
      const path = statusPath(await app.ask('/fhir/$export', { headers }))
      const site = acceptanceSite((written) => {
        written.clients = []
      })
      const gateway = { ...app.engine, site: () => site }
      const exporter = createExporter({
        db: app.store.db,
        tenant: 1,
        gateway,
        baseUrl,
        packages: () => ownPackages,
        log: silent,
      })
      exporter.wake()
      const failed = await ended(app, path)
      await exporter.close(5_000)
      assert.equal(failed.status, 500)
      assert.equal(failed.body.resourceType, 'OperationOutcome')
    } finally {
      await app.close()
    }
  })

  test('needs the scopes that it was asked with when it runs, and when its files are taken', async () => {
    const site = acceptanceSite()
    const engine: { now?: Site } = {}
    const app = await testApp({ gateway: { site: () => engine.now ?? site }, app: { exporter: idle } })
    const narrow = { ...site, ...withScopes(site, 'acceptance', 'system/Patient.rs') }
    try {
      await app.writes.put([basic('b1')])
      const [path, later] = [
        statusPath(await app.ask('/fhir/$export?_type=Basic', { headers })),
        statusPath(await app.ask('/fhir/$export?_type=Basic', { headers })),
      ]
      const exporter = exporterOn(app, { maxRunning: 1 })
      exporter.wake()
      const { output } = await manifestOf(app, path)
      await manifestOf(app, later)
      await exporter.close(5_000)
      const last = statusPath(await app.ask('/fhir/$export?_type=Basic', { headers }))
      engine.now = narrow
      for (const each of [path, pathOf(output[0]?.url ?? '')]) assert.equal((await app.ask(each)).status, 403)
      assert.equal((await app.ask(later, { method: 'DELETE' })).status, 202)
      const gateway = { ...app.engine, site: () => narrow }
      const other = createExporter({
        db: app.store.db,
        tenant: 1,
        gateway,
        baseUrl,
        packages: () => ownPackages,
        log: silent,
      })
      other.wake()
      engine.now = site
      assert.equal((await ended(app, last)).status, 500)
      await other.close(5_000)
    } finally {
      await app.close()
    }
  })

  test('that is taken away while a file is read ends it with an error: a part is not the whole', async () => {
    const pieces = async function* () {
      yield deflateRawSync('{}\n', { finishFlush: constants.Z_FULL_FLUSH })
    }
    const read = async (gzip: boolean) => {
      for await (const _ of contentOf({ bytes: 6, crc: 0, packedBytes: 1_000 }, pieces(), gzip));
    }
    for (const gzip of [true, false]) await assert.rejects(read(gzip), /taken away/)
  })

  test('is gone when its time is over', async () => {
    const app = await testApp()
    try {
      await app.writes.put([basic('b1')])
      const path = statusPath(await app.ask('/fhir/$export', { headers }))
      const done = await ended(app, path)
      const expires = Date.parse(done.headers.get('expires') ?? '')
      assert.equal(expires, app.engine.now().getTime() + bulkLimits.lifetimeMs)
      const [file] = (done.body as unknown as Manifest).output
      app.at(new Date(expires).toISOString())
      for (const each of [path, pathOf(file?.url ?? '')]) assert.equal((await app.ask(each)).status, 404)
      const exporter = exporterOn(app)
      exporter.start()
      await exporter.close(5_000)
      const left = await app.store.db.read.query('left', 'select from export_chunk')
      assert.equal(left.length, 0)
    } finally {
      await app.close()
    }
  })

  test('waits its turn: a client with too many in progress is told to try again later', async () => {
    const app = await testApp({ app: { exporter: idle } })
    try {
      const answers = await Promise.all(
        Array.from({ length: bulkLimits.maxOpenPerClient + 2 }, () => app.ask('/fhir/$export', { headers })),
      )
      const begun = answers.filter(({ status }) => status === 202)
      assert.equal(begun.length, bulkLimits.maxOpenPerClient)
      for (const refused of answers.filter((each) => !begun.includes(each))) {
        assert.equal(refused.status, 429)
        assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/)
      }
      const [first] = begun
      assert.ok(first)
      assert.equal((await app.ask(statusPath(first), { method: 'DELETE' })).status, 202)
      assert.equal((await app.ask('/fhir/$export', { headers })).status, 202)
    } finally {
      await app.close()
    }
  })
})
