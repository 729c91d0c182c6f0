// Terminology: the tables by which messages are read as ConceptMaps, and what the value sets and code systems say that are
// carried or come in a package of the site.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ProfileSet } from '../../src/fhir/profile/set.ts'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { shownMaps } from '../../src/mappings/engine/concept-maps.ts'
import { baseMaps } from '../pipeline/gateway.ts'
import { type Answer, codesOf, entriesOf, idsOf, type TestApp, testApp } from './setup.ts'

const sex = 'http://terminology.hl7.org/CodeSystem/v2-0001'
const gender = 'http://hl7.org/fhir/administrative-gender'
const genderSet = 'http://hl7.org/fhir/ValueSet/administrative-gender'
const sexMap = 'http://portico.example.org/ConceptMap/administrative-sex'
const role = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode'

const loaded: readonly JsonObject[] = [
  {
    resourceType: 'CodeSystem',
    url: 'urn:animals',
    name: 'Animals',
    version: '2',
    content: 'complete',
    concept: [
      {
        code: 'mammal',
        display: 'Mammal',
        definition: 'Has hair',
        concept: [
          { code: 'cat', display: 'Cat' },
          { code: 'dog', display: 'Dog' },
        ],
      },
      { code: 'owl', display: 'Owl' },
    ],
  },
  {
    resourceType: 'ValueSet',
    url: 'urn:set:mammals',
    compose: {
      include: [{ system: 'urn:animals', filter: [{ property: 'concept', op: 'is-a', value: 'mammal' }] }],
    },
  },
  {
    resourceType: 'ValueSet',
    url: 'urn:set:open',
    compose: {
      include: [{ valueSet: ['urn:set:nowhere'] }, { system: 'urn:animals', concept: [{ code: 'owl' }] }],
    },
  },
]
const packages = {
  packages: [],
  profiles: new ProfileSet(loaded.map((resource) => ({ file: 'p.tgz', resource }))),
  searchParams: [],
  requirements: [],
  notes: [],
  hash: '',
}
const parameters = (...parameter: JsonObject[]) => ({ resourceType: 'Parameters', parameter })

/** Parameters as 'name=value', parts in brackets. */
function said({ body }: Answer): string[] {
  const show = (each: JsonObject): string => {
    const value = Object.entries(each).find(([key]) => key.startsWith('value'))?.[1]
    const coding = isObject(value) ? `${value.system}|${value.code}` : value
    const parts = Array.isArray(each.part) ? `[${each.part.map(show).join(' ')}]` : coding
    return `${each.name}=${parts}`
  }
  return Array.isArray(body.parameter) ? body.parameter.filter(isObject).map(show) : []
}
const expanded = ({ body }: Answer): string =>
  isObject(body.expansion) && Array.isArray(body.expansion.contains)
    ? body.expansion.contains.map(({ code }: JsonObject) => code).join(' ')
    : ''

describe('terminology', () => {
  let app: TestApp
  before(async () => {
    app = await testApp({ app: { packages: () => packages } })
  })
  after(() => app.close())
  const post = (path: string, body: unknown) => app.ask(path, { method: 'POST', body })

  it('every table is a ConceptMap that is valid, with an id and a url of its own', async () => {
    const maps = shownMaps(baseMaps().conceptMaps)
    for (const each of maps) assert.deepEqual(validateResource(each), [], each.name)
    assert.equal(new Set(maps.map(({ id }) => id)).size, maps.length)
    assert.equal(new Set(maps.map(({ url }) => url)).size, maps.length)
    const answer = await app.ask('/fhir/ConceptMap')
    assert.equal(answer.body.total, baseMaps().tables.size)
    const read = await app.ask('/fhir/ConceptMap/administrative-sex')
    assert.deepEqual([read.status, read.body.url], [200, sexMap])
    assert.match(
      (await app.ask('/fhir/ConceptMap/administrative-sex?_format=xml')).text,
      /<code value="F"\/>/,
    )
    assert.equal((await app.ask('/fhir/ConceptMap/nonsense')).status, 404)
    assert.equal((await post('/fhir/ConceptMap', {})).status, 405)
  })

  it('a table is found by name, systems and codes', async () => {
    const found = async (query: string) => idsOf(await app.ask(`/fhir/ConceptMap?${query}`))
    assert.deepEqual(await found('name=AdministrativeS'), ['administrative-sex'])
    assert.deepEqual(await found(`url=${sexMap}`), ['administrative-sex'])
    assert.deepEqual(await found(`target-system=${gender}&source-code=F`), ['administrative-sex'])
    assert.deepEqual(await found(`source-system=${sex}&target-code=nothing`), [])
  })

  it('a stronger layer lies over a weaker one, code by code', () => {
    const layer = (code: string, target: string) => ({
      code,
      target: [{ code: target, equivalence: 'equivalent' }],
    })
    const [map] = shownMaps([
      {
        name: 'Colour',
        id: 'colour',
        url: 'urn:colour',
        group: [{ source: 'a', target: 'b', element: [layer('R', 'red'), layer('G', 'green')] }],
      },
      { name: 'Colour', group: [{ source: 'a', target: 'c', element: [layer('R', 'rot')] }] },
    ])
    assert.equal(map?.url, 'urn:colour')
    assert.deepEqual(
      map?.group?.map(({ target, element }) => [target, element.map(({ target: to }) => to?.[0]?.code)]),
      [
        ['c', ['rot']],
        ['b', ['green']],
      ],
    )
  })

  const match = (equivalence: string, concept: string, source = sexMap) =>
    `match=[equivalence=${equivalence} concept=${concept} source=${source}]`
  const female = ['result=true', match('equivalent', `${gender}|female`)]
  const translations: readonly (readonly [rule: string, query: string, expected: string[]])[] = [
    ['by url', `url=${sexMap}&system=${sex}&code=F`, female],
    ['by url with a version', `url=${sexMap}%7C1&system=${sex}&code=F`, female],
    ['whatever the case', `url=${sexMap}&code=f`, female],
    ['by the systems alone', `system=${sex}&targetsystem=${gender}&code=F`, female],
    ['by a value set as target', `system=${sex}&target=${genderSet}&code=F`, female],
    ['with what is lost', `url=${sexMap}&code=A`, ['result=true', match('wider', `${gender}|other`)]],
    [
      'the other way',
      `url=${sexMap}&system=${gender}&code=other&reverse=true`,
      [
        'result=true',
        match('equivalent', `${sex}|O`),
        match('narrower', `${sex}|A`),
        match('narrower', `${sex}|N`),
      ],
    ],
    [
      'of a code that no map has',
      `url=${sexMap}&code=Q`,
      ['result=false', 'message=no map that was asked has the code'],
    ],
    [
      'of another system',
      `url=${sexMap}&system=urn:x&code=F`,
      ['result=false', 'message=no map that was asked has the code'],
    ],
    [
      'of a code without a counterpart',
      'url=http://portico.example.org/ConceptMap/admit-source&code=9',
      ['result=false', 'message=the map has the code, and no counterpart for it'],
    ],
  ]
  for (const [rule, query, expected] of translations)
    it(`$translate ${rule}`, async () => {
      const answer = await app.ask(`/fhir/ConceptMap/$translate?${query}`)
      assert.deepEqual([answer.status, said(answer)], [200, expected])
      assert.deepEqual(validateResource(answer.body), [])
    })

  it('$translate takes Parameters, a coding, the codings of a concept, and the map by its id', async () => {
    const coding = { system: sex, code: 'F' }
    const asked = [
      parameters({ name: 'url', valueUri: sexMap }, { name: 'coding', valueCoding: coding }),
      parameters(
        { name: 'targetsystem', valueUri: gender },
        {
          name: 'codeableConcept',
          valueCodeableConcept: { coding: [{ system: 'urn:x', code: 'F' }, coding] },
        },
      ),
    ]
    for (const body of asked) assert.deepEqual(said(await post('/fhir/ConceptMap/$translate', body)), female)
    assert.deepEqual(said(await app.ask('/fhir/ConceptMap/administrative-sex/$translate?code=F')), female)
    const reversed = parameters(
      { name: 'coding', valueCoding: { system: gender, code: 'male' } },
      { name: 'reverse', valueBoolean: true },
    )
    assert.deepEqual(said(await post('/fhir/ConceptMap/administrative-sex/$translate', reversed)), [
      'result=true',
      match('equivalent', `${sex}|M`),
    ])
  })

  const expansions: readonly (readonly [rule: string, query: string, codes: string, total: number])[] = [
    ['a set that is carried', `url=${genderSet}`, 'male female other unknown', 4],
    ['with a version', `url=${genderSet}%7C4.0.1`, 'male female other unknown', 4],
    ['a set of a package, below a code', 'url=urn:set:mammals', 'mammal cat dog', 3],
    ['what the filter leaves', 'url=urn:set:mammals&filter=DO', 'dog', 1],
    ['a page', 'url=urn:set:mammals&offset=1&count=1', 'cat', 3],
    ['nothing but the number', 'url=urn:set:mammals&count=0', '', 3],
    [
      'without what is not known here',
      `url=${genderSet}&includeDesignations=true&displayLanguage=de`,
      'male female other unknown',
      4,
    ],
  ]
  for (const [rule, query, codes, total] of expansions)
    it(`$expand gives ${rule}`, async () => {
      const answer = await app.ask(`/fhir/ValueSet/$expand?${query}`)
      const { body } = answer
      assert.deepEqual(
        [answer.status, expanded(answer), isObject(body.expansion) && body.expansion.total],
        [200, codes, total],
      )
      assert.deepEqual(validateResource(body), [])
    })

  it('$expand of a set that is sent', async () => {
    const valueSet = {
      resourceType: 'ValueSet',
      status: 'draft',
      compose: {
        include: [{ system: 'urn:animals' }],
        exclude: [{ system: 'urn:animals', concept: [{ code: 'cat' }] }],
      },
    }
    const answer = await post('/fhir/ValueSet/$expand', parameters({ name: 'valueSet', resource: valueSet }))
    assert.equal(expanded(answer), 'mammal dog owl')
  })

  const questions: readonly (readonly [path: string, expected: string[]])[] = [
    [
      `ValueSet/$validate-code?url=${genderSet}&system=${gender}&code=male`,
      ['result=true', 'display=Male', 'code=male', `system=${gender}`],
    ],
    [
      `ValueSet/$validate-code?url=${genderSet}&code=male&display=male`,
      ['result=true', 'display=Male', 'code=male', `system=${gender}`],
    ],
    [
      `ValueSet/$validate-code?url=${genderSet}&code=male&display=Mann`,
      ['result=false', 'message=the display is another one', 'display=Male', 'code=male', `system=${gender}`],
    ],
    [
      `ValueSet/$validate-code?url=${genderSet}&system=urn:x&code=male`,
      ['result=false', 'message=the code is not in the value set'],
    ],
    [
      'ValueSet/$validate-code?url=urn:set:open&system=urn:animals&code=owl',
      ['result=true', 'code=owl', 'system=urn:animals'],
    ],
    [
      'CodeSystem/$validate-code?url=urn:animals&code=cat',
      ['result=true', 'display=Cat', 'code=cat', 'system=urn:animals'],
    ],
    [
      'CodeSystem/$validate-code?url=urn:animals&code=cow',
      ['result=false', 'message=the code is not in the code system'],
    ],
    [
      'CodeSystem/$lookup?system=urn:animals&code=cat',
      ['name=Animals', 'version=2', 'display=Cat', 'property=[code=parent value=mammal]'],
    ],
    [
      'CodeSystem/$lookup?system=urn:animals&code=mammal&property=child',
      [
        'name=Animals',
        'version=2',
        'display=Mammal',
        'property=[code=definition value=Has hair]',
        'property=[code=child value=cat]',
        'property=[code=child value=dog]',
      ],
    ],
    [`CodeSystem/$lookup?system=${gender}&code=male`, ['name=AdministrativeGender', 'display=Male']],
    ['CodeSystem/$subsumes?system=urn:animals&codeA=mammal&codeB=cat', ['outcome=subsumes']],
    ['CodeSystem/$subsumes?system=urn:animals&codeA=cat&codeB=mammal', ['outcome=subsumed-by']],
    ['CodeSystem/$subsumes?system=urn:animals&codeA=cat&codeB=cat', ['outcome=equivalent']],
    ['CodeSystem/$subsumes?system=urn:animals&codeA=cat&codeB=owl', ['outcome=not-subsumed']],
    [`CodeSystem/$subsumes?system=${role}&codeA=FAMMEMB&codeB=MTH`, ['outcome=subsumes']],
  ]
  for (const [path, expected] of questions)
    it(path.slice(0, 90), async () => {
      const answer = await app.ask(`/fhir/${path}`)
      assert.deepEqual([answer.status, said(answer)], [200, expected], answer.text)
      assert.deepEqual(validateResource(answer.body), [])
    })

  const refused: readonly (readonly [path: string, status: number, code: string])[] = [
    ['ConceptMap/$translate', 400, 'invalid'],
    ['ConceptMap/$translate?code=F', 400, 'invalid'],
    ['ConceptMap/$translate?url=urn:nowhere&code=F', 404, 'not-found'],
    ['ConceptMap/nonsense/$translate?code=F', 404, 'not-found'],
    [`ConceptMap/$translate?url=${sexMap}&code=F&target=http://x/ValueSet/y`, 404, 'not-found'],
    ['ValueSet/$expand', 400, 'invalid'],
    [`ValueSet/$expand?url=${genderSet}&count=-1`, 400, 'invalid'],
    [`ValueSet/$expand?url=${genderSet}&offset=x`, 400, 'invalid'],
    ['ValueSet/$expand?url=urn:nowhere', 404, 'not-found'],
    ['ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/mimetypes', 422, 'too-costly'],
    ['ValueSet/$expand?url=urn:set:open', 422, 'not-supported'],
    [`ValueSet/$validate-code?url=${genderSet}`, 400, 'invalid'],
    ['ValueSet/$validate-code?url=urn:set:open&system=urn:animals&code=cat', 422, 'not-supported'],
    ['CodeSystem/$lookup?system=urn:animals', 400, 'invalid'],
    ['CodeSystem/$lookup?system=urn:animals&code=cow', 404, 'not-found'],
    ['CodeSystem/$lookup?system=urn:nowhere&code=cow', 404, 'not-found'],
    ['CodeSystem/$validate-code?url=urn:nowhere&code=cow', 404, 'not-found'],
    ['CodeSystem/$subsumes?system=urn:animals&codeA=cat', 400, 'invalid'],
    ['CodeSystem/$subsumes?system=urn:animals&codeA=cat&codeB=cow', 422, 'code-invalid'],
    ['CodeSystem/$subsumes?system=urn:nowhere&codeA=cat&codeB=cow', 404, 'not-found'],
  ]
  for (const [path, status, code] of refused)
    it(`${path.slice(0, 90)}: ${status}`, async () => {
      const answer = await app.ask(`/fhir/${path}`)
      assert.deepEqual([answer.status, ...codesOf(answer)], [status, code], answer.text)
    })

  it('Prefer: handling=strict refuses a parameter that the operation has not', async () => {
    const ask = (headers: Record<string, string>) =>
      app.ask(`/fhir/ValueSet/$expand?url=${genderSet}&colour=red`, { headers })
    assert.equal((await ask({})).status, 200)
    assert.equal((await ask({ prefer: 'handling=strict' })).status, 400)
  })

  it('value sets and code systems are read and searched, of packages and carried', async () => {
    const found = async (query: string) => idsOf(await app.ask(`/fhir/${query}`))
    assert.deepEqual(await found('ValueSet?url=urn:set:mammals'), ['mammals'])
    assert.deepEqual(await found(`ValueSet?url=${genderSet}`), ['administrative-gender'])
    assert.deepEqual(await found('CodeSystem?name=animal&version=2'), ['animals'])
    assert.deepEqual(await found('CodeSystem?name=animal&version=3'), [])
    assert.deepEqual(await found('CodeSystem?url=urn:animals|2'), ['animals'])
    assert.deepEqual(await found(`ValueSet?reference=urn:animals&_id=mammals`), ['mammals'])
    const { body } = await app.ask('/fhir/CodeSystem/v3-RoleCode')
    assert.deepEqual([body.url, body.content], [role, 'complete'])
    assert.equal((await app.ask('/fhir/ValueSet/nonsense')).status, 404)
    assert.equal((await post('/fhir/ValueSet', { resourceType: 'ValueSet', status: 'draft' })).status, 405)
    for (const type of ['ValueSet', 'CodeSystem', 'StructureDefinition']) {
      const { total, ...all } = (await app.ask(`/fhir/${type}`)).body
      const ids = idsOf({ body: all } as Answer)
      assert.deepEqual(
        [new Set(ids).size, ids.every((id) => /^[A-Za-z0-9.-]{1,64}$/.test(String(id)))],
        [total, true],
      )
    }
  })

  it('a search knows the value sets of packages', async () => {
    const basic = (id: string, code: string) => ({
      resourceType: 'Basic',
      id,
      code: { coding: [{ system: 'urn:animals', code }] },
    })
    await app.writes.put([basic('tom', 'cat'), basic('hedwig', 'owl')])
    const found = async (query: string) => idsOf(await app.ask(`/fhir/Basic?${query}`))
    assert.deepEqual(await found('code:in=urn:set:mammals'), ['tom'])
    assert.deepEqual(await found('code:not-in=urn:set:mammals'), ['hedwig'])
    // A part of it is known to nobody here.
    assert.equal((await app.ask('/fhir/Basic?code:in=urn:set:open')).status, 400)
  })

  it('the operations also take the id of one', async () => {
    assert.equal(expanded(await app.ask('/fhir/ValueSet/mammals/$expand')), 'mammal cat dog')
    assert.ok(expanded(await app.ask('/fhir/ValueSet/administrative-gender/$expand')).includes('male'))
    assert.ok(said(await app.ask('/fhir/CodeSystem/animals/$lookup?code=cat')).includes('display=Cat'))
    const is = async (path: string) => said(await app.ask(`/fhir/${path}`))[0]
    assert.equal(await is('CodeSystem/animals/$validate-code?code=owl'), 'result=true')
    assert.equal(await is('ValueSet/mammals/$validate-code?code=owl&system=urn:animals'), 'result=false')
    assert.equal((await app.ask('/fhir/ValueSet/nonsense/$expand')).status, 404)
    assert.equal((await app.ask('/fhir/CodeSystem/nonsense/$lookup?code=cat')).status, 404)
  })

  it('/metadata?mode=terminology names every code system that can be asked', async () => {
    const { status, body } = await app.ask('/fhir/metadata?mode=terminology', { as: 'nobody' })
    assert.deepEqual([status, body.resourceType, body.kind], [200, 'TerminologyCapabilities', 'instance'])
    const systems = body.codeSystem as { uri: string; version: { code?: string }[] }[]
    assert.equal(new Set(systems.map(({ uri }) => uri)).size, systems.length)
    const animals = systems.find(({ uri }) => uri === 'urn:animals')
    assert.deepEqual(
      animals?.version.map(({ code }) => code),
      ['2'],
    )
    for (const { uri } of systems.slice(0, 20)) {
      const asked = await app.ask(`/fhir/CodeSystem/$validate-code?url=${encodeURIComponent(uri)}&code=x`)
      assert.equal(asked.status, 200, uri)
    }
    const { parameter } = body.expansion as { parameter: JsonObject[] }
    assert.ok(parameter.some(({ name }) => name === 'filter'))
  })

  it('/metadata and the OperationDefinitions name them', async () => {
    const answer = await app.ask('/fhir/OperationDefinition?base=ConceptMap')
    assert.deepEqual(
      entriesOf(answer).map(({ resource }) => [resource?.code, resource?.type, resource?.instance]),
      [['translate', true, true]],
    )
    const metadata = await app.ask('/fhir/metadata')
    assert.deepEqual(validateResource(metadata.body), [])
  })
})
