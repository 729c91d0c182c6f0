// portico coverage: what the loaded rows cover of the events, the fields and the rows of HL7's guide; with a folder, of what a
// sender really sends.
import { join } from 'node:path'
import type { Coverage, GuideResult } from '../mappings/engine/coverage.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { type Terminal, table } from './terminal.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

interface CoverageOptions {
  readonly site?: string
  readonly rows?: true
  readonly json?: true
}

export const coverage: Verb = (program, context) => {
  const command = program
    .command('coverage')
    .summary('what the mappings cover: of the events, the fields and the guide, or of a folder of messages')
    .description(
      'Without a folder: events and fields that the loaded rows cover, segment by segment, beside the rows of the\n' +
        'v2-to-FHIR guide: followed, deviated from with a reason, or not accounted for. With a folder: which positions\n' +
        'its messages value, which of them no row reads, and which codes no table has, the most frequent first.',
    )
    .argument('[paths...]', 'files or folders with HL7 v2 messages')
    .option(
      '--site <file>',
      'site file whose rows are laid over those of the program (default for a folder: SITE)',
    )
    .option('--rows', 'list every row of the guide with what becomes of it, and every field that is residue')
    .action(async (paths: string[], options: CoverageOptions) =>
      context.done(await run(paths, options, context)),
    )
  finishVerb(command, 'print one JSON object', {
    examples: [
      ['portico coverage', 'the program itself; fails when a row of the guide is not accounted for'],
      ['portico coverage --site my-site/site.json samples-of-the-new-sender', 'what is left to map for it'],
    ],
    refused:
      'a row of the guide is neither followed nor listed as a deviation, or a field neither read nor listed as residue',
  })
}

async function run(paths: readonly string[], options: CoverageOptions, context: Context): Promise<ExitCode> {
  if (paths.length > 0) {
    const { surveyFiles } = await import('./survey.ts')
    return surveyFiles(paths, options, context)
  }
  const found = await readCoverage(options.site, context)
  const { terminal } = context
  if (options.json) terminal.out(JSON.stringify(found))
  else print(found, options.rows === true, terminal)
  const open =
    found.guide.some(({ status }) => status === 'open') ||
    found.left.some(({ reason }) => reason === undefined)
  return open || found.idle.length > 0 || found.events.missing.length > 0 ? EXIT.refused : EXIT.ok
}

/** Of the program's own rows, or of a site's as they are laid over them. */
async function readCoverage(site: string | undefined, { env }: Context): Promise<Coverage> {
  const { coverageOf } = await import('../mappings/engine/coverage.ts')
  const { loadGuide, loadMaps } = await import('../mappings/engine/load.ts')
  const base = join(import.meta.dirname, '../mappings')
  const { guide, deviations, residue } = loadGuide(base)
  if (site === undefined) return coverageOf(loadMaps({ base }), guide, deviations, residue)
  const { siteMapSources } = await import('../pipeline/site/site-maps.ts')
  const { openSite, siteFile } = await import('./reading.ts')
  const { settingsOf } = await import('../pipeline/site/live-site.ts')
  const open = openSite(siteFile(site, env), env)
  return coverageOf(siteMapSources(open.file, settingsOf(open.site)), guide, deviations, residue)
}

function print(found: Coverage, rows: boolean, terminal: Terminal): void {
  const { events, others, fields, segments, guide, left, idle } = found
  const count = (status: GuideResult['status']) => guide.filter((each) => each.status === status).length
  const all = events.covered.length + events.missing.length
  terminal.out(
    table([
      ['Events', `${events.covered.length}/${all}`, `and ${others.join(', ')}`],
      ['Fields', `${fields.mapped}/${fields.all}`, `with a destination, in ${segments.length} segments`],
      [
        'Residue',
        `${left.length}/${fields.all}`,
        'kept as they came, with a reason; the others are read and noted',
      ],
      ['Guide', `${guide.length - count('open')}/${guide.length}`, guideLine(count)],
    ]),
  )
  const head = ['Segment', 'fields', 'mapped', 'noted', 'guide', 'followed', 'deviating', 'nothing', 'open']
  const lines = segments.map(({ segment, fields: of, mapped, noted, guide: rowsOf }) => {
    const { implemented, deviating, none, open } = rowsOf
    const total = implemented + deviating + none + open
    return [segment, of, mapped.length, noted.length, total, implemented, deviating, none, open].map(String)
  })
  terminal.out(`\n${table([head, ...lines])}`)
  for (const event of events.missing) terminal.out(`no map serves ${event}`)
  for (const { field, reason } of left)
    if (rows || reason === undefined)
      terminal.out(`${field}: residue - ${reason ?? 'no row, and no reason why'}`)
  for (const each of guide) if (rows || each.status === 'open') terminal.out(describe(each))
  for (const { map, fields: named } of idle)
    terminal.out(`a deviation that no row needs: ${map} ${named?.join(', ') ?? ''} - remove it`)
}

const guideLine = (count: (status: GuideResult['status']) => number): string =>
  `rows accounted for: ${count('implemented')} followed, ${count('deviating')} deviated from, ${count('none')} that write nothing`

function describe({ map, v2, fhir, status, reason }: GuideResult): string {
  const said = { implemented: 'followed', deviating: 'deviates', none: 'nothing to do', open: 'OPEN' }[status]
  return `${map} ${v2} ${fhir || '-'}: ${said}${reason === undefined ? '' : ` - ${reason}`}`
}
