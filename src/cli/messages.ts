// portico messages, portico rerun: what is stuck in a running gateway and why, and another try (/admin/messages).
import { oneLine } from './answer.ts'
import { CannotRun, EXIT, type ExitCode, textOf } from './exit.ts'
import { count, table } from './terminal.ts'
import { type Context, finishVerb, type Verb, whole } from './verb.ts'

interface GatewayOptions {
  readonly to: string
  readonly token?: string
  readonly json?: true
}

interface ListOptions extends GatewayOptions {
  readonly state?: string
  readonly source?: string
  readonly count: number
  readonly before?: string
}

/** As /admin/messages lists it. */
interface Stuck {
  readonly id: string
  readonly receivedAt: string
  readonly source: string
  readonly controlId: string
  readonly event: string
  readonly state: string
  readonly reasons: readonly {
    readonly code: string
    readonly app?: string
    readonly locations: readonly string[]
  }[]
  readonly nextStep: string
}

const defaultTo = 'http://127.0.0.1:8080'
const maxListed = 200

export const messages: Verb = (program, context) => {
  const command = program
    .command('messages')
    .summary('messages that are stuck in a running gateway: held, parked, failed, rejected')
    .description(
      'Lists the messages that a running gateway has kept without applying them, newest first, with the reason and\n' +
        'the next step. It shows no values.',
    )
    .option('--state <states>', "only these: 'held', 'held,failed'")
    .option('--source <source>', "only of this source: 'ADT1|GHH'")
    .option('--count <number>', 'how many at most', whole(1, maxListed), 50)
    .option('--before <id>', 'older ones: the id that the last list ended with')
    .option('--to <url>', 'the gateway', defaultTo)
    .option('--token <token>', 'token of a client with admin (default: PORTICO_TOKEN)')
    .action(async (options: ListOptions) => context.done(await list(options, context)))
  finishVerb(command, 'print the list as it came', {
    examples: [
      ['portico messages --token demo-admin', 'what is stuck, and what to do about it'],
      ['portico messages --state held --source "ADT1|RGH"', 'what waits for a code of one sender'],
    ],
    refused: 'the gateway refused, or the token has no admin',
  })
}

export const rerun: Verb = (program, context) => {
  const command = program
    .command('rerun')
    .summary('apply stuck messages again, under the rules of today')
    .description(
      'Has a running gateway try messages again that it could not apply: one by its id, or all of a state, in the\n' +
        'order in which they came.',
    )
    .argument('<what>', "id of a message, or a state: 'failed', 'rejected', 'parked', 'held'")
    .option('--source <source>', "of a state only those of this source: 'ADT1|GHH'")
    .option('--to <url>', 'the gateway', defaultTo)
    .option('--token <token>', 'token of a client with admin (default: PORTICO_TOKEN)')
    .action(async (what: string, options: GatewayOptions & { readonly source?: string }) =>
      context.done(await again(what, options, context)),
    )
  finishVerb(command, 'print the answer as it came', {
    examples: [
      ['portico rerun 4711 --token demo-admin', 'one message'],
      ['portico rerun failed --token demo-admin', 'all that failed, after an update'],
    ],
    refused: 'the gateway refused, knows no such message, or the token has no admin',
  })
}

async function list(options: ListOptions, context: Context): Promise<ExitCode> {
  const { terminal } = context
  const url = new URL('/admin/messages', options.to)
  for (const name of ['state', 'source', 'before'] as const) {
    const value = options[name]
    if (value !== undefined) url.searchParams.set(name, value)
  }
  url.searchParams.set('count', String(options.count))
  const body = await ask(url, {}, options, context)
  if (body === undefined) return EXIT.refused
  const { messages: found, next } = JSON.parse(body) as { messages: readonly Stuck[]; next?: string }
  if (options.json) terminal.out(body)
  else if (found.length === 0) terminal.out('Nothing is stuck.')
  else {
    const rows = found.map(({ id, receivedAt, source, event, controlId, state, reasons, nextStep }) => {
      const why = reasons.map(({ code, app, locations }) => [code, app ?? '', ...locations].join(' ').trim())
      return [id, receivedAt, source, event, controlId, state, why.join(', '), nextStep].map(oneLine)
    })
    terminal.out(
      table([['id', 'received', 'source', 'event', 'control id', 'state', 'why', 'next'], ...rows]),
    )
    if (next !== undefined) terminal.note(`There are more: --before ${next}`)
  }
  return EXIT.ok
}

async function again(
  what: string,
  options: GatewayOptions & { readonly source?: string },
  context: Context,
): Promise<ExitCode> {
  const isId = /^\d+$/.test(what)
  if (isId && options.source !== undefined)
    throw new CannotRun('--source goes with a state - leave it out with an id')
  const url = new URL(isId ? `/admin/messages/${what}/$rerun` : '/admin/messages/$rerun', options.to)
  const asked = { state: what, ...(options.source !== undefined && { source: options.source }) }
  const body = await ask(url, { method: 'POST', body: isId ? '' : JSON.stringify(asked) }, options, context)
  if (body === undefined) return EXIT.refused
  const { rerun: tried } = JSON.parse(body) as { rerun: number }
  context.terminal.out(options.json ? body : `${count(tried, 'message')} will be tried again.`)
  return EXIT.ok
}

/** The answer of the gateway; undefined when it refused, and the terminal has said so. */
async function ask(
  url: URL,
  init: RequestInit,
  options: GatewayOptions,
  { terminal, env }: Context,
): Promise<string | undefined> {
  const token = options.token ?? env.PORTICO_TOKEN
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  let answer: Response
  try {
    answer = await fetch(url, { ...init, headers })
  } catch (error) {
    throw new CannotRun(
      `nobody answers (${url.origin}, ${textOf(error)}) - start the gateway, or name it with --to`,
    )
  }
  const body = await answer.text()
  if (answer.ok) return body
  terminal.note(`${answer.status}: ${oneLine(problemIn(body))}`)
  return undefined
}

function problemIn(body: string): string {
  try {
    const read = JSON.parse(body) as { error?: string; issue?: readonly { diagnostics?: string }[] }
    return read.error ?? read.issue?.[0]?.diagnostics ?? 'the gateway refused'
  } catch {
    return 'the gateway refused'
  }
}
