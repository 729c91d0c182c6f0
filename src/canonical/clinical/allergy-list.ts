// AL1 is a list: what a source's latest list of a person's allergies leaves out is not current any more (semantics, section
// 7). Every message with AL1 names all of them, so the latest mention of any is the time of the latest list: nothing here
// depends on the order in which messages arrive.
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, thingsOf } from '../applying.ts'
import type { FhirJson } from '../fhir-json.ts'
import type { Contribution } from '../truth/contribution.ts'
import { rootOf } from '../truth/family.ts'

/** What one source has listed of one person; kept with the person. */
interface Listed {
  /** Allergies that it has ever named, by id. */
  readonly ids: readonly string[]
  /** When it has last said that there are none (AL1|""), milliseconds. */
  readonly none?: number
}

const keyOf = (source: string): string => `allergies:${source}`
const droppedPrefix = 'dropped:'

/** AL1|"", and AL1 with nothing but deletions: the list is emptied. */
const isDeletion = (thing: Thing): boolean =>
  thing.cells.some((each) => each.value === null) &&
  thing.cells.every((each) => each.value === null || each.path === '$setId')

/** Notes the allergies that the AL1 of a message name, once all of them have been stated. */
export function noteAllergies(applying: Applying): void {
  const { references } = applying
  const named = new Map<string, string[]>()
  for (const thing of thingsOf(applying, 'AllergyIntolerance')) {
    const patient = references.get(`#${thing.refs.subject ?? ''}`)
    if (thing.segment.name !== 'AL1' || patient === undefined) continue
    const reference = references.get(`#${thing.as}`)
    if (reference === undefined && !isDeletion(thing)) continue
    const list = named.get(patient) ?? []
    if (reference !== undefined) list.push(reference.slice('AllergyIntolerance/'.length))
    named.set(patient, list)
  }
  for (const [patient, ids] of named) noteList(applying, patient, ids)
}

function noteList(applying: Applying, patient: string, named: readonly string[]): void {
  const { draft, source, times } = applying
  const holder = rootOf(draft, 'Patient', patient.slice('Patient/'.length))
  const key = keyOf(source.id)
  const before = (draft.contribution('Patient', holder, 'gateway', key)?.data ?? {
    ids: [],
  }) as Listed
  const ids = [...new Set([...before.ids, ...named])].sort()
  const none = named.length > 0 ? before.none : Math.max(before.none ?? times.event, times.event)
  if (ids.length > before.ids.length || none !== before.none) {
    const data = { ids, ...(none !== undefined && { none }) }
    draft.contribute('Patient', holder, { source: 'gateway', key, i: draft.messageId, cells: {}, data })
  }
  const mentions = new Map(ids.map((id) => [id, mentionOf(applying, id)]))
  const latest = Math.max(none ?? Number.NEGATIVE_INFINITY, ...mentions.values())
  for (const [id, t] of mentions) settle(applying, id, t < latest)
}

/** When the source has last named it. */
function mentionOf({ draft, source }: Applying, id: string): number {
  const cells = draft.contribution('AllergyIntolerance', id, source.id)?.cells
  return cells?.['patient<PID-3']?.t ?? Number.NEGATIVE_INFINITY
}

function settle({ draft, source }: Applying, id: string, isDropped: boolean): void {
  const key = droppedPrefix + source.id
  const known = draft.contribution('AllergyIntolerance', id, 'gateway', key)?.data !== undefined
  if (isDropped && !known)
    draft.contribute('AllergyIntolerance', id, {
      source: 'gateway',
      key,
      i: draft.messageId,
      cells: {},
      data: true,
    })
  else if (known && !isDropped) draft.withdraw('AllergyIntolerance', id, 'gateway', key)
}

const inactive = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'inactive' }],
}

/** An allergy that every source has dropped that has ever named it is not current; what is an error stays one. */
export function withCurrency(body: FhirJson, contributions: readonly Contribution[]): FhirJson {
  const dropped = new Set(
    contributions.flatMap(({ key, data }) =>
      key.startsWith(droppedPrefix) && data !== undefined ? [key.slice(droppedPrefix.length)] : [],
    ),
  )
  if (dropped.size === 0 || body.clinicalStatus === undefined) return body
  const telling = contributions.filter((each) => each.data === undefined)
  return telling.every(({ source }) => dropped.has(source)) ? { ...body, clinicalStatus: inactive } : body
}
