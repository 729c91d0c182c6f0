// Every type of the table is stored, validated, found and written by clients, whatever rules it has or has not.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type JsonObject, SERVED_TYPES, writesOf } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { Generator } from '../fhir/generate.ts'
import { codesOf, idsOf, type TestApp, testApp } from './setup.ts'

/** A valid resource of a type, made of its definition. */
function sample(type: string): JsonObject {
  const generator = new Generator(type.length * 31 + type.charCodeAt(0))
  for (let round = 0; round < 5_000; round += 1) {
    const resource = generator.element(type, 3)
    if (validateResource(resource).length === 0) return resource
  }
  throw new Error(`no valid ${type} could be made`)
}

describe('types', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
  })
  after(() => app.close())

  for (const type of SERVED_TYPES.filter((each) => writesOf(each) !== '')) {
    test(`${type}: created, read, found, and as far as it may be, updated and deleted`, async () => {
      const created = await app.ask(`/fhir/${type}`, { method: 'POST', body: sample(type) })
      assert.equal(created.status, 201, created.text)
      const { id } = created.body
      const path = `/fhir/${type}/${id}`
      const read = await app.ask(path)
      assert.deepEqual([read.status, read.body.resourceType, read.body.id], [200, type, id])
      assert.deepEqual(validateResource(read.body), [])
      assert.deepEqual(idsOf(await app.ask(`/fhir/${type}?_id=${id}`)), [id])
      if (writesOf(type) !== 'cud') return
      const next = { ...created.body, language: 'de-AT' }
      const updated = await app.ask(path, { method: 'PUT', body: next, headers: { 'if-match': 'W/"1"' } })
      assert.equal(updated.status, 200, updated.text)
      assert.equal((await app.ask(path)).body.language, 'de-AT')
      const removed = await app.ask(path, { method: 'DELETE' })
      assert.ok([200, 204].includes(removed.status), removed.text)
      // A Coverage is cancelled, not taken away.
      assert.equal((await app.ask(path)).status, type === 'Coverage' ? 200 : 410)
    })
  }

  test('what is said once is only added to: an AuditEvent is never changed', async () => {
    const created = await app.ask('/fhir/AuditEvent', { method: 'POST', body: sample('AuditEvent') })
    const path = `/fhir/AuditEvent/${created.body.id}`
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await app.ask(path, { method, ...(method === 'DELETE' ? {} : { body: created.body }) })
      assert.deepEqual([answer.status, ...codesOf(answer)], [405, 'not-supported'], method)
      assert.equal(answer.headers.get('allow'), 'GET, HEAD')
    }
    assert.equal((await app.ask(path)).status, 200)
  })
})
