// What a message cannot do without: the answer says what is missing, where, and of which value. Semantics, sections 1, 3 and 18.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, register, segment, visit } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

const person = pid({ 3: mrn('M1'), 5: 'DOE^JANE^^^^^L', 18: account('A1') })
const stay = segment('PV1', { 1: '1', 2: 'I', 19: visit('V1') })

describe('a merge, a change or a move', () => {
  const fields: readonly [event: string, field: number][] = [
    ...['A18', 'A30', 'A34', 'A36', 'A39', 'A40', 'A43', 'A46', 'A47', 'A48'].map(
      (event): [string, number] => [event, 1],
    ),
    ...['A35', 'A41', 'A44', 'A49'].map((event): [string, number] => [event, 3]),
    ...['A42', 'A45', 'A50'].map((event): [string, number] => [event, 5]),
    ['A51', 6],
  ]
  for (const [event, field] of fields) {
    it(`${event} without MRG is refused at MRG-${field}, and changes nothing`, async () => {
      const answer = await gateway.send(msh({ event: `ADT^${event}` }), 'EVN||20260302080000', person, stay)
      assert.deepEqual([answer.code, answer.errors], ['AE', [`E 101 MRG^1^${field}`]])
      assert.deepEqual(await gateway.all('Patient'), [])
    })
  }
})

describe('a number without its authority', () => {
  it('is named in the answer, in PID and in MRG', async () => {
    const bare = await gateway.send(...register('', { 3: '4711^^^^MR' }))
    assert.deepEqual([bare.code, bare.errors], ['AE', ['E 101 PID^1^3^1^4']])
    assert.match(bare.text, /\b4711\b/)
    const merged = await gateway.send(
      msh({ event: 'ADT^A40' }),
      'EVN||20260302080000',
      person,
      segment('MRG', { 1: '4712^^^^MR' }),
    )
    assert.deepEqual([merged.code, merged.errors], ['AE', ['E 101 MRG^1^1^1^4']])
    assert.match(merged.text, /\b4712\b/)
  })
})

describe('a value that cannot be read', () => {
  it('is named in the answer, its beginning only when it is long', async () => {
    const date = await gateway.send(...register('M2', { 7: '19801301' }))
    assert.deepEqual([date.code, date.errors], ['AE', ['E 102 PID^1^7']])
    assert.match(date.text, /19801301/)
    const long = await gateway.send(...register('M2', { 7: 'x'.repeat(5000) }))
    assert.equal(long.code, 'AE')
    assert.ok(long.text.length < 1000)
    assert.deepEqual(await gateway.all('Patient'), [])
  })
})
