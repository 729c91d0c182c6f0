// The verbs that need a store, with a real one: migrate, replay and serve on the embedded PostgreSQL.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { folderWith, portico, root, start } from './portico.ts'

describe('portico migrate', () => {
  it('ends with 2 when the store cannot be reached, without showing the address with its password', async () => {
    const env = { DATABASE_URL: 'mysql://user:password@127.0.0.1/x' }
    const ended = await portico(['migrate'], { env })
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, /^portico: DATABASE_URL must look like postgresql:/)
    assert.ok(!ended.stderr.includes('password'))
  })
})

describe('portico with a store of its own', () => {
  it('migrates, replays the samples, knows them for resends, serves what it has, and ends when told', async (t) => {
    const env = { DATA_DIR: join(folderWith(t), 'data'), HTTP_PORT: '0', MLLP_PORT: '0' }

    const first = await portico(['migrate', '--json'], { env })
    assert.equal(first.code, 0, first.stderr)
    const { version, applied } = JSON.parse(first.stdout)
    assert.equal(applied.length, version)
    const second = await portico(['migrate'], { env })
    assert.match(second.stdout, /^schema portico is at version \d+ \(PostgreSQL [\d.]+\) - nothing to do\n$/)

    const replayed = await portico(['replay', 'samples/01-adt', '--json'], { env })
    assert.equal(replayed.code, 0, replayed.stdout)
    const { codes, messages, to } = JSON.parse(replayed.stdout)
    assert.deepEqual(codes, { AA: messages })
    assert.match(to, /data \(PostgreSQL /)

    const digest = await portico(['digest', '--types', '--json'], { env })
    assert.equal(digest.code, 0, digest.stderr)
    const said = JSON.parse(digest.stdout)
    assert.match(said.digest, /^[0-9a-f]{64}$/)
    assert.ok(said.types.some((each: { type: string }) => each.type === 'Patient'))
    const verified = await portico(['rebuild', '--verify', '--json'], { env })
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    const { equal, store, replayed: copy, messages: all, differences } = JSON.parse(verified.stdout)
    assert.deepEqual([equal, store, copy, all, differences], [true, said.digest, said.digest, messages, []])
    const anew = await portico(['rebuild', '--json'], { env })
    assert.equal(anew.code, 0, anew.stderr)
    assert.equal(JSON.parse(anew.stdout).changed, 0)

    const server = start(['serve'], { env })
    t.after(() => server.kill('SIGKILL'))
    const lines = createInterface({ input: server.stdout })
    let http = ''
    let mllp = ''
    for await (const line of lines) {
      const logged = JSON.parse(line)
      if (typeof logged.mllp === 'string') ({ http, mllp } = logged)
      if (mllp !== '') break
    }

    const held = await portico(['replay', 'samples/01-adt'], { env })
    assert.equal(held.code, 2)
    assert.match(held.stderr, /in use by the gateway with pid \d+/)

    const again = await portico(['send', '--to', `mllp://${mllp}`, 'samples/01-adt', '--json'])
    assert.deepEqual(JSON.parse(again.stdout).codes, { AA: messages })
    const url = `${http}/fhir/Patient?identifier=urn:oid:2.16.840.1.113883.19.100.1%7C100002`
    const found = await fetch(url, { headers: { authorization: 'Bearer demo-desk' } })
    const bundle = (await found.json()) as { entry: { resource: { meta: { versionId: string } } }[] }
    assert.equal(bundle.entry.length, 1)

    const over = ['--to', http, '--token', 'demo-analyst']
    const refused = await portico(['send', ...over, 'samples/invalid/03-missing-pid-3.hl7'], { cwd: root })
    assert.equal(refused.code, 1)
    assert.match(refused.stdout, /AE 101 PID\^1\^3 /)

    server.kill('SIGTERM')
    assert.deepEqual(await once(server, 'exit'), [0, null])
  })

  it('does not serve the demo tokens to the world, and ends with 2', async (t) => {
    const env = { DATA_DIR: join(folderWith(t), 'data'), HTTP_PORT: '0', MLLP_PORT: '0', HOST: '0.0.0.0' }
    const ended = await portico(['serve'], { env })
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, /well-known tokens/)
  })
})
