// (b) What mapping costs as the issue asks for it: an A01 of 6 KB with lineage, 200 rows of a site, compilation at start.
import { join, resolve } from 'node:path'
import { parseMessage } from '../../src/hl7/message.ts'
import { compileMaps, type MapSet, mapMessage } from '../../src/mappings/engine/compile.ts'
import { loadMaps, loadTables } from '../../src/mappings/engine/load.ts'
import { overlayMaps } from '../../src/mappings/engine/overlay.ts'
import type { MapSource } from '../../src/mappings/engine/row.ts'
import { compare } from './parse.ts'
import type { Report } from './report.ts'

const base = resolve(import.meta.dirname, '../../src/mappings')
const messageBytes = 6_000
const siteRows = 200

/** Cold, as when the gateway starts: files, rows, tables. Must run before anything else has compiled. */
export function benchCompile(report: Report): MapSource[] {
  const began = process.cpuUsage()
  const sources = loadMaps({ base })
  const tables = loadTables(join(base, 'tables'))
  const loaded = process.cpuUsage(began)
  const compiling = process.cpuUsage()
  compileMaps(sources, tables)
  const compiled = process.cpuUsage(compiling)
  const ms = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1_000
  const rows = sources.reduce((sum, source) => sum + source.rows.length, 0)
  report.figure('b', `reading the files of ${rows} rows`, ms(loaded), 'ms')
  report.ratio({ part: 'b', name: 'compile of all rows at start, ms', value: ms(compiled), atMost: 150 })
  return sources
}

/** Admissions of about 6 KB: four kin, a full visit, diagnoses, allergies, observations, two policies. */
export function admissions(): string[] {
  return Array.from({ length: 50 }, (_, n) => {
    const id = String(100_000 + n)
    const doctor = `${1000 + (n % 20)}^WELBY${n % 20}^MARCUS^A^^DR^^^GHH`
    const segments = [
      `MSH|^~\\&|ADT1|GHH|PORTICO|GHH|20260302080000-0600||ADT^A01^ADT_A01|B${id}|P|2.5.1|||AL|NE||UNICODE UTF-8`,
      `EVN||20260302080000|||REG07^DIAZ^ANA|20260302075500|GHH`,
      `PID|1||${id}^^^GHH&2.16.840.1.113883.19.5.1&ISO^MR~X${id}^^^MPI^PE||DOE^JANE${n}^MARIE^^MRS^^L~ROE^JANE^^^^^M||19${40 + (n % 50)}0312|F||2106-3^White^HL70005|${n} MAIN ST^APT ${n}^SPRINGFIELD^IL^62701^USA^H^^SANGAMON~PO BOX ${n}^^SPRINGFIELD^IL^62702^USA^M||^PRN^PH^^1^217^555${1000 + n}~^NET^Internet^jane${n}@example.org|^WPN^PH^^1^217^556${1000 + n}|en^English^HL70296|M^Married^HL70002|CAT^Catholic^HL70006|A${id}^^^GHHACCT^AN|||||SPRINGFIELD||||||||N`,
      `PD1|S|F|CLINIC WEST^L^77^^^GHH^XX|${doctor}||||||||N`,
      ...[1, 2, 3, 4].map(
        (k) =>
          `NK1|${k}|DOE^JOHN${k}^^^^^L|SPO^Spouse^HL70063|${k} MAIN ST^^SPRINGFIELD^IL^62701^USA^H|^PRN^PH^^1^217^5551${k}34|^WPN^PH^^1^217^5552${k}34|N^Next of kin^HL70131|20200101`,
      ),
      `PV1|1|I|ICU^10${n % 9}^A^GHH^^N^MAIN^3|E|PRE${id}^^^GHH||${doctor}|${doctor}|${doctor}|MED|||R|7|A0||${doctor}|INP|V${id}^^^GHHVN^VN|MC|||||||||||||||||||||||||20260302075500`,
      `PV2||P^Private^L|CHEST^Chest pain^L|||WATCH, RING|||20260306|4|4|ADMITTED FROM HOME|${doctor}||N|||||||N||||||20260301|||||||||||||A`,
      ...[1, 2, 3, 4, 5, 6, 7, 8].map(
        (k) =>
          `OBX|${k}|NM|830${k}-2^Observation ${k}^LN|${k}|${70 + k}|kg^kilogram^UCUM|10-90|N^Normal^HL70078|||F|||20260302074500||${doctor}`,
      ),
      ...[1, 2, 3, 4].map(
        (k) =>
          `AL1|${k}|DA^Drug^HL70127|7061${k}^Penicillin ${k}^RXNORM|SV^Severe^HL70128|HIVES~RASH|2019010${k}`,
      ),
      ...[1, 2, 3, 4].map(
        (k) =>
          `DG1|${k}|I10|I2${k}.9^Angina pectoris ${k}^I10|CHEST PAIN|20260302075900|A|||||||||${k}|${doctor}|C|N|20260302080000`,
      ),
      `GT1|1|G${id}^^^GHH|DOE^JOHN^^^^^L||1 MAIN ST^^SPRINGFIELD^IL^62701^USA^H|^PRN^PH^^1^217^5551234|^WPN^PH^^1^217^5551299|19550101|M|P|SPO^Spouse^HL70063`,
      ...[1, 2].flatMap((k) => [
        `IN1|${k}|PLAN${k}^Gold plan^L|PAY${k}^^^PAYERID^NIIP|MIDWEST HEALTH PLAN ${k}|PO BOX 4400^^CHICAGO^IL^60601^USA||^WPN^PH^^1^800^5550100|GRP${k}|ACME GROUP|||20260101|20261231|||DOE^JOHN^^^^^L|SPO^Spouse^HL70063|19550101|1 MAIN ST^^SPRINGFIELD^IL^62701^USA|Y||${k}||||||||||||||POL${id}${k}|||||||M||||||M${id}${k}^^^PAYERID^MI`,
        `IN2|EMP${id}^^^GHH|123-45-67${10 + n}|ACME||||||||||||||||||||||||||||||||||||||||||||||||||||||||||M${id}${k}^^^PAYERID^MB||^PRN^PH^^1^217^5551234|||||||||02^Spouse^HL70344`,
      ]),
    ]
    return segments.join('\r')
  })
}

/** As sites have them: half for Z segments, half for what one sender does in fields that everybody sends. */
function rowsOfSite(sources: readonly MapSource[]): MapSource[] {
  const zed = ['ZPI', 'ZPV', 'ZIN', 'ZGT', 'ZBE'].map(
    (name): MapSource => ({
      map: `${name}[Patient]`,
      rows: Array.from({ length: siteRows / 10 }, (_, k) => ({
        v2: `${name}-${k + 1}`,
        fhir: `extension('http://site.example.org/${name}/${k}').valueString`,
        via: 'ST[string]',
      })),
    }),
  )
  const odd = [
    'PID[Patient]',
    'PV1[Encounter]',
    'PV2[Encounter]',
    'IN1[Coverage]',
    'NK1[Patient.contact]',
  ].map(
    (map): MapSource => ({
      map,
      rows: Array.from({ length: siteRows / 10 }, (_, k) => ({
        v2: `${map.slice(0, 3)}-${2 + k}`,
        fhir: `extension('http://site.example.org/${k}').valueString`,
        via: 'ST[string]',
        when: `${map.slice(0, 3)}-${2 + k}.1 EQUALS "SITE${k}"`,
      })),
    }),
  )
  const wired = sources
    .filter((source) => source.map === 'ADT_A01')
    .map(
      (source): MapSource => ({
        map: source.map,
        rows: zed.map(({ map }) => ({ v2: map.slice(0, 3), fhir: 'Patient', via: map, into: 'patient' })),
      }),
    )
  return [...zed, ...odd, ...wired]
}

function mapAll(maps: MapSet, lineage: boolean): (text: string) => number {
  const context = {
    source: 'ADT1|GHH',
    zone: 'America/Chicago',
    currency: 'USD',
    systems: ({ namespace, universalId }: { namespace?: string; universalId?: string }) => ({
      system: universalId === undefined ? `urn:portico:aa:ADT1:${namespace ?? ''}` : `urn:oid:${universalId}`,
      registered: true,
    }),
    lineage,
  }
  return (text) => {
    const result = parseMessage(text)
    if ('fault' in result) throw new Error(result.fault.text)
    return mapMessage(result.message, maps, context).things.length
  }
}

export function benchMapping(report: Report, quick: boolean, sources: readonly MapSource[]): void {
  const tables = loadTables(join(base, 'tables'))
  const plain = compileMaps(sources, tables)
  const site = compileMaps(overlayMaps(sources, rowsOfSite(sources)), tables)
  const messages = admissions()
  const bytes = messages.reduce((sum, text) => sum + text.length, 0) / messages.length
  if (Math.abs(bytes - messageBytes) > 1_000) report.say(`the admissions have ${Math.round(bytes)} bytes`)
  const [own = 0, more = 0] = compare(messages, quick, [mapAll(plain, true), mapAll(site, true)])
  report.ratio({
    part: 'b',
    name: `parse + map an A01 of ${(bytes / 1_000).toFixed(1)} KB with lineage, msg/CPU s`,
    value: own,
    atLeast: 3_000,
  })
  report.ratio({
    part: 'b',
    name: `cost of ${siteRows} rows of a site, %`,
    value: (own / more - 1) * 100,
    atMost: 5,
  })
}
