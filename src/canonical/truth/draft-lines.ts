// Ledger lines as one message sees them: those of the world, and its own on top.
import { type LedgerLine, lineKey, type World } from './world.ts'

export class DraftLines {
  /** What this message posts or marks. */
  readonly posted: LedgerLine[] = []
  readonly #world: World
  readonly #own = new Map<string, LedgerLine>()

  constructor(world: World) {
    this.#world = world
  }

  find(source: string, line: string): LedgerLine | undefined {
    const key = lineKey(source, line)
    const own = this.#own.get(key)
    if (own) return own
    const known = this.#world.lines.get(key)
    if (known === undefined) this.#world.miss({ kind: 'ledger', source, line })
    return known ?? undefined
  }

  /** Charges and credits of an account for one code, in the order of their names, with those of this message. */
  ofCode(accountId: string, code: string): LedgerLine[] {
    const stored = this.#world.charges.get(chargesKey(accountId, code))
    if (!stored) this.#world.miss({ kind: 'charges', accountId, code })
    const seen = new Map((stored ?? []).map((each) => [lineKey(each.source, each.line), each]))
    for (const [key, each] of this.#own)
      if (each.accountId === accountId && each.code === code) seen.set(key, each)
    return [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
  }

  post(line: LedgerLine): void {
    this.#own.set(lineKey(line.source, line.line), line)
    this.posted.push(line)
  }

  /** Makes what was posted part of the world. */
  commit(): void {
    for (const [key, line] of this.#own) {
      this.#world.lines.set(key, line)
      if (line.accountId === undefined || line.code === undefined) continue
      // Charges that nobody has asked for yet are loaded when somebody does, with the lines of the world on top.
      const at = chargesKey(line.accountId, line.code)
      if (this.#world.charges.has(at)) this.#world.charges.set(at, this.ofCode(line.accountId, line.code))
    }
  }
}

export const chargesKey = (accountId: string, code: string): string => `${accountId}\u0001${code}`
