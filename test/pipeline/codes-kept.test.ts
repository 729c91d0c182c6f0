// Codes: what was sent stays first, what a table makes of it stands beside it, and what a table cannot say without loss is kept
// as it was sent. Semantics, section 14.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

interface Coding {
  readonly system?: string
  readonly code: string
}
interface Concept {
  readonly coding: readonly Coding[]
  readonly text?: string
}
const codings = (concept: unknown): string[] =>
  ((concept as Concept).coding ?? []).map(({ system, code }) => `${system}|${code}`)

async function shown(rtype: string, holds: string): Promise<Record<string, unknown>> {
  const found = (await gateway.all(rtype)).find((each) =>
    JSON.stringify(each.identifier).includes(`"${holds}"`),
  )
  assert.ok(found, `no ${rtype} ${holds}`)
  return found
}

let people = 0
async function married(marital: string): Promise<Concept> {
  const who = `C${++people}`
  const { code, text } = await gateway.send(
    msh({ event: 'ADT^A31^ADT_A05' }),
    'EVN||20260302080000',
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 16: marital }),
    'PV1|1|N',
  )
  assert.equal(code, 'AA', text)
  return (await shown('Patient', who)).maritalStatus as Concept
}

const v2 = 'http://terminology.hl7.org/CodeSystem/v2-0002'
const v3 = 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus'

describe('a coded element', () => {
  it('has what was sent first, with the system of its table, and what a table makes of it beside it', async () => {
    const [sent, mapped] = codings(await married('M^Married^HL70002'))
    assert.deepEqual([sent, mapped], [`${v2}|M`, `${v3}|M`])
    assert.equal(codings(await married('M'))[0], `${v2}|M`)
  })

  it('has the text of the original (CWE.9), else its display (CWE.2)', async () => {
    assert.equal((await married('M^Married^HL70002^^^^^^wed in church')).text, 'wed in church')
    assert.equal((await married('M^Married^HL70002')).text, 'Married')
  })

  it('of a local table (L, 99zzz) is of the source and the field; of a registered one of that system', async () => {
    assert.match(codings(await married('M^Married^L'))[0] ?? '', /^urn:portico:local:ADT1.*\|M$/)
    assert.match(codings(await married('M^Married^99MAR'))[0] ?? '', /^urn:portico:local:ADT1.*99MAR.*\|M$/)
    assert.equal(codings(await married('87915002^Married^SCT'))[0], 'http://snomed.info/sct|87915002')
  })

  it('that no table has is kept as sent, with a warning where it stands', async () => {
    const { code, errors } = await gateway.send(
      msh({ event: 'ADT^A28^ADT_A05' }),
      'EVN||20260302080000',
      pid({ 3: mrn('C-ODD'), 5: 'DOE^JANE^^^^^L', 16: 'QQ^Odd^HL70002' }),
      'PV1|1|N',
    )
    assert.deepEqual([code, errors], ['AA', ['W UNMAPPED-CODE PID^1^16']])
    assert.deepEqual(codings((await shown('Patient', 'C-ODD')).maritalStatus), [`${v2}|QQ`])
  })
})

describe('a table that loses something', () => {
  it('PID-8 A and N are other, and what was sent stays', async () => {
    for (const sex of ['A', 'N']) {
      const who = `SEX-${sex}`
      await gateway.send(
        msh({ event: 'ADT^A31^ADT_A05' }),
        'EVN||20260302080000',
        pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', 8: sex }),
        'PV1|1|N',
      )
      const body = await shown('Patient', who)
      assert.equal(body.gender, 'other')
      assert.match(
        JSON.stringify(body),
        new RegExp(`v2-0001[^}]*"code":"${sex}"|"code":"${sex}"[^}]*v2-0001`),
      )
    }
  })

  it('PV1-2 R and B are a class of FHIR, and what was sent stays', async () => {
    for (const sent of ['R', 'B']) {
      const who = `CLASS-${sent}`
      await gateway.send(
        msh({ event: 'ADT^A04^ADT_A01' }),
        'EVN||20260302080000',
        pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
        segment('PV1', { 1: '1', 2: sent, 19: visit(who) }),
      )
      const body = await shown('Encounter', who)
      assert.match(JSON.stringify(body.class), new RegExp(`/patient-class","valueCode":"${sent}"`))
    }
  })

  it('SCH-25 Overbook, Blocked and Discontinued stay as the code of the filler', async () => {
    const told: [sent: string, event: string][] = [
      ['Overbook', 'S12'],
      ['Discontinued', 'S16'],
    ]
    for (const [sent, event] of told) {
      await gateway.send(
        msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH' }),
        segment('SCH', { 2: `F-${sent}^SCHED1^2.16.840.1.113883.19.5.4^ISO`, 25: `${sent}^^HL70278` }),
        segment('TQ1', { 1: '1', 6: '30^min', 7: '20260310100000' }),
        pid({ 3: mrn('C-SCH'), 5: 'DOE^JANE^^^^^L' }),
      )
      assert.match(
        JSON.stringify(await shown('Appointment', `F-${sent}`)),
        new RegExp(`"${sent}"`, 'i'),
        sent,
      )
    }
  })
})
