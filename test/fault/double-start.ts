// T24: a second gateway on the same DATA_DIR. T25: SIGKILL at any moment of the first start.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chanceOf } from '../../src/generate/chance.ts'
import { Child, launch } from './child.ts'
import { Load, usualLoad } from './load.ts'
import { Judgement, judge } from './oracle.ts'
import { type Context, type Outcome, spread, type Trial } from './trial.ts'
import { killServers } from './wait.ts'

/** The usual load for a moment: the gateway that is left does all that it should. */
async function works(dataDir: string, child: Child, seed: number, extra: Judgement): Promise<void> {
  const load = new Load({ ...usualLoad, seed, limit: 3 })
  load.aim(child.mllpPort)
  load.start()
  const finished = await load.done(30_000)
  load.abandon()
  extra.rule('it works afterwards', finished ? [] : [`${load.open} messages are not answered`])
  extra.violations.push(...(await judge(load, dataDir)).violations)
}

async function startTwice({ seed, quick, kills, mutant, cleanup }: Context): Promise<Outcome> {
  const count = kills ?? (quick ? 1 : 5)
  const dataDir = join(cleanup.folder(), 'data')
  const first = await Child.start({ dataDir, mutant })
  cleanup.add(() => first.end())
  const extra = new Judgement()
  for (let round = 0; round < count; round++) {
    const second = launch({ dataDir })
    const how = await second.ended
    extra.rule('the second is refused', how === 'exit 1' ? [] : [how])
    const said = second.errors.join('\n')
    extra.rule('the refusal names the first', said.includes(String(first.pid)) ? [] : [said])
  }
  extra.rule('the first goes on', first.alive ? [] : [`it ended with ${first.exitCode}`])
  await works(dataDir, first, seed, extra)
  return { faults: count, figures: {}, violations: extra.violations }
}

export const doubleStart: Trial = {
  id: 'T24',
  fault: 'a second gateway on the folder',
  mutants: [],
  run: startTwice,
}

const startTakesMs = 3_000

async function killFirstStart({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const count = kills ?? (quick ? 1 : 20)
  const pick = chanceOf(seed)
  const extra = new Judgement()
  const readyMs: number[] = []
  let leftOver = 0
  for (let round = 0; round < count; round++) {
    const dataDir = join(cleanup.folder(), 'data')
    const first = launch({ dataDir, mutant })
    await sleep(pick.below(startTakesMs))
    first.child.kill('SIGKILL')
    await first.ended
    try {
      const child = await Child.start({ dataDir, mutant })
      readyMs.push(child.readyMs)
      await works(dataDir, child, seed, extra)
      await child.end()
    } catch (error) {
      extra.rule('the next start works', [error instanceof Error ? error.message : String(error)])
    }
    leftOver += killServers(dataDir)
    if ((round + 1) % 10 === 0) say(`${round + 1} first starts killed`)
  }
  extra.rule('nothing runs on after the end', leftOver > 0 ? [`${leftOver} processes`] : [])
  const { median, max } = spread(readyMs)
  return { faults: count, figures: { readyMedianMs: median, readyMaxMs: max }, violations: extra.violations }
}

export const killedFirstStart: Trial = {
  id: 'T25',
  fault: 'kill -9 during the first start',
  mutants: [],
  run: killFirstStart,
}
