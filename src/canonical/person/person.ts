// PID, PD1 and NK1: what a source says of a person, of whom to call and of a newborn's mother (semantics, sections 5, 6, 10).
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, assertionsOf, cellAt, derived, referred, thingsOf, warnStale } from '../applying.ts'
import { canonicalText, type FhirJson, sameContent } from '../fhir-json.ts'
import { type Identifier, identifierType, isDeterministic, stableId } from '../identity/identifier.ts'
import { assertedBy } from '../identity/identifier-union.ts'
import { authorityOf, resolvePatient } from '../identity/identity.ts'
import { isExcluded, sayPair } from '../identity/link.ts'
import { recordOf } from '../identity/records.ts'
import { type Assertion, type CellKey, splitKey } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'
import { saysNone } from '../truth/empty-list.ts'
import { rootOf } from '../truth/family.ts'
import { type EntryShape, entryOf } from '../truth/parts.ts'
import { liftedRestriction } from '../truth/restriction.ts'
import { entryShape, joinShapes } from '../truth/shape.ts'
import { duplicateTask } from '../truth/task.ts'
import { elementOf, spokenOf } from './patient.ts'

/** Resolves a PID and states what it says. With `fillOnly` it counts only for what nobody speaks of otherwise. */
export function applyPerson(applying: Applying, thing: Thing, fillOnly = false): string {
  const { draft, source, times } = applying
  const id = resolvePatient(applying, thing)
  applying.references.set(`#${thing.as}`, `Patient/${id}`)
  const cells = {
    ...liftedRestriction(applying, thing, times.demographics),
    ...onePerIdentifier(applying, assertionsOf(applying, thing, times.demographics)),
    ...contacts(applying, thing),
  }
  if (fillOnly) draft.assert('Patient', id, source.id, gapsOf(applying, id, cells), 'fill')
  else warnStale(applying, thing, draft.assert('Patient', id, source.id, cells))
  // Whoever was deleted (A29) is there again by being spoken of, also with nothing new.
  if (draft.entity('Patient', id).body?.active === false) draft.touch('Patient', id)
  linkMother(applying, thing, rootOf(draft, 'Patient', id))
  linkDuplicates(applying, thing, id)
  return id
}

/**
 * PID-3 only adds: every identifier is an assertion of its own, so that a shorter list takes nothing away, nor another
 * type the one before. Numbers of others' authorities beside it are marked, or left out where the site does not want them.
 */
function onePerIdentifier(applying: Applying, cells: Record<CellKey, Assertion>): Record<CellKey, Assertion> {
  const { site, source } = applying
  const isForeign = ({ system }: Identifier): boolean => {
    const owner = authorityOf(site, system ?? '')?.owner
    return owner !== undefined && owner !== source.id
  }
  const named = Object.entries(cells).flatMap(([key, { v }]) =>
    key.startsWith('identifier<') && Array.isArray(v)
      ? (v as readonly Identifier[]).filter(isDeterministic)
      : [],
  )
  const home = named.find((each) => !isForeign(each)) ?? named[0]
  const out: Record<CellKey, Assertion> = {}
  for (const [key, cell] of Object.entries(cells)) {
    if (!key.startsWith('identifier<') || !Array.isArray(cell.v)) {
      out[key] = cell
      continue
    }
    for (const [i, each] of (cell.v as readonly Identifier[]).entries()) {
      const isAside = each !== home && isForeign(each)
      if (isAside && !site.policy.acceptForeignIds) continue
      const own = entryShape(cell.s, 'identifier', i)
      const type = identifierType(each)
      const name = `${key}:${each.system ?? ''}|${each.value ?? ''}${type === undefined ? '' : `|${type}`}`
      out[name] = {
        ...cell,
        v: [(isAside ? assertedBy(each, source.id) : each) as Json],
        ...(own ? { s: own } : {}),
      }
    }
  }
  return out
}

const pathOf = (key: CellKey): string => splitKey(key).path

/**
 * Cells for which there is no better word yet, and those that contradict it: they never show, but lineage names them.
 * What is spoken of now will be for ever, so that the others are not missed.
 */
function gapsOf(
  applying: Applying,
  id: string,
  cells: Readonly<Record<CellKey, Assertion>>,
): Record<CellKey, Assertion> {
  const said = [...applying.draft.contributions('Patient', id).values()].filter((each) => each.key === '')
  const elements = spokenOf(said)
  const identifiers = new Set(
    said.flatMap((each) =>
      Object.entries(each.cells).flatMap(([key, { v }]) =>
        key.startsWith('identifier<') ? [canonicalText(v)] : [],
      ),
    ),
  )
  const isSaid = (key: CellKey, v: Json) =>
    said.some((each) =>
      Object.entries(each.cells).some(([at, cell]) => pathOf(at) === pathOf(key) && sameContent(cell.v, v)),
    )
  const isWanted = ([key, { v }]: [CellKey, Assertion]) =>
    key.startsWith('identifier<')
      ? !identifiers.has(canonicalText(v))
      : !elements.has(elementOf(key)) || !isSaid(key, v)
  return Object.fromEntries(Object.entries(cells).filter(isWanted))
}

/** NK1 is a snapshot: the contacts of the message replace those that this source has named before. */
function contacts(applying: Applying, patient: Thing): Record<CellKey, Assertion> {
  const parts = thingsOf(applying, 'Patient.contact').filter(
    (each) => referred(applying, each, 'patient') === patient,
  )
  if (parts.length === 0 && !saysNone(applying, 'Patient.contact', patient)) return {}
  const list: Json[] = []
  const shapes: EntryShape[] = []
  for (const part of parts) {
    if (part.cells.every((each) => each.value === null)) continue
    const { entry, shapes: own } = entryOf(applying, part, `contact[${list.length}].`)
    shapes.push(...own)
    if (Object.keys(entry).length > 0) list.push(reachable(entry))
  }
  const s = joinShapes(shapes)
  const stated = derived(applying, list.length > 0 ? list : null, applying.times.demographics)
  return { 'contact<NK1': { ...stated, ...(s === undefined ? {} : { s }) } }
}

const unnamed = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
}

/** FHIR pat-1: a contact has a name, a number, an address or an organization; else its name is said to be unknown. */
const reachable = (entry: FhirJson): FhirJson =>
  ['name', 'telecom', 'address', 'organization'].some((each) => entry[each] !== undefined)
    ? entry
    : { ...entry, name: unnamed }

/** PD1-10: another record that may be the same person. Both show it, until somebody says that they are two; never a merge. */
function linkDuplicates(applying: Applying, thing: Thing, id: string): void {
  const { draft, times } = applying
  for (const { system, value } of (cellAt(thing, '$duplicateIdentifier')?.value ??
    []) as readonly Identifier[]) {
    if (!system || !value) continue
    const other = recordOf(draft, 'Patient', system, value)
    if (draft.survivorId('Patient', other) === draft.survivorId('Patient', id)) continue
    if (isExcluded(draft, id, other)) continue
    sayPair(draft, id, other, { linked: true, excluded: false, why: 'unverified', m: times.message })
    askWhetherOne(draft, id, other)
  }
}

/** The sender has not verified that both are one person: somebody has to, once both are known. */
function askWhetherOne(draft: Draft, id: string, other: string): void {
  if (!draft.entity('Patient', other).body) return
  const shown = (record: string) => draft.survivorId('Patient', record)
  const description = 'a source names another record that may be the same person (PD1-10)'
  draft.tasks.push(duplicateTask(shown(id), shown(other), 'possible', description))
}

/** PID-21: the mother is a RelatedPerson of the child, and her own record points there (IHE PMIR). */
function linkMother(applying: Applying, thing: Thing, child: string): void {
  const mothers = (cellAt(thing, '$mothersIdentifier')?.value ?? []) as readonly Identifier[]
  const [mother] = mothers
  if (!mother?.system || !mother.value) return
  const { draft, source, times } = applying
  const id = stableId('RelatedPerson', child, 'MTH', mother.system, mother.value)
  const coding = {
    system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode',
    code: 'MTH',
    display: 'mother',
  }
  draft.assert('RelatedPerson', id, source.id, {
    'identifier<PID-21': derived(applying, mothers as readonly Json[], times.demographics),
    'patient<PID-3': derived(applying, { reference: `Patient/${child}` }, times.demographics),
    'relationship<PID-21': derived(applying, [{ coding: [coding] }], times.demographics),
  })
  // Her id follows from her identifier, so that the link waits for her when she is not known yet.
  const motherId = recordOf(draft, 'Patient', mother.system, mother.value)
  draft.contribute('Patient', motherId, {
    source: 'gateway',
    key: `related:${id}`,
    i: draft.messageId,
    cells: {},
    data: { reference: `RelatedPerson/${id}`, type: 'seealso' },
  })
}
