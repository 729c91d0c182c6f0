// portico messages and portico rerun, run as a user runs them, against a real gateway.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Running, startGateway } from '../../src/main.ts'
import { framed, Wire } from '../adapters/mllp/wire.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { mrn, msh, pid, segment } from '../pipeline/messages.ts'
import { shared } from '../shared.ts'
import { portico } from './portico.ts'

let store: TestDatabase
let running: Running
let to: string[]
const token = 'acceptance-token'
before(async () => {
  store = await testDatabase()
  running = await startGateway({
    DATABASE_URL: store.url,
    DATABASE_SCHEMA: store.schema,
    SITE: shared('acceptance/site.json'),
    HTTP_PORT: '0',
    MLLP_PORT: '0',
    LOG_LEVEL: 'silent',
  })
  to = ['--to', `http://127.0.0.1:${running.httpPort}`]
  const wire = await Wire.to(running.mllpPort)
  wire.write(
    framed(
      `${[
        msh({ event: 'ADT^A01^ADT_A01', id: 'STUCK1' }),
        'EVN||20260302080000',
        pid({ 3: mrn('STUCK'), 5: 'DOE^JANE^^^^^L', 8: 'Q' }),
        segment('PV1', { 2: 'I' }),
      ].join('\r')}\r`,
    ),
  )
  await wire.replies(1)
  wire.close()
})
after(async () => {
  await running.close()
  await store.drop()
})

describe('portico messages', () => {
  it('lists what is stuck with why and what to do, and no values', async () => {
    const ended = await portico(['messages', ...to, '--token', token])
    assert.equal(ended.code, 0, ended.stderr)
    assert.match(ended.stdout, /STUCK1 +held +103 CODE-HELD PID\^1\^8/)
    assert.doesNotMatch(ended.stdout, /DOE/)
    const none = await portico(['messages', ...to, '--token', token, '--state', 'failed'])
    assert.equal(none.stdout, 'Nothing is stuck.\n')
  })
  it('ends with 1 when the token may not ask, with 2 when nobody answers', async () => {
    const denied = await portico(['messages', ...to, '--token', 'nobody'])
    assert.equal(denied.code, 1)
    assert.match(denied.stderr, /^401: /)
    assert.equal((await portico(['messages', '--to', 'http://127.0.0.1:1'])).code, 2)
  })
})

describe('portico rerun', () => {
  it('has one message, or all of a state, tried again', async () => {
    const listed = await portico(['messages', ...to, '--token', token, '--json'])
    const [stuck] = (JSON.parse(listed.stdout) as { messages: { id: string }[] }).messages
    const one = await portico(['rerun', stuck?.id ?? '', ...to, '--token', token])
    assert.deepEqual([one.code, one.stdout], [0, '1 message will be tried again.\n'])
    const failed = await portico(['rerun', 'failed', ...to, '--token', token])
    assert.deepEqual([failed.code, failed.stdout], [0, '0 messages will be tried again.\n'])
    const unknown = await portico(['rerun', '999999', ...to, '--token', token])
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /^404: there is no such message/)
  })
})
