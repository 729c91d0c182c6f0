// The site in force: its file and its mappings, read at the start and again when the file changes, all or nothing.
import { unwatchFile, watchFile } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Site } from '../canonical/site.ts'
import { checkMaps } from '../mappings/engine/check.ts'
import { compileMaps, type MapSet } from '../mappings/engine/compile.ts'
import { loadLayers, loadMaps, loadTables } from '../mappings/engine/load.ts'
import { CannotStart, readSite } from './site.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Structured log; pino fits. */
export interface SiteLog {
  info(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

const mappingsFolder = join(import.meta.dirname, '../mappings')

/** Maps and tables of a site: what comes with the program, overlaid by the `mappings` and `tables` beside its file. */
export function loadSiteMaps(siteFile: string): MapSet {
  const base = mappingsFolder
  const site = dirname(siteFile)
  const folders = { base, site: join(site, 'mappings') }
  const tables = [...loadTables(join(base, 'tables')), ...loadTables(join(site, 'tables'))]
  const problems = checkMaps(loadLayers(folders), tables)
  if (problems.length > 0) throw new CannotStart(problems.map((each) => each.text))
  return compileMaps(loadMaps(folders), tables)
}

/** The site as it is now: replaced as a whole when its file changes and is right; otherwise the old one stays. */
export class LiveSite {
  site: Site
  maps: MapSet
  readonly #file: string
  readonly #env: Env
  readonly #log: SiteLog

  constructor(file: string, env: Env, log: SiteLog) {
    this.#file = file
    this.#env = env
    this.#log = log
    const read = readSite(file, env)
    if ('problems' in read) throw new CannotStart(read.problems)
    this.site = read.site
    this.maps = loadSiteMaps(file)
  }

  watch(): void {
    watchFile(this.#file, { interval: 1_000, persistent: false }, () => this.reload())
  }

  close(): void {
    unwatchFile(this.#file)
  }

  reload(): void {
    const read = readSite(this.#file, this.#env)
    if ('problems' in read) {
      this.#log.error({ problems: read.problems }, 'the site file is wrong - the old one stays in force')
      return
    }
    if (read.site.hash === this.site.hash) return
    try {
      const maps = loadSiteMaps(this.#file)
      this.site = read.site
      this.maps = maps
      this.#log.info({ hash: read.site.hash }, 'site reloaded')
    } catch (error) {
      this.#log.error(
        { error: describe(error) },
        'the mappings of the site are wrong - the old ones stay in force',
      )
    }
  }
}

/** An error as a log may have it: its name and code, not the text, which may quote a value. */
export function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error }
  const code = 'code' in error ? { code: error.code } : {}
  const at = error.stack
    ?.split('\n')
    .slice(1, 4)
    .map((line) => line.trim().replace(/\(?file:\/\/.*\/src\//, '(src/'))
  return { name: error.name, ...code, at }
}
