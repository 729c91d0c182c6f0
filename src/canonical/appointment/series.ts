// Series: one appointment for each occurrence, and what ends the whole of it (HL7 v2 ch. 10 parent and child
// appointments; semantics, section 9).
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, cellAt, derived } from '../applying.ts'
import type { FhirJson } from '../fhir-json.ts'
import { stableId } from '../identity/identifier.ts'
import type { Assertion, CellKey, Contribution } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'
import { isObject } from '../truth/event-elements.ts'
import type { RankOf, Step } from '../truth/event-log.ts'
import type { Projection } from '../truth/fold.ts'

const seriesPath = `extension('http://portico.example.org/StructureDefinition/series')`

export interface Number {
  readonly system: string
  readonly value: string
}

export interface Series {
  readonly parent: Number
  /** SCH-3 with the number of the parent instead of its own (SCH-24): the number of the occurrence is both. */
  readonly unnamed: boolean
  readonly occurrence: Json | undefined
}

const parentPath = `${seriesPath}.extension('parent')`
const occurrencePath = `${seriesPath}.extension('occurrence')`

/** Of which series an appointment is a part, by its SCH; undefined when it stands alone. */
export function seriesOf(thing: Thing, own: Number | undefined): Series | undefined {
  const said = (path: string): FhirJson => {
    const value = cellAt(thing, path)?.value
    return isObject(value) ? value : {}
  }
  const { valueIdentifier: parent } = said(parentPath)
  const { valueInteger: occurrence } = said(occurrencePath)
  if (isObject(parent) && typeof parent.value === 'string') {
    const system = typeof parent.system === 'string' ? parent.system : (own?.system ?? '')
    return { parent: { system, value: parent.value }, unnamed: false, occurrence }
  }
  return occurrence === undefined || !own ? undefined : { parent: own, unnamed: true, occurrence }
}

/** The key of an occurrence that has no number of its own. */
export const occurrenceKey = ({ system, value }: Number, { occurrence }: Series): Number => ({
  system,
  value: `${value}#${String(occurrence)}`,
})

/** An unnamed occurrence says all the same of what it is an occurrence. */
export function seriesCells(
  applying: Applying,
  series: Series | undefined,
  t: number,
): Record<CellKey, Assertion> {
  if (!series?.unnamed) return {}
  const { system, value } = series.parent
  return {
    [`${parentPath}<SCH-3`]: derived(applying, { url: 'parent', valueIdentifier: { system, value } }, t),
  }
}

const childPrefix = 'child:'
const parentPrefix = 'parent:'

/** The parent learns of its child, also when it is still to come. */
export function noteChild(applying: Applying, id: string, { parent }: Series): void {
  const { draft } = applying
  const { system, value } = parent
  const parentId = draft.lookup('Appointment', system, value)?.id ?? stableId('Appointment', system, value)
  if (parentId !== id)
    draft.project({ rtype: 'Appointment', id: parentId, key: `${childPrefix}${id}`, data: true })
}

/** Somebody has told of an occurrence of it. */
export const hasChildren = (draft: Draft, id: string): boolean =>
  [...draft.contributions('Appointment', id).values()].some(
    ({ key, data }) => key.startsWith(childPrefix) && data !== undefined,
  )

/** Events that end a whole series. */
const endings: ReadonlySet<string> = new Set(['SIU^S15', 'SIU^S16', 'SIU^S17'])

/** What ends the parent is told to all its children. */
export function tellChildren(id: string, contributions: readonly Contribution[]): Projection[] {
  const children = contributions.flatMap(({ key, data }) =>
    key.startsWith(childPrefix) && data !== undefined ? [key.slice(childPrefix.length)] : [],
  )
  if (children.length === 0) return []
  const ended = contributions
    .flatMap(({ event = '', t = 0, m = 0 }) => (endings.has(event) ? [{ event, t, m }] : []))
    .sort((a, b) => a.t - b.t || a.m - b.m)
  const data = ended.length > 0 ? ended : undefined
  return children.map((each) => ({ rtype: 'Appointment', id: each, key: `${parentPrefix}${id}`, data }))
}

/** The end of the series as steps of a child: 'P15' for S15. Only what has not begun heeds them. */
export function parentSteps(contributions: readonly Contribution[], rankOf: RankOf): Step[] {
  return contributions.flatMap(({ key, data, i }) => {
    if (!key.startsWith(parentPrefix) || !Array.isArray(data)) return []
    return (data as readonly { readonly event: string; readonly t: number; readonly m: number }[]).map(
      ({ event, t, m }): Step => {
        const code = event.replace('SIU^S', 'P')
        return { source: key, code, t, m, i, rank: rankOf(code), cells: [], parts: [] }
      },
    )
  })
}
