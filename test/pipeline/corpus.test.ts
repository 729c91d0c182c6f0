// Every message of the public corpus: accepted or refused as the contract says, never failed, and the same when it comes twice.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { validateResource } from '../../src/fhir/validate.ts'
import { splitBatch } from '../../src/hl7/batch.ts'
import { decodeBytes } from '../../src/hl7/charset.ts'
import { parseMessage } from '../../src/hl7/message.ts'
import { shared } from '../shared.ts'
import { acceptanceSite, readAnswers, type TestGateway, testGateway } from './gateway.ts'
import { guaranteed, lacking } from './guarantees.ts'

/** Error codes with which a message may be refused: its own faults. 207 is ours, except for what is not supported at all (AR). */
const refusals = new Set(['100', '101', '102', '103', '200', '201', '202', '203', '204', '205'])

const folder = shared('corpus')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.hl7'))
  .sort()

/** Any sender may send, and identifiers without an authority are the sender's own. */
const openSite = () =>
  acceptanceSite((site) => {
    site.sources = [
      ...(site.sources as object[]),
      {
        id: '*|*',
        token: 'anybody',
        defaultAuthority: Object.fromEntries(
          ['MR', 'PI', 'PT', 'AN', 'VN', 'XX', ''].map((type) => [type, 'GHH']),
        ),
      },
    ]
  })

describe('corpus', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway(openSite())
  })
  after(() => gateway.close())

  it('has the files that the manifest promises', () => {
    assert.ok(files.length >= 200, `${files.length} files`)
  })

  it('goes through twice: no failure of ours, and the second time changes nothing', async () => {
    const first = await sendAll(gateway)
    await gateway.idle()
    assert.deepEqual(gateway.faults, [])
    const state = await digest(gateway)
    const second = await sendAll(gateway)
    await gateway.idle()
    assert.deepEqual(second, first)
    assert.equal(await digest(gateway), state)
  })

  it('leaves nothing but valid R4', async () => {
    const rows = await gateway.store.db.read.query<{ body: string }>(
      'test_bodies',
      'select body::text as body from resource where not deleted',
    )
    assert.ok(rows.length > 300, `${rows.length} resources`)
    const wrong = rows.flatMap(({ body }) =>
      validateResource(JSON.parse(body)).filter((each) => each.severity === 'error'),
    )
    assert.deepEqual(wrong, [])
  })

  it('leaves nothing that our profiles do not describe', async () => {
    const found: string[] = []
    for (const type of guaranteed) for (const each of await gateway.all(type)) found.push(...lacking(each))
    assert.deepEqual([...new Set(found)], [])
  })

  it('keeps every message byte for byte', async () => {
    const rows = await gateway.store.db.read.query<{ raw: Buffer }>('test_raws', 'select raw from message')
    const kept = new Set(rows.map(({ raw }) => raw.toString('latin1')))
    const lost = files.filter((name) => {
      const raw = readFileSync(join(folder, name))
      const decoded = decodeBytes(raw)
      const isBatch = 'text' in decoded && splitBatch(decoded.text).enveloped
      return !isBatch && !isAcknowledgement(raw) && !kept.has(raw.toString('latin1'))
    })
    assert.deepEqual(lost, [])
  })
})

function isAcknowledgement(raw: Buffer): boolean {
  const parsed = parseMessage(raw.toString('latin1'))
  return (
    'message' in parsed &&
    (parsed.message.get('MSH-9.1') === 'ACK' || parsed.message.first('MSA') !== undefined)
  )
}

async function sendAll(gateway: TestGateway): Promise<string[]> {
  const outcomes: string[] = []
  for (const name of files) {
    const { bytes } = await gateway.engine.receive({
      raw: readFileSync(join(folder, name)),
      channel: 'file',
      peer: name,
    })
    for (const answer of readAnswers(bytes)) {
      outcomes.push(`${name} ${answer.code} ${answer.errors.join(',')}`)
      if (answer.code === 'AA') continue
      const codes = answer.codes.filter((each) => each !== '0')
      assert.ok(
        codes.length > 0 &&
          codes.every((each) => refusals.has(each) || (each === '207' && answer.code === 'AR')),
        `${name}: ${answer.code} ${answer.errors.join(', ')}`,
      )
    }
  }
  return outcomes
}

async function digest(gateway: TestGateway): Promise<string> {
  const [row] = await gateway.store.db.read.query<{ digest: string }>(
    'test_digest',
    `select md5(string_agg(rtype || id || version || body::text, '|' order by rtype, id)) as digest from resource where not deleted`,
  )
  return row?.digest ?? ''
}
