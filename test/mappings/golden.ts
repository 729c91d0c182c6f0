// What each sample makes of an empty store, as `portico translate` shows it, in a form that people can review.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { openSite } from '../../src/cli/reading.ts'
import type { AckError } from '../../src/hl7/ack.ts'
import { preview } from '../../src/pipeline/reading/preview.ts'
import { readPayload } from '../../src/pipeline/reading/receive.ts'

const root = join(import.meta.dirname, '../..')
const samples = join(root, 'samples')
export const goldens = join(root, 'test/golden')

interface GoldenMessage {
  readonly event: string
  readonly ack: string
  /** 'W STALE PID^1^11'. */
  readonly errors: readonly string[]
  /** Positions that no row reads. */
  readonly residue: readonly string[]
}

export interface Golden {
  readonly messages: readonly GoldenMessage[]
  /** 'Encounter/x' -> the resource, without type and id. */
  readonly resources: Readonly<Record<string, unknown>>
}

/** Names of the samples: '05-visits/01-a10-arrives'. */
export const sampleNames = (): string[] =>
  readdirSync(samples, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.hl7'))
    .map((file) => file.replace(/\.hl7$/, ''))
    .sort()

export const goldenNames = (): string[] =>
  readdirSync(goldens, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .map((file) => relative(goldens, join(goldens, file)).replace(/\.json$/, ''))
    .sort()

const open = openSite(join(root, 'profiles/sites/demo/site.json'), {})
/** After all samples, so that none of them lies in the future. */
const now = new Date('2026-12-01T12:00:00Z')

/** What a sample makes, by itself. */
export function goldenOf(name: string): Golden {
  let number = 0
  const read = readPayload(
    { raw: readFileSync(join(samples, `${name}.hl7`)), channel: 'file', peer: name },
    {
      site: () => open.site,
      maps: () => open.maps,
      now: () => now,
      newControlId: () => `G${++number}`,
      lineage: false,
    },
  )
  const items = 'fault' in read ? [read.fault] : read.items
  const { resources, results } = preview(items, open.site)
  const entries = resources.map(({ resourceType, id, ...body }): [string, unknown] => [
    `${String(resourceType)}/${String(id)}`,
    body,
  ])
  const made: Golden = {
    messages: items.map(({ event, mapped }, i) => ({
      event,
      ack: results[i]?.code ?? '',
      errors: (results[i]?.errors ?? []).map(describe),
      residue: mapped?.residue ?? [],
    })),
    resources: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  }
  return JSON.parse(JSON.stringify(made)) as Golden
}

const describe = ({ severity, code, app, locations }: AckError): string =>
  [severity, app ?? code, locations?.join(' ')].filter((part) => part !== undefined && part !== '').join(' ')

export const goldenFile = (name: string): string => join(goldens, `${name}.json`)

/** What differs, one line for each place: 'resources.Encounter/x.status: "planned" was "arrived"'. */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  if (typeof before === 'object' && typeof after === 'object' && before !== null && after !== null) {
    const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>]
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    return keys.flatMap((key) => differences(a[key], b[key], path === '' ? key : `${path}.${key}`))
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  return [`${path}: ${JSON.stringify(after) ?? 'nothing'} was ${JSON.stringify(before) ?? 'nothing'}`]
}
