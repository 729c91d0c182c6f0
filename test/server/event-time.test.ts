// What a client writes has happened when it is written, or when X-Event-Time says: that decides between it and messages.
// Semantics, section 15.8.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { mrn, register } from '../pipeline/messages.ts'
import { type TestApp, testApp } from './setup.ts'

let app: TestApp
before(async () => {
  app = await testApp({
    site: acceptanceSite((site) => {
      site.clients = (site.clients as { id: string }[]).map((each) =>
        each.id === 'portal' ? { ...each, trust: 40 } : { ...each, trust: 50 },
      )
    }),
  })
  app.at('2026-03-02T12:00:00-06:00')
})
after(() => app.close())

const marital = (code: string) => ({
  maritalStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code }],
  },
})

/** Somebody who was registered at 8:00, and what a client says of him then. */
async function married(who: string, headers: Readonly<Record<string, string>>) {
  await app.send(...register(who, { 16: 'S^Single^HL70002' }))
  const found = ((await app.all('Patient')) as { id: string }[]).find((each) =>
    JSON.stringify(each).includes(`"${who}"`),
  )
  const path = `/fhir/Patient/${found?.id}`
  const { body, headers: read } = await app.ask(path)
  const answer = await app.ask(path, {
    method: 'PUT',
    as: 'frontdesk',
    headers: { 'if-match': read.get('etag') ?? '', ...headers },
    body: { ...body, ...marital('M') },
  })
  return { answer, id: found?.id ?? '' }
}
const shown = async (id: string): Promise<string | undefined> => {
  const { body } = await app.ask(`/fhir/Patient/${id}`)
  const { coding = [] } = (body.maritalStatus ?? {}) as { coding?: { code: string }[] }
  return coding.at(-1)?.code
}
const later = (who: string) =>
  app.send(...register(who, { 16: 'D^Divorced^HL70002' }, { time: '20260302110000' }))

describe('a client that says when it was (X-Event-Time)', () => {
  test('is later than what was said before that, and earlier than what was said since', async () => {
    const { answer, id } = await married('ET1', { 'x-event-time': '2026-03-02T10:00:00-06:00' })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(await shown(id), 'M')
    await later('ET1')
    assert.equal(await shown(id), 'D')
    const usual = await married('ET2', {})
    await later('ET2')
    assert.equal(await shown(usual.id), 'M')
  })

  test('says it of all entries of a transaction', async () => {
    const body = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          request: { method: 'POST', url: 'Patient' },
          resource: { resourceType: 'Patient', name: [{ family: 'Bundled' }] },
        },
      ],
    }
    const headers = { 'x-event-time': '2026-03-02T09:00:00-06:00' }
    const answer = await app.ask('/fhir', { method: 'POST', as: 'frontdesk', headers, body })
    assert.equal(answer.status, 200, answer.text)
    const told = (await app.all('Provenance')).map((each) => each.occurredDateTime)
    assert.ok(told.includes('2026-03-02T09:00:00-06:00'))
  })

  test('is told in Provenance: when it was, and when it was written', async () => {
    const { id } = await married('ET3', { 'x-event-time': '2026-03-02T16:00:00Z' })
    const { body } = await app.ask(`/fhir/Provenance?target=Patient/${id}`)
    const times = ((body.entry ?? []) as unknown as { resource: Record<string, unknown> }[]).map(
      ({ resource }) => [resource.occurredDateTime, resource.recorded],
    )
    assert.ok(
      times.some(
        ([occurred, recorded]) =>
          occurred === '2026-03-02T10:00:00-06:00' && recorded === '2026-03-02T12:00:00-06:00',
      ),
      JSON.stringify(times),
    )
  })

  test('must be trusted, and name an instant that is not to come', async () => {
    const create = (as: string, time: string) =>
      app.ask('/fhir/Patient', {
        method: 'POST',
        as,
        headers: { 'x-event-time': time },
        body: { resourceType: 'Patient', identifier: [{ value: mrn('ET4') }], name: [{ family: 'X' }] },
      })
    assert.equal((await create('portal', '2026-03-02T10:00:00-06:00')).status, 403)
    for (const wrong of ['yesterday', '2026-03-02', '2026-03-02T10:00:00', '2026-02-31T10:00:00Z'])
      assert.equal((await create('frontdesk', wrong)).status, 400, wrong)
    const early = await create('frontdesk', '2026-03-02T13:00:00-06:00')
    assert.equal(early.status, 400)
    assert.match(early.text, /lies in the future - /)
  })
})
