// The tables of docs/reference that follow from the code, as Markdown. scripts/write-reference.ts puts them into the
// documents, test/docs.test.ts compares.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Registry } from 'prom-client'
import { legalTransition } from '../src/canonical/appointment/appointment-status.ts'
import { VISIT_EVENTS } from '../src/canonical/visit/encounter-events.ts'
import { type Setting, settings } from '../src/config.ts'
import { REFUSALS, STATUS_OF_CODE } from '../src/fhir/outcome.ts'
import { leaves } from '../src/mappings/engine/leaf.ts'
import { createMetrics } from '../src/pipeline/metrics.ts'
import type { Deps } from '../src/server/context.ts'
import { observe } from '../src/server/middleware.ts'
import type { Database } from '../src/store/db.ts'

const root = join(import.meta.dirname, '..')

type Cell = string | number

export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) =>
    `| ${cells.map((each) => String(each).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const code = (text: string): string => `\`${text}\``
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Text of all our sources but the files named. */
export function sourcesBut(...names: readonly string[]): string {
  const src = join(root, 'src')
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('.generated.') && !names.includes(name))
    .filter((name) => statSync(join(src, name)).isFile())
    .map((name) => readFileSync(join(src, name), 'utf8'))
    .join('\n')
}

function configuration(): string {
  const rows = Object.values<Setting<unknown>>(settings).map(
    ({ name, default: given, unit, description }) => [
      code(name),
      given === undefined ? 'not set' : code(given),
      unit ?? '',
      description,
    ],
  )
  return table(['Variable', 'Default', 'Unit', 'Meaning'], rows)
}

/** Settings that are read, checked, and then used by nobody. */
export function idleSettings(): string[] {
  const text = sourcesBut('config.ts')
  return Object.entries<Setting<unknown>>(settings)
    .filter(([key]) => !new RegExp(`\\.${key}\\b`).test(text))
    .map(([, { name }]) => name)
}

interface Schema {
  readonly type?: string
  readonly $ref?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly default?: unknown
  readonly description?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly $defs?: Readonly<Record<string, Schema>>
}

const readSchema = (): Schema =>
  JSON.parse(readFileSync(join(root, 'profiles/sites/site.schema.json'), 'utf8')) as Schema

function site(): string {
  const schema = readSchema()
  const whole = (each: Schema): Schema => ({ ...schema.$defs?.[each.$ref?.split('/').pop() ?? ''], ...each })
  const typeOf = (each: Schema): string => {
    const full = whole(each)
    if (full.const !== undefined) return code(full.const)
    if (full.enum) return full.enum.map(code).join(', ')
    if (full.anyOf) return full.anyOf.map(typeOf).join(' or ')
    return full.type === 'array' ? `list of ${typeOf(full.items ?? {})}` : (full.type ?? 'anything')
  }
  const rowsOf = ({ properties = {}, required = [] }: Schema, prefix: string, deep: boolean): string[][] =>
    Object.entries(properties).flatMap(([name, each]) => {
      const { default: given, description = '' } = whole(each)
      const usual = required.includes(name)
        ? 'required'
        : given === undefined
          ? ''
          : code(JSON.stringify(given))
      const inner = each.items ?? each
      const path = `${prefix}${name}${each.items ? '[]' : ''}.`
      return [
        [code(prefix + name), typeOf(each), usual, description],
        ...(deep && inner.properties ? rowsOf(inner, path, deep) : []),
      ]
    })
  const head = ['Property', 'Type', 'Default', 'Meaning']
  const parts = Object.entries(schema.$defs ?? {})
    .filter(([, each]) => each.type === 'object')
    .map(([name, each]) => `## ${name}\n\n${each.description}\n\n${table(head, rowsOf(each, '', true))}`)
  return [`## The file\n\n${table(head, rowsOf(schema, '', false))}`, ...parts].join('\n\n')
}

function metrics(): string {
  const made = createMetrics(() => {})
  // Gauges and labels are declared here; nothing is read or counted.
  made.watch({ db: {} as Database, waiting: () => 0, connections: () => 0 } as Parameters<
    typeof made.watch
  >[0])
  observe({ metrics: made.registry } as Deps)
  const rows = [...listOf(made.registry)].sort(([a = ''], [b = '']) => compare(a, b))
  return table(['Name', 'Type', 'Labels', 'Meaning'], rows)
}

const listOf = (registry: Registry): string[][] =>
  registry.getMetricsAsArray().map((metric) => {
    const labels: unknown = Reflect.get(metric, 'labelNames')
    const shown = Array.isArray(labels) ? labels.map((each) => code(String(each))).join(', ') : ''
    return [code(metric.name), String(metric.type), shown, metric.help]
  })

function leafTable(): string {
  const rows = [...leaves]
    .sort(([a], [b]) => compare(a, b))
    .map(([name, { yields, reads }]) => [
      code(name),
      yields === '' ? 'a fact' : yields,
      reads === 'all' ? 'all' : reads.join(', '),
    ])
  return table(['Leaf', 'Yields', 'Reads the parts'], rows)
}

const appointmentStates = [
  'proposed',
  'pending',
  'waitlist',
  'booked',
  'arrived',
  'checked-in',
  'fulfilled',
  'noshow',
  'cancelled',
  'entered-in-error',
] as const

function appointments(): string {
  const next = (from: string, by: 'client' | 'filler' | 'arrival') =>
    appointmentStates.filter((to) => to !== from && legalTransition(from, to, by).ok)
  const rows = appointmentStates.map((from) => {
    const client = next(from, 'client')
    const more = (by: 'filler' | 'arrival') => next(from, by).filter((to) => !client.includes(to))
    return [from, client, more('filler'), more('arrival')].map((each) =>
      typeof each === 'string' ? code(each) : each.length > 0 ? each.map(code).join(', ') : 'none',
    )
  })
  const head = [
    'From',
    'A client may set',
    'The filler (SIU) also',
    'Arrival and end of a linked visit (ADT) also',
  ]
  return table(head, rows)
}

function visits(): string {
  const rows = Object.entries(VISIT_EVENTS)
    .filter(([, { to, cancels }]) => to ?? cancels)
    .map(([event, { to, from = [], cancels = [] }]) => [
      event,
      to === undefined ? '' : code(to),
      from.map(code).join(', '),
      cancels.join(', '),
    ])
  return table(['Event', 'Leads to', 'From', 'Cancels the latest'], rows)
}

function refusals(): string {
  const rows = Object.entries(REFUSALS).map(([name, { status, code: issue }]) => [name, status, code(issue)])
  return table(['Refusal', 'HTTP', 'issue.code'], rows)
}

function issueCodes(): string {
  const rows = Object.entries(STATUS_OF_CODE).map(([issue, status]) => [code(issue), status])
  return table(['issue.code', 'HTTP'], rows)
}

/** By the name that stands in the marker of a document. */
export const tables: Readonly<Record<string, () => string>> = {
  configuration,
  site,
  metrics,
  leaves: leafTable,
  appointments,
  visits,
  refusals,
  'issue-codes': issueCodes,
}

const marked = /(<!-- table: ([a-z-]+) -->)[\s\S]*?(<!-- end of table -->)/g

/** The document with its marked tables as they must be. */
export function withTables(markdown: string): string {
  return markdown.replace(marked, (_all, begin: string, name: string, end: string) => {
    const make = tables[name]
    if (!make) throw new Error(`there is no table ${name}`)
    return `${begin}\n\n${make()}\n\n${end}`
  })
}
