import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseMessage } from '../../src/hl7/message.ts'
import { compileMaps, mapMessage } from '../../src/mappings/engine/compile.ts'
import { loadMaps, loadTables } from '../../src/mappings/engine/load.ts'
const base = join(import.meta.dirname, '../../src/mappings')
const maps = compileMaps(loadMaps({ base }), loadTables(base + '/tables'))
const systems = (d: any) => d.namespace || d.universalId ? { system: 'urn:x:' + (d.universalId ?? d.namespace), registered: true } : undefined
const count = new Map<string, number>(); const issues = new Map<string, number>(); const residue = new Map<string, number>()
let n = 0, mapped = 0, things = 0, cells = 0
const bump = (m: Map<string, number>, k: string) => m.set(k, (m.get(k) ?? 0) + 1)
for (const dir of readdirSync('/work/shared/corpus', { withFileTypes: true })) {
  if (!dir.isDirectory()) continue
  for (const f of readdirSync(join('/work/shared/corpus', dir.name))) {
    const text = readFileSync(join('/work/shared/corpus', dir.name, f), 'utf8')
    const p = parseMessage(text); n++
    if ('fault' in p) { bump(count, p.fault.code); continue }
    const m = mapMessage(p.message, maps, { source: 'A|B', zone: 'America/Chicago', currency: 'USD', systems, lineage: true })
    if (!m) { bump(count, 'unserved'); continue }
    mapped++; things += m.things.length
    for (const t of m.things) cells += t.cells.length
    for (const i of m.issues) { bump(issues, `${i.severity} ${i.code} ${i.text.slice(0, 110)}`); if (i.severity === 'E' && process.argv[2]) console.log(dir.name + '/' + f, i.text, p.message.get(i.location.split('^').slice(0,1)[0] + '-' + i.location.split('^')[2])) }
    for (const r of m.residue) bump(residue, r.replace(/\[\d+\]/g, ''))
  }
}
console.log({ n, mapped, things, cells }, count)
console.log([...issues].sort((a, b) => b[1] - a[1]).slice(0, 40))
console.log([...residue].sort((a, b) => b[1] - a[1]).slice(0, 70).map((x) => x.join(':')).join(' '))
