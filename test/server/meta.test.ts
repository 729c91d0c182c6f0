// Profiles, tags and security labels that clients write are kept and found, whoever else speaks of the resource
// (FHIR R4 resource.html#Meta, resource-operation-meta-add.html; semantics, sections 0, 5 and 17).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { JsonObject } from '../../src/fhir/types.ts'
import { account, mrn, msh, pid, segment, visit } from '../pipeline/messages.ts'
import { type GatewayOnPort, gatewayOnPort, type PortAnswer } from './on-port.ts'

const profile = 'https://ehr.example/StructureDefinition/our-own'
const tag = { system: 'https://ehr.example/tags', code: 'research' }
const other = { system: 'https://ehr.example/tags', code: 'follow-up' }
const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }
const restricted = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }

interface Meta {
  readonly versionId?: string
  readonly profile?: readonly string[]
  readonly tag?: readonly JsonObject[]
  readonly security?: readonly JsonObject[]
}
const metaOf = ({ body }: PortAnswer): Meta => (body.meta ?? {}) as Meta
const codes = (list: readonly JsonObject[] | undefined): unknown[] =>
  (list ?? []).map(({ code }) => code).sort()

let gateway: GatewayOnPort
before(async () => {
  gateway = await gatewayOnPort()
})
after(() => gateway.close())

const admit = (who: string, time: string, family = 'ROE', protection = ''): string[] => [
  msh({ event: 'ADT^A01^ADT_A01', time }),
  `EVN||${time}|||REG07|${time}`,
  pid({ 3: mrn(who), 5: `${family}^VIC^^^^^L`, 18: account(`A${who}`) }),
  segment('PD1', { 12: protection }),
  segment('PV1', { 1: '1', 2: 'I', 3: '5E^501^A^GHH', 19: visit(`V${who}`) }),
  segment('IN1', { 1: '1', 2: 'PPO', 3: 'P1^^^BCBS', 4: 'Blue', 36: `M${who}` }),
]
const book = (who: string, time: string, event = 'S12'): string[] => [
  msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH', time }),
  segment('SCH', { 2: `F${who}^SCHED1^2.16.840.1.113883.19.5.4^ISO`, 25: 'Booked^^HL70278' }),
  segment('TQ1', { 1: '1', 6: '30^min', 7: time }),
  pid({ 3: mrn(who), 5: 'ROE^VIC^^^^^L' }),
]

async function only(search: string): Promise<JsonObject & { readonly id: string }> {
  const { body } = await gateway.ask(`/${search}`)
  assert.equal(body.total, 1, search)
  return (body.entry as { resource: JsonObject & { id: string } }[])[0]?.resource ?? { id: '' }
}
const total = async (search: string): Promise<unknown> => (await gateway.ask(`/${search}`)).body.total

const operation = (name: string, path: string, meta: Meta): Promise<PortAnswer> =>
  gateway.ask(`/${path}/$${name}`, {
    method: 'POST',
    body: { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: meta }] },
  })

describe('what clients say of meta', () => {
  const paths: Record<string, string> = {}
  before(async () => {
    assert.equal(await gateway.send(...admit('M1', '20260304100000')), 'AA')
    assert.equal(await gateway.send(...book('M1', '20260305100000')), 'AA')
    for (const type of ['Patient', 'Encounter', 'Account', 'Coverage', 'Appointment'])
      paths[type] = `${type}/${(await only(type)).id}`
  })

  for (const type of ['Patient', 'Encounter', 'Account', 'Coverage', 'Appointment']) {
    it(`is kept by a ${type} and found, and no message drops it`, async () => {
      const path = paths[type] ?? ''
      const read = await gateway.ask(`/${path}`)
      const etag = read.headers.get('etag') ?? ''
      const body = { ...read.body, meta: { profile: [profile], tag: [tag], security: [label] } }
      const put = await gateway.ask(`/${path}`, { method: 'PUT', headers: { 'if-match': etag }, body })
      assert.equal(put.status, 200, put.text)
      assert.deepEqual([metaOf(put).profile, codes(metaOf(put).tag)], [[profile], ['research']])
      const messages =
        type === 'Appointment'
          ? [book('M1', '20260306100000', 'S13')]
          : [admit('M1', '20260306110000', `ROE-${type}`).map((each) => each.replace('A01', 'A08'))]
      for (const each of messages) assert.equal(await gateway.send(...each), 'AA')
      const now = metaOf(await gateway.ask(`/${path}`))
      assert.deepEqual([now.profile, codes(now.tag), codes(now.security)], [[profile], ['research'], ['PSY']])
      assert.equal(await total(`${type}?_profile=${profile}`), 1)
      assert.equal(await total(`${type}?_tag=${tag.system}|${tag.code}`), 1)
      assert.equal(await total(`${type}?_security=${label.system}|${label.code}`), 1)
      assert.equal(await total(`${type}?_tag=${tag.system}|follow-up`), 0)
    })

    it(`is added to a ${type} and taken away by $meta-add and $meta-delete, without If-Match and once`, async () => {
      const path = paths[type] ?? ''
      const added = await operation('meta-add', path, { tag: [other] })
      assert.equal(added.status, 200, added.text)
      const [given] = added.body.parameter as { name: string; valueMeta: Meta }[]
      assert.deepEqual([given?.name, codes(given?.valueMeta.tag)], ['return', ['follow-up', 'research']])
      assert.equal(added.headers.get('etag'), `W/"${given?.valueMeta.versionId}"`)
      const again = await operation('meta-add', path, { tag: [other] })
      assert.equal(again.headers.get('etag'), added.headers.get('etag'), 'no change, no version')
      assert.equal(await total(`${type}?_tag=${other.system}|${other.code}`), 1)
      await operation('meta-delete', path, { profile: [profile], tag: [other, tag], security: [label] })
      const now = metaOf(await gateway.ask(`/${path}`))
      assert.deepEqual([now.profile, now.tag, now.security], [undefined, undefined, undefined])
      assert.equal(await total(`${type}?_tag=${tag.system}|`), 0)
    })
  }

  it('stays when a client leaves meta out, goes when a patch takes it away', async () => {
    const path = paths.Patient ?? ''
    await operation('meta-add', path, { tag: [tag] })
    const read = await gateway.ask(`/${path}`)
    const { meta: _meta, ...plain } = read.body
    const headers = { 'if-match': read.headers.get('etag') ?? '' }
    const put = await gateway.ask(`/${path}`, { method: 'PUT', headers, body: { ...plain, gender: 'other' } })
    assert.deepEqual(codes(metaOf(put).tag), ['research'])
    const patched = await gateway.ask(`/${path}`, {
      method: 'PATCH',
      headers: {
        'if-match': put.headers.get('etag') ?? '',
        'content-type': 'application/json-patch+json',
      },
      body: [
        { op: 'test', path: '/meta/versionId', value: metaOf(put).versionId },
        { op: 'remove', path: '/meta/tag' },
      ],
    })
    assert.equal(patched.status, 200, patched.text)
    assert.equal(metaOf(patched).tag, undefined)
  })

  it('is added by a patch to what has none, as a client has read it', async () => {
    const path = paths.Account ?? ''
    const read = await gateway.ask(`/${path}`)
    const patched = await gateway.ask(`/${path}`, {
      method: 'PATCH',
      headers: {
        'if-match': read.headers.get('etag') ?? '',
        'content-type': 'application/json-patch+json',
      },
      body: [{ op: 'add', path: '/meta/tag', value: [tag] }],
    })
    assert.equal(patched.status, 200, patched.text)
    assert.deepEqual(codes(metaOf(patched).tag), ['research'])
  })

  it('is not undone by what is written late of a time before it (X-Event-Time)', async () => {
    const path = paths.Patient ?? ''
    await operation('meta-add', path, { tag: [tag], security: [restricted] })
    const read = await gateway.ask(`/${path}`)
    const late = await gateway.ask(`/${path}`, {
      method: 'PUT',
      headers: { 'if-match': read.headers.get('etag') ?? '', 'x-event-time': '2026-03-04T10:30:00-06:00' },
      body: { ...read.body, meta: { tag: [other] } },
    })
    assert.equal(late.status, 200, late.text)
    const now = metaOf(await gateway.ask(`/${path}`))
    assert.deepEqual([codes(now.tag), codes(now.security)], [['research'], ['R']])
    await operation('meta-delete', path, { security: [restricted] })
  })

  it('protects a person as a message does, and nobody takes back what another has said', async () => {
    const path = paths.Patient ?? ''
    await operation('meta-add', path, { security: [restricted] })
    for (const type of ['Patient', 'Encounter', 'Account', 'Coverage', 'Appointment'])
      assert.equal(await total(`${type}?_security=${restricted.system}|R`), 1, type)
    await operation('meta-delete', path, { security: [restricted] })
    assert.equal(await total(`Encounter?_security=${restricted.system}|R`), 0)
    assert.equal(await gateway.send(...admit('M2', '20260304100000', 'POE', 'Y')), 'AA')
    const { id } = await only('Patient?family=POE')
    await operation('meta-delete', `Patient/${id}`, { security: [restricted] })
    assert.deepEqual(codes(metaOf(await gateway.ask(`/Patient/${id}`)).security), ['R'])
  })

  it('protects a person under the record into which it is merged, until who said so takes it back', async () => {
    for (const [who, family] of [
      ['M3', 'SOE'],
      ['M4', 'TOE'],
    ] as const)
      assert.equal(await gateway.send(...admit(who, '20260304100000', family)), 'AA')
    const merged = await only('Patient?family=SOE')
    const { id } = await only('Patient?family=TOE')
    const visits = async (): Promise<unknown> =>
      await total(`Encounter?patient=${id}&_security=${restricted.system}|R`)
    await operation('meta-add', `Patient/${merged.id}`, { security: [restricted] })
    assert.equal(await visits(), 0)
    const time = '20260304110000'
    const merge = [
      msh({ event: 'ADT^A40^ADT_A39', time }),
      `EVN||${time}|||REG07|${time}`,
      pid({ 3: mrn('M4'), 5: 'TOE^VIC^^^^^L' }),
      segment('MRG', { 1: mrn('M3') }),
    ]
    assert.equal(await gateway.send(...merge), 'AA')
    assert.deepEqual(codes(metaOf(await gateway.ask(`/Patient/${id}`)).security), ['R'])
    assert.equal(await visits(), 2)
    await operation('meta-add', `Patient/${id}`, { tag: [tag] })
    assert.deepEqual(codes(metaOf(await gateway.ask(`/Patient/${id}`)).security), ['R'])
    await operation('meta-delete', `Patient/${id}`, { security: [restricted] })
    assert.equal(metaOf(await gateway.ask(`/Patient/${id}`)).security, undefined)
    assert.equal(await visits(), 0)
  })

  it('takes from no Condition the label that a message gave to it (DG1-18)', async () => {
    const diagnosis = segment('DG1', { 1: '1', 3: 'F20.0^Schizophrenia^I10C', 6: 'A', 18: 'Y', 20: 'D9^GHH' })
    assert.equal(await gateway.send(...admit('M5', '20260304100000', 'UOE'), diagnosis), 'AA')
    const condition = await only('Condition?code=F20.0')
    const path = `Condition/${condition.id}`
    const read = await gateway.ask(`/${path}`)
    assert.deepEqual(codes(metaOf(read).security), ['R'])
    const put = await gateway.ask(`/${path}`, {
      method: 'PUT',
      headers: { 'if-match': read.headers.get('etag') ?? '' },
      body: { ...read.body, meta: { tag: [tag] } },
    })
    assert.equal(put.status, 200, put.text)
    await operation('meta-delete', path, { security: [restricted] })
    const now = metaOf(await gateway.ask(`/${path}`))
    assert.deepEqual([codes(now.tag), codes(now.security)], [['research'], ['R']])
  })

  it('holds for other types, and of a resource with contained ones', async () => {
    const made = await gateway.ask('/Communication', {
      method: 'POST',
      body: {
        resourceType: 'Communication',
        status: 'completed',
        contained: [{ resourceType: 'Organization', id: 'o', name: 'x', meta: { profile: [profile] } }],
        sender: { reference: '#o' },
        meta: { tag: [tag] },
      },
    })
    assert.equal(made.status, 201, made.text)
    assert.equal(metaOf(made).versionId, '1')
    const path = `Communication/${made.body.id}`
    await operation('meta-add', path, { tag: [other] })
    assert.deepEqual(codes(metaOf(await gateway.ask(`/${path}`)).tag), ['follow-up', 'research'])
    const gone = await operation('meta-delete', path, { tag: [other, tag] })
    assert.equal(gone.status, 200, gone.text)
    assert.equal(metaOf(await gateway.ask(`/${path}`)).tag, undefined)
  })

  it('is refused where it cannot be', async () => {
    const path = paths.Patient ?? ''
    const none = await gateway.ask(`/${path}/$meta-add`, {
      method: 'POST',
      body: { resourceType: 'Parameters', parameter: [] },
    })
    assert.equal(none.status, 400)
    assert.equal((await operation('meta-add', path, { tag: [{ code: 5 }] })).status, 422)
    assert.equal((await operation('meta-add', 'Patient/nobody', { tag: [tag] })).status, 404)
    assert.equal((await operation('meta-add', 'Provenance/x', { tag: [tag] })).status, 405)
  })
})
