// What a site changes of what comes with the program: rows and codes, layer by layer, each compared with those below it.
import type { Site } from '../../canonical/site.ts'
import type { LoadedMap, LoadedTable } from '../../mappings/engine/load.ts'
import { overlayMaps } from '../../mappings/engine/overlay.ts'
import type { MapSource, Row } from '../../mappings/engine/row.ts'
import { compileTables, type Translation } from '../../mappings/engine/table.ts'
import type { SiteLayers } from './site-maps.ts'

export interface Difference {
  /** 'realm', 'site', or the id of a source. */
  readonly layer: string
  readonly kind: 'row' | 'code' | 'repair'
  readonly change: 'added' | 'changed' | 'removed'
  /** Map or table; the source itself for its repairs. */
  readonly name: string
  /** 'PID-10 -> extension(...)', or the code. */
  readonly what: string
  /** How it was read below: via and table of the row, target of the code. */
  readonly before?: string
  readonly after?: string
  readonly file: string
}

/** Everything that the layers of a site change, weakest layer first. */
export function differences(layers: SiteLayers, site: Site): Difference[] {
  const { base, realm, site: own, sources } = layers
  const found: Difference[] = []
  let maps: readonly MapSource[] = base.maps
  let tables: readonly LoadedTable[] = base.tables
  for (const [layer, one] of [['realm', realm] as const, ['site', own] as const]) {
    found.push(...rowsOf(layer, maps, one.maps), ...codesOf(layer, tables, one.tables))
    maps = overlayMaps(maps, one.maps)
    tables = [...tables, ...one.tables]
  }
  for (const { id, layer } of sources)
    found.push(...rowsOf(id, maps, layer.maps), ...codesOf(id, tables, layer.tables))
  for (const { id, codes, repairs } of site.sources.values()) {
    const common = { layer: id, change: 'added', file: 'site.json' } as const
    for (const [name, map] of Object.entries(codes))
      for (const [what, after] of Object.entries(map))
        found.push({ ...common, kind: 'code', name, what, after })
    for (const { repair, at, from, to } of repairs) {
      const what = [repair, at ?? from ?? [], to ?? []].flat().join(' ')
      found.push({ ...common, kind: 'repair', name: id, what })
    }
  }
  return found
}

const keyOf = ({ v2, fhir }: Row): string => `${v2} -> ${fhir}`

/** How a row reads: what of it a reader needs to tell two of them apart. */
function readingOf({ via, table, when, value, set }: Row): string {
  const parts = [
    via ?? '',
    table === undefined ? '' : `table ${table}`,
    value === undefined ? '' : `value ${JSON.stringify(value)}`,
    set === undefined ? '' : `set ${JSON.stringify(set)}`,
    when === undefined ? '' : `when ${when}`,
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function rowsOf(layer: string, below: readonly MapSource[], over: readonly LoadedMap[]): Difference[] {
  return over.flatMap(({ map, rows, file }) => {
    const known = below.find((each) => each.map === map)?.rows ?? []
    const keys = [...new Set(rows.map(keyOf))]
    return keys.flatMap((what): Difference[] => {
      const before = known
        .filter((row) => keyOf(row) === what)
        .map(readingOf)
        .join('; ')
      const now = rows.filter((row) => keyOf(row) === what && !row.omit)
      const after = now.map(readingOf).join('; ')
      const there = known.some((row) => keyOf(row) === what)
      if (there && now.length > 0 && before === after) return []
      const change = now.length === 0 ? 'removed' : there ? 'changed' : 'added'
      return [
        {
          layer,
          kind: 'row',
          change,
          name: map,
          what,
          ...(there && { before }),
          ...(now.length > 0 && { after }),
          file,
        },
      ]
    })
  })
}

const targetOf = (found: Translation | undefined): string | undefined =>
  found && (found.code ?? 'no counterpart')

function codesOf(layer: string, below: readonly LoadedTable[], over: readonly LoadedTable[]): Difference[] {
  if (over.length === 0) return []
  const lower = compileTables(below)
  const upper = compileTables([...below, ...over])
  return over.flatMap(({ name, group = [], file }) =>
    group.flatMap(({ element = [] }) =>
      element.flatMap(({ code }): Difference[] => {
        const before = targetOf(lower.get(name)?.translate(code))
        const after = targetOf(upper.get(name)?.translate(code))
        if (before === after) return []
        const change = before === undefined ? 'added' : 'changed'
        const was = before === undefined ? {} : { before }
        return [
          {
            layer,
            kind: 'code',
            change,
            name,
            what: code,
            ...was,
            ...(after !== undefined && { after }),
            file,
          },
        ]
      }),
    ),
  )
}
