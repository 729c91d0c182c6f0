// Character sets that are wrong or unknown: accepted, told to the sender, and the bytes kept (mllp.md, X1, X2, X5, S15).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { readAnswers, type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, nextId, register } from './messages.ts'

describe('a character set that does not fit', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway()
  })
  after(() => gateway.close())

  /** A28 with MSH-18 and the bytes of the family name. */
  function message(charset: string, family: readonly number[], value: string, id = nextId()): Buffer {
    const [, ...rest] = register(value, { 3: mrn(value), 5: '@^JANE^^^^^L' })
    const head = `${msh({ event: 'ADT^A28^ADT_A05', id })}||||||${charset}`
    const [before = '', behind = ''] = `${[head, ...rest].join('\r')}\r`.split('@')
    return Buffer.concat([Buffer.from(before), Uint8Array.from(family), Buffer.from(behind)])
  }

  async function answers(raw: Buffer, channel: 'mllp' | 'http' = 'mllp') {
    const { bytes } = await gateway.engine.receive({ raw, channel, peer: 'test:1' })
    return { all: readAnswers(bytes), text: Buffer.from(bytes ?? []).toString('latin1') }
  }

  async function stored(raw: Buffer): Promise<unknown> {
    const rows = await gateway.store.db.read.query<{ findings: unknown }>(
      'test_raw',
      'select findings from message where tenant = 1 and raw = $1',
      [raw],
    )
    assert.equal(rows.length, 1)
    return rows[0]?.findings
  }

  for (const channel of ['mllp', 'http'] as const) {
    it(`X2 bytes that are not UTF-8: AA with a warning that says where, by ${channel}`, async () => {
      const raw = message('UNICODE UTF-8', [0xe9, 0xff], `X2${channel}`)
      const { all, text } = await answers(raw, channel)
      assert.deepEqual(
        all.map(({ code, errors }) => [code, errors]),
        [['AA', ['W 0 MSH^1^18~PID^1^5']]],
      )
      assert.match(text, new RegExp(`byte ${raw.indexOf(0xe9)}`))
      assert.match(JSON.stringify(await stored(raw)), /"code": ?"102"/)
    })
  }

  it('X5 an unknown name: AA with a warning that names it', async () => {
    const raw = message('KLINGON', [0x44], 'X5')
    const { all, text } = await answers(raw)
    assert.deepEqual([all[0]?.code, all[0]?.errors], ['AA', ['W 0 MSH^1^18']])
    assert.match(text, /KLINGON is unknown/)
    assert.match(JSON.stringify(await stored(raw)), /"code": ?"103"/)
  })

  it('S15 a NUL: AA with a warning at its field, the bytes as they came', async () => {
    const raw = message('', [0x44, 0, 0x45], 'S15')
    const { all } = await answers(raw)
    assert.deepEqual([all[0]?.code, all[0]?.errors], ['AA', ['W 0 PID^1^5']])
    await stored(raw)
  })

  it('H04 escaped control characters: AA with a warning at their field, the bytes as they came', async () => {
    const raw = message('', [...Buffer.from('D\\X0B1C\\E')], 'H04')
    const { all } = await answers(raw)
    assert.deepEqual([all[0]?.code, all[0]?.errors], ['AA', ['W 0 PID^1^5']])
    await stored(raw)
  })

  it('X1 nothing declared, or what is declared holds: no ERR at all', async () => {
    const fine = [
      message('', [0xe9], 'X1a'),
      message('8859/1', [0xe9], 'X1b'),
      message('UNICODE UTF-8', [0xc3, 0xa9], 'X1c'),
    ]
    for (const raw of fine) {
      const { all } = await answers(raw)
      assert.deepEqual([all[0]?.code, all[0]?.errors], ['AA', []])
    }
  })

  it('in a batch only messages that may have been misread hear of it', async () => {
    const [bad, good] = [
      message('UNICODE UTF-8', [0xe9], 'B1'),
      message('UNICODE UTF-8', [0x44], 'B2'),
    ] as const
    const raw = Buffer.concat([Buffer.from('BHS|^~\\&|ADT1|GHH\r'), good, bad, Buffer.from('BTS|2\r')])
    const { all } = await answers(raw)
    assert.deepEqual(
      all.map(({ code, errors }) => [code, errors]),
      [
        ['AA', []],
        ['AA', ['W 0 MSH^1^18']],
      ],
    )
  })
})
