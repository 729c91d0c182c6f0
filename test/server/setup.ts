// A whole gateway over a test database, with its HTTP app, for tests of the HTTP surface; no port is opened.
import { Registry } from 'prom-client'
import type { Client, Site } from '../../src/canonical/site.ts'
import { zoneOffsetOf } from '../../src/fhir/date.ts'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import type { Gateway } from '../../src/pipeline/gateway.ts'
import { loadPackages } from '../../src/pipeline/site/packages.ts'
import { createApp } from '../../src/server/app.ts'
import type { AppOptions } from '../../src/server/context.ts'
import { acceptanceSite, type TestGateway, testGateway } from '../pipeline/gateway.ts'
import { type Writer, writer } from '../store/writer.ts'

export const baseUrl = 'http://gateway.test/fhir'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; {} when it is no JSON object. */
  readonly body: JsonObject
}

export interface Ask {
  readonly method?: string
  /** Id of a client or a source; its token is sent. Default: the client that may do everything. */
  readonly as?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface TestApp extends TestGateway {
  readonly writes: Writer
  readonly logged: readonly string[]
  /** One request; objects become JSON, with the content type of FHIR unless another one is given. */
  ask(path: string, request?: Ask): Promise<Answer>
  /** A GET whose octets matter, with these headers. */
  raw(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>
}

export interface TestAppOptions {
  /** Replace options of the app, parts of the gateway, or the site. */
  readonly app?: Partial<AppOptions>
  readonly gateway?: Partial<Gateway>
  readonly site?: Site
}

/** No packages of a site: our own profiles alone. */
export const ownPackages = loadPackages('none/site.json')

export async function testApp({
  app = {},
  gateway = {},
  site = acceptanceSite(),
}: TestAppOptions = {}): Promise<TestApp> {
  const whole = await testGateway(site)
  const logged: string[] = []
  const log = (fields: Record<string, unknown>, text: string): void => {
    logged.push(`${text} ${JSON.stringify(fields)}`)
  }
  const http = createApp({
    gateway: { ...whole.engine, ...gateway },
    packages: () => ownPackages,
    db: whole.store.db,
    tenant: 1,
    baseUrl,
    cursorKey: new Uint8Array(32).fill(7),
    version: '0.0.0',
    ready: () => true,
    manualClock: false,
    metrics: new Registry(),
    log: { info: log, warn: log, error: log },
    ...app,
  })
  return {
    ...whole,
    writes: writer(whole.store.db, zoneOffsetOf(site.gateway.timezone)),
    logged,
    ask: (path, request) => send(http, site, path, request),
    raw: async (path, headers) => {
      const authorization = `Bearer ${site.clients.get('acceptance')?.token}`
      return await http.request(`http://elsewhere.test${path}`, { headers: { authorization, ...headers } })
    },
  }
}

async function send(
  http: ReturnType<typeof createApp>,
  site: Site,
  path: string,
  request: Ask = {},
): Promise<Answer> {
  const { method = 'GET', as = 'acceptance', headers = {}, body } = request
  const token = site.clients.get(as)?.token ?? site.sources.get(as)?.token
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  const response = await http.request(`http://elsewhere.test${path}`, {
    method,
    headers: {
      accept: 'application/fhir+json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isRaw ? (body as BodyInit) : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parsed(text) }
}

function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** Codes of the issues of an OperationOutcome. */
export function codesOf({ body }: Answer): unknown[] {
  const issues: readonly unknown[] =
    body.resourceType === 'OperationOutcome' && Array.isArray(body.issue) ? body.issue : []
  return issues.map((issue) => (isObject(issue) ? issue.code : undefined))
}

export interface Entry {
  readonly fullUrl?: string
  readonly resource?: JsonObject
  readonly search?: { readonly mode: string }
  readonly request?: { readonly method: string; readonly url: string }
  readonly response?: { readonly status: string; readonly etag: string }
}

export const entriesOf = ({ body }: Answer): Entry[] =>
  Array.isArray(body.entry) ? (body.entry as Entry[]) : []
export const idsOf = (answer: Answer): unknown[] => entriesOf(answer).map(({ resource }) => resource?.id)

/** Path and query of a link of a Bundle, as the app is asked. */
export function linkOf({ body }: Answer, relation: string): string | undefined {
  const links = Array.isArray(body.link) ? (body.link as { relation: string; url: string }[]) : []
  return links.find((each) => each.relation === relation)?.url.replace('http://gateway.test', '')
}

/** The client with this id, with other scopes. */
export function withScopes(site: Site, id: string, ...scopes: string[]): Pick<Site, 'clients'> {
  const client = site.clients.get(id)
  if (!client) throw new Error(`${id} is no client of the site`)
  const changed: Client = { ...client, scopes }
  return { clients: new Map([...site.clients, [id, changed]]) }
}
