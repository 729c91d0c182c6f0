// All identifiers that anybody knows of one thing, each once (semantics, sections 1 and 5).

import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { dedupe, entries } from '../person/contact-points.ts'
import type { Numbers } from '../person/patient-family.ts'
import type { Statement } from '../truth/latest.ts'
import { type Identifier, identifierType } from './identifier.ts'

type Entry = FhirJson
type Coding = { readonly system?: string; readonly code?: string }

/** Marks a number that only others than the owner of its authority have told of, and who. */
const assertedByUrl = 'http://portico.example.org/StructureDefinition/asserted-by'

/** The number with the mark that this source, to whom its authority does not belong, has told of it. */
export const assertedBy = (identifier: Identifier, source: string): Identifier => {
  const known = (identifier as Entry).extension
  const mark = { url: assertedByUrl, valueString: source }
  return { ...identifier, extension: [...(Array.isArray(known) ? known : []), mark] } as Identifier
}

const marksOf = (entry: Entry): readonly Entry[] =>
  Array.isArray(entry.extension)
    ? (entry.extension as readonly Entry[]).filter(({ url }) => url === assertedByUrl)
    : []

function withMarks(entry: Entry, marks: readonly Entry[]): Entry {
  const { extension, ...others } = entry
  const own = Array.isArray(extension)
    ? (extension as readonly Entry[]).filter(({ url }) => url !== assertedByUrl)
    : []
  const all = [...own, ...marks]
  return all.length > 0 ? { ...others, extension: all } : others
}

/** One per (system, value), with every type that was seen; `retired` ones are old, whatever else is said of them. */
export function unionIdentifiers(
  statements: readonly Statement[],
  retired: readonly Identifier[],
  numbers?: Numbers,
): Entry[] {
  const byKey = new Map<string, Entry>()
  const said = statements.flatMap((each) =>
    (entries(each) as readonly Identifier[])
      .filter((identifier) => !isPlaceholder(identifier))
      .map((identifier) => expired(identifier, each.t)),
  )
  for (const identifier of said) {
    const key = keyOf(identifier)
    if (numbers?.without.includes(key)) continue
    const known = byKey.get(key)
    const entry = { ...identifier } as Entry
    if (!known) byKey.set(key, withUse(entry))
    else byKey.set(key, merged(known, entry))
  }
  for (const identifier of numbers?.current ?? []) {
    const key = keyOf(identifier)
    if (numbers?.without.includes(key)) continue
    const known = byKey.get(key)
    byKey.set(key, known ? withTypes(known, { ...identifier } as Entry) : withUse({ ...identifier } as Entry))
  }
  for (const identifier of retired) {
    const key = keyOf(identifier)
    byKey.set(key, { ...(byKey.get(key) ?? {}), ...(identifier as Entry), use: 'old' })
  }
  return [...byKey.values()].sort(compareIdentifiers)
}

const keyOf = ({ system, value }: Identifier): string => `${system ?? ''}|${value ?? ''}`

/** What had ended when it was said is nobody's number any more (CX.8). */
function expired(identifier: Identifier, t: number): Identifier {
  const { end } = identifier.period ?? {}
  return end !== undefined && Date.parse(end) < t ? { ...identifier, use: 'old' } : identifier
}

const isPlaceholder = (identifier: Identifier): boolean =>
  identifierType(identifier) === 'SS' && isMissingSsn(identifier.value ?? '')

/** Social security numbers that stand for none. */
function isMissingSsn(value: string): boolean {
  const digits = value.replace(/\D/g, '')
  if (digits.length !== 9) return false
  return /^000|^123456789$|^(\d)\1{8}$/.test(digits)
}

const rank = (entry: Entry): number =>
  ['usual', 'official', undefined, 'secondary', 'temp', 'old'].indexOf(entry.use as string | undefined)
const compareIdentifiers = (a: Entry, b: Entry): number =>
  rank(a) - rank(b) ||
  `${String(a.system)}|${String(a.value)}`.localeCompare(`${String(b.system)}|${String(b.value)}`, 'en')

function withUse(entry: Entry): Entry {
  if (entry.use !== undefined) return entry
  const type = identifierType(entry as Identifier)
  if (type === 'MR' || type === 'PI') return { ...entry, use: 'usual' }
  if (type === 'SS') return { ...entry, use: 'official' }
  return type === 'MRT' ? { ...entry, use: 'temp' } : entry
}

/** Two statements of one number: marked only when both are. */
function merged(known: Entry, entry: Entry): Entry {
  const both = withTypes(known, entry)
  const marks = [marksOf(known), marksOf(entry)]
  if (marks.every((each) => each.length === 0)) return both
  const isMarked = marks.every((each) => each.length > 0)
  const all = isMarked ? dedupe(marks.flat()).sort(byText) : []
  return withMarks(both, all)
}

function withTypes(known: Entry, entry: Entry): Entry {
  const codings = (each: Entry) => (each.type as { coding?: readonly Coding[] } | undefined)?.coding ?? []
  const all = dedupe([...codings(known), ...codings(entry)] as Entry[]).sort(byText)
  const both: Entry = { ...entry, ...known }
  if (all.length > 0) both.type = { ...((known.type as Entry | undefined) ?? {}), coding: all }
  return both
}

const byText = (a: Entry, b: Entry): number => (canonicalText(a) < canonicalText(b) ? -1 : 1)
