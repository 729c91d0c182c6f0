// portico generate: a day in a hospital as HL7 v2 messages, made up out of a seed.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Sent } from '../generate/day.ts'
import { CannotRun, codeOf, EXIT, type ExitCode, textOf } from './exit.ts'
import { count, table } from './terminal.ts'
import { type Context, finishVerb, type Verb, whole } from './verb.ts'

interface GenerateOptions {
  readonly seed: number
  readonly patients: number
  readonly hours: number
  readonly trouble: number
  readonly date: string
  readonly format: 'hl7' | 'mllp' | 'batch'
  readonly out?: string
  readonly site?: string
  readonly json?: true
}

const maxPatients = 1_000_000
const maxHours = 24 * 31
const maxSeed = 2_000_000_000

export const generate: Verb = (program, context) => {
  const command = program
    .command('generate')
    .summary('a day in a hospital as HL7 v2 messages, made up out of a seed')
    .description(
      'Makes up what the systems of a site would send: people registered, admitted, moved and discharged (ADT), booked (SIU),\n' +
        'charged (DFT), merged; some messages late, twice or wrong, some that contradict another source. The same options\n' +
        'give the same messages. Nobody in them is real.',
    )
  options(command).action(async (given: GenerateOptions) => context.done(await run(given, context)))
  finishVerb(command, 'print one JSON object for each message, with its text and what is wrong with it', {
    examples: [
      ['portico generate --patients 100 --out day', 'a hundred patients, one file for each message'],
      [
        'portico generate --seed 7 --trouble 0.3 | portico send --expect-errors -',
        'a bad day, straight to the gateway',
      ],
    ],
    refused: 'is not used',
    notes:
      'The senders are those that own the authorities of types MR, AN, VN and FILL in the site file, and the one without a\n' +
      'type for ledger lines. Sent in the order in which they come, only the messages that are wrong are refused.',
  })
}

function options(command: Command): Command {
  return command
    .option('--seed <number>', 'what everything is made out of', whole(0, maxSeed), 1)
    .option('--patients <number>', 'people', whole(1, maxPatients), 20)
    .option('--hours <number>', 'length of the day', whole(1, maxHours), 24)
    .option('--trouble <share>', 'of messages that meet trouble, 0 to 1', share, 0.1)
    .option('--date <date>', 'when it begins, YYYY-MM-DD on the clock of the site', date, '2026-03-02')
    .addOption(
      new Option('--format <format>', 'plain segments, MLLP frames, or one batch file (BHS)')
        .choices(['hl7', 'mllp', 'batch'])
        .default('hl7'),
    )
    .option('--out <folder>', 'write files there (default: standard output)')
    .option('--site <file>', 'site file (default: SITE, else the demo site)')
}

function share(text: string): number {
  const number = /^(?:0|1|0?\.\d{1,6}|1\.0{1,6})$/.test(text) ? Number(text) : Number.NaN
  if (number >= 0 && number <= 1) return number
  throw new InvalidArgumentError('Give a number from 0 to 1.')
}

function date(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text
  throw new InvalidArgumentError('Give a date such as 2026-03-02.')
}

async function run(given: GenerateOptions, { terminal, env }: Context): Promise<ExitCode> {
  const { readSite } = await import('../pipeline/site/site.ts')
  const { siteFile } = await import('./reading.ts')
  const { castOf } = await import('../generate/cast.ts')
  const { day } = await import('../generate/day.ts')
  const file = siteFile(given.site, env)
  const read = readSite(file, env)
  if ('problems' in read) throw new CannotRun(read.problems.join('\n'))
  const cast = castOf(read.site)
  if ('missing' in cast) throw new CannotRun(`${file} has not ${cast.missing} - add it, or name another site`)
  const sent = day(given, cast)
  if (given.out !== undefined) writeFiles(sent, given.out, given.format)
  else if (given.json) for (const each of sent) terminal.out(JSON.stringify(lineOf(each)))
  else terminal.out(textsOf(sent, given.format))
  if (given.out !== undefined) {
    if (given.json) for (const each of sent) terminal.out(JSON.stringify(lineOf(each)))
    else terminal.out(summaryOf(sent, given.out))
  }
  return EXIT.ok
}

const lineOf = ({ controlId, event, source, sentAt, trouble, text }: Sent) => ({
  controlId,
  event,
  source,
  sentAt: new Date(sentAt).toISOString().slice(0, 19),
  ...(trouble && { trouble }),
  text,
})

const framed = (text: string): string => `\v${text}\x1c\r`

function textsOf(sent: readonly Sent[], format: GenerateOptions['format']): string {
  const texts = sent.map(({ text }) => text)
  if (format === 'mllp') return texts.map(framed).join('')
  if (format === 'hl7') return texts.join('')
  return ['BHS|^~\\&\r', ...texts, `BTS|${texts.length}\r`].join('')
}

/** One file for each message in the order of sending, or one for the batch. */
function writeFiles(sent: readonly Sent[], folder: string, format: GenerateOptions['format']): void {
  try {
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0)
      throw new CannotRun(`${folder} is not empty - name a new folder, or empty it`)
    if (format === 'batch') {
      writeFileSync(join(folder, 'day.hl7'), textsOf(sent, format))
      return
    }
    const digits = String(sent.length).length
    for (const [i, each] of sent.entries()) {
      const name = `${String(i + 1).padStart(digits, '0')}-${each.event.slice(4).toLowerCase()}`
      const wrong = each.trouble === undefined ? '' : `-${each.trouble}`
      writeFileSync(join(folder, `${name}${wrong}.hl7`), textsOf([each], format))
    }
  } catch (error) {
    if (error instanceof CannotRun) throw error
    throw new CannotRun(
      `${folder} cannot be written (${codeOf(error) ?? textOf(error)}) - name another folder`,
    )
  }
}

function summaryOf(sent: readonly Sent[], folder: string): string {
  const counts = new Map<string, number>()
  for (const { event, trouble } of sent) {
    for (const each of [event, ...(trouble === undefined ? [] : [trouble])])
      counts.set(each, (counts.get(each) ?? 0) + 1)
  }
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => [name, String(n)])
  return `${count(sent.length, 'message')} in ${folder}\n${table(rows)}`
}
