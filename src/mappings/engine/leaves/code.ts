// Coded values (HL7 v2.9.1 chapter 2A CWE, CE, IS, ID; table 0396 coding systems; FHIR R4 CodeableConcept,
// Coding).
import type { Json } from '../../mapped.ts'
import { codingSystems } from '../coding-systems.ts'
import type { Leaves } from '../leaf-type.ts'
import { remembered } from '../remembered.ts'
import type { Run } from '../run.ts'
import type { Translation } from '../table.ts'
import { type MarkStep, mark } from '../trace.ts'

const HL7_TABLE = /^HL7-?(\d{3,4})$/i
const LOCAL = /^(?:L|LOCAL)$/i
const OID = /^\d+(?:\.\d+)+$/

/** Names of coding systems that are remembered for one set of tables. */
const maxNames = 1_000
const namesOf = new WeakMap<object, Map<string, string | undefined>>()

/** URI of a coding system by its name in CWE.3; undefined for local and unknown names. */
export function systemOf(name: string, run: Run): string | undefined {
  const tables = run.context.tables ?? run.tables
  let known = namesOf.get(tables)
  if (!known) {
    known = new Map()
    namesOf.set(tables, known)
  }
  if (known.has(name)) return known.get(name)
  const system = findSystem(name, run)
  if (known.size < maxNames) known.set(name, system)
  return system
}

function findSystem(name: string, run: Run): string | undefined {
  const table = HL7_TABLE.exec(name)?.[1]
  if (table !== undefined) return `http://terminology.hl7.org/CodeSystem/v2-${table.padStart(4, '0')}`
  const known = run.translate('CodingSystem', name)?.code ?? codingSystems[name.toUpperCase()]
  if (known !== undefined) return known
  if (/^(?:https?:|urn:)/i.test(name)) return name
  return OID.test(name) ? `urn:oid:${name}` : undefined
}

interface Marks {
  readonly code: MarkStep
  readonly system: MarkStep
  readonly display: MarkStep
}

function marks(base: string, code: number): Marks {
  return {
    code: mark(`${base}code`, `.${code}`),
    system: mark(`${base}system`, `.${code + 2}`),
    display: mark(`${base}display`, `.${code + 1}`),
  }
}

const codingMarks = [0, 1, 2, 3].map((index) => ({
  own: marks(`coding[${index}].`, 1),
  alternate: marks(`coding[${index}].`, 4),
  second: marks(`coding[${index}].`, 10),
}))
const single = marks('', 1)
const textMark = [9, 2, 5].map((component) => mark('text', `.${component}`))
/** Versions of the coding systems: CWE.7, of the alternates CWE.8 and CWE.13. */
const versionMarks = [0, 1, 2, 3].map((index) => ({
  own: mark(`coding[${index}].version`, '.7'),
  alternate: mark(`coding[${index}].version`, '.8'),
  second: mark(`coding[${index}].version`, '.13'),
}))

/** One code with its system and display, and what a table makes of it. */
interface Coded {
  readonly coding: { system?: string; version?: string; code: string; display?: string }
  readonly translation: Translation | undefined
}

/** FHIR codes have no doubled spaces. */
function code(raw: string | undefined, run: Run): string | undefined {
  const text = run.text(raw === undefined ? undefined : run.subparts(raw)[0])
  return text?.replace(/\s+/g, ' ')
}

/** The table applies to codes of its own system, to local ones and to those without a system. */
function applies(uri: string | undefined, run: Run): boolean {
  if (uri === undefined) return true
  const table = run.tables.get(run.table)
  if (table === undefined || table.sources.size === 0 || table.sources.has(uri)) return true
  // ISO 639 and BCP 47 say the same of a language, in other words.
  return uri.startsWith('urn:iso:std:iso:639') && table.targets.has('urn:ietf:bcp:47')
}

function read(
  raw: string | undefined,
  named: string | undefined,
  oid: string | undefined,
  run: Run,
  severity: 'E' | 'W',
): Coded | undefined {
  const value = code(raw, run)
  if (value === undefined) return undefined
  const local = named === undefined || LOCAL.test(named)
  const declared = named === undefined ? undefined : systemOf(named, run)
  const uri = declared ?? (local && oid !== undefined && OID.test(oid) ? `urn:oid:${oid}` : undefined)
  let translation: Translation | undefined
  if (run.table !== '' && applies(uri, run)) {
    translation = run.translate(run.table, value)
    const target = run.tables.get(run.table)?.targets
    if (!translation && !(uri !== undefined && target?.has(uri)) && !run.tables.get(run.table)?.open) {
      run.unmapped(value, run.table, severity)
    }
  }
  const source = named === undefined ? translation?.source : undefined
  const system = uri ?? source ?? (local ? run.localCodes() : run.localSystem(named))
  return { coding: { system, code: value }, translation }
}

function push(list: Json[], one: Coded, display: string | undefined, run: Run, at: Marks): void {
  const { coding, translation } = one
  const same = translation?.system === coding.system && translation?.code === coding.code
  const shown = display ?? (same ? translation?.display : undefined)
  run.mark(at.code)
  if (display !== undefined) run.mark(at.display)
  list.push(shown === undefined ? coding : { ...coding, display: shown })
  if (same || translation?.code === undefined) return
  const { system, code: mapped, display: text } = translation
  list.push({
    ...(system !== undefined && { system }),
    code: mapped,
    ...(text !== undefined && { display: text }),
  })
  run.mark(codingMarks[list.length - 1]?.own.code ?? at.code)
}

/**
 * Original coding first, mapped second, then the sender's alternates; text is CWE.9, else CWE.2, else
 * CWE.5.
 */
export function concept(raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const coding: Json[] = []
  const display = run.text(parts[1])
  const first = read(parts[0], code(parts[2], run), run.text(parts[13]), run, 'W')
  if (first) {
    const revision = run.text(parts[6])
    if (revision !== undefined) {
      first.coding.version = revision
      run.mark(versionMarks[0]?.own ?? single.system)
    }
    if (code(parts[2], run) !== undefined) run.mark(codingMarks[0]?.own.system ?? single.system)
    push(coding, first, display, run, codingMarks[0]?.own ?? single)
  }
  if (parts.length > 3) alternates(parts, coding, run)
  const texts = [run.text(parts[8]), display, run.text(parts[4])]
  const chosen = texts.findIndex((text) => text !== undefined)
  const text = texts[chosen]
  const textFrom = textMark[chosen]
  if (textFrom) run.mark(textFrom)
  if (coding.length === 0) return text === undefined ? undefined : { text }
  return text === undefined ? { coding } : { coding, text }
}

function alternates(parts: readonly string[], coding: Json[], run: Run): void {
  const table = run.table
  run.table = ''
  for (const start of [3, 9]) {
    const name = code(parts[start + 2], run)
    const other = read(parts[start], name, run.text(parts[start === 3 ? 16 : 19]), run, 'W')
    const at = codingMarks[coding.length]
    if (!other || !at) continue
    const from = start === 3 ? at.alternate : at.second
    if (name !== undefined) run.mark(from.system)
    const revision = run.text(parts[start === 3 ? 7 : 12])
    if (revision !== undefined) {
      const to = versionMarks[coding.length]
      other.coding.version = revision
      if (to) run.mark(start === 3 ? to.alternate : to.second)
    }
    push(coding, other, run.text(parts[start + 1]), run, from)
  }
  run.table = table
}

/** One Coding: the mapped one, else the original. */
function coding(raw: string, run: Run, severity: 'E' | 'W'): Json | undefined {
  const parts = run.parts(raw)
  const one = read(parts[0], code(parts[2], run), run.text(parts[13]), run, severity)
  if (!one) return undefined
  run.mark(single.code)
  const { translation } = one
  if (translation?.code !== undefined) {
    const { system, code: mapped, display } = translation
    return {
      ...(system !== undefined && { system }),
      code: mapped,
      ...(display !== undefined && { display }),
    }
  }
  const display = run.text(parts[1])
  if (display !== undefined) run.mark(single.display)
  return display === undefined ? one.coding : { ...one.coding, display }
}

const sentClass = 'http://portico.example.org/StructureDefinition/patient-class'

/** The class of a visit; where FHIR's says less than what was sent (table 0004 R, B), what was sent stays beside it. */
function visitClass(raw: string, run: Run): Json | undefined {
  const made = coding(raw, run, 'E')
  const sent = run.head(raw)
  const less = sent !== undefined && run.translate(run.table, sent)?.equivalence === 'wider'
  return made && less ? { extension: [{ url: sentClass, valueCode: sent }], ...(made as object) } : made
}

/** The code that a table gives; without a table the code as sent. */
export function translated(raw: string, run: Run, severity: 'E' | 'W'): string | undefined {
  const sent = run.head(raw)?.replace(/\s+/g, ' ')
  if (sent === undefined || run.table === '') return sent
  const translation = run.translate(run.table, sent)
  if (!translation || (severity === 'E' && translation.code === undefined)) {
    run.unmapped(sent, run.table, severity)
    return undefined
  }
  return translation.code
}

export const conceptReads = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 20]

const plain: Leaves = {
  'CWE[CodeableConcept]': {
    yields: 'CodeableConcept',
    reads: conceptReads,
    read: (raw, run) => remembered(raw, run, concept),
  },
  /** For required elements: a code that no table knows is an error. */
  'CWE[Coding]': {
    yields: 'Coding',
    reads: [1, 2, 3, 14],
    read: (raw, run) => coding(raw, run, 'E'),
  },
  'CWE[class]': { yields: 'Coding', reads: [1, 2, 3, 14], read: visitClass },
  'CWE[Coding-Soft]': {
    yields: 'Coding',
    reads: [1, 2, 3, 14],
    read: (raw, run) => coding(raw, run, 'W'),
  },
  'CWE[code]': { yields: 'code', reads: [1], read: (raw, run) => translated(raw, run, 'E') },
  'ID[code]': { yields: 'code', reads: [1], read: (raw, run) => translated(raw, run, 'W') },
  /** The table's code, else the code as sent: the rules say what they take. */
  'ID[code-Kept]': {
    yields: 'code',
    reads: [1],
    read: (raw, run) => {
      const sent = run.head(raw)
      return sent === undefined ? undefined : (run.translate(run.table, sent)?.code ?? sent)
    },
  },
  /** The code as sent, for rules that decide by it. */
  'CWE[string]': { yields: 'string', reads: [1], read: (raw, run) => run.head(raw) },
  'ID[action]': { yields: 'code', reads: [1], read: (raw, run) => run.head(raw)?.toUpperCase() },
  'CWE[text]': {
    yields: 'string',
    reads: [1, 2, 9],
    read: (raw, run) => {
      const parts = run.parts(raw)
      return run.text(parts[8]) ?? run.text(parts[1]) ?? run.text(parts[0])
    },
  },
}

/** Of leaves that make of a text what the tables say: it is remembered. */
export const coded = (leaves: Leaves): Leaves =>
  Object.fromEntries(Object.entries(leaves).map(([name, leaf]) => [name, { ...leaf, coded: true as const }]))

export const codeLeaves: Leaves = coded(plain)
