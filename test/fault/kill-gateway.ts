// T01: the gateway is killed with SIGKILL at any moment under load, again and again, and started again.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chanceOf } from '../../src/generate/chance.ts'
import { Child, siteFile } from './child.ts'
import { Load, usualLoad } from './load.ts'
import { judge } from './oracle.ts'
import { type Context, type Outcome, spread, type Trial } from './trial.ts'

const readyLimitMs = 10_000
/** From ready to the kill. */
const earliestMs = 150
const latestMs = 3_000
const quickLatestMs = 1_200
const earlySender = 'BILL1'

/** The site of the other tests, with one source that is answered before the rules have seen its messages. */
function siteWithEarlyAcks(folder: string): string {
  const site = JSON.parse(readFileSync(siteFile, 'utf8')) as { sources: { id: string }[] }
  const early = (id: string) => id.startsWith(`${earlySender}|`)
  const sources = site.sources.map((each) =>
    early(each.id) ? { ...each, acknowledge: 'after-commit' } : each,
  )
  const file = join(folder, 'site.json')
  writeFileSync(file, JSON.stringify({ ...site, sources }))
  return file
}

async function run(
  { seed, quick, kills, mutant, cleanup, say }: Context,
  quickKills: number,
  early = false,
): Promise<Outcome> {
  const count = kills ?? (quick ? quickKills : 50)
  const pick = chanceOf(seed)
  const folder = cleanup.folder()
  const dataDir = join(folder, 'data')
  const options = { dataDir, mutant, ...(early ? { env: { SITE: siteWithEarlyAcks(folder) } } : {}) }
  let child = await Child.start(options)
  cleanup.add(() => child.end())
  const load = new Load({ ...usualLoad, seed, early: early ? [earlySender] : [] })
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
    child = await Child.start(options)
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
  run: (context) => run(context, 4),
}

export const killGatewayEarly: Trial = {
  id: 'T01E',
  fault: 'the same, with a source that is acknowledged after the commit',
  mutants: [],
  run: (context) => run(context, 2, true),
}
