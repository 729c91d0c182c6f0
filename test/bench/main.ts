// npm run bench: how fast, how much memory, and what that is in relation to what the machine could do. Not a test.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { openCluster } from './cluster.ts'
import { benchExport } from './export.ts'
import { benchGrowth } from './growth.ts'
import { benchIngest, ingestDefaults, quickIngest } from './ingest.ts'
import { benchKept } from './kept.ts'
import { benchCompile, benchMapping } from './mapping.ts'
import { benchMemory } from './memory.ts'
import { benchMerge } from './merge.ts'
import { benchMap, benchParse } from './parse.ts'
import { profileIngest } from './profile.ts'
import { factsOf, Results } from './report.ts'
import { benchSearch } from './search.ts'
import { benchTransactions } from './transactions.ts'

const help = `node test/bench/main.ts [--only a,b,c,d,f,i,j] [--quick] [--json FILE] [--messages N] [--patients N] [--profile]

  a  parse + 12 reads, beside the npm package hl7v2
  b  parse + map, with and without lineage
  c  durable ingest over MLLP, beside one transaction per message and beside the floor
  d  FHIR read and four searches at 10,000 and 1,000,000 patients with three appointments each (--patients N), beside bare SQL
  f  what is kept of a message beside its bytes and the truth
  g  merge and unmerge of a patient with 20,000 dependent things, while others go on; only when it is named
  h  a message about a person, a visit, an account with 10 and with 10,000 events (--messages N for fewer); when named
  i  $export of the whole system beside COPY of the same rows, and its memory
  j  a FHIR transaction of 100 entries beside 100 requests
  e  memory while 1,000,000 messages pass (--messages N for fewer); takes long, so only when it is named

--quick      fewer patients and seconds: to see that it works, not for figures
--json FILE  figures, ratios, command and machine as JSON
--profile    instead: where the time of ingest goes, by function and by statement

PORTICO_BENCH_DATABASE_URL names a PostgreSQL server to use instead of the embedded one.
`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'a,b,c,d,f,i,j' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    messages: { type: 'string' },
    patients: { type: 'string' },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const million = 1_000_000
const quickMemory = 50_000
const mergeRows = 20_000
const [exportPatients, quickExport] = [100_000, 2_000]
const quickMerge = 2_000
/** Events of a long log. */
const [many, manyQuick] = [10_000, 1_000]

async function run(): Promise<void> {
  const { quick } = values
  const parts = new Set(values.only.split(','))
  const results = new Results()
  const needsStore =
    values.profile || ['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].some((each) => parts.has(each))
  const cluster = needsStore ? await openCluster({ logStatements: values.profile }) : undefined
  try {
    if (cluster && values.profile) {
      process.stdout.write(await profileIngest(cluster, quick ? quickIngest : ingestDefaults))
      return
    }
    if (parts.has('a')) benchParse(results, quick)
    if (parts.has('b')) {
      const sources = benchCompile(results)
      benchMap(results, quick)
      benchMapping(results, quick, sources)
    }
    if (cluster && parts.has('c')) await benchIngest(cluster, results, quick ? quickIngest : ingestDefaults)
    if (cluster && parts.has('d'))
      await benchSearch(
        cluster,
        results,
        quick ? [1_000, 5_000] : [10_000, Number(values.patients ?? million)],
      )
    if (cluster && parts.has('i')) await benchExport(cluster, results, quick ? quickExport : exportPatients)
    if (cluster && parts.has('j')) await benchTransactions(cluster, results, quick ? 5 : 25)
    if (cluster && parts.has('f')) await benchKept(cluster, results)
    if (cluster && parts.has('e'))
      await benchMemory(cluster, results, Number(values.messages ?? (quick ? quickMemory : million)))
    if (cluster && parts.has('g')) await benchMerge(cluster, results, quick ? quickMerge : mergeRows)
    if (cluster && parts.has('h'))
      await benchGrowth(cluster, results, Number(values.messages ?? (quick ? manyQuick : many)))
    const facts = factsOf(cluster?.version ?? '-')
    process.stdout.write(results.table(facts))
    const json = JSON.stringify({ facts, figures: results.figures, ratios: results.ratios }, undefined, 2)
    if (values.json !== undefined) writeFileSync(values.json, `${json}\n`)
    else process.stdout.write(`\n${json}\n`)
  } finally {
    await cluster?.close()
  }
}

if (values.help) process.stdout.write(help)
else await run()
