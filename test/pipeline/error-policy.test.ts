// What a sender is told, and where: sentences of semantics, section 18, that no other suite proves.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, register, segment, visit } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

const siu = (event: string, filler: string, ...resources: readonly string[]): string[] => [
  msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH' }),
  segment('SCH', { 2: `${filler}^SCHED1^2.16.840.1.113883.19.5.4^ISO`, 25: 'Booked^^HL70278' }),
  segment('TQ1', { 1: '1', 6: '30^min', 7: '20260310100000' }),
  pid({ 3: mrn('P1'), 5: 'DOE^JANE^^^^^L' }),
  ...resources,
]
const room = (name: string, action = '') =>
  segment('AIL', { 1: '1', 2: action, 3: `CLN1^${name}^^GHH`, 6: '20260310100000', 9: '30', 10: 'min' })

describe('a warning is an ERR with severity W, code 0 and its own code, where it belongs', () => {
  const heard = async (...segments: readonly string[]) => {
    const answer = await gateway.send(...segments)
    assert.equal(answer.code, 'AA', answer.text)
    return answer
  }

  it('NO-ACTION-CODE: resources of an update without action codes are the whole set (RGS-2)', async () => {
    await heard(...siu('S12', 'N1', 'RGS|1|A', room('EX1', 'A')))
    const { errors, codes } = await heard(...siu('S14', 'N1', 'RGS|1', room('EX2')))
    assert.deepEqual([errors, codes], [['W NO-ACTION-CODE RGS^1^2'], ['0']])
    const [booked] = (await gateway.all('Appointment')).map((each) => JSON.stringify(each))
    assert.match(booked ?? '', /EX2/)
    assert.doesNotMatch(booked ?? '', /EX1/)
  })

  it('UPSERT: an update of an appointment that nobody knew (SCH-2)', async () => {
    const { errors } = await heard(...siu('S13', 'N2'))
    assert.deepEqual(errors, ['W UPSERT SCH^1^2'])
  })

  it('CHECK-DIGIT: CX.2 does not fit CX.3; the number is kept', async () => {
    const { errors } = await heard(...register('', { 3: '12345^9^M10^GHH&2.16.840.1.113883.19.5.1&ISO^MR' }))
    assert.deepEqual(errors, ['W CHECK-DIGIT PID^1^3^1^2'])
    assert.ok((await gateway.all('Patient')).some((each) => JSON.stringify(each).includes('"12345"')))
  })

  it('none for segments and fields that nobody knows: they stay in the message', async () => {
    const { errors } = await heard(...register('Z1'), 'ZZZ|1|anything', 'ZPV|""')
    assert.deepEqual(errors, [])
  })
})

describe('an error says where in the form of the sender’s version', () => {
  it('ERR-2 from 2.5 on, ERR-1 before', async () => {
    const old = msh({ event: 'ADT^A28' }).replace('|2.5.1', '|2.3')
    const { code, text } = await gateway.send(old, 'EVN|A28|20260302080000', pid({ 5: 'DOE^JANE' }))
    assert.equal(code, 'AE')
    assert.match(text, /ERR\|PID\^1\^3\^101&/)
    const now = await gateway.send(msh({ event: 'ADT^A28' }), 'EVN||20260302080000', pid({ 5: 'DOE^JANE' }))
    assert.match(now.text, /ERR\|\|PID\^1\^3\|101\^/)
  })

  it('202 for a processing id that is none (MSH-11)', async () => {
    const { code, errors } = await gateway.send(
      msh({ event: 'ADT^A28' }).replace('|P|2.5.1', '|X|2.5.1'),
      pid({ 3: mrn('X9'), 5: 'DOE^JANE' }),
    )
    assert.equal(code, 'AR')
    assert.deepEqual(errors, ['E 202 MSH^1^11'])
  })
})

describe('a refused message', () => {
  it('is visible with reason and next step, whatever it was refused for', async () => {
    await gateway.engine.reset()
    const refused = [
      [msh({ event: 'ADT^A28' }), pid({ 5: 'DOE^JANE' })],
      [msh({ event: 'ADT^A28' }), pid({ 3: mrn('V1'), 5: 'DOE^JANE', 7: '19991332' })],
      [msh({ event: 'ADT^A28' }), pid({ 3: mrn('V1'), 5: 'DOE^JANE', 8: '1' })],
      [msh({ event: 'ADT^A40^ADT_A39' }), pid({ 3: mrn('V1'), 5: 'X^Y' }), segment('MRG', { 1: mrn('V1') })],
      [
        msh({ event: 'ADT^A45^ADT_A45' }),
        pid({ 3: mrn('V1'), 5: 'X^Y' }),
        segment('MRG', { 1: mrn('V1'), 5: visit('NOBODY') }),
        segment('PV1', { 1: '1', 2: 'I', 19: visit('NOBODY') }),
      ],
      [msh({ event: 'ADT^A99' }), pid({ 3: mrn('V1'), 5: 'DOE^JANE' })],
    ]
    for (const each of refused) {
      const { code, errors } = await gateway.send(...each)
      assert.match(code, /^A[ER]$/)
      assert.ok(errors.length > 0 && errors.every((error) => /^E \S+ \S+/.test(error)), errors.join())
    }
    const listed = await gateway.engine.messages.list({
      states: ['parked', 'held', 'rejected', 'failed'],
      source: undefined,
      before: undefined,
      limit: 20,
    })
    assert.equal(listed.length, refused.length)
    for (const each of listed) {
      assert.ok(each.reasons.some(({ severity, locations }) => severity === 'E' && locations.length > 0))
      assert.match(each.nextStep, /\w+/)
    }
  })
})
