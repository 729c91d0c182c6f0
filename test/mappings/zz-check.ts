import { join } from 'node:path'
import { checkMaps } from '../../src/mappings/engine/check.ts'
import { loadGrammar } from '../../src/mappings/engine/grammar.ts'
import { loadLayers, loadTables } from '../../src/mappings/engine/load.ts'
const base = join(import.meta.dirname, '../../src/mappings')
const grammar = await loadGrammar(new Set(loadTables(base + '/tables').map((t) => t.name)))
for (const p of checkMaps(loadLayers({ base })[0]!, grammar)) console.log(p.text)
