// Where and as whom programs of PostgreSQL run: account, environment, and paths as that account can walk them.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { canReach } from './account.ts'
import type { Folder } from './folder.ts'
import { type Account, EmbeddedError } from './types.ts'

/*
 * Root's DATA_DIR may lie below a folder that only root can enter (/root). The account of the server owns DATA_DIR but
 * cannot walk there. Nobody's mode is changed for that: the programs inherit DATA_DIR as an open file, number 3, and
 * reach everything through /proc/self/fd/3, which starts at the folder itself.
 */
const inheritedFile = 3

export interface Place {
  readonly account: Account | undefined
  /** Path of a name in DATA_DIR, for the arguments of a program. */
  seen(name: string): string
  /** Starts a program; `stdin` for one that is fed. */
  start(program: string, args: readonly string[], stdin: 'ignore' | 'pipe'): ChildProcess
}

export function placeOf(folder: Folder, account: Account | undefined): Place {
  const walks = account === undefined || canReach(account, folder.path)
  if (!walks && process.platform !== 'linux') {
    throw new EmbeddedError(
      'FOLDER',
      `the user ${account.name}, under which PostgreSQL runs for root, cannot reach ${folder.path} - ` +
        'set DATA_DIR to a folder below one that everyone may enter, or start the gateway as an ordinary user',
    )
  }
  return {
    account,
    seen: (name) => (walks ? join(folder.path, name) : `/proc/self/fd/${inheritedFile}/${name}`),
    start(program, args, stdin) {
      const file = walks ? undefined : openSync(folder.path, 'r')
      try {
        return spawn(program, args, {
          cwd: folder.path,
          // Nothing of the gateway's environment, which may hold the secrets of other systems.
          env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
          stdio: file === undefined ? [stdin, 'ignore', 'pipe'] : [stdin, 'ignore', 'pipe', file],
          // A process group of its own: Ctrl-C in a terminal is for the gateway, which ends the server last.
          detached: true,
          ...(account ? { uid: account.uid, gid: account.gid } : {}),
        })
      } finally {
        if (file !== undefined) closeSync(file)
      }
    },
  }
}

const maxKeptBytes = 4_096

/** Collects the last of what a program writes to its standard error. */
export function tailOf(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-maxKeptBytes)
  })
  return () => tail.trim().split('\n').slice(-5).join(' / ')
}

/** Runs a program to its end. Rejects when it fails, with what it said, or takes longer. */
export async function runProgram(
  place: Place,
  program: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly input?: string },
): Promise<void> {
  const child = place.start(program, args, options.input === undefined ? 'ignore' : 'pipe')
  const tail = tailOf(child)
  const kill = () => killGroup(child, 'SIGKILL')
  process.once('exit', kill)
  const timer = setTimeout(kill, options.timeoutMs)
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('error', (error) => reject(new Error(`${program}: ${error.message}`)))
      child.on('close', (code, signal) => {
        if (code === 0) resolve()
        else reject(new Error(`${program} ended with ${signal ?? `code ${code}`}: ${tail()}`))
      })
      // A program that ended early does not read its input; its exit code tells.
      child.stdin?.on('error', () => {})
      child.stdin?.end(options.input)
    })
  } finally {
    clearTimeout(timer)
    process.off('exit', kill)
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}
