// T03: PostgreSQL is killed with SIGKILL under load: all of it, its first process, or one session.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Chance, chanceOf } from '../../src/generate/chance.ts'
import { postmasterPid, processesIn } from '../../src/store/embedded/leftovers.ts'
import { weighted } from '../bench/weighted.ts'
import { Child } from './child.ts'
import { answersQueries } from './database.ts'
import { Load, usualLoad } from './load.ts'
import { Judgement, judge } from './oracle.ts'
import { type Context, type Outcome, spread, type Trial } from './trial.ts'
import { killServers, until } from './wait.ts'

const earliestMs = 300
const latestMs = 1_500
const backWithinMs = 60_000
const resumeWithinMs = 5_000

type Target = 'all' | 'postmaster' | 'session'

/** SIGKILL, and resolves when it has had its effect. */
async function strike(dataDir: string, target: Target, pick: Chance): Promise<void> {
  const cluster = join(dataDir, 'postgres')
  const postmaster = postmasterPid(cluster)
  const others = processesIn([cluster]).filter((pid) => pid !== postmaster)
  if (target === 'all') killServers(dataDir)
  else process.kill((target === 'postmaster' ? postmaster : pick.one(others)) ?? 0, 'SIGKILL')
  // All sessions end with any process that dies so: an old one that still answers is not the server that is back.
  await until(() => !others.some((pid) => processesIn([cluster]).includes(pid)), 10_000, 5)
}

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const count = kills ?? (quick ? 4 : 50)
  const pick = chanceOf(seed)
  const dataDir = join(cleanup.folder(), 'data')
  const child = await Child.start({ dataDir, mutant })
  cleanup.add(() => child.end())
  // Many that do not wait for each ACK: with the store away it is their order that is at stake.
  const load = new Load({ ...usualLoad, seed, window: (feed) => (feed < 8 ? 6 : 1) })
  cleanup.add(() => load.abandon())
  load.aim(child.mllpPort)
  load.start()
  const extra = new Judgement()
  const awayMs: number[] = []
  const resumedMs: number[] = []
  for (let kill = 1; kill <= count && child.alive; kill++) {
    await sleep(earliestMs + pick.below(latestMs - earliestMs))
    const target = weighted(pick, ['all', 'postmaster', 'session'] as const, (each) =>
      each === 'all' ? 3 : 1,
    )
    const struck = performance.now()
    await strike(dataDir, target, pick)
    const back = await until(() => answersQueries(dataDir), backWithinMs)
    const backAt = performance.now()
    const resumed = await until(() => load.lastAckAt > backAt || !child.alive, backWithinMs)
    awayMs.push(backAt - struck)
    resumedMs.push(performance.now() - backAt)
    if (!back || !resumed)
      extra.rule('acknowledging goes on after the server is back', [`kill ${kill} of ${target}`])
    if (kill % 10 === 0) say(`${kill} kills, ${load.acked} acknowledged`)
  }
  const finished = await load.finish(30_000)
  extra.rule('after the last kill everything is answered in 30 s', finished ? [] : [`${load.open} are not`])
  extra.rule(
    'no good message is set aside',
    // Work in the background has names of its own, no numbers.
    child
      .lines('a message could not be processed')
      .filter(({ messageId }) => /^\d+$/.test(String(messageId)))
      .map(({ error }) => JSON.stringify(error)),
  )
  extra.rule('the gateway does not exit', child.alive ? [] : [`it ended with ${child.exitCode}`])
  extra.rule(
    'acknowledging goes on within 5 s after the server is back',
    resumedMs.filter((ms) => ms > resumeWithinMs).map((ms) => `${Math.round(ms)} ms`),
  )
  const { violations, figures } = child.alive ? await judge(load, dataDir) : { violations: [], figures: {} }
  return {
    faults: count,
    figures: {
      ...figures,
      refusals: load.refusals,
      awayMedianMs: spread(awayMs).median,
      awayMaxMs: spread(awayMs).max,
      resumedMedianMs: spread(resumedMs).median,
      resumedMaxMs: spread(resumedMs).max,
    },
    violations: [...extra.violations, ...violations],
  }
}

export const killDatabase: Trial = {
  id: 'T03',
  fault: 'kill -9 of PostgreSQL under load',
  mutants: ['ack-before-commit'],
  run,
}
