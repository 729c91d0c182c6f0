// HL7 v2 over HTTP: who may send what, framing left on, transport faults that have no ACK.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Inbound } from '../../src/adapters/adapter.ts'
import { sendersOf } from '../../src/server/hl7v2.ts'
import { type Answer, type Ask, type TestApp, testApp } from './setup.ts'

const er7 = 'application/hl7-v2+er7; charset=utf-8'
const message = (source = 'ADT1|GHH', id = 'M1'): string =>
  [
    `MSH|^~\\&|${source}|PORTICO|GHH|20260302080000||ADT^A04^ADT_A01|${id}|P|2.5.1`,
    'EVN||20260302080000',
    'PID|1||MRN1001^^^GHH&2.16.840.1.113883.19.5.1&ISO^MR||STERLING^MARIA||19800501|F',
    'PV1|1|O',
    '',
  ].join('\r')

describe('HL7 v2 over HTTP', () => {
  let app: TestApp
  let seen: Inbound[] = []
  let answer: () => Promise<{ bytes: Uint8Array | undefined }>
  before(async () => {
    app = await testApp({
      gateway: {
        receive: async (inbound) => {
          seen.push(inbound)
          return await answer()
        },
      },
    })
  })
  after(() => app.close())

  const reply = async (): Promise<{ bytes: Uint8Array }> => ({
    bytes: Buffer.from('MSH|^~\\&|PORTICO\rMSA|AA|M1\r'),
  })
  const send = async (body: unknown, request: Ask = {}): Promise<Answer> => {
    seen = []
    answer = reply
    return await app.ask('/hl7v2', {
      method: 'POST',
      as: 'ADT1|GHH',
      headers: { 'content-type': er7 },
      body,
      ...request,
    })
  }

  test('a message of the own source is handed over as it came and answered by its ACK', async () => {
    const result = await send(message())
    assert.equal(result.status, 200)
    assert.equal(result.headers.get('content-type'), er7)
    assert.match(result.text, /MSA\|AA\|M1/)
    const [inbound] = seen
    assert.equal(Buffer.from(inbound?.raw ?? []).toString(), message())
    assert.deepEqual(
      { ...inbound, raw: undefined },
      { raw: undefined, channel: 'http', peer: 'local', charset: 'utf-8', allowed: ['ADT1|GHH'] },
    )
  })

  test('every usual media type is taken, others are 415', async () => {
    for (const type of [
      er7,
      'application/hl7-v2+er7',
      'x-application/hl7-v2+er7',
      'application/hl7-v2',
      'text/plain; charset=iso-8859-1',
    ]) {
      assert.equal((await send(message(), { headers: { 'content-type': type } })).status, 200, type)
    }
    assert.equal(seen[0]?.charset, 'iso-8859-1')
    for (const type of [
      'application/json',
      'application/hl7-v2+xml',
      'application/x-www-form-urlencoded',
      '',
    ]) {
      const result = await send(message(), { headers: { 'content-type': type } })
      assert.deepEqual([result.status, seen.length], [415, 0], type)
    }
    assert.equal(
      (await send(message(), { headers: { 'content-type': er7, 'content-encoding': 'gzip' } })).status,
      415,
    )
  })

  test('a source speaks for itself only, also inside of a batch and behind other delimiters', async () => {
    const foreign = [
      message('BILL1|GHH'),
      message('ADT1|WCL'),
      `${message()}${message('BILL1|GHH')}`,
      `FHS|^~\\&|ADT1|GHH\rBHS|^~\\&|ADT1|GHH\r${message()}\r\n  ${message('BILL1|GHH')}BTS|2\rFTS|1\r`,
      message('BILL1|GHH').replaceAll('|', '#'),
      `\ufeff${message('BILL1|GHH')}`,
      message('adt1|GHH'),
      message('|'),
    ]
    for (const body of foreign) {
      const result = await send(body)
      assert.deepEqual([result.status, seen.length], [403, 0], body.slice(0, 40))
      assert.match(result.headers.get('content-type') ?? '', /^text\/plain/)
      assert.match(result.text, /ADT1\|GHH/)
    }
    assert.equal(
      (await send(`FHS|^~\\&|ADT1|GHH\rBHS|^~\\&\r${message()}${message()}BTS|2\rFTS|1\r`)).status,
      200,
    )
    assert.equal((await send(`${message()}NTE|1||not a header: MSH|^~\\&|BILL1|GHH\r`)).status, 200)
  })

  test('UTF-16 does not hide a foreign sender', async () => {
    const wide = Buffer.from(`\ufeff${message('BILL1|GHH')}`, 'utf16le')
    assert.equal((await send(wide)).status, 403)
    assert.equal((await send(Buffer.from(message('BILL1|GHH'), 'utf16le'))).status, 403)
    assert.equal((await send(Buffer.from(`\ufeff${message()}`, 'utf16le'))).status, 200)
  })

  test('a client sends for anybody if its site says so, and for nobody otherwise', async () => {
    assert.equal((await send(message('BILL1|GHH'), { as: 'analyst' })).status, 200)
    assert.equal(seen[0]?.allowed, undefined)
    assert.equal((await send(message(), { as: 'frontdesk' })).status, 403)
    const stranger = await send(message(), { as: 'nobody' })
    assert.deepEqual(
      [stranger.status, stranger.headers.get('www-authenticate')],
      [401, 'Bearer realm="portico"'],
    )
  })

  test('a body that is not HL7 v2 is 400 in plain text', async () => {
    for (const body of [
      'hello',
      '',
      'MSX|',
      'PID|1',
      '{"resourceType":"Patient"}',
      '<xml/>',
      ' '.repeat(5_000),
      'MSH',
    ]) {
      const result = await send(body)
      assert.deepEqual([result.status, seen.length], [400, 0], body.slice(0, 20))
      assert.match(result.headers.get('content-type') ?? '', /^text\/plain/)
    }
  })

  test('MLLP framing that was left on is taken off with a warning (H1)', async () => {
    for (const body of [`\x0b${message()}\x1c\r`, `\x0b${message()}\x1c`, `${message()}\x1c\r`]) {
      assert.equal((await send(body)).status, 200)
      assert.equal(Buffer.from(seen[0]?.raw ?? []).toString(), message())
      assert.deepEqual(seen[0]?.warnings, ['HTTP_WITH_MLLP_FRAMING'])
    }
  })

  test('nothing owed is 204; a store that does not answer is 503 with Retry-After', async () => {
    await send(message())
    answer = async () => ({ bytes: undefined })
    const request = { method: 'POST', as: 'ADT1|GHH', headers: { 'content-type': er7 }, body: message() }
    assert.equal((await app.ask('/hl7v2', request)).status, 204)
    answer = async () => {
      throw new Error('STERLING is not stored')
    }
    const refused = await app.ask('/hl7v2', request)
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5'])
    assert.doesNotMatch(refused.text + app.logged.join(), /STERLING/)
  })

  test('more than 16 MiB is 413', async () => {
    assert.equal((await send(Buffer.alloc(16 * 1_048_576 + 1, 'MSH|'))).status, 413)
  })

  test('many lines that are almost headers cost no more than their length', () => {
    const body = Buffer.from(`MSH|^~\\&|A|B\r${'\n'.repeat(2_000_000)}${' MSH'.repeat(500_000)}`)
    assert.deepEqual(sendersOf(body), ['A|B'])
  })

  test('other methods and paths below /hl7v2 are not there', async () => {
    assert.equal((await app.ask('/hl7v2')).status, 404)
    assert.equal((await app.ask('/hl7v2/other', { method: 'POST', body: message() })).status, 404)
  })
})

describe('HL7 v2 over HTTP, through the pipeline', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
  })
  after(() => app.close())

  test('a message sent is a patient found; a dry run keeps nothing', async () => {
    const dry = {
      method: 'POST',
      as: 'analyst',
      headers: { 'content-type': er7 },
      body: message('ADT1|GHH', 'DRY1'),
    }
    const tried = await app.ask('/hl7v2/$dry-run', dry)
    assert.equal(tried.status, 200, tried.text)
    assert.equal(tried.body.committed, false)
    const found = () => app.ask('/fhir/Patient?identifier=urn:oid:2.16.840.1.113883.19.5.1|MRN1001')
    assert.equal((await found()).body.total, 0)
    const sent = await app.ask('/hl7v2', { ...dry, as: 'ADT1|GHH' })
    assert.equal(sent.status, 200)
    assert.match(sent.text, /MSA\|AA\|DRY1/)
    assert.equal((await found()).body.total, 1)
  })

  test('only a client with hl7v2 may dry-run', async () => {
    const request = { method: 'POST', headers: { 'content-type': er7 }, body: message() }
    assert.equal((await app.ask('/hl7v2/$dry-run', { ...request, as: 'ADT1|GHH' })).status, 403)
    assert.equal((await app.ask('/hl7v2/$dry-run', { ...request, as: 'frontdesk' })).status, 403)
    assert.equal((await app.ask('/hl7v2/$dry-run', { ...request, as: 'nobody' })).status, 401)
  })
})
