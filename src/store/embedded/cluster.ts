// Makes the PostgreSQL cluster (initdb, manual 19.2) with the gateway's role and database: wholly or not at all.
import { randomBytes } from 'node:crypto'
import { existsSync, lchownSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { type Folder, ownFolder, readPassword, syncFolder, writePassword } from './folder.ts'
import { endProcesses, processesIn } from './leftovers.ts'
import { type Place, runProgram } from './place.ts'
import { type Account, EmbeddedError, type Log, textOf } from './types.ts'

/** Role and database of the gateway. The role is no superuser: what slips into a statement runs no program. */
export const role = 'portico'

const initTimeoutMs = 120_000
const drafts = /^postgres\.new-/

/** Major version of the cluster that is there; undefined when there is none. */
export function clusterMajor(folder: Folder): number | undefined {
  if (!existsSync(folder.cluster)) return undefined
  const file = join(folder.cluster, 'PG_VERSION')
  const major = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN
  if (Number.isInteger(major)) return major
  throw new EmbeddedError(
    'FOLDER',
    `${folder.cluster} is not a PostgreSQL cluster - restore it, or move it away`,
  )
}

/**
 * Removes what a start that was killed left behind. A cluster is made under another name and renamed when it is
 * complete, so whatever bears such a name holds nothing of anybody's.
 */
export async function clearDrafts(folder: Folder, log: Log): Promise<void> {
  for (const name of readdirSync(folder.path).filter((one) => drafts.test(one))) {
    const draft = join(folder.path, name)
    log.warn({ draft: name }, 'the first start was interrupted, beginning anew')
    // The killed gateway's initdb may still be at it.
    await endProcesses(() => processesIn([draft, folder.path]), 'SIGKILL', 5_000)
    rmSync(draft, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Makes the cluster. Throws EmbeddedError `INIT`. */
export async function makeCluster(folder: Folder, binaries: Binaries, place: Place): Promise<void> {
  const name = `postgres.new-${randomBytes(4).toString('hex')}`
  const draft = join(folder.path, name)
  try {
    const password = writePassword(folder, place.account)
    ownFolder(draft, place.account)
    const seen = place.seen(name)
    const auth = ['-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${place.seen('password')}`]
    // Byte order and no rules of a language: these stay as they are when the C library changes, and are the same
    // everywhere. Searches compare text that the gateway has folded.
    const text = ['-E', 'UTF8', '--locale=C']
    const args = ['-D', seen, ...auth, ...text, '--data-checksums', '--no-instructions']
    await runProgram(place, join(binaries.folder, 'initdb'), args, { timeoutMs: initTimeoutMs })
    await runSql(binaries, place, seen, [
      `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`,
      `CREATE DATABASE ${role} OWNER ${role}`,
      `REVOKE ALL ON DATABASE ${role} FROM PUBLIC`,
    ])
    syncFolder(draft)
    renameSync(draft, folder.cluster)
    syncFolder(folder.path)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true, maxRetries: 5 })
    throw new EmbeddedError('INIT', `PostgreSQL could not set up its files: ${textOf(error)}`, {
      cause: error,
    })
  }
}

/** The password of the cluster; a lost or damaged file is replaced by a new password. */
export async function clusterPassword(
  folder: Folder,
  binaries: Binaries,
  place: Place,
  log: Log,
): Promise<string> {
  const kept = readPassword(folder)
  if (kept !== undefined) return kept
  log.warn({ file: folder.password }, 'password file was missing, setting a new password')
  const password = writePassword(folder, place.account)
  try {
    await runSql(binaries, place, place.seen('postgres'), [
      `ALTER ROLE ${role} PASSWORD '${password}'`,
      `ALTER ROLE postgres PASSWORD '${password}'`,
    ])
    return password
  } catch (error) {
    rmSync(folder.password, { force: true })
    throw new EmbeddedError('INIT', `the password could not be set: ${textOf(error)}`, { cause: error })
  }
}

/** Runs statements in a cluster that nobody serves, before anybody could connect (single-user mode, `postgres --single`). */
async function runSql(
  binaries: Binaries,
  place: Place,
  seen: string,
  statements: readonly string[],
): Promise<void> {
  const args = [
    '--single',
    '-D',
    seen,
    '-c',
    'exit_on_error=on',
    '-c',
    'log_min_error_statement=panic',
    'postgres',
  ]
  await runProgram(place, join(binaries.folder, 'postgres'), args, {
    timeoutMs: initTimeoutMs,
    input: `${statements.join('\n')}\n`,
  })
}

/** Gives a cluster that root restored from a backup to the account. */
export function giveCluster(folder: Folder, account: Account | undefined): void {
  if (!account || !existsSync(folder.cluster) || statSync(folder.cluster).uid === account.uid) return
  for (const name of ['', ...readdirSync(folder.cluster, { recursive: true, encoding: 'utf8' })]) {
    lchownSync(join(folder.cluster, name), account.uid, account.gid)
  }
}
