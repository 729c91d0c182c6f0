// T01: the gateway is killed with SIGKILL at any moment under load, again and again, and started again.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pickFrom } from '../bench/pick.ts'
import { Child } from './child.ts'
import { Load, usualLoad } from './load.ts'
import { judge } from './oracle.ts'
import { type Context, type Outcome, spread, type Trial } from './trial.ts'

const readyLimitMs = 10_000
/** From ready to the kill. */
const earliestMs = 150
const latestMs = 3_000
const quickLatestMs = 1_200

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const count = kills ?? (quick ? 4 : 50)
  const pick = pickFrom(seed)
  const dataDir = join(cleanup.folder(), 'data')
  let child = await Child.start({ dataDir, mutant })
  cleanup.add(() => child.end())
  const load = new Load({ ...usualLoad, seed })
  cleanup.add(() => load.abandon())
  load.aim(child.mllpPort)
  load.start()
  const readyMs: number[] = []
  let inFlight = 0
  for (let kill = 1; kill <= count; kill++) {
    await sleep(earliestMs + pick.below((quick ? quickLatestMs : latestMs) - earliestMs))
    inFlight += load.open
    load.aim(undefined)
    await child.kill()
    child = await Child.start({ dataDir, mutant })
    load.aim(child.mllpPort)
    readyMs.push(child.readyMs)
    if (kill % 10 === 0) say(`${kill} kills, ${load.acked} acknowledged`)
  }
  await sleep(earliestMs)
  const finished = await load.finish(30_000)
  const { violations, figures } = await judge(load, dataDir)
  const late = readyMs.filter((ms) => ms > readyLimitMs).map((ms) => `ready after ${Math.round(ms)} ms`)
  const { median, max } = spread(readyMs)
  const rules = [
    ...(finished
      ? []
      : [{ rule: 'after the last kill everything is answered in 30 s', count: load.open, samples: [] }]),
    ...(late.length > 0 ? [{ rule: 'ready again within 10 s', count: late.length, samples: late }] : []),
  ]
  return {
    faults: count,
    figures: { ...figures, inFlightAtKills: inFlight, readyMedianMs: median, readyMaxMs: max },
    violations: [...rules, ...violations],
  }
}

export const killGateway: Trial = {
  id: 'T01',
  fault: 'kill -9 of the gateway under load',
  mutants: ['ack-before-commit', 'key-outside', 'outbox-outside', 'no-resend-check'],
  run,
}
