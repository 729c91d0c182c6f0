// One gateway per DATA_DIR (promises.md T24): a lock that the kernel frees when its holder dies, and tells the holder's pid.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, Server } from 'node:net'
import { join } from 'node:path'
import type { Folder } from './folder.ts'
import { systemCode } from './types.ts'

/*
 * Three fences, because each alone has a hole:
 *
 * 1. Linux: a listening socket with an abstract name made of device and inode of the folder. Binding is atomic and
 *    the kernel frees the name when the process dies, kill -9 included. But such names end at the network namespace:
 *    two containers on one volume do not see each other.
 * 2. A listening socket in the folder itself. It crosses containers, and connecting tells a live holder from the
 *    file that a dead one left. But taking over a dead one takes two steps.
 * 3. A file `gateway.lock`, created exclusively, with pid and start time of the process (a pid alone is used again).
 *    It decides where there are no abstract names, and it is what a person looks at.
 */

export interface Holder {
  readonly pid: number
  /** When the process started, as the system counts it; tells two processes with one pid apart. */
  readonly started: string
}

export interface Lock {
  /** Frees the folder for the next gateway. Synchronous, so that it also works while the process exits. */
  release(): void
}

export type Acquired = { readonly lock: Lock } | { readonly holder: Holder | undefined }

const answerTimeoutMs = 1_000
const maxAnswerBytes = 512
const maxTakeovers = 20
const unreadable: Holder = { pid: 0, started: '' }

export interface LockOptions {
  /** Use the abstract name; default: on Linux. */
  readonly kernel?: boolean
}

/** Takes the folder, or tells who has it (undefined when it does not say). The socket folder must exist by `prepare`. */
export async function acquireLock(
  folder: Folder,
  prepare: () => void,
  options: LockOptions = {},
): Promise<Acquired> {
  const me: Holder = { pid: process.pid, started: startOf(process.pid) ?? '' }
  const undo: (() => void)[] = []
  const release = () => {
    for (const step of undo.splice(0).reverse()) step()
  }
  if (options.kernel ?? process.platform === 'linux') {
    const name = `\0portico-lock-${folder.key}`
    const bound = await listenOrAsk(name, me)
    if (!(bound instanceof Server)) return { holder: bound ?? readHolder(folder.lock) }
    undo.push(() => bound.close())
  }
  const path = join(folder.sockets, 'gateway.sock')
  const other = await ask(path)
  if (other !== undefined) {
    release()
    return { holder: other ?? readHolder(folder.lock) }
  }
  const holder = takeFile(folder.lock, me)
  if (holder) {
    release()
    return { holder }
  }
  undo.push(() => dropFile(folder.lock, me))
  try {
    prepare()
    rmSync(path, { force: true })
    const server = await listen(path, me)
    if (server) undo.push(() => server.close())
  } catch (error) {
    release()
    throw error
  }
  return { lock: { release } }
}

/** Binds the name, or says who has it. Whoever dies between our two questions leaves it to the next attempt. */
async function listenOrAsk(name: string, me: Holder): Promise<Server | Holder | null> {
  for (let attempt = 0; attempt < maxTakeovers; attempt++) {
    const server = await listen(name, me)
    if (server) return server
    const holder = await ask(name)
    if (holder !== undefined) return holder
  }
  return null
}

/** A server that answers each connection with its holder; undefined when the name is taken. */
async function listen(path: string, me: Holder): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify(me))
  })
  const bound = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error) => (systemCode(error) === 'EADDRINUSE' ? resolve(false) : reject(error)))
    server.listen({ path }, () => resolve(true))
  })
  server.unref()
  return bound ? server : undefined
}

/** Who listens there: undefined nobody, null somebody who does not say (a stopped process, a stranger). */
async function ask(path: string): Promise<Holder | null | undefined> {
  return await new Promise((resolve) => {
    let connected = false
    let text = ''
    const socket = createConnection({ path })
    const settle = (answer: Holder | null | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(answerTimeoutMs, () => settle(null))
    socket.on('connect', () => {
      connected = true
    })
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (text.length > maxAnswerBytes) settle(null)
    })
    socket.on('end', () => settle(parseHolder(text) ?? null))
    // A full backlog (EAGAIN) belongs to somebody who lives.
    socket.on('error', (error) => settle(connected || systemCode(error) === 'EAGAIN' ? null : undefined))
  })
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('started' in value))
      return undefined
    const { pid, started } = value
    return Number.isSafeInteger(pid) && typeof pid === 'number' && typeof started === 'string'
      ? { pid, started }
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Undefined when the file is ours now, else the live holder.
 *
 * Of several starters that find the file of a dead holder, one gets it: whoever creates the token that bears the
 * dead one's name. A token whose owner died half-way bears a name too, and is inherited in the same manner. With the
 * token won, the file is read again: it may have changed hands before, it cannot any more.
 */
export function takeFile(path: string, me: Holder): Holder | undefined {
  // The file appears with its content, never empty: written under a name of its own, then linked or renamed.
  const draft = `${path}.${me.pid}-${randomBytes(4).toString('hex')}`
  writeFileSync(draft, `${JSON.stringify(me)}\n`, { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < maxTakeovers; attempt++) {
      if (linked(draft, path)) return undefined
      const found = readHolder(path) ?? unreadable
      if (lives(found)) return found
      const won = winTokens(path, draft, found)
      if (!Array.isArray(won)) return won
      const unchanged = same(readHolder(path) ?? unreadable, found)
      if (unchanged) renameSync(draft, path)
      for (const token of won) rmSync(token, { force: true })
      if (unchanged) return undefined
    }
    return readHolder(path) ?? unreadable
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Tokens to take over from the dead holder, the last of them ours; or the live process that was faster. */
function winTokens(path: string, draft: string, dead: Holder): string[] | Holder {
  const tokens: string[] = []
  for (let heir = dead; tokens.length < maxTakeovers; ) {
    const token = `${path}.after-${heir.pid}-${heir.started.replace(/[^0-9A-Za-z]/g, '')}`
    tokens.push(token)
    if (linked(draft, token)) return tokens
    const owner = readHolder(token) ?? unreadable
    if (lives(owner)) return owner
    heir = owner
  }
  return dead
}

function same(a: Holder, b: Holder): boolean {
  return a.pid === b.pid && a.started === b.started
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

function dropFile(path: string, me: Holder): void {
  const holder = readHolder(path)
  if (holder && same(holder, me)) rmSync(path, { force: true })
}

function readHolder(path: string): Holder | undefined {
  try {
    return parseHolder(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function lives(holder: Holder): boolean {
  return startOf(holder.pid) === holder.started
}

/** Start time of a process: clock ticks since boot on Linux (proc(5), field 22), the text of ps(1) elsewhere. */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      // The name of the program stands in brackets and may hold anything, so count from the last one.
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    }
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 5_000,
    })
    return text.trim() === '' ? undefined : text.trim()
  } catch {
    return undefined
  }
}
