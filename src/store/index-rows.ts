// What a resource is found by, as rows of the search tables and its bag of tokens; and the difference of two of these.
import { createHash } from 'node:crypto'
import { UTC, type ZoneOffset } from '../fhir/date.ts'
import { fieldsOf } from '../fhir/elements.ts'
import { indexResource, searchParam } from '../fhir/search-params.ts'
import type { IndexRows, NumberRow } from '../fhir/search-rows.ts'
import { isObject } from '../fhir/types.ts'
import { paramKey } from './binds.ts'
import { tokenOfCode, tokenOfPresence, tokenOfSystem, tokenOfSystemAndCode } from './tokens.ts'

export interface IdentifierCells {
  readonly param: string
  readonly value: string
  /** '' = none. */
  readonly system: string
}
export interface ReferenceCells {
  readonly param: string
  readonly target: string
}
export interface StringCells {
  readonly param: string
  readonly norm: string
}
export interface DateCells {
  readonly param: string
  /** timestamptz, or -infinity. */
  readonly low: string
  readonly high: string
}
export interface NumberCells {
  readonly param: string
  /** numeric, or -Infinity. */
  readonly low: string
  readonly high: string
  /** `system|code`; '' for a plain number. */
  readonly unit: string
}

/** Rows per search table, without tenant, type and id. None comes twice. */
export interface SideRows {
  readonly identifier: readonly IdentifierCells[]
  readonly reference: readonly ReferenceCells[]
  readonly string: readonly StringCells[]
  readonly date: readonly DateCells[]
  readonly number: readonly NumberCells[]
}

export interface ResourceIndex extends SideRows {
  /** bigint as decimal text, ascending, for resource.tokens. */
  readonly tokens: readonly string[]
}

/** Rows of one kind that a resource can have; it cannot be found by what it has beyond. */
const maxRowsPerTable = 2_000
/** Characters that are compared of a text. Four of these columns make one key of at most 2,704 bytes. */
const maxNormCharacters = 200
const maxKeyCharacters = 256
const kept = 190

/** A Patient that was merged into another one has this token, and is left out of ordinary searches. */
export const replacedToken = tokenOfPresence('_replaced')

/** Identifiers, URIs and absolute references as they are stored and looked up: too long ones end in their hash. */
export function keyText(text: string): string {
  if (text.length <= maxKeyCharacters) return text
  return `${text.slice(0, kept)}#${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
}

/** Normalised text as it is stored and looked up. */
export const normText = (text: string): string => text.slice(0, maxNormCharacters)

/** The rows of a resource; `zone` says what dates without a zone mean. */
export function resourceIndex(resource: unknown, zone: ZoneOffset = UTC): ResourceIndex {
  const rows = indexResource(resource, { zone })
  const rtype = isObject(resource) && typeof resource.resourceType === 'string' ? resource.resourceType : ''
  return {
    tokens: tokensOf(rtype, resource, rows),
    identifier: distinct(
      rows.identifiers.map(({ param, system, value }) => ({
        param: paramKey(param),
        value: keyText(value),
        system: keyText(system ?? ''),
      })),
    ),
    reference: distinct(
      [...rows.references, ...unsearched(rtype, resource)].map(({ param, target }) => ({
        param: paramKey(param),
        target: keyText(target),
      })),
    ),
    string: distinct(
      rows.strings.map(({ param, text }) => ({ param: paramKey(param), norm: normText(text) })),
    ),
    date: distinct(
      rows.dates.map(({ param, from, to }) => ({
        param: paramKey(param),
        low: timestampOf(from),
        high: timestampOf(to),
      })),
    ),
    number: distinct(rows.numbers.map(numberOf)),
  }
}

/** References that no search parameter reads, by which a merge finds who refers to what was merged. */
const unsearchedPaths: Readonly<Record<string, readonly (readonly [list: string, element: string])[]>> = {
  Task: [['input', 'valueReference']],
  Account: [
    ['coverage', 'coverage'],
    ['guarantor', 'party'],
  ],
}

function unsearched(rtype: string, resource: unknown): ReferenceCells[] {
  const paths = unsearchedPaths[rtype]
  if (!paths || !isObject(resource)) return []
  return paths.flatMap(([list, element]) => {
    const entries: readonly unknown[] = Array.isArray(resource[list]) ? resource[list] : []
    return entries.flatMap((each) => {
      const found = isObject(each) ? each[element] : undefined
      const target = isObject(found) ? found.reference : undefined
      return typeof target === 'string' ? [{ param: `_${list}`, target }] : []
    })
  })
}

function numberOf({ param, low, high, system, unit }: NumberRow): NumberCells {
  return {
    param: paramKey(param),
    low: low ?? '-Infinity',
    high: high ?? 'Infinity',
    unit: unit === '' && system === undefined ? '' : keyText(`${system ?? ''}|${unit}`),
  }
}

const earliestMs = Date.parse('0001-01-01T00:00:00Z')
const latestMs = Date.parse('+010000-01-01T00:00:00Z')

/** A time as PostgreSQL reads it; open ends of periods, and years of more than four digits, are infinite. */
export function timestampOf(ms: number): string {
  if (ms >= latestMs) return 'infinity'
  return ms < earliestMs ? '-infinity' : new Date(ms).toISOString()
}

function distinct<Row extends object>(rows: readonly Row[]): readonly Row[] {
  if (rows.length < 2) return rows
  const byKey = new Map<string, Row>()
  for (const row of rows) {
    if (byKey.size === maxRowsPerTable) break
    byKey.set(keyOf(row), row)
  }
  return [...byKey.values()]
}

const keyOf = (row: object): string => Object.values(row).join('\u0001')

function tokensOf(rtype: string, resource: unknown, rows: IndexRows): readonly string[] {
  const tokens = new Set<string>()
  for (const { param, system, code } of rows.tokens) {
    tokens.add(tokenOfCode(param, code))
    tokens.add(tokenOfSystemAndCode(param, system ?? '', code))
    if (system !== undefined) tokens.add(tokenOfSystem(param, system))
    if (tokens.size > maxRowsPerTable) break
  }
  for (const param of rows.present) {
    if (!isAlwaysPresent(rtype, param)) tokens.add(tokenOfPresence(param))
  }
  if (isReplaced(resource)) tokens.add(replacedToken)
  return [...tokens].sort(compareBigints)
}

/** Decimal texts of bigints in numeric order, without making bigints. */
function compareBigints(a: string, b: string): number {
  const negative = a.startsWith('-')
  if (negative !== b.startsWith('-')) return negative ? -1 : 1
  const order = a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
  return negative ? -order : order
}

const always = new Map<string, boolean>()

/** True when every valid resource of a type has a value for a parameter: then presence needs no token. */
export function isAlwaysPresent(rtype: string, code: string): boolean {
  const key = `${rtype}.${code}`
  const known = always.get(key)
  if (known !== undefined) return known
  const element = /^[A-Za-z]+\.([A-Za-z]+)$/.exec(searchParam(rtype, code)?.expression ?? '')?.[1]
  const fields = element === undefined ? [] : fieldsOf(rtype, element)
  // A reference may be logical only, and a concept may be text only: then there is nothing to find it by.
  const plain = fields.every(({ type }) => ['code', 'boolean', 'instant', 'dateTime', 'date'].includes(type))
  const is = fields.length === 1 && plain && (fields[0]?.row.min ?? 0) > 0
  always.set(key, is)
  return is
}

function isReplaced(resource: unknown): boolean {
  if (!isObject(resource) || resource.resourceType !== 'Patient' || !Array.isArray(resource.link))
    return false
  const links: readonly unknown[] = resource.link
  return links.some((link) => isObject(link) && link.type === 'replaced-by')
}

const none: ResourceIndex = { tokens: [], identifier: [], reference: [], string: [], date: [], number: [] }

export interface IndexDiff {
  readonly tokensChanged: boolean
  readonly insert: SideRows
  readonly remove: SideRows
}

/** What to insert and what to delete so that `before` becomes `after`; undefined = not stored, or deleted. */
export function diffIndexRows(
  before: ResourceIndex | undefined,
  after: ResourceIndex | undefined,
): IndexDiff {
  const old = before ?? none
  const next = after ?? none
  const tokensChanged =
    old.tokens.length !== next.tokens.length || old.tokens.some((token, i) => token !== next.tokens[i])
  return { tokensChanged, insert: missingFrom(old, next), remove: missingFrom(next, old) }
}

/** Rows of `rows` that `base` does not have. */
function missingFrom(base: SideRows, rows: SideRows): SideRows {
  return {
    identifier: minus(rows.identifier, base.identifier),
    reference: minus(rows.reference, base.reference),
    string: minus(rows.string, base.string),
    date: minus(rows.date, base.date),
    number: minus(rows.number, base.number),
  }
}

function minus<Row extends object>(rows: readonly Row[], base: readonly Row[]): readonly Row[] {
  if (base.length === 0 || rows.length === 0) return rows
  const keys = new Set(base.map(keyOf))
  return rows.filter((row) => !keys.has(keyOf(row)))
}
