// The checker of code tables: each ConceptMap of a site against FHIR R4 and against the tables that rows use.
import { VALUE_SETS } from '../../fhir/definitions.ts'
import { equivalences } from './table.ts'

/** A code table as it was read from its file: nothing is known of it yet. */
export interface UncheckedTable {
  readonly file: string
  readonly resourceType?: unknown
  readonly name?: unknown
  readonly group?: unknown
}

type Json = Readonly<Record<string, unknown>>

/** Codes of FHIR's own code systems, as far as required bindings name them. */
let codesOfFhir: ReadonlyMap<string, ReadonlySet<string>> | undefined

function fhirCodes(): ReadonlyMap<string, ReadonlySet<string>> {
  if (codesOfFhir) return codesOfFhir
  const found = new Map<string, Set<string>>()
  for (const parts of Object.values(VALUE_SETS)) {
    for (const { system, codes } of parts) {
      const known = found.get(system) ?? new Set()
      for (const code of codes) known.add(code)
      found.set(system, known)
    }
  }
  codesOfFhir = found
  return found
}

/**
 * What is wrong with the tables of a layer, in sentences: what (row in file) - what to do. `known`: names that rows use
 * or that a layer below has.
 */
export function checkTables(tables: readonly UncheckedTable[], known: ReadonlySet<string>): string[] {
  const problems: string[] = []
  const files = new Map<string, string>()
  for (const table of tables) {
    const { file, resourceType, name, group } = table
    const say = (what: string, remedy: string, row = '') =>
      problems.push(`${what} (${row === '' ? '' : `${row} in `}${file}) - ${remedy}`)
    if (resourceType !== 'ConceptMap') {
      say('it is no ConceptMap', 'write "resourceType": "ConceptMap"')
      continue
    }
    if (typeof name !== 'string' || name === '') {
      say('the table has no name', 'write the name of the table that rows use, as "name": "MaritalStatus"')
      continue
    }
    if (!known.has(name)) {
      const near = nearest(name, known)
      say(`no row uses a table '${name}'`, near ? `correct name: '${near}' is one` : 'correct name')
    }
    const other = files.get(name)
    if (other !== undefined) say(`table '${name}' is in ${other} already`, 'put both into one file', name)
    files.set(name, file)
    if (group !== undefined && !Array.isArray(group)) say('group is no list', 'write "group": [{ … }]', name)
    else checkGroups(name, (group ?? []) as readonly unknown[], say)
  }
  return problems
}

type Say = (what: string, remedy: string, row?: string) => void

function checkGroups(name: string, groups: readonly unknown[], say: Say): void {
  const seen = new Set<string>()
  let row = 0
  for (const group of groups) {
    const { element, target: system } = objectOf(group)
    if (!Array.isArray(element)) {
      say('a group has no list of elements', 'write "element": [{ "code": … }]', name)
      continue
    }
    for (const each of element) {
      const at = `${name}#${++row}`
      const { code, target } = objectOf(each)
      if (typeof code !== 'string' || code === '') {
        say('the row has no code', 'write the code that the sender uses', at)
        continue
      }
      if (seen.has(code)) say(`code '${code}' is here twice`, 'keep one', at)
      seen.add(code)
      if (target === undefined) continue
      if (!Array.isArray(target)) say('target is no list', 'write "target": [{ "code": … }]', at)
      else for (const one of target) checkTarget(objectOf(one), system, at, say)
    }
  }
}

function checkTarget({ code, equivalence }: Json, system: unknown, at: string, say: Say): void {
  if (equivalence !== undefined && !equivalences.has(String(equivalence)))
    say(`equivalence '${String(equivalence)}' is none of FHIR's`, 'write equivalent, wider or inexact', at)
  if (equivalence === 'unmatched' || equivalence === 'disjoint') return
  if (typeof code !== 'string' || code === '') {
    say('the target has no code', 'write one, or leave target out: then the code has no counterpart', at)
    return
  }
  const allowed = typeof system === 'string' ? fhirCodes().get(system) : undefined
  if (allowed && !allowed.has(code))
    say(
      `'${code}' is no code of ${String(system)}`,
      `write one of ${[...allowed].slice(0, 12).join(', ')}`,
      at,
    )
}

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {}

/** The name that differs least, if it differs little. */
function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '')
  const wanted = plain(name)
  let best: { name: string; far: number } | undefined
  for (const one of known) {
    const far = distance(wanted, plain(one))
    if (!best || far < best.far) best = { name: one, far }
  }
  return best && best.far <= Math.max(2, wanted.length / 4) ? best.name : undefined
}

/** Edits from one text to the other. Names are short. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
    }
    row = next
  }
  return row[b.length] ?? 0
}
