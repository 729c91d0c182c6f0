// portico lineage: why the values of a stored resource are what they are, asked of a running gateway.
import { oneLine } from './answer.ts'
import { CannotRun, EXIT, type ExitCode, textOf } from './exit.ts'
import { table } from './terminal.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

interface LineageOptions {
  readonly path?: string
  readonly to: string
  readonly token?: string
  readonly json?: true
}

/** As in the Parameters of $lineage. */
interface Part {
  readonly name: string
  readonly valueString?: string
  readonly valueDateTime?: string
  readonly valueInteger?: number
  readonly part?: readonly Part[]
}

const defaultTo = 'http://127.0.0.1:8080'

export const lineage: Verb = (program, context) => {
  const command = program
    .command('lineage')
    .summary('why the values of a stored resource are what they are')
    .description(
      'Asks a running gateway for $lineage: of each element who said it, when, in which message, by which field,\n' +
        'row and code, and which statements lost against it, and why. It shows no values.',
    )
    .argument('<resource>', "'Patient/x', or a version of it: 'Patient/x/_history/2'")
    .option('--path <path>', "one element: 'name', 'identifier'")
    .option('--to <url>', 'the gateway', defaultTo)
    .option('--token <token>', 'token of a client that may read it (default: PORTICO_TOKEN)')
    .action(async (resource: string, options: LineageOptions) =>
      context.done(await run(resource, options, context)),
    )
  finishVerb(command, 'print the Parameters as they came', {
    examples: [
      [
        'portico lineage Patient/6f1e --path name --token demo-desk',
        'who named the patient so, and who else',
      ],
    ],
    refused: 'the gateway knows no such resource, or the token may not read it',
  })
}

async function run(resource: string, options: LineageOptions, { terminal, env }: Context): Promise<ExitCode> {
  if (!/^[A-Za-z]+\/[A-Za-z0-9.-]+(?:\/_history\/\d+)?$/.test(resource))
    throw new CannotRun(`${resource} is no resource - write Patient/x or Patient/x/_history/2`)
  const url = new URL(`/fhir/${resource}/$lineage`, options.to)
  if (options.path !== undefined) url.searchParams.set('path', options.path)
  const token = options.token ?? env.PORTICO_TOKEN
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  let answer: Response
  try {
    answer = await fetch(url, { headers })
  } catch (error) {
    throw new CannotRun(
      `nobody answers (${url.origin}, ${textOf(error)}) - start the gateway, or name it with --to`,
    )
  }
  const body = await answer.text()
  if (!answer.ok) {
    terminal.note(`${answer.status}: ${problemIn(body)}`)
    return EXIT.refused
  }
  if (options.json) terminal.out(body)
  else terminal.out(printed((JSON.parse(body) as { parameter?: readonly Part[] }).parameter ?? []))
  return EXIT.ok
}

function problemIn(body: string): string {
  try {
    const { issue = [] } = JSON.parse(body) as { issue?: readonly { diagnostics?: string }[] }
    return oneLine(issue[0]?.diagnostics ?? 'the gateway refused')
  } catch {
    return 'the gateway refused'
  }
}

const of = ({ part = [] }: Part, name: string): string => {
  const found = part.find((each) => each.name === name)
  return oneLine(found?.valueString ?? found?.valueDateTime ?? String(found?.valueInteger ?? ''))
}

/** One line for each statement, and below it one for each part that a row wrote. */
function printed(list: readonly Part[]): string {
  if (list.length === 0) return 'Nobody has said anything of it.'
  const rows = [['element', 'source', 'at', 'message', 'v2', 'row', 'why']]
  for (const each of list) {
    const mark = each.name === 'loser' ? '  lost: ' : ''
    const path = `${mark}${of(each, 'path')}`
    rows.push([path, of(each, 'source'), of(each, 'at'), of(each, 'control-id'), '', '', of(each, 'why')])
    for (const span of (each.part ?? []).filter(({ name }) => name === 'span')) {
      const code = of(span, 'table') === '' ? '' : ` ${of(span, 'table')} ${of(span, 'table-row')}`
      const bytes =
        of(span, 'byte-start') === '' ? '' : `bytes ${of(span, 'byte-start')}-${of(span, 'byte-end')}`
      rows.push([`    ${of(span, 'fhir')}`, '', '', '', of(span, 'v2'), `${of(span, 'row')}${code}`, bytes])
    }
  }
  return table(rows)
}
