// What senders do that no sample of ours did: numbers repeated beside the one that changes, people named first by a move,
// guarantors without an account, names with blanks in MSH (HL7 v2.9.1 chapters 2, 3 and 6; semantics, sections 1, 3 and 7).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, register, segment, visit } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.sources = [
        ...(site.sources as object[]),
        { id: 'HNAM PM|County General', token: 'county' },
        { id: 'ALONE|', token: 'alone' },
      ]
    }),
  )
})
after(() => gateway.close())

const evn = 'EVN||20260302080000'
const called = 'DOE^JANE^^^^^L'

interface Numbered {
  readonly id: string
  readonly active?: boolean
  readonly identifier?: readonly { readonly value?: string; readonly use?: string }[]
}

const having = async (rtype: string, value: string): Promise<Numbered> => {
  const all = (await gateway.all(rtype)) as unknown as Numbered[]
  const found = all.filter((each) => each.identifier?.some((one) => one.value === value && one.use !== 'old'))
  assert.equal(found.length, 1, `${found.length} ${rtype} have ${value}`)
  return found[0] as Numbered
}

describe('a change of one number of several', () => {
  it('leaves those alone that MRG repeats: A46 changes PID-2', async () => {
    await gateway.send(...register('S1', { 2: 'OLD1^^^GHH^PT' }))
    const { id } = await having('Patient', 'S1')
    const { code, errors } = await gateway.send(
      msh({ event: 'ADT^A46^ADT_A30' }),
      evn,
      pid({ 2: 'NEW1^^^GHH^PT', 3: mrn('S1'), 5: called }),
      segment('MRG', { 1: mrn('S1'), 4: 'OLD1^^^GHH^PT' }),
    )
    assert.deepEqual([code, ...errors], ['AA'])
    assert.equal((await having('Patient', 'NEW1')).id, id)
    assert.equal((await having('Patient', 'S1')).id, id)
  })

  it('merges by the numbers that differ', async () => {
    await gateway.send(...register('S2'))
    await gateway.send(...register('S3'))
    const shared = 'E1^^^WCL^PI'
    const { code } = await gateway.send(
      msh({ event: 'ADT^A40^ADT_A39' }),
      evn,
      pid({ 3: `${mrn('S2')}~${shared}`, 5: called }),
      segment('MRG', { 1: `${mrn('S3')}~${shared}` }),
    )
    assert.equal(code, 'AA')
    assert.equal((await having('Patient', 'S2')).active, true)
  })

  it('is refused when nothing differs', async () => {
    await gateway.send(...register('S4'))
    const { errors } = await gateway.send(
      msh({ event: 'ADT^A47^ADT_A30' }),
      evn,
      pid({ 3: mrn('S4'), 5: called }),
      segment('MRG', { 1: mrn('S4') }),
    )
    assert.match(String(errors), /SAME-ID/)
  })
})

describe('an account or a visit that moves', () => {
  it('to somebody of whom nobody has told makes that person known', async () => {
    const first = pid({ 3: mrn('S10'), 5: called, 18: account('SA10') })
    await gateway.send(
      msh({ event: 'ADT^A01^ADT_A01' }),
      evn,
      first,
      segment('PV1', { 1: '1', 2: 'I', 19: visit('SV10') }),
    )
    const { code, errors } = await gateway.send(
      msh({ event: 'ADT^A44^ADT_A43' }),
      evn,
      pid({ 3: mrn('S11'), 5: 'ROE^RUTH^^^^^L', 8: 'F' }),
      segment('MRG', { 1: mrn('S10'), 3: account('SA10') }),
    )
    assert.deepEqual([code, ...errors], ['AA'])
    const right = await having('Patient', 'S11')
    const moved = JSON.stringify([await having('Account', 'SA10'), await having('Encounter', 'SV10')])
    assert.equal(moved.split(`Patient/${right.id}`).length, 3, moved)
  })
})

describe('a guarantor', () => {
  it('of a person without an account is a related person all the same', async () => {
    const [head = '', event = '', person = '', none = ''] = register('S20')
    const gt1 = segment('GT1', { 1: '1', 2: 'G20^^^GHH', 3: 'DOE^FRANK', 11: 'FTH^Father^HL70063' })
    assert.equal((await gateway.send(head, event, person, none, gt1)).code, 'AA')
    const { id } = await having('Patient', 'S20')
    const father = (await having('RelatedPerson', 'G20')) as Numbered & { patient?: { reference?: string } }
    assert.equal(father.patient?.reference, `Patient/${id}`)
  })
})

describe('a number of everybody', () => {
  it('has the system that FHIR has for it, named or by its OID, though the site does not list it', async () => {
    const alone = await testGateway(
      acceptanceSite((site) => {
        site.authorities = (site.authorities as { namespace: string }[]).filter(
          ({ namespace }) => namespace !== 'NPI',
        )
      }),
    )
    const doctors = [
      '1234567893^HOUSE^GREG^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
      '1234567893^HOUSE^GREG^^^^^^NPI',
      '1234567893^HOUSE^GREG^^^^^^^^^^NPI',
    ]
    for (const [i, doctor] of doctors.entries()) {
      const [head = '', event = '', person = ''] = register(`S4${i}`, {}, {})
      const visits = segment('PV1', { 1: '1', 2: 'O', 7: doctor, 19: visit(`SV4${i}`) })
      await alone.send(head.replace('A28^ADT_A05', 'A04^ADT_A01'), event, person, visits)
    }
    const known = await alone.all('Practitioner')
    assert.equal(known.length, 1)
    assert.match(JSON.stringify(known[0]?.identifier), /"system":"http:\/\/hl7.org\/fhir\/sid\/us-npi"/)
    await alone.close()
  })
})

describe('a source', () => {
  it('may have blanks in its name, or no facility', async () => {
    for (const source of ['HNAM PM|County General', 'ALONE|']) {
      const { code, errors } = await gateway.send(...register(`S30-${source.length}`, {}, { source }))
      assert.deepEqual([code, ...errors], ['AA'], source)
    }
  })

  it('is no bar alone, nor a name with a blank at its end', () => {
    for (const id of ['|', 'A |B', ' A|B', 'A|B ', 'A|B|C', 'A'])
      assert.throws(
        () =>
          acceptanceSite((site) => {
            site.sources = [{ id, token: 'x' }]
          }),
        /sources\/0\/id/,
        id,
      )
  })
})
