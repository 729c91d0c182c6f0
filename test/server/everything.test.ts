// $everything of a visit and of a patient (FHIR R4 encounter-operation-everything.html, patient-operation-everything.html).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { JsonObject } from '../../src/fhir/types.ts'
import { account, mrn, msh, pid, segment, visit } from '../pipeline/messages.ts'
import { type GatewayOnPort, gatewayOnPort, type PortAnswer } from './on-port.ts'

let gateway: GatewayOnPort
before(async () => {
  gateway = await gatewayOnPort()
})
after(() => gateway.close())

const admit = (who: string): string[] => [
  msh({ event: 'ADT^A01^ADT_A01', time: '20260304100000' }),
  'EVN||20260304100000|||REG07|20260304100000',
  pid({ 3: mrn(who), 5: 'ROE^VIC^^^^^L', 18: account(`A${who}`) }),
  segment('PV1', { 1: '1', 2: 'I', 3: '5E^501^A^GHH', 19: visit(`V${who}`) }),
  segment('DG1', { 1: '1', 3: 'I10^Hypertension^I10', 6: 'A' }),
]
const merge = (from: string, into: string): string[] => [
  msh({ event: 'ADT^A40^ADT_A39', time: '20260305100000' }),
  'EVN||20260305100000|||REG07|20260305100000',
  pid({ 3: mrn(into), 5: 'ROE^VIC^^^^^L' }),
  segment('MRG', { 1: mrn(from) }),
]

interface Entry {
  readonly resource: JsonObject & { readonly resourceType: string; readonly id: string }
  readonly search: { readonly mode: string }
}
const entries = ({ body }: PortAnswer): readonly Entry[] => (body.entry ?? []) as readonly Entry[]
const only = async (search: string): Promise<string> => {
  const [found, ...others] = entries(await gateway.ask(`/${search}`))
  assert.ok(found && others.length === 0, search)
  return `${found.resource.resourceType}/${found.resource.id}`
}
/** All pages. */
async function walk(path: string): Promise<readonly Entry[]> {
  const all: Entry[] = []
  for (let url: string | undefined = `/${path}`; url !== undefined; ) {
    const page: PortAnswer = await gateway.ask(url)
    assert.equal(page.status, 200, page.text)
    all.push(...entries(page))
    url = (page.body.link as { relation: string; url: string }[]).find(
      (each) => each.relation === 'next',
    )?.url
  }
  return all
}

describe('$everything of a visit', () => {
  it('has the visit, what belongs to it, and what that refers to, page by page; nothing of other visits', async () => {
    for (const who of ['E1', 'E2']) assert.equal(await gateway.send(...admit(who)), 'AA')
    const id = await only('Encounter?identifier=VE1')
    const other = await only('Encounter?identifier=VE2')
    const made = await gateway.ask('/Observation', {
      method: 'POST',
      body: {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        encounter: { reference: id },
      },
    })
    assert.equal(made.status, 201)
    const all = await walk(`${id}/$everything?_count=1`)
    const keys = all.map(({ resource }) => `${resource.resourceType}/${resource.id}`)
    const matches = all
      .filter(({ search }) => search.mode === 'match')
      .map(({ resource }) => resource.resourceType)
    assert.deepEqual(new Set(matches), new Set(['Encounter', 'Condition', 'Observation']))
    assert.equal(matches.length, 3, 'each once')
    assert.ok(keys.includes(id) && !keys.includes(other))
    assert.ok(keys.includes(await only('Patient?identifier=E1')), 'with what it refers to')
  })

  it('can be narrowed, is announced, and is not found for what is not there', async () => {
    const id = await only('Encounter?identifier=VE1')
    const all = await walk(`${id}/$everything?_type=Observation`)
    const matches = all
      .filter(({ search }) => search.mode === 'match')
      .map(({ resource }) => resource.resourceType)
    assert.deepEqual(matches, ['Observation'])
    assert.equal((await gateway.ask('/Encounter/nobody/$everything')).status, 404)
    const statement = JSON.stringify((await gateway.ask('/metadata')).body)
    assert.match(statement, /OperationDefinition\/Encounter-everything/)
  })
})

describe('$everything of a patient who was merged', () => {
  it('is that of the survivor', async () => {
    const old = await only('Patient?identifier=E2')
    const survivor = await only('Patient?identifier=E1')
    assert.equal(await gateway.send(...merge('E2', 'E1')), 'AA')
    const [a, b] = [await walk(`${old}/$everything`), await walk(`${survivor}/$everything`)]
    const keys = (list: readonly Entry[]): string[] =>
      list.map(({ resource }) => `${resource.resourceType}/${resource.id}`).sort()
    assert.ok(keys(b).includes(await only('Encounter?identifier=VE2')))
    assert.deepEqual(keys(a), keys(b))
  })
})

describe('a message of the log as a Binary', () => {
  it('has one version, its history and its meta, and is never written', async () => {
    const path = 'Binary/message-1'
    const read = await gateway.ask(`/${path}`, { headers: { accept: 'application/fhir+json' } })
    assert.deepEqual([read.status, read.headers.get('etag')], [200, 'W/"1"'])
    const version = await gateway.ask(`/${path}/_history/1`, { headers: { accept: 'application/fhir+json' } })
    assert.deepEqual(version.body, read.body)
    assert.equal((await gateway.ask(`/${path}/_history/2`)).status, 404)
    const history = await gateway.ask(`/${path}/_history`)
    assert.deepEqual([history.status, history.body.total], [200, 1])
    assert.deepEqual(entries(history)[0]?.resource, read.body)
    const meta = await gateway.ask(`/${path}/$meta`)
    assert.deepEqual((meta.body.parameter as { valueMeta: unknown }[])[0]?.valueMeta, read.body.meta)
    const headers = { 'if-none-match': 'W/"1"' }
    assert.equal((await gateway.ask(`/${path}`, { headers })).status, 304)
    const body = { resourceType: 'Binary', id: 'message-1', contentType: 'text/plain' }
    for (const id of ['message-1', 'message-999999']) {
      const put = await gateway.ask(`/Binary/${id}`, { method: 'PUT', body: { ...body, id } })
      assert.equal(put.status, 422, put.text)
      assert.equal((await gateway.ask(`/Binary/${id}`, { method: 'DELETE' })).status, 422)
    }
  })
})
