// Messages that are seldom complete: what they say is kept, and what comes of it is valid R4.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { validateResource } from '../../src/fhir/validate.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

let number = 0
type Resource = Record<string, unknown> & { readonly resourceType?: string }

/** Sends an event about a new person and returns what it made; everything is valid. */
async function made(event: string, over: Readonly<Record<number, string>>, ...segments: string[]) {
  const value = `SELDOM${++number}`
  const source = event.startsWith('SIU') ? 'SCHED1|GHH' : 'ADT1|GHH'
  const head = event.startsWith('SIU') ? [segments[0] ?? ''] : ['EVN||20260302080000']
  const rest = event.startsWith('SIU') ? segments.slice(1) : segments
  const person = pid({ 3: mrn(value), 5: 'DOE^JANE^^^^^L', ...over })
  const answer = await gateway.send(msh({ event, source }), ...head, person, ...rest)
  assert.deepEqual([answer.code, gateway.faults], ['AA', []], answer.text)
  const [patient] = (await gateway.all('Patient')).filter((each) =>
    JSON.stringify(each.identifier).includes(`"${value}"`),
  )
  assert.ok(patient)
  const of = async (type: string) =>
    (await gateway.all(type)).filter((each) =>
      JSON.stringify(each).includes(`Patient/${patient.id}`),
    ) as Resource[]
  const valid = (resource: object) =>
    assert.deepEqual(
      validateResource(resource).filter(({ severity }) => severity === 'error'),
      [],
    )
  return { patient: patient as Resource, of, valid }
}

describe('seldom complete', () => {
  it('NK1 with no more than a relationship is a contact whose name is unknown', async () => {
    const { patient, valid } = await made('ADT^A28^ADT_A05', {}, 'NK1|1||SPO')
    const [contact] = patient.contact as {
      name: { extension: { valueCode: string }[] }
      relationship: unknown[]
    }[]
    assert.equal(contact?.name.extension[0]?.valueCode, 'unknown')
    assert.equal(contact?.relationship.length, 1)
    valid({ ...patient, resourceType: 'Patient' })
  })
  it('an alias (PID-9) stands beside the name, whatever its type', async () => {
    const { patient } = await made('ADT^A28^ADT_A05', { 9: 'ROE^ANN^^^^^L~POE^A' })
    assert.deepEqual(
      (patient.name as { family: string }[]).map(({ family }) => family),
      ['DOE', 'ROE', 'POE'],
    )
  })
  it('a booking that names its visit (PV1-19) opens it as planned, until somebody tells of it', async () => {
    const parts = [
      'SCH|P1^PORTAL|SF1|||||||30|MIN|^^^20260305100000',
      segment('PV1', { 2: 'O', 7: '9^LIN^E', 19: visit('SV-1') }),
      'AIL|1||CLN1',
    ]
    const { of, valid } = await made('SIU^S12^SIU_S12', {}, ...parts)
    const [encounter] = await of('Encounter')
    assert.ok(encounter)
    assert.equal(encounter.status, 'planned')
    assert.equal((encounter.appointment as unknown[]).length, 1)
    assert.equal((encounter.participant as unknown[]).length, 1)
    valid({ ...encounter, resourceType: 'Encounter' })
  })
  it('SCH-6 says why something was booked or moved: an extension, until it is why it was called off', async () => {
    const booked = 'SCH|P2^PORTAL|SF2||||NEWREF^New referral^L|||30|MIN|^^^20260305110000'
    const { of } = await made('SIU^S12^SIU_S12', {}, booked, 'AIL|1||CLN1')
    const [appointment] = await of('Appointment')
    assert.match(JSON.stringify(appointment?.extension), /event-reason.*NEWREF/)
  })
  it('PD1-10 links another record that may be the same person and asks somebody, and A37 says that they are two', async () => {
    const first = await made('ADT^A28^ADT_A05', {})
    const other = mrn(`SELDOM${number}`)
    const { patient } = await made('ADT^A28^ADT_A05', {}, segment('PD1', { 10: other }))
    const link = [{ other: { reference: `Patient/${first.patient.id}` }, type: 'seealso' }]
    assert.deepEqual(patient.link, link)
    const tasks = async () =>
      (await gateway.all('Task')).filter((each) => JSON.stringify(each).includes(`"Patient/${patient.id}"`))
    const [asked] = await tasks()
    assert.match(JSON.stringify(asked?.code), /"possible-duplicate"/)
    assert.equal(asked?.status, 'requested')
    assert.match(
      JSON.stringify(asked?.input),
      /"match-grade".*"valueCode":"possible"|"valueCode":"possible".*"match-grade"/,
    )
    assert.ok(JSON.stringify(asked?.input).includes(`"Patient/${first.patient.id}"`))
    const own = mrn(`SELDOM${number}`)
    const two = [own, other].map((each) => pid({ 3: each, 5: 'DOE^JANE^^^^^L' }))
    await gateway.send(
      msh({ event: 'ADT^A37^ADT_A37', time: '20260302090000' }),
      'EVN||20260302090000',
      ...two,
    )
    const shown = (await gateway.all('Patient')).find(({ id }) => id === patient.id)
    assert.equal(shown?.link, undefined)
    assert.deepEqual(
      (await tasks()).map(({ status }) => status),
      ['completed'],
    )
  })
  it('RGS-3 names the set that a participant is one of', async () => {
    const booked = 'SCH|P3^PORTAL|SF3|||||||30|MIN|^^^20260305120000'
    const { of } = await made('SIU^S12^SIU_S12', {}, booked, 'RGS|1|A|SET7', 'AIL|1|A|CLN1')
    const [appointment] = await of('Appointment')
    assert.match(JSON.stringify(appointment?.participant), /resource-group-id","valueString":"SET7"/)
  })
})
