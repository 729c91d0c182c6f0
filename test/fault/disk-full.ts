// T06: the disk of DATA_DIR fills up under load. Refused clearly, nothing lost, and goes on when there is space again.
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child, type ChildOptions } from './child.ts'
import { Load, usualLoad } from './load.ts'
import { Judgement, judge } from './oracle.ts'
import { type Context, type Outcome, skipped, type Trial } from './trial.ts'
import { until } from './wait.ts'

const megabyte = 1_048_576
const diskBytes = 320 * megabyte
/** A refusal may take as long as the gateway hopes for the store, and no longer. */
const refusedWithinMs = 30_000
const resumeWithinMs = 60_000
const EX_SOFTWARE = 70

/** Takes all that is free but `leave` bytes; returns what gives it back. */
function fill(folder: string, leave: number): () => void {
  const name = join(folder, 'ballast')
  const { bavail, bsize } = statfsSync(folder)
  const chunk = Buffer.alloc(megabyte, 1)
  try {
    for (let free = bavail * bsize - leave; free > 0; free -= megabyte)
      writeFileSync(name, chunk.subarray(0, Math.min(free, megabyte)), { flag: 'a' })
  } catch {
    // Full is what it should be.
  }
  return () => rmSync(name, { force: true })
}

/** Starts the gateway again as a supervisor would. */
class Supervised {
  child: Child
  restarts = 0
  readonly #options: ChildOptions
  readonly #load: Load
  readonly #extra: Judgement

  constructor(child: Child, options: ChildOptions, load: Load, extra: Judgement) {
    this.child = child
    this.#options = options
    this.#load = load
    this.#extra = extra
    load.aim(child.mllpPort)
  }

  async watch(): Promise<void> {
    if (this.child.alive) return
    const { exitCode } = this.child
    if (exitCode !== EX_SOFTWARE)
      this.#extra.rule('it ends by itself only with 70', [`it ended with ${exitCode}`])
    this.#load.aim(undefined)
    this.child = await Child.start(this.#options)
    this.#load.aim(this.child.mllpPort)
    this.restarts++
  }
}

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return skipped('needs root on Linux, to mount')
  const count = kills === undefined ? (quick ? 1 : 6) : Math.min(kills, 6)
  const disk = join(cleanup.folder(), 'disk')
  mkdirSync(disk)
  cleanup.mount(disk, '-t', 'tmpfs', '-o', `size=${diskBytes},mode=755`, 'tmpfs')
  const options = { dataDir: join(disk, 'data'), mutant }
  const extra = new Judgement()
  const load = new Load({ ...usualLoad, seed })
  const gateway = new Supervised(await Child.start(options), options, load, extra)
  cleanup.add(() => gateway.child.end())
  cleanup.add(() => load.abandon())
  load.start()
  const refusedMs: number[] = []
  const resumedMs: number[] = []
  for (let round = 0; round < count; round++) {
    await sleep(1_500)
    // Files of tables and of the write-ahead log run out at different moments: something is left now and then.
    const release = fill(disk, (round % 3) * 3 * megabyte)
    const full = performance.now()
    const before = load.refusals
    const refused = await until(() => load.refusals > before || !gateway.child.alive, refusedWithinMs)
    extra.rule('with a full disk senders are refused', refused ? [] : [`round ${round}`])
    refusedMs.push(performance.now() - full)
    // Every third time for so long that PostgreSQL is not started again any more.
    await sleep(round % 3 === 2 && !quick ? 45_000 : 1_000)
    release()
    const free = performance.now()
    const resumed = await until(async () => {
      await gateway.watch()
      return load.lastAckAt > free
    }, resumeWithinMs)
    resumedMs.push(performance.now() - free)
    extra.rule('acknowledging goes on when there is space again', resumed ? [] : [`round ${round}`])
    say(`round ${round}: ${load.acked} acknowledged, ${load.refusals} refusals, ${gateway.restarts} restarts`)
  }
  const finished = await load.finish(60_000)
  extra.rule('in the end everything is answered', finished ? [] : [`${load.open} are not`])
  const { figures, violations } = await judge(load, options.dataDir)
  return {
    faults: count,
    figures: {
      ...figures,
      restarts: gateway.restarts,
      refusals: load.refusals,
      refusedMaxMs: Math.round(Math.max(...refusedMs)),
      resumedMaxMs: Math.round(Math.max(...resumedMs)),
    },
    violations: [...extra.violations, ...violations],
  }
}

export const diskFull: Trial = {
  id: 'T06',
  fault: 'disk full under load',
  mutants: ['ack-before-commit'],
  run,
}
