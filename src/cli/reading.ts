// A file read as the gateway would read it: decoded, taken apart, checked, mapped by the site's maps; nothing
// is stored.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Site, Source } from '../canonical/site.ts'
import { readConfig } from '../config.ts'
import type { MapSet } from '../mappings/engine/compile.ts'
import type { MessageItem } from '../pipeline/batch/item.ts'
import { type ReceiveContext, readPayload } from '../pipeline/reading/receive.ts'
import { mapsFor } from '../pipeline/site/live-site.ts'
import { CannotStart, parseSite, readSite, type SiteRead } from '../pipeline/site/site.ts'
import { CannotRun, textOf } from './exit.ts'
import { readBytes } from './files.ts'
import { unpack } from './payloads.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface OpenSite {
  readonly file: string
  /** Listed sources, and everybody else with the usual settings: a new sender's files come before its entry. */
  readonly site: Site
  readonly maps: MapSet
}

export interface Reading extends OpenSite {
  readonly items: readonly MessageItem[]
  /** Sources that the site does not list. */
  readonly strangers: readonly string[]
}

/** The site file: as named, else SITE, else that of the demo. Throws CannotRun when settings are wrong. */
export function siteFile(named: string | undefined, env: Env): string {
  if (named !== undefined) return resolve(named)
  const read = readConfig(env)
  if ('problems' in read) throw new CannotRun(read.problems.join('\n'))
  return read.config.site
}

/** Site and maps. Throws CannotRun with everything that is wrong with them. */
export function openSite(file: string, env: Env): OpenSite {
  const read = withStrangers(file, env)
  if ('problems' in read) throw new CannotRun(read.problems.join('\n'))
  // What becomes of a message shall be seen now, not after an early acknowledgement.
  const sources = new Map<string, Source>()
  for (const [id, source] of read.site.sources)
    sources.set(id, { ...source, acknowledge: 'after-processing' })
  try {
    return { file, site: { ...read.site, sources }, maps: mapsFor(file, read.site) }
  } catch (error) {
    throw error instanceof CannotStart
      ? new CannotRun(error.problems.join('\n'))
      : new CannotRun(textOf(error))
  }
}

const anybody = '*|*'

function withStrangers(file: string, env: Env): SiteRead {
  const read = readSite(file, env)
  if ('problems' in read || read.site.sources.has(anybody)) return read
  const written = JSON.parse(readFileSync(file, 'utf8')) as { readonly sources: readonly object[] }
  // The schema of the site gives the new source its defaults; nobody can use its token, for nothing listens.
  const sources = [...written.sources, { id: anybody, token: `none-${read.site.hash}` }]
  return parseSite(JSON.stringify({ ...written, sources }), env)
}

/** The messages of a file, read by a site's rules. */
export function readMessages(path: string, open: OpenSite): Reading {
  const { payloads, faults } = unpack(readBytes(path))
  if (payloads.length === 0) {
    const why = faults.length > 0 ? `frames that cannot be read (${faults.join(', ')})` : 'nothing'
    throw new CannotRun(`${path} holds ${why} - name a file with HL7 v2 messages`)
  }
  let number = 0
  const context: ReceiveContext = {
    site: () => open.site,
    maps: () => open.maps,
    now: () => new Date(),
    newControlId: () => `P${++number}`,
    lineage: true,
  }
  const items = payloads.flatMap((raw) => {
    const read = readPayload({ raw, channel: 'file', peer: path }, context)
    return 'fault' in read ? [read.fault] : read.items
  })
  const listed = new Set(knownSources(open))
  const strangers = new Set(items.map((each) => each.source).filter((id) => id !== '' && !listed.has(id)))
  return { ...open, items, strangers: [...strangers] }
}

const knownSources = ({ site }: OpenSite): readonly string[] => [...site.sources.keys()]
