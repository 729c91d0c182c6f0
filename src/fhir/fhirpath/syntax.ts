// Syntax of FHIRPath N1 (http://hl7.org/fhirpath/N1) as invariants of profiles use it: text to a tree.
// Search parameters have a compiler of their own (../path.ts), which knows types while it compiles.
import { type Token, tokenize } from './token.ts'

export type Ast =
  | { readonly kind: 'empty' }
  | { readonly kind: 'literal'; readonly value: string | number | boolean; readonly type: string }
  /** $this, $index or $total */
  | { readonly kind: 'this'; readonly name: string }
  /** %resource and the like */
  | { readonly kind: 'constant'; readonly name: string }
  | { readonly kind: 'member'; readonly of: Ast | undefined; readonly name: string }
  | {
      readonly kind: 'call'
      readonly of: Ast | undefined
      readonly name: string
      readonly args: readonly Ast[]
    }
  | { readonly kind: 'index'; readonly of: Ast; readonly at: Ast }
  | { readonly kind: 'minus'; readonly of: Ast }
  | { readonly kind: 'binary'; readonly op: string; readonly left: Ast; readonly right: Ast }
  | { readonly kind: 'type'; readonly op: 'is' | 'as'; readonly of: Ast; readonly type: string }

/** Weakest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['implies'],
  ['or', 'xor'],
  ['and'],
  ['in', 'contains'],
  ['=', '~', '!=', '!~'],
  ['<', '<=', '>', '>='],
  ['|'],
  ['is', 'as'],
  ['+', '-', '&'],
  ['*', '/', 'div', 'mod'],
]
const STRENGTH = new Map(LEVELS.flatMap((ops, level) => ops.map((op) => [op, level] as const)))

const maxNesting = 100

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#tokens = tokenize(text)
  }

  whole(): Ast {
    const ast = this.#expression(0)
    if (this.#at < this.#tokens.length) this.#fail()
    return ast
  }

  #fail(): never {
    const { text } = this.#peek()
    throw new Error(text === '' ? 'it ends too early' : `'${text}' is not expected there`)
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' }
  }

  #take(text: string): boolean {
    const token = this.#peek()
    const isWord = token.kind === 'sign' || token.kind === 'name'
    if (!isWord || token.text !== text) return false
    this.#at += 1
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail()
  }

  #expression(weakest: number): Ast {
    if (++this.#depth > maxNesting) throw new Error('it is nested too deep')
    let left = this.#unary()
    for (;;) {
      const token = this.#peek()
      const level = token.kind === 'sign' || token.kind === 'name' ? STRENGTH.get(token.text) : undefined
      if (level === undefined || level < weakest) break
      this.#at += 1
      if (token.text === 'is' || token.text === 'as')
        left = { kind: 'type', op: token.text, of: left, type: this.#type() }
      else left = { kind: 'binary', op: token.text, left, right: this.#expression(level + 1) }
    }
    this.#depth -= 1
    return left
  }

  #unary(): Ast {
    if (this.#take('-')) return { kind: 'minus', of: this.#unary() }
    if (this.#take('+')) return this.#unary()
    let of = this.#term()
    for (;;) {
      if (this.#take('.')) of = this.#invocation(of)
      else if (this.#take('[')) {
        of = { kind: 'index', of, at: this.#expression(0) }
        this.#expect(']')
      } else return of
    }
  }

  #term(): Ast {
    const token = this.#peek()
    switch (token.kind) {
      case 'text':
        this.#at += 1
        return { kind: 'literal', value: token.text, type: 'System.String' }
      case 'number':
        this.#at += 1
        return {
          kind: 'literal',
          value: Number(token.text),
          type: token.text.includes('.') ? 'System.Decimal' : 'System.Integer',
        }
      case 'time':
        this.#at += 1
        return { kind: 'literal', value: token.text, type: 'System.DateTime' }
      case 'constant':
        this.#at += 1
        return { kind: 'constant', name: token.text }
      case 'this':
        this.#at += 1
        return { kind: 'this', name: token.text }
      default:
    }
    if (this.#take('(')) {
      const inner = this.#expression(0)
      this.#expect(')')
      return inner
    }
    if (this.#take('{')) {
      this.#expect('}')
      return { kind: 'empty' }
    }
    if (token.text === 'true' || token.text === 'false') {
      this.#at += 1
      return { kind: 'literal', value: token.text === 'true', type: 'System.Boolean' }
    }
    return this.#invocation(undefined)
  }

  #invocation(of: Ast | undefined): Ast {
    const token = this.#peek()
    if (of !== undefined && token.kind === 'this') this.#fail()
    if (token.kind !== 'name' && token.kind !== 'quoted') this.#fail()
    this.#at += 1
    if (token.kind === 'quoted' || !this.#take('(')) return { kind: 'member', of, name: token.text }
    const args: Ast[] = []
    if (!this.#take(')')) {
      do args.push(this.#expression(0))
      while (this.#take(','))
      this.#expect(')')
    }
    return { kind: 'call', of, name: token.text, args }
  }

  #type(): string {
    const token = this.#peek()
    if (token.kind !== 'name' && token.kind !== 'quoted') this.#fail()
    this.#at += 1
    if (!this.#take('.')) return token.text
    const last = this.#peek()
    this.#at += 1
    return token.text === 'System' ? `System.${last.text}` : last.text
  }
}

/** Reads an expression. Throws an Error that says what is wrong with it. */
export function parseFhirPath(text: string): Ast {
  return new Parser(text).whole()
}
