// MFN: practitioners and places as their master file has them (HL7 v2.9.1 chapter 8; mapping, section 3.3).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

interface Master {
  readonly id: string
  readonly active?: boolean
  readonly status?: string
  readonly name?: unknown
  readonly partOf?: { readonly reference: string }
  readonly practitioner?: { readonly reference: string }
  readonly location?: readonly { readonly reference: string }[]
  readonly identifier?: readonly { readonly value?: string }[]
}

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
  gateway.at('2026-07-01T08:00:00-05:00')
})
after(() => gateway.close())

async function one(rtype: string, value: string): Promise<Master | undefined> {
  const all = (await gateway.all(rtype)) as unknown as Master[]
  const found = all.filter(({ identifier }) => identifier?.some((each) => each.value === value))
  assert.ok(found.length < 2, `${value} is one ${rtype}`)
  return found[0]
}

const npi = (value: string): string => `${value}^^^NPI&2.16.840.1.113883.4.6&ISO^NPI`
const mfn = (event: 'M02' | 'M05', time: string, ...segments: string[]): Promise<Answer> =>
  gateway.send(
    msh({ event: `MFN^${event}^MFN_${event}`, time }),
    'MFI|STF^Staff^HL70175||UPD|||NE',
    ...segments,
  )
const staff = (fields: Readonly<Record<number, string>>): string => segment('STF', { 1: 'S1', ...fields })
const admitted = (who: string, doctor: string, time: string): Promise<Answer> =>
  gateway.send(
    msh({ event: 'ADT^A01^ADT_A01', time }),
    `EVN||${time}`,
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
    segment('PV1', { 2: 'I', 3: '5E^501^A^GHH', 7: doctor, 19: visit(`V-${who}`), 44: time }),
  )

describe('MFN^M02', () => {
  it('adds a practitioner, whom visits then name by any of the numbers', async () => {
    const answer = await mfn(
      'M02',
      '20260501080000',
      'MFE|MAD|1||S1|CWE',
      staff({ 2: npi('1588888804'), 3: 'HOLM^INGRID^M^^DR^^L', 4: 'P^Physician', 5: 'F', 7: 'A' }),
      segment('PRA', { 5: 'Cardiology^ABIM', 6: '1588888804^NPI~AB12^DEA^IL' }),
    )
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    await admitted('M1', '1588888804^HOLM^I^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI', '20260502080000')
    const made = await one('Practitioner', '1588888804')
    assert.equal(made?.active, true)
    const [visited] = (await gateway.all('Encounter')) as { participant?: { individual: unknown }[] }[]
    assert.deepEqual(visited?.participant?.[0]?.individual, {
      reference: `Practitioner/${made?.id}`,
      display: 'HOLM, I',
    })
    const [role] = (await gateway.all('PractitionerRole')) as unknown as Master[]
    assert.equal(role?.practitioner?.reference, `Practitioner/${made?.id}`)
  })
  it('counts before what messages say in passing, whenever they say it', async () => {
    const made = await one('Practitioner', '1588888804')
    assert.deepEqual(made?.name, [
      { use: 'official', family: 'HOLM', given: ['INGRID', 'M'], prefix: ['DR'] },
    ])
  })
  it('MUP replaces what it names and keeps the rest; MDC puts out of use; MAC takes back', async () => {
    const person = staff({ 2: npi('1588888804'), 3: 'BERG^INGRID^^^^^L' })
    await mfn('M02', '20260503080000', 'MFE|MUP|1||S1|CWE', person)
    const updated = (await one('Practitioner', '1588888804')) as Master & { gender?: string }
    assert.deepEqual([updated.active, updated.gender], [true, 'female'])
    assert.deepEqual(updated.name, [{ use: 'official', family: 'BERG', given: ['INGRID'] }])
    await mfn('M02', '20260504080000', 'MFE|MDC|1||S1|CWE', person)
    assert.equal((await one('Practitioner', '1588888804'))?.active, false)
    const [role] = (await gateway.all('PractitionerRole')) as unknown as Master[]
    assert.equal(role?.active, false)
    await mfn('M02', '20260505080000', 'MFE|MAC|1||S1|CWE', person)
    assert.equal((await one('Practitioner', '1588888804'))?.active, true)
  })
  it('MDL by the key alone leaves what others refer to, out of use; of nobody it is a warning', async () => {
    await mfn('M02', '20260506080000', 'MFE|MDL|1||S1|CWE')
    assert.equal((await one('Practitioner', '1588888804'))?.active, false)
    const answer = await mfn('M02', '20260506090000', 'MFE|MDL|1||S9|CWE')
    assert.deepEqual([answer.code, answer.errors], ['AA', ['W NOTHING-TO-CANCEL MFE^1^4']])
  })
  it('of several records applies all or none', async () => {
    const answer = await mfn(
      'M02',
      '20260507080000',
      'MFE|MAD|1||S2|CWE',
      segment('STF', { 1: 'S2', 2: npi('1699999906'), 3: 'SOLO^HAN' }),
      'MFE|XXX|2||S3|CWE',
      segment('STF', { 1: 'S3', 3: 'ORGANA^LEIA' }),
    )
    assert.deepEqual([answer.code, answer.errors], ['AE', ['E 103 MFE^2^1']])
    assert.equal(await one('Practitioner', '1699999906'), undefined)
  })
  it('who is named by the bare number of the file is that person, whichever comes first', async () => {
    const seen = (who: string, doctor: string, time: string) =>
      gateway.send(
        msh({ event: 'ADT^A08^ADT_A01', time }),
        `EVN||${time}`,
        pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
        segment('PV1', { 2: 'I', 19: visit(`V-${who}`) }),
        segment('OBX', { 2: 'ST', 3: 'HT', 5: '180', 11: 'F', 16: doctor }),
      )
    await seen('B1', 'S71^VETTER^UDO', '20260507090000')
    await mfn(
      'M02',
      '20260507100000',
      'MFE|MAD|1||S71|CWE',
      segment('STF', { 1: 'S71', 2: npi('1766666602'), 3: 'VETTER^UDO' }),
      'MFE|MAD|2||S72|CWE',
      segment('STF', { 1: 'S72', 2: 'X72', 3: 'WANG^LI' }),
    )
    await seen('B2', 'S72^WANG^LI', '20260507110000')
    await mfn('M02', '20260507120000', 'MFE|MDC|1||S71|CWE')
    const people = (await gateway.all('Practitioner')).filter(({ name }) =>
      /VETTER|WANG/.test(JSON.stringify(name)),
    )
    assert.deepEqual(people.map(({ active }) => active).sort(), [false, true])
    const performers = (await gateway.all('Observation')).map(
      (each) => each.performer as { reference: string }[],
    )
    assert.deepEqual(
      performers.flatMap((each) => each.map(({ reference }) => reference)).sort(),
      people.map(({ id }) => `Practitioner/${id}`).sort(),
    )
  })
  it('holds since MFE-3: a record that is older than what is known changes nothing', async () => {
    const record = (value: string, since: string, time: string, action: string) =>
      mfn(
        'M02',
        time,
        `MFE|${action}|1|${since}|S5|CWE`,
        segment('STF', { 1: 'S5', 2: npi(value), 3: 'ONO^YOKO' }),
      )
    await record('1855555504', '20260401', '20260507130000', 'MAD')
    await record('1855555504', '20260410', '20260507130500', 'MDC')
    const late = await record('1855555504', '20260405', '20260507131000', 'MAC')
    assert.deepEqual([late.code, late.errors], ['AA', []])
    assert.equal((await one('Practitioner', '1855555504'))?.active, false)
    const ahead = await record('1855555504', '20270101', '20260507132000', 'MAC')
    assert.deepEqual([ahead.code, ahead.errors], ['AA', ['W FUTURE-EVENT MFE^1^3']])
    assert.equal((await one('Practitioner', '1855555504'))?.active, true)
  })
  it('without a record, or without a number in it, is refused', async () => {
    const empty = await mfn('M02', '20260508080000')
    assert.deepEqual([empty.code, empty.errors], ['AE', ['E 101 MFE^1']])
    const nameless = await mfn('M02', '20260508090000', 'MFE|MAD|1||X|CWE', 'STF|||SOLO^HAN')
    assert.deepEqual([nameless.code, nameless.errors], ['AE', ['E 101 STF^1^2']])
  })
})

describe('MFN^M05', () => {
  it('says of the bed that visits name what it is like, and what is offered there', async () => {
    const answer = await mfn(
      'M05',
      '20260501090000',
      'MFE|MAD|1||5E^501^A^GHH|PL',
      segment('LOC', { 1: '5E^501^A^GHH', 2: 'Bed by the window', 3: 'B^Bed', 6: '^WPN^PH^^1^217^5550170' }),
      segment('LDP', { 1: '5E^501^A^GHH', 2: 'ONC^Oncology', 3: 'MED^Medical', 6: 'A' }),
    )
    assert.deepEqual([answer.code, answer.errors], ['AA', []])
    const bed = (await one('Location', '5E-501-A')) as (Master & { description?: string }) | undefined
    assert.deepEqual([bed?.status, bed?.description], ['active', 'Bed by the window'])
    const visits = (await gateway.all('Encounter')) as { location?: { location: { reference: string } }[] }[]
    const visited = visits.find(({ location }) => location !== undefined)
    assert.equal(visited?.location?.[0]?.location.reference, `Location/${bed?.id}`)
    const [service] = (await gateway.all('HealthcareService')) as unknown as Master[]
    assert.deepEqual([service?.name, service?.location?.[0]?.reference], ['Oncology', `Location/${bed?.id}`])
  })
  it('bed, room, point of care and facility are one chain, each there once', async () => {
    const bed = await one('Location', '5E-501-A')
    const room = await one('Location', '5E-501')
    const care = await one('Location', '5E')
    const facility = await one('Location', 'GHH')
    assert.deepEqual(
      [bed, room, care].map((each) => each?.partOf?.reference),
      [room, care, facility].map((each) => `Location/${each?.id}`),
    )
  })
  it('MDC puts the place out of use', async () => {
    await mfn('M05', '20260502090000', 'MFE|MDC|1||5E^501^A^GHH|PL')
    assert.equal((await one('Location', '5E-501-A'))?.status, 'inactive')
    assert.equal((await one('Location', '5E-501'))?.status, 'active')
  })
})

describe('names and ids', () => {
  let messages = 0
  const seen = (
    who: string,
    fields: Readonly<Record<number, string>>,
    ...more: string[]
  ): Promise<Answer> => {
    const time = `2026060108${String(messages++).padStart(2, '0')}00`
    return gateway.send(
      msh({ event: 'ADT^A01^ADT_A01', time }),
      `EVN||${time}`,
      pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 18: `${who}^^^GHHACCT&2.16.840.1.113883.19.5.2&ISO^AN` }),
      segment('PV1', { 2: 'I', 19: visit(`N-${who}`), ...fields }),
      ...more,
    )
  }
  const count = async (rtype: string, test: RegExp): Promise<number> =>
    (await gateway.all(rtype)).filter((each) => test.test(JSON.stringify(each))).length

  it('of a practitioner: any of the numbers, in any field of any message, is one person', async () => {
    const staffNumber = '77^KIRK^JAMES^^^^^^GHHSTAFF&2.16.840.1.113883.19.5.8&ISO'
    const npiNumber = '1999999984^KIRK^JAMES^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI'
    await seen('K1', { 7: `${staffNumber}~${npiNumber}` })
    await seen('K2', { 8: npiNumber })
    await seen('K3', { 9: staffNumber, 17: npiNumber })
    assert.equal(await count('Practitioner', /KIRK/), 1)
  })
  it('of a practitioner without number: the name inside the source, however it is written', async () => {
    await seen('S1', { 7: '^SPOCK^S' })
    await seen('S2', { 7: '^Spock^S^^^Dr^MD' })
    assert.equal(await count('Practitioner', /SPOCK/i), 1)
  })
  it('of a place: every level is there once, whoever is in it', async () => {
    await seen('L1', { 3: '7W^701^A^GHH' })
    await seen('L2', { 3: '7W^701^B^GHH', 6: '7W^702^A^GHH' })
    await seen('L3', { 3: '7W^^^GHH' })
    assert.deepEqual(
      await Promise.all(
        ['A', 'B', '701', '702', '7W'].map((name) =>
          count('Location', new RegExp(`"name":"${name}".*"7W|"7W.*"name":"${name}"`)),
        ),
      ),
      [2, 1, 1, 1, 1],
    )
    assert.equal(await count('Location', /urn:portico:facility/), 1)
  })
  it('of a payer: IN1-3 of any source; without it the name inside the source', async () => {
    const policy = (fields: Readonly<Record<number, string>>) =>
      segment('IN1', { 1: '1', 2: 'PLAN', 36: 'M1', ...fields })
    const number = 'PAY77^^^PAYERID&2.16.840.1.113883.19.9.9&ISO'
    await seen('I1', {}, policy({ 3: number, 4: 'Galactic Mutual' }))
    await seen('I2', {}, policy({ 3: number, 4: 'GALACTIC MUTUAL INC' }))
    await seen('I3', {}, policy({ 4: 'Terran Life' }))
    await seen('I4', {}, policy({ 4: 'TERRAN  LIFE.' }))
    assert.equal(await count('Organization', /PAY77/), 1)
    assert.equal(await count('Organization', /Terran/i), 1)
  })
})
