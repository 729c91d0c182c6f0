// A FHIR client as others use it (fhir-kit-client), against the whole gateway on a real port (FHIR R4, http.html).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Client } from 'fhir-kit-client'
import { type GatewayOnPort, gatewayOnPort } from './on-port.ts'

type Resource = Awaited<ReturnType<Client['read']>>
interface Entry {
  readonly resource: Resource
  readonly response?: { readonly status: string; readonly location: string }
}
const entries = (bundle: Resource): readonly Entry[] => (bundle.entry ?? []) as readonly Entry[]
const linksOf = (bundle: Resource) => (bundle.link ?? []) as { relation: string; url: string }[]
const idOf = ({ id }: Resource): string => String(id)

let gateway: GatewayOnPort
let client: Client

before(async () => {
  gateway = await gatewayOnPort()
  client = new Client({
    baseUrl: gateway.baseUrl,
    bearerToken: gateway.token,
  })
})
after(() => gateway.close())

const person = (family: string) => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:example:kit', value: family }],
  name: [{ family, given: ['KIT'] }],
  gender: 'female',
})

describe('fhir-kit-client', () => {
  it('reads the capability statement', async () => {
    const { fhirVersion } = await client.capabilityStatement()
    assert.equal(fhirVersion, '4.0.1')
  })

  it('creates, reads, updates, patches, deletes, and reads each version of it', async () => {
    const created = await client.create({ resourceType: 'Patient', body: person('ALPHA') })
    const id = idOf(created)
    assert.deepEqual((await client.read({ resourceType: 'Patient', id })).name, created.name)
    const ifMatch = (version: number) => ({ headers: { 'If-Match': `W/"${version}"` } })
    const updated = await client.update({
      resourceType: 'Patient',
      id,
      body: { ...created, gender: 'male' },
      options: ifMatch(1),
    })
    assert.equal(updated.gender, 'male')
    const patched = await client.patch({
      resourceType: 'Patient',
      id,
      jsonPatch: [{ op: 'add', path: '/birthDate', value: '1980-02-03' }],
      options: ifMatch(2),
    })
    assert.equal(patched.birthDate, '1980-02-03')
    assert.equal((await client.vread({ resourceType: 'Patient', id, version: '1' })).gender, 'female')
    assert.equal((await client.history({ resourceType: 'Patient', id })).total, 3)
    await client.delete({ resourceType: 'Patient', id })
    await assert.rejects(client.read({ resourceType: 'Patient', id }), /410/)
  })

  it('follows the pages of a search forth and back, each entry once', async () => {
    for (const n of [1, 2, 3, 4, 5])
      await client.create({ resourceType: 'Patient', body: person(`PAGE${n}`) })
    const searchParams = { family: 'PAGE', _count: 2, _sort: 'family' }
    const first = await client.search({ resourceType: 'Patient', searchParams })
    assert.equal(first.total, 5)
    const seen: unknown[] = []
    let bundle: Resource | undefined = first
    let last: Resource = first
    while (bundle) {
      seen.push(...entries(bundle).map(({ resource }) => resource.name))
      last = bundle
      bundle = await client.nextPage({ bundle: { ...bundle, link: linksOf(bundle) } })
    }
    assert.deepEqual(
      seen,
      [1, 2, 3, 4, 5].map((n) => [{ family: `PAGE${n}`, given: ['KIT'] }]),
    )
    assert.equal(entries(last).length, 1)
  })

  it('runs a transaction, resolves what its entries refer to, and finds them with _include and by compartment', async () => {
    const done = await client.transaction({
      body: {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          {
            fullUrl: 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a',
            resource: person('TRANS'),
            request: { method: 'POST', url: 'Patient' },
          },
          {
            resource: {
              resourceType: 'Flag',
              status: 'active',
              code: { text: 'needs an interpreter' },
              subject: { reference: 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a' },
            },
            request: { method: 'POST', url: 'Flag' },
          },
        ],
      },
    })
    assert.deepEqual(
      entries(done).map(({ response }) => response?.status.slice(0, 3)),
      ['201', '201'],
    )
    const searchParams = { 'patient.family': 'TRANS', _include: 'Flag:patient' }
    const found = await client.search({ resourceType: 'Flag', searchParams })
    assert.deepEqual(
      entries(found).map(({ resource }) => resource.resourceType),
      ['Flag', 'Patient'],
    )
    const [flag, patient] = entries(found).map(({ resource }) => resource)
    assert.ok(flag && patient)
    const { reference } = flag.subject as { reference: string }
    assert.equal((await client.resolve({ reference, context: found })).id, patient.id)
    assert.equal((await client.resolve({ reference })).id, patient.id)
    const compartment = { resourceType: 'Patient', id: idOf(patient) }
    assert.equal((await client.search({ resourceType: 'Flag', compartment })).total, 1)
  })

  it('is told by an OperationOutcome what was wrong', async () => {
    const wrong = client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', gender: 'x' } })
    const outcome = await wrong.then(
      () => undefined,
      (error: { response: { data: Resource } }) => error.response.data,
    )
    assert.equal(outcome?.resourceType, 'OperationOutcome')
  })
})
