// Rules of the repository that no compiler checks: layers, where SQL may stand, sizes, links. ARCHITECTURE.md says why.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '..')
const src = join(root, 'src')

function filesIn(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => ending.test(path) && !path.includes('node_modules') && statSync(path).isFile())
}

const sources = filesIn(src, /\.ts$/).filter(
  (path) => !path.endsWith('.d.ts') && !/\.generated\.ts$/.test(path),
)
const short = (path: string) => relative(root, path)
const importsOf = (text: string) =>
  [...text.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map((match) => match[1] ?? '')

/** Files that are loaded because of this one: imports of types alone are not. */
function loadedBy(path: string): readonly string[] {
  const statements = readFileSync(path, 'utf8').matchAll(
    /^(?:import|export)\s+(?!type\b)(?:\{([^}]*)\}|[^'{]*?)\s*from\s*'(\.[^']+)'/gm,
  )
  return [...statements].flatMap(([, names, specifier = '']) => {
    const isTypes = names?.split(',').every((each) => /^\s*(type\s|$)/.test(each)) ?? false
    return isTypes ? [] : [resolve(dirname(path), specifier)]
  })
}

/** Groups of files that reach each other (Tarjan 1972). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (at: string): number => {
    const own = order.size
    order.set(at, own)
    open.push(at)
    let low = own
    for (const next of graph.get(at) ?? []) {
      if (!graph.has(next)) continue
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? own)
    }
    if (low === own) {
      const circle = open.splice(open.indexOf(at))
      if (circle.length > 1) circles.push(circle)
    }
    return low
  }
  for (const each of graph.keys()) if (!order.has(each)) visit(each)
  return circles
}

/** What each folder of src may import of ours, beside itself. */
const layers: Readonly<Record<string, readonly string[]>> = {
  hl7: [],
  fhir: [],
  mappings: ['hl7', 'fhir', 'canonical/fhir-json.ts'],
  canonical: ['hl7', 'fhir', 'mappings/mapped.ts'],
  store: ['fhir'],
  adapters: ['hl7', 'fhir'],
  generate: [],
  pipeline: ['hl7', 'fhir', 'mappings', 'canonical', 'store', 'adapters/adapter.ts'],
  server: ['hl7', 'fhir', 'mappings', 'canonical', 'store', 'pipeline', 'adapters/adapter.ts'],
  cli: [
    'hl7',
    'fhir',
    'mappings',
    'canonical',
    'store',
    'pipeline',
    'server',
    'adapters',
    'generate',
    'main.ts',
    'config.ts',
  ],
  'config.ts': [],
}

describe('tidy', () => {
  it('a layer imports only what the table of ARCHITECTURE.md allows', () => {
    const wrong: string[] = []
    for (const path of sources) {
      const from = relative(src, path)
      const [layer = ''] = from.split('/')
      if (layer === 'main.ts') continue
      const allowed = layers[layer]
      assert.ok(allowed, `${from} is in no known layer`)
      for (const specifier of importsOf(readFileSync(path, 'utf8'))) {
        const to = relative(src, resolve(dirname(path), specifier))
        const inside = to === layer || to.startsWith(`${layer}/`)
        if (!inside && !allowed.some((each) => to === each || to.startsWith(`${each}/`)))
          wrong.push(`${from} imports ${to}`)
      }
    }
    assert.deepEqual(wrong, [])
  })

  it('files do not import each other in a circle, but for two that are one recursion', () => {
    // An expression holds expressions, an element has elements: each pair calls itself through the other.
    const recursions = new Set([
      'src/fhir/fhirpath/evaluate.ts src/fhir/fhirpath/functions.ts',
      'src/fhir/profile/compile.ts src/fhir/profile/slicing.ts',
    ])
    const circles = circlesOf(new Map(sources.map((path) => [path, loadedBy(path)])))
    const named = circles.map((circle) => circle.map(short).sort().join(' '))
    assert.deepEqual(
      named.filter((each) => !recursions.has(each)),
      [],
    )
  })

  it('hl7, fhir, mappings, canonical and generate are pure: no sockets, no processes, no clock, no randomness', () => {
    const banned =
      /node:(net|http|https|tls|child_process|timers|worker_threads)|\bDate\.now\(|new Date\(\)|Math\.random\(|randomUUID|randomBytes|process\.env/
    const wrong = sources
      .filter((path) => /^src\/(hl7|fhir|mappings|canonical|generate)\//.test(short(path)))
      .filter((path) => banned.test(readFileSync(path, 'utf8')))
      .map(short)
    assert.deepEqual(wrong, [])
  })

  it('SQL stands in src/store alone', () => {
    const sql =
      /['"`]\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+table\s)/i
    const wrong = sources
      .filter((path) => !short(path).startsWith('src/store/'))
      .filter((path) => sql.test(readFileSync(path, 'utf8')))
      .map(short)
    assert.deepEqual(wrong, [])
  })

  it('only config.ts, main.ts and the command line read the environment', () => {
    const wrong = sources
      .filter((path) => !/^src\/(config|main)\.ts$|^src\/cli\//.test(short(path)))
      .filter((path) => /process\.env(?!\.PATH\b)/.test(readFileSync(path, 'utf8')))
      .map(short)
    assert.deepEqual(wrong, [])
  })

  it('every file says on its first line what it is', () => {
    const wrong = sources
      .filter((path) => !/^(#!.*\n)?(\/\/|\/\*\*) \S/.test(readFileSync(path, 'utf8')))
      .map(short)
    assert.deepEqual(wrong, [])
  })

  it('files have at most 300 lines, or say at their top why they are longer', () => {
    const wrong = sources
      .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
      .filter(({ text }) => text.split('\n').length > 301 && !/[Ll]onger than 300/.test(text.slice(0, 600)))
      .map(({ path, text }) => `${short(path)} ${text.split('\n').length}`)
    assert.deepEqual(wrong, [])
  })

  it('no type is silenced in src: no any, no !, no cast by way of unknown', () => {
    const banned: readonly RegExp[] = [
      /(\bas|[:<,|&(]|=>)\s*any\b(?!\s+\w)/,
      /\bas unknown as\b/,
      /[\w)\]]!(?=[.,;)\]([]|\s*$|\s+(as|[-+*/?]))/m,
      /@ts-(ignore|expect-error|nocheck)|biome-ignore/,
    ]
    const wrong = sources.flatMap((path) => {
      const code = readFileSync(path, 'utf8').replace(/^\s*(\/\/(?! @ts|\s*biome)|\*).*$/gm, '')
      return banned.flatMap((each) => {
        const found = each.exec(code)
        return found ? [`${short(path)}: ${code.slice(found.index, found.index + 30)}`] : []
      })
    })
    assert.deepEqual(wrong, [])
  })

  it('links between documents lead somewhere', () => {
    const documents = [
      ...filesIn(join(root, 'docs'), /\.md$/),
      ...readdirSync(root)
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(root, name)),
    ]
    const wrong: string[] = []
    for (const path of documents) {
      for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^(https?|mailto):/.test(target)) continue
        if (!statSync(resolve(dirname(path), target), { throwIfNoEntry: false }))
          wrong.push(`${short(path)} -> ${target}`)
      }
    }
    assert.deepEqual(wrong, [])
  })
})
