// Who may send as whom, and that messages of one sender do not overtake each other. Security, identities of senders.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sourceOf } from '../../src/pipeline/site/site.ts'
import { acceptanceSite, readAnswers, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, nextId, pid, register, segment, wcl } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

const bytes = (...segments: readonly string[]) => Buffer.from(`${segments.join('\r')}\r`)

describe('a sender with credentials', () => {
  const asAdt = async (raw: Uint8Array) => {
    const { bytes } = await gateway.engine.receive({
      raw,
      channel: 'http',
      peer: 'test:1',
      allowed: ['ADT1|GHH'],
    })
    return readAnswers(bytes)
  }

  it('sends as its own source only, wherever the message stands and whatever precedes it', async () => {
    const foreign = register(nextId(), {}, { source: 'SCHED1|GHH' })
    for (const indent of ['', ' '.repeat(300), '\t']) {
      const raw = bytes(
        'BHS|^~\\&|ADT1|GHH',
        ...register(nextId()),
        `${indent}${foreign[0]}`,
        ...foreign.slice(1),
        'BTS|2',
      )
      const answers = await asAdt(raw)
      assert.equal(
        answers.some((each) => each.code === 'AA' && each.text.includes('|SCHED1|')),
        false,
        indent,
      )
    }
    const [alone] = await asAdt(bytes(...register(nextId(), {}, { source: 'SCHED1|GHH' })))
    assert.equal(alone?.code, 'AR')
    assert.match(String(alone?.errors), /^E UNKNOWN-SOURCE/)
  })
})

describe('messages of one patient', () => {
  it('keep their order when they name the patient by different numbers first', async () => {
    const sent = Array.from({ length: 30 }, (_, i) => {
      const [own, other] = [mrn(`ORD${i}`), wcl(`W${i}`)]
      const charge = [
        msh({ event: 'DFT^P03^DFT_P03' }),
        'EVN||20260302080000',
        pid({ 3: `${other}~${own}`, 5: 'DOE^JANE^^^^^L', 18: account(`A${i}`) }),
        segment('FT1', { 1: '1', 2: `L${i}`, 4: '20260302', 6: 'CG', 7: '99213', 11: '120.00&USD' }),
      ]
      return [bytes(...register(`ORD${i}`)), bytes(...charge)]
    }).flat()
    const replies = await Promise.all(
      sent.map((raw) => gateway.engine.receive({ raw, channel: 'mllp', peer: 'test:1' })),
    )
    const texts = replies.flatMap(({ bytes }) => readAnswers(bytes)).filter((each) => each.code !== 'AA')
    assert.deepEqual(texts, [])
  })
})

describe('a number that was merged into another record', () => {
  it('is not followed by a merge into a third one', async () => {
    for (const value of ['E1', 'E2', 'E3']) await gateway.send(...register(value))
    const merge = (from: string, to: string) =>
      gateway.send(
        msh({ event: 'ADT^A40^ADT_A39' }),
        'EVN||20260302080000',
        pid({ 3: mrn(to), 5: 'DOE^JANE^^^^^L' }),
        segment('MRG', { 1: mrn(from) }),
      )
    assert.equal((await merge('E1', 'E2')).code, 'AA')
    const refused = await merge('E1', 'E3')
    assert.equal(refused.code, 'AE')
    assert.match(String(refused.errors), /MERGE-CYCLE MRG\^1\^1\^1/)
    const patients = await gateway.all('Patient')
    const active = patients.filter(
      (each) => each.active === true && /"E[23]"/.test(JSON.stringify(each.identifier)),
    )
    assert.equal(active.length, 2)
  })
})

describe('a sender that the site does not list', () => {
  const site = acceptanceSite((written) => {
    written.sources = [
      ...(written.sources as object[]),
      { id: '*|*', token: 'anybody', codes: { HL70004: { W: 'O' } } },
    ]
  })
  it('is one and the same source with each message, so that what is worked out for it is kept', () => {
    const first = sourceOf(site, 'NEW|LAB')
    assert.deepEqual([first?.id, first?.codes], ['NEW|LAB', { HL70004: { W: 'O' } }])
    assert.equal(sourceOf(site, 'NEW|LAB'), first)
    assert.notEqual(sourceOf(site, 'OTHER|LAB'), first)
    assert.equal(sourceOf(site, '|'), undefined)
  })
  it('is forgotten among very many others, and known again', () => {
    const first = sourceOf(site, 'NEW|LAB')
    for (let n = 0; n < 300; n++) sourceOf(site, `MANY${n}|LAB`)
    const again = sourceOf(site, 'NEW|LAB')
    assert.notEqual(again, first)
    assert.equal(sourceOf(site, 'NEW|LAB'), again)
  })
})
