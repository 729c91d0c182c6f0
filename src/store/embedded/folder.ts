// DATA_DIR: what lies where in it, who may enter, and where the sockets are when its path is too long for one.
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type Account, EmbeddedError, type Log, systemCode, textOf } from './types.ts'

/** Port of the server: only a part of the socket's name, nothing listens on TCP. */
export const port = 5432

/** sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the final NUL. */
const maxSocketPathBytes = 103

export interface Folder {
  /** Absolute, without symbolic links. */
  readonly path: string
  /** The PostgreSQL cluster; it is there only when it is complete. */
  readonly cluster: string
  /** Unix sockets of the server and of the gateway's lock. */
  readonly sockets: string
  /** False when `sockets` had to lie outside of the folder. */
  readonly socketsInside: boolean
  readonly password: string
  readonly lock: string
  /** Names the folder however it is reached: device and inode number. */
  readonly key: string
}

/** Names that only a folder of ours has; a folder with other things in it is left alone. */
const ours = /^(postgres(\.new-.*)?|run|password(\..*)?|gateway\.lock(\..*)?|lost\+found)$/

/** Finds or makes the folder, changes nothing in an existing one. Throws EmbeddedError `FOLDER`. */
export function openFolder(dataDir: string): Folder {
  const wanted = resolve(dataDir)
  try {
    mkdirSync(dirname(wanted), { recursive: true })
    if (!existsSync(wanted)) makeFolder(wanted)
    const path = realpathSync(wanted)
    const { dev, ino } = statSync(path)
    if (!statSync(path).isDirectory()) throw new Error('it is not a folder')
    const names = readdirSync(path)
    const foreign = names.find((name) => !ours.test(name))
    if (foreign !== undefined) {
      const text = `it holds other things ("${foreign}") - name a folder that is empty or does not exist`
      throw new Error(text)
    }
    const key = `${dev.toString(16)}-${ino.toString(16)}`
    const inside = join(path, 'run')
    const socketsInside = Buffer.byteLength(join(inside, `.s.PGSQL.${port}`)) <= maxSocketPathBytes
    return {
      path,
      cluster: join(path, 'postgres'),
      sockets: socketsInside ? inside : shortFolder(key),
      socketsInside,
      password: join(path, 'password'),
      lock: join(path, 'gateway.lock'),
      key,
    }
  } catch (error) {
    throw refusal(wanted, error)
  }
}

function refusal(path: string, error: unknown): EmbeddedError {
  if (systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM') {
    const owner = statSync(path, { throwIfNoEntry: false })?.uid
    const who =
      owner === undefined
        ? ''
        : `; the folder belongs to uid ${owner}, the gateway runs as ${process.getuid?.()}`
    return new EmbeddedError('FOLDER', `DATA_DIR ${path} cannot be used: ${textOf(error)}${who}`, {
      cause: error,
    })
  }
  return new EmbeddedError('FOLDER', `DATA_DIR ${path} cannot be used: ${textOf(error)}`, { cause: error })
}

function shortFolder(key: string): string {
  const parent = Buffer.byteLength(tmpdir()) <= 50 ? tmpdir() : '/tmp'
  return join(parent, `portico-${key}`)
}

/**
 * Gives folder and socket folder to the account (undefined: the gateway's own) and closes them to everyone else.
 * Only to be called by the holder of the lock.
 */
export function secureFolder(folder: Folder, account: Account | undefined, log: Log): void {
  try {
    secure(folder.path, account, log)
    makeFolder(folder.sockets)
    // In a folder that everyone may write, the name may be somebody else's: then we do not touch it.
    const found = lstatSync(folder.sockets)
    const allowed = [process.getuid?.(), account?.uid]
    if (!found.isDirectory() || !allowed.includes(found.uid))
      throw new Error(`${folder.sockets} belongs to another user`)
    secure(folder.sockets, account, log)
  } catch (error) {
    throw refusal(folder.path, error)
  }
  if (!folder.socketsInside) {
    log.warn(
      { folder: folder.path, sockets: folder.sockets },
      'path of DATA_DIR too long for a unix socket, it is elsewhere',
    )
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
}

function secure(path: string, account: Account | undefined, log: Log): void {
  const { mode, uid } = statSync(path)
  if ((mode & 0o7777) !== 0o700) {
    chmodSync(path, 0o700)
    log.warn(
      { path, was: `0${(mode & 0o7777).toString(8)}` },
      'folder was open to others, its mode is 0700 again',
    )
  }
  if (account && uid !== account.uid) chownSync(path, account.uid, account.gid)
}

/** Creates a folder for the account. */
export function ownFolder(path: string, account: Account | undefined): void {
  makeFolder(path)
  if (account) chownSync(path, account.uid, account.gid)
}

/** The password of both roles; undefined when there is none yet. */
export function readPassword(folder: Folder): string | undefined {
  if (!existsSync(folder.password)) return undefined
  const text = readFileSync(folder.password, 'utf8').trim()
  // It stands in SQL text and in files of PostgreSQL, so nothing but what writePassword makes is taken.
  return /^[0-9a-f]{48}$/.test(text) ? text : undefined
}

export function writePassword(folder: Folder, account: Account | undefined): string {
  const password = randomBytes(24).toString('hex')
  writeWhole(folder.password, `${password}\n`, account)
  return password
}

/** Writes a file of mode 0600 as a whole or not at all, and to the disk. */
export function writeWhole(path: string, text: string, account: Account | undefined): void {
  const draft = `${path}.${process.pid}`
  const file = openSync(draft, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  chmodSync(draft, 0o600)
  if (account) chownSync(draft, account.uid, account.gid)
  renameSync(draft, path)
  syncFolder(dirname(path))
}

/** Makes created and renamed names in the folder survive a loss of power. */
export function syncFolder(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
