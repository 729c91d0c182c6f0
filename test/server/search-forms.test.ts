// Searches in all their forms: modifiers, composites, _filter, _list, near, compartments, several types, summaries, sorts.
// Longer than 300 lines: one table of questions.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Resource } from '../../src/fhir/types.ts'
import { codesOf, entriesOf, idsOf, linkOf, type TestApp, testApp } from './setup.ts'

const loinc = 'http://loinc.org'
const ucum = 'http://unitsofmeasure.org'
const roles = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode'

const person = (id: string, extra: object): Resource => ({ resourceType: 'Patient', id, ...extra })
const observed = (id: string, code: string, value: object): Resource => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  subject: { reference: 'Patient/p1' },
  code: { coding: [{ system: loinc, code, display: `Test ${code}` }] },
  ...value,
})
const mg = (value: number, extra: object = {}): object => ({
  valueQuantity: { value, unit: 'milligram', system: ucum, code: 'mg', ...extra },
})
const place = (id: string, partOf: string | undefined, extra: object = {}): Resource => ({
  resourceType: 'Location',
  id,
  name: id,
  ...(partOf === undefined ? {} : { partOf: { reference: `Location/${partOf}` } }),
  ...extra,
})

const world: readonly Resource[] = [
  person('p1', {
    identifier: [
      { type: { coding: [{ system: 'http://v2', code: 'MR' }] }, system: 'urn:a', value: '12' },
      { type: { coding: [{ system: 'http://v2', code: 'SS' }] }, system: 'urn:b', value: '77' },
    ],
    name: [{ family: 'Chen', given: ['Ann'] }],
    birthDate: '1980-05-01',
    gender: 'female',
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Ann sings tenor</div>' },
    contact: [{ relationship: [{ text: 'sister' }], name: { family: 'Alto' } }],
  }),
  person('p2', {
    identifier: [{ type: { coding: [{ system: 'http://v2', code: 'SS' }] }, system: 'urn:a', value: '12' }],
    name: [{ family: 'Chenoweth' }],
    birthDate: '1990-05-01',
    gender: 'male',
    deceasedBoolean: true,
  }),
  person('p3', { name: [{ text: 'Mr. Zed' }], generalPractitioner: [{ reference: 'Practitioner/d1' }] }),
  { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Doe' }] },
  { resourceType: 'Practitioner', id: 'd2', name: [{ family: 'Meyer-Smyth', given: ['Katherine'] }] },
  {
    resourceType: 'Practitioner',
    id: 'd3',
    name: [{ family: 'Meier', given: ['Cathrin'], prefix: ['Schmidt'] }],
  },
  {
    resourceType: 'Practitioner',
    id: 'd4',
    name: [{ text: 'Filip Wright' }],
    address: [{ use: 'home', line: ['Home'] }],
  },
  { resourceType: 'Practitioner', id: 'd5', address: [{ use: 'home', line: ['home'] }] },
  observed('o1', 'a', mg(5)),
  observed('o2', 'a', mg(50)),
  observed('o3', 'b', mg(5)),
  observed('o4', 'a', { valueQuantity: { value: 5, system: ucum, code: 'g' } }),
  observed('o5', 'a', { valueString: 'positive' }),
  observed('o6', 'a', mg(5, { comparator: '>' })),
  observed('o7', 'c', {
    component: [
      { code: { coding: [{ system: loinc, code: 'sys' }] }, ...mg(120) },
      { code: { coding: [{ system: loinc, code: 'dia' }] }, ...mg(80) },
    ],
  }),
  place('house', undefined, { position: { latitude: 41.88, longitude: -87.63 } }),
  place('ward', 'house', { type: [{ coding: [{ system: roles, code: 'HU' }] }] }),
  place('bed', 'ward', { type: [{ coding: [{ system: roles, code: 'ICU' }] }] }),
  place('annex', undefined, { position: { latitude: 42.9, longitude: -87.63 } }),
  {
    resourceType: 'List',
    id: 'l1',
    status: 'current',
    mode: 'changes',
    entry: [
      { item: { reference: 'Patient/p1' } },
      { item: { reference: 'Patient/p3' }, deleted: true },
      { item: { reference: 'Observation/o1' } },
    ],
  },
  {
    resourceType: 'Questionnaire',
    id: 'q1',
    status: 'active',
    url: 'http://x.example/forms/a/1',
    version: '2',
    title: 'Intake',
  },
  {
    resourceType: 'Questionnaire',
    id: 'q3',
    status: 'active',
    url: 'http://x.example/forms/a/1',
    version: '3',
    title: 'Visit',
  },
  { resourceType: 'Questionnaire', id: 'q2', status: 'active', url: 'http://x.example/forms/ab' },
  {
    resourceType: 'QuestionnaireResponse',
    id: 'r1',
    status: 'completed',
    questionnaire: 'http://x.example/forms/a/1|2',
    basedOn: [{ reference: 'ServiceRequest/s1/_history/3' }],
  },
  {
    resourceType: 'ServiceRequest',
    id: 's1',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/p1' },
    code: { text: 'Épreuve d’effort', coding: [{ code: 'x', display: 'Stress test' }] },
  },
  {
    resourceType: 'Encounter',
    id: 'e1',
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: 'Patient/p1' },
    location: [{ location: { reference: 'Location/bed' } }],
    period: { start: '2026-03-01T10:00:00Z', end: '2026-03-01T12:00:00Z' },
  },
  {
    resourceType: 'Encounter',
    id: 'e2',
    status: 'planned',
    class: { code: 'IMP' },
    subject: { reference: 'Patient/p2' },
    location: [{ location: { reference: 'Location/annex' } }],
  },
  {
    resourceType: 'ChargeItem',
    id: 'c1',
    status: 'billable',
    code: { text: 'x' },
    subject: { reference: 'Patient/p1' },
    priceOverride: { value: 10, currency: 'USD' },
  },
  {
    resourceType: 'ChargeItem',
    id: 'c2',
    status: 'planned',
    code: { text: 'y' },
    subject: { reference: 'Patient/p1' },
    priceOverride: { value: 9, currency: 'USD' },
  },
  {
    resourceType: 'DocumentReference',
    id: 'doc1',
    status: 'current',
    content: [{ attachment: { url: 'http://x' } }],
    relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/doc0' } }],
  },
]

const booked = (id: string, start: string, actor: string): Resource => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start,
  participant: [{ status: 'accepted', actor: { reference: actor } }],
})
const slot = (id: string, start: string, status: string): Resource => ({
  resourceType: 'Slot',
  id,
  status,
  start,
  end: start.replace(':00:00', ':30:00'),
  schedule: { reference: 'Schedule/w1' },
})

/** Two days of people, rooms and devices; the first has 23 hours. */
const calendar: readonly Resource[] = [
  { resourceType: 'Schedule', id: 'w1', actor: [{ reference: 'Practitioner/d1' }] },
  booked('day1', '2026-03-08T00:00:00-06:00', 'Practitioner/d1'),
  booked('day2', '2026-03-08T23:59:59-05:00', 'Practitioner/d1'),
  booked('next', '2026-03-09T00:00:00-05:00', 'Practitioner/d1'),
  booked('room', '2026-03-08T10:00:00-05:00', 'Location/annex'),
  booked('tool', '2026-03-08T10:00:00-05:00', 'Device/scanner'),
  slot('s1', '2026-03-08T09:00:00-05:00', 'free'),
  slot('s2', '2026-03-08T10:00:00-05:00', 'busy'),
  slot('s3', '2026-03-09T09:00:00-05:00', 'free'),
]

/** Search -> ids of what it finds, in order where the search says one. */
const cases: Readonly<Record<string, string>> = {
  // modifiers of tokens
  'Patient?identifier:of-type=http://v2|MR|12': 'p1',
  'Patient?identifier:of-type=http://v2|SS|12': 'p2',
  'Patient?identifier:of-type=http://v2|SS|77,http://v2|SS|12': 'p1 p2',
  'Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender': 'p1 p2',
  'Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender': 'p3',
  'Location?type:below=HU': 'bed ward',
  [`Location?type:below=${roles}|_ServiceDeliveryLocationRoleType`]: 'bed ward',
  [`Location?type:above=${roles}|ICU`]: 'bed ward',
  'Patient?gender:not=male': 'p1 p3',
  'Patient?_id:not=p1': 'p2 p3',
  'Observation?code:text=test a': 'o1 o2 o4 o5 o6',
  // URIs and canonicals
  'Questionnaire?url:below=http://x.example/forms/a': 'q1 q3',
  'Questionnaire?url:below=http://x.example/forms': 'q1 q2 q3',
  'Questionnaire?url:above=http://x.example/forms/a/1/2': 'q1 q3',
  'QuestionnaireResponse?questionnaire=http://x.example/forms/a/1': 'r1',
  'QuestionnaireResponse?questionnaire=http://x.example/forms/a/1|2': 'r1',
  'QuestionnaireResponse?questionnaire=http://x.example/forms/a/1|3': '',
  'QuestionnaireResponse?questionnaire.title=intake': 'r1',
  'QuestionnaireResponse?questionnaire.title=other': '',
  'Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed&title=intake': 'q1',
  'Questionnaire?_has:QuestionnaireResponse:questionnaire:status=stopped': '',
  // sounds
  'Practitioner?phonetic=catherine': 'd2 d3',
  'Practitioner?phonetic=Mayer': 'd2 d3',
  'Practitioner?phonetic=Schmitt': 'd2',
  'Practitioner?phonetic=Maier Kathrin': 'd2 d3',
  'Practitioner?phonetic=Phillip,Doe': 'd1 d4',
  'Practitioner?phonetic=Right': 'd4',
  'Practitioner?phonetic=Roe': '',
  'Practitioner?phonetic:missing=true': 'd5',
  // words of the value, not of what stands beside it
  'Practitioner?address:exact=home': 'd5',
  'Practitioner?address:exact=Home': 'd4',
  // texts of codes and identifiers, whatever their accents
  'ServiceRequest?code:text=epreuve D’': 's1',
  'ServiceRequest?code:text=STRESS': 's1',
  'ServiceRequest?code:text=épreuves': '',
  // references with a version
  'ServiceRequest?_has:QuestionnaireResponse:based-on:status=completed': 's1',
  'QuestionnaireResponse?based-on=ServiceRequest/s1': 'r1',
  'QuestionnaireResponse?based-on:ServiceRequest=CarePlan/s1': '',
  'QuestionnaireResponse?based-on:ServiceRequest=ServiceRequest/s1': 'r1',
  // the day of anybody or anything
  'Appointment?actor=Practitioner/d1&date=2026-03-08&_sort=-date': 'day2 day1',
  'Appointment?actor=Practitioner/d1,Location/annex&date=2026-03-08': 'day1 day2 room',
  'Appointment?actor=Device/scanner&date=2026-03-08': 'tool',
  'Appointment?actor=Device/scanner&date=2026-03-09': '',
  'Appointment?actor:Practitioner=d1&date=ge2026-03-09': 'next',
  'Slot?schedule=w1&start=2026-03-08&status=free': 's1',
  'Slot?schedule.actor=Practitioner/d1&start=ge2026-03-08&start=lt2026-03-10&status=free&_sort=start':
    's1 s3',
  'Slot?schedule.actor:Practitioner.family=doe&start=2026-03-08': 's1 s2',
  // three links, of either kind and mixed
  'Encounter?location.partof.partof.name=house': 'e1',
  'Encounter?location:Location.partof:Location.partof:Location._id=house': 'e1',
  'Encounter?location.partof.partof.name=ward': '',
  'Location?_has:Location:partof:_has:Location:partof:_has:Encounter:location:status=finished': 'house',
  'Location?_has:Location:partof:_has:Encounter:location:status=finished': 'ward',
  'Location?_has:Encounter:location:subject.family:exact=Chen': 'bed',
  'Patient?_has:Encounter:patient:location.partof.name=ward': 'p1',
  'Practitioner?_has:Patient:general-practitioner:name=Mr': 'd1',
  'Location?_has:Encounter:location:subject.gender:not=female': 'annex',
  // a chain that only one of the types understands
  'Encounter?subject.gender:not=male': 'e1',
  // hierarchies
  'Encounter?location:below=house': 'e1',
  'Encounter?location:below=annex': 'e2',
  'Location?partof:below=house': 'bed ward',
  'Location?partof:above=bed': 'bed ward',
  // composites
  'Observation?code-value-quantity=a$5': 'o1 o4',
  [`Observation?code-value-quantity=${loinc}|a$5|${ucum}|mg`]: 'o1',
  'Observation?code-value-quantity=a$gt40||mg': 'o2 o6',
  'Observation?code-value-quantity=a$5||milligram': 'o1',
  [`Observation?code-value-quantity=${loinc}|$lt6|${ucum}|mg`]: 'o1 o3 o6',
  'Observation?code-value-string=a$pos': 'o5',
  'Observation?component-code-value-quantity=sys$gt100': 'o7',
  'Observation?component-code-value-quantity=dia$gt100': '',
  'Observation?combo-code-value-quantity=dia$80,b$5': 'o3 o7',
  'Observation?code-value-quantity:missing=false': 'o1 o2 o3 o4 o6',
  'DocumentReference?relationship=DocumentReference/doc0$replaces': 'doc1',
  'DocumentReference?relationship=DocumentReference/doc0$appends': '',
  // special
  'Location?near=41.9|-87.6|10|km': 'house',
  'Location?near=41.9|-87.6|100|mi': 'annex house',
  'Patient?_text=tenor': 'p1',
  'Patient?_text=alto': '',
  'Patient?_content=alto': 'p1',
  'Patient?_list=l1': 'p1',
  'Observation?_list=List/l1': 'o1',
  // _filter
  'Patient?_filter=family eq "chen"': 'p1',
  'Patient?_filter=family sw "chen" and gender eq male': 'p2',
  'Patient?_filter=family ew "weth" or given co "ann"': 'p1 p2',
  'Patient?_filter=not (gender eq female)': 'p2 p3',
  'Patient?_filter=birthdate gt 1985-01-01 and (gender eq male or gender eq other)': 'p2',
  'Patient?_filter=gender pr true': 'p1 p2',
  'Patient?_filter=gender pr false': 'p3',
  'Observation?_filter=subject.family eq "chen" and code eq http://loinc.org|b': 'o3',
  'Patient?_filter=general-practitioner re Practitioner/d1': 'p3',
  'Encounter?_filter=date po 2026-03-01T11:00:00Z': 'e1',
  // sorting by anything
  'ChargeItem?_sort=price-override': 'c2 c1',
  'Encounter?_sort=-status': 'e2 e1',
  'Patient?_sort=deceased,-birthdate': 'p1 p3 p2',
  'Patient?_sort=-gender,name': 'p2 p1 p3',
  'Patient?_sort=-identifier': 'p1 p2 p3',
  'Observation?code=a&_sort=-value-quantity': 'o2 o1 o4 o6 o5',
  'Patient?_sort=name': 'p1 p2 p3',
  // compartments and several types
  'Patient/p1/Encounter': 'e1',
  'Patient/p1/Observation?code=b': 'o3',
  'Patient/p2/Observation': '',
  'Encounter/e1/Encounter': 'e1',
  'Patient/p2/*': 'e2 p2',
  'Patient/p1/Patient': 'p1',
  'Patient/p1/*?_type=ChargeItem,Encounter': 'c1 c2 e1',
  '?_type=Patient,Encounter&_id=p1,e1': 'e1 p1',
  '?_id=e2,o1,p3': 'e2 o1 p3',
  '?_type=Encounter,List&status=planned,current&_sort=-status': 'e2 l1',
}

const ordered = (search: string): boolean => search.includes('_sort=')

describe('forms of search', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
    await app.writes.put([...world, ...calendar])
  })
  after(() => app.close())

  for (const [search, expected] of Object.entries(cases)) {
    test(`${search} finds ${expected || 'nothing'}`, async () => {
      const slash = search.startsWith('?') ? '' : '/'
      const strict = { headers: { prefer: 'handling=strict' } }
      const answer = await app.ask(
        `/fhir${slash}${search.replaceAll(' ', '%20').replaceAll('"', '%22')}`,
        strict,
      )
      assert.equal(answer.status, 200, answer.text)
      const ids = idsOf(answer)
      const wanted = expected.split(' ')
      assert.deepEqual(
        ordered(search) ? ids : ids.toSorted(),
        expected === '' ? [] : ordered(search) ? wanted : wanted.toSorted(),
      )
      assert.equal(answer.body.total, ids.length)
    })
  }

  const refused: Readonly<Record<string, readonly [number, string]>> = {
    'Patient?gender:in=http://nowhere.example/vs': [400, 'not-supported'],
    'Patient?gender:of-type=a|b|c': [400, 'not-supported'],
    'Patient?gender:text=female': [400, 'not-supported'],
    'Patient?active:in=http://hl7.org/fhir/ValueSet/administrative-gender': [400, 'not-supported'],
    'Patient?telecom:of-type=a|b|c': [400, 'not-supported'],
    'Patient?phonetic:exact=x': [400, 'not-supported'],
    'Patient?phonetic=--': [400, 'invalid'],
    'Patient?_query=everybody': [400, 'not-supported'],
    'Encounter?location.partof.partof.partof.name=x': [422, 'too-costly'],
    'Patient?_contained=both': [400, 'not-supported'],
    'Patient?identifier:of-type=12': [400, 'invalid'],
    'Questionnaire?url:below=urn:x:1': [400, 'invalid'],
    'Encounter?subject:below=p1': [400, 'not-supported'],
    'Observation?code-value-quantity=a': [400, 'invalid'],
    'Location?near=91|0': [400, 'invalid'],
    'Location?near=here': [400, 'invalid'],
    'Patient?_filter=family': [400, 'invalid'],
    'Patient?_filter=family eq "x': [400, 'invalid'],
    'Patient?_filter=colour eq red': [400, 'not-supported'],
    'Patient?_filter=(family eq a': [400, 'invalid'],
    'Patient?_filter=family zz a': [400, 'invalid'],
    [`Patient?_filter=${'('.repeat(20)}family eq a${')'.repeat(20)}`]: [422, 'too-costly'],
    [`Patient?_filter=${'gender eq male or '.repeat(60)}gender eq male`]: [422, 'too-costly'],
    'Patient/p1/Location': [404, 'not-found'],
    'Location/l1/Encounter': [404, 'not-found'],
    '?_type=Nonsense': [400, 'invalid'],
    'Patient?_summary=perhaps': [400, 'invalid'],
  }
  for (const [search, [status, code]] of Object.entries(refused)) {
    test(`${search.slice(0, 70)} is refused, strictly and leniently`, async () => {
      const slash = search.startsWith('?') ? '' : '/'
      const path = `/fhir${slash}${search.replaceAll(' ', '%20').replaceAll('"', '%22')}`
      for (const handling of ['strict', 'lenient']) {
        const answer = await app.ask(path, { headers: { prefer: `handling=${handling}` } })
        assert.deepEqual([answer.status, ...codesOf(answer)], [status, code], answer.text)
      }
    })
  }

  test('pages of several types lead through everything once', async () => {
    const seen: string[] = []
    let path: string | undefined = '/fhir?_type=Patient,Observation,Location&_count=4&_sort=_lastUpdated'
    while (path !== undefined) {
      const page = await app.ask(path)
      assert.equal(page.body.total, 14)
      seen.push(...entriesOf(page).map(({ fullUrl }) => fullUrl ?? ''))
      path = linkOf(page, 'next')
    }
    assert.deepEqual([seen.length, new Set(seen).size], [14, 14])
  })

  test('_summary leaves out what the definitions do not mark, and says so', async () => {
    const shown = async (summary: string): Promise<string> => {
      const [entry] = entriesOf(await app.ask(`/fhir/Patient?_id=p1&_summary=${summary}`))
      assert.equal(/SUBSETTED/.test(JSON.stringify(entry?.resource?.meta)), summary !== 'false', summary)
      return Object.keys(entry?.resource ?? {})
        .sort()
        .join(' ')
    }
    const head = 'birthDate gender id identifier meta name resourceType'
    assert.equal(await shown('true'), head)
    assert.equal(await shown('text'), 'id meta resourceType text')
    assert.equal(await shown('data'), `birthDate contact gender id identifier meta name resourceType`)
    assert.equal(await shown('false'), `birthDate contact gender id identifier meta name resourceType text`)
    const read = await app.ask('/fhir/Patient/p1?_summary=true')
    assert.equal(Object.keys(read.body).sort().join(' '), head)
    const counted = await app.ask('/fhir/Patient?_summary=count')
    assert.deepEqual([counted.body.total, counted.body.entry], [3, undefined])
  })

  test('* includes by every reference', async () => {
    const included = async (search: string) =>
      entriesOf(await app.ask(`/fhir/${search}`))
        .filter(({ search: how }) => how?.mode === 'include')
        .map(({ resource }) => resource?.id)
        .sort()
    assert.deepEqual(await included('Encounter?_id=e1&_include=*'), ['bed', 'p1'])
    assert.deepEqual(await included('Encounter?_id=e1&_include=Encounter:*'), ['bed', 'p1'])
    assert.deepEqual(await included('Patient?_id=p2&_revinclude=*'), ['e2'])
    assert.deepEqual(await included('Patient?_id=p1&_revinclude=ChargeItem:*'), ['c1', 'c2'])
  })

  const inclusions: Readonly<Record<string, string>> = {
    // canonical references, by URL and version
    'QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire': 'q1',
    'QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire:Questionnaire': 'q1',
    'Questionnaire?_id=q1&_revinclude=QuestionnaireResponse:questionnaire': 'r1',
    'Questionnaire?_id=q2&_revinclude=QuestionnaireResponse:questionnaire': '',
    // as far as it goes
    'Location?_id=bed&_include=Location:partof': 'ward',
    'Location?_id=bed&_include:iterate=Location:partof': 'house ward',
    'Location?_id=house&_revinclude:iterate=Location:partof': 'bed ward',
    'Encounter?_id=e1&_include=Encounter:location&_include:iterate=Location:partof': 'bed house ward',
    // of several types, each has its own
    '?_type=Encounter,ServiceRequest&_id=e1,s1&_include=Encounter:location&_include=ServiceRequest:subject':
      'bed p1',
    // texts stand alone
    'Encounter?_id=e1&_summary=text&_include=Encounter:location': '',
  }
  for (const [search, expected] of Object.entries(inclusions)) {
    test(`${search} brings ${expected || 'nothing'}`, async () => {
      const answer = await app.ask(`/fhir${search.startsWith('?') ? '' : '/'}${search}`)
      assert.equal(answer.status, 200, answer.text)
      const found = entriesOf(answer).filter(({ search: how }) => how?.mode === 'include')
      assert.deepEqual(
        found.map(({ resource }) => resource?.id).sort(),
        expected.split(' ').filter(Boolean).sort(),
      )
    })
  }

  test('_elements with a minus leaves out, but nothing that a resource must have', async () => {
    const shown = async (elements: string): Promise<string> => {
      const [entry] = entriesOf(await app.ask(`/fhir/Encounter?_id=e1&_elements=${elements}`))
      assert.match(JSON.stringify(entry?.resource?.meta), /SUBSETTED/)
      return Object.keys(entry?.resource ?? {})
        .sort()
        .join(' ')
    }
    assert.equal(await shown('-period'), 'class id location meta resourceType status subject')
    assert.equal(await shown('-period,-status,-class'), 'class id location meta resourceType status subject')
    assert.equal(await shown('period,location,-location'), 'class id meta period resourceType status')
  })

  test('later pages lead back to the first one', async () => {
    const first = await app.ask('/fhir/Practitioner?_count=2')
    assert.equal(linkOf(first, 'first'), undefined)
    const second = await app.ask(linkOf(first, 'next') ?? '')
    assert.deepEqual(idsOf(await app.ask(linkOf(second, 'first') ?? '')), idsOf(first))
    assert.equal(linkOf(second, 'self'), linkOf(first, 'next'))
  })
})
