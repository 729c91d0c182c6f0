// The client that SMART apps are built with (fhirclient), against the whole gateway on a real port: pages, references.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type GatewayOnPort, gatewayOnPort } from './on-port.ts'

interface Thing {
  readonly resourceType: string
  readonly id: string
  readonly [name: string]: unknown
}

interface Request {
  readonly url: string
  readonly method: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}
interface Options {
  /** 0 = all. */
  readonly pageLimit?: number
  readonly flat?: boolean
  readonly resolveReferences?: readonly string[]
  readonly onPage?: (page: { readonly entry?: readonly unknown[] }) => void
}
/** What is used of it: its own types come with those of a web framework. */
interface SmartClient {
  request<Answer>(request: string | Request, options?: Options): Promise<Answer>
}
type Smart = (request: object, response: object) => { client(state: object): SmartClient }
const packageName: string = 'fhirclient'

let gateway: GatewayOnPort
let client: SmartClient

const create = (
  body: Readonly<Record<string, unknown>> & { readonly resourceType: string },
): Promise<Thing> =>
  client.request<Thing>({
    url: body.resourceType,
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/fhir+json' },
  })

before(async () => {
  gateway = await gatewayOnPort()
  const { default: smart } = (await import(packageName)) as { readonly default: Smart }
  // The state stands for a launch, which is another server's matter.
  client = smart({}, {}).client({
    serverUrl: gateway.baseUrl,
    tokenResponse: { access_token: gateway.token, token_type: 'bearer' },
  })
})
after(() => gateway.close())

describe('fhirclient', () => {
  const names = ['ALPHA', 'BRAVO', 'CARLO', 'DELTA', 'ECHOS']

  it('walks through all pages, each entry once', async () => {
    const made = []
    for (const family of names)
      made.push((await create({ resourceType: 'Patient', name: [{ family }], birthDate: '1990-01-01' })).id)
    const url = 'Patient?birthdate=1990-01-01&_count=2&_sort=family'
    const all = await client.request<Thing[]>(url, { pageLimit: 0, flat: true })
    assert.deepEqual(
      all.map(({ id }) => id),
      made,
    )
    const sizes: number[] = []
    await client.request(url, {
      pageLimit: 0,
      onPage: ({ entry = [] }) => void sizes.push(entry.length),
    })
    assert.deepEqual(sizes, [2, 2, 1])
    const some = await client.request<Thing[]>(url, { pageLimit: 2, flat: true })
    assert.equal(some.length, 4)
  })

  it('gets what its matches refer to with _include and _revinclude', async () => {
    const patient = await create({ resourceType: 'Patient', name: [{ family: 'FOXES' }] })
    const flag = await create({
      resourceType: 'Flag',
      status: 'active',
      code: { text: 'fall risk' },
      subject: { reference: `Patient/${patient.id}` },
    })
    const found = await client.request<Thing[]>(`Flag?_id=${flag.id}&_include=Flag:subject`, { flat: true })
    assert.deepEqual(found.map(({ id }) => id).sort(), [flag.id, patient.id].sort())
    const back = await client.request<Thing[]>(`Patient?_id=${patient.id}&_revinclude=Flag:subject`, {
      flat: true,
    })
    assert.deepEqual(back.map(({ id }) => id).sort(), [flag.id, patient.id].sort())
  })

  it('resolves references of a resource into it', async () => {
    const patient = await create({ resourceType: 'Patient', name: [{ family: 'GOLFS' }] })
    const flag = await create({
      resourceType: 'Flag',
      status: 'active',
      code: { text: 'allergy' },
      subject: { reference: `Patient/${patient.id}` },
    })
    const whole = await client.request<{ subject: Thing }>(`Flag/${flag.id}`, {
      resolveReferences: ['subject'],
    })
    assert.equal(whole.subject.id, patient.id)
  })

  it('is told what was wrong', async () => {
    await assert.rejects(client.request('Patient?_query=all'), /_query/)
  })
})
