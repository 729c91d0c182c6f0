// Made from the tables: every search parameter of every type finds what it should and not its neighbour, with each
// modifier and prefix that it has. What a resource is found by is collected by the expression (test/fhir/path.test.ts
// holds that to fhirpath.js); what a value means is said here once more, in a few lines for each type of parameter.
// Longer than 300 lines: one table of questions.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseTime, UTC } from '../../src/fhir/date.ts'
import { modifiersOf } from '../../src/fhir/filter-read.ts'
import { compilePath } from '../../src/fhir/path.ts'
import { type SearchParam, searchParamsOf } from '../../src/fhir/search-params.ts'
import { parseSearch } from '../../src/fhir/search-query.ts'
import { normaliseText } from '../../src/fhir/search-text.ts'
import { isObject, type JsonObject, type Resource, SERVED_TYPES } from '../../src/fhir/types.ts'
import { searchPage } from '../../src/store/search.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { Generator } from '../fhir/generate.ts'
import { writer } from './writer.ts'

const perType = 10

function corpus(type: string): Resource[] {
  const generator = new Generator(type.length * 7 + type.charCodeAt(1))
  return Array.from({ length: perType }, (_, i): Resource => {
    const made = generator.element(type, 4)
    // What merges and protection hide is no matter of this test.
    delete made.link
    return { ...made, resourceType: type, id: `${type.toLowerCase()}${i}` }
  })
}

/** The values that a parameter has in a resource, as its expression finds them. */
function valuesOf({ expression }: SearchParam, resource: Resource): unknown[] {
  const found: unknown[] = []
  compilePath<unknown[]>(
    expression,
    resource.resourceType,
    () => (value, into) => void into.push(value),
  )(resource, found)
  return found
}

const objects = (value: unknown): JsonObject[] =>
  (Array.isArray(value) ? value : [value]).filter((each): each is JsonObject => isObject(each))
const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.flatMap(texts)
      : isObject(value)
        ? Object.values(value).flatMap(texts)
        : []

/** What is asked for, and whether a value is meant by it. */
interface Question {
  readonly query: string
  readonly holds: (values: readonly unknown[]) => boolean
}

const escaped = (text: string): string => text.replace(/[\\,|$]/g, '\\$&')

interface Code {
  readonly system: string | undefined
  readonly code: string
}

function codesOf(value: unknown): Code[] {
  if (typeof value === 'string') return [{ system: undefined, code: value }]
  if (typeof value === 'boolean') return [{ system: undefined, code: String(value) }]
  if (!isObject(value)) return []
  if ('coding' in value) return objects(value.coding).flatMap(codesOf)
  const code = value.code ?? value.value
  const system = typeof value.system === 'string' ? value.system : undefined
  return typeof code === 'string' ? [{ system, code }] : []
}

function tokenQuestions(code: string, values: readonly unknown[]): Question[] {
  const [first] = values.flatMap(codesOf)
  if (!first) return []
  const has = (each: unknown, wanted: string): boolean => codesOf(each).some((known) => known.code === wanted)
  const plain = escaped(first.code)
  const near = `${first.code}x`
  const questions: Question[] = [
    { query: `${code}=${plain}`, holds: (all) => all.some((each) => has(each, first.code)) },
    { query: `${code}=${escaped(near)}`, holds: (all) => all.some((each) => has(each, near)) },
    { query: `${code}=${plain},${escaped(near)}`, holds: (all) => all.some((each) => has(each, first.code)) },
    { query: `${code}:not=${plain}`, holds: (all) => !all.some((each) => has(each, first.code)) },
  ]
  const { system } = first
  if (system === undefined) return questions
  const isIn = (each: unknown, wanted: string): boolean =>
    codesOf(each).some((known) => known.system === system && (wanted === '' || known.code === wanted))
  questions.push(
    {
      query: `${code}=${escaped(system)}|${plain}`,
      holds: (all) => all.some((each) => isIn(each, first.code)),
    },
    { query: `${code}=${escaped(system)}|`, holds: (all) => all.some((each) => isIn(each, '')) },
    { query: `${code}=${escaped(system)}x|${plain}`, holds: () => false },
  )
  return questions
}

function stringQuestions(
  code: string,
  values: readonly unknown[],
  used: (value: unknown) => string[],
): Question[] {
  const [first] = values.flatMap(used)
  if (first === undefined) return []
  const whole = normaliseText(first)
  const begin = whole.slice(0, 2)
  const some = (test: (text: string) => boolean) => (all: readonly unknown[]) =>
    all.some((each) => used(each).some(test))
  const questions: Question[] = [
    { query: `${code}=${escaped(begin)}`, holds: some((text) => normaliseText(text).startsWith(begin)) },
    {
      query: `${code}=${escaped(`${whole}x`)}`,
      holds: some((text) => normaliseText(text).startsWith(`${whole}x`)),
    },
    { query: `${code}:exact=${escaped(first)}`, holds: some((text) => text === first) },
  ]
  if (first !== first.toUpperCase())
    questions.push({
      query: `${code}:exact=${escaped(first.toUpperCase())}`,
      holds: some((text) => text === first.toUpperCase()),
    })
  const inside = whole.slice(1)
  if (inside.length >= 3)
    questions.push({
      query: `${code}:contains=${escaped(inside)}`,
      holds: some((text) => normaliseText(text).includes(inside)),
    })
  return questions
}

const nameParts = ['family', 'given', 'prefix', 'suffix', 'text']
const addressParts = ['line', 'city', 'district', 'state', 'postalCode', 'country', 'text']

/** Texts of a value that its parameter looks at. */
function searched(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (!isObject(value)) return []
  return [...new Set([...nameParts, ...addressParts])].flatMap((name) => texts(value[name]))
}

function referenceQuestions({ code }: SearchParam, values: readonly unknown[]): Question[] {
  const target = (value: unknown): string | undefined => {
    const text = isObject(value) ? value.reference : value
    return typeof text === 'string' ? text : undefined
  }
  const found = values.map(target).find((each) => each !== undefined)
  if (found === undefined) return identifierQuestions(code, values)
  const is = (wanted: string) => (all: readonly unknown[]) =>
    all.some((each) => target(each) === wanted || target(each)?.startsWith(`${wanted}|`) === true)
  const questions: Question[] = [
    { query: `${code}=${escaped(found)}`, holds: is(found) },
    { query: `${code}=${escaped(`${found}x`)}`, holds: is(`${found}x`) },
  ]
  const [type = '', id = ''] = found.split('/')
  if (/^[A-Z]/.test(type) && SERVED_TYPES.includes(type))
    questions.push({ query: `${code}:${type}=${id}`, holds: is(found) })
  return [...questions, ...identifierQuestions(code, values)]
}

function identifierQuestions(code: string, values: readonly unknown[]): Question[] {
  const identifier = (value: unknown): unknown => (isObject(value) ? value.identifier : undefined)
  const [first] = values.flatMap((value) => codesOf(identifier(value)))
  if (!first) return []
  const holds = (all: readonly unknown[]): boolean =>
    all.some((each) => codesOf(identifier(each)).some((known) => known.code === first.code))
  return [{ query: `${code}:identifier=${escaped(first.code)}`, holds }]
}

type Range = readonly [from: number, to: number]

function timesOf(value: unknown): Range[] {
  const read = (text: unknown): Range | undefined => {
    const time = typeof text === 'string' ? parseTime(text, UTC) : undefined
    return time && [time.from, time.to]
  }
  const whole = read(value)
  if (whole) return [whole]
  if (!isObject(value)) return []
  if (Array.isArray(value.event))
    return value.event.flatMap((each): Range[] => {
      const time = read(each)
      return time ? [time] : []
    })
  const [start, end] = [read(value.start), read(value.end)]
  if (!start && !end) return []
  const range: Range = [start?.[0] ?? Number.NEGATIVE_INFINITY, end?.[1] ?? Number.POSITIVE_INFINITY]
  return range[0] < range[1] ? [range] : []
}

/** search.html#prefix, for a stored range [a, b) and an asked one [from, to). */
const timePrefixes: Readonly<Record<string, (stored: Range, asked: Range) => boolean>> = {
  eq: ([a, b], [from, to]) => from <= a && b <= to,
  ne: ([a, b], [from, to]) => !(from <= a && b <= to),
  gt: ([, b], [, to]) => b > to,
  lt: ([a], [from]) => a < from,
  ge: ([a, b], [from, to]) => b > to || (from <= a && b <= to) || a >= from,
  le: ([a, b], [from, to]) => a < from || (from <= a && b <= to) || b <= to,
  sa: ([a], [, to]) => a >= to,
  eb: ([, b], [from]) => b <= from,
}

function dateQuestions(code: string, values: readonly unknown[]): Question[] {
  const written = values
    .flatMap((value) => (typeof value === 'string' ? [value] : texts(value)))
    .filter((text) => timesOf(text).length > 0)
  return [...new Set([...written.slice(0, 1), '2020-02', '2020-02-29'])].flatMap((text) => {
    const [asked] = timesOf(text)
    return Object.entries(timePrefixes).map(
      ([prefix, compare]): Question => ({
        query: `${code}=${prefix}${text}`,
        holds: (all) =>
          asked !== undefined && all.some((each) => timesOf(each).some((stored) => compare(stored, asked))),
      }),
    )
  })
}

function numbersOf(value: unknown): number[] {
  const amount = isObject(value) ? value.value : value
  return typeof amount === 'number' && (!isObject(value) || value.comparator === undefined) ? [amount] : []
}

const numberPrefixes: Readonly<Record<string, (stored: number, asked: number) => boolean>> = {
  eq: (stored, asked) => stored >= asked - 0.5 && stored < asked + 0.5,
  ne: (stored, asked) => !(stored >= asked - 0.5 && stored < asked + 0.5),
  gt: (stored, asked) => stored > asked,
  lt: (stored, asked) => stored < asked,
  ge: (stored, asked) => stored >= asked,
  le: (stored, asked) => stored <= asked,
  sa: (stored, asked) => stored > asked,
  eb: (stored, asked) => stored < asked,
  ap: (stored, asked) => Math.abs(stored - asked) <= Math.abs(asked) * 0.1,
}

/** Ranges and comparators have tests of their own; here the amounts of a corpus without them are compared. */
function numberQuestions(code: string, values: readonly unknown[]): Question[] {
  if (values.some((value) => isObject(value) && ('comparator' in value || 'low' in value || 'high' in value)))
    return []
  return [2, 100].flatMap((asked) =>
    Object.entries(numberPrefixes).map(
      ([prefix, compare]): Question => ({
        query: `${code}=${prefix}${asked}`,
        holds: (all) => all.some((each) => numbersOf(each).some((stored) => compare(stored, asked))),
      }),
    ),
  )
}

function uriQuestions(code: string, values: readonly unknown[]): Question[] {
  const [first] = values.filter((value) => typeof value === 'string')
  if (first === undefined) return []
  const is = (wanted: string) => (all: readonly unknown[]) => all.includes(wanted)
  return [
    { query: `${code}=${escaped(first)}`, holds: is(first) },
    { query: `${code}=${escaped(`${first}x`)}`, holds: is(`${first}x`) },
  ]
}

const contacts: ReadonlySet<string> = new Set(['phone', 'email', 'telecom'])

function questionsOf(param: SearchParam, all: readonly (readonly unknown[])[]): Question[] {
  const values = all.flat()
  const { code, type } = param
  switch (type) {
    case 'token':
      // Phone numbers have a test of their own; values of tests are compared as text here.
      return contacts.has(code) ? [] : tokenQuestions(code, values)
    case 'string':
      return stringQuestions(code, values, searched)
    case 'reference':
      return referenceQuestions(param, values)
    case 'date':
      return dateQuestions(code, values)
    case 'number':
    case 'quantity':
      return numberQuestions(code, values)
    case 'uri':
      return uriQuestions(code, values)
    default:
      return []
  }
}

/** The values that a resource has a row for: what `:missing` asks for. */
function isPresent({ type }: SearchParam, values: readonly unknown[]): boolean | undefined {
  switch (type) {
    case 'date':
      return values.some((value) => timesOf(value).length > 0)
    case 'string':
      return values.some((value) => searched(value).length > 0)
    case 'token':
      return values.some((value) => codesOf(value).length > 0)
    default:
      return undefined
  }
}

/** Columns; and sounds, which have a test of their own (test/server/search-forms.test.ts). */
const others: ReadonlySet<string> = new Set(['_id', '_lastUpdated', 'phonetic'])

describe('every parameter of the table', () => {
  let store: TestDatabase
  const things = new Map<string, Resource[]>(SERVED_TYPES.map((type) => [type, corpus(type)]))
  before(async () => {
    store = await testDatabase()
    await writer(store.db, UTC).put([...things.values()].flat())
  })
  after(() => store.drop())

  async function found(type: string, query: string): Promise<string[]> {
    const read = parseSearch(type, new URLSearchParams(query.replaceAll('+', '%2B')), {
      zone: UTC,
      limits: { maxCount: 100 },
    })
    assert.ok('query' in read, `${type}?${query}: ${JSON.stringify(read)}`)
    assert.deepEqual(read.unknown, [], query)
    const page = await searchPage(store.db.read, 1, { ...read.query, count: 100 })
    assert.equal(page.total, page.rows.length)
    return page.rows.map(({ id }) => id).sort()
  }

  let asked = 0
  for (const type of SERVED_TYPES) {
    test(`${type}: values and their near misses, modifiers, prefixes`, async () => {
      const own = things.get(type) ?? []
      for (const param of searchParamsOf(type).values()) {
        if (others.has(param.code) || param.type === 'composite' || param.type === 'special') continue
        const values = own.map((resource) => valuesOf(param, resource))
        for (const { query, holds } of questionsOf(param, values)) {
          const [, modifier] = /^[^=]*?:([a-z-]+)=/.exec(query) ?? []
          assert.ok(modifier === undefined || modifiersOf(param).includes(modifier), query)
          const expected = own.filter((_, i) => holds(values[i] ?? [])).map(({ id }) => String(id))
          assert.deepEqual(await found(type, query), expected.sort(), `${type}?${query}`)
          asked += 1
        }
        const present = own.map((_, i) => isPresent(param, values[i] ?? []))
        if (present.includes(undefined)) continue
        const missing = own.filter((_, i) => present[i] === false).map(({ id }) => String(id))
        assert.deepEqual(
          await found(type, `${param.code}:missing=true`),
          missing.sort(),
          `${type}?${param.code}:missing=true`,
        )
      }
    })
  }

  test('the questions are many', () => assert.ok(asked > 2_000, String(asked)))
})
