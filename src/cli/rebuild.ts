// portico rebuild: the truth made anew, from what is stored under the policy of now, or from the message log to compare.
import type { Difference } from '../fhir/difference.ts'
import type { DigestResult } from '../fhir/digest.ts'
import type { Rebuilt } from '../pipeline/later/rebuild.ts'
import type { Database } from '../store/db.ts'
import { CannotRun, EXIT, type ExitCode, textOf } from './exit.ts'
import { type OpenedStore, openStore } from './store.ts'
import { count, type Terminal } from './terminal.ts'
import { type Context, finishVerb, type Verb, whole } from './verb.ts'

interface RebuildOptions {
  readonly verify?: true
  readonly keep?: true
  readonly list: number
  readonly json?: true
}

const maxListed = 10_000

export const rebuild: Verb = (program, context) => {
  const command = program
    .command('rebuild')
    .summary('fold the truth anew, or replay the message log and compare')
    .description(
      'Folds everything that the sources have said anew under the site file of now, in the store of DATABASE_URL or else\n' +
        'the embedded one in DATA_DIR; what comes out differently becomes a new version. Messages need not come again.\n' +
        'With --verify nothing of the store is changed: its message log, with the writes of clients and the decisions of\n' +
        'operators in the order in which they were applied, is replayed into an empty schema beside it, under the site and\n' +
        'the mappings of now, and both digests are compared.',
    )
    .option('--verify', 'replay the message log into an empty schema and compare it with the store')
    .option('--keep', 'with --verify: leave the schema there, to look at')
    .option(
      '--list <number>',
      'with --verify: resources that differ to name at most',
      whole(0, maxListed),
      20,
    )
    .action(async (options: RebuildOptions) => context.done(await run(options, context)))
  finishVerb(command, 'print one JSON object', {
    examples: [
      ['SITE=site.json portico rebuild', 'after the trust of a source has changed'],
      ['portico rebuild --verify', 'the log says what the store says'],
    ],
    refused: 'the two differ, or something could not be folded or stored again',
    notes:
      'Without --verify a gateway may go on working on the same PostgreSQL; an interrupted run goes on where it was. With\n' +
      '--verify no message should come in meanwhile. The schema is called like that of the store, with _rebuild behind it.',
  })
}

async function run(options: RebuildOptions, context: Context): Promise<ExitCode> {
  return options.verify ? await verify(options, context) : await foldAnew(options, context)
}

async function foldAnew({ json }: RebuildOptions, { terminal, env }: Context): Promise<ExitCode> {
  const { openGateway } = await import('../main.ts')
  const opened = await openGateway({ ...env, LOG_LEVEL: env.LOG_LEVEL ?? 'silent' }).catch(
    (error: unknown) => {
      throw new CannotRun(textOf(error))
    },
  )
  try {
    const done = await opened.gateway.recompute(true, (things) => terminal.status(`${things} folded`))
    const { things = 0, changed = 0, failed = [] } = done ?? {}
    terminal.status('')
    if (json) terminal.out(JSON.stringify({ things, changed, failed }))
    else {
      terminal.out(`${count(things, 'thing')} folded anew, ${count(changed, 'resource')} changed`)
      for (const each of failed) terminal.out(`not folded: ${each} - its message log says why`)
    }
    return failed.length > 0 ? EXIT.refused : EXIT.ok
  } finally {
    await opened.close()
  }
}

async function verify(options: RebuildOptions, { terminal, env }: Context): Promise<ExitCode> {
  const { readSite } = await import('../pipeline/site/site.ts')
  const { settingsOf } = await import('../pipeline/site/live-site.ts')
  const { loadSiteMaps } = await import('../pipeline/site/site-maps.ts')
  const store = await openStore(env, terminal)
  try {
    const read = readSite(store.config.site, env)
    if ('problems' in read) throw new CannotRun(read.problems.join('\n'))
    const { site } = read
    const maps = loadSiteMaps(store.config.site, settingsOf(site))
    const scratch = await emptySchema(store)
    try {
      const { replayLog } = await import('../pipeline/later/rebuild.ts')
      const { tenant } = store.config
      const onProgress = (messages: number) => terminal.status(`${messages} replayed`)
      const rebuilt = await replayLog({ from: store.db, into: scratch, tenant, site, maps, onProgress })
      terminal.status('')
      return report(await compareStores(store.db, scratch, tenant, options.list), rebuilt, options, terminal)
    } finally {
      await endSchema(scratch, options.keep === true)
    }
  } finally {
    await store.close()
  }
}

async function emptySchema(store: OpenedStore): Promise<Database> {
  const { dropSchema } = await import('../store/maintenance.ts')
  const { migrate } = await import('../store/migrate.ts')
  const name = `${store.config.databaseSchema}_rebuild`
  const left = await store.schema(name)
  // What an earlier run has left; the schema of somebody else is not touched.
  if (!(await dropSchema(left)))
    throw new CannotRun(`schema ${name} holds other tables - rename it, it is where the log is replayed`)
  await left.close()
  const scratch = await store.schema(name)
  await migrate(scratch)
  return scratch
}

async function endSchema(scratch: Database, keep: boolean): Promise<void> {
  const { dropSchema } = await import('../store/maintenance.ts')
  if (!keep) await dropSchema(scratch)
  await scratch.close()
}

interface Comparison {
  readonly store: DigestResult
  readonly replayed: DigestResult
  readonly differences: readonly Difference[]
  readonly more: number
}

async function compareStores(
  live: Database,
  scratch: Database,
  tenant: number,
  list: number,
): Promise<Comparison> {
  const { digestOf } = await import('../fhir/digest.ts')
  const { differencesOf } = await import('../fhir/difference.ts')
  const { readState } = await import('../store/journal.ts')
  const store = await digestOf(() => readState(live.read, tenant))
  const replayed = await digestOf(() => readState(scratch.read, tenant))
  const differences: Difference[] = []
  let more = 0
  if (store.digest !== replayed.digest) {
    for await (const each of differencesOf(readState(live.read, tenant), readState(scratch.read, tenant))) {
      if (differences.length < list) differences.push(each)
      else more++
    }
  }
  return { store, replayed, differences, more }
}

const places = { both: 'differs', first: 'only in the store', second: 'only in the replay' } as const

function report(
  { store, replayed, differences, more }: Comparison,
  { messages, skipped, failed }: Rebuilt,
  { json }: RebuildOptions,
  terminal: Terminal,
): ExitCode {
  const equal = store.digest === replayed.digest
  if (json) {
    const digests = { store: store.digest, replayed: replayed.digest }
    terminal.out(JSON.stringify({ equal, ...digests, messages, skipped, failed, differences, more }))
  } else {
    terminal.out(`${count(messages, 'message')} replayed, ${skipped} without effect skipped`)
    terminal.out(`store     ${store.digest} ${count(store.resources, 'resource')}`)
    terminal.out(`replayed  ${replayed.digest} ${count(replayed.resources, 'resource')}`)
    for (const { key, where, elements } of differences)
      terminal.out(`${key}: ${places[where]}${elements.length > 0 ? ` in ${elements.join(', ')}` : ''}`)
    if (more > 0) terminal.out(`and ${more} more - --list names them`)
    if (failed.length > 0) terminal.out(`could not be stored again: ${failed.join(', ')}`)
    terminal.out(equal ? 'equal' : 'they differ')
  }
  return equal && failed.length === 0 ? EXIT.ok : EXIT.refused
}
