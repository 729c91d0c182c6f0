// portico serve: the gateway, as npm start runs it.
import { CannotRun, EXIT, type ExitCode, textOf } from './exit.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

export const serve: Verb = (program, context) => {
  const command = program
    .command('serve')
    .summary('start the gateway, as npm start does')
    .description(
      'Starts the gateway and runs it until SIGTERM or SIGINT. Everything is set by environment variables\n' +
        '(docs/reference/configuration.md); without any it listens on 127.0.0.1, HTTP 8080 and MLLP 2575, with a\n' +
        'PostgreSQL of its own in ./data and the demo site.',
    )
    .action(async () => context.done(await run(context)))
  finishVerb(command, 'the log is one JSON object per line with or without this', {
    examples: [['HTTP_PORT=9080 DATA_DIR=/var/lib/portico portico serve', 'another port and another folder']],
    refused: 'it could not end cleanly',
  })
}

async function run({ env }: Context): Promise<ExitCode> {
  const { startGateway } = await import('../main.ts')
  const running = await startGateway(env).catch((error: unknown) => {
    throw new CannotRun(textOf(error))
  })
  await new Promise<void>((resolve) => {
    // Not once: a second Ctrl-C, or the same one passed on by npm, must not cut the end short.
    process.on('SIGTERM', resolve)
    process.on('SIGINT', resolve)
  })
  running.log.info({}, 'ending')
  try {
    await running.close()
    return EXIT.ok
  } catch {
    running.log.error({}, 'could not end cleanly')
    return EXIT.refused
  }
}
