// Maps and tables of a site in their layers: base <- realm <- site <- source, each in the same form, each checked.
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Source } from '../../canonical/site.ts'
import { checkMaps } from '../../mappings/engine/check.ts'
import { checkTables } from '../../mappings/engine/check-tables.ts'
import { compileMaps, type MapSet, mapsOf } from '../../mappings/engine/compile.ts'
import { type Layer, type LoadedMap, loadLayer } from '../../mappings/engine/load.ts'
import { overlayMaps } from '../../mappings/engine/overlay.ts'
import type { MapSource } from '../../mappings/engine/row.ts'
import type { ConceptMap } from '../../mappings/engine/table.ts'
import { v2System } from '../reading/source-maps.ts'
import { CannotStart } from './site.ts'

const baseFolder = join(import.meta.dirname, '../../mappings')
const profilesFolder = join(import.meta.dirname, '../../../profiles')

/** What of the site decides which maps are read. */
export interface MapSettings {
  /** Folder of `profiles` that is laid over the base: 'us-core'. */
  readonly realm?: string
  /** Ids of the sources; each may have a folder of its own. */
  readonly sources: readonly string[]
}

/** Most folders for sources that a site may have. */
const maxSourceFolders = 500

/** 'ADT1|GHH' has its own rows and tables in sources/ADT1_GHH. */
export const sourceFolder = (id: string): string => id.replace(/[^\w.-]/g, '_')

/** The layers as they were read, for comparing one with those below it. */
export interface SiteLayers {
  readonly base: Layer
  readonly realm: Layer
  readonly site: Layer
  readonly sources: readonly { readonly id: string; readonly layer: Layer }[]
  /** What is wrong with any of them, in sentences. */
  readonly problems: readonly string[]
}

let base: Layer | undefined

/** The layers of a site; what comes with the program is read once. */
export function readLayers(siteFile: string, settings: MapSettings): SiteLayers {
  base ??= loadLayer(baseFolder, join(baseFolder, 'tables'))
  const folder = dirname(siteFile)
  const { realm: name } = settings
  const realm =
    name === undefined
      ? nothing
      : loadLayer(join(profilesFolder, name, 'mappings'), join(profilesFolder, name, 'tables'), `${name}/`)
  const site = loadLayer(join(folder, 'mappings'), join(folder, 'tables'))
  const { found, problems } = sourceLayers(folder, settings.sources)
  const known = tableNames(base, realm, [site, ...found.map(({ layer }) => layer)])
  const below = [...base.tables, ...realm.tables]
  const wrong = [
    ...site.problems,
    ...problems,
    ...checkTables(site.tables, known),
    ...checkMaps([base.maps, realm.maps, site.maps], [...below, ...site.tables], {}, 1).map(
      ({ text }) => text,
    ),
    ...found.flatMap(({ layer }) => [...layer.problems, ...checkTables(layer.tables, known)]),
  ]
  for (const { layer } of wrong.length > 0 ? [] : found) {
    const merged: LoadedMap[] = overlayMaps(base?.maps ?? [], realm.maps, site.maps).map(unnamed)
    const tables = [...below, ...site.tables, ...layer.tables]
    wrong.push(...checkMaps([merged, layer.maps], tables, {}, 1).map(({ text }) => text))
  }
  return { base, realm, site, sources: found, problems: wrong }
}

const nothing: Layer = { maps: [], tables: [], problems: [] }
const unnamed = (source: Omit<LoadedMap, 'file'>): LoadedMap => ({ ...source, file: source.map })

function sourceLayers(folder: string, sources: readonly string[]) {
  const parent = join(folder, 'sources')
  const found: { id: string; layer: Layer }[] = []
  const problems: string[] = []
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) return { found, problems }
  const names = readdirSync(parent, { withFileTypes: true }).filter((each) => each.isDirectory())
  if (names.length > maxSourceFolders)
    return {
      found,
      problems: [`sources has more than ${maxSourceFolders} folders - keep those that are used`],
    }
  for (const { name } of names) {
    const ids = sources.filter((id) => sourceFolder(id) === name)
    const [id] = ids
    if (id === undefined)
      problems.push(`sources/${name} belongs to no source of the site - name it as in ${example(sources)}`)
    else if (ids.length > 1)
      problems.push(`sources/${name} belongs to ${ids.join(' and ')} - give one of them another id`)
    else
      found.push({
        id,
        layer: loadLayer(join(parent, name, 'mappings'), join(parent, name, 'tables'), `sources/${name}/`),
      })
  }
  return { found, problems }
}

const example = ([first = 'ADT1|GHH']: readonly string[]): string =>
  `sources/${sourceFolder(first)} for ${first}`

/** Tables that there are, and those that rows ask for. */
function tableNames(lowest: Layer, realm: Layer, layers: readonly Layer[]): ReadonlySet<string> {
  const names = [...lowest.tables, ...realm.tables].map(({ name }) => name)
  const asked = [lowest, realm, ...layers].flatMap(({ maps }) =>
    maps.flatMap(({ rows }) => rows.flatMap(({ table }) => table ?? [])),
  )
  return new Set([...names, ...asked])
}

/** The rows of a site as they are laid over those of the program, for whoever looks at rows. */
export function siteMapSources(siteFile: string, settings: MapSettings): MapSource[] {
  const { base: lowest, realm, site } = readLayers(siteFile, settings)
  return overlayMaps(lowest.maps, realm.maps, site.maps)
}

/** What is wrong with the codes that a site file gives for its sources, in sentences. */
export function checkCodes(sources: Iterable<Source>, maps: MapSet): string[] {
  const problems: string[] = []
  for (const { id, codes } of sources) {
    const { tables } = mapsOf(maps, id)
    for (const [number, list] of Object.entries(codes)) {
      const system = v2System(number)
      const known = [...tables.values()].filter((table) => table.sources.has(system))
      const place = `codes of source ${id} in site.json`
      if (known.length === 0) {
        problems.push(`no row reads a table ${number} (${place}) - write HL7 and its number, as HL70278`)
        continue
      }
      for (const [code, standard] of Object.entries(list))
        if (!known.some((table) => table.translate(standard)))
          problems.push(
            `${standard}, for ${code}, is no code of ${number} (${place}) - write one that it has`,
          )
    }
  }
  return problems
}

/** Maps and tables of a site, compiled; throws CannotStart with everything that is wrong with them. */
export function loadSiteMaps(siteFile: string, settings: MapSettings = { sources: [] }): MapSet {
  const { base: lowest, realm, site, sources, problems } = readLayers(siteFile, settings)
  if (problems.length > 0) throw new CannotStart(problems)
  const maps = overlayMaps(lowest.maps, realm.maps, site.maps)
  const tables = [...lowest.tables, ...realm.tables, ...site.tables].map(plain)
  const set = compileMaps(maps, tables)
  if (sources.length === 0) return set
  const bySource = new Map(
    sources.map(({ id, layer }) => {
      const own = compileMaps(overlayMaps(maps, layer.maps), [...tables, ...layer.tables.map(plain)])
      return [id, own] as const
    }),
  )
  return { ...set, bySource }
}

/** The maps of the program with a folder of `profiles` laid over them. */
export const loadProfileMaps = (realm: string): MapSet =>
  loadSiteMaps(join(profilesFolder, 'none', 'site.json'), { realm, sources: [] })

/** Without the name of the file: where a table lies does not change what it says. */
const plain = ({ file: _file, ...table }: ConceptMap & { readonly file: string }): ConceptMap => table
