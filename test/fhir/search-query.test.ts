// Search requests as typed queries. Longer than other files because its tables are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { zoneOffsetOf } from '../../src/fhir/date.ts'
import type { Filter } from '../../src/fhir/filter.ts'
import { parseSearch, type SearchQuery, type SearchRead } from '../../src/fhir/search-query.ts'
import { SERVED_TYPES } from '../../src/fhir/types.ts'

const zone = zoneOffsetOf('America/Chicago')

function read(search: string): SearchRead {
  const [type = '', query = ''] = search.split('?')
  return parseSearch(type, new URLSearchParams(query), { zone, baseUrl: 'https://gw.example.org/fhir' })
}

function query(search: string): SearchQuery {
  const found = read(search)
  assert.ok('query' in found, JSON.stringify(found))
  assert.deepEqual(found.unknown, [])
  return found.query
}

const token = (code?: string, system?: string): object => ({ system, code })

const FILTERS: readonly (readonly [search: string, filter: object])[] = [
  [
    'Patient?_profile=http://p',
    { kind: 'token', param: '_profile', not: false, values: [token('http://p')] },
  ],
  [
    'Patient?_lastUpdated=lt2026-03-08',
    {
      kind: 'date',
      param: '_lastUpdated',
      values: [{ prefix: 'lt', from: Date.UTC(2026, 2, 8, 6), to: Date.UTC(2026, 2, 9, 5) }],
    },
  ],
  ['Patient?_id=a,b', { kind: 'id', ids: ['a', 'b'] }],
  [
    'Patient?gender=female,male',
    { kind: 'token', param: 'gender', not: false, values: [token('female'), token('male')] },
  ],
  ['Patient?gender:not=female', { kind: 'token', param: 'gender', not: true, values: [token('female')] }],
  [
    'Patient?identifier=urn:oid:1.2|A',
    { kind: 'identifier', param: 'identifier', not: false, values: [token('A', 'urn:oid:1.2')] },
  ],
  [
    'Patient?identifier=urn:oid:1.2|',
    { kind: 'identifier', param: 'identifier', not: false, values: [token(undefined, 'urn:oid:1.2')] },
  ],
  [
    'Patient?identifier=|A',
    { kind: 'identifier', param: 'identifier', not: false, values: [token('A', '')] },
  ],
  [
    'Patient?identifier=a\\|b\\,c',
    { kind: 'identifier', param: 'identifier', not: false, values: [token('a|b,c')] },
  ],
  [
    'Patient?_source=urn:x|1',
    { kind: 'identifier', param: '_source', not: false, values: [token('urn:x|1')] },
  ],
  ['Patient?_tag=s|t', { kind: 'token', param: '_tag', not: false, values: [token('t', 's')] }],
  [
    'Patient?phone=%2B1+217+5550301',
    { kind: 'identifier', param: 'phone', not: false, values: [token('12175550301'), token('2175550301')] },
  ],
  [
    'Patient?email=Eve@Example.org',
    { kind: 'identifier', param: 'email', not: false, values: [token('eve@example.org')] },
  ],
  [
    'Patient?family=Smíth',
    { kind: 'string', param: 'family', match: 'starts', values: [{ text: 'smith', raw: 'Smíth' }] },
  ],
  [
    'Patient?family:exact=Smith',
    { kind: 'string', param: 'family', match: 'exact', values: [{ text: 'smith', raw: 'Smith' }] },
  ],
  [
    'Patient?name:contains=mit',
    { kind: 'string', param: 'name', match: 'contains', values: [{ text: 'mit', raw: 'mit' }] },
  ],
  [
    'Task?code:text=merge',
    { kind: 'text', param: 'code', match: 'starts', values: [{ text: 'merge', raw: 'merge' }] },
  ],
  ['Patient?birthdate:missing=true', { kind: 'missing', param: 'birthdate', missing: true }],
  ['Account?patient=p1', { kind: 'reference', param: 'patient', targets: ['Patient/p1'] }],
  ['Account?subject:Patient=p1', { kind: 'reference', param: 'subject', targets: ['Patient/p1'] }],
  ['Encounter?subject=p1', { kind: 'reference', param: 'subject', targets: ['Group/p1', 'Patient/p1'] }],
  [
    'Account?patient=https://gw.example.org/fhir/Patient/p1',
    { kind: 'reference', param: 'patient', targets: ['Patient/p1'] },
  ],
  [
    'Account?patient=https://other.example.org/fhir/Patient/p1',
    { kind: 'reference', param: 'patient', targets: ['https://other.example.org/fhir/Patient/p1'] },
  ],
  [
    'Account?owner:identifier=s|v',
    { kind: 'identifier', param: 'owner:identifier', not: false, values: [token('v', 's')] },
  ],
  [
    'Slot?start=ge2026-03-08',
    {
      kind: 'date',
      param: 'start',
      values: [{ prefix: 'ge', from: Date.UTC(2026, 2, 8, 6), to: Date.UTC(2026, 2, 9, 5) }],
    },
  ],
  [
    'Slot?start=2026-03-06T14:00:00-06:00',
    {
      kind: 'date',
      param: 'start',
      values: [{ prefix: 'eq', from: Date.UTC(2026, 2, 6, 20), to: Date.UTC(2026, 2, 6, 20, 0, 1) }],
    },
  ],
  [
    'Slot?start=2026-03-06T14:00:00+01:00',
    {
      kind: 'date',
      param: 'start',
      values: [{ prefix: 'eq', from: Date.UTC(2026, 2, 6, 13), to: Date.UTC(2026, 2, 6, 13, 0, 1) }],
    },
  ],
  [
    'Slot?start=ap2026-03-06',
    {
      kind: 'date',
      param: 'start',
      values: [{ prefix: 'ap', from: Date.UTC(2026, 2, 5, 6), to: Date.UTC(2026, 2, 8, 6) }],
    },
  ],
  [
    'Invoice?totalgross=gt5.40||USD',
    {
      kind: 'number',
      param: 'totalgross',
      values: [{ prefix: 'gt', value: '5.40', low: '5.395', high: '5.405', system: undefined, unit: 'USD' }],
    },
  ],
  [
    'ChargeItem?factor-override=-100',
    {
      kind: 'number',
      param: 'factor-override',
      values: [{ prefix: 'eq', value: '-100', low: '-100.5', high: '-99.5', system: undefined, unit: '' }],
    },
  ],
  [
    'Coverage?beneficiary.identifier=s|v',
    {
      kind: 'chain',
      param: 'beneficiary',
      alternatives: [
        {
          type: 'Patient',
          filter: { kind: 'identifier', param: 'identifier', not: false, values: [token('v', 's')] },
        },
      ],
    },
  ],
  [
    'Slot?schedule.actor:Practitioner.identifier=s|v',
    {
      kind: 'chain',
      param: 'schedule',
      alternatives: [
        {
          type: 'Schedule',
          filter: {
            kind: 'chain',
            param: 'actor',
            alternatives: [
              {
                type: 'Practitioner',
                filter: { kind: 'identifier', param: 'identifier', not: false, values: [token('v', 's')] },
              },
            ],
          },
        },
      ],
    },
  ],
  [
    'Encounter?_has:Provenance:target:agent=Practitioner/1',
    {
      kind: 'has',
      type: 'Provenance',
      param: 'target',
      filter: { kind: 'reference', param: 'agent', targets: ['Practitioner/1'] },
    },
  ],
]
for (const [search, filter] of FILTERS) {
  test(`${search} is one condition`, () => {
    assert.deepEqual(query(search).filters, [filter])
  })
}

test('a chain over several types asks each that has the parameter', () => {
  const [filter] = query('Account?subject.identifier=x').filters
  assert.ok(filter?.kind === 'chain')
  const types = filter.alternatives.map(({ type }) => type)
  assert.deepEqual(types.sort(), [
    'Device',
    'HealthcareService',
    'Location',
    'Organization',
    'Patient',
    'Practitioner',
    'PractitionerRole',
  ])
})

test('all parameters hold, in the order of the request', () => {
  const found = query(
    'Appointment?date=ge2026-03-01&date=lt2026-04&status=booked&_sort=-date,status&_count=5&_total=accurate',
  )
  assert.deepEqual(
    found.filters.map((filter: Filter) => filter.kind),
    ['date', 'date', 'token'],
  )
  assert.deepEqual(found.sort, [
    { param: 'date', type: 'date', descending: true },
    { param: 'status', type: 'token', descending: false },
  ])
  assert.equal(found.count, 5)
  assert.equal(found.total, 'accurate')
  assert.deepEqual(
    found.applied.map(([name]) => name),
    ['date', 'date', 'status', '_sort', '_count', '_total'],
  )
})

test('the number of results is 20 unless asked for, and 1000 at most', () => {
  assert.equal(query('Patient').count, 20)
  assert.equal(query('Patient?_count=0').count, 0)
  assert.equal(query('Patient?_count=5000').count, 1000)
  assert.equal(query(`Patient?_count=${'9'.repeat(30)}`).count, 1000)
  assert.deepEqual(query('Patient?_count=5000').applied, [['_count', '1000']])
})

test('inclusions name source, parameter and target', () => {
  const found = query(
    'Appointment?_include=Appointment:patient&_include=Appointment:actor:Location&' +
      '_include:iterate=Patient:organization',
  )
  assert.deepEqual(found.includes, [
    { source: 'Appointment', param: 'patient', target: undefined, iterate: false },
    { source: 'Appointment', param: 'actor', target: 'Location', iterate: false },
    { source: 'Patient', param: 'organization', target: undefined, iterate: true },
  ])
  assert.deepEqual(query('Patient?_revinclude=Encounter:patient&_revinclude=Provenance:target').revIncludes, [
    { source: 'Encounter', param: 'patient', target: undefined, iterate: false },
    { source: 'Provenance', param: 'target', target: undefined, iterate: false },
  ])
})

test('summary, elements and presentation', () => {
  assert.equal(query('Patient?_summary=count').onlyCount, true)
  assert.deepEqual(query('Patient?_elements=name,Patient.birthDate,deceased').elements, [
    'name',
    'birthDate',
    'deceased',
  ])
  assert.deepEqual(query('Patient?_format=json&_pretty=true&name=').applied, [])
})

const UNKNOWN = [
  'Patient?colour=red',
  'Slot?phonetic=x',
  'Patient?constructor=x',
  'Patient?__proto__=x',
  'Patient?organization.colour=x',
  'Patient?colour.name=x',
  'Patient?_has:Encounter:colour:status=x',
  'Patient?_has:Nonsense:patient:status=x',
  'Patient?_has:Slot:schedule:status=x',
  'Patient?_sort=colour',
  'Patient?_elements=colour',
  'Patient?_include=Encounter:patient',
  'Patient?_include=Encounter:*',
  'Patient?_include=Patient:name',
  'Patient?_include=Patient:link:Slot',
  'Patient?_revinclude=Slot:schedule',
  'Patient?_include=Patient:link:Patient:x',
]
for (const search of UNKNOWN) {
  test(`${search} is ignored with a warning`, () => {
    const found = read(search)
    assert.ok('query' in found, JSON.stringify(found))
    assert.deepEqual([found.query.filters, found.query.applied], [[], []])
    assert.equal(found.unknown.length, 1)
    assert.equal(found.unknown[0]?.severity, 'warning')
    assert.equal(found.unknown[0]?.code, 'not-supported')
  })
}

const REFUSED: readonly (readonly [search: string, reason: RegExp])[] = [
  ['Patient?name:sounds=x', /modifier/],
  ['Patient?birthdate:exact=2020', /modifier/],
  ['Patient?_id:exact=x', /modifier/],
  ['Patient?_summary=some', /_summary/],
  ['Patient?organization:Nonsense=x', /modifier/],
  ["Patient?name:';drop table=x", /modifier/],
  ['Patient?name:missing=maybe', /true or false/],
  ['Patient?birthdate=1980-02-30', /not a date/],
  ['Patient?birthdate=yesterday', /not a date/],
  ['Patient?birthdate=gt', /not a date/],
  ['Patient?identifier=a|b|c', /not a token/],
  ['Patient?identifier=|', /not a token/],
  ['Invoice?totalgross=many', /not a number/],
  ['Invoice?totalgross=1e400', /not a number/],
  ['Task?focus=x', /type of its target/],
  ['Patient?name.family=x', /no reference/],
  ['Patient?organization:Nonsense.name=x', /type that this server/],
  ['Location?partof.partof.partof.partof.name=x', /links/],
  ['Patient?_has:x=1', /_has:Type/],
  ['Patient?_count=-1', /_count/],
  ['Patient?_count=many', /_count/],
  ['Patient?_total=some', /_total/],
  ['Patient?_sort=name,name,name,name,name,name', /_sort/],
  [`Patient?gender=${'x,'.repeat(201)}`, /more than 200 values/],
  [`Patient?name=${'x'.repeat(8001)}`, /characters/],
  [`Patient?${'name=x&'.repeat(51)}`, /more than 50 parameters/],
  [`Patient?${'_include=Patient:link&'.repeat(21)}`, /more than 20 inclusions/],
  ['Patient?name=,', /no value/],
]
for (const [search, reason] of REFUSED) {
  test(`${search.slice(0, 60)} is refused`, () => {
    const found = read(search)
    assert.ok('issues' in found, JSON.stringify(found))
    assert.match(found.issues[0]?.diagnostics ?? '', reason)
    assert.ok(found.issues.every(({ severity }) => severity === 'error'))
  })
}

test('issues never repeat a value', () => {
  for (const search of [
    'Patient?birthdate=Zebulon',
    'Patient?colour=Zebulon',
    'Patient?identifier=Zebulon|a|b',
    'Patient?_count=Zebulon',
  ]) {
    assert.ok(!JSON.stringify(read(search)).includes('Zebulon'))
  }
})

test('names of the caller are skipped', () => {
  const found = parseSearch('Patient', [['_cursor', 'x']], { skip: new Set(['_cursor']) })
  assert.ok('query' in found && found.unknown.length === 0)
})

test('reading never throws, whatever it gets', () => {
  const part = fc.constantFrom(
    '_has',
    ':',
    '.',
    'patient',
    'Patient',
    'name',
    'identifier',
    '_include',
    '_sort',
    '-',
    ',',
    '|',
    '\\',
    'eq',
    '2020',
    'missing',
    '*',
  )
  const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.constantFrom(...SERVED_TYPES, 'x'), fc.array(fc.tuple(text, text)), (type, pairs) => {
      parseSearch(type, pairs)
    }),
    { numRuns: 1000 },
  )
})
