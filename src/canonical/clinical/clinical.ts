// Diagnoses, procedures, allergies, observations, referrals and authorizations that come with a person or a visit
// (semantics, section 7): each is one resource by its key, said again by every message that names it.
import type { Json, Mapped, Thing } from '../../mappings/mapped.ts'
import { type Applying, assertionsOf, cellAt, derived, thingsOf, warn } from '../applying.ts'
import { applyGuarantors } from '../coverage/guarantor.ts'
import { applyCoverages } from '../coverage/insurance.ts'
import { canonicalText } from '../fhir-json.ts'
import { type Identifier, stableId } from '../identity/identifier.ts'
import { writeInstant, zoneClock } from '../instant.ts'
import { referenceTo } from '../masters/actors.ts'
import type { Assertion, CellKey } from '../truth/contribution.ts'
import { type EntryShape, entryOf } from '../truth/parts.ts'
import { joinShapes, shapeId } from '../truth/shape.ts'
import { noteAllergies } from './allergy-list.ts'
import { clinicalId, isTelling, kinds, requiredOf, type Scope } from './clinical-kind.ts'

/** Action codes of tables 0206, 0287 and 0323 that take something back. */
const removing = new Set(['D', 'DE', 'UN'])

const actionOf = (thing: Thing): string | undefined => {
  const code = cellAt(thing, '$actionCode')?.value
  return typeof code === 'string' ? code.toUpperCase() : undefined
}

/** Clinical things of a message with their ids, in order; `scopeOf` says whose each is. */
export function* clinicalIds(
  mapped: Mapped,
  source: string,
  scopeOf: (thing: Thing) => Scope | undefined,
): Iterable<{ readonly thing: Thing; readonly id: string; readonly scope: Scope }> {
  const met = new Map<string, number>()
  for (const thing of mapped.things) {
    if (kinds[thing.type] === undefined || !isTelling(thing)) continue
    const scope = scopeOf(thing)
    if (!scope) continue
    const first = clinicalId(thing, scope, source, 0)
    const repeat = met.get(first) ?? 0
    met.set(first, repeat + 1)
    const named = cellAt(thing, 'identifier')?.value !== undefined
    yield { thing, id: repeat === 0 || named ? first : clinicalId(thing, scope, source, repeat), scope }
  }
}

/** What a message says beside its persons, accounts and visits: who pays, and what is known of their health. */
export function applyBeside(applying: Applying): void {
  applyCoverages(applying)
  applyGuarantors(applying)
  applyClinical(applying)
}

/**
 * States what the clinical segments say: of one visit, whose id is known by now, or of whatever has not been said yet.
 */
export function applyClinical(applying: Applying, visit?: Thing): void {
  const { mapped, source, references, draft } = applying
  // By handle: a message may hold very many of these.
  const at = (handle: string | undefined) => (handle === undefined ? undefined : references.get(`#${handle}`))
  const scopeOf = (thing: Thing): Scope | undefined => {
    const { subject, encounter } = thing.refs
    if (at(thing.as) !== undefined || (visit !== undefined && encounter !== visit.as)) return undefined
    const patient = at(subject)
    return patient === undefined ? undefined : { patient, encounter: at(encounter) }
  }
  for (const { thing, id, scope } of [...clinicalIds(mapped, source.id, scopeOf)]) {
    references.set(`#${thing.as}`, `${thing.type}/${id}`)
    const cells = cellsOf(applying, thing, scope)
    if (!cells) continue
    warnUnknown(applying, thing, id)
    draft.assert(thing.type, id, source.id, cells)
  }
  if (visit === undefined) noteAllergies(applying)
}

/** What is taken back before anybody has told of it is kept as an error; the sender may have meant another number. */
function warnUnknown(applying: Applying, thing: Thing, id: string): void {
  const action = actionOf(thing)
  if (action === undefined || !removing.has(action)) return
  if (applying.draft.contributions(thing.type, id).size > 0) return
  const { field = thing.segment.name, location } = cellAt(thing, '$actionCode') ?? {}
  const text = `${field} takes back a ${thing.type} that nobody has told of - correct its number or its code`
  warn(applying, 'NOTHING-TO-CANCEL', [location ?? field], text)
}

function cellsOf(applying: Applying, thing: Thing, scope: Scope): Record<CellKey, Assertion> | undefined {
  const { source, times } = applying
  const action = actionOf(thing)
  // X: named for context only.
  if (action === 'X') return undefined
  const say = (v: Json) => derived(applying, v, times.event)
  const segment = thing.segment.name
  const cells = assertionsOf(applying, thing, times.event)
  const deleted = action !== undefined && removing.has(action)
  const time = writeInstant(times.message, zoneClock(source.timezone))
  for (const [path, value] of Object.entries(requiredOf(thing, applying.mapped, deleted, time))) {
    const own = Object.keys(cells).find((key) => key.startsWith(`${path}<`))
    cells[own ?? `${path}<${segment}`] = own && cells[own] ? { ...cells[own], v: value } : say(value)
  }
  cells[`${kinds[thing.type]?.owner ?? 'subject'}<PID-3`] = say({ reference: scope.patient })
  if (kinds[thing.type]?.ofVisit && scope.encounter)
    cells['encounter<PV1-19'] = say({ reference: scope.encounter })
  if (thing.type === 'ClaimResponse' && !Object.keys(cells).some((key) => key.startsWith('insurer<'))) {
    const payor = referenceTo(applying, thing, 'payor')
    if (payor === undefined) return undefined
    cells['insurer<IN1-3'] = say({ reference: payor })
  }
  return cells
}

const partsOf = (applying: Applying, type: string, visit: Thing): readonly Thing[] =>
  thingsOf(applying, type).filter((each) => each.refs.encounter === visit.as)

/** What other segments say of a visit: its diagnoses, who takes part in it, the episode that it belongs to. */
export function visitParts(applying: Applying, visit: Thing): Record<CellKey, Assertion> {
  applyClinical(applying, visit)
  return {
    ...diagnoses(applying, visit),
    ...participants(applying, visit),
    ...episode(applying, visit),
    ...planned(applying, visit),
  }
}

/** EVN-3 is when the patient is expected, or expected to leave, where PV2-8 and PV2-9 do not say so. */
const plannedBy: Readonly<Record<string, 'Start' | 'End'>> = {
  'ADT^A05': 'Start',
  'ADT^A14': 'Start',
  'ADT^A16': 'End',
}

function planned(applying: Applying, visit: Thing): Record<CellKey, Assertion> {
  const which = plannedBy[applying.event]
  const [event] = thingsOf(applying, 'Event')
  const cell = which === undefined ? undefined : cellAt(event, '$planned')
  if (!cell || cell.value === null) return {}
  const url = `http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.planned${which}Date`
  const path = `extension('${url}')`
  if (cellAt(visit, path) !== undefined) return {}
  const s = shapeId(cell.spans.map((span) => ({ ...span, fhir: `${path}.valueDateTime` })))
  const said = derived(applying, { url, valueDateTime: cell.value }, applying.times.event)
  return { [`${path}<EVN-3`]: { ...said, ...(s && { s }) } }
}

/** DG1 is a snapshot of the visit's diagnoses, unless it says what to do with each (DG1-21). */
function diagnoses(applying: Applying, visit: Thing): Record<CellKey, Assertion> {
  const parts = partsOf(applying, 'Encounter.diagnosis', visit)
  if (parts.length === 0) return {}
  const say = (v: Json) => derived(applying, v, applying.times.event)
  const byAction = parts.some((each) => actionOf(each) !== undefined)
  const out: Record<CellKey, Assertion> = {}
  const list: Json[] = []
  const shapes: EntryShape[] = []
  for (const part of parts) {
    const reference = applying.references.get(`#${part.refs.condition ?? ''}`)
    const action = actionOf(part)
    if (reference === undefined || action === 'X') continue
    const prefix = byAction ? 'diagnosis[0].' : `diagnosis[${list.length}].`
    const { entry, shapes: own } = entryOf(applying, part, prefix)
    const value = { condition: { reference }, ...entry }
    if (byAction) {
      const s = joinShapes(own)
      const removed = action !== undefined && removing.has(action)
      out[`diagnosis<DG1-3:${reference}`] = { ...say(removed ? null : [value]), ...(s && { s }) }
    } else {
      list.push(value)
      shapes.push(...own)
    }
  }
  if (byAction) return out
  const s = joinShapes(shapes)
  return { 'diagnosis<DG1-3': { ...say(list.length > 0 ? list : null), ...(s && { s }) } }
}

/** ROL and PRT each say of one person in one role: added, changed or removed, the others stay. */
function participants(applying: Applying, visit: Thing): Record<CellKey, Assertion> {
  const out: Record<CellKey, Assertion> = {}
  for (const part of partsOf(applying, 'Encounter.participant', visit)) {
    const action = actionOf(part)
    const { entry, shapes } = entryOf(applying, part, 'participant[0].')
    if (action === 'X' || (entry.individual === undefined && entry.type === undefined)) continue
    const name = part.segment.name
    const instance = cellAt(part, '$instance')?.value ?? `${keyText(entry.type)} ${keyText(entry.individual)}`
    const s = joinShapes(shapes)
    const value = action !== undefined && removing.has(action) ? null : [entry as Json]
    out[`participant<${name}-${name === 'ROL' ? 4 : 5}:${String(instance)}`] = {
      ...derived(applying, value, applying.times.event),
      ...(s && { s }),
    }
  }
  return out
}

const keyText = (value: Json | undefined): string => canonicalText(value ?? null)

/** PV1-54: the episode of care, with the description of PV1-53. */
function episode(applying: Applying, visit: Thing): Record<CellKey, Assertion> {
  const { draft, source, times } = applying
  const cell = cellAt(visit, '$episodeId')
  const [first] = (cell?.value ?? []) as readonly Identifier[]
  const patient = referenceTo(applying, visit, 'subject')
  if (!first?.system || !first.value || patient === undefined) return {}
  const id = stableId('EpisodeOfCare', first.system, first.value)
  const say = (v: Json) => derived(applying, v, times.event)
  const name = cellAt(visit, '$episodeName')?.value
  draft.assert('EpisodeOfCare', id, source.id, {
    'identifier<PV1-54': say(cell?.value ?? null),
    'status<PV1-54': say('active'),
    'patient<PID-3': say({ reference: patient }),
    ...(name ? { 'type<PV1-53': say([{ text: name }]) } : {}),
  })
  return { 'episodeOfCare<PV1-54': say([{ reference: `EpisodeOfCare/${id}` }]) }
}
