// The real gateway with one of the mutants in it (FAULT_MUTANT), or killed at a statement of its migrations
// (FAULT_KILL_AT); the rest of the environment is as ever.
import { startGateway } from '../../src/main.ts'
import type { Database } from '../../src/store/db.ts'
import { startEmbedded } from '../../src/store/embedded/supervisor.ts'
import { killAt } from './kill-at.ts'
import { isMutant, mutate } from './mutants.ts'

const name = process.env.FAULT_MUTANT
const at = process.env.FAULT_KILL_AT
if (name === undefined ? at === undefined : !isMutant(name))
  throw new Error(`FAULT_MUTANT ${name} is not known`)

const mutant = isMutant(name) ? mutate(name) : (db: Database) => db
const silent = { info() {}, warn() {}, error() {} }
const careless = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
const embedded =
  name === 'fsync-off'
    ? await startEmbedded({ dataDir: process.env.DATA_DIR ?? '', log: silent, settings: careless })
    : undefined
const env = embedded ? { ...process.env, DATABASE_URL: embedded.url } : process.env
const seam = (db: Database) =>
  at === undefined ? mutant(db) : killAt(mutant(db), Number(at), name === 'migrate-in-pieces')
const running = await startGateway(env, seam)
process.once('SIGTERM', async () => {
  await running.close()
  await embedded?.stop()
  process.exit(0)
})
