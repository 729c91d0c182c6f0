// Reads mapping files and code tables from folders: the only file of the engine that touches the disk.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Deviation, Guide, Residue } from './coverage.ts'
import { overlayMaps } from './overlay.ts'
import type { MapSource } from './row.ts'
import type { ConceptMap } from './table.ts'

/** Folders of maps, weakest first; realm and site are optional. Each holds messages (and their parts), segments, datatypes. */
export interface MapFolders {
  readonly base: string
  readonly realm?: string
  readonly site?: string
}

/** A map with the file it came from, for the checker's sentences. */
export interface LoadedMap extends MapSource {
  readonly file: string
}

/** A code table with the file it came from. */
export interface LoadedTable extends ConceptMap {
  readonly file: string
}

/** Maps and tables of one folder; what could not be read of it, in sentences. */
export interface Layer {
  readonly maps: readonly LoadedMap[]
  readonly tables: readonly LoadedTable[]
  readonly problems: readonly string[]
}

/** Most files read from one folder, and the largest, in bytes. */
export const maxFiles = 5_000
export const maxFileBytes = 4 * 1024 * 1024

const kinds = ['messages', join('messages', 'parts'), 'segments', 'datatypes']

/** The maps of the folders, overlaid. Throws when a folder or file cannot be read or is no JSON. */
export function loadMaps(folders: MapFolders): MapSource[] {
  const [base, ...over] = loadLayers(folders)
  return overlayMaps(base ?? [], ...over)
}

/** The maps of each folder by itself, weakest first, for checking. */
export function loadLayers({ base, realm, site }: MapFolders): LoadedMap[][] {
  return [base, realm, site].filter((folder) => folder !== undefined).map((folder) => loadFolder(folder, ''))
}

/**
 * The maps and tables of one layer. Files are named after `label` ('tables/marital-status.json'); one that is no JSON
 * is a problem, not an exception: whoever writes it hears of all of them at once.
 */
export function loadLayer(maps: string, tables: string, label = ''): Layer {
  const problems: string[] = []
  const read = (path: string, file: string): readonly object[] => {
    try {
      const value = readJson(path, file)
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return [value]
      problems.push(`it is no JSON object (${file}) - begin it with {`)
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
    }
    return []
  }
  const loaded = kinds.flatMap((kind) =>
    jsonFiles(join(maps, kind)).flatMap(({ path, name }) => {
      const file = `${label}mappings/${kind}/${name}`
      return read(path, file).flatMap((source) => mapOf(source, file, problems))
    }),
  )
  const named = jsonFiles(tables).flatMap(({ path, name }) => {
    const file = `${label}tables/${name}`
    return read(path, file).map((table) => ({ ...(table as ConceptMap), file }))
  })
  return { maps: loaded, tables: named, problems }
}

function mapOf(source: object, file: string, problems: string[]): LoadedMap[] {
  const { map, rows } = source as { readonly map?: unknown; readonly rows?: unknown }
  if (typeof map !== 'string') problems.push(`it has no map (${file}) - write "map": "PID[Patient]"`)
  else if (
    !Array.isArray(rows) ||
    rows.some((row) => typeof row?.v2 !== 'string' || typeof row.fhir !== 'string')
  )
    problems.push(`its rows are no list of rows with v2 and fhir (${file}) - see the row language`)
  else return [{ ...(source as MapSource), file }]
  return []
}

function loadFolder(folder: string, label: string): LoadedMap[] {
  return kinds.flatMap((kind) =>
    jsonFiles(join(folder, kind)).map(({ path, name }) => {
      const file = `${label}${kind}/${name}`
      return { ...(readJson(path, path) as MapSource), file }
    }),
  )
}

/** The guide's rows, and the reviewed reasons for not following some of them: `guide` beside the maps of the program. */
export function loadGuide(base: string): {
  readonly guide: Guide
  readonly deviations: readonly Deviation[]
  readonly residue: readonly Residue[]
} {
  const read = (name: string) => readJson(join(base, 'guide', name), `guide/${name}`)
  const { deviations, residue } = read('deviations.json') as {
    readonly deviations: readonly Deviation[]
    readonly residue: readonly Residue[]
  }
  return { guide: read('rows.json') as Guide, deviations, residue }
}

/** The ConceptMaps of a folder. */
export function loadTables(folder: string): ConceptMap[] {
  return jsonFiles(folder)
    .map(({ path }) => readJson(path, path) as ConceptMap)
    .filter((map) => map.resourceType === 'ConceptMap')
}

function jsonFiles(folder: string): { path: string; name: string }[] {
  const exists = statSync(folder, { throwIfNoEntry: false })?.isDirectory()
  if (!exists) return []
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  if (names.length > maxFiles) throw new RangeError(`${folder} has more than ${maxFiles} files`)
  return names.sort().map((name) => ({ path: join(folder, name), name }))
}

function readJson(path: string, name: string): unknown {
  if (statSync(path).size > maxFileBytes) throw new RangeError(`${name} is larger than ${maxFileBytes} bytes`)
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/,? (\.\.\.)?".*$/s, '') : ''
    throw new SyntaxError(`${name} is no JSON (${why}) - correct the file`)
  }
}
