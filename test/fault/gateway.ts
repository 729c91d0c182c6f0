// The real gateway with one of the mutants in it: FAULT_MUTANT names it, the rest of the environment is as ever.
import { startGateway } from '../../src/main.ts'
import { startEmbedded } from '../../src/store/embedded/supervisor.ts'
import { isMutant, mutate } from './mutants.ts'

const name = process.env.FAULT_MUTANT
if (!isMutant(name)) throw new Error(`FAULT_MUTANT ${name} is not known`)

const silent = { info() {}, warn() {}, error() {} }
const careless = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
const embedded =
  name === 'fsync-off'
    ? await startEmbedded({ dataDir: process.env.DATA_DIR ?? '', log: silent, settings: careless })
    : undefined
const env = embedded ? { ...process.env, DATABASE_URL: embedded.url } : process.env
const running = await startGateway(env, mutate(name))
process.once('SIGTERM', async () => {
  await running.close()
  await embedded?.stop()
  process.exit(0)
})
