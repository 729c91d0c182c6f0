// Pages of other origins read the FHIR API in a browser where the site names them, and nowhere else (Fetch standard, CORS protocol).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type GatewayOnPort, gatewayOnPort } from './on-port.ts'

const origin = 'https://ehr.example'
const asked = {
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'authorization,content-type,if-match',
}

describe('a site that names an origin', () => {
  let gateway: GatewayOnPort
  before(async () => {
    gateway = await gatewayOnPort({
      site: (site) => {
        site.policy = { ...(site.policy as object), browserOrigins: [origin] }
      },
    })
  })
  after(() => gateway.close())

  it('answers a preflight of that origin, without a token', async () => {
    const answer = await fetch(`${gateway.baseUrl}/Patient/x`, {
      method: 'OPTIONS',
      headers: { origin, ...asked },
    })
    assert.equal(answer.status, 204)
    assert.equal(answer.headers.get('access-control-allow-origin'), origin)
    assert.match(answer.headers.get('access-control-allow-methods') ?? '', /\bPUT\b.*\bPATCH\b/)
    for (const name of ['authorization', 'content-type', 'if-match', 'if-none-exist', 'prefer'])
      assert.match(answer.headers.get('access-control-allow-headers') ?? '', new RegExp(`\\b${name}\\b`, 'i'))
    assert.match(answer.headers.get('vary') ?? '', /origin/i)
    assert.equal(answer.headers.get('access-control-allow-credentials'), null)
  })

  it('shows its pages answers, refusals, and the headers by which versions and places are known', async () => {
    const body = { resourceType: 'Patient', name: [{ family: 'CORS' }] }
    const made = await gateway.ask('/Patient', { method: 'POST', headers: { origin }, body })
    assert.equal(made.status, 201)
    const unknown = await gateway.ask('/Patient/nobody', { headers: { origin } })
    const stranger = await fetch(`${gateway.baseUrl}/Patient`, { headers: { origin } })
    assert.deepEqual([unknown.status, stranger.status], [404, 401])
    for (const { headers } of [made, unknown, stranger]) {
      assert.equal(headers.get('access-control-allow-origin'), origin)
      for (const name of ['ETag', 'Location', 'Last-Modified', 'Content-Location'])
        assert.match(headers.get('access-control-expose-headers') ?? '', new RegExp(`\\b${name}\\b`))
      assert.match(headers.get('vary') ?? '', /origin/i)
    }
  })

  it('shows nothing to pages of other origins', async () => {
    const headers = { origin: 'https://elsewhere.example' }
    const preflight = await fetch(`${gateway.baseUrl}/Patient`, {
      method: 'OPTIONS',
      headers: { ...headers, ...asked },
    })
    const read = await gateway.ask('/Patient', { headers })
    for (const each of [preflight, read]) assert.equal(each.headers.get('access-control-allow-origin'), null)
  })

  it('is not read beside the FHIR API', async () => {
    const answer = await fetch(gateway.baseUrl.replace('/fhir', '/healthz'), { headers: { origin } })
    assert.equal(answer.headers.get('access-control-allow-origin'), null)
  })
})

describe('a site that names none', () => {
  it('lets no page in', async () => {
    const gateway = await gatewayOnPort()
    const preflight = await fetch(`${gateway.baseUrl}/Patient`, {
      method: 'OPTIONS',
      headers: { origin, ...asked },
    })
    const read = await gateway.ask('/Patient', { headers: { origin } })
    await gateway.close()
    assert.equal(preflight.headers.get('access-control-allow-methods'), null)
    for (const each of [preflight, read]) assert.equal(each.headers.get('access-control-allow-origin'), null)
  })
})
