// A whole gateway on a real port over a test database, for the clients that others use.
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import { startGateway } from '../../src/main.ts'
import { testDatabase } from '../database.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { shared } from '../shared.ts'

export interface GatewayOnPort {
  /** Of FHIR. */
  readonly baseUrl: string
  /** Of the client that may do everything. */
  readonly token: string
  /** One request as the client that may do everything; objects become JSON. The path stands behind the base of FHIR. */
  ask(path: string, request?: PortRequest): Promise<PortAnswer>
  /** One v2 message in segments; the first code of its acknowledgement. */
  send(...segments: string[]): Promise<string>
  close(): Promise<void>
}

export interface PortRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface PortAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; {} when it is no JSON. */
  readonly body: JsonObject
}

/** `site` changes the site of the acceptance suite, `settings` those of the process. */
export async function gatewayOnPort({
  site,
  settings = {},
  files,
}: {
  readonly site?: (site: Record<string, unknown>) => void
  readonly settings?: Readonly<Record<string, string>>
  /** Files beside the site, by their paths: packages in profiles, tables in sources. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
} = {}): Promise<GatewayOnPort> {
  const isOwn = site !== undefined || files !== undefined
  const store = await testDatabase({ migrated: false })
  const port = await freePort()
  const running = await startGateway({
    HTTP_PORT: String(port),
    MLLP_PORT: '0',
    DATABASE_URL: store.url,
    DATABASE_SCHEMA: store.schema,
    SITE: isOwn ? await siteFile(store.schema, site, files) : shared('acceptance/site.json'),
    LOG_LEVEL: 'silent',
    ...settings,
  })
  const origin = `http://127.0.0.1:${port}`
  const token = acceptanceSite().clients.get('acceptance')?.token ?? ''
  const ask = async (path: string, { method = 'GET', headers = {}, body }: PortRequest = {}) => {
    const response = await fetch(path.startsWith('http') ? path : `${origin}/fhir${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: parsed(text) }
  }
  return {
    baseUrl: `${origin}/fhir`,
    token,
    ask,
    send: async (...segments) => {
      const [, , application, facility] = segments[0]?.split('|') ?? []
      const source = acceptanceSite().sources.get(`${application}|${facility}`)
      const headers = {
        authorization: `Bearer ${source?.token}`,
        'content-type': 'application/hl7-v2+er7; charset=utf-8',
      }
      const answer = await ask(`${origin}/hl7v2`, { method: 'POST', headers, body: segments.join('\r') })
      return /^MSA\|(\w\w)/m.exec(answer.text.replaceAll('\r', '\n'))?.[1] ?? answer.text
    },
    close: async () => {
      await running.close()
      await store.drop()
      if (isOwn) await rm(folderOf(store.schema), { recursive: true, force: true })
    },
  }
}

const folderOf = (name: string): string => join(tmpdir(), `portico-${name}`)

/** The site of the acceptance suite with a change, in a folder of its own. */
async function siteFile(
  name: string,
  change: (site: Record<string, unknown>) => void = () => {},
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<string> {
  const site = JSON.parse(await readFile(shared('acceptance/site.json'), 'utf8')) as Record<string, unknown>
  change(site)
  for (const [path, content] of Object.entries({ 'site.json': JSON.stringify(site), ...files })) {
    await mkdir(dirname(join(folderOf(name), path)), { recursive: true })
    await writeFile(join(folderOf(name), path), content)
  }
  return join(folderOf(name), 'site.json')
}

function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** Links of pages name the port, so it has to be known before. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
