import { join } from 'node:path'
import { parseMessage } from '../../src/hl7/message.ts'
import { compileMaps, mapMessage } from '../../src/mappings/engine/compile.ts'
import { loadMaps, loadTables } from '../../src/mappings/engine/load.ts'
const base = join(import.meta.dirname, '../../src/mappings')
let t0 = performance.now()
const src = loadMaps({ base }), tabs = loadTables(base + '/tables')
console.log('load', performance.now() - t0); t0 = performance.now()
const maps = compileMaps(src, tabs)
console.log('compile', performance.now() - t0, maps.hash)
const systems = (d: any) => d.namespace || d.universalId ? { system: 'urn:oid:' + (d.universalId ?? d.namespace), registered: true } : undefined
const a01 = (i: number) => [
  `MSH|^~\\&|ADT1|GHH|PORTICO|GHH|20260303070000||ADT^A01^ADT_A01|ADT1-00150${i}|P|2.5.1`,
  'EVN||20260303070000|||REG07^DIAZ^ANA|20260303065500',
  `PID|1||MRN${i}^^^GHH&2.16.840.1.113883.19.5.1&ISO^MR||CHO${i}^MIN^Q^^MR^^L||19770707|M|||100 OLD RD^APT ${i % 97}^SPRINGFIELD^IL^62704^USA^H||^PRN^PH^^1^217^555${1000 + i % 9000}~^NET^Internet^m${i}@example.org|^WPN^PH^^1^217^5551599|EN|M|CHR|A${i}^^^GHHACCT&2.16.840.1.113883.19.5.2&ISO^AN|123-45-${1000 + i % 9000}`,
  'PD1||||1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
  'NK1|1|CHO^ANN^^^^^L|SPO^Spouse^HL70063|100 OLD RD^^SPRINGFIELD^IL^62704^USA^H|^PRN^PH^^1^217^5551502||EMC^Emergency contact^HL70131',
  `PV1|1|I|3N^301^A^GHH|E|||1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI|1245319599^PATEL^ANIKA^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI||MED||||1||||V1501^^^GHHVN&2.16.840.1.113883.19.5.3&ISO^VN|||||||||||||||||||||||||20260303065500`,
  'PV2|||^chest pain',
  'IN1|1|HMO20^Prairie HMO^L|PRAIRIE^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP|Prairie Health||||GRP20||||20250101||||CHO^MIN^^^^^L|SEL^Self^HL70063|19770707||||1||||||||||||||PH5550001',
].join('\r')
const n = 4000
const texts = Array.from({ length: n }, (_, i) => a01(i))
console.log('bytes', texts[0]!.length)
const ctx = (lineage: boolean) => ({ source: 'ADT1|GHH', zone: 'America/Chicago', currency: 'USD', systems, lineage })
const parse = (t: string) => { const p = parseMessage(t); if ('fault' in p) throw 1; return p.message }
const rounds = Number(process.argv[2] ?? 4)
for (let r = 0; r < rounds; r++) {
  let a = performance.now(); for (const t of texts) { const m = parse(t); m.first('PID')?.value(3, 1, 1) } const p = performance.now() - a
  a = performance.now(); for (const t of texts) mapMessage(parse(t), maps, ctx(false)); const off = performance.now() - a
  a = performance.now(); for (const t of texts) mapMessage(parse(t), maps, ctx(true)); const on = performance.now() - a
  console.log(`parse ${(p / n * 1000).toFixed(1)} us, parse+map ${(off / n * 1000).toFixed(1)} us, with lineage ${(on / n * 1000).toFixed(1)} us (+${((on / off - 1) * 100).toFixed(0)} %)`)
}
const m = mapMessage(parse(texts[0]!), maps, ctx(true))!
console.log(m.things.length, 'things', m.things.reduce((s, t) => s + t.cells.length, 0), 'cells', m.things.reduce((s, t) => s + t.cells.reduce((a, c) => a + c.spans.length, 0), 0), 'spans', m.residue, m.issues)
