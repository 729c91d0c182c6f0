// Every field of every segment that is mapped, valued at once and through the real pipeline: taken, and valid R4.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { validateResource } from '../../src/fhir/validate.ts'
import { segments as grammar } from '../../src/mappings/engine/v2.generated.ts'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { msh } from './messages.ts'

/** A value that fits a data type; of types that changed the later one. */
const samples: Readonly<Record<string, string>> = {
  AD: '1 MAIN ST^^SPRINGFIELD^IL^62701',
  AUI: 'AUTH1^20260101^CALLER',
  CE: 'X1^Text one^L',
  CN: '88^WELBY^MARCUS',
  CNE: 'X1^Text one^L',
  CP: '12.50&USD',
  CQ: '3^min&minute&UCUM',
  CWE: 'X1^Text one^L',
  CX: 'N77^^^GHH^XX',
  DLD: 'HOME^20260301',
  DLN: 'D123^IL^20280101',
  DR: '20260101^20260131',
  DT: '20260115',
  DTM: '20260115093000',
  DTN: 'AP^3',
  EI: 'E55^GHH',
  FC: 'MC^20260101',
  FT: 'Free text',
  HD: 'GHH^2.16.840.1.113883.19.5.1^ISO',
  ICD: 'X^Y^20260101',
  ID: 'Y',
  IS: 'X1',
  JCC: 'J1^C1^Nurse',
  MO: '9.75^USD',
  MOP: 'AT^5.00&USD',
  MSG: 'ADT^A01^ADT_A01',
  NM: '3',
  OCD: '11^20260101',
  OSP: '71^20260101^20260102',
  PL: 'ICU^101^A^GHH',
  PN: 'DOE^ANN',
  PT: 'P',
  SI: '1',
  ST: 'Text',
  TM: '0930',
  TN: '(217)555-0134',
  TQ: '1^^M30^20260115093000^20260115100000',
  TS: '20260115093000',
  TX: 'Text',
  VARIES: 'Text',
  XAD: '1 MAIN ST^^SPRINGFIELD^IL^62701^USA^H',
  XCN: '88^WELBY^MARCUS^^^DR^^^GHH',
  XON: 'ACME^L^77^^^GHH^XX',
  XPN: 'DOE^ANN^M^JR^DR^^L',
  XTN: '^PRN^PH^^1^217^5550134',
}

/** Fields whose value the message cannot do without, or that decide what the others mean. */
const fixed: Readonly<Record<string, string>> = {
  'PID-3': 'EVERY1^^^GHH^MR',
  'PID-7': '19800101',
  'PID-8': 'F',
  'PID-9': 'ROE^ANN^^^^^A',
  'PID-13': '^PRN^PH^^1^217^5550134',
  'PID-18': 'EACC1^^^GHH^AN',
  'PID-24': 'N',
  'PID-30': 'N',
  'PID-31': 'N',
  'PID-32': 'AL',
  'PID-15': 'en^English^HL70296',
  'PID-16': 'M',
  'PID-17': 'CAT',
  'NK1-3': 'SPO^Spouse^HL70063',
  'NK1-7': 'N',
  'NK1-15': 'M',
  'PV1-2': 'I',
  'PV1-19': 'EV1^^^GHH^VN',
  'PV1-34': 'N',
  'PV1-41': 'AA',
  'PV1-44': '20260302080000',
  'PV1-45': '',
  'IN1-2': 'PLAN1^Plan one^L',
  'IN1-17': 'SPO',
  'IN1-22': '1',
  'IN1-43': 'M',
  'IN2-72': '02',
  'GT1-9': 'M',
  'GT1-11': 'SPO',
  'GT1-21': '',
  'AL1-2': 'DA',
  'AL1-4': 'SV',
  'IAM-2': 'FA',
  'IAM-4': 'MI',
  'IAM-6': 'A',
  'IAM-7': 'ALG2^GHH',
  'IAM-17': 'C',
  'DG1-6': 'F',
  'DG1-20': 'DX1^GHH',
  'DG1-21': 'A',
  'DG1-15': '1',
  'PR1-19': 'PX1^GHH',
  'PR1-20': 'A',
  'OBX-2': 'NM',
  'OBX-5': '72',
  'OBX-6': 'kg^kilogram^UCUM',
  'OBX-8': 'N',
  'OBX-11': 'F',
  'ROL-2': 'AD',
  'ROL-3': 'AT',
  'PRT-2': 'AD',
  'PRT-4': 'AT',
  'RF1-1': 'A',
  'RF1-2': 'R',
  'RF1-25': 'A',
  'AUT-29': 'A',
  'IN1-55': '',
  'DB1-2': 'PT',
  'ARV-2': 'A',
  'ACC-3': 'Elm Street',
}

/** Fields that versions after the grammar's have. */
const later: Readonly<Record<string, readonly string[]>> = {
  AUT: 'CWE CWE DTM CWE ST CQ CQ CQ CWE MO XON XCN ST DTM XTN ST ID'.split(' '),
  RF1: 'DTM ST CQ CQ CQ MO XON XCN ST DTM XTN ST ID'.split(' '),
  PRT: 'EI DTM DTM ST ST EI CNE'.split(' '),
  IN3: 'DTM CWE'.split(' '),
  ACC: 'EI'.split(' '),
  OBX: 'CWE CWE CWE ID'.split(' '),
}
const firstLater: Readonly<Record<string, number>> = { AUT: 13, RF1: 13, PRT: 16, IN3: 26, ACC: 13, OBX: 26 }

function full(name: string, over: Readonly<Record<number, string>> = {}): string {
  const known = (grammar[name] ?? '').split(' ').slice(0, (firstLater[name] ?? 1_000) - 1)
  const types = [...known, ...(later[name] ?? [])]
  const values = types.map((type, index) => {
    const at = `${name}-${index + 1}`
    return over[index + 1] ?? fixed[at] ?? samples[type.split('/').at(-1) ?? ''] ?? ''
  })
  return [name, ...values].join('|')
}

const admission = [
  'SFT ARV PID PD1 ROL NK1 PV1 PV2 DB1 OBX AL1 IAM DG1 DRG PR1 GT1 IN1 IN2 IN3 AUT RF1 ACC PDA PRT',
]
  .join(' ')
  .split(' ')

describe('a message with every field of every segment', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway(acceptanceSite())
  })
  after(() => gateway.close())

  it('is taken, and makes nothing but valid R4', async () => {
    const evn = 'EVN||20260302080000|20260303080000|01|88^WELBY^MARCUS|20260302080000|GHH'
    const segments = admission.map((name) => full(name))
    const answer = await gateway.send(msh({ event: 'ADT^A01^ADT_A01' }), evn, ...segments)
    assert.deepEqual(gateway.faults, [])
    assert.equal(answer.code, 'AA', answer.text)
    assert.deepEqual(
      answer.errors.filter((each) => !/UNMAPPED-CODE|UNKNOWN-AUTHORITY/.test(each)),
      [],
    )
    await gateway.idle()
    assert.deepEqual(gateway.faults, [])
    const rows = await gateway.store.db.read.query<{ body: string }>(
      'test_bodies',
      'select body::text as body from resource where not deleted',
    )
    const met = new Set<string>()
    for (const { body } of rows) {
      const resource = JSON.parse(body)
      met.add(resource.resourceType)
      assert.deepEqual(
        validateResource(resource).filter((each) => each.severity === 'error'),
        [],
        body,
      )
    }
    for (const type of 'Condition AllergyIntolerance Observation Procedure ServiceRequest ClaimResponse EpisodeOfCare Coverage Account'.split(
      ' ',
    ))
      assert.ok(met.has(type), `${type} is among ${[...met].join(', ')}`)
  })
})
