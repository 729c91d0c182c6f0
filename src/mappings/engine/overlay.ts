// Layers of maps: base <- realm <- site <- source. A row of a stronger layer replaces those with its v2 and fhir.
import type { MapSource, Row } from './row.ts'

/** Base maps with overlays applied in order; inputs stay as they are. */
export function overlayMaps(base: readonly MapSource[], ...over: readonly (readonly MapSource[])[]): MapSource[] {
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
  const rows: Row[] = [...under.rows]
  for (const row of over.rows) {
    const same = (one: Row) => one.v2 === row.v2 && one.fhir === row.fhir
    const at = rows.findIndex(same)
    if (at < 0) {
      if (!row.omit) rows.push(row)
      continue
    }
    // Several rows of one key (one per condition) give way to the one that replaces them.
    const rest = rows.filter((one, index) => index === at || !same(one))
    rows.length = 0
    rows.push(...rest)
    if (row.omit) rows.splice(at, 1)
    else rows[at] = row
  }
  const events = [...(under.events ?? []), ...(over.events ?? [])]
  return { map: under.map, ...(events.length > 0 && { events: [...new Set(events)] }), rows }
}
