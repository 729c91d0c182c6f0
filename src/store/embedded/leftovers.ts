// Servers that a killed gateway left running: found by their working folder, never by a pid in a file alone.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Folder, port } from './folder.ts'
import { EmbeddedError, type Log, systemCode } from './types.ts'

/*
 * A gateway killed with SIGKILL cannot end its server. The next one could adopt it; we end it instead (fast shutdown:
 * open transactions roll back) and start another. So no transaction of the dead gateway can still commit behind the
 * back of the new one, settings and version are those of the new one, and the server is always our child, whose end
 * we learn at once. The price is the shutdown checkpoint of at most shared_buffers.
 */
const fastShutdownMs = 10_000
const immediateShutdownMs = 5_000
const programs = /^(postgres|initdb)$/

/** Ends what still runs on the cluster, then removes what would keep a new server from starting. Throws `HELD`. */
export async function endLeftovers(folder: Folder, log: Log): Promise<void> {
  const find = () => processesIn([folder.cluster])
  const postmaster = postmasterPid(folder.cluster)
  if (find().length > 0) {
    log.warn({ pid: postmaster }, 'a PostgreSQL server of an earlier gateway is still running, ending it')
    if (postmaster !== undefined && find().includes(postmaster)) signal(postmaster, 'SIGINT')
    if (!(await gone(find, fastShutdownMs))) await endProcesses(find, 'SIGQUIT', immediateShutdownMs)
    await endProcesses(find, 'SIGKILL', immediateShutdownMs)
    if (find().length > 0) {
      throw new EmbeddedError(
        'HELD',
        `processes ${find().join(', ')} still serve ${folder.cluster} - end them first`,
      )
    }
  } else if (await answers(join(folder.sockets, `.s.PGSQL.${port}`))) {
    // In another container, say, where we can neither see nor end it.
    throw new EmbeddedError(
      'HELD',
      `a PostgreSQL server that is not of this machine's processes serves ${folder.cluster} - end it first`,
    )
  }
  // A pid in a file of a dead server may belong to anybody by now, and PostgreSQL would believe it.
  for (const name of ['postmaster.pid', 'postmaster.opts'])
    rmSync(join(folder.cluster, name), { force: true })
  for (const name of [`.s.PGSQL.${port}`, `.s.PGSQL.${port}.lock`])
    rmSync(join(folder.sockets, name), { force: true })
}

/** First line of postmaster.pid (manual, 72.1). */
export function postmasterPid(cluster: string): number | undefined {
  const file = join(cluster, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  return Number.isInteger(pid) && pid > 1 ? pid : undefined
}

/** Processes of PostgreSQL that work in one of the folders. A server and all its children work in its cluster. */
export function processesIn(folders: readonly string[]): number[] {
  if (process.platform !== 'linux') return folders.flatMap(processesByFile)
  const wanted = new Set(folders.flatMap((folder) => identity(folder) ?? []))
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => programs.test(programOf(name)) && wanted.has(identity(`/proc/${name}/cwd`) ?? ''))
    .map(Number)
}

function identity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

function programOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Where there is no /proc: the process that postmaster.pid names, if its command line names the cluster. */
function processesByFile(cluster: string): number[] {
  const pid = postmasterPid(cluster)
  if (pid === undefined) return []
  try {
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 5_000,
    })
    return command.includes(cluster) ? [pid] : []
  } catch {
    return []
  }
}

/** Signals what is found and waits for its end. True when nothing is left. */
export async function endProcesses(
  find: () => number[],
  name: NodeJS.Signals,
  waitMs: number,
): Promise<boolean> {
  for (const pid of find()) signal(pid, name)
  return await gone(find, waitMs)
}

async function gone(find: () => number[], waitMs: number): Promise<boolean> {
  const end = performance.now() + waitMs
  while (find().length > 0) {
    if (performance.now() > end) return false
    await sleep(20)
  }
  return true
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error
  }
}

async function answers(socketPath: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = createConnection({ path: socketPath })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1_000, () => settle(true))
    socket.on('connect', () => settle(true))
    socket.on('error', () => settle(false))
  })
}
