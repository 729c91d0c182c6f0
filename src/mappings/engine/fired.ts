// Which rows a message fired, and why the others did not: for people who ask where a value is. Not on the way of messages.
import type { Message, Segment } from '../../hl7/message.ts'
import type { MapIssue } from '../mapped.ts'
import { type MapSet, mapMessage } from './compile.ts'
import type { CompiledRow } from './compile-row.ts'
import type { CellPlan } from './compile-segment.ts'
import type { MapContext } from './context.ts'
import type { MessageRow } from './message-map.ts'

/** 'wrote'; 'deleted' by ""; 'absent' = nothing was sent there; 'unmapped' = no table has its code. */
export type Fate = 'wrote' | 'deleted' | 'absent' | 'condition' | 'unmapped' | 'refused' | 'no-segment'

export interface RowFate {
  /** 'PV1', 'NK1[2]'. */
  readonly segment: string
  /** 'PV1[Encounter]#3'; of a row of a message map the segment map that it would have run. */
  readonly row: string
  readonly v2: string
  readonly fhir: string
  readonly fate: Fate
  /** The condition that did not hold. */
  readonly when?: string
}

/** Rows that are told of one message; more say nothing new. */
const maxFates = 20_000

/** Every row that the map of this event has, segment by segment. */
export function rowFates(message: Message, maps: MapSet, context: MapContext): RowFate[] {
  const applied: { segment: Segment; row: MessageRow; held: number | undefined }[] = []
  const observe = (segment: Segment, row: MessageRow, held: number | undefined) => {
    applied.push({ segment, row, held })
  }
  const { event, issues } = mapMessage(message, maps, { ...context, lineage: true, applied: observe })
  const fates: RowFate[] = []
  for (const { segment, row, held } of applied) {
    if (fates.length >= maxFates) break
    const at = segment.occurrence === 1 ? segment.name : `${segment.name}[${segment.occurrence}]`
    if (held === undefined) {
      const { name, when } = row
      const why = when === undefined ? {} : { when }
      fates.push({ segment: at, row: name, v2: segment.name, fhir: row.type, fate: 'condition', ...why })
    } else for (const fate of fatesOf(segment, row, held, issues)) fates.push({ segment: at, ...fate })
  }
  const present = new Set(message.segments.map(({ name }) => name))
  for (const [name, rows] of maps.byEvent.get(event)?.rows ?? []) {
    if (present.has(name)) continue
    for (const row of rows)
      fates.push({ segment: name, row: row.name, v2: name, fhir: row.type, fate: 'no-segment' })
  }
  return fates
}

function* fatesOf(
  segment: Segment,
  { map }: MessageRow,
  held: number,
  issues: readonly MapIssue[],
): Iterable<Omit<RowFate, 'segment'>> {
  for (const plan of map.fields) {
    for (const cell of plan.cells) {
      for (const compiled of cell.rows) {
        const { id, row } = compiled
        const fate = fateOf(segment, cell, compiled, held, issues)
        const why = fate === 'condition' && row.when !== undefined ? { when: row.when } : {}
        yield { row: id, v2: row.v2, fhir: row.fhir, fate, ...why }
      }
    }
  }
}

function fateOf(
  segment: Segment,
  { field }: CellPlan,
  { id, bit, component, subcomponent }: CompiledRow,
  held: number,
  issues: readonly MapIssue[],
): Fate {
  const raw = segment.raw(field)
  if (raw === undefined || raw === '') return 'absent'
  if (bit !== 0 && (held & bit) === 0) return 'condition'
  if (raw === '""') return 'deleted'
  const repetitions = segment.repetitions(field).map((_, i) => i + 1)
  const valued = (repetition: number) => {
    const part = component === undefined ? raw : segment.part(field, repetition, component, subcomponent)
    return part !== undefined && part !== '' && part !== '""'
  }
  if (!repetitions.some(valued)) return 'absent'
  const place = segment.location(field)
  const issue = issues.find((each) => each.row === id && within(each.location, place))
  if (issue?.kind === 'unmapped-code') return 'unmapped'
  return issue?.severity === 'E' || issue?.code === '102' ? 'refused' : 'wrote'
}

const within = (location: string, place: string): boolean =>
  location === place || location.startsWith(`${place}^`)
