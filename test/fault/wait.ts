// Waiting on conditions, and the folders and mounts that must not outlive a run.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processesIn } from '../../src/store/embedded/leftovers.ts'

/** Looks every `everyMs` until something is found; undefined after `limitMs`. */
export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs: number,
  everyMs = 20,
): Promise<T | undefined> {
  const end = performance.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) return undefined
    await sleep(everyMs)
  }
}

/** What has to be undone, newest first, whatever happens. */
export class Cleanup {
  readonly #steps: (() => Promise<void> | void)[] = []

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step)
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step()
      } catch (error) {
        console.error('cleaning up:', error)
      }
    }
  }

  /** A folder that the account of the server can reach; the DATA_DIR to use is `data` in it. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'portico-fault-'))
    chmodSync(folder, 0o755)
    this.add(() => rmSync(folder, { recursive: true, force: true }))
    this.add(() => {
      killServers(join(folder, 'data'))
    })
    return folder
  }

  /** Mounts and takes away again. Throws with what mount said. */
  mount(at: string, ...args: string[]): void {
    const { status, stderr } = spawnSync('mount', [...args, at], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`)
    this.add(() => unmount(at))
    // Before that: what still runs in there.
    this.add(() => {
      killServers(at)
      killServers(join(at, 'data'))
    })
  }
}

/** Lazily when something still holds it: nothing may stay mounted. */
export function unmount(at: string): void {
  if (spawnSync('umount', [at]).status !== 0) spawnSync('umount', ['-l', at])
}

/** SIGKILL for every process of the PostgreSQL in this DATA_DIR. Returns how many there were. */
export function killServers(dataDir: string): number {
  const pids = processesIn([join(dataDir, 'postgres')])
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  return pids.length
}
