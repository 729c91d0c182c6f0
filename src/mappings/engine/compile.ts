// Maps to one compiled set with its hash; the door of the engine (v2-to-FHIR IG, mapping guidelines).
import { createHash } from 'node:crypto'
import type { Message } from '../../hl7/message.ts'
import type { Mapped } from '../mapped.ts'
import { MapFault, RowCompiler, splitName } from './compile-row.ts'
import { compileSegment, type SegmentMap } from './compile-segment.ts'
import { parseCondition } from './condition.ts'
import type { MapContext } from './context.ts'
import { type MessageMap, type MessageRow, mapWith } from './message-map.ts'
import type { MapSource, Row } from './row.ts'
import { type ConceptMap, compileTables, type Tables } from './table.ts'

/** All maps of a site, compiled. */
export interface MapSet {
  /** SHA-256 of rows and tables, hexadecimal: the same maps have the same hash. */
  readonly hash: string
  /** Events it serves: 'ADT^A01'. */
  readonly events: ReadonlySet<string>
  readonly tables: Tables
  /** The tables as they were compiled: of several with one name the later lies over the earlier. */
  readonly conceptMaps: readonly ConceptMap[]
  /** The rows as they were compiled: 'PID[Patient]#3' is the third of its map. */
  readonly sources: readonly MapSource[]
  /** The map of an event. */
  readonly byEvent: ReadonlyMap<string, MessageMap>
  /** Sets of sources with rows or tables of their own, by source id: they count in place of this one. */
  readonly bySource?: ReadonlyMap<string, MapSet>
}

/** The set that counts for a source. */
export const mapsOf = (maps: MapSet, source: string): MapSet => maps.bySource?.get(source) ?? maps

const noMap: MessageMap = { structure: '', rows: new Map(), plans: new Map() }

/** True for message maps: their rows read whole segments. */
export function isMessageMap(source: MapSource): boolean {
  return !source.map.includes('[')
}

/** True for segment maps: their rows read fields. */
export function isSegmentMap(source: MapSource): boolean {
  return !isMessageMap(source) && source.rows.some((row) => /^[A-Z][A-Z0-9]{2}-\d/.test(row.v2))
}

/** Compiles maps and tables. Throws MapFault for maps that checkMaps refuses. */
export function compileMaps(sources: readonly MapSource[], tables: readonly ConceptMap[]): MapSet {
  const byName = new Map(sources.map((source) => [source.map, source]))
  const compiler = new RowCompiler(byName)
  const segments = new Map<string, SegmentMap>()
  const segmentMap = (name: string, id: string): SegmentMap => {
    const known = segments.get(name)
    if (known) return known
    const source = byName.get(name)
    if (!source) throw new MapFault(`${id}: no segment map '${name}'`)
    const made = compileSegment(source, compiler)
    segments.set(name, made)
    return made
  }
  const byEvent = new Map<string, MessageMap>()
  for (const source of sources) {
    if (!isMessageMap(source)) continue
    const rows = new Map<string, MessageRow[]>()
    source.rows.forEach((row, index) => {
      const made = messageRow(row, source, index, `${source.map}#${index + 1}`, segmentMap)
      const same = rows.get(row.v2)
      if (same) same.push(made)
      else rows.set(row.v2, [made])
    })
    const map: MessageMap = { structure: source.map, rows, plans: new Map() }
    for (const event of source.events ?? []) byEvent.set(event, map)
  }
  return {
    hash: createHash('sha256')
      .update(JSON.stringify({ sources: sorted(sources), tables }))
      .digest('hex'),
    events: new Set(byEvent.keys()),
    tables: compileTables(tables),
    conceptMaps: tables,
    sources,
    byEvent,
  }
}

/** '^transaction' is a transaction that stands before what refers to it. */
export const handleOf = (named: string): string => named.replace(/^\^/, '')

function sorted(sources: readonly MapSource[]): readonly MapSource[] {
  return [...sources].sort((a, b) => (a.map < b.map ? -1 : a.map > b.map ? 1 : 0))
}

function messageRow(
  row: Row,
  source: MapSource,
  index: number,
  id: string,
  segmentMap: (name: string, id: string) => SegmentMap,
): MessageRow {
  const via = row.via ?? `${row.v2}[${row.fhir}]`
  const result = row.when === undefined ? undefined : parseCondition(row.when)
  if (result && 'fault' in result) throw new MapFault(`${id}: when ${result.fault}`)
  return {
    index,
    name: via,
    when: row.when,
    type: row.fhir,
    map: segmentMap(via, id),
    test: result?.test,
    as: row.as ?? splitName(via).target.toLowerCase(),
    into: row.into,
    after: row.after,
    refs: Object.entries(row.refs ?? {}).map(([role, named]) => {
      const handle = handleOf(named)
      const late = handle === named && !source.rows.some((one) => one.as === handle && one.v2 === row.v2)
      return { role, handle, late }
    }),
  }
}

/**
 * What a message says, as things with cells. Never throws, whatever the message holds. Of an event that no
 * map serves (see `events`) everything is residue.
 */
export function mapMessage(message: Message, maps: MapSet, context: MapContext): Mapped {
  const msh = message.first('MSH')
  const type = msh?.value(9, 1, 1) ?? ''
  const trigger = msh?.value(9, 1, 2) ?? message.first('EVN')?.value(1) ?? ''
  const event = `${type}^${trigger}`
  const map = maps.byEvent.get(event) ?? noMap
  return mapWith(map, event, message, context, maps.tables)
}
