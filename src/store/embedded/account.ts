// Under which account the server runs: PostgreSQL refuses root (manual, 19.1), so root lends it an unprivileged one.
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { type Account, EmbeddedError, type Log, systemCode, textOf } from './types.ts'

/**
 * The account for the server; undefined = the gateway's own. As root: the owner of the cluster if there is one
 * (a folder may move between installations), else `postgres`, else `nobody`. Users are never created.
 */
export function serverAccount(cluster: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const known = accounts()
  const owner = statSync(cluster, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) {
    const account = known.find((one) => one.uid === owner.uid)
    return { name: account?.name ?? String(owner.uid), uid: owner.uid, gid: owner.gid }
  }
  for (const name of ['postgres', 'nobody']) {
    const account = known.find((one) => one.name === name && one.uid !== 0)
    if (account) return account
  }
  throw new EmbeddedError(
    'FOLDER',
    'PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody - ' +
      'start the gateway as an ordinary user',
  )
}

function accounts(): Account[] {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : []
  return lines.flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
}

/** Whether the account may walk down to the folder: every folder above it has the search bit for it. */
export function canReach(account: Account, folder: string): boolean {
  for (let at = dirname(folder); ; at = dirname(at)) {
    const { uid, gid, mode } = statSync(at)
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (at === dirname(at)) return true
  }
}

/**
 * Binaries that the account can run. When the repository lies where the account cannot walk (a clone in /root),
 * they are copied once to /var/cache/portico or, failing that, a private folder of the temporary directory.
 */
export function runnableBinaries(binaries: Binaries, account: Account, log: Log): Binaries {
  if (canReach(account, join(binaries.folder, 'postgres'))) return binaries
  const troubles: string[] = []
  for (const parent of ['/var/cache/portico', join(tmpdir(), 'portico-cache-0')]) {
    try {
      const copy = copyBinaries(binaries, parent)
      if (!canReach(account, join(copy, 'postgres'))) throw new Error('the account cannot reach it')
      log.info(
        { from: binaries.folder, to: copy },
        `${account.name} cannot reach the PostgreSQL binaries, it runs a copy`,
      )
      return { ...binaries, folder: copy }
    } catch (error) {
      troubles.push(`${parent}: ${textOf(error)}`)
    }
  }
  throw new EmbeddedError(
    'BINARIES',
    `the user ${account.name}, under which PostgreSQL runs for root, cannot reach ${binaries.folder}, ` +
      `and they could not be copied (${troubles.join('; ')}) - install the gateway outside of private folders, ` +
      'or start it as an ordinary user',
  )
}

/** A whole copy or none: made under another name and renamed. Returns the folder of the programs. */
function copyBinaries(binaries: Binaries, parent: string): string {
  mkdirSync(parent, { recursive: true, mode: 0o755 })
  const { uid, mode } = statSync(parent)
  // Whoever may write here could have root's server run a program of theirs.
  if (uid !== 0 || (mode & 0o022) !== 0) throw new Error('not a folder that only root can write')
  chmodSync(parent, 0o755)
  // Two builds of one version differ in size.
  const build = statSync(join(binaries.folder, 'postgres')).size.toString(36)
  const copy = join(parent, `postgresql-${binaries.version}-${build}`)
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`
    rmSync(draft, { recursive: true, force: true })
    // Relative links between the libraries stay relative.
    cpSync(join(binaries.folder, '..'), draft, { recursive: true, verbatimSymlinks: true })
    try {
      renameSync(draft, copy)
    } catch (error) {
      rmSync(draft, { recursive: true, force: true })
      if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error
    }
  }
  return join(copy, 'bin')
}
