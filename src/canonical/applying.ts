// One message being applied: what is known of it, and how its things become contributions.
import type { Cell, Json, Mapped, Thing } from '../mappings/mapped.ts'
import { redirectReferences } from './fhir-json.ts'
import { type WarningCode, warning } from './finding.ts'
import type { SaidStatements } from './masters/actors.ts'
import type { Site, Source } from './site.ts'
import type { Assertion, CellKey, Part } from './truth/contribution.ts'
import type { Draft } from './truth/draft.ts'
import { shapeId } from './truth/shape.ts'

/** Milliseconds since the epoch. */
export interface Times {
  /** Business time of visit and schedule events. */
  readonly event: number
  /** Business time of demographics. */
  readonly demographics: number
  readonly message: number
  readonly receipt: number
}

export interface Applying {
  readonly draft: Draft
  readonly site: Site
  readonly source: Source
  readonly mapped: Mapped
  /** 'ADT^A01'. */
  readonly event: string
  readonly controlId: string
  readonly times: Times
  /** What need not be said again; undefined = everything is said. */
  readonly said?: SaidStatements
  /** '#practitioner:1' -> 'Practitioner/x', as far as they are resolved. */
  readonly references: Map<string, string>
}

export const thingsOf = (applying: Applying, type: string): readonly Thing[] =>
  applying.mapped.things.filter((each) => each.type === type)

export const cellsAt = (thing: Thing, path: string): readonly Cell[] =>
  thing.cells.filter((each) => each.path === path)
export const cellAt = (thing: Thing | undefined, path: string): Cell | undefined =>
  thing?.cells.find((each) => each.path === path)

/** The thing that a role of another names: the patient of this visit. */
export function referred(applying: Applying, thing: Thing, role: string): Thing | undefined {
  const handle = thing.refs[role]
  return handle === undefined ? undefined : applying.mapped.things.find((each) => each.as === handle)
}

/** Reference of the thing that another one names in a role. */
export function roleReference(applying: Applying, thing: Thing, role: string): string | undefined {
  const other = referred(applying, thing, role)
  return other && applying.references.get(`#${other.as}`)
}

export const resolveHandles = (applying: Applying, value: Json): Json =>
  redirectReferences(value, (reference) =>
    reference.startsWith('#') ? applying.references.get(reference) : reference,
  )

/** Assertions of a thing's cells for one business time. */
export function assertionsOf(applying: Applying, thing: Thing, t: number): Record<CellKey, Assertion> {
  const out: Record<CellKey, Assertion> = {}
  const { message: m } = applying.times
  const i = applying.draft.messageId
  for (const cell of thing.cells) {
    const s = shapeId(cell.spans)
    const v = resolveHandles(applying, cell.value)
    out[`${cell.path}<${cell.field}`] = s === undefined ? { v, t, m, i } : { v, t, m, i, s }
  }
  return out
}

/** An assertion that no single field makes, such as the subject of a visit. */
export const derived = (applying: Applying, v: Json, t: number): Assertion => ({
  v,
  t,
  m: applying.times.message,
  i: applying.draft.messageId,
})

export function partOf(applying: Applying, thing: Thing, action: string | undefined): Part {
  const cells: Record<CellKey, Json> = {}
  for (const cell of thing.cells) cells[`${cell.path}<${cell.field}`] = resolveHandles(applying, cell.value)
  return {
    type: thing.type,
    segment: thing.segment.name,
    occurrence: thing.segment.occurrence,
    ...(action === undefined ? {} : { action }),
    cells,
  }
}

export function warn(applying: Applying, app: WarningCode, locations: readonly string[], text: string): void {
  applying.draft.findings.push(warning(app, locations, text))
}

/** One STALE warning for all fields of a thing that are older than what is known. */
export function warnStale(applying: Applying, thing: Thing, stale: readonly CellKey[]): void {
  if (stale.length === 0) return
  const locations = stale.map(
    (key) => thing.cells.find((each) => `${each.path}<${each.field}` === key)?.location ?? placeOf(key),
  )
  const fields = [...new Set(stale.map((key) => key.slice(key.indexOf('<') + 1)))]
  warn(
    applying,
    'STALE',
    [...new Set(locations)],
    `${fields.join(', ')} older than what is known (${applying.source.id}) - skipped, the rest was applied`,
  )
}

/** Of what a whole group of segments says ('contact<NK1'), the first of them; of a field, the field. */
function placeOf(key: CellKey): string {
  const [segment = '', field] = key
    .slice(key.indexOf('<') + 1)
    .replace(/:.*$/s, '')
    .split('-')
  return field === undefined ? `${segment}^1` : `${segment}^1^${field}`
}
