// Every setting of the environment as a row: name, default, unit, what it does. What a site owns is in site.json.
// Longer than 300 lines because it is one table, read from top to bottom.
import { join, resolve } from 'node:path'

export interface Setting<T> {
  readonly name: string
  /** As a person would write it; undefined = not set. */
  readonly default: string | undefined
  readonly unit?: 'bytes' | 'ms' | 'port' | 'connections' | 'messages' | 'frames'
  readonly description: string
  /** Must not be shown. */
  readonly secret?: true
  /** The value, or what is wrong with the text. The text itself is repeated by nobody. */
  readonly parse: (text: string) => { readonly value: T } | { readonly problem: string }
}

const programFolder = join(import.meta.dirname, '..')
const defaultSite = 'profiles/sites/demo/site.json'
const mega = 1_048_576

const path = (value: string) => ({ value: resolve(value) })

function whole(min: number, max: number) {
  return (value: string) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return { value: number }
    return { problem: `must be a whole number from ${min} to ${max}` }
  }
}

function oneOf<const T extends string>(...allowed: readonly T[]) {
  return (value: string) => {
    const found = allowed.find((one) => one === value)
    return found === undefined ? { problem: `must be one of ${allowed.join(', ')}` } : { value: found }
  }
}

const port = whole(0, 65_535)
const milliseconds = whole(0, 86_400_000)
const bytes = whole(1_024, 1_024 * mega)
const count = whole(1, 1_000_000)

function host(value: string) {
  return /^[0-9A-Za-z.:_-]{1,255}$/.test(value)
    ? { value }
    : { problem: 'must be an address or a name, without port' }
}

function schema(value: string) {
  const good = /^[a-z_][a-z0-9_]{0,62}$/.test(value) && !value.startsWith('pg_')
  return good
    ? { value }
    : { problem: 'must be small letters, digits and _, at most 63, and not begin with pg_' }
}

function databaseUrl(value: string) {
  return /^postgres(ql)?:\/\/./.test(value)
    ? { value }
    : { problem: 'must look like postgresql://user@host/database' }
}

/** For type inference only. A setting without default is undefined when it is not set. */
function optional<T>(row: Omit<Setting<T>, 'default'>): Setting<T | undefined> {
  return { ...row, default: undefined }
}
function setting<T>(row: Setting<T> & { readonly default: string }): Setting<T> {
  return row
}

/** The order is that of docs/reference/configuration.md. */
export const settings = {
  host: setting({
    name: 'HOST',
    default: '127.0.0.1',
    description:
      'Address that HTTP and MLLP listen on. Any but a loopback address needs a site with tokens of its own.',
    parse: host,
  }),
  httpPort: setting({
    name: 'HTTP_PORT',
    default: '8080',
    unit: 'port',
    description: 'FHIR, HL7 v2 over HTTP, administration. 0 = any free port; the log says which.',
    parse: port,
  }),
  mllpPort: setting({
    name: 'MLLP_PORT',
    default: '2575',
    unit: 'port',
    description: 'HL7 v2 over MLLP. 0 = any free port.',
    parse: port,
  }),
  mllpTlsPort: optional({
    name: 'MLLP_TLS_PORT',
    unit: 'port',
    description: 'HL7 v2 over MLLP with TLS. Not set = off.',
    parse: port,
  }),
  mllpTlsCert: optional({
    name: 'MLLP_TLS_CERT',
    description: 'PEM file of the certificate chain.',
    parse: path,
  }),
  mllpTlsKey: optional({ name: 'MLLP_TLS_KEY', description: 'PEM file of the private key.', parse: path }),
  mllpTlsCa: optional({
    name: 'MLLP_TLS_CA',
    description: 'PEM file of the authorities whose client certificates are accepted.',
    parse: path,
  }),
  mllpTlsCrl: optional({
    name: 'MLLP_TLS_CRL',
    description: 'PEM file of the certificates that these authorities have revoked.',
    parse: path,
  }),
  mllpTlsClient: setting({
    name: 'MLLP_TLS_CLIENT',
    default: 'none',
    description:
      'Client certificates over TLS: none, or required (needs MLLP_TLS_CA; sources name theirs in the site file).',
    parse: oneOf('none', 'required'),
  }),

  dataDir: setting({
    name: 'DATA_DIR',
    default: './data',
    description: 'Folder of the embedded PostgreSQL, made with mode 0700. Not used with DATABASE_URL.',
    parse: path,
  }),
  databaseUrl: optional({
    name: 'DATABASE_URL',
    description: 'PostgreSQL server (15 or newer) to use instead of the embedded one.',
    secret: true,
    parse: databaseUrl,
  }),
  databaseSchema: setting({
    name: 'DATABASE_SCHEMA',
    default: 'portico',
    description: 'Schema that holds everything; made when it is missing.',
    parse: schema,
  }),
  databaseWriters: setting({
    name: 'DATABASE_WRITERS',
    default: '6',
    unit: 'connections',
    description: 'Connections that write: batch writers and workers.',
    parse: whole(1, 100),
  }),
  databaseReaders: setting({
    name: 'DATABASE_READERS',
    default: '6',
    unit: 'connections',
    description: 'Connections that answer reads and searches.',
    parse: whole(1, 100),
  }),
  databaseReadTimeoutMs: setting({
    name: 'DATABASE_READ_TIMEOUT_MS',
    default: '10000',
    unit: 'ms',
    description: 'A read or search that takes longer is ended and answered too-costly (422).',
    parse: whole(100, 600_000),
  }),

  site: setting({
    name: 'SITE',
    default: defaultSite,
    description: 'The site file: sources, clients, facilities, mappings. Read again when it changes.',
    parse: path,
  }),
  tenant: setting({
    name: 'TENANT',
    default: '1',
    description: 'Number of the tenant whose rows this gateway reads and writes.',
    parse: whole(1, 2_147_483_647),
  }),
  clock: setting({
    name: 'CLOCK',
    default: 'system',
    description:
      'manual = time stands still until a test moves it, and test controls are on. Never in production.',
    parse: oneOf('system', 'manual'),
  }),
  logLevel: setting({
    name: 'LOG_LEVEL',
    default: 'info',
    description: 'fatal, error, warn, info, debug, trace or silent.',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  }),

  messageRetentionDays: setting({
    name: 'MESSAGE_RETENTION_DAYS',
    default: '0',
    description:
      'Days for which raw messages are kept; what they have said stays. 0 = for ever. Whole days are dropped.',
    parse: whole(0, 36_500),
  }),
  baseUrl: optional({
    name: 'BASE_URL',
    description:
      'URL of the gateway as clients see it, without a slash at the end: in Location and fullUrl. Default: HOST and HTTP_PORT.',
    parse: (value) =>
      /^https?:\/\/[^\s/]+(\/[^\s]*[^\s/])?$/.test(value)
        ? { value }
        : { problem: 'must be an http or https URL without a slash at the end' },
  }),

  mllpMaxConnections: setting({
    name: 'MLLP_MAX_CONNECTIONS',
    default: '500',
    unit: 'connections',
    description: 'More are accepted, closed, counted and logged.',
    parse: count,
  }),
  mllpMaxConnectionsPerPeer: setting({
    name: 'MLLP_MAX_CONNECTIONS_PER_PEER',
    default: '20',
    unit: 'connections',
    description: 'Of one address; then its oldest idle connection makes room.',
    parse: count,
  }),
  mllpMaxFrameBytes: setting({
    name: 'MLLP_MAX_FRAME_BYTES',
    default: String(16 * mega),
    unit: 'bytes',
    description: 'A larger frame is refused and the connection closed.',
    parse: bytes,
  }),
  mllpFrameTimeoutMs: setting({
    name: 'MLLP_FRAME_TIMEOUT_MS',
    default: '30000',
    unit: 'ms',
    description: 'Silence inside a frame after which the connection is closed without an ACK.',
    parse: whole(100, 3_600_000),
  }),
  mllpMaxFrameTimeMs: setting({
    name: 'MLLP_MAX_FRAME_TIME_MS',
    default: '120000',
    unit: 'ms',
    description: 'Time that one frame may take as a whole.',
    parse: whole(100, 3_600_000),
  }),
  mllpIdleTimeoutMs: setting({
    name: 'MLLP_IDLE_TIMEOUT_MS',
    default: '0',
    unit: 'ms',
    description:
      'Silence between frames after which a connection is closed. 0 = never: feeds are quiet at night.',
    parse: milliseconds,
  }),
  mllpWriteTimeoutMs: setting({
    name: 'MLLP_WRITE_TIMEOUT_MS',
    default: '30000',
    unit: 'ms',
    description: 'A peer that does not take its ACK for so long is closed.',
    parse: whole(100, 3_600_000),
  }),
  mllpMaxInFlight: setting({
    name: 'MLLP_MAX_IN_FLIGHT',
    default: '64',
    unit: 'frames',
    description: 'Frames of one connection that may wait for their commit; then it is not read.',
    parse: count,
  }),
  maxBufferedBytes: setting({
    name: 'MAX_BUFFERED_BYTES',
    default: String(128 * mega),
    unit: 'bytes',
    description: 'Bytes of all frames that are not complete yet; then no socket is read.',
    parse: bytes,
  }),
  queueMaxMessages: setting({
    name: 'QUEUE_MAX_MESSAGES',
    default: '2000',
    unit: 'messages',
    description: 'Messages that wait for their commit; then sockets pause and HTTP answers 503.',
    parse: count,
  }),
  queueMaxBytes: setting({
    name: 'QUEUE_MAX_BYTES',
    default: String(64 * mega),
    unit: 'bytes',
    description: 'The same limit in bytes.',
    parse: bytes,
  }),
  shutdownTimeoutMs: setting({
    name: 'SHUTDOWN_TIMEOUT_MS',
    default: '10000',
    unit: 'ms',
    description: 'Time from SIGTERM to the end, for what has begun to be finished.',
    parse: whole(1_000, 600_000),
  }),
}

type Value<S> = S extends Setting<infer T> ? T : never
export type Config = { readonly [Key in keyof typeof settings]: Value<(typeof settings)[Key]> }

/** All settings, or everything that is wrong with them. An empty variable counts as not set. */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
): { readonly config: Config } | { readonly problems: readonly string[] } {
  const problems: string[] = []
  const take = <T>(row: Setting<T>): T | undefined => {
    const given = env[row.name]?.trim()
    const from = given === undefined || given === '' ? row.default : given
    if (from === undefined) return undefined
    const parsed = row.parse(from)
    if ('value' in parsed) return parsed.value
    problems.push(`${row.name} ${parsed.problem}`)
    return undefined
  }
  const values = Object.entries<Setting<unknown>>(settings).map(([key, row]) => [key, take(row)] as const)
  const config = Object.fromEntries(values)
  // A site of one's own is looked for from where one stands; the demo comes with the program.
  if (!env.SITE?.trim()) config.site = join(programFolder, defaultSite)
  if (!isComplete(config, problems)) return { problems }
  problems.push(...conflicts(config))
  return problems.length > 0 ? { problems } : { config }
}

/** Each value was made by the row of its key, so without problems the object is what the rows say. */
function isComplete(_config: object, problems: readonly string[]): _config is Config {
  return problems.length === 0
}

function conflicts(config: Config): string[] {
  const found: string[] = []
  if (
    config.mllpTlsPort !== undefined &&
    (config.mllpTlsCert === undefined || config.mllpTlsKey === undefined)
  ) {
    found.push('MLLP_TLS_PORT needs MLLP_TLS_CERT and MLLP_TLS_KEY')
  }
  if (config.mllpTlsClient !== 'none' && config.mllpTlsCa === undefined) {
    found.push('MLLP_TLS_CLIENT needs MLLP_TLS_CA')
  }
  if (config.mllpTlsCrl !== undefined && config.mllpTlsCa === undefined)
    found.push('MLLP_TLS_CRL needs MLLP_TLS_CA')
  const ports = [config.httpPort, config.mllpPort, config.mllpTlsPort].filter(
    (one) => one !== undefined && one !== 0,
  )
  if (new Set(ports).size < ports.length) found.push('HTTP_PORT, MLLP_PORT and MLLP_TLS_PORT must differ')
  return found
}

/** The settings for the log at the start: name and value, secrets hidden. */
export function describeConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, row]) => {
      const value: unknown = Reflect.get(config, key)
      return [row.name, 'secret' in row && value !== undefined ? '(set)' : value]
    }),
  )
}
