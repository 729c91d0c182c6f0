// $translate: the Bundle that one message makes, nothing stored; ?profile=ig as the guide has it (semantics, section 19).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { account, mrn, msh, pid, segment, visit } from '../pipeline/messages.ts'
import { type TestApp, testApp } from './setup.ts'

type Json = Record<string, unknown>
let app: TestApp
before(async () => {
  app = await testApp()
})
after(() => app.close())

async function translate(segments: readonly string[], query = '', as = 'analyst') {
  const headers = { 'content-type': 'application/hl7-v2+er7; charset=utf-8' }
  const answer = await app.ask(`/hl7v2/$translate${query}`, {
    method: 'POST',
    as,
    headers,
    body: `${segments.join('\r')}\r`,
  })
  const entry = (answer.body.entry ?? []) as unknown as { resource: Json }[]
  const of = (type: string) =>
    entry.map(({ resource }) => resource).filter((each) => each.resourceType === type)
  return { ...answer, of }
}

const registered = (event = 'A04') => [
  msh({ event: `ADT^${event}^ADT_A01` }),
  'EVN||20260302080000',
  pid({ 3: mrn('T1'), 5: 'DOE^JANE^^^^^L', 8: 'F', 18: account('AC1') }),
  segment('PV1', { 1: '1', 2: 'O', 3: 'A^1^1', 19: visit('V1'), 20: 'AUTO' }),
  segment('IN1', {
    1: '1',
    2: 'PLAN^Plan',
    3: 'PAY1^^^PAYERID',
    4: 'PAYER',
    16: 'DOE^ANN',
    17: 'CHD',
    36: 'M1',
    49: 'S1^^^PAYERID',
  }),
]
const booked = [
  msh({ event: 'SIU^S12^SIU_S12', source: 'SCHED1|GHH' }),
  segment('SCH', {
    2: 'F1^SCHED1',
    7: 'ROUTINE^Routine^HL70276',
    8: 'Normal^Normal^HL70277',
    11: '^^^20260305090000^20260305093000',
    25: 'Overbook',
  }),
  pid({ 3: mrn('T1'), 5: 'DOE^JANE^^^^^L', 8: 'F' }),
  segment('RGS', { 1: '1' }),
  segment('AIS', { 1: '1', 3: 'OV^Visit', 10: 'Booked' }),
]

describe('POST /hl7v2/$translate', () => {
  it('gives the Bundle under the rules of the gateway, and stores nothing', async () => {
    const { status, of, headers } = await translate(registered())
    assert.equal(status, 200)
    assert.match(headers.get('content-type') ?? '', /^application\/fhir\+json/)
    assert.equal(of('Encounter')[0]?.status, 'arrived')
    assert.equal(of('Patient').length, 1)
    assert.equal(of('Coverage')[0]?.subscriberId, 'S1')
    assert.deepEqual(await app.all('Patient'), [])
    const rows = await app.store.db.read.query('test_count', 'select 1 from message', [])
    assert.equal(rows.length, 0)
  })

  it('says why there is none', async () => {
    const { status, body } = await translate([msh({ event: 'ADT^A28' }), pid({ 5: 'DOE^JANE' })])
    assert.equal(status, 422)
    assert.equal(body.resourceType, 'OperationOutcome')
    assert.match(JSON.stringify(body), /patient identifier is missing/)
  })

  it('is for those who may send: 403 for others, a source for itself alone', async () => {
    assert.equal((await translate(registered(), '', 'frontdesk')).status, 403)
    assert.equal((await translate(registered(), '', 'SCHED1|GHH')).status, 403)
    assert.equal((await translate(registered(), '', 'ADT1|GHH')).status, 200)
    assert.equal((await translate(registered(), '?profile=us')).status, 400)
  })
})

describe('?profile=ig', () => {
  it('has the status of a visit as the guide: A04 planned, A08 unknown, else by class', async () => {
    const statusOf = async (event: string) =>
      (await translate(registered(event), '?profile=ig')).of('Encounter')[0]?.status
    assert.deepEqual(
      [await statusOf('A04'), await statusOf('A08'), await statusOf('A01')],
      ['planned', 'unknown', 'in-progress'],
    )
  })

  it('has Coverage from PV1-20, the R5 extension for IN1-49, the role code of IN1-17, and CX.4 as assigner', async () => {
    const { of } = await translate(registered(), '?profile=ig')
    const [fromVisit, policy] = of('Coverage')
    assert.match(JSON.stringify(fromVisit), /"type":\{"coding":\[\{[^\]]*"AUTO"/)
    assert.equal(policy?.subscriberId, undefined)
    assert.match(JSON.stringify(policy), /extension-Coverage\.subscriberId/)
    assert.match(JSON.stringify(policy?.relationship), /v3-RoleCode/)
    const [identifier] = (of('Patient')[0]?.identifier ?? []) as Json[]
    assert.deepEqual(identifier, {
      value: 'T1',
      type: {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/v2-0203',
            code: 'MR',
            display: 'Medical record number',
          },
        ],
      },
      assigner: { display: 'GHH' },
    })
  })

  it('has SCH-8 as appointmentType, AIS-10 as status, and none for Overbook', async () => {
    const [appointment] = (await translate(booked, '?profile=ig')).of('Appointment')
    assert.match(JSON.stringify(appointment?.appointmentType), /Normal/)
    assert.equal(appointment?.status, 'booked', 'of AIS-10, for SCH-25 has none')
    const [ours] = (await translate(booked)).of('Appointment')
    assert.match(JSON.stringify(ours?.appointmentType), /ROUTINE/)
  })

  it('has the places and the period of a visit, and an active account, as PV1 and PID say', async () => {
    const stay = [
      msh({ event: 'ADT^A01^ADT_A01' }),
      'EVN||20260302080000',
      pid({ 3: mrn('T1'), 5: 'DOE^JANE^^^^^L', 8: 'F', 18: account('AC1') }),
      segment('PV1', { 1: '1', 2: 'I', 3: 'A^1^1', 6: 'B^2^2', 19: visit('V1'), 44: '20260302073000-0600' }),
      segment('AL1', { 1: '1', 2: 'DA', 3: 'PEN^Penicillin^L' }),
    ]
    const { of } = await translate(stay, '?profile=ig')
    const [encounter] = of('Encounter')
    const places = (encounter?.location ?? []) as { status: string; location: { display: string } }[]
    assert.deepEqual(
      places.map(({ status, location }) => `${status} ${location.display}`),
      ['active A-1-1', 'completed B-2-2'],
    )
    assert.deepEqual(encounter?.period, { start: '2026-03-02T07:30:00-06:00' })
    assert.equal(of('Account')[0]?.status, 'active')
    const [allergy] = of('AllergyIntolerance')
    assert.match(JSON.stringify(allergy?.clinicalStatus), /"active"/)
    assert.match(JSON.stringify(allergy?.patient), /Patient\//)
  })

  it('has the times of an appointment, and its patient among those who take part', async () => {
    const [appointment] = (await translate(booked, '?profile=ig')).of('Appointment')
    assert.deepEqual(
      [appointment?.start, appointment?.end],
      ['2026-03-05T09:00:00-06:00', '2026-03-05T09:30:00-06:00'],
    )
    assert.match(JSON.stringify(appointment?.participant), /Patient\//)
  })

  it('makes of a merge an account of unknown status', async () => {
    const merge = [
      msh({ event: 'ADT^A40^ADT_A39' }),
      'EVN||20260302080000',
      pid({ 3: mrn('T1'), 5: 'DOE^JANE^^^^^L', 8: 'F' }),
      segment('MRG', { 1: mrn('T2'), 3: account('AC2') }),
    ]
    const [prior] = (await translate(merge, '?profile=ig')).of('Account')
    assert.equal(prior?.status, 'unknown')
  })
})
