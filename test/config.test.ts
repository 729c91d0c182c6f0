// Settings of the environment: defaults, limits, what must go together, and what is never shown.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { describeConfig, readConfig, settings } from '../src/config.ts'

function config(env: Record<string, string> = {}) {
  const read = readConfig(env)
  assert.ok('config' in read, JSON.stringify(read))
  return read.config
}

function problems(env: Record<string, string>): readonly string[] {
  const read = readConfig(env)
  return 'problems' in read ? read.problems : []
}

test('Nothing needs to be set: loopback, the demo site, the embedded store', () => {
  const defaults = config()
  assert.equal(defaults.host, '127.0.0.1')
  assert.equal(defaults.httpPort, 8080)
  assert.equal(defaults.mllpPort, 2575)
  assert.equal(defaults.mllpTlsPort, undefined)
  assert.equal(defaults.databaseUrl, undefined)
  assert.equal(defaults.dataDir, resolve('data'))
  assert.equal(defaults.clock, 'system')
  assert.ok(existsSync(defaults.site))
})

test('The demo site is found from wherever the gateway is started, another site from where one stands', () => {
  assert.equal(config({ SITE: 'my/site.json' }).site, resolve('my/site.json'))
  assert.equal(config({ SITE: '' }).site, config().site)
})

test('Everything that is wrong is said at once, by the name of the variable and without its value', () => {
  const found = problems({
    HTTP_PORT: '99999',
    MLLP_PORT: '-1',
    CLOCK: 'fast',
    DATABASE_URL: 'mysql://user:secret@host/db',
    DATABASE_SCHEMA: 'Robert"; DROP',
    MLLP_MAX_FRAME_BYTES: '16MB',
  })
  assert.deepEqual(
    found.map((text) => text.split(' ')[0]),
    ['HTTP_PORT', 'MLLP_PORT', 'DATABASE_URL', 'DATABASE_SCHEMA', 'CLOCK', 'MLLP_MAX_FRAME_BYTES'],
  )
  assert.ok(!found.join().includes('secret'))
})

test('Settings that need each other are checked together', () => {
  assert.match(problems({ MLLP_TLS_PORT: '2576' }).join(), /MLLP_TLS_CERT and MLLP_TLS_KEY/)
  assert.match(problems({ MLLP_TLS_CLIENT: 'required' }).join(), /MLLP_TLS_CA/)
  assert.match(problems({ MLLP_TLS_CLIENT: 'optional' }).join(), /must be one of none, required/)
  assert.match(problems({ HTTP_PORT: '2575' }).join(), /must differ/)
  assert.deepEqual(problems({ HTTP_PORT: '0', MLLP_PORT: '0' }), [])
})

test('Each setting has a name, a description and a default that it accepts itself; names are unique', () => {
  const rows = Object.values(settings)
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length)
  for (const row of rows) {
    assert.match(row.name, /^[A-Z][A-Z0-9_]+$/)
    assert.match(row.description, /\.$/, row.name)
    if (row.default !== undefined) assert.ok('value' in row.parse(row.default), row.name)
  }
})

test('The settings are shown without secrets', () => {
  const shown = describeConfig(config({ DATABASE_URL: 'postgresql://user:secret@host/db' }))
  assert.equal(shown.DATABASE_URL, '(set)')
  assert.ok(!JSON.stringify(shown).includes('secret'))
})
