// Conditions of rows: the IG's "Computable ANTLR" column in one regular spelling (v2-to-FHIR IG, condition
// syntax).
import { type Path, parsePath } from '../../hl7/path.ts'

/** A position as rows write it, read once: 'PID-5.1', 'PID-3[2].4', in data type maps '7' and '1.2'. */
export interface Position {
  readonly text: string
  /** Of a message. */
  readonly path: Path | undefined
  /** Of a data type. */
  readonly component: number
  readonly subcomponent: number
}

/** What a condition may ask of a message. */
export interface Facts {
  /** Decoded text of the first repetition; undefined when absent, empty or `""`. */
  text(at: Position): string | undefined
  /** Number of repetitions that are sent. */
  count(at: Position): number
}

export type Test = (facts: Facts) => boolean

/** A condition that asks for one value at one position and nothing else: PV1-3.1 EQUALS "ICU". */
export interface Wanted {
  readonly at: Position
  readonly value: string
}

export type ConditionResult =
  | { readonly test: Test; readonly positions: readonly string[]; readonly alone: Wanted | undefined }
  | { readonly fault: string }

const TOKEN = /\s*(?:("[^"]*")|([(),])|([A-Z][A-Z0-9]{2}-\d[\d.[\]]*|\d+(?:\.\d+)*)|([A-Za-z]+))/y
const positionForm = /^(?:[A-Z][A-Z0-9]{2}-\d+(?:\[\d+\])?(?:\.\d+){0,2}|\d+(?:\.\d+)?)$/

/** Longest condition read, in characters. */
export const maxConditionChars = 2_000

class Fault extends Error {}

// Positions come from rows, so there are few: one object each, so that they are compared without looking at the text.
const positions = new Map<string, Position>()

function positionOf(text: string): Position {
  const known = positions.get(text)
  if (known) return known
  const [component = 1, subcomponent = 1] = text.split('.').map(Number)
  const made = { text, path: parsePath(text), component, subcomponent }
  positions.set(text, made)
  return made
}

/** Parses a condition; a fault says what was expected where. */
export function parseCondition(text: string): ConditionResult {
  if (text.length > maxConditionChars) return { fault: `longer than ${maxConditionChars} characters` }
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  let end = 0
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    tokens.push(match[0].trim())
    end = TOKEN.lastIndex
  }
  const stray = text.slice(end).trim()
  if (stray !== '') return { fault: `cannot read '${stray.slice(0, 20)}'` }
  const parser = new Parser(tokens)
  try {
    const test = parser.whole()
    return { test, positions: parser.positions, alone: parser.alone }
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message }
    throw error
  }
}

class Parser {
  readonly #tokens: readonly string[]
  readonly positions: string[] = []
  #wanted: Wanted | undefined
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  get alone(): Wanted | undefined {
    return this.positions.length === 1 ? this.#wanted : undefined
  }

  whole(): Test {
    const test = this.#or()
    if (this.#at < this.#tokens.length) this.#fail('the end')
    return test
  }

  #or(): Test {
    let test = this.#and()
    while (this.#take('OR')) {
      const left = test
      const right = this.#and()
      test = (facts) => left(facts) || right(facts)
    }
    return test
  }

  #and(): Test {
    let test = this.#atom()
    while (this.#take('AND')) {
      const left = test
      const right = this.#atom()
      test = (facts) => left(facts) && right(facts)
    }
    return test
  }

  #atom(): Test {
    if (this.#take('(')) {
      const test = this.#or()
      this.#need(')')
      return test
    }
    const position = this.#next('a position such as PID-5')
    if (!positionForm.test(position)) this.#fail('a position such as PID-5', this.#at - 1)
    this.positions.push(position)
    return this.#predicate(positionOf(position))
  }

  #predicate(at: Position): Test {
    if (this.#take('VALUED')) return (facts) => facts.text(at) !== undefined
    if (this.#take('EQUALS')) {
      const value = this.#literal()
      this.#wanted = { at, value }
      return (facts) => facts.text(at) === value
    }
    if (this.#take('IN')) {
      const values = this.#list()
      return (facts) => values.has(facts.text(at) ?? '')
    }
    if (this.#take('COUNT')) return this.#compare((facts) => facts.count(at))
    if (this.#take('LENGTH')) return this.#compare((facts) => facts.text(at)?.length ?? 0)
    this.#need('NOT')
    if (this.#take('VALUED')) return (facts) => facts.text(at) === undefined
    if (this.#take('EQUALS')) {
      const value = this.#literal()
      return (facts) => facts.text(at) !== value
    }
    this.#need('IN')
    const values = this.#list()
    return (facts) => !values.has(facts.text(at) ?? '')
  }

  #compare(size: (facts: Facts) => number): Test {
    if (this.#take('GREATER')) {
      this.#need('THAN')
      const bound = this.#number()
      return (facts) => size(facts) > bound
    }
    if (this.#take('LESS')) {
      this.#need('THAN')
      const bound = this.#number()
      return (facts) => size(facts) < bound
    }
    this.#need('EQUALS')
    const bound = this.#number()
    return (facts) => size(facts) === bound
  }

  #list(): ReadonlySet<string> {
    this.#need('(')
    const values = new Set([this.#literal()])
    while (this.#take(',')) values.add(this.#literal())
    this.#need(')')
    return values
  }

  #literal(): string {
    const token = this.#next('a "quoted" value')
    if (!token.startsWith('"')) this.#fail('a "quoted" value', this.#at - 1)
    return token.slice(1, -1)
  }

  #number(): number {
    const token = this.#next('a number')
    if (!/^\d+$/.test(token)) this.#fail('a number', this.#at - 1)
    return Number(token)
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false
    this.#at++
    return true
  }

  #need(token: string): void {
    if (!this.#take(token)) this.#fail(token)
  }

  #next(what: string): string {
    const token = this.#tokens[this.#at]
    if (token === undefined) return this.#fail(what)
    this.#at++
    return token
  }

  #fail(what: string, at = this.#at): never {
    throw new Fault(`expected ${what}, found ${this.#tokens[at] ?? 'the end'}`)
  }
}
