// Syntax of the part of FHIRPath that search parameters use (http://hl7.org/fhirpath/N1): paths, unions,
// where(a = 'b'), where(resolve() is T), as, ofType, exists, and, =, !=.

export type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'where'; readonly test: Expression }
  | { readonly kind: 'as'; readonly type: string }
  | { readonly kind: 'exists' }
  | { readonly kind: 'resolve' }
type Literal = string | boolean
export type Expression =
  | { readonly kind: 'union'; readonly parts: readonly Expression[] }
  | { readonly kind: 'and'; readonly parts: readonly Expression[] }
  | {
      readonly kind: 'equal'
      readonly left: Expression
      readonly literal: Literal
      readonly negated: boolean
    }
  | { readonly kind: 'is'; readonly type: string }
  | { readonly kind: 'steps'; readonly steps: readonly Step[] }
  | { readonly kind: 'literal'; readonly value: Literal }

const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|'([^']*)'|(!=|[().=|]))/y

interface Token {
  readonly kind: 'name' | 'text' | 'sign' | 'end'
  readonly text: string
}

function tokenize(expression: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  const source = expression.trimEnd()
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source)
    if (!match) throw new Error(`FHIRPath that is not supported here: ${expression}`)
    if (match[1] !== undefined) tokens.push({ kind: 'name', text: match[1] })
    else if (match[2] !== undefined) tokens.push({ kind: 'text', text: match[2] })
    else tokens.push({ kind: 'sign', text: match[3] ?? '' })
  }
  return tokens
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
    this.#tokens = tokenize(source)
  }

  whole(): Expression {
    const expression = this.#and()
    if (this.#at < this.#tokens.length) this.#fail()
    return expression
  }

  #fail(): never {
    throw new Error(`FHIRPath that is not supported here: ${this.#source}`)
  }

  #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' }
  }

  #take(text: string): boolean {
    const token = this.#next()
    if (token.kind === 'text' || token.text !== text || token.kind === 'end') return false
    this.#at += 1
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail()
  }

  #name(): string {
    const token = this.#next()
    if (token.kind !== 'name') this.#fail()
    this.#at += 1
    return token.text
  }

  #and(): Expression {
    const parts = [this.#equality()]
    while (this.#take('and')) parts.push(this.#equality())
    const [first] = parts
    return parts.length === 1 && first ? first : { kind: 'and', parts }
  }

  #equality(): Expression {
    const left = this.#union()
    const negated = this.#take('!=')
    if (!negated && !this.#take('=')) return left
    const right = this.#union()
    if (right.kind !== 'literal') this.#fail()
    return { kind: 'equal', left, literal: right.value, negated }
  }

  #union(): Expression {
    const parts = [this.#cast()]
    while (this.#take('|')) parts.push(this.#cast())
    const [first] = parts
    return parts.length === 1 && first ? first : { kind: 'union', parts }
  }

  #cast(): Expression {
    const left = this.#path()
    if (this.#take('is')) {
      const isResolved = left.kind === 'steps' && left.steps.length === 1 && left.steps[0]?.kind === 'resolve'
      return isResolved ? { kind: 'is', type: this.#name() } : this.#fail()
    }
    if (!this.#take('as')) return left
    if (left.kind !== 'steps') this.#fail()
    return { kind: 'steps', steps: [...left.steps, { kind: 'as', type: this.#name() }] }
  }

  #path(): Expression {
    const token = this.#next()
    if (token.kind === 'text' || token.text === 'true' || token.text === 'false') {
      this.#at += 1
      return { kind: 'literal', value: token.kind === 'text' ? token.text : token.text === 'true' }
    }
    const steps: Step[] = []
    if (this.#take('(')) {
      const inner = this.#and()
      this.#expect(')')
      if (inner.kind !== 'steps') return inner
      steps.push(...inner.steps)
    } else steps.push(this.#step())
    while (this.#take('.')) steps.push(this.#step())
    return { kind: 'steps', steps }
  }

  #step(): Step {
    const name = this.#name()
    if (!this.#take('(')) return { kind: 'name', name }
    if (this.#take(')')) {
      return name === 'exists' || name === 'resolve' ? { kind: name } : this.#fail()
    }
    let step: Step
    if (name === 'where') step = { kind: 'where', test: this.#and() }
    else if (name === 'as' || name === 'ofType') step = { kind: 'as', type: this.#name() }
    else this.#fail()
    this.#expect(')')
    return step
  }
}

/** Reads an expression. Throws an Error when it is not of the supported part: a fault of the definitions. */
export function parsePath(expression: string): Expression {
  return new Parser(expression).whole()
}
