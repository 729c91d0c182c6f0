// portico digest: what a store says, as one number: equal digests, equal truths.
import { CannotRun, EXIT, type ExitCode, textOf } from './exit.ts'
import { openStore } from './store.ts'
import { table } from './terminal.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

interface DigestOptions {
  readonly types?: true
  readonly json?: true
}

export const digest: Verb = (program, context) => {
  const command = program
    .command('digest')
    .summary('one number for all that a store says')
    .description(
      'Prints the SHA-256 of all resources of the store of DATABASE_URL, or else of the embedded one in DATA_DIR (no\n' +
        'gateway may be using it). Ids, versions and times of versions do not count, a reference counts as what it\n' +
        'refers to: stores that say the same have the same digest, whatever order their messages came in.',
    )
    .option('--types', 'the digest of each type of resource, too')
    .action(async (options: DigestOptions) => context.done(await run(options, context)))
  finishVerb(command, 'print one JSON object', {
    examples: [['DATABASE_URL=postgresql://portico@db/portico portico digest', 'before and after a restore']],
    refused: 'is not used',
    notes: 'Provenance and AuditEvent (what happened) and Task (work for people) are no part of it.',
  })
}

async function run({ types, json }: DigestOptions, context: Context): Promise<ExitCode> {
  const { terminal, env } = context
  const { digestOf } = await import('../fhir/digest.ts')
  const { readState } = await import('../store/journal.ts')
  const { db, config, close } = await openStore(env, terminal)
  try {
    const result = await digestOf(() => readState(db.read, config.tenant))
    if (json) terminal.out(JSON.stringify(result))
    else {
      const lines = types ? result.types.map((each) => [each.digest, each.type, String(each.resources)]) : []
      terminal.out(table([...lines, [result.digest, 'all', String(result.resources)]]))
    }
    return EXIT.ok
  } catch (error) {
    throw new CannotRun(
      `the store cannot be read (${textOf(error)}) - bring its schema up with portico migrate`,
    )
  } finally {
    await close()
  }
}
