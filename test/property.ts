// npm run test:property: at least 2,000 generated histories, heard in every way; the nightly search for what breaks the truth.
// PORTICO_PROPERTY_RUNS for another number, PORTICO_PROPERTY_SEED to repeat a run.
import { spawn } from 'node:child_process'

const files = [
  'test/pipeline/order.test.ts',
  'test/pipeline/rebuild.test.ts',
  'test/canonical/draft-order.test.ts',
  'test/canonical/master.test.ts',
]
const { PORTICO_PROPERTY_RUNS: runs = '2000', PORTICO_PROPERTY_SEED } = process.env
const seed = PORTICO_PROPERTY_SEED ?? String(Math.floor(Math.random() * 0x7fffffff))
console.log(`${runs} histories, PORTICO_PROPERTY_SEED=${seed} repeats them`)
const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
  env: { ...process.env, PORTICO_PROPERTY_RUNS: runs, PORTICO_PROPERTY_SEED: seed },
})
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
