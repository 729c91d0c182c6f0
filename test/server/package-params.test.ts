// Search parameters of packages: what is stored is found by them from the start on, and by nothing else once they are gone.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { searchParamsIn } from '../../src/fhir/package-params.ts'
import type { JsonObject, Resource } from '../../src/fhir/types.ts'
import { loadPackages } from '../../src/pipeline/site/packages.ts'
import { takeSearchParams } from '../../src/pipeline/site/search-params.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { codesOf, entriesOf, idsOf, type TestApp, testApp } from './setup.ts'

const parameter = (code: string, type: string, expression: string, extra: JsonObject = {}): JsonObject => ({
  resourceType: 'SearchParameter',
  url: `http://example.org/SearchParameter/${code}`,
  code,
  base: ['Flag'],
  type,
  expression,
  ...extra,
})
const label = "Flag.extension.where(url = 'urn:label')"
const own = [
  parameter('label', 'string', `${label}.value.as(string)`),
  parameter('reason', 'token', 'Flag.code.coding'),
  parameter('told-by', 'reference', 'Flag.author', { target: ['Practitioner'] }),
  parameter('since', 'date', 'Flag.period.start'),
]
const inPackage = (resources: readonly JsonObject[]) =>
  searchParamsIn(resources.map((resource) => ({ file: 'p.tgz', resource })))

const flag = (id: string, text: string, code: string, start: string): Resource => ({
  resourceType: 'Flag',
  id,
  status: 'active',
  code: { coding: [{ system: 'urn:reasons', code }] },
  subject: { reference: 'Patient/p1' },
  author: { reference: `Practitioner/${id}`, identifier: { system: 'urn:staff', value: id } },
  period: { start },
  extension: [
    { url: 'urn:label', valueString: text },
    { url: 'urn:other', valueString: 'Wrong' },
  ],
})

describe('search parameters of packages', () => {
  let app: TestApp
  const told: string[] = []
  const log = { info: (fields: object) => void told.push(JSON.stringify(fields)), error: () => {} }
  const take = async (...resources: readonly JsonObject[]) => {
    const { rows, notes } = inPackage(resources)
    assert.deepEqual(notes, [])
    const packages = { ...loadPackages('none/site.json'), searchParams: rows }
    await takeSearchParams({ db: app.store.db, tenant: 1, site: { site: acceptanceSite(), packages }, log })
  }
  before(async () => {
    app = await testApp()
    await app.writes.put([
      flag('a', 'Falls risk', 'x', '2026-01-01'),
      flag('b', 'Allergy', 'y', '2026-02-01'),
    ])
  })
  after(async () => {
    await take()
    await app.close()
  })
  const found = async (query: string) =>
    idsOf(await app.ask(`/fhir/Flag?${query}`))
      .toSorted()
      .join(' ')
  const strict = async (query: string) => {
    const answer = await app.ask(`/fhir/Flag?${query}`, { headers: { prefer: 'handling=strict' } })
    return [answer.status, ...codesOf(answer)]
  }

  it('are not known before', async () => {
    assert.deepEqual(await strict('label=falls'), [400, 'not-supported'])
  })

  it('find what was stored before them, and not its neighbour', async () => {
    await take(...own)
    assert.match(told.join('\n'), /"rtype":"Flag".*"resources":2/)
    for (const [query, expected] of [
      ['label=falls', 'a'],
      ['label=wrong', ''],
      ['label:missing=true', ''],
      ['reason=urn:reasons|y', 'b'],
      ['reason:not=y', 'a'],
      ['told-by=Practitioner/b', 'b'],
      ['told-by:identifier=urn:staff|a', 'a'],
      ['since=ge2026-01-15', 'b'],
      ['_sort=-since&label=f,a', 'a b'],
    ] as const)
      assert.equal(await found(query), expected, query)
  })

  it('are searched like others: what changes is found by what it says now', async () => {
    const made = await app.ask('/fhir/Flag', {
      method: 'POST',
      body: { ...flag('c', 'Falls', 'z', '2026-03-01'), id: undefined },
    })
    assert.equal(made.status, 201, made.text)
    assert.equal(await found('reason=z&label=falls'), made.body.id)
    const changed = { ...made.body, code: { coding: [{ system: 'urn:reasons', code: 'w' }] } }
    const update = { method: 'PUT', body: changed, headers: { 'if-match': 'W/"1"' } }
    assert.equal((await app.ask(`/fhir/Flag/${made.body.id}`, update)).status, 200)
    assert.equal(await found('reason=z'), '')
    assert.equal(await found('reason=w'), made.body.id)
  })

  it('are in /metadata and among the SearchParameters', async () => {
    const listed = await app.ask('/fhir/SearchParameter?base=Flag&code=label')
    assert.deepEqual(
      entriesOf(listed).map(({ resource }) => resource?.url),
      ['http://example.org/SearchParameter/label'],
    )
  })

  it('make no rows again when nothing has changed', async () => {
    told.length = 0
    await take(...own)
    assert.deepEqual(told, [])
  })

  it('that mean something else now are found by that, and those that are gone by nothing', async () => {
    await take(parameter('label', 'string', "Flag.extension.where(url = 'urn:other').value.as(string)"))
    assert.equal(await found('label=falls'), '')
    const wrong = (await found('label=wrong')).split(' ')
    // The third was given its id by the server, which may come before the others.
    assert.deepEqual([wrong.length, wrong.includes('a'), wrong.includes('b')], [3, true, true])
    assert.deepEqual(await strict('reason=x'), [400, 'not-supported'])
    const rows = await app.store.db.read.query<{ n: string }>(
      'test_rows',
      "select count(*) as n from reference where param in ('told-by', 'reason', 'since')",
    )
    assert.equal(Number(rows[0]?.n), 0)
  })

  const wrong: readonly (readonly [resource: JsonObject, why: RegExp])[] = [
    [parameter('a', 'composite', 'Flag'), /its type composite is not one for packages/],
    [parameter('a', 'token', 'Flag.colour'), /a of Flag is not searched by here/],
    [parameter('a', 'token', 'Flag.code.memberOf(1)'), /FHIRPath that is not supported here/],
    [parameter('a', 'token', 'Patient.gender'), /its expression names nothing of Flag/],
    [parameter('a b', 'token', 'Flag.status'), /its code is no name/],
  ]
  for (const [resource, why] of wrong)
    it(`cannot be searched by: ${why.source}`, () => {
      const { rows, notes } = inPackage([resource])
      assert.deepEqual(rows, [])
      assert.match(notes.join('\n'), why)
      assert.match(notes.join('\n'), /\(http:\/\/example\.org\/SearchParameter\/.*p\.tgz\)$/)
    })

  it('that R4 or US Core have are those, and of types that are not served nothing is said', () => {
    const resources = [
      parameter('patient', 'reference', 'Flag.author'),
      { ...parameter('x', 'token', 'Goal.code'), base: ['Goal'] },
    ]
    assert.deepEqual(inPackage(resources), { rows: [], notes: [] })
  })
})
