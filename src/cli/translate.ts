// portico translate: HL7 v2 to a FHIR R4 Bundle (http://hl7.org/fhir/R4/bundle.html) on standard output.
import { Option } from 'commander'
import type { Preview } from '../pipeline/reading/preview.ts'
import { describeComplaint } from './answer.ts'
import { EXIT, type ExitCode } from './exit.ts'
import type { Reading } from './reading.ts'
import { count } from './terminal.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

interface TranslateOptions {
  readonly site?: string
  readonly type: 'collection' | 'transaction'
  readonly base: string
  readonly json?: true
}

export const defaultBase = 'http://127.0.0.1:8080/fhir'

export const translate: Verb = (program, context) => {
  const command = program
    .command('translate')
    .summary('HL7 v2 to a FHIR Bundle on standard output; nothing is stored')
    .description(
      'Prints what the messages of a file make of an empty store, as a FHIR R4 Bundle: mapped by the maps of the\n' +
        'site, under the same rules as in the gateway. Warnings and refusals go to standard error.',
    )
    .argument('<file>', 'file with one or more messages, or a batch; - is standard input')
    .option('--site <file>', 'site file (default: SITE, else the demo site)')
    .addOption(
      new Option('--type <type>', 'kind of Bundle')
        .choices(['collection', 'transaction'])
        .default('collection'),
    )
    .option('--base <url>', 'where the resources would be, for Bundle.entry.fullUrl', defaultBase)
    .action(async (file: string, options: TranslateOptions) =>
      context.done(await run(file, options, context)),
    )
  finishVerb(command, 'print one JSON object with the Bundle, results and unread positions', {
    examples: [
      [
        'portico translate samples/01-adt/04-a01-admit.hl7',
        'an admission as Patient, Encounter, Account, ...',
      ],
      [
        'portico translate --type transaction batch.hl7 | curl -d @- ...',
        'a Bundle that another FHIR server takes',
      ],
    ],
    refused: 'a message was refused',
  })
}

async function run(file: string, options: TranslateOptions, { terminal, env }: Context): Promise<ExitCode> {
  const { openSite, readMessages, siteFile } = await import('./reading.ts')
  const { preview } = await import('../pipeline/reading/preview.ts')
  const { validateResource } = await import('../fhir/validate.ts')
  const reading = readMessages(file, openSite(siteFile(options.site, env), env))
  const previewed = preview(reading.items, reading.site)
  const bundle = bundleOf(previewed, options)
  if (options.json) terminal.out(JSON.stringify({ bundle, ...reportOf(reading, previewed) }))
  else {
    terminal.out(JSON.stringify(bundle, null, 2))
    for (const line of notesOf(file, reading, previewed)) terminal.note(line)
  }
  const invalid = previewed.resources.flatMap((resource) => validateResource(resource))
  for (const issue of invalid) terminal.note(`${file}: not valid FHIR: ${issue.diagnostics}`)
  return invalid.length > 0 || previewed.results.some(({ code }) => code !== 'AA') ? EXIT.refused : EXIT.ok
}

function bundleOf({ resources }: Preview, { type, base }: TranslateOptions): object {
  const entry = resources.map((resource) => {
    const path = `${String(resource.resourceType)}/${String(resource.id)}`
    const request = { request: { method: 'PUT', url: path } }
    return {
      fullUrl: `${base.replace(/\/+$/, '')}/${path}`,
      resource,
      ...(type === 'transaction' && request),
    }
  })
  return { resourceType: 'Bundle', type, ...(entry.length > 0 && { entry }) }
}

function reportOf({ items, strangers }: Reading, { results }: Preview): object {
  const messages = items.map((item, i) => ({
    controlId: item.header?.controlId,
    event: item.event,
    source: item.source,
    ack: results[i]?.code,
    errors: results[i]?.errors ?? [],
    residue: item.mapped?.residue ?? [],
  }))
  return { messages, strangers }
}

function notesOf(file: string, { items, strangers }: Reading, { results }: Preview): readonly string[] {
  const lines = strangers.map(
    (id) => `${file}: source ${id} is not listed in the site file - read with the usual settings`,
  )
  for (const [i, { code, errors }] of results.entries()) {
    const name = items.length > 1 ? `${file}[${i + 1}]` : file
    for (const error of errors) lines.push(`${name}: ${code} ${describeComplaint(error)}`)
    const unread = items[i]?.mapped?.residue.length ?? 0
    if (unread > 0)
      lines.push(`${name}: ${count(unread, 'position')} that no row reads - portico explain lists them`)
  }
  return lines
}
