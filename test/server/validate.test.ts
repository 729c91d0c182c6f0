// Profiles on the wire: writes are checked against what they claim, and $validate says the same without writing.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ProfileSet } from '../../src/fhir/profile/set.ts'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { profile } from '../packages.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { type Answer, codesOf, entriesOf, type TestApp, testApp, withScopes } from './setup.ts'

const url = 'http://example.org/StructureDefinition/titled'
const titled = profile('titled', 'Flag', [
  { id: 'Flag.code.text', min: 1 },
  {
    id: 'Flag',
    constraint: [{ key: 'f-1', severity: 'warning', human: 'period', expression: 'period.exists()' }],
  },
])
const packages = {
  packages: [],
  profiles: new ProfileSet([{ file: 'p.tgz', resource: titled }]),
  searchParams: [],
  requirements: [],
  notes: [],
  hash: '',
}
const flag = (extra: JsonObject = {}): JsonObject => ({
  resourceType: 'Flag',
  status: 'active',
  code: { text: 'x' },
  subject: { reference: 'Patient/p1' },
  period: { start: '2026' },
  ...extra,
})
const claims = (...profiles: string[]) => ({ meta: { profile: profiles } })
const untitled = { code: { coding: [{ code: 'a' }] } }
const severities = ({ body }: Answer): string[] =>
  (Array.isArray(body.issue) ? body.issue : [])
    .filter(isObject)
    .map(({ severity, code }) => `${severity} ${code}`)
const parameters = (...parameter: JsonObject[]) => ({ resourceType: 'Parameters', parameter })

describe('profiles', () => {
  let app: TestApp
  before(async () => {
    app = await testApp({ app: { packages: () => packages } })
    await app.writes.put([
      { resourceType: 'Patient', id: 'p1', name: [{ family: 'Chen' }] },
      { ...flag(), resourceType: 'Flag', id: 'f1' },
    ])
  })
  after(() => app.close())
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    app.ask(path, { method: 'POST', body, headers })

  it('a write is checked against what it claims, in every form of writing', async () => {
    assert.equal((await post('/fhir/Flag', flag(claims(url)))).status, 201)
    const wrong = flag({ ...untitled, ...claims(url) })
    const refused = await post('/fhir/Flag', wrong)
    assert.deepEqual([refused.status, ...codesOf(refused)], [422, 'required'])
    assert.match(refused.text, /Flag\.code\.text: is required by titled 1\.0\.0 - add it/)
    assert.equal((await post('/fhir/Flag', flag(untitled))).status, 201)

    const entry = [{ fullUrl: 'urn:uuid:1', resource: wrong, request: { method: 'POST', url: 'Flag' } }]
    const whole = await post('/fhir', { resourceType: 'Bundle', type: 'transaction', entry })
    assert.equal(whole.status, 422)
    assert.match(whole.text, /Bundle\.entry\[0\]/)

    const made = await post('/fhir/Flag', flag(claims(url)))
    const patched = await app.ask(`/fhir/Flag/${made.body.id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json', 'if-match': 'W/"1"' },
      body: JSON.stringify(untitled).replace('}]}}', '}],"text":null}}'),
    })
    assert.deepEqual([patched.status, ...codesOf(patched)], [422, 'required'])
  })

  it('warnings do not forbid a write, and are told to who asks for the outcome', async () => {
    const answer = await post('/fhir/Flag', flag({ ...claims(url), period: undefined }), {
      prefer: 'return=OperationOutcome',
    })
    assert.equal(answer.status, 201)
    assert.deepEqual(severities(answer), ['warning invariant'])
  })

  it('a profile that is not loaded is an information, or refused where the site says so', async () => {
    const headers = { prefer: 'return=OperationOutcome' }
    const taken = await post('/fhir/Flag', flag(claims('http://nowhere.example/x')), headers)
    assert.deepEqual([taken.status, ...severities(taken)], [201, 'information not-supported'])
    const site = acceptanceSite((written) => {
      written.policy = { ...(isObject(written.policy) ? written.policy : {}), unknownProfiles: 'refuse' }
    })
    const strict = await testApp({ site, app: { packages: () => packages } })
    const refused = await strict.ask('/fhir/Flag', {
      method: 'POST',
      body: flag(claims('http://nowhere.example/x')),
    })
    assert.deepEqual([refused.status, ...codesOf(refused)], [422, 'not-supported'])
    await strict.close()
  })

  it('/metadata names the profiles of each type', async () => {
    const { body } = await app.ask('/fhir/metadata')
    assert.deepEqual(validateResource(body), [])
    const [rest] = Array.isArray(body.rest) ? body.rest : []
    const types: readonly JsonObject[] = rest.resource
    assert.deepEqual(types.find(({ type }) => type === 'Flag')?.supportedProfile, [url])
  })

  it('a profile is found by its URL and type, and read as it was loaded', async () => {
    const found = await app.ask(`/fhir/StructureDefinition?url=${encodeURIComponent(url)}&type=Flag`)
    const [entry] = entriesOf(found)
    assert.deepEqual([found.body.total, entry?.resource?.url], [1, url])
    const { status, body } = await app.ask(`/fhir/StructureDefinition/${entry?.resource?.id}`)
    assert.equal(status, 200)
    assert.deepEqual(body, { ...titled, id: entry?.resource?.id })
    const other = await app.ask(`/fhir/StructureDefinition?url=${encodeURIComponent(url)}&type=Patient`)
    assert.equal(other.body.total, 0)
  })

  const well = 'information informational'
  const cases: readonly (readonly [
    rule: string,
    path: string,
    body: unknown,
    status: number,
    issues: string[],
  ])[] = [
    ['a bare resource', 'Flag/$validate', flag(), 200, [well]],
    [
      'a resource among parameters',
      'Flag/$validate',
      parameters({ name: 'resource', resource: flag() }),
      200,
      [well],
    ],
    ['what the base says', 'Flag/$validate', flag({ status: 'x' }), 200, ['error code-invalid']],
    ['another type', 'Account/$validate', flag(), 200, ['error not-supported']],
    ['what it claims', 'Flag/$validate', flag({ ...untitled, ...claims(url) }), 200, ['error required']],
    ['a profile that is named', `Flag/$validate?profile=${url}`, flag(untitled), 200, ['error required']],
    [
      'a profile that is named among parameters',
      'Flag/$validate',
      parameters({ name: 'resource', resource: flag(untitled) }, { name: 'profile', valueUri: url }),
      200,
      ['error required'],
    ],
    [
      'both the base and a profile',
      `Flag/$validate?profile=${url}`,
      flag({ ...untitled, status: 'x' }),
      200,
      ['error code-invalid', 'error required'],
    ],
    [
      'a warning',
      `Flag/$validate?profile=${url}`,
      flag({ period: undefined }),
      200,
      ['warning invariant', well],
    ],
    ['a profile of its version', `Flag/$validate?profile=${url}%7C1.0.0`, flag(), 200, [well]],
    [
      'a profile that is not known',
      'Flag/$validate?profile=http://x.example/y',
      flag(),
      200,
      ['error not-supported'],
    ],
    [
      'a profile of another type',
      `Patient/$validate?profile=${url}`,
      { resourceType: 'Patient', active: true },
      200,
      ['error structure'],
    ],
    [
      'a claim that is not known',
      'Flag/$validate',
      flag(claims('http://x.example/y')),
      200,
      ['information not-supported', well],
    ],
    ['create', 'Flag/$validate?mode=create', flag({ id: 'mine' }), 200, ['information informational', well]],
    [
      'create of what the server writes',
      'Provenance/$validate?mode=create',
      { resourceType: 'Provenance' },
      200,
      ['error not-supported', 'error required', 'error required', 'error required'],
    ],
    ['update needs an id', 'Flag/$validate?mode=update', flag(), 200, ['error required']],
    ['update of what is there', 'Flag/f1/$validate?mode=update', flag({ id: 'f1' }), 200, [well]],
    ['update with another id', 'Flag/f1/$validate?mode=update', flag({ id: 'f2' }), 200, ['error value']],
    [
      'update of what is not there',
      'Flag/nobody/$validate?mode=update',
      flag({ id: 'nobody' }),
      200,
      ['error not-found'],
    ],
    ['delete', 'Flag/f1/$validate?mode=delete', parameters(), 200, [well]],
    [
      'delete of what is not there',
      'Flag/nobody/$validate?mode=delete',
      parameters(),
      200,
      ['error not-found'],
    ],
    [
      'delete of what cannot be',
      'Provenance/x/$validate?mode=delete',
      parameters(),
      200,
      ['error not-supported'],
    ],
    ['what is stored', 'Flag/f1/$validate', parameters(), 200, [well]],
    [
      'mode profile of what is stored',
      'Flag/f1/$validate',
      parameters({ name: 'mode', valueCode: 'profile' }, { name: 'profile', valueUri: url }),
      200,
      [well],
    ],
    ['no resource', 'Flag/$validate', parameters(), 400, ['error invalid']],
    ['no JSON', 'Flag/$validate', '{', 400, ['error structure']],
    ['another mode', 'Flag/$validate?mode=guess', flag(), 400, ['error invalid']],
    [
      'delete of a type',
      'Flag/$validate?mode=delete',
      parameters({ name: 'resource', resource: flag() }),
      400,
      ['error invalid'],
    ],
    ['mode profile without one', 'Flag/$validate?mode=profile', flag(), 400, ['error invalid']],
    ['what is not stored', 'Flag/nobody/$validate', parameters(), 404, ['error not-found']],
    ['a type that is not served', 'Nonsense/$validate', flag(), 404, ['error not-supported']],
  ]
  for (const [rule, path, body, status, issues] of cases)
    it(`$validate: ${rule}`, async () => {
      const answer = await post(`/fhir/${path}`, body)
      assert.deepEqual([answer.status, severities(answer)], [status, issues], answer.text)
      assert.equal(answer.body.resourceType, 'OperationOutcome')
      assert.deepEqual(validateResource(answer.body), [])
    })

  it('$validate: each issue has its place; GET asks of what is stored; nothing is written', async () => {
    const { body } = await post(`/fhir/Flag/$validate?profile=${url}`, flag(untitled))
    const [issue] = Array.isArray(body.issue) ? body.issue : []
    assert.deepEqual(issue.expression, ['Flag.code.text'])
    assert.deepEqual(severities(await app.ask(`/fhir/Flag/f1/$validate?profile=${url}&mode=profile`)), [well])
    assert.equal((await app.ask('/fhir/Flag/f1')).headers.get('etag'), 'W/"1"')
  })

  it('$validate: who may not read a resource hears nothing of it', async () => {
    const site = { ...acceptanceSite(), ...withScopes(acceptanceSite(), 'acceptance', 'user/Flag.cu') }
    const other = await testApp({ site })
    const asked = await other.ask('/fhir/Flag/f1/$validate?mode=delete')
    assert.equal(asked.status, 403)
    await other.close()
  })

  it('$validate: Prefer: handling=strict makes a claim that is not known an error', async () => {
    const answer = await post('/fhir/Flag/$validate', flag(claims('http://x.example/y')), {
      prefer: 'handling=strict',
    })
    assert.deepEqual(severities(answer), ['error not-supported'])
  })
})
