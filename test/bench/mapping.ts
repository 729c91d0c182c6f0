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
/** Admissions that differ: what the mapping remembers of one is of little use for the next. */
const admitted = 1_000
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

/** Numbered copies of what an admission has several of. */
const each = (count: number, make: (k: number) => string): string[] =>
  Array.from({ length: count }, (_, k) => make(k + 1))

/**
 * Admissions of about 6 KB: four kin, a full visit, observations, allergies, diagnoses, procedures, two guarantors, three
 * policies. No two say the same of a person, or at the same time.
 */
export function admissions(count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const id = String(100_000 + n)
    const told = new Date(Date.UTC(2026, 2, 2, 8, 0, n)).toISOString().replace(/\D/g, '').slice(0, 14)
    const doctor = (k: number) => `${1000 + ((n + k) % 40)}^WELBY${(n + k) % 40}^MARCUS^A^^DR^^^GHH`
    const home = `${n} MAIN ST^APT ${n % 80}^SPRINGFIELD^IL^62701^USA^H`
    const call = (k: number) => `^PRN^PH^^1^217^${5_550_000 + n * 10 + k}`
    return [
      `MSH|^~\\&|ADT1|GHH|PORTICO|GHH|${told}-0600||ADT^A01^ADT_A01|B${id}|P|2.5.1|||AL|NE||UNICODE UTF-8`,
      `EVN||${told}|||REG07^DIAZ^ANA|${told}|GHH`,
      `PID|1||${id}^^^GHH&2.16.840.1.113883.19.5.1&ISO^MR~X${id}^^^MPI^PE||DOE^JANE${n}^MARIE^^MRS^^L~ROE^JANE^^^^^M||19${40 + (n % 50)}0312|F||2106-3^White^HL70005|${home}^^SANGAMON~PO BOX ${n}^^SPRINGFIELD^IL^62702^USA^M||${call(0)}~^NET^Internet^jane${n}@example.org|^WPN^PH^^1^217^556${1000 + n}|en^English^HL70296|M^Married^HL70002|CAT^Catholic^HL70006|A${id}^^^GHHACCT^AN|||||SPRINGFIELD||||||||N`,
      `PD1|S|F|CLINIC WEST^L^77^^^GHH^XX|${doctor(0)}||||||||N`,
      ...each(
        4,
        (k) =>
          `NK1|${k}|DOE^JOHN${n + k}^^^^^L|SPO^Spouse^HL70063|${home}|${call(k)}|^WPN^PH^^1^217^5552${n + k}|N^Next of kin^HL70131|20200101`,
      ),
      `PV1|1|I|ICU^10${n % 9}^A^GHH^^N^MAIN^3|E|PRE${id}^^^GHH||${doctor(0)}|${doctor(1)}|${doctor(2)}|MED|||R|7|A0||${doctor(0)}|INP|V${id}^^^GHHVN^VN|MC|||||||||||||||||||||||||${told}`,
      `PV2||P^Private^L|CHEST^Chest pain^L|||WATCH, RING|||20260306|4|4|ADMITTED FROM HOME|${doctor(1)}||N|||||||N||||||20260301|||||||||||||A`,
      ...each(
        9,
        (k) =>
          `OBX|${k}|NM|830${k}-2^Observation ${k}^LN|${k}|${70 + ((n + k) % 60)}|kg^kilogram^UCUM|10-90|N^Normal^HL70078|||F|||${told}||${doctor(3)}`,
      ),
      ...each(
        4,
        (k) =>
          `AL1|${k}|DA^Drug^HL70127|7061${k}^Penicillin ${k}^RXNORM|SV^Severe^HL70128|HIVES~RASH|2019010${k}`,
      ),
      ...each(
        4,
        (k) =>
          `DG1|${k}|I10|I2${k}.9^Angina pectoris ${k}^I10|CHEST PAIN|${told}|A|||||||||${k}|${doctor(0)}|C|N|${told}`,
      ),
      ...each(
        3,
        (k) =>
          `PR1|${k}|C4|9294${k}^Insertion of stent ${k}^C4||${told}|D|${30 + k}|||${doctor(4)}||||${k}|I2${k}.9^Angina pectoris ${k}^I10`,
      ),
      ...each(
        2,
        (k) =>
          `GT1|${k}|G${id}${k}^^^GHH|DOE^JOHN${n + k}^^^^^L||${home}|${call(k)}|^WPN^PH^^1^217^5551${n + k}|19550101|M|P|SPO^Spouse^HL70063||||1|ACME||^WPN^PH^^1^800^5550199||F`,
      ),
      ...each(3, (k) =>
        [
          `IN1|${k}|PLAN${k}^Gold plan^L|PAY${k}^^^PAYERID^NIIP|MIDWEST HEALTH PLAN ${k}|PO BOX 4400^^CHICAGO^IL^60601^USA||^WPN^PH^^1^800^5550100|GRP${k}|ACME GROUP|||20260101|20261231|||DOE^JOHN${n + 1}^^^^^L|SPO^Spouse^HL70063|19550101|${home}|Y||${k}||||||||||||||POL${id}${k}|||||||M||||||M${id}${k}^^^PAYERID^MI`,
          `IN2|EMP${id}^^^GHH|${String(100_000_000 + n * 7)}|ACME^^12|||M${id}${k}A||||||||||||||||||||||||||||||||||||||||||||||||||||M${id}${k}^^^PAYERID^MB||${call(1)}|||||||||02^Spouse^HL70344`,
        ].join('\r'),
      ),
    ].join('\r')
  })
}

/** As sites have them: half for Z segments, half for what one sender does in fields that everybody sends. */
export function rowsOfSite(sources: readonly MapSource[]): MapSource[] {
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
  const messages = admissions(admitted)
  const bytes = messages.reduce((sum, text) => sum + text.length, 0) / messages.length
  if (Math.abs(bytes - messageBytes) > 300) report.say(`the admissions have ${Math.round(bytes)} bytes`)
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
