import { readFileSync } from 'node:fs'
import { parseMessage } from '/work/main/src/hl7/message.ts'
import { compileMaps, mapMessage } from '/work/main/src/mappings/engine/compile.ts'
import { loadMaps, loadTables } from '/work/main/src/mappings/engine/load.ts'
const base = '/work/main/src/mappings'
const maps = compileMaps(loadMaps({ base }), loadTables(base + '/tables'))
const site = JSON.parse(readFileSync('/work/shared/acceptance/site.json', 'utf8'))
const systems = (d: any, type?: string) => {
  if (d.universalIdType === 'ISO' && d.universalId) { const s = 'urn:oid:' + d.universalId; const a = site.authorities.find((x: any) => x.aliases?.includes(s)); return { system: a?.system ?? s, registered: true } }
  const a = site.authorities.find((x: any) => x.namespace === d.namespace)
  if (a) return { system: a.system, registered: true }
  return d.namespace ? { system: 'urn:portico:aa:X:' + d.namespace, registered: false } : undefined
}
const sc = JSON.parse(readFileSync(`/work/shared/acceptance/scenarios/${process.argv[2]}.json`, 'utf8'))
for (const step of sc.steps) {
  if (!step.message || (process.argv[3] && !step.id.endsWith(process.argv[3]))) continue
  const p = parseMessage(step.message.join('\r'))
  if ('fault' in p) { console.log(p.fault); continue }
  const m = mapMessage(p.message, maps, { source: step.message[0].split('|')[2] + '|' + step.message[0].split('|')[3], zone: 'America/Chicago', currency: 'USD', systems, lineage: true })
  if (!m) { console.log(step.id, 'no map'); continue }
  console.log('=====', step.id, m.event)
  for (const t of m.things) { console.log(`-- ${t.type} as ${t.as} refs ${JSON.stringify(t.refs)}`); for (const c of t.cells) console.log('   ', c.path, '<', c.field, JSON.stringify(c.value), process.argv[4] ? c.spans.map(s => `${s.fhir}<${s.v2}<${s.row}`).join(' ') : '') }
  console.log(JSON.stringify(m.issues), m.residue)
}
