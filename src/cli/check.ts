// portico check: the site file, all mappings and FHIR packages, as the gateway would refuse them at its start.
import type { Site } from '../canonical/site.ts'
import type { MapSet } from '../mappings/engine/compile.ts'
import type { SitePackages } from '../pipeline/site/packages.ts'
import type { Difference } from '../pipeline/site/site-diff.ts'
import { oneLine } from './answer.ts'
import { EXIT, type ExitCode, textOf } from './exit.ts'
import { count } from './terminal.ts'
import { type Context, finishVerb, type Verb } from './verb.ts'

interface CheckOptions {
  readonly site?: string
  readonly diff?: true
  readonly json?: true
}

export const check: Verb = (program, context) => {
  const command = program
    .command('check')
    .summary('check the site file, all mappings and FHIR packages')
    .description(
      'Checks a site file against its schema, and the mappings and tables that come with the program together with\n' +
        'those and the FHIR packages beside the site file. Says everything that is wrong, each in a sentence; changes nothing.',
    )
    .option('--site <file>', 'site file (default: SITE, else the demo site)')
    .option('--diff', 'show which rows and codes the site changes, and what they were')
    .action(async (options: CheckOptions) => context.done(await run(options, context)))
  finishVerb(command, 'print one JSON object with all problems', {
    examples: [
      ['portico check --site profiles/sites/demo/site.json', 'before a change goes into force'],
      ['portico check --site my-site/site.json --diff', 'what a site changes of the program'],
    ],
    refused: 'something is wrong',
    notes: "Tokens written as 'env:NAME' are looked up in the environment, as the gateway does.",
  })
}

async function run(options: CheckOptions, { terminal, env }: Context): Promise<ExitCode> {
  const { readSite } = await import('../pipeline/site/site.ts')
  const { siteFile } = await import('./reading.ts')
  const file = siteFile(options.site, env)
  const read = readSite(file, env)
  const site = 'site' in read ? read.site : undefined
  const maps = await readMaps(file, site)
  const packages = await readPackages(file)
  const problems = {
    site: 'problems' in read ? read.problems : [],
    mappings: 'problems' in maps ? maps.problems : [],
    packages: 'problems' in packages ? packages.problems : [],
  }
  const good = Object.values(problems).every((list) => list.length === 0)
  const diff = options.diff && site && good ? await differencesOf(file, site) : []
  if (options.json) {
    const facts = { ...(site && { siteHash: site.hash }), ...('set' in maps && { mapsHash: maps.set.hash }) }
    terminal.out(JSON.stringify({ file, good, problems, ...facts, ...(options.diff && { diff }) }))
  } else {
    for (const line of Object.values(problems).flat()) terminal.out(line)
    if (site) terminal.out(`${file}: good - ${describeSite(site)}`)
    if ('set' in maps) terminal.out(`mappings: good - ${describeMaps(maps.set)}`)
    if ('packages' in packages) for (const line of describePackages(packages)) terminal.out(line)
    if (options.diff && good)
      terminal.out(diff.length === 0 ? 'no row and no code differs from the program' : printed(diff))
  }
  return good ? EXIT.ok : EXIT.refused
}

async function differencesOf(file: string, site: Site): Promise<readonly Difference[]> {
  const { settingsOf } = await import('../pipeline/site/live-site.ts')
  const { readLayers } = await import('../pipeline/site/site-maps.ts')
  const { differences } = await import('../pipeline/site/site-diff.ts')
  return differences(readLayers(file, settingsOf(site)), site)
}

const printed = (list: readonly Difference[]): string =>
  list
    .map(({ layer, change, name, what, before, after, file }) => {
      const was = before === undefined ? [] : [`- ${before || '(as it is)'}`]
      const is = after === undefined ? [] : [`+ ${after || '(as it is)'}`]
      const lines = [...was, ...is].map((line) => `\n    ${oneLine(line)}`).join('')
      return `${oneLine(`${layer}: ${name} ${what} ${change} (${file})`)}${lines}`
    })
    .join('\n')

type MapsRead = { readonly set: MapSet } | { readonly problems: readonly string[] }

async function readMaps(file: string, site: Site | undefined): Promise<MapsRead> {
  const { mapsFor } = await import('../pipeline/site/live-site.ts')
  const { CannotStart } = await import('../pipeline/site/site.ts')
  const { loadSiteMaps } = await import('../pipeline/site/site-maps.ts')
  try {
    return { set: site ? mapsFor(file, site) : loadSiteMaps(file) }
  } catch (error) {
    return { problems: error instanceof CannotStart ? error.problems : [textOf(error)] }
  }
}

type PackagesRead = SitePackages | { readonly problems: readonly string[] }

async function readPackages(file: string): Promise<PackagesRead> {
  const { loadPackages } = await import('../pipeline/site/packages.ts')
  const { CannotStart } = await import('../pipeline/site/site.ts')
  try {
    return loadPackages(file)
  } catch (error) {
    return { problems: error instanceof CannotStart ? error.problems : [textOf(error)] }
  }
}

/** A line for each package, and what of them is not checked. */
const describePackages = ({ packages, notes }: SitePackages): readonly string[] =>
  packages.length === 0
    ? []
    : [
        ...packages.map(
          ({ file, name, version, resources }) =>
            `${file}: good - ${name} ${version}, ${count(resources.length, 'definition')}`,
        ),
        ...notes.map((note) => `note: ${oneLine(note)}`),
      ]

function describeSite({ sources, clients, authorities, subscribers, schedules }: Site): string {
  const parts = [
    count(authorities.length, 'identifier system'),
    count(sources.size, 'source'),
    count(clients.size, 'client'),
  ]
  return [...parts, count(subscribers.length, 'subscriber'), count(schedules.length, 'schedule')].join(', ')
}

function describeMaps({ events, tables, hash }: MapSet): string {
  return `${count(events.size, 'event')}, ${count(tables.size, 'code table')}, maps ${hash.slice(0, 12)}`
}
