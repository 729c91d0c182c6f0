// T06: the disk of DATA_DIR fills up under load. Refused clearly, nothing lost, and goes on when there is space again.
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.ts'
import { brief, Load, saysNotNow, usualLoad } from './load.ts'
import { Messages } from './messages.ts'
import { Judgement, judge } from './oracle.ts'
import { type Context, type Outcome, skipped, type Trial } from './trial.ts'
import { until } from './wait.ts'
import { readMsa, Wire } from './wire.ts'

const diskBytes = 300 * 1_048_576
const chunkBytes = 1_048_576
/** A refusal may take as long as the gateway hopes for the store, and no longer. */
const refusedWithinMs = 30_000
const resumeWithinMs = 60_000
const EX_SOFTWARE = 70

/** Takes all that is free but `leave`; gives the names to remove. */
function fill(folder: string, leave: number): string[] {
  const name = join(folder, 'ballast')
  const { bavail, bsize } = statfsSync(folder)
  const chunk = Buffer.alloc(chunkBytes, 1)
  const chunks: Buffer[] = []
  for (let free = bavail * bsize - leave; free > 0; free -= chunkBytes)
    chunks.push(chunk.subarray(0, Math.min(free, chunkBytes)))
  try {
    writeFileSync(name, '')
    for (const each of chunks) writeFileSync(name, each, { flag: 'a' })
  } catch {
    // Full is what it should be.
  }
  return [name]
}

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return skipped('needs root on Linux, to mount')
  const count = kills === undefined ? (quick ? 1 : 5) : Math.min(kills, 5)
  const disk = join(cleanup.folder(), 'disk')
  mkdirSync(disk)
  cleanup.mount(disk, '-t', 'tmpfs', '-o', `size=${diskBytes},mode=755`, 'tmpfs')
  const dataDir = join(disk, 'data')
  let child = await Child.start({ dataDir, mutant })
  cleanup.add(() => child.end())
  const load = new Load({ ...usualLoad, seed })
  cleanup.add(() => load.abandon())
  load.aim(child.mllpPort)
  load.start()
  const extra = new Judgement()
  const resumedMs: number[] = []
  const refusedMs: number[] = []
  let restarts = 0
  const figures = { restarts: 0, readyWhileFull: 0 }
  for (let round = 1; round <= count; round++) {
    await sleep(1_500)
    // A little is left: tables and the log run out at different moments.
    const files = fill(disk, round % 2 === 0 ? 4 * chunkBytes : 0)
    const full = performance.now()
    const probe = new Messages({ ...usualLoad, seed: seed + round, feed: 0, feeds: 1, invalidShare: 0 })
    const refused = await refusal(load, probe)
    if (refused === undefined) extra.rule('with a full disk senders are refused', [`round ${round}`])
    else refusedMs.push(refused.at - full)
    if (refused && !refused.clear) extra.rule('the refusal is clear', [refused.text])
    if (child.alive && (await isReady(child))) figures.readyWhileFull++
    await sleep(2_000)
    for (const file of files) rmSync(file, { force: true })
    const free = performance.now()
    const resumed = await until(async () => {
      if (!child.alive) {
        if (child.exitCode !== EX_SOFTWARE)
          extra.rule('it ends by itself only with 70', [`it ended with ${child.exitCode}`])
        // What a supervisor does.
        load.aim(undefined)
        child = await Child.start({ dataDir, mutant })
        load.aim(child.mllpPort)
        restarts++
      }
      return load.lastAckAt > free
    }, resumeWithinMs)
    resumedMs.push(performance.now() - free)
    extra.rule('acknowledging goes on when there is space again', resumed ? [] : [`round ${round}`])
    say(`round ${round}: ${load.acked} acknowledged, ${load.refusals} refusals`)
  }
  const finished = await load.finish(60_000)
  extra.rule('in the end everything is answered', finished ? [] : [`${load.open} are not`])
  const judged = await judge(load, dataDir)
  return {
    faults: count,
    figures: {
      ...judged.figures,
      ...figures,
      restarts,
      refusals: load.refusals,
      refusedMaxMs: Math.round(Math.max(0, ...refusedMs)),
      resumedMaxMs: Math.round(Math.max(0, ...resumedMs)),
    },
    violations: [...extra.violations, ...judged.violations],
  }
}
