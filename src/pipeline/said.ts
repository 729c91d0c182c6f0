// Statements about actors that are stored already: feeds name the same doctors and wards with every message.
import type { SaidStatements } from '../canonical/actors.ts'

/** Beyond it everything is forgotten, and said once more. */
const maxRemembered = 50_000

export class Said implements SaidStatements {
  readonly #times = new Map<string, number>()

  has(name: string, t: number): boolean {
    const first = this.#times.get(name)
    return first !== undefined && first <= t
  }

  /** To be called once the statement is committed. */
  add(name: string, t: number): void {
    const first = this.#times.get(name)
    if (first !== undefined && first <= t) return
    if (this.#times.size >= maxRemembered) this.#times.clear()
    this.#times.set(name, t)
  }

  clear(): void {
    this.#times.clear()
  }
}
