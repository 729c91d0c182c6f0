// portico explain: where each value of a file goes, by which mapping row, and what no row reads.
import type { MessageItem } from '../pipeline/item.ts'
import { describeComplaint, oneLine } from './answer.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { type ExplainedValue, explainMapped, isBelow } from './lineage-table.ts'
import { openSite, readMessages, siteFile } from './reading.ts'
import { type Terminal, table } from './terminal.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

interface ExplainOptions {
  readonly path?: string
  readonly site?: string
  readonly json?: true
}

export const explain: Verb = (program, context) => {
  const command = program
    .command('explain')
    .summary('each value of a file with its FHIR path, its v2 position and its mapping row')
    .description(
      'Shows how the maps of the site read a file: FHIR path, value, v2 position and mapping row of each value,\n' +
        'then what the maps complain of, and the valued positions that no row reads. It shows the values themselves.\n' +
        'Names with a $ are facts for the rules (an event time, a prior identifier), not elements of FHIR.',
    )
    .argument('<file>', 'file with one or more messages, or a batch; - is standard input')
    .option(
      '--path <path>',
      "only what lies there: 'Patient.name', 'Patient.identifier[0]', or a position: 'PID-5'",
    )
    .option('--site <file>', 'site file (default: SITE, else the demo site)')
    .action((file: string, options: ExplainOptions) => context.done(run(file, options, context)))
  finishVerb(command, 'print one JSON object', {
    examples: [
      [
        'portico explain samples/01-adt/04-a01-admit.hl7 --path Patient.name',
        'which fields and rows make the name',
      ],
      ['portico explain samples/edge/05-z-segment.hl7', 'everything, and at the end what nobody reads'],
    ],
    refused: 'a message was refused before or by mapping',
  })
}

interface Explained {
  readonly controlId: string
  readonly event: string
  readonly source: string
  readonly values: readonly ExplainedValue[]
  /** What the header and the maps complain of. */
  readonly complaints: readonly string[]
  readonly refused: boolean
  readonly residue: readonly string[]
}

function run(file: string, options: ExplainOptions, { terminal, env }: Context): ExitCode {
  const reading = readMessages(file, openSite(siteFile(options.site, env), env))
  const explained = reading.items.map((item) => explainItem(item, options.path))
  if (options.json) {
    terminal.out(
      JSON.stringify({ messages: explained, strangers: reading.strangers, maps: reading.maps.hash }),
    )
  } else {
    for (const [i, each] of explained.entries()) print(each, i, explained.length, options.path, terminal)
    for (const id of reading.strangers) {
      terminal.note(`${file}: source ${id} is not listed in the site file - read with the usual settings`)
    }
  }
  return explained.some(({ refused }) => refused) ? EXIT.refused : EXIT.ok
}

function explainItem(item: MessageItem, path: string | undefined): Explained {
  const { mapped, refusal, warnings, header } = item
  const all = mapped ? explainMapped(mapped) : []
  const wanted = (each: ExplainedValue) =>
    path === undefined || isBelow(each.path, path) || isAtPosition(each.v2, path)
  const issues = mapped?.issues ?? []
  const mapping = issues.map(({ location, row, table: name, value, ...issue }) => {
    const about = [row, name, value === undefined ? '' : `'${value}'`].filter((part) => part)
    const line = describeComplaint({ ...issue, locations: [location] })
    return oneLine(
      `${issue.severity === 'E' ? 'E ' : ''}${line}${about.length > 0 ? ` (${about.join(', ')})` : ''}`,
    )
  })
  const own = [...(refusal?.errors ?? []), ...warnings].filter(
    (each) => !issues.some((issue) => issue.text === each.text && issue.location === each.locations[0]),
  )
  const header_ = own.map((each) => oneLine(`${each.severity === 'E' ? 'E ' : ''}${describeComplaint(each)}`))
  return {
    controlId: header?.controlId ?? '',
    event: item.event,
    source: item.source,
    values: all.filter(wanted),
    complaints: [...header_, ...mapping],
    refused: refusal !== undefined,
    residue: mapped?.residue.filter((position) => path === undefined || isAtPosition(position, path)) ?? [],
  }
}

/** 'PID-5' takes in 'PID-5[1].1'; 'PID' takes in all of it. */
function isAtPosition(position: string, wanted: string): boolean {
  const plain = wanted.includes('[') ? position : position.replace(/\[\d+\]/g, '')
  return plain.startsWith(wanted) && /^(?:$|[-.[])/.test(plain.slice(wanted.length))
}

function print(
  explained: Explained,
  i: number,
  of: number,
  path: string | undefined,
  terminal: Terminal,
): void {
  const { values, complaints, residue, event, controlId, source } = explained
  const number = of > 1 ? `Message ${i + 1} of ${of}: ` : ''
  terminal.out(`${i > 0 ? '\n' : ''}${number}${event.replace('^', ' ')} ${oneLine(controlId)} of ${source}\n`)
  const room =
    terminal.columns === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(20, Math.floor(terminal.columns * 0.3))
  const rows = values.map((each) => [each.path, clip(oneLine(each.value), room), each.v2, each.row])
  if (rows.length > 0) terminal.out(table([['FHIR path', 'value', 'v2', 'row'], ...rows]))
  else terminal.out(path === undefined ? 'No row wrote anything.' : `No row wrote anything at ${path}.`)
  if (complaints.length > 0) terminal.out(`\nNoticed:\n${complaints.map((line) => `  ${line}`).join('\n')}`)
  if (residue.length > 0) terminal.out(`\nNo row reads:\n  ${residue.join(' ')}`)
}

const clip = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 3)}...`
