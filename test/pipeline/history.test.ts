// Time travel: the versions of a resource follow each other in time, and each instant has one of them (FHIR R4 http, history).
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { readHistory } from '../../src/store/history.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { register } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

const at = async (iso: string): Promise<number[]> => {
  const query = { rtypes: ['Patient'], id: undefined, since: undefined, count: 10, before: undefined }
  const page = await readHistory(gateway.store.db.read, 1, { ...query, at: { from: iso, to: later(iso) } })
  return page.rows.map((each) => each.version)
}
/** An instant is a range of a millisecond. */
const later = (iso: string): string => new Date(Date.parse(iso) + 1).toISOString()

it('each instant has one version, also when a message that was received earlier is applied later', async () => {
  gateway.at('2026-03-02T09:00:00-06:00')
  await gateway.send(...register('H1', { 8: 'F' }))
  gateway.at('2026-03-02T10:00:00-06:00')
  await gateway.send(...register('H1', { 8: 'M' }, { time: '20260302081000' }))
  // Another gateway, whose clock is behind, or who had to wait.
  gateway.at('2026-03-02T09:30:00-06:00')
  await gateway.send(...register('H1', { 8: 'F' }, { time: '20260302082000' }))
  assert.deepEqual(await at('2026-03-02T14:59:59.000Z'), [])
  assert.deepEqual(await at('2026-03-02T15:00:00.000Z'), [1])
  assert.deepEqual(await at('2026-03-02T15:45:00.000Z'), [1])
  assert.deepEqual(await at('2026-03-02T16:00:00.000Z'), [3])
  assert.deepEqual(await at('2026-03-03T00:00:00.000Z'), [3])
})
