// portico replay: files and folders through the rules into the local store, without a socket.
import type { Gateway } from '../pipeline/gateway.ts'
import { readAnswer } from './answer.ts'
import { runDelivery } from './delivery.ts'
import { CannotRun, textOf } from './exit.ts'
import { Feed } from './feed.ts'
import { findFiles } from './files.ts'
import { deliverWith, type Link } from './link.ts'
import { type Context, finishVerb, positive, type Verb, whole } from './verb.ts'

interface ReplayOptions {
  readonly rate?: number
  readonly window: number
  readonly repeat: number
  readonly expectErrors?: true
  readonly json?: true
}

export const replay: Verb = (program, context) => {
  const command = program
    .command('replay')
    .summary('apply HL7 v2 files to the local store, as if they had been received')
    .description(
      'Takes HL7 v2 files, found as send finds them, through the same pipeline as received messages, into the store of\n' +
        'DATABASE_URL or else the embedded one in DATA_DIR (no gateway may be using it). Messages that are in the store\n' +
        'already get their old acknowledgement and change nothing.',
    )
    .argument('<path...>', 'files and folders')
    .option('--rate <number>', 'messages per second at most', positive(1_000_000))
    .option(
      '--window <number>',
      'messages under way; those of one patient stay in order',
      whole(1, 1_000),
      64,
    )
    .option('--repeat <number>', 'apply everything so many times', whole(1, 1_000_000), 1)
    .option('--expect-errors', 'AE and AR do not make the exit code 1')
    .action(async (paths: string[], options: ReplayOptions) =>
      context.done(await run(paths, options, context)),
    )
  finishVerb(command, 'print one JSON object with counts and refusals at the end', {
    examples: [['portico replay samples', 'all samples into the store in ./data']],
    refused: 'something was refused (AE, AR) or not applied',
    notes: 'Settings of the environment count as for the gateway; its log is off unless LOG_LEVEL is set.',
  })
}

async function run(paths: readonly string[], options: ReplayOptions, { terminal, env }: Context) {
  const { rate, repeat, window, json = false, expectErrors = false } = options
  const { files, skipped } = findFiles(paths)
  if (files.length === 0)
    throw new CannotRun(`no *.hl7 file (${paths.join(', ')}) - name files or folders with HL7 v2 messages`)
  const troubles: { file: string; text: string }[] = []
  const feed = new Feed({ files, repeat, rate, onTrouble: (file, text) => troubles.push({ file, text }) })
  const opened = await open(env)
  try {
    const place = { verb: 'replay', to: opened.place } as const
    const links = [linkTo(opened.gateway, window)]
    return await runDelivery(feed, links, troubles, { ...place, json, expectErrors, skipped }, terminal)
  } finally {
    await opened.close()
  }
}

async function open(
  env: Context['env'],
): Promise<{ gateway: Gateway; place: string; close(): Promise<void> }> {
  const { openGateway } = await import('../main.ts')
  try {
    // The log shares standard output with the summary.
    const { gateway, db, config, close } = await openGateway({ ...env, LOG_LEVEL: env.LOG_LEVEL ?? 'silent' })
    const where = config.databaseUrl === undefined ? config.dataDir : 'DATABASE_URL'
    return { gateway, place: `${where} (PostgreSQL ${db.server.version})`, close }
  } catch (error) {
    throw new CannotRun(textOf(error))
  }
}

function linkTo(gateway: Gateway, window: number): Link {
  return {
    deliver: (payloads, report) =>
      deliverWith(
        payloads,
        window,
        async ({ bytes, file }) => {
          try {
            const reply = await gateway.receive({ raw: bytes, channel: 'file', peer: file })
            return reply.bytes === undefined ? { taken: true } : { verdicts: readAnswer(reply.bytes) }
          } catch (error) {
            const text = `the store did not take it (${textOf(error)}) - replay it again, what is stored is known`
            return { fault: 'STORE', text, fatal: true }
          }
        },
        report,
      ),
    close: () => {},
  }
}
