// T26: SIGKILL at each boundary between the statements of the migrations, of the gateway alone or with its PostgreSQL.
import { join } from 'node:path'
import { openDatabase } from '../../src/store/db.ts'
import { dumpSchema } from '../../src/store/schema-dump.ts'
import { Child } from './child.ts'
import { urlOf } from './database.ts'
import { Judgement } from './oracle.ts'
import { type Context, type Outcome, spread, type Trial } from './trial.ts'
import { killServers } from './wait.ts'

/** Far more than there are: the loop ends at the first start that meets no boundary of this number. */
const mostBoundaries = 1_000
/** Every so many faults PostgreSQL is killed with the gateway. */
const withServerEvery = 3
const quickStep = 15

async function dumpOf(dataDir: string, schema: string): Promise<string> {
  const db = await openDatabase({ connection: urlOf(dataDir), schema, warn: () => {} })
  try {
    return await dumpSchema(db)
  } finally {
    await db.close()
  }
}

async function run({ quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const dataDir = join(cleanup.folder(), 'data')
  const extra = new Judgement()
  const whole = await Child.start({ dataDir })
  const wanted = await dumpOf(dataDir, 'portico')
  await whole.end()
  const failed: string[] = []
  const different: string[] = []
  const readyMs: number[] = []
  let faults = 0
  const step = quick ? quickStep : 1
  for (let at = 1; at < mostBoundaries && faults < (kills ?? mostBoundaries); at += step) {
    const schema = `at_${at}`
    const env = { DATABASE_SCHEMA: schema }
    if (!(await isKilled({ dataDir, mutant, env: { ...env, FAULT_KILL_AT: String(at) } }))) break
    faults += 1
    if (faults % withServerEvery === 0) killServers(dataDir)
    try {
      const child = await Child.start({ dataDir, env })
      readyMs.push(child.readyMs)
      if ((await dumpOf(dataDir, schema)) !== wanted) different.push(schema)
      await child.end()
    } catch (error) {
      failed.push(`${schema}: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (faults % 10 === 0) say(`killed at ${faults} boundaries`)
  }
  extra.rule('there are boundaries', faults > 0 ? [] : ['no start was killed'])
  extra.rule('the next start completes', failed)
  extra.rule('the schema is that of an undisturbed start', different)
  const { median, max } = spread(readyMs)
  return { faults, figures: { readyMedianMs: median, readyMaxMs: max }, violations: extra.violations }
}

/** False when it became ready: it has fewer boundaries. */
async function isKilled(options: Parameters<typeof Child.start>[0]): Promise<boolean> {
  try {
    const child = await Child.start({ ...options, killing: true })
    await child.end()
    return false
  } catch (error) {
    if (error instanceof Error && error.message.includes('(SIGKILL)')) return true
    throw error
  }
}

export const killMigration: Trial = {
  id: 'T26',
  fault: 'kill -9 at each statement of the migrations',
  mutants: ['migrate-in-pieces'],
  run,
}
