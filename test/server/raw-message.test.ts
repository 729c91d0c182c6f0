// Provenance leads to the message as it came, for those who may see all of it (semantics, section 17).
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { mrn, msh, pid, register, segment, visit } from '../pipeline/messages.ts'
import { type TestApp, testApp } from './setup.ts'

interface Provenance {
  readonly occurredDateTime: string
  readonly recorded: string
  readonly target: readonly { readonly reference: string }[]
  readonly agent: readonly {
    readonly type: { readonly coding: readonly { readonly code: string }[] }
    readonly who: { readonly display?: string; readonly identifier?: { readonly value: string } }
  }[]
  readonly entity: readonly {
    readonly role: string
    readonly what: { readonly reference: string; readonly identifier: { readonly value: string } }
  }[]
}

describe('where a change comes from', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
  })
  after(() => app.close())

  const provenances = async (rtype: string, id: string): Promise<Provenance[]> => {
    const { body } = await app.ask(`/fhir/Provenance?target=${rtype}/${id}&_count=50`)
    return ((body.entry ?? []) as unknown as { resource: Provenance }[]).map((each) => each.resource)
  }
  const agents = (each: Provenance | undefined): (string | undefined)[] =>
    (each?.agent ?? []).map(
      ({ type, who }) => `${type.coding[0]?.code} ${who.identifier?.value ?? who.display}`,
    )

  const admit = [
    msh({ event: 'ADT^A01^ADT_A01', id: 'RAW-1' }),
    'EVN||20260302080000|||REG07^DIAZ^ANA',
    pid({ 3: mrn('R1'), 5: 'DOE^JANE^^^^^L' }),
    segment('PV1', { 1: '1', 2: 'I', 19: visit('VR1') }),
  ]

  test('one Provenance for each change set names all that changed, operator, source and message', async () => {
    await app.send(...admit)
    const [patient] = (await app.all('Patient')) as { id: string }[]
    const [encounter] = (await app.all('Encounter')) as { id: string }[]
    const found = await provenances('Patient', patient?.id ?? '')
    assert.equal(found.length, 1)
    assert.deepEqual(await provenances('Encounter', encounter?.id ?? ''), found)
    assert.deepEqual(agents(found[0]), ['author REG07', 'informant ADT1|GHH', 'assembler Portico'])
    assert.equal(found[0]?.entity[0]?.what.identifier.value, 'RAW-1')
    // What changes nothing has none.
    await app.send(...admit.with(0, msh({ event: 'ADT^A01^ADT_A01', id: 'RAW-2' })))
    assert.equal((await provenances('Patient', patient?.id ?? '')).length, 1)
  })

  test('without an operator the source is the author', async () => {
    await app.send(...register('R2'))
    const patient = ((await app.all('Patient')) as { id: string }[]).find((each) =>
      JSON.stringify(each).includes('"R2"'),
    )
    const [only] = await provenances('Patient', patient?.id ?? '')
    assert.deepEqual(agents(only), ['author ADT1|GHH', 'assembler Portico'])
  })

  test('the message is read byte for byte, with its digest, by clients that may see all of it', async () => {
    const [patient] = (await app.all('Patient')) as { id: string }[]
    const [one] = await provenances('Patient', patient?.id ?? '')
    const reference = one?.entity[0]?.what.reference ?? ''
    assert.match(reference, /^Binary\/message-\d+$/)
    const answer = await app.ask(`/fhir/${reference}`)
    assert.equal(answer.status, 200)
    assert.equal(answer.body.contentType, 'application/hl7-v2+er7')
    const raw = Buffer.from(String(answer.body.data), 'base64')
    assert.equal(raw.toString(), `${admit.join('\r')}\r`)
    const digest = createHash('sha256').update(raw).digest('base64')
    assert.equal(answer.headers.get('repr-digest'), `sha-256=:${digest}:`)
    assert.equal((await app.ask(`/fhir/${reference}`, { as: 'analyst' })).status, 200)
    for (const as of ['frontdesk', 'himsteward', 'portal', 'ehr'])
      assert.equal((await app.ask(`/fhir/${reference}`, { as })).status, 403, as)
    assert.equal((await app.ask('/fhir/Binary/message-999999999')).status, 404)
  })

  test('a client’s write leads to its request', async () => {
    const written = await app.ask('/fhir/Patient', {
      method: 'POST',
      as: 'frontdesk',
      body: { resourceType: 'Patient', name: [{ family: 'Fhir' }] },
    })
    const [one] = await provenances('Patient', String(written.body.id))
    assert.deepEqual(agents(one), ['author frontdesk', 'assembler Portico'])
    const answer = await app.ask(`/fhir/${one?.entity[0]?.what.reference}`)
    assert.equal(answer.body.contentType, 'application/fhir+json')
    assert.match(Buffer.from(String(answer.body.data), 'base64').toString(), /"Fhir"/)
  })

  test('it says when it happened (EVN-6), and when it was heard', async () => {
    app.at('2026-03-02T09:30:00-06:00')
    const time = '20260302091500'
    await app.send(
      msh({ event: 'ADT^A04^ADT_A01', time }),
      `EVN||${time}||||20260302090000`,
      pid({ 3: mrn('R3'), 5: 'DOE^JOHN^^^^^L' }),
      segment('PV1', { 1: '1', 2: 'O', 19: visit('VR3') }),
    )
    const stay = ((await app.all('Encounter')) as { id: string }[]).find((each) =>
      JSON.stringify(each).includes('"VR3"'),
    )
    const [only] = await provenances('Encounter', stay?.id ?? '')
    assert.equal(only?.occurredDateTime, '2026-03-02T09:00:00-06:00')
    assert.equal(only?.recorded, '2026-03-02T09:30:00-06:00')
  })
})
