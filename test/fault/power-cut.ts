// T05: the power fails. DATA_DIR is a file system on a loop device; what its device holds at the moment of the cut is all
// that is left, whatever the machine had in memory. That shows what fsync is worth; kill -9 does not.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chanceOf } from '../../src/generate/chance.ts'
import { processesIn } from '../../src/store/embedded/leftovers.ts'
import { Child } from './child.ts'
import { Load, usualLoad } from './load.ts'
import { Judgement, judge } from './oracle.ts'
import { type Context, type Outcome, skipped, spread, type Trial } from './trial.ts'
import { type Cleanup, killServers, unmount } from './wait.ts'

const imageSize = '768M'
const earliestMs = 500
const latestMs = 4_000

function command(name: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(name, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr}`)
}

/** A disk of its own: an image in a file, mounted. */
class Disk {
  readonly image: string
  readonly folder: string

  constructor(image: string, folder: string, cleanup: Cleanup) {
    this.image = image
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    // The journal writes by itself every five seconds; a cut should find what nobody asked to be written unwritten.
    cleanup.mount(folder, '-o', 'loop,commit=600', image)
  }

  get dataDir(): string {
    return join(this.folder, 'data')
  }
}

/** Why this machine cannot do it; undefined when it can. */
function obstacle(folder: string): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'needs root on Linux, for a loop device'
  const image = join(folder, 'probe')
  const point = join(folder, 'probe.d')
  mkdirSync(point)
  const steps = [
    ['truncate', '-s', '8M', image],
    ['mkfs.ext4', '-q', image],
    ['mount', '-o', 'loop', image, point],
  ] as const
  const failed = steps.find(([name, ...args]) => spawnSync(name, args).status !== 0)
  unmount(point)
  rmSync(image, { force: true })
  return failed && `needs ${failed[0]} with loop devices`
}

/**
 * Everything stops in the middle of what it does, the device is copied, and only then does it end. Processes that are
 * stopped write no more, and the kernel leaves pages alone for longer than the copy takes.
 */
async function cut(child: Child, disk: Disk, image: string): Promise<void> {
  const pids = [child.pid, ...processesIn([join(disk.dataDir, 'postgres')])]
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  command('cp', '--sparse=always', disk.image, image)
  killServers(disk.dataDir)
  await child.kill()
  unmount(disk.folder)
  rmSync(disk.image)
}

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const count = kills ?? (quick ? 1 : 30)
  const folder = cleanup.folder()
  const why = obstacle(folder)
  if (why !== undefined) return skipped(why)
  const pick = chanceOf(seed)
  const first = join(folder, 'image-0')
  command('truncate', '-s', imageSize, first)
  command('mkfs.ext4', '-q', first)
  let disk = new Disk(first, join(folder, 'disk-0'), cleanup)
  let child = await Child.start({ dataDir: disk.dataDir, mutant })
  cleanup.add(() => child.end())
  const load = new Load({ ...usualLoad, seed })
  cleanup.add(() => load.abandon())
  load.aim(child.mllpPort)
  load.start()
  const extra = new Judgement()
  const readyMs: number[] = []
  let inFlight = 0
  for (let round = 1; round <= count; round++) {
    await sleep(earliestMs + pick.below(latestMs - earliestMs))
    inFlight += load.open
    load.aim(undefined)
    const image = join(folder, `image-${round}`)
    await cut(child, disk, image)
    disk = new Disk(image, join(folder, `disk-${round}`), cleanup)
    try {
      child = await Child.start({ dataDir: disk.dataDir, mutant })
    } catch (error) {
      extra.rule('the store opens after the cut', [error instanceof Error ? error.message : String(error)])
      return { faults: round, figures: { acknowledged: load.acked }, violations: extra.violations }
    }
    load.aim(child.mllpPort)
    readyMs.push(child.readyMs)
    if (round % 10 === 0) say(`${round} cuts, ${load.acked} acknowledged`)
  }
  await sleep(earliestMs)
  const finished = await load.finish(30_000)
  extra.rule('in the end everything is answered', finished ? [] : [`${load.open} are not`])
  const { violations, figures } = await judge(load, disk.dataDir)
  const { median, max } = spread(readyMs)
  return {
    faults: count,
    figures: { ...figures, inFlightAtCuts: inFlight, readyMedianMs: median, readyMaxMs: max },
    violations: [...extra.violations, ...violations],
  }
}

export const powerCut: Trial = { id: 'T05', fault: 'power cut under load', mutants: ['fsync-off'], run }
