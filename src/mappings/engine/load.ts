// Reads mapping files and code tables from folders: the only file of the engine that touches the disk.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { overlayMaps } from './overlay.ts'
import type { MapSource } from './row.ts'
import type { ConceptMap } from './table.ts'

/** Folders of maps, weakest first; realm and site are optional. Each holds messages, segments, datatypes. */
export interface MapFolders {
  readonly base: string
  readonly realm?: string
  readonly site?: string
}

/** A map with the file it came from, for the checker's sentences. */
export interface LoadedMap extends MapSource {
  readonly file: string
}

/** Most files read from one folder, and the largest, in bytes. */
export const maxFiles = 5_000
export const maxFileBytes = 4 * 1024 * 1024

const kinds = ['messages', 'segments', 'datatypes']

/** The maps of the folders, overlaid. Throws when a folder or file cannot be read or is no JSON. */
export function loadMaps(folders: MapFolders): MapSource[] {
  const [base, ...over] = loadLayers(folders)
  return overlayMaps(base ?? [], ...over)
}

/** The maps of each folder by itself, weakest first, for checking. */
export function loadLayers({ base, realm, site }: MapFolders): LoadedMap[][] {
  return [base, realm, site].filter((folder) => folder !== undefined).map(loadFolder)
}

function loadFolder(folder: string): LoadedMap[] {
  return kinds.flatMap((kind) =>
    jsonFiles(join(folder, kind)).map((path) => {
      const file = relative(folder, path)
      const source = readJson(path) as MapSource
      return { ...source, file }
    }),
  )
}

/** The ConceptMaps of a folder. */
export function loadTables(folder: string): ConceptMap[] {
  return jsonFiles(folder)
    .map((path) => readJson(path) as ConceptMap)
    .filter((map) => map.resourceType === 'ConceptMap')
}

function jsonFiles(folder: string): string[] {
  const exists = statSync(folder, { throwIfNoEntry: false })?.isDirectory()
  if (!exists) return []
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  if (names.length > maxFiles) throw new RangeError(`${folder} has more than ${maxFiles} files`)
  return names.sort().map((name) => join(folder, name))
}

function readJson(path: string): unknown {
  if (statSync(path).size > maxFileBytes) throw new RangeError(`${path} is larger than ${maxFileBytes} bytes`)
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new SyntaxError(
      `${path} is no JSON (${error instanceof Error ? error.message : ''}) - correct the file`,
    )
  }
}
