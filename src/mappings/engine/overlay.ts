// Layers of maps: base <- realm <- site <- source. A row of a stronger layer replaces those with its v2 and
// fhir; what a layer says of a part holds in every message that includes it.
import type { MapSource, Row } from './row.ts'

/** True for a part of message maps, which serves no event by itself: its name is in small letters. */
export function isPart({ map }: MapSource): boolean {
  return /^[a-z]/.test(map)
}

/** Base maps with overlays applied in order, parts put into the maps that include them; inputs stay as they are. */
export function overlayMaps(
  base: readonly MapSource[],
  ...over: readonly (readonly MapSource[])[]
): MapSource[] {
  const maps = new Map<string, MapSource>()
  const parts = new Map<string, MapSource>()
  const included = new Map<string, readonly string[]>()
  for (const layer of [base, ...over]) {
    for (const part of layer.filter(isPart)) {
      const known = parts.get(part.map)
      parts.set(part.map, known ? overlay(known, part) : part)
      for (const [name, under] of maps) {
        if (included.get(name)?.includes(part.map)) maps.set(name, overlay(under, { ...part, map: name }))
      }
    }
    for (const source of layer) {
      if (isPart(source)) continue
      const under = maps.get(source.map)
      const whole = withParts(source, parts)
      included.set(source.map, [...(included.get(source.map) ?? []), ...(source.include ?? [])])
      maps.set(source.map, under ? overlay(under, whole) : { ...plain(whole), rows: kept(whole.rows) })
    }
  }
  return [...maps.values()]
}

/** A message map with the rows of its parts in front; its own take their place. */
function withParts(source: MapSource, parts: ReadonlyMap<string, MapSource>): MapSource {
  if (!source.include) return source
  const rows = source.include.flatMap((name) => parts.get(name)?.rows ?? [])
  return overlay({ map: source.map, rows }, source)
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

/** Part -> the message maps that include it. */
export function includersOf(layers: readonly (readonly MapSource[])[]): Map<string, string[]> {
  const all = layers.flat()
  const found = new Map(all.filter(isPart).map(({ map }) => [map, [] as string[]]))
  for (const { map, include } of all) for (const part of include ?? []) found.get(part)?.push(map)
  return found
}
