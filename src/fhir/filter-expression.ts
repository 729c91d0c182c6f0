// `_filter`: conditions joined by and, or and not (http://hl7.org/fhir/R4/search_filter.html). Each comparison is read
// like the search parameter that it names; an expression has no own way to the store.
import type { Filter, StringFilter } from './filter.ts'
import { type FilterRead, type Reading, refuse } from './filter-read.ts'
import { type SearchParam, searchParam } from './search-params.ts'

export const expressionLimits = { maxComparisons: 50, maxParentheses: 10 } as const

type ReadFilter = (type: string, name: string, value: string, reading: Reading) => FilterRead

const TOKEN = /\s*(?:([()])|"((?:[^"\\]|\\.)*)"|([^\s()"]+))/y
const OPERATORS = new Set('eq ne co sw ew gt lt ge le ap sa eb pr po ss sb in ni re'.split(' '))

interface Token {
  readonly kind: 'sign' | 'text' | 'word'
  readonly text: string
}

/** What ends the reading: an answer for the client. */
class Unreadable extends Error {
  readonly read: FilterRead
  constructor(read: FilterRead) {
    super('the expression cannot be read')
    this.read = read
  }
}

export function readExpression(type: string, value: string, reading: Reading, read: ReadFilter): FilterRead {
  try {
    return { filter: new Parser(type, value, reading, read).whole() }
  } catch (error) {
    if (error instanceof Unreadable) return error.read
    throw error
  }
}

class Parser {
  readonly #type: string
  readonly #reading: Reading
  readonly #read: ReadFilter
  readonly #tokens: Token[] = []
  #at = 0
  #comparisons = 0

  constructor(type: string, source: string, reading: Reading, read: ReadFilter) {
    this.#type = type
    this.#reading = reading
    this.#read = read
    TOKEN.lastIndex = 0
    const text = source.trimEnd()
    while (TOKEN.lastIndex < text.length) {
      const match = TOKEN.exec(text)
      if (!match) this.#fail('has a quotation mark without an end')
      const [, sign, quoted, word] = match
      if (sign !== undefined) this.#tokens.push({ kind: 'sign', text: sign })
      else if (quoted !== undefined) this.#tokens.push({ kind: 'text', text: quoted.replace(/\\(.)/g, '$1') })
      else this.#tokens.push({ kind: 'word', text: word ?? '' })
    }
  }

  whole(): Filter {
    const filter = this.#or(0)
    if (this.#at < this.#tokens.length) this.#fail('has something behind its end')
    return filter
  }

  #fail(text: string, code: 'invalid' | 'too-costly' | 'not-supported' = 'invalid'): never {
    throw new Unreadable(
      refuse(this.#reading.name, `${text} - use such as: family eq "Chen" and active eq true`, code),
    )
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind === 'text' || token?.text !== text) return false
    this.#at += 1
    return true
  }

  #or(depth: number): Filter {
    const filters = [this.#and(depth)]
    while (this.#take('or')) filters.push(this.#and(depth))
    return joined('any', filters)
  }

  #and(depth: number): Filter {
    const filters = [this.#term(depth)]
    while (this.#take('and')) filters.push(this.#term(depth))
    return joined('all', filters)
  }

  #term(depth: number): Filter {
    if (depth >= expressionLimits.maxParentheses) this.#fail('is nested too deep', 'too-costly')
    if (this.#take('not')) {
      if (!this.#take('(')) this.#fail('needs ( after not')
      return { kind: 'not', filter: this.#inner(depth) }
    }
    return this.#take('(') ? this.#inner(depth) : this.#comparison()
  }

  #inner(depth: number): Filter {
    const filter = this.#or(depth + 1)
    if (!this.#take(')')) this.#fail('lacks a )')
    return filter
  }

  #comparison(): Filter {
    this.#comparisons += 1
    if (this.#comparisons > expressionLimits.maxComparisons)
      this.#fail('has too many comparisons', 'too-costly')
    const [path, operator, value] = this.#tokens.slice(this.#at, this.#at + 3)
    if (path?.kind !== 'word' || operator?.kind !== 'word' || !value || value.kind === 'sign')
      this.#fail('is no comparison')
    if (!OPERATORS.has(operator.text)) this.#fail('has an operator that is not known')
    if (path.text.includes('[')) this.#fail('has a condition inside of a path', 'not-supported')
    this.#at += 3
    const param = lastParam(this.#type, path.text)
    const quoted = value.kind === 'text'
    const asked = question(param, operator.text, value.text)
    if (asked === undefined)
      this.#fail(`does not compare ${param?.type ?? 'this'} by ${operator.text}`, 'not-supported')
    const { modifier, prefix, negated, match } = asked
    const name = modifier === undefined ? path.text : `${path.text}:${modifier}`
    const raw = quoted || param?.type === 'string' ? escaped(value.text, param?.type) : value.text
    const read = this.#read(this.#type, name, `${prefix ?? ''}${raw}`, this.#reading)
    if (!('filter' in read)) throw new Unreadable('unknown' in read ? this.#unknown(read.unknown) : read)
    const found = match ? matching(read.filter, match) : read.filter
    const filter = operator.text === 'po' ? overlapping(found) : found
    return negated ? { kind: 'not', filter } : filter
  }

  /** What is left out of a condition would turn it into another one: an unknown name refuses the expression. */
  #unknown(issue: { readonly diagnostics: string }): FilterRead {
    const diagnostics = issue.diagnostics.replace(' and was ignored', '')
    return { issue: { severity: 'error', code: 'not-supported', diagnostics } }
  }
}

const joined = (kind: 'all' | 'any', filters: readonly Filter[]): Filter => {
  const [first] = filters
  return filters.length === 1 && first ? first : { kind, filters }
}

/** Commas and the like of a value are no separators here; a bar is, for tokens and quantities. */
const escaped = (text: string, type: string | undefined): string =>
  text.replace(type === 'string' ? /[\\,|$]/g : /[\\,]/g, '\\$&')

/** The parameter that a path ends with, when its type is the same whatever the path leads to. */
function lastParam(type: string, path: string): SearchParam | undefined {
  const [code = '', ...rest] = path.split('.')
  const param = searchParam(type, code.split(':')[0] ?? '')
  if (rest.length === 0 || !param) return param
  for (const target of code.includes(':') ? [code.split(':')[1] ?? ''] : param.targets) {
    const found = lastParam(target, rest.join('.'))
    if (found) return found
  }
  return undefined
}

interface Question {
  readonly modifier?: string
  readonly prefix?: string
  readonly negated?: boolean
  readonly match?: StringFilter['match']
}

/** The request of a search parameter that an operator stands for; undefined when there is none. */
function question(param: SearchParam | undefined, operator: string, value: string): Question | undefined {
  if (operator === 'pr')
    return value === 'true' || value === 'false' ? { modifier: 'missing', negated: true } : undefined
  switch (param?.type) {
    case 'string': {
      const matches = { eq: 'equals', ne: 'equals', co: 'contains', sw: 'starts', ew: 'ends' } as const
      const match = Object.hasOwn(matches, operator) ? matches[operator as keyof typeof matches] : undefined
      return match && { match, ...(operator === 'ne' && { negated: true }) }
    }
    case 'date':
    case 'number':
    case 'quantity': {
      if (operator === 'po') return { prefix: 'ap' }
      return /^(?:eq|ne|gt|lt|ge|le|ap|sa|eb)$/.test(operator) ? { prefix: operator } : undefined
    }
    case 'token': {
      const modifiers: Readonly<Record<string, string>> = {
        ne: 'not',
        in: 'in',
        ni: 'not-in',
        sb: 'below',
        ss: 'above',
      }
      const modifier = Object.hasOwn(modifiers, operator) ? modifiers[operator] : undefined
      return operator === 'eq' ? {} : modifier === undefined ? undefined : { modifier }
    }
    case 'reference':
      return operator === 'eq' || operator === 're' ? {} : operator === 'ne' ? { negated: true } : undefined
    case 'uri':
      return operator === 'eq' ? {} : operator === 'ne' ? { negated: true } : undefined
    default:
      return operator === 'eq' ? {} : undefined
  }
}

/** The same condition on text, compared in another way; also at the end of a chain. */
function matching(filter: Filter, match: StringFilter['match']): Filter {
  if (filter.kind === 'string') return { ...filter, match }
  if (filter.kind !== 'chain') return filter
  const alternatives = filter.alternatives.map((each) => ({ ...each, filter: matching(each.filter, match) }))
  return { ...filter, alternatives }
}

/** `ap` looks around what was asked for as far as that is wide, `po` does not. */
function overlapping(filter: Filter): Filter {
  if (filter.kind !== 'date') return filter
  const values = filter.values.map(({ prefix, from, to }) => {
    const width = (to - from) / 3
    return { prefix, from: from + width, to: to - width }
  })
  return { ...filter, values }
}
