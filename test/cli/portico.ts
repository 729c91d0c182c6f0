// Runs the real command line as a process, and gives it something to talk to.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { OnInbound } from '../../src/adapters/adapter.ts'
import type { MllpTls } from '../../src/adapters/mllp/options.ts'
import { listenMllp } from '../../src/adapters/mllp/receiver.ts'

export const root = join(import.meta.dirname, '../..')
const launcher = join(root, 'bin/portico.mjs')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  readonly cwd?: string
  readonly node?: string
}

/** Starts `portico ...args`, away from the settings of whoever runs the tests. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcessWithoutNullStreams {
  const { PATH = '', HOME = '' } = process.env
  return spawn(options.node ?? process.execPath, [launcher, ...args], {
    cwd: options.cwd ?? root,
    env: { PATH, HOME, ...options.env },
  })
}

/** Runs it to its end. */
export function portico(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = start(args, options)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    })
  })
}

/** A folder with files, removed after the test; 'a/b.hl7' makes a folder in it. */
export function folderWith(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-cli-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

export const message = (id: string, extra = ''): string =>
  `MSH|^~\\&|SRC|HOSP|PORTICO|HOSP|20260714||ADT^A01^ADT_A01|${id}|P|2.5.1\rPID|1||X^^^H||DOE^J${extra}\r`

export interface Taken {
  readonly raw: Buffer
  readonly connection: number
  readonly type?: string | undefined
  readonly authorization?: string | undefined
}

export interface Peer {
  readonly port: number
  readonly taken: Taken[]
  readonly ids: readonly string[]
}

/** Answers AA, or what `answer` makes of it: an acknowledgement code, whole text, or undefined for none. */
export type Answering = (raw: Buffer, id: string) => string | undefined

export const ackOf = (id: string, code: string, errors = ''): string =>
  `MSH|^~\\&|PORTICO|HOSP|SRC|HOSP|20260714||ACK|A${id}|P|2.5.1\rMSA|${code}|${id}\r${errors}`
/** MSH-10, or BHS-11 of a batch, whatever the separator. */
function idOf(raw: Buffer): string {
  const text = raw.toString('latin1')
  const header = /^(?:FHS[^\r]*\r)?(BHS|MSH)(.)[^\r\n]*/.exec(text)
  return header?.[0].replace(/^FHS[^\r]*\r/, '').split(header[2] ?? '')[header[1] === 'BHS' ? 10 : 9] ?? ''
}
const idsOf = (taken: readonly Taken[]): string[] => taken.map(({ raw }) => idOf(raw))
const replyTo = (raw: Buffer, answering: Answering): Uint8Array | undefined => {
  const said = answering(raw, idOf(raw))
  if (said === undefined) return undefined
  return Buffer.from(/^[AC][AER]$/.test(said) ? ackOf(idOf(raw), said) : said, 'utf8')
}

/** A real MLLP listener. */
export async function mllpPeer(
  t: TestContext,
  answering: Answering = () => 'AA',
  tls?: MllpTls,
): Promise<Peer> {
  const taken: Taken[] = []
  const connections = new Map<string, number>()
  const onInbound: OnInbound = async ({ raw, peer }) => {
    if (!connections.has(peer)) connections.set(peer, connections.size)
    const bytes = Buffer.from(raw)
    taken.push({ raw: bytes, connection: connections.get(peer) ?? 0 })
    return { bytes: replyTo(bytes, answering) }
  }
  const receiver = await listenMllp({ host: '127.0.0.1', port: 0, ...(tls && { tls }) }, onInbound)
  t.after(() => receiver.close(0))
  return {
    port: receiver.port,
    taken,
    get ids() {
      return idsOf(taken)
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A real HTTP server; `status` may refuse. */
export async function httpPeer(
  t: TestContext,
  answering: Answering = () => 'AA',
  status: (token: string | undefined) => readonly [number, string] | undefined = () => undefined,
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<Peer> {
  const taken: Taken[] = []
  const listener: RequestListener = async (request, response) => {
    const raw = await bodyOf(request)
    const { 'content-type': type, authorization } = request.headers
    taken.push({ raw, connection: request.socket.remotePort ?? 0, type, authorization })
    const refusal = status(authorization)
    const reply = refusal ? undefined : replyTo(raw, answering)
    response.writeHead(refusal?.[0] ?? (reply ? 200 : 204), { 'content-type': 'application/hl7-v2+er7' })
    response.end(refusal?.[1] ?? reply)
  }
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    taken,
    get ids() {
      return idsOf(taken)
    },
  }
}
