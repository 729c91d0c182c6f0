// Takes the facts that `portico coverage` compares with out of the sheet of the guide's rows (HL7 v2-to-FHIR, STU 1): which
// field goes where by which map. Writes src/mappings/guide/rows.json.
//   node scripts/import-guide.ts [FILE.csv] [--check]
// With --check nothing is written; the exit code is 1 when the committed file would change.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const shared = process.env.PORTICO_SHARED ?? resolve(root, '../shared')
const named = process.argv.slice(2).find((each) => !each.startsWith('--'))
const sheet = named ?? join(shared, 'design/mapping-fields.csv')
const file = join(root, 'src/mappings/guide/rows.json')

/** Rows of a sheet with quoted cells, the first row as names. */
function readSheet(text: string): Record<string, string>[] {
  const rows: string[][] = [[]]
  let cell = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (quoted && char === '"' && text.charAt(i + 1) === '"') cell += text.charAt(++i)
    else if (char === '"') quoted = !quoted
    else if (!quoted && (char === ',' || char === '\n')) {
      rows.at(-1)?.push(cell.replace(/\r$/, ''))
      cell = ''
      if (char === '\n') rows.push([])
    } else cell += char
  }
  const [names = [], ...others] = rows.filter((row) => row.length > 1)
  return others.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? ''])))
}

const rows = readSheet(readFileSync(sheet, 'utf8'))
const urlOf = new Map<string, string>()
for (const { map, field, path, assign } of rows) {
  const url = /https?:\/\/[^\s"“”]+/.exec(assign ?? '')?.[0]
  if (path?.endsWith('.url') && url) urlOf.set(`${map}|${field}|${path.slice(0, -'.url'.length)}`, url)
}

/** Address of the outermost extension that a path writes. */
function extensionOf(map = '', field = '', path = ''): string | undefined {
  for (let at = path.indexOf('extension'); at >= 0; at = path.indexOf('extension', at + 1)) {
    const prefix = /^extension(\[\d+\])?/.exec(path.slice(at))?.[0] ?? ''
    const url = urlOf.get(`${map}|${field}|${path.slice(0, at)}${prefix}`)
    if (url) return url
  }
  return undefined
}

const byMap: Record<string, { v2: string; fhir: string; url?: string }[]> = {}
for (const { map = '', field = '', path = '' } of rows) {
  const url = extensionOf(map, field, path)
  const list = byMap[map] ?? []
  byMap[map] = list
  list.push({ v2: field, fhir: path.replace(/\s+/g, ' ').trim(), ...(url && { url }) })
}
const maps = Object.keys(byMap).sort()
const lines = maps.map((map) => {
  const list = (byMap[map] ?? []).map((row) => `    ${JSON.stringify(row)}`).join(',\n')
  return `  ${JSON.stringify(map)}: [\n${list}\n  ]`
})
const text = `{\n${lines.join(',\n')}\n}\n`
if (process.argv.includes('--check')) {
  const same = existsSync(file) && readFileSync(file, 'utf8') === text
  if (!same) console.error(`${file} is not what ${sheet} says - run scripts/import-guide.ts`)
  process.exitCode = same ? 0 : 1
} else {
  writeFileSync(file, text)
  console.log(`${rows.length} rows of ${maps.length} maps`)
}
