// npm run test:fault: causes faults, judges from outside, and proves by mutants that the judge can say no.
import { parseArgs } from 'node:util'
import { diskFull } from './disk-full.ts'
import { doubleStart, killedFirstStart } from './double-start.ts'
import { hostileFrames } from './hostile.ts'
import { killDatabase } from './kill-database.ts'
import { killGateway, killGatewayEarly } from './kill-gateway.ts'
import { killMigration } from './kill-migration.ts'
import { lostAck } from './lost-ack.ts'
import type { MutantName } from './mutants.ts'
import { poisonMessages } from './poison.ts'
import { powerCut } from './power-cut.ts'
import { replayEquality } from './replay.ts'
import { printDetails, printTable } from './report.ts'
import type { Outcome, Trial } from './trial.ts'
import { Cleanup } from './wait.ts'

const trials: readonly Trial[] = [
  killGateway,
  killGatewayEarly,
  killDatabase,
  powerCut,
  diskFull,
  lostAck,
  poisonMessages,
  hostileFrames,
  replayEquality,
  doubleStart,
  killedFirstStart,
  killMigration,
]
const usage = `node test/fault/main.ts [--only T01,T03] [--seed N] [--kills N] [--quick] [--mutants | --no-mutants] [--json]

  --only        the tests to run; default all
  --seed        of messages and faults; default a new one, which is printed
  --kills       faults of each kind instead of the usual number
  --quick       few faults of each kind and no mutants: under two minutes, for every change
  --mutants     only the mutants, each of which its test must catch
  --no-mutants  none of them
  --json        the results as JSON on the last line`

export interface Row {
  readonly id: string
  readonly fault: string
  readonly mutant: MutantName | undefined
  readonly seed: number
  readonly seconds: number
  readonly ok: boolean
  readonly outcome: Outcome
}

/** A mutant need not show itself in the first few kills. */
const mutantRounds = 5
const mutantKills = 10

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    kills: { type: 'string' },
    quick: { type: 'boolean', default: false },
    mutants: { type: 'boolean' },
    'no-mutants': { type: 'boolean' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowNegative: false,
})

async function runOnce(
  trial: Trial,
  seed: number,
  kills: number | undefined,
  mutant: MutantName | undefined,
): Promise<Outcome> {
  const cleanup = new Cleanup()
  current = cleanup
  const name = mutant === undefined ? trial.id : `${trial.id} ${mutant}`
  const say = (text: string) => console.error(`  ${name}: ${text}`)
  try {
    return await trial.run({ seed, quick: values.quick, kills, mutant, cleanup, say })
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return {
      faults: 0,
      figures: {},
      violations: [{ rule: 'the test runs to its end', count: 1, samples: [text] }],
    }
  } finally {
    await cleanup.run()
  }
}

async function run(trial: Trial, seed: number, kills: number | undefined): Promise<Row> {
  console.error(`${trial.id} ${trial.fault}, seed ${seed}`)
  const began = performance.now()
  const outcome = await runOnce(trial, seed, kills, undefined)
  const seconds = Math.round((performance.now() - began) / 1_000)
  return {
    id: trial.id,
    fault: trial.fault,
    mutant: undefined,
    seed,
    seconds,
    ok: outcome.violations.length === 0,
    outcome,
  }
}

/** Passes when the judge says no. */
async function runMutant(
  trial: Trial,
  mutant: MutantName,
  seed: number,
  kills: number | undefined,
): Promise<Row> {
  console.error(`${trial.id} mutant ${mutant}, seed ${seed}`)
  const began = performance.now()
  let outcome: Outcome | undefined
  let faults = 0
  for (let round = 0; round < mutantRounds; round++) {
    outcome = await runOnce(trial, seed + round, kills ?? trial.mutantFaults ?? mutantKills, mutant)
    faults += outcome.faults
    if (outcome.violations.length > 0 || outcome.skipped !== undefined) break
  }
  const seconds = Math.round((performance.now() - began) / 1_000)
  const all: Outcome = { ...(outcome ?? { figures: {}, violations: [] }), faults }
  const ok = all.violations.length > 0 || all.skipped !== undefined
  return { id: trial.id, fault: trial.fault, mutant, seed, seconds, ok, outcome: all }
}

let current: Cleanup | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    console.error(`${signal}: cleaning up`)
    await current?.run()
    process.exit(130)
  })

async function main(): Promise<number> {
  if (values.help) {
    console.log(usage)
    return 0
  }
  const only = values.only?.split(',')
  const unknown = only?.filter((id) => !trials.some((trial) => trial.id === id)) ?? []
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  const kills = number(values.kills)
  const seed = number(values.seed) ?? Math.floor(Math.random() * 1_000_000)
  if (unknown.length > 0 || !Number.isSafeInteger(seed) || (kills !== undefined && !(kills > 0))) {
    console.error(usage)
    return 2
  }
  const chosen = trials.filter((trial) => only === undefined || only.includes(trial.id))
  const rows: Row[] = []
  const keep = (row: Row) => {
    rows.push(row)
    // At once: a run that is ended half way has said what it knows.
    printDetails(row)
  }
  if (!values.mutants) for (const trial of chosen) keep(await run(trial, seed, kills))
  const withMutants = values.mutants || !(values['no-mutants'] || values.quick)
  if (withMutants)
    for (const trial of chosen)
      for (const mutant of trial.mutants) keep(await runMutant(trial, mutant, seed, kills))
  printTable(rows)
  if (values.json) console.log(JSON.stringify({ seed, node: process.version, rows }))
  return rows.every((row) => row.ok) ? 0 : 1
}

process.exitCode = await main()
