// Every kind of search condition against the real tables, each with near misses.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { zoneOffsetOf } from '../../src/fhir/date.ts'
import { parseSearch, type SearchQuery } from '../../src/fhir/search-query.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { searchPage } from '../../src/store/search.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { writer } from './writer.ts'

const zone = zoneOffsetOf('America/Chicago')
const mrn = 'urn:oid:2.16.840.1.113883.19.5.1'
const npi = 'http://hl7.org/fhir/sid/us-npi'

const ann: Resource = {
  resourceType: 'Patient',
  id: 'ann',
  active: true,
  identifier: [
    { system: mrn, value: 'MRN1001' },
    { use: 'old', system: mrn, value: 'MRN2002' },
    { value: 'bare' },
  ],
  name: [{ family: "O'Brien-Smíth", given: ['Ann', 'María'] }],
  gender: 'female',
  birthDate: '1980-05-01',
  telecom: [
    { system: 'phone', value: '+1 217 5550134' },
    { system: 'email', value: 'Ann@Example.org' },
  ],
  address: [{ line: ['12 100%_Street'], city: 'Springfield', state: 'IL', postalCode: '62707' }],
}
const bob: Resource = {
  resourceType: 'Patient',
  id: 'bob',
  identifier: [{ system: mrn, value: 'MRN1002' }],
  name: [{ family: 'Smith', given: ['Bob'] }],
  gender: 'male',
  birthDate: '1980-06',
}
const cyd: Resource = {
  resourceType: 'Patient',
  id: 'cyd',
  identifier: [{ system: 'urn:other', value: 'MRN1001' }],
  name: [{ family: 'smith', given: ['Cyd'] }],
  gender: 'female',
  birthDate: '1980',
  generalPractitioner: [{ identifier: { system: npi, value: '77' } }],
}
const retired: Resource = {
  resourceType: 'Patient',
  id: 'retired',
  active: false,
  identifier: [{ system: mrn, value: 'MRN2002' }],
  name: [{ family: 'Old' }],
  link: [{ type: 'replaced-by', other: { reference: 'Patient/ann' } }],
}
const doctor: Resource = {
  resourceType: 'Practitioner',
  id: 'doc',
  identifier: [{ system: npi, value: '1245319599' }],
  name: [{ family: 'Patel' }],
}
const room: Resource = {
  resourceType: 'Location',
  id: 'or3',
  identifier: [{ system: 'urn:portico:location:GHH', value: 'OR-OR3' }],
}
const schedule: Resource = {
  resourceType: 'Schedule',
  id: 'sch',
  identifier: [{ value: 'SCH-DRPATEL' }],
  actor: [{ reference: 'Practitioner/doc' }],
}
const roomSchedule: Resource = {
  resourceType: 'Schedule',
  id: 'sch2',
  actor: [{ reference: 'Location/or3' }],
}

function appointment(id: string, status: string, start: string, ...actors: string[]): Resource {
  return {
    resourceType: 'Appointment',
    id,
    status,
    identifier: [{ system: 'urn:oid:2.16.840.1.113883.19.5.4', value: id.toUpperCase() }],
    start,
    end: start,
    serviceType: [{ coding: [{ system: 'urn:visit', code: 'NEW30', display: 'New patient' }] }],
    participant: actors.map((reference) => ({ status: 'accepted', actor: { reference } })),
  }
}
const slot = (id: string, status: string, start: string, of: string): Resource => ({
  resourceType: 'Slot',
  id,
  status,
  start,
  end: start,
  schedule: { reference: `Schedule/${of}` },
})

const resources: readonly Resource[] = [
  ann,
  bob,
  cyd,
  retired,
  doctor,
  room,
  schedule,
  roomSchedule,
  appointment('a1', 'booked', '2026-03-05T09:00:00-06:00', 'Patient/ann', 'Practitioner/doc'),
  appointment('a2', 'booked', '2026-03-05T23:59:59.999-06:00', 'Patient/bob', 'Practitioner/doc'),
  appointment('a3', 'cancelled', '2026-03-06T00:00:00-06:00', 'Patient/ann'),
  slot('s1', 'busy', '2026-03-18T09:30:00-05:00', 'sch'),
  slot('s2', 'busy-tentative', '2026-03-18T10:30:00-05:00', 'sch'),
  slot('s3', 'busy', '2026-03-18T09:30:00-05:00', 'sch2'),
  {
    resourceType: 'Encounter',
    id: 'e1',
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
    subject: { reference: 'Patient/ann' },
    period: { start: '2026-03-01T08:00:00-06:00' },
    length: { value: 2, unit: 'h', system: 'http://unitsofmeasure.org', code: 'h' },
  },
  {
    resourceType: 'Encounter',
    id: 'e2',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: 'Patient/bob' },
    period: { start: '2026-02-01T08:00:00-06:00', end: '2026-02-03T08:00:00-06:00' },
    length: { value: 2.5, unit: 'min', system: 'http://unitsofmeasure.org', code: 'min' },
  },
  {
    resourceType: 'Task',
    id: 't1',
    status: 'requested',
    intent: 'order',
    code: { coding: [{ system: 'http://portico.example.org/CodeSystem/task-code', code: 'filler-request' }] },
    focus: { reference: 'Appointment/a1' },
  },
  {
    resourceType: 'Provenance',
    id: 'v1',
    recorded: '2026-03-01T00:00:00Z',
    target: [{ reference: 'Patient/ann' }],
    agent: [{}],
  },
  {
    resourceType: 'Coverage',
    id: 'c1',
    status: 'active',
    beneficiary: { reference: 'Patient/ann' },
    payor: [{ display: 'x' }],
  },
]

describe('search', () => {
  let store: TestDatabase
  before(async () => {
    store = await testDatabase()
    await writer(store.db, zone).put(resources, new Date('2026-03-02T08:00:00Z'))
  })
  after(() => store.drop())

  function query(text: string): SearchQuery {
    const [type = '', rest = ''] = text.split(/\?(.*)/s)
    const pairs = rest
      .split('&')
      .filter(Boolean)
      .map((pair): [string, string] => {
        const [name = '', value = ''] = pair.split(/=(.*)/s)
        return [name, value]
      })
    const read = parseSearch(type, pairs, { zone, baseUrl: 'http://gw/fhir' })
    assert.ok('query' in read, JSON.stringify(read))
    assert.deepEqual(read.unknown, [], text)
    return read.query
  }

  async function find(text: string): Promise<string> {
    const page = await searchPage(store.db.read, 1, query(text))
    assert.equal(page.total, page.rows.length, `${text}: total`)
    return page.rows.map(({ id }) => id).join(' ')
  }

  const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'an identifier is found with its system, without one, and by system alone': {
      [`Patient?identifier=${mrn}|MRN1001`]: 'ann',
      'Patient?identifier=MRN1001': 'ann cyd',
      'Patient?identifier=|bare': 'ann',
      'Patient?identifier=|MRN1001': '',
      'Patient?identifier=urn:other|': 'cyd',
      [`Patient?identifier=${mrn}|MRN100`]: '',
      [`Patient?identifier=${mrn}|mrn1001`]: '',
      [`Patient?identifier=${mrn}|MRN1001,${mrn}|MRN1002`]: 'ann bob',
      [`Patient?identifier=${mrn}|MRN1001,MRN1002`]: 'ann bob',
      [`Patient?identifier=${mrn}|MRN1001&identifier=bare`]: 'ann',
      [`Patient?identifier=${mrn}|MRN1001&identifier=MRN1002`]: '',
      'Patient?identifier:not=MRN1001': 'bob',
    },
    'a retired identifier finds the survivor; the retired record is found only when asked for': {
      [`Patient?identifier=${mrn}|MRN2002`]: 'ann',
      [`Patient?identifier=${mrn}|MRN2002&active=false`]: 'retired',
      [`Patient?identifier=${mrn}|MRN2002&active=true`]: 'ann',
      'Patient?active:not=true': 'bob cyd retired',
      'Patient?_id=retired': 'retired',
      'Patient?family=old': '',
      Patient: 'ann bob cyd',
    },
    'a token is found as code, system|code, |code and system|': {
      'Patient?gender=female': 'ann cyd',
      'Patient?gender=http://hl7.org/fhir/administrative-gender|female': 'ann cyd',
      'Patient?gender=urn:x|female': '',
      'Patient?gender=fem': '',
      'Patient?gender=male,female': 'ann bob cyd',
      'Patient?gender:not=female': 'bob',
      'Encounter?class=IMP': 'e1',
      'Encounter?class=http://terminology.hl7.org/CodeSystem/v3-ActCode|': 'e1 e2',
      'Encounter?class=|IMP': '',
      'Appointment?service-type=urn:visit|NEW30&status=booked': 'a1 a2',
      'Appointment?service-type:text=new PAT': 'a1 a2 a3',
      'Appointment?service-type:text=new-pat': '',
    },
    'a text is found by how it begins, whatever its case and marks': {
      'Patient?family=smith': 'bob cyd',
      'Patient?family=SM': 'bob cyd',
      'Patient?family=mith': '',
      'Patient?family=obrien': 'ann',
      'Patient?given=maria': 'ann',
      'Patient?name=ann': 'ann',
      'Patient?name=bob,cyd': 'bob cyd',
      'Patient?name=smith&given=bob': 'bob',
      'Patient?address-city=spring': 'ann',
      'Patient?address=62707': 'ann',
    },
    ':exact minds case and marks, :contains looks anywhere and takes no patterns': {
      'Patient?family:exact=Smith': 'bob',
      'Patient?family:exact=smith': 'cyd',
      'Patient?family:exact=smi': '',
      "Patient?name:exact=O'Brien-Smíth": 'ann',
      'Patient?name:exact=María': 'ann',
      'Patient?name:exact=maria': '',
      'Patient?family:contains=mit': 'ann bob cyd',
      'Patient?family:contains=%%%': '',
      'Patient?family:contains=s_i': '',
      'Patient?address:contains=100': 'ann',
    },
    'phones and e-mail addresses are found in every usual form': {
      'Patient?phone=2175550134': 'ann',
      'Patient?phone=+1 (217) 555-0134': 'ann',
      'Patient?telecom=tel:+12175550134': 'ann',
      'Patient?phone=5550134': '',
      'Patient?email=ann@example.org': 'ann',
    },
    ':missing finds what has no value': {
      'Patient?telecom:missing=true': 'bob cyd',
      'Patient?telecom:missing=false': 'ann',
      'Appointment?status:missing=true': '',
      'Appointment?status:missing=false': 'a1 a2 a3',
    },
    'days are those of the site; instants compare with their offset': {
      'Appointment?date=2026-03-05': 'a1 a2',
      'Appointment?date=2026-03-06': 'a3',
      'Appointment?date=2026-03': 'a1 a2 a3',
      'Appointment?date=ne2026-03-05': 'a3',
      'Appointment?date=gt2026-03-05': 'a3',
      'Appointment?date=ge2026-03-05': 'a1 a2 a3',
      'Appointment?date=lt2026-03-06': 'a1 a2',
      'Appointment?date=le2026-03-05': 'a1 a2',
      'Appointment?date=sa2026-03-05': 'a3',
      'Appointment?date=eb2026-03-06': 'a1 a2',
      'Appointment?date=ge2026-03-05&date=lt2026-03-06': 'a1 a2',
      'Appointment?date=2026-03-05,2026-03-06': 'a1 a2 a3',
      'Appointment?date=2026-03-05T15:00:00Z': 'a1',
      'Appointment?date=2026-03-05T09:00': 'a1',
      'Appointment?date=2026-03-05T15:00:01Z': '',
      'Appointment?patient=ann&date=ge2026-03-05T15:00:00Z': 'a1 a3',
      'Appointment?patient=ann&date=gt2026-03-05T15:00:00Z': 'a3',
      'Appointment?patient=ann&date=le2026-03-05': 'a1',
      'Appointment?patient=ann&date=ne2026-03-05': 'a3',
      'Appointment?patient=ann&date=ge2026-03-05&date=lt2026-03-06': 'a1',
      'Appointment?patient=ann&date=lt2026-03-05,gt2026-03-05': 'a3',
      'Appointment?patient=ann,bob&date=sa2026-03-05T09:00:00-06:00': 'a2 a3',
      'Slot?start=2026-03-18T09:30:00-05:00': 's1 s3',
      'Slot?start=ge2026-03-18': 's1 s2 s3',
      'Slot?start=ge2026-03-19': '',
    },
    'dates of less precision are ranges': {
      'Patient?birthdate=1980-05-01': 'ann',
      'Patient?birthdate=1980': 'ann bob cyd',
      'Patient?birthdate=1980-06': 'bob',
      'Patient?birthdate=ge1980-06-15': 'bob cyd',
      'Patient?birthdate=lt1980-01-02': 'cyd',
      'Patient?birthdate=ap1980-06': 'bob cyd',
      'Patient?birthdate=ap1980-05': 'ann bob cyd',
    },
    'a period without an end goes on': {
      'Encounter?date=2026-03-10': '',
      'Encounter?date=ap2026-03-10': 'e1',
      'Encounter?date=gt2026-03-10': 'e1',
      'Encounter?date=eb2026-02-04': 'e2',
      'Encounter?date=lt2026-02-15': 'e2',
      'Encounter?date=2026-02': 'e2',
    },
    '_lastUpdated is the time of the version': {
      'Encounter?_lastUpdated=2026-03-02': 'e1 e2',
      'Encounter?_lastUpdated=gt2026-03-02T08:00:00Z': '',
      'Encounter?_lastUpdated=ge2026-03-02T08:00:00Z': 'e1 e2',
      'Encounter?_lastUpdated=lt2026-03-02T08:00:00Z': '',
      'Encounter?_lastUpdated=le2026-03-02T08:00:00Z': 'e1 e2',
      'Encounter?_lastUpdated=ne2026-03-02': '',
    },
    'a quantity has the range of its digits, and units count when they are given': {
      'Encounter?length=2': 'e1',
      'Encounter?length=2.5': 'e2',
      'Encounter?length=gt2': 'e2',
      'Encounter?length=2||h': 'e1',
      'Encounter?length=2||min': '',
      'Encounter?length=2|http://unitsofmeasure.org|h': 'e1',
      'Encounter?length=2|urn:x|h': '',
      'Encounter?length=le2.5||min': 'e2',
    },
    'a reference is found by type and id, id alone, and our own absolute URL': {
      'Appointment?patient=Patient/ann': 'a1 a3',
      'Appointment?patient=ann': 'a1 a3',
      'Appointment?patient=http://gw/fhir/Patient/ann': 'a1 a3',
      'Appointment?patient=http://evil/fhir/Patient/ann': '',
      'Appointment?actor=Practitioner/doc': 'a1 a2',
      'Appointment?actor:Practitioner=doc': 'a1 a2',
      'Appointment?actor=doc&patient=bob': 'a2',
      'Appointment?patient=ann,bob&status=booked': 'a1 a2',
      'Appointment?practitioner=doc&date=2026-03-05&status=booked': 'a1 a2',
      'Appointment?patient=an': '',
      [`Patient?general-practitioner:identifier=${npi}|77`]: 'cyd',
    },
    'a chain goes through references, with the type of the target where there are several': {
      [`Appointment?patient.identifier=${mrn}|MRN1001`]: 'a1 a3',
      [`Appointment?patient.identifier=${mrn}|MRN2002`]: 'a1 a3',
      [`Coverage?beneficiary.identifier=${mrn}|MRN1001`]: 'c1',
      [`Provenance?patient.identifier=${mrn}|MRN1001`]: 'v1',
      [`Appointment?practitioner.identifier=${npi}|1245319599&status=booked`]: 'a1 a2',
      [`Slot?schedule.actor:Practitioner.identifier=${npi}|1245319599`]: 's1 s2',
      'Slot?schedule.actor:Location.identifier=urn:portico:location:GHH|OR-OR3&status=busy': 's3',
      [`Slot?schedule.actor:Location.identifier=${npi}|1245319599`]: '',
      'Slot?schedule.identifier=SCH-DRPATEL&start=2026-03-18T10:30:00-05:00&status=busy-tentative': 's2',
      'Task?code=filler-request&focus:Appointment.identifier=urn:oid:2.16.840.1.113883.19.5.4|A1': 't1',
      [`Task?focus:Appointment.patient.identifier=${mrn}|MRN1001`]: 't1',
      [`Task?focus:Appointment.patient.identifier=${mrn}|MRN1002`]: '',
      [`Appointment?patient.identifier:not=${mrn}|MRN1001`]: 'a2',
      'Appointment?patient.gender=male': 'a2',
      'Appointment?patient.name=smith': 'a2',
      'Appointment?patient.family:exact=Smith': 'a2',
      'Appointment?patient._id=ann': 'a1 a3',
      'Appointment?patient.birthdate=1980-05-01': 'a1 a3',
      'Appointment?actor.name=patel': 'a1 a2',
    },
    '_has goes against the direction of references': {
      'Patient?_has:Appointment:patient:status=cancelled': 'ann',
      'Patient?_has:Appointment:patient:date=2026-03-05': 'ann bob',
      'Practitioner?_has:Appointment:practitioner:patient=ann': 'doc',
      'Patient?_has:Coverage:beneficiary:status=cancelled': '',
    },
    'results are sorted by time, text, id and change, with missing values last': {
      'Appointment?_sort=-date': 'a3 a2 a1',
      'Appointment?patient=ann&_sort=date': 'a1 a3',
      'Patient?_sort=birthdate': 'cyd ann bob',
      'Patient?gender=female,male&_sort=-birthdate': 'bob ann cyd',
      'Patient?_sort=family,-given': 'ann cyd bob',
      'Patient?_sort=-_id': 'cyd bob ann',
      'Patient?_sort=-_lastUpdated': 'cyd bob ann',
      'Patient?_sort=_lastUpdated&gender=female': 'ann cyd',
      'Patient?_sort=address-city': 'ann bob cyd',
      'Encounter?_sort=date': 'e2 e1',
    },
    'values are inert, whatever they look like': {
      "Patient?family='; drop table resource; --": '',
      'Patient?identifier=x\\|y': '',
      'Patient?family=\\': '',
      'Patient?family=🦊': '',
      'Patient?_id=../../etc': '',
      'Patient?identifier=': 'ann bob cyd',
    },
  }
  for (const [rule, table] of Object.entries(cases)) {
    test(rule, async () => {
      for (const [text, expected] of Object.entries(table)) {
        assert.equal(await find(text), expected, text)
      }
    })
  }

  test('long identifiers are found whole, and only whole', async () => {
    const long = 'x'.repeat(10_000)
    await writer(store.db).put([{ resourceType: 'Device', id: 'd1', identifier: [{ value: long }] }])
    const search = async (value: string): Promise<number> => {
      const filter = {
        kind: 'identifier',
        param: 'identifier',
        not: false,
        values: [{ system: undefined, code: value }],
      } as const
      const page = await searchPage(store.db.read, 1, { ...query('Device'), filters: [filter] })
      return page.rows.length
    }
    assert.equal(await search(long), 1)
    assert.equal(await search(`${long}y`), 0)
    assert.equal(await search(long.slice(1)), 0)
  })

  test('what was deleted, or belongs to another tenant, is never found', async () => {
    const writes = writer(store.db)
    await writes.put([
      { resourceType: 'Device', id: 'gone', identifier: [{ value: 'G1' }], status: 'active' },
    ])
    assert.equal(await find('Device?identifier=G1'), 'gone')
    assert.equal((await searchPage(store.db.read, 2, query('Device?identifier=G1'))).total, 0)
    await writes.remove('Device', 'gone')
    assert.equal(await find('Device?identifier=G1'), '')
    assert.equal(await find('Device?_id=gone'), '')
    assert.equal(await find('Device?status=active'), '')
  })

  test('_count=0 and _summary=count give the total alone', async () => {
    for (const text of ['Patient?_count=0', 'Patient?gender=female&_summary=count', 'Appointment?_count=0']) {
      const page = await searchPage(store.db.read, 1, query(text))
      assert.deepEqual(page.rows, [])
      assert.equal(page.total, text.includes('female') ? 2 : 3)
    }
  })
})
