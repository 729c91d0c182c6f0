// A person with several records: what each of them says counts as one, and what was merged fills gaps (semantics,
// section 3). The survivor's word wins over all that was said of the merged record before the merge, whatever its time.

import type { FhirJson } from '../fhir-json.ts'
import type { Identifier } from '../identity/identifier.ts'
import { unionIdentifiers } from '../identity/identifier-union.ts'
import { compareMoments, type Moment } from '../identity/identity-log.ts'
import {
  type Assertion,
  type CellKey,
  type Contribution,
  compareAssertions,
  splitKey,
} from '../truth/contribution.ts'
import { isObject } from '../truth/event-elements.ts'
import { type Family, ownOf } from '../truth/family.ts'
import { statementsByPath } from '../truth/latest.ts'
import { foldPatient, type PatientContext } from './patient.ts'

/** What the identity log knows of the numbers of one person, kept with its root. */
export interface Numbers {
  /** Not to be used any more, with the end of their period. */
  readonly retired: readonly Identifier[]
  /** What stands for them. */
  readonly current: readonly Identifier[]
  /** 'system|value' of numbers that a message gave to this person, and that are somebody else's. */
  readonly without: readonly string[]
}

export const numbersKey = 'numbers'

const isAfter = (cell: Assertion, merge: Moment | undefined): boolean =>
  merge === undefined || compareMoments(cell, merge) > 0

/** Elements that are as strict as the strictest: a merge takes nothing away from them. */
const isStrict = (key: CellKey): boolean => key.startsWith('$protection<')

/** Nobody knew who the record was: that says nothing of its survivor. */
const unknownUrl = 'http://portico.example.org/StructureDefinition/identity-unknown'
const unknownPath = `extension('${unknownUrl}')`
/** What a message says of somebody whom nobody knows (PID-31) is a placeholder. */
const placeholders: ReadonlySet<string> = new Set(['name', 'birthDate', unknownPath])

/** Cells of a merged record that must not take the place of what is known of its survivor. */
function placeholdersIn(cells: Readonly<Record<CellKey, Assertion>>): ReadonlySet<CellKey> {
  const keys = Object.keys(cells)
  const unknown = keys.flatMap((key) => {
    const cell = cells[key]
    const { valueBoolean } = (isObject(cell?.v) ? cell.v : {}) as { readonly valueBoolean?: unknown }
    return cell && valueBoolean === true && splitKey(key).path === unknownPath ? [cell.i] : []
  })
  return new Set(
    keys.filter((key) => unknown.includes(cells[key]?.i ?? '') && placeholders.has(splitKey(key).path)),
  )
}

/** The latest of what each source says, over all records: those of this person, and merged ones since their merge. */
export function statedOf(family: Family): Contribution[] {
  const bySource = new Map<string, { said: Contribution; cells: Record<CellKey, Assertion> }>()
  const take = (list: readonly Contribution[], merge: Moment | undefined): void => {
    for (const said of list) {
      if (said.data !== undefined) continue
      const at = `${said.source}\u0001${said.key}`
      const known = bySource.get(at) ?? { said, cells: {} }
      bySource.set(at, known)
      const passed = merge && placeholdersIn(said.cells)
      for (const [key, cell] of Object.entries(said.cells)) {
        if (passed?.has(key)) continue
        // Numbers of a merged record are old ones of its survivor.
        if (key.startsWith('identifier<') ? merge : !isStrict(key) && !isAfter(cell, merge)) continue
        const rival = known.cells[key]
        if (!rival || compareAssertions(cell, rival) < 0) known.cells[key] = cell
      }
    }
  }
  const walk = (each: Family, after: Moment | undefined): void => {
    for (const list of [each.contributions, ...each.same]) take(list, after)
    for (const child of each.merged)
      walk(child, after && compareMoments(after, child.by) > 0 ? after : child.by)
  }
  walk(family, undefined)
  return [...bySource.values()].flatMap(({ said, cells }) =>
    Object.keys(cells).length === 0 ? [] : [{ ...said, cells }],
  )
}

const allOf = (family: Family): Contribution[] => [
  ...family.contributions,
  ...family.same.flat(),
  ...family.merged.flatMap(allOf),
]

const numbersOf = (list: readonly Contribution[]): Numbers | undefined =>
  list.find((each) => each.key === numbersKey && each.data !== undefined)?.data as Numbers | undefined

/** Contributions of which foldPatient makes the person: as if one record had heard it all. */
export function contributionsOfFamily(
  family: Family,
  context: PatientContext,
  mergeFill: boolean,
): Contribution[] {
  const stated = statedOf(family)
  const told = allOf(family).filter(
    (each) => each.data !== undefined && each.key !== numbersKey && isTold(each.key),
  )
  const numbers = ownOf(family).filter((each) => each.key === numbersKey)
  const merged = family.merged
    .toSorted((a, b) => compareMoments(a.by, b.by))
    .map((child) => absorbed(child, context, mergeFill))
  return [...stated, ...unique(told), ...numbers, ...merged]
}

/** What other things and other persons tell of this one. */
const isTold = (key: string): boolean => key.startsWith('related:') || key.startsWith('pair:')

/** Of what several records were told of one thing, the latest. */
function unique(list: readonly Contribution[]): Contribution[] {
  const byKey = new Map<string, Contribution>()
  for (const each of list) {
    const rival = byKey.get(each.key)
    if (!rival || momentOf(rival) < momentOf(each)) byKey.set(each.key, each)
  }
  return [...byKey.values()]
}

const momentOf = ({ data }: Contribution): number => (data as { readonly m?: number } | undefined)?.m ?? 0

const notFilled = new Set(['resourceType', 'id', 'meta', 'active', 'identifier', 'link', 'name', 'text'])

/** What a record knows that its survivor may lack. */
function fillOf(record: FhirJson): FhirJson {
  const fill: FhirJson = {}
  for (const [key, value] of Object.entries(record)) {
    if (notFilled.has(key)) continue
    if (key !== 'extension' || !Array.isArray(value)) fill[key] = value
    else {
      const kept = (value as readonly FhirJson[]).filter(({ url }) => url !== unknownUrl)
      if (kept.length > 0) fill.extension = kept
    }
  }
  return fill
}

/** A merged record, as its survivor knows it: its numbers, what it knows, and that it was replaced. */
function absorbed(
  child: Family & { readonly by: Moment & { readonly t: number } },
  context: PatientContext,
  mergeFill: boolean,
): Contribution {
  const before = foldPatient(contributionsOfFamily(child, context, mergeFill), context) ?? {}
  const fill = fillOf(before)
  const end = instant(child.by.t)
  const identifiers = unionIdentifiers(
    statementsByPath(statedOf(child)).get('identifier') ?? [],
    numbersOf(ownOf(child))?.retired ?? [],
  ) as readonly Identifier[]
  const retired = identifiers.map((each) => ({
    ...each,
    use: 'old',
    period: { ...each.period, end: each.period?.end ?? end },
  }))
  return {
    source: 'gateway',
    key: `merge:${child.id}`,
    i: child.by.i,
    cells: {},
    data: {
      reference: `Patient/${child.id}`,
      type: 'replaces',
      identifiers: [...retired, ...inherited(child)],
      ...(mergeFill ? { fill } : {}),
    },
  }
}

/** Numbers of what had been merged into the merged record. */
const inherited = (family: Family): Identifier[] =>
  family.merged.flatMap((child) => {
    const end = instant(child.by.t)
    const list = unionIdentifiers(statementsByPath(statedOf(child)).get('identifier') ?? [], [])
    const old = (list as readonly Identifier[]).map((each) => ({
      ...each,
      use: 'old',
      period: { ...each.period, end },
    }))
    return [...old, ...inherited(child)]
  })

const instant = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
