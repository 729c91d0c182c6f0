// The command line of the gateway: one file per verb. What a verb works with is loaded when it runs, so that
// help is quick.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { check } from './check.ts'
import { coverage } from './coverage.ts'
import { digest } from './digest.ts'
import { CannotRun, codeOf, EXIT, type ExitCode, textOf } from './exit.ts'
import { explain } from './explain.ts'
import { generate } from './generate.ts'
import { lineage } from './lineage.ts'
import { messages, rerun } from './messages.ts'
import { migrate } from './migrate.ts'
import { rebuild } from './rebuild.ts'
import { replay } from './replay.ts'
import { send } from './send.ts'
import { serve } from './serve.ts'
import { processTerminal, type Terminal } from './terminal.ts'
import { translate } from './translate.ts'
import type { Context, Verb } from './verb.ts'

const verbs: readonly Verb[] = [
  serve,
  send,
  replay,
  translate,
  explain,
  lineage,
  messages,
  rerun,
  coverage,
  check,
  migrate,
  digest,
  rebuild,
  generate,
]

function packageVersion(): string {
  const read: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown'
}

export function buildProgram(context: Context): Command {
  const program = new Command('portico')
    .description('HL7 v2 and FHIR R4 gateway.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or the help of a verb')
    .helpCommand('help [verb]', 'print the help of a verb')
    .showHelpAfterError('(--help says what there is)')
    .configureHelp({ helpWidth: 110 })
    .exitOverride()
  for (const verb of verbs) verb(program, context)
  const first =
    'First steps:\n  npm start                     starts the gateway\n  npx portico send samples      sends it the sample messages, from another terminal'
  const codes =
    'Exit codes: 0 all went well, 1 something was refused or is wrong, 2 wrong arguments or it could not run.'
  return program.addHelpText('after', `\n${first}\n\n${codes}`)
}

/** Runs one command line; `args` without the program. */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  env: Context['env'],
): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = buildProgram({ terminal, env, done: (ended) => (code = ended) })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // Commander has said it all already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.unable
    const expected = error instanceof CannotRun
    if (args.includes('--json')) terminal.out(JSON.stringify({ error: textOf(error) }))
    terminal.note(
      `portico: ${expected || !(error instanceof Error) ? textOf(error) : (error.stack ?? error.message)}`,
    )
    return EXIT.unable
  }
}

// A reader that has seen enough (head, less) closes the pipe: that is no fault.
process.stdout.on('error', (error) => {
  if (codeOf(error) !== 'EPIPE') throw error
  process.exit(EXIT.ok)
})
process.exitCode = await run(process.argv.slice(2), processTerminal(), process.env)
