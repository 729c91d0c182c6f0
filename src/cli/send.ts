// portico send: files and folders to a gateway, over MLLP or HTTP.
import { readFileSync } from 'node:fs'
import { Option } from 'commander'
import type { MllpClientTls } from '../adapters/mllp/dial.ts'
import { type Address, defaultAddress, parseAddress } from './address.ts'
import { runDelivery } from './delivery.ts'
import { CannotRun, codeOf } from './exit.ts'
import { Feed } from './feed.ts'
import { findFiles } from './files.ts'
import type { Link } from './link.ts'
import { openHttpLink } from './link-http.ts'
import { openMllpLink } from './link-mllp.ts'
import { type Context, finishVerb, positive, type Verb, whole } from './verb.ts'

interface SendOptions {
  readonly to: Address
  readonly token?: string
  readonly tls?: true
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tlsName?: string
  readonly rate?: number
  readonly concurrency: number
  readonly window: number
  readonly repeat: number
  /** Seconds. */
  readonly timeout: number
  readonly expectErrors?: true
  readonly json?: true
}

export const send: Verb = (program, context) => {
  const command = program
    .command('send')
    .summary('send HL7 v2 files to a gateway and sum up the acknowledgements')
    .description(
      'Sends HL7 v2 files, and in folders all *.hl7 and *.txt, sorted by name. A file holds one message, several\n' +
        'messages, MLLP frames or a batch (FHS, BHS); its bytes are sent as they are. - is standard input.',
    )
    .argument('<path...>', 'files and folders')
    .addOption(
      new Option('--to <address>', 'mllp://host:port, mllps://host:port or http(s)://host:port/hl7v2')
        .argParser(parseAddress)
        .default(parseAddress(defaultAddress), defaultAddress),
    )
    .option('--token <token>', 'token for HTTP (default: PORTICO_TOKEN)')
    .option('--tls', 'MLLP over TLS, as mllps:// does')
    .option('--tls-ca <file>', 'PEM file of the authorities that the server may have its certificate from')
    .option('--tls-cert <file>', 'PEM file of our own certificate')
    .option('--tls-key <file>', 'PEM file of its key')
    .option('--tls-name <name>', "name in the server's certificate, when it is not the host")
    .option('--rate <number>', 'messages per second at most', positive(1_000_000))
    .option('--concurrency <number>', 'connections; the order is kept on each of them only', whole(1, 500), 1)
    .option('--window <number>', 'messages under way on one MLLP connection', whole(1, 10_000), 1)
    .option(
      '--repeat <number>',
      'send everything so many times; the gateway knows the second time for a resend',
      whole(1, 1_000_000),
      1,
    )
    .option('--timeout <seconds>', 'wait for each acknowledgement', positive(3_600), 30)
    .option('--expect-errors', 'AE and AR do not make the exit code 1')
    .action(async (paths: string[], options: SendOptions) => context.done(await run(paths, options, context)))
  finishVerb(command, 'print one JSON object with counts and refusals at the end', {
    examples: [
      ['portico send samples', 'all samples to the gateway on this machine, over MLLP'],
      ['portico send --to http://127.0.0.1:8080 --token demo-analyst samples/01-adt', 'a folder over HTTP'],
      [
        'portico send --rate 50 --concurrency 4 --json night/ > report.json',
        '4 connections, 50 messages a second',
      ],
    ],
    refused: 'something was refused (AE, AR) or not answered',
  })
}

async function run(paths: readonly string[], options: SendOptions, { terminal, env }: Context) {
  const { to, rate, repeat, concurrency, json = false, expectErrors = false } = options
  const { files, skipped } = findFiles(paths)
  if (files.length === 0)
    throw new CannotRun(`no *.hl7 file (${paths.join(', ')}) - name files or folders with HL7 v2 messages`)
  const troubles: { file: string; text: string }[] = []
  const onTrouble = (file: string, text: string) => troubles.push({ file, text })
  const feed = new Feed({ files, repeat, rate, onTrouble })
  const links: Link[] = []
  try {
    while (links.length < concurrency) links.push(await open(to, options, env))
    const place = { verb: 'send', to: to.text } as const
    return await runDelivery(feed, links, troubles, { ...place, json, expectErrors, skipped }, terminal)
  } finally {
    for (const link of links) link.close()
  }
}

async function open(to: Address, options: SendOptions, env: Context['env']): Promise<Link> {
  const timeoutMs = Math.ceil(options.timeout * 1_000)
  const tls = tlsOf(to, options)
  const security = tls === undefined ? {} : { tls }
  if (to.kind === 'mllp') {
    return await openMllpLink({
      host: to.host,
      port: to.port,
      window: options.window,
      timeoutMs,
      ...security,
    })
  }
  const token = options.token ?? env.PORTICO_TOKEN
  return openHttpLink({ url: to.url, timeoutMs, ...security, ...(token && { token }) })
}

function tlsOf(to: Address, options: SendOptions): MllpClientTls | undefined {
  const { tlsCa, tlsCert, tlsKey, tlsName } = options
  const named = tlsCa ?? tlsCert ?? tlsKey ?? tlsName
  if (to.kind === 'http' && !to.tls) {
    if (options.tls || named !== undefined) throw new CannotRun('TLS over http:// (--to) - use https://')
    return undefined
  }
  if (!to.tls && !options.tls && named === undefined) return undefined
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new CannotRun('a certificate without its key (--tls-cert, --tls-key) - name both or none')
  }
  return {
    ...(tlsCa !== undefined && { ca: pem(tlsCa) }),
    ...(tlsCert !== undefined && { cert: pem(tlsCert) }),
    ...(tlsKey !== undefined && { key: pem(tlsKey) }),
    ...(tlsName !== undefined && { servername: tlsName }),
  }
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CannotRun(`${file} cannot be read (${codeOf(error) ?? 'unknown'}) - name a PEM file`)
  }
}
