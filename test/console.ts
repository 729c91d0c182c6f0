// The commands that documents show, run as a reader would run them: ```console blocks with their output, files whose
// path stands after the language of their block, and a gateway where <!-- gateway [site file] --> asks for one.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, startGateway } from '../src/main.ts'
import { testDatabase } from './database.ts'

const root = join(import.meta.dirname, '..')

interface Command {
  readonly line: string
  /** Output as shown; '…' stands for anything. */
  readonly shown: string
}

type Step =
  | { readonly kind: 'gateway'; readonly site: string | undefined }
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'console'; readonly commands: readonly Command[] }

const block = /^<!-- gateway ?(\S*) -->$|^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm

/** What there is to do in a document, in its order. */
export function stepsOf(markdown: string): Step[] {
  return [...markdown.matchAll(block)].flatMap(([all, site, language, path, text = '']): Step[] => {
    if (all.startsWith('<!--')) return [{ kind: 'gateway', site: site || undefined }]
    if (language === 'console') return [{ kind: 'console', commands: commandsOf(text) }]
    return path ? [{ kind: 'file', path, text }] : []
  })
}

function commandsOf(text: string): Command[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const lines = part.replace(/\n$/, '').split('\n')
      const more = lines.slice(1).findIndex((line) => !line.startsWith('> '))
      const end = more < 0 ? lines.length : more + 1
      const line = [lines[0], ...lines.slice(1, end).map((each) => each.slice(2))].join('\n')
      return { line, shown: lines.slice(end).join('\n') }
    })
}

export interface Ran {
  readonly commands: number
  /** Those that print something else than is shown, with what they print. */
  readonly wrong: readonly string[]
}

/** Runs a document in a folder of its own, from its begin to its end. */
export async function runDocument(file: string): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-docs-'))
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    return await follow(file, folder, closers)
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

async function follow(file: string, folder: string, closers: (() => unknown)[]): Promise<Ran> {
  for (const name of ['samples', 'profiles']) symlinkSync(join(root, name), join(folder, name))
  const shims = join(folder, '.bin')
  mkdirSync(shims)
  const portico = `exec '${process.execPath}' '${join(root, 'bin/portico.mjs')}' "$@"`
  writeFileSync(join(shims, 'npx'), `#!/bin/sh\nshift\n${portico}\n`, { mode: 0o755 })
  const place: Place = { folder, shims, closers, ports: undefined, gateway: undefined, prelude: [] }
  const wrong: string[] = []
  let commands = 0
  for (const step of stepsOf(readFileSync(join(root, file), 'utf8'))) {
    if (step.kind === 'gateway') await startFor(place, step.site)
    else if (step.kind === 'file') await write(place, step.path, step.text)
    else {
      commands += step.commands.length
      for (const command of step.commands) wrong.push(...(await check(place, command)))
    }
  }
  return { commands, wrong }
}

interface Place {
  readonly folder: string
  readonly shims: string
  /** What is to be undone at the end, the last first. */
  readonly closers: (() => unknown)[]
  ports: { readonly http: number; readonly mllp: number } | undefined
  gateway: { readonly running: Running; readonly site: string | undefined } | undefined
  /** Functions and variables that earlier commands have set. */
  readonly prelude: string[]
}

/** Variables that a document has told its reader to set. */
function exported(prelude: readonly string[]): Record<string, string> {
  const set = prelude.filter((line) => line.startsWith('export ')).flatMap((line) => line.split(' ').slice(1))
  return Object.fromEntries(set.map((each) => each.split('=', 2)))
}

async function startFor(place: Place, site: string | undefined): Promise<void> {
  const store = await testDatabase({ migrated: false })
  place.closers.push(() => store.drop())
  const [http, mllp] = [await freePort(), await freePort()]
  const running = await startGateway({
    ...exported(place.prelude),
    DATABASE_URL: store.url,
    DATABASE_SCHEMA: store.schema,
    HTTP_PORT: String(http),
    MLLP_PORT: String(mllp),
    LOG_LEVEL: 'silent',
    ...(site === undefined ? {} : { SITE: join(place.folder, site) }),
  })
  place.closers.push(() => running.close())
  place.ports = { http, mllp }
  place.gateway = { running, site }
}

/** A port that was free a moment ago: links in answers name the one that was set, so 0 will not do. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

const reloadMs = 20_000

/** Writes a file; one that a gateway watches is awaited until it is in force. */
async function write(place: Place, path: string, text: string): Promise<void> {
  const file = join(place.folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  if (!place.gateway || place.gateway.site !== path) return
  const hash = createHash('sha256').update(text).digest('hex')
  const end = performance.now() + reloadMs
  while (place.gateway.running.gateway.site().hash !== hash) {
    assert.ok(performance.now() < end, `${path} was not read again`)
    await sleep(20)
  }
}

async function check(place: Place, { line, shown }: Command): Promise<string[]> {
  const printed = await run(place, line)
  if (/^(\w+(\(\)|=)|export )/.test(line)) place.prelude.push(line)
  return fits(printed, shown) ? [] : [`$ ${line}\n${printed}--- shown is\n${shown}`]
}

/** Everything that a line prints, with the ports that documents speak of. */
function run(place: Place, line: string): Promise<string> {
  const { http = 0, mllp = 0 } = place.ports ?? {}
  const local = line
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${http}`)
    .replaceAll('127.0.0.1:2575', `127.0.0.1:${mllp}`)
    .replace(/npx portico send (?!.*--to)/, `npx portico send --to mllp://127.0.0.1:${mllp} `)
  const prelude = place.prelude.map((each) => each.replaceAll('127.0.0.1:8080', `127.0.0.1:${http}`))
  const { HOME = '', PATH = '' } = process.env
  const child = spawn('bash', ['-c', [...prelude, `{ ${local}\n} 2>&1`].join('\n')], {
    cwd: place.folder,
    env: { HOME, PATH: `${place.shims}:${PATH}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => {
      const text = Buffer.concat(chunks).toString()
      const named = text.replaceAll(`127.0.0.1:${http}`, '127.0.0.1:8080')
      resolve(named.replaceAll(`127.0.0.1:${mllp}`, '127.0.0.1:2575').replaceAll(place.folder, '.'))
    })
  })
}

/** How long something took is never the same, nor whether a slow machine told of its progress meanwhile. */
const untimed = (text: string): string =>
  text
    .replace(/^\d+\/\d+ files {2}.*\n/gm, '')
    .replace(/in [\d.]+ s \(\d+\/s\)/g, 'in … s')
    .replace(/\s+/g, ' ')
    .trim()

/** True when the pieces between '…' come in their order, and nothing but those. */
function fits(printed: string, shown: string): boolean {
  const text = untimed(printed).replaceAll('…', '')
  const pieces = untimed(shown)
    .split('…')
    .map((each) => each.trim())
  if (pieces.length === 1) return text === pieces[0]
  let at = 0
  for (const [i, piece] of pieces.entries()) {
    const found = i === 0 ? 0 : text.indexOf(piece, at)
    if (found < 0 || !text.startsWith(piece, found)) return false
    at = found + piece.length
  }
  const last = pieces.at(-1) ?? ''
  return last === '' || text.endsWith(last)
}
