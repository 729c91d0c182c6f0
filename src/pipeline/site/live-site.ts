// The site in force: its file, mappings and tables, read at the start and again when one changes, all or nothing.
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Site } from '../../canonical/site.ts'
import type { MapSet } from '../../mappings/engine/compile.ts'
import { loadPackages, packageFiles, type SitePackages } from './packages.ts'
import { CannotStart, readSite } from './site.ts'
import { checkCodes, loadSiteMaps } from './site-maps.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Structured log; pino fits. */
export interface SiteLog {
  info(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

/** How often the files are looked at. */
const watchMs = 1_000

/** The site as it is now: replaced as a whole when its files change and are right; otherwise the old one stays. */
export class LiveSite {
  site: Site
  maps: MapSet
  packages: SitePackages
  /** Asked before a site takes force; throws CannotStart for one that must not. */
  readonly #accept: (site: Site) => void
  readonly #file: string
  readonly #env: Env
  readonly #log: SiteLog
  readonly #listeners: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #print = ''

  constructor(file: string, env: Env, log: SiteLog, accept: (site: Site) => void = () => {}) {
    this.#file = file
    this.#env = env
    this.#log = log
    this.#accept = accept
    const read = readSite(file, env)
    if ('problems' in read) throw new CannotStart(read.problems)
    accept(read.site)
    this.site = read.site
    this.maps = mapsFor(file, read.site)
    this.packages = loadPackages(file)
    this.#tell()
    this.#print = fingerprint(file)
  }

  /** What is in force of the folder profiles, and what of it is not. */
  #tell(): void {
    const { packages, profiles, notes } = this.packages
    if (packages.length === 0) return
    const names = packages.map(({ name, version }) => `${name} ${version}`)
    this.#log.info({ packages: names, profiles: profiles.all().length, notes }, 'FHIR packages loaded')
  }

  watch(): void {
    this.#timer = setInterval(() => {
      const print = fingerprint(this.#file)
      if (print === this.#print) return
      this.#print = print
      this.reload()
    }, watchMs)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Called after each change that took force. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  reload(): void {
    const read = readSite(this.#file, this.#env)
    if ('problems' in read) {
      this.#log.error({ problems: read.problems }, 'the site file is wrong - the old one stays in force')
      return
    }
    try {
      this.#accept(read.site)
      const maps = mapsFor(this.#file, read.site)
      const packages = loadPackages(this.#file)
      const isSame = read.site.hash === this.site.hash && hashesOf(maps) === hashesOf(this.maps)
      if (isSame && packages === this.packages) return
      const before = this.packages
      this.site = read.site
      this.maps = maps
      this.packages = packages
      if (packages !== before) this.#tell()
      if (JSON.stringify(packages.searchParams) !== JSON.stringify(before.searchParams))
        this.#log.info({}, 'search parameters of packages take force at the next start')
      this.#log.info({ hash: read.site.hash, maps: maps.hash }, 'site reloaded')
    } catch (error) {
      const fields = error instanceof CannotStart ? { problems: error.problems } : { error: describe(error) }
      this.#log.error(fields, 'the site, its mappings or packages are wrong - the old ones stay in force')
      return
    }
    for (const listener of this.#listeners) listener()
  }
}

/** The maps of a site; throws CannotStart with what is wrong with them, or with the codes that go with them. */
export function mapsFor(file: string, site: Site): MapSet {
  const maps = loadSiteMaps(file, settingsOf(site))
  const problems = checkCodes(site.sources.values(), maps)
  if (problems.length > 0) throw new CannotStart(problems)
  return maps
}

/** What of a site decides which maps are read. */
export const settingsOf = ({ gateway: { realm }, sources }: Site) => ({
  ...(realm !== undefined && { realm }),
  sources: [...sources.keys()],
})

const hashesOf = ({ hash, bySource }: MapSet): string =>
  [hash, ...[...(bySource ?? [])].map(([id, own]) => `${id} ${own.hash}`)].join('\n')

const watched = [
  'mappings/messages',
  'mappings/messages/parts',
  'mappings/segments',
  'mappings/datatypes',
  'tables',
]

/** Names, sizes and times of everything that makes up a site: another text when one of them has changed. */
function fingerprint(file: string): string {
  const folder = dirname(file)
  const sources = list(join(folder, 'sources')).map((name) => join(folder, 'sources', name))
  const folders = [folder, ...sources].flatMap((each) => watched.map((name) => join(each, name)))
  const files = folders.flatMap((each) =>
    list(each).flatMap((name) => (name.endsWith('.json') ? join(each, name) : [])),
  )
  return [file, ...sources, ...files, ...packageFiles(file)]
    .map((each) => {
      const stat = statSync(each, { throwIfNoEntry: false })
      return `${each} ${stat?.mtimeMs ?? 0} ${stat?.size ?? 0} ${stat?.ino ?? 0}`
    })
    .join('\n')
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
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
