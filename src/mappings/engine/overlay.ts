// Layers of maps: base <- realm <- site <- source. A row of a stronger layer replaces those with its v2 and
// fhir.
import type { MapSource, Row } from './row.ts'

/** Base maps with overlays applied in order; inputs stay as they are. */
export function overlayMaps(
  base: readonly MapSource[],
  ...over: readonly (readonly MapSource[])[]
): MapSource[] {
  const maps = new Map<string, MapSource>()
  for (const source of base) maps.set(source.map, plain(source))
  for (const layer of over) {
    for (const source of layer) {
      const under = maps.get(source.map)
      maps.set(source.map, under ? overlay(under, source) : { ...plain(source), rows: kept(source.rows) })
    }
  }
  return [...maps.values()]
}

function plain({ map, events, rows }: MapSource): MapSource {
  return { map, ...(events && { events }), rows }
}

function kept(rows: readonly Row[]): readonly Row[] {
  return rows.filter((row) => !row.omit)
}

function overlay(under: MapSource, over: MapSource): MapSource {
  const keyOf = (row: Row) => JSON.stringify([row.v2, row.fhir])
  // Several rows of one key, one per condition, replace and are replaced together.
  const replacing = new Map<string, Row[]>()
  for (const row of over.rows) {
    const same = replacing.get(keyOf(row)) ?? []
    replacing.set(keyOf(row), row.omit ? same : [...same, row])
  }
  const rows: Row[] = []
  const placed = new Set<string>()
  for (const row of under.rows) {
    const key = keyOf(row)
    const fresh = replacing.get(key)
    if (!fresh) rows.push(row)
    else if (!placed.has(key)) rows.push(...fresh)
    placed.add(key)
  }
  for (const [key, fresh] of replacing) if (!placed.has(key)) rows.push(...fresh)
  const events = [...(under.events ?? []), ...(over.events ?? [])]
  return { map: under.map, ...(events.length > 0 && { events: [...new Set(events)] }), rows }
}
