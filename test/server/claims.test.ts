// Contained resources are held against the profiles that they claim, and invariants know what time it is at the site
// (FHIR R4 references.html#contained, http://hl7.org/fhirpath/N1/#current-date-and-time-functions).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { JsonObject } from '../../src/fhir/types.ts'
import { profile, tgz } from '../packages.ts'
import { type GatewayOnPort, gatewayOnPort, type PortAnswer } from './on-port.ts'

const url = (name: string): string => `http://example.org/StructureDefinition/${name}`
const error = (key: string, expression: string): JsonObject => ({
  key,
  severity: 'error',
  human: key,
  expression,
})
const bytes = tgz([
  profile('named', 'Organization', [{ id: 'Organization.name', min: 1 }]),
  profile('begun', 'Flag', [
    { id: 'Flag.period', constraint: [error('f-1', 'start <= now()'), error('f-2', 'start <= today()')] },
  ]),
])
const flag = (extra: JsonObject): JsonObject => ({
  resourceType: 'Flag',
  status: 'active',
  code: { text: 'x' },
  subject: { reference: 'Patient/x' },
  ...extra,
})
const withAuthor = (author: JsonObject): JsonObject =>
  flag({ contained: [{ resourceType: 'Organization', id: 'o', ...author }], author: { reference: '#o' } })

let gateway: GatewayOnPort
const post = (body: JsonObject): Promise<PortAnswer> => gateway.ask('/Flag', { method: 'POST', body })
const expressions = ({ body }: PortAnswer): unknown[] =>
  ((body.issue ?? []) as { severity: string; expression?: string[] }[])
    .filter(({ severity }) => severity === 'error')
    .map(({ expression }) => expression?.[0])

before(async () => {
  gateway = await gatewayOnPort({ files: { 'profiles/p.tgz': bytes }, settings: { CLOCK: 'manual' } })
  const clock = gateway.baseUrl.replace('/fhir', '/admin/clock')
  const headers = { 'content-type': 'application/json' }
  // In Chicago it is still the second of March.
  const body = { now: '2026-03-03T03:00:00Z' }
  assert.equal((await gateway.ask(clock, { method: 'PUT', headers, body })).status, 200)
})
after(() => gateway.close())

describe('a contained resource', () => {
  it('is held against the profile that it claims', async () => {
    const meta = { profile: [url('named')] }
    assert.equal((await post(withAuthor({ meta, name: 'Ward' }))).status, 201)
    const refused = await post(withAuthor({ meta, identifier: [{ value: '1' }] }))
    assert.deepEqual([refused.status, ...expressions(refused)], [422, 'Flag.contained[0].name'])
    assert.equal((await post(withAuthor({ identifier: [{ value: '1' }] }))).status, 201, 'claims nothing')
  })

  it('may claim profiles of its own type alone', async () => {
    const refused = await post(withAuthor({ meta: { profile: [url('begun')] }, name: 'Ward' }))
    assert.deepEqual(expressions(refused), ['Flag.contained[0]'])
  })

  it('keeps to the rules of R4 for its type and for what is contained', async () => {
    const cases: readonly (readonly [author: JsonObject, rule: RegExp])[] = [
      [{ name: 5 }, /Flag\.contained\[0\]\.name/],
      [{ active: true }, /org-1/],
      [{ name: 'Ward', contained: [{ resourceType: 'Organization', id: 'p', name: 'x' }] }, /dom-2/],
      [{ name: 'Ward', meta: { versionId: '1' } }, /dom-4/],
      [{ name: 'Ward', meta: { security: [{ code: 'R' }] } }, /dom-5/],
    ]
    for (const [author, rule] of cases) {
      const refused = await post(withAuthor(author))
      assert.ok(refused.status === 400 || refused.status === 422, String(rule))
      assert.match(refused.text, rule)
    }
    const alone = flag({ contained: [{ resourceType: 'Organization', id: 'o', name: 'Ward' }] })
    assert.match((await post(alone)).text, /dom-3/)
  })
})

describe('an invariant that asks for the time', () => {
  it('is decided by the clock of the gateway, in the zone of the site', async () => {
    const begun = (start: string): JsonObject =>
      flag({ meta: { profile: [url('begun')] }, period: { start } })
    assert.equal((await post(begun('2026-03-01'))).status, 201)
    const late = await post(begun('2026-03-04T00:00:00Z'))
    assert.deepEqual([late.status, ...expressions(late)], [422, 'Flag.period', 'Flag.period'])
    const tomorrow = await post(begun('2026-03-03'))
    assert.match(tomorrow.text, /f-2/)
  })
})
