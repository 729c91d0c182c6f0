// portico explain: where each value of a file goes, by which mapping row, and what no row reads.

import type { RowFate } from '../mappings/engine/fired.ts'
import type { MessageItem } from '../pipeline/batch/item.ts'
import { type Complaint, describeComplaint, oneLine } from './answer.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { type ExplainedValue, explainMapped, isBelow } from './lineage-table.ts'
import type { Reading } from './reading.ts'
import { type Terminal, table } from './terminal.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

interface ExplainOptions {
  readonly path?: string
  readonly site?: string
  readonly rows?: true
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
    .option('--rows', 'every row of the map, also those that wrote nothing, and why')
    .option('--site <file>', 'site file (default: SITE, else the demo site)')
    .action(async (file: string, options: ExplainOptions) => context.done(await run(file, options, context)))
  finishVerb(command, 'print one JSON object', {
    examples: [
      [
        'portico explain samples/01-adt/04-a01-admit.hl7 --path Patient.name',
        'which fields and rows make the name',
      ],
      ['portico explain samples/edge/05-z-segment.hl7', 'everything, and at the end what nobody reads'],
      ['portico explain samples/01-adt/04-a01-admit.hl7 --rows --path PV1-45', 'why nothing came of a field'],
    ],
    refused: 'a message was refused before or by mapping',
  })
}

interface Noticed extends Complaint {
  readonly row?: string
  readonly table?: string
  /** The code that no table has. */
  readonly value?: string
}

interface Explained {
  readonly controlId: string
  readonly event: string
  readonly source: string
  readonly values: readonly ExplainedValue[]
  /** What is wrong with the header and what mapping came upon. */
  readonly noticed: readonly Noticed[]
  /** Repairs of the sender that changed something. */
  readonly repaired: readonly string[]
  readonly refused: boolean
  readonly residue: readonly string[]
  /** With --rows: what became of each. */
  readonly rows?: readonly RowFate[]
}

async function run(file: string, options: ExplainOptions, { terminal, env }: Context): Promise<ExitCode> {
  const { openSite, readMessages, siteFile } = await import('./reading.ts')
  const reading = readMessages(file, openSite(siteFile(options.site, env), env))
  const explained: Explained[] = []
  for (const item of reading.items) {
    const one = explainItem(item, options.path)
    explained.push(options.rows ? { ...one, rows: await rowsOf(item, reading, options.path) } : one)
  }
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

async function rowsOf(
  { message, header, sender, source }: MessageItem,
  { site, maps }: Reading,
  path: string | undefined,
): Promise<readonly RowFate[]> {
  if (!message || !header || !sender) return []
  const { rowFates } = await import('../mappings/engine/fired.ts')
  const { mapsOf } = await import('../mappings/engine/compile.ts')
  const { mapContext } = await import('../pipeline/reading/source-maps.ts')
  const own = mapsOf(maps, source)
  const fates = rowFates(message, own, mapContext(site, sender, header, own, true))
  return fates.filter(({ v2, row }) => path === undefined || isAtPosition(v2, path) || row.startsWith(path))
}

const whys: Readonly<Record<RowFate['fate'], string>> = {
  wrote: 'wrote',
  deleted: 'deleted by ""',
  absent: 'nothing sent there',
  condition: 'its condition does not hold',
  unmapped: 'no table has the code',
  refused: 'not of the type',
  'no-segment': 'no such segment',
}

const rowTable = (rows: readonly RowFate[]): string =>
  table([
    ['segment', 'v2', 'row', 'FHIR path', 'what became of it'],
    ...rows.map(({ segment, v2, row, fhir, fate, when }) => {
      return [segment, v2, row, shortPath(fhir), `${whys[fate]}${when === undefined ? '' : `: ${when}`}`]
    }),
  ])

function explainItem(item: MessageItem, path: string | undefined): Explained {
  const { mapped, refusal, warnings } = item
  const all = mapped ? explainMapped(mapped) : []
  const wanted = (each: ExplainedValue) =>
    path === undefined || isBelow(each.path, path) || isAtPosition(each.v2, path)
  const issues: readonly Noticed[] = (mapped?.issues ?? []).map(({ kind: _, location, ...issue }) => {
    return { ...issue, locations: [location] }
  })
  const said = new Set(issues.map(({ locations, text }) => `${locations.join(' ')} ${text}`))
  const others = [...(refusal?.errors ?? []), ...warnings].filter(
    ({ locations, text }) => !said.has(`${locations.join(' ')} ${text}`),
  )
  return {
    controlId: item.header?.controlId ?? '',
    event: item.event,
    source: item.source,
    values: all.filter(wanted),
    noticed: [...others, ...issues],
    repaired: item.repaired,
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
  const { values, noticed, repaired, residue, event, controlId, source } = explained
  const number = of > 1 ? `Message ${i + 1} of ${of}: ` : ''
  terminal.out(`${i > 0 ? '\n' : ''}${number}${event.replace('^', ' ')} ${oneLine(controlId)} of ${source}\n`)
  if (values.length > 0) terminal.out(valueTable(values, terminal.columns))
  else terminal.out(path === undefined ? 'No row wrote anything.' : `No row wrote anything at ${path}.`)
  if (repaired.length > 0) terminal.out(`\nRepaired:\n  ${repaired.join(', ')}`)
  const complaints = noticed.map((each) => `  ${describe(each)}`)
  if (complaints.length > 0) terminal.out(`\nNoticed:\n${complaints.join('\n')}`)
  if (explained.rows) terminal.out(`\nRows:\n${rowTable(explained.rows)}`)
  if (residue.length > 0) terminal.out(`\nNo row reads:\n  ${residue.join(' ')}`)
}

/** 'E 102 PID^1^7 what is wrong (PID[Patient]#7)' */
function describe(noticed: Noticed): string {
  const mark = noticed.severity === 'E' ? 'E ' : ''
  return oneLine(
    `${mark}${describeComplaint(noticed)}${noticed.row === undefined ? '' : ` (${noticed.row})`}`,
  )
}

/** Longest value shown, in characters; --json has them whole. */
const maxShown = 48

/** One block for each thing, under the handle that references to it have. */
function valueTable(values: readonly ExplainedValue[], columns: number | undefined): string {
  const room = columns === undefined ? maxShown : Math.min(maxShown, Math.max(16, Math.floor(columns * 0.3)))
  const rows: string[][] = [['FHIR path', 'value', 'v2', 'row']]
  let thing = ''
  for (const each of values) {
    if (each.thing !== thing) rows.push([`#${each.thing}`])
    thing = each.thing
    rows.push([`  ${shortPath(each.path)}`, clip(oneLine(each.value), room), each.v2, each.row])
  }
  return table(rows)
}

/** Extensions by the end of their url. */
function shortPath(path: string): string {
  return path.replace(/xtension\('[^']*\/([^'/]+)'\)/g, "xtension('.../$1')")
}

const clip = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 3)}...`
