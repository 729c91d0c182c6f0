// FHIR clients are sources like any other: versions, conflicts, what wins against messages, what is not theirs to change.
// CONTRACT.md section 7; semantics, sections 5, 6, 9 and 15.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Client } from '../../src/canonical/site.ts'
import { readJson } from '../../src/fhir/json.ts'
import type { FhirResource, FhirWrite, FhirWritten } from '../../src/pipeline/gateway.ts'
import { type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, register, segment, visit } from './messages.ts'

type Resource = FhirResource & Record<string, unknown> & { id: string }

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

const clientOf = (id: string): Client => {
  const client = gateway.engine.site().clients.get(id)
  assert.ok(client, id)
  return client
}

type Wish = Partial<Omit<FhirWrite, 'client'>> & { readonly client?: string }

function write(op: FhirWrite['op'], rtype: string, wish: Wish = {}): Promise<FhirWritten> {
  const { client = 'frontdesk', ...more } = wish
  return gateway.engine.write({
    op,
    rtype,
    client: clientOf(client),
    raw: Buffer.from('{}'),
    peer: 'test:1',
    strict: false,
    ...more,
  })
}

const create = (resource: FhirResource, wish: Wish = {}): Promise<FhirWritten> =>
  write('create', resource.resourceType, { change: () => ({ next: resource }), ...wish })

/** Changes the version that is current, unless `wish` names another. */
async function change(
  rtype: string,
  id: string,
  edit: (current: Resource) => Record<string, unknown>,
  wish: Wish = {},
): Promise<FhirWritten> {
  return await write('update', rtype, {
    id,
    ifMatch: await versionOf(rtype, id),
    change: (current) => ({ next: { resourceType: rtype, ...edit({ id, ...current } as Resource) } }),
    ...wish,
  })
}

async function versionOf(rtype: string, id: string): Promise<number> {
  const rows = await gateway.store.db.read.query<{ version: number }>(
    'test_version',
    'select version from resource where rtype = $1 and id = $2',
    [rtype, id],
  )
  return rows[0]?.version ?? 0
}

async function textOf(rtype: string, id: string): Promise<string> {
  const rows = await gateway.store.db.read.query<{ body: string }>(
    'test_body',
    'select body::text as body from resource where rtype = $1 and id = $2 and not deleted',
    [rtype, id],
  )
  return rows[0]?.body ?? ''
}

const mr = (value: string) => ({
  system: 'urn:oid:2.16.840.1.113883.19.5.1',
  value,
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
})
const person = (value: string, more: Record<string, unknown> = {}): FhirResource => ({
  resourceType: 'Patient',
  identifier: [mr(value)],
  name: [{ use: 'official', family: 'CHO', given: ['MIN'] }],
  ...more,
})

async function patients(value: string): Promise<Resource[]> {
  return ((await gateway.all('Patient')) as Resource[]).filter((each) =>
    JSON.stringify(each.identifier).includes(`"${value}"`),
  )
}
async function patient(value: string): Promise<Resource> {
  const found = await patients(value)
  assert.equal(found.length, 1, `${found.length} patients with ${value}`)
  return found[0] as Resource
}
const tasksOf = async (code: string, holds: string): Promise<Resource[]> =>
  ((await gateway.all('Task')) as Resource[]).filter(
    (each) => JSON.stringify(each.code).includes(code) && JSON.stringify(each).includes(holds),
  )

describe('versions', () => {
  it('count 1, 2, 3; the answer has the resource with its version', async () => {
    const created = await create(person('A1'))
    assert.equal(created.status, 201)
    assert.equal(created.version, 1)
    assert.match(created.body ?? '', /"meta":\{"versionId":"1"/)
    const updated = await change('Patient', created.id ?? '', (current) => ({ ...current, gender: 'female' }))
    assert.equal(updated.status, 200)
    assert.equal(updated.version, 2)
    assert.equal((await patient('A1')).gender, 'female')
  })

  it('must be named, and must be the current ones', async () => {
    const { id = '' } = await create(person('A2'))
    const edit = (current: Resource) => ({ ...current, gender: 'male' })
    assert.equal((await change('Patient', id, edit, { ifMatch: 2 })).status, 412)
    const wish = { id, change: () => ({ next: person('A2') }) }
    assert.equal((await write('update', 'Patient', wish)).status, 428)
    assert.equal((await write('patch', 'Patient', wish)).status, 428)
    assert.equal((await change('Patient', 'nobody', edit)).status, 404)
    assert.equal(await versionOf('Patient', id), 1)
  })

  it('are not made by a write that changes nothing', async () => {
    const { id = '' } = await create(person('A3', { gender: 'female' }))
    const again = await change('Patient', id, (current) => current)
    assert.equal(again.status, 200)
    assert.equal(again.version, 1)
    // A less trusted source may say another name; it is kept, but does not show.
    await gateway.send(...register('A3', { 5: 'CHO^MIN^^^^^L', 8: 'F' }, { time: '20260302090000' }))
    const before = await versionOf('Patient', id)
    const renamed = await change('Patient', id, (current) => ({
      ...current,
      name: [{ use: 'official', family: 'OTHER' }],
    }))
    assert.equal(renamed.status, 200)
    assert.equal(renamed.version, before)
    assert.equal(((await patient('A3')).name as { family: string }[])[0]?.family, 'CHO')
  })

  it('of concurrent writes on one version one is taken', async () => {
    const { id = '' } = await create(person('A4'))
    const answers = await Promise.all(
      ['male', 'female', 'other', 'unknown'].map((gender) =>
        change('Patient', id, (current) => ({ ...current, gender }), { ifMatch: 1 }),
      ),
    )
    assert.deepEqual(answers.map((each) => each.status).sort(), [200, 412, 412, 412])
    assert.equal(await versionOf('Patient', id), 2)
  })
})

describe('a client and a message on one field', () => {
  const home = (line: string) => ({ use: 'home', line: [line], city: 'SPRINGFIELD' })
  const update = (time: string, fields: Readonly<Record<number, string>>) =>
    gateway.send(
      msh({ event: 'ADT^A08^ADT_A01', time }),
      `EVN||${time}`,
      pid({ 3: mrn('B1'), 5: 'CHO^MIN^^^^^L', ...fields }),
    )
  const address = async () => (await patient('B1')).address as { line: string[] }[]

  it('the newer one wins, an echo is no change, an older one is stale and the rest of it applies', async () => {
    gateway.at('2026-03-03T07:00:00-06:00')
    await gateway.send(
      ...register(
        'B1',
        { 5: 'CHO^MIN^^^^^L', 11: '100 OLD RD^^SPRINGFIELD^^^^H' },
        { time: '20260303070000' },
      ),
    )
    const { id } = await patient('B1')
    gateway.at('2026-03-05T14:00:00-06:00')
    const patched = await change(
      'Patient',
      id,
      (current) => ({ ...current, address: [home('250 NEW AVE')] }),
      {
        client: 'portal',
        op: 'patch',
      },
    )
    assert.equal(patched.version, 2)
    const echo = await update('20260305140015', { 11: '250 NEW AVE^^SPRINGFIELD^^^^H' })
    assert.deepEqual(echo.errors, [])
    assert.equal(await versionOf('Patient', id), 2)
    const stale = await update('20260305133000', { 11: '100 OLD RD^^SPRINGFIELD^^^^H', 16: 'M' })
    assert.deepEqual(stale.errors, ['W STALE PID^1^11'])
    assert.equal((await address())[0]?.line[0], '250 NEW AVE')
    assert.ok((await patient('B1')).maritalStatus)
    gateway.at('2026-03-06T09:00:00-06:00')
    assert.deepEqual((await update('20260306080000', { 11: '9 THIRD ST^^ROCHESTER^^^^H' })).errors, [])
    assert.deepEqual(
      (await address()).map((each) => each.line[0]),
      ['9 THIRD ST'],
    )
  })

  it('what a client leaves out is deleted by it: older values do not come back, newer ones do', async () => {
    const { id } = await patient('B1')
    gateway.at('2026-03-07T10:00:00-06:00')
    const { status } = await change('Patient', id, ({ maritalStatus: _, ...others }) => others)
    assert.equal(status, 200)
    assert.equal((await patient('B1')).maritalStatus, undefined)
    await update('20260307090000', { 16: 'S' })
    assert.equal((await patient('B1')).maritalStatus, undefined)
    await update('20260307110000', { 16: 'D' })
    assert.ok((await patient('B1')).maritalStatus)
  })

  it('identifiers are not taken away by leaving them out', async () => {
    const { id } = await patient('B1')
    await change('Patient', id, ({ identifier: _, ...others }) => others)
    assert.equal((await patient('B1')).id, id)
  })

  it('a part of what a client wrote as a whole is changed by a later message, not by an earlier one', async () => {
    const insured = (time: string, start: string) =>
      gateway.send(
        msh({ event: 'ADT^A31^ADT_A05', time }),
        `EVN||${time}`,
        pid({ 3: mrn('B2'), 5: 'CHO^MIN^^^^^L' }),
        'PV1|1|N',
        `IN1|1|PPO^Plan^L|PPOP^^^PAYERID|Payer||||||||${start}|||||SEL|||||||||||||||||||B2-M`,
      )
    await insured('20260307080000', '20250101')
    const policy = async () =>
      ((await gateway.all('Coverage')) as Resource[]).find((each) => each.subscriberId === 'B2-M') as Resource
    gateway.at('2026-03-07T10:00:00-06:00')
    const { id } = await policy()
    const period = { start: '2025-02-01', end: '2026-12-31' }
    assert.equal((await change('Coverage', id, (current) => ({ ...current, period }))).status, 200)
    await insured('20260307090000', '20250301')
    assert.deepEqual((await policy()).period, period)
    await insured('20260307110000', '20250401')
    assert.deepEqual((await policy()).period, { start: '2025-04-01', end: '2026-12-31' })
  })

  it('says who did it: Provenance names the client', async () => {
    const { id = '' } = await create(person('B3'))
    const all = ((await gateway.all('Provenance')) as Resource[]).filter((each) =>
      JSON.stringify(each.target).includes(id),
    )
    assert.equal(all.length, 1)
    assert.match(JSON.stringify(all[0]?.agent), /"frontdesk"/)
  })
})

describe('identifiers that are taken', () => {
  it('a second patient with one is refused, as is adding it to another patient', async () => {
    await gateway.send(...register('C1'))
    const { id } = await patient('C1')
    const second = await create(person('C1'))
    assert.equal(second.status, 409)
    assert.match(second.issues[0]?.diagnostics ?? '', new RegExp(`Patient/${id}`))
    const other = await create(person('C2'))
    const adding = await change('Patient', other.id ?? '', (current) => ({
      ...current,
      identifier: [mr('C2'), mr('C1')],
    }))
    assert.equal(adding.status, 409)
    assert.equal((await patients('C1')).length, 1)
  })

  it('evidence such as a social security number is no reason to refuse', async () => {
    const ssn = {
      system: 'http://hl7.org/fhir/sid/us-ssn',
      value: '219099999',
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'SS' }] },
    }
    assert.equal((await create(person('C3', { identifier: [mr('C3'), ssn] }))).status, 201)
    assert.equal((await create(person('C4', { identifier: [mr('C4'), ssn] }))).status, 201)
  })

  it('with If-None-Exist the one that has it is the answer', async () => {
    const ifNoneExist = { system: mr('C5').system, value: 'C5' }
    const first = await create(person('C5'), { ifNoneExist })
    assert.equal(first.status, 201)
    const again = await create(person('C5', { gender: 'male' }), { ifNoneExist })
    assert.equal(again.status, 200)
    assert.equal(again.id, first.id)
    assert.equal((await patient('C5')).gender, undefined)
  })

  it('many at once: one is made', async () => {
    const ifNoneExist = { system: mr('C6').system, value: 'C6' }
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => create(person('C6'), { ifNoneExist })),
      ...Array.from({ length: 2 }, () => create(person('C6'))),
      gateway.send(...register('C6')).then(() => ({ status: 0 })),
    ])
    assert.equal((await patients('C6')).length, 1)
    assert.ok(
      answers.every((each) => [0, 200, 201, 409].includes(each.status)),
      JSON.stringify(answers),
    )
  })

  it('a message finds the patient that a client has made, and the client the one of a message', async () => {
    const { id = '' } = await create(person('C7'))
    await gateway.send(...register('C7', { 16: 'M' }, { time: '20260309080000' }))
    const found = await patient('C7')
    assert.equal(found.id, id)
    assert.ok(found.maritalStatus)
  })

  it('an identifier that a client adds is one by which messages find the patient', async () => {
    const { id = '' } = await create(person('C8'))
    await change('Patient', id, (current) => ({ ...current, identifier: [mr('C8'), mr('C9')] }))
    await gateway.send(...register('C9', { 16: 'M' }, { time: '20260309080000' }))
    assert.equal((await patient('C9')).id, id)
  })
})

describe('appointments', () => {
  const patel = {
    resourceType: 'Practitioner',
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1245319599' }],
    name: [{ family: 'PATEL' }],
  }
  const booking = (who: string, doctor: string, more: Record<string, unknown> = {}): FhirResource => ({
    resourceType: 'Appointment',
    status: 'booked',
    start: '2026-03-12T09:00:00-05:00',
    end: '2026-03-12T09:30:00-05:00',
    participant: [
      { actor: { reference: `Patient/${who}` }, status: 'accepted' },
      { actor: { reference: `Practitioner/${doctor}` }, status: 'accepted' },
    ],
    ...more,
  })
  const appointment = async (id: string): Promise<Resource> =>
    ((await gateway.all('Appointment')) as Resource[]).find((each) => each.id === id) as Resource

  it('on the gateway’s own schedule are booked, moved and called off by clients', async () => {
    const { id: doctor = '' } = await create(patel)
    const { id: who = '' } = await create(person('D1'))
    const booked = await create(booking(who, doctor))
    assert.equal(booked.status, 201)
    const id = booked.id ?? ''
    assert.equal((await gateway.all('Slot')).length, 1)
    const moved = await change('Appointment', id, (current) => ({
      ...current,
      start: '2026-03-12T10:00:00-05:00',
      end: '2026-03-12T10:30:00-05:00',
    }))
    assert.equal(moved.status, 200)
    const illegal = await change('Appointment', id, (current) => ({ ...current, status: 'fulfilled' }))
    assert.equal(illegal.status, 422)
    const text = illegal.issues[0]?.diagnostics ?? ''
    for (const state of ['booked', 'arrived', 'checked-in', 'noshow', 'cancelled', 'entered-in-error'])
      assert.ok(text.includes(state), `${state}: ${text}`)
    assert.equal((await appointment(id)).status, 'booked')
    const off = await change('Appointment', id, (current) => ({ ...current, status: 'cancelled' }))
    assert.equal(off.status, 200)
    assert.equal((await gateway.all('Slot')).length, 0)
  })

  it('of another owner stay as they are: 202, and a Task for the owner', async () => {
    const time = '20260309090000'
    const sent = await gateway.send(
      msh({ event: 'SIU^S12^SIU_S12', source: 'SCHED1|GHH', time }),
      segment('SCH', {
        2: 'FD2^SCHED1^2.16.840.1.113883.19.5.4^ISO',
        16: '77^CLERK',
        25: 'Booked^Booked^HL70278',
      }),
      segment('TQ1', { 1: '1', 6: '15^min&minute&ISO+', 7: '20260313100000' }),
      pid({ 3: mrn('D2'), 5: 'CHO^MIN^^^^^L' }),
      'RGS|1|A',
      segment('AIP', { 1: '1', 2: 'A', 3: '1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI' }),
    )
    assert.equal(sent.code, 'AA')
    const [found] = ((await gateway.all('Appointment')) as Resource[]).filter((each) =>
      JSON.stringify(each).includes('"FD2"'),
    )
    const id = found?.id ?? ''
    const before = await textOf('Appointment', id)
    const asked = await change('Appointment', id, (current) => ({ ...current, status: 'cancelled' }))
    assert.equal(asked.status, 202)
    assert.equal(asked.rtype, 'Task')
    assert.equal(await textOf('Appointment', id), before)
    const tasks = await tasksOf('filler-request', `Appointment/${id}`)
    assert.equal(tasks.length, 1)
    assert.match(JSON.stringify(tasks[0]), /SCHED1\|GHH/)
    // What is not legal is not asked for.
    assert.equal((await change('Appointment', id, (each) => ({ ...each, status: 'fulfilled' }))).status, 422)
    const stale = { ifMatch: 99 }
    assert.equal(
      (await change('Appointment', id, (each) => ({ ...each, status: 'cancelled' }), stale)).status,
      412,
    )
    assert.equal((await tasksOf('filler-request', `Appointment/${id}`)).length, 1)
  })
})

describe('deleting', () => {
  it('hides, is repeatable, and is undone by an update', async () => {
    gateway.at('2026-03-10T10:00:00-05:00')
    const { id = '' } = await create(person('E1'))
    assert.equal((await write('delete', 'Patient', { id })).status, 204)
    assert.equal((await patients('E1')).length, 0)
    assert.equal(await versionOf('Patient', id), 2)
    assert.equal((await write('delete', 'Patient', { id })).status, 204)
    assert.equal(await versionOf('Patient', id), 2)
    const patched = await write('patch', 'Patient', {
      id,
      ifMatch: 2,
      change: () => ({ next: person('E1') }),
    })
    assert.equal(patched.status, 410)
    gateway.at('2026-03-10T10:01:00-05:00')
    const back = await write('update', 'Patient', { id, ifMatch: 2, change: () => ({ next: person('E1') }) })
    assert.equal(back.version, 3)
    assert.equal((await patient('E1')).id, id)
  })

  it('needs no version, but heeds one', async () => {
    const { id = '' } = await create(person('E2'))
    assert.equal((await write('delete', 'Patient', { id, ifMatch: 7 })).status, 412)
    assert.equal((await write('delete', 'Patient', { id, ifMatch: 1 })).status, 204)
  })

  it('stands against older messages and is undone by newer ones', async () => {
    gateway.at('2026-03-10T12:00:00-05:00')
    await gateway.send(...register('E3', {}, { time: '20260310080000' }))
    const { id } = await patient('E3')
    assert.equal((await write('delete', 'Patient', { id })).status, 204)
    await gateway.send(...register('E3', { 16: 'M' }, { time: '20260310090000' }))
    assert.equal((await patients('E3')).length, 0)
    gateway.at('2026-03-10T15:00:00-05:00')
    await gateway.send(...register('E3', { 16: 'S' }, { time: '20260310140000' }))
    assert.equal((await patient('E3')).id, id)
  })

  it('a visit hides it, and an update brings it back', async () => {
    gateway.at('2026-03-10T16:00:00-05:00')
    const time = '20260310150000'
    await gateway.send(
      msh({ event: 'ADT^A01^ADT_A01', time }),
      `EVN||${time}`,
      pid({ 3: mrn('E4'), 5: 'CHO^MIN^^^^^L', 18: account('E4') }),
      segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 19: visit('E4') }),
    )
    const visits = async () =>
      ((await gateway.all('Encounter')) as Resource[]).filter((each) =>
        JSON.stringify(each.identifier).includes('"E4"'),
      )
    const [found] = await visits()
    const id = found?.id ?? ''
    assert.equal((await write('delete', 'Encounter', { id })).status, 204)
    assert.equal((await visits()).length, 0)
    gateway.at('2026-03-10T16:05:00-05:00')
    const next = { ...found, status: 'in-progress' } as FhirResource
    assert.equal(
      (await write('update', 'Encounter', { id, ifMatch: 2, change: () => ({ next }) })).status,
      200,
    )
    assert.equal((await visits()).length, 1)
  })

  it('a policy ends instead', async () => {
    const { id: who = '' } = await create(person('E5'))
    const { id = '' } = await create({
      resourceType: 'Coverage',
      status: 'active',
      beneficiary: { reference: `Patient/${who}` },
      payor: [{ display: 'Payer' }],
    })
    await write('delete', 'Coverage', { id })
    assert.match(await textOf('Coverage', id), /"status": "cancelled"/)
  })
})

describe('decimals', () => {
  const exact = (text: string): FhirResource => {
    const read = readJson(text)
    assert.ok('value' in read)
    return read.value as FhirResource
  }

  it('keep their digits through a create and an update of something else', async () => {
    const { id: who = '' } = await create(person('F1'))
    const item = exact(
      `{"resourceType":"ChargeItem","status":"billable","code":{"text":"x"},"subject":{"reference":"Patient/${who}"},
        "quantity":{"value":1.0},"priceOverride":{"value":150.00,"currency":"USD"}}`,
    )
    const created = await create(item)
    assert.equal(created.status, 201)
    assert.match(created.body ?? '', /"value":150\.00/)
    const id = created.id ?? ''
    assert.match(await textOf('ChargeItem', id), /"value": 150\.00/)
    await change('ChargeItem', id, (current) => ({ ...current, overrideReason: 'agreed' }))
    const text = await textOf('ChargeItem', id)
    assert.match(text, /"value": 150\.00/)
    assert.match(text, /"value": 1\.0[,}]/)
  })

  it('that a client has written outlive a message about something else', async () => {
    const insured = (time: string, group: string) =>
      gateway.send(
        msh({ event: 'ADT^A31^ADT_A05', time }),
        `EVN||${time}`,
        pid({ 3: mrn('F2'), 5: 'CHO^MIN^^^^^L' }),
        'PV1|1|N',
        `IN1|1|PPO^Plan^L|PPOP^^^PAYERID|Payer||||${group}||||20250101|||||SEL|||||||||||||||||||F2-M`,
      )
    await insured('20260311080000', 'G1')
    const [found] = ((await gateway.all('Coverage')) as Resource[]).filter(
      (each) => each.subscriberId === 'F2-M',
    )
    const id = found?.id ?? ''
    gateway.at('2026-03-11T10:00:00-05:00')
    const cost = exact(
      '{"resourceType":"Coverage","costToBeneficiary":[{"valueMoney":{"value":30.00,"currency":"USD"}}]}',
    )
    const { costToBeneficiary } = cost
    await change('Coverage', id, (current) => ({ ...current, costToBeneficiary }))
    assert.match(await textOf('Coverage', id), /"value": 30\.00/)
    gateway.at('2026-03-11T12:00:00-05:00')
    await insured('20260311110000', 'G2')
    assert.match(await textOf('Coverage', id), /G2/)
    assert.match(await textOf('Coverage', id), /"value": 30\.00/)
  })
})
