// portico migrate: brings the schema of the store to the version of this program.
import { readConfig } from '../config.ts'
import type { Log } from '../store/embedded/supervisor.ts'
import type { Migrated } from '../store/migrate.ts'
import { CannotRun, EXIT, type ExitCode, textOf } from './exit.ts'
import type { Terminal } from './terminal.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

export const migrate: Verb = (program, context) => {
  const command = program
    .command('migrate')
    .summary('bring the schema of the store to the version of this program')
    .description(
      'Applies the migrations that are missing, to the server of DATABASE_URL or else to the embedded PostgreSQL in\n' +
        'DATA_DIR, and prints the version. The gateway does the same when it starts; this is for those who want it apart.',
    )
    .action(async (options: { readonly json?: true }) =>
      context.done(await run(options.json === true, context)),
    )
  finishVerb(command, 'print one JSON object', {
    examples: [
      ['DATABASE_URL=postgresql://portico@db/portico portico migrate', 'before the new version is started'],
    ],
    refused: 'is not used',
    notes:
      'Each migration is applied wholly or not at all; a schema that is newer than the program is refused.',
  })
}

interface Result extends Migrated {
  readonly server: string
  readonly schema: string
}

async function run(json: boolean, { terminal, env }: Context): Promise<ExitCode> {
  const result = await migrateFor(env, terminal).catch((error: unknown) => {
    throw new CannotRun(textOf(error))
  })
  const { applied, version, server, schema } = result
  if (json) terminal.out(JSON.stringify({ version, applied, server, schema }))
  else {
    const what = applied.length === 0 ? 'nothing to do' : `applied ${applied.join(', ')}`
    terminal.out(`schema ${schema} is at version ${version} (PostgreSQL ${server}) - ${what}`)
  }
  return EXIT.ok
}

async function migrateFor(env: Context['env'], terminal: Terminal): Promise<Result> {
  const { openStore } = await import('../store/open.ts')
  const { migrate: migrateStore } = await import('../store/migrate.ts')
  const read = readConfig(env)
  if ('problems' in read) throw new CannotRun(read.problems.join('\n'))
  const { databaseUrl, databaseSchema: schema, dataDir } = read.config
  const warn = (_: Record<string, unknown>, message: string) => terminal.note(message)
  const log: Log = { info: () => {}, warn, error: warn }
  const { db, close } = await openStore({ databaseUrl, schema, dataDir, log })
  try {
    return { ...(await migrateStore(db)), server: db.server.version, schema }
  } finally {
    await close()
  }
}
