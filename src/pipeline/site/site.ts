// The site file: read, checked against its schema, completed with defaults (profiles/sites/site.schema.json).
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Authority, Client, ScheduleRule, Site, Source, Subscriber } from '../../canonical/site.ts'
import { isZone } from '../../hl7/datetime.ts'
import { checkRepair } from '../../hl7/repair.ts'
import { isLoopback, isNetwork } from './peers.ts'

/** Why the gateway does not start: sentences for the person who starts it. */
export class CannotStart extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const schemaFile = join(import.meta.dirname, '../../../profiles/sites/site.schema.json')
const maxSiteBytes = 4 * 1024 * 1024

/** The site, or every reason why it cannot be used: sentences that name the place and the remedy. */
export type SiteRead = { readonly site: Site } | { readonly problems: readonly string[] }

interface Written {
  readonly gateway: Site['gateway']
  readonly authorities: readonly Authority[]
  readonly sources: readonly Source[]
  readonly clients: readonly Client[]
  readonly subscribers: readonly Subscriber[]
  readonly schedules: readonly ScheduleRule[]
  readonly policy: Site['policy']
}

const defaultPolicy: Site['policy'] = {
  autoLink: 'off',
  mergeFill: true,
  acceptForeignIds: true,
  allowUnconditional: false,
  allowClientIds: false,
  conditionalDelete: 'single',
  browserOrigins: [],
  unknownProfiles: 'accept',
  parkHours: 72,
  futureEventHours: 24,
}

function compileSchema() {
  const ajv = new Ajv2020({ useDefaults: true, allErrors: true, strict: false })
  formats.default(ajv)
  return ajv.compile<Written>(JSON.parse(readFileSync(schemaFile, 'utf8')))
}

let compiled: ReturnType<typeof compileSchema> | undefined

/** Reads a site file. `secrets` are the variables that tokens written as 'env:NAME' name. */
export function readSite(file: string, secrets: Readonly<Record<string, string | undefined>> = {}): SiteRead {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return { problems: [`${file} cannot be read - set SITE to a site file`] }
  }
  if (text.length > maxSiteBytes)
    return { problems: [`${file} is larger than ${maxSiteBytes} bytes - split what it holds`] }
  return parseSite(text, secrets)
}

/** What the parser says, without the piece of text that it quotes: that may be a token. */
const placeOf = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/,? (\.\.\.)?".*$/s, '') : ''

/** The same from text. */
export function parseSite(
  text: string,
  secrets: Readonly<Record<string, string | undefined>> = {},
): SiteRead {
  let written: unknown
  try {
    written = JSON.parse(text)
  } catch (error) {
    return {
      problems: [`the site file is no JSON (${placeOf(error)}) - correct it`],
    }
  }
  compiled ??= compileSchema()
  if (!compiled(written)) {
    const problems = (compiled.errors ?? []).map(({ instancePath, message, params }) => {
      const extra = 'additionalProperty' in params ? ` '${String(params.additionalProperty)}'` : ''
      return `site.json ${instancePath || '/'} ${message ?? 'is wrong'}${extra} - see profiles/sites/site.schema.json`
    })
    return { problems }
  }
  return complete(written, createHash('sha256').update(text).digest('hex'), secrets)
}

function complete(
  written: Written,
  hash: string,
  secrets: Readonly<Record<string, string | undefined>>,
): SiteRead {
  const problems: string[] = []
  const token = (owner: string, text: string): string => {
    if (!text.startsWith('env:')) return text
    const value = secrets[text.slice(4)]
    if (!value) problems.push(`the token of ${owner} is ${text}, but that variable is not set - set it`)
    return value ?? ''
  }
  const { timezone } = written.gateway
  if (!isZone(timezone))
    problems.push(`gateway.timezone ${timezone} is no IANA time zone - use one such as America/Chicago`)
  const sources = new Map<string, Source>()
  for (const source of written.sources) {
    if (sources.has(source.id)) problems.push(`source ${source.id} is listed twice - keep one`)
    const zone = source.timezone ?? timezone
    if (!isZone(zone))
      problems.push(
        `timezone ${zone} of source ${source.id} is no IANA time zone - use one such as America/Chicago`,
      )
    for (const peer of source.peers ?? []) {
      if (!isNetwork(peer))
        problems.push(
          `peer ${peer} of source ${source.id} is no address or network - write 10.1.2.3 or 10.1.0.0/16`,
        )
    }
    for (const [i, repair] of source.repairs.entries()) {
      for (const problem of checkRepair(repair)) {
        const [what, remedy] = problem.split(' - ')
        problems.push(`${what} (repair ${i + 1} of source ${source.id}) - ${remedy}`)
      }
    }
    sources.set(source.id, { ...source, timezone: zone, token: token(source.id, source.token) })
  }
  const clients = new Map<string, Client>()
  for (const client of written.clients) {
    if (clients.has(client.id)) problems.push(`client ${client.id} is listed twice - keep one`)
    clients.set(client.id, { ...client, token: token(client.id, client.token) })
  }
  const seen = new Map<string, string>()
  for (const [id, { token: text }] of [...sources, ...clients]) {
    // A variable that is not set has been told of already.
    if (text === '') continue
    const other = seen.get(text)
    if (other !== undefined) problems.push(`${id} and ${other} have the same token - give each its own`)
    seen.set(text, id)
  }
  for (const { id, defaultAuthority } of sources.values()) {
    for (const namespace of Object.values(defaultAuthority)) {
      if (!written.authorities.some((each) => each.namespace === namespace)) {
        problems.push(`defaultAuthority ${namespace} of source ${id} is no authority of the site - add it`)
      }
    }
  }
  if (problems.length > 0) return { problems }
  const { gateway, authorities, subscribers = [], schedules = [] } = written
  const policy = { ...defaultPolicy, ...written.policy }
  return { site: { gateway, authorities, sources, clients, subscribers, schedules, policy, hash } }
}

/** Senders that the site does not list and that are remembered, for one profile of such senders. */
const maxStrangers = 256
const strangers = new WeakMap<Source, Map<string, Source>>()

/** Profile of senders that the site does not list by name: a source with the id '*|*'. Without it they are refused. */
export function sourceOf(site: Site, id: string): Source | undefined {
  const listed = site.sources.get(id)
  if (listed) return listed
  const anybody = site.sources.get('*|*')
  if (!anybody || id === '|') return undefined
  const known = strangers.get(anybody) ?? new Map<string, Source>()
  strangers.set(anybody, known)
  const met = known.get(id)
  if (met) return met
  // What is worked out for a source, its codes above all, hangs on this very object: one for each, not one per message.
  const made = { ...anybody, id }
  if (known.size >= maxStrangers) known.clear()
  known.set(id, made)
  return made
}

const knownTokens = /^demo-/

/** The demo site's tokens are in every copy of the program: outside of this machine they are no secret. */
export function refuseDemoTokens(host: string, site: Site): void {
  if (isLoopback(host)) return
  const known = [...site.sources.values(), ...site.clients.values()].filter((each) =>
    knownTokens.test(each.token),
  )
  if (known.length === 0) return
  throw new CannotStart([
    `HOST ${host} can be reached from other machines, but the site file has the well-known tokens of the demo (${known.map((each) => each.id).join(', ')}) - ` +
      'set SITE to a site file with tokens of your own, or HOST to 127.0.0.1',
  ])
}
