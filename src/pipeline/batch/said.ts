// Statements about actors that are stored already: feeds name the same doctors and wards with every message.
import type { SaidStatements } from '../../canonical/masters/actors.ts'
import { stepOf } from '../../canonical/masters/master.ts'
import { Recent } from '../../fhir/recent.ts'

/** What was forgotten is said once more. */
const maxRemembered = 10_000

interface Span {
  readonly first: number
  readonly last: number
}

export class Said implements SaidStatements {
  readonly #spans = new Recent<Span>(maxRemembered)

  has(name: string, t: number): boolean {
    const span = this.#spans.get(name)
    return span !== undefined && span.first <= t && stepOf(t) <= span.last
  }

  /** To be called once the statement is committed. */
  add(name: string, t: number): void {
    const known = this.#spans.get(name)
    const last = Math.max(stepOf(t), known?.last ?? Number.NEGATIVE_INFINITY)
    this.#spans.set(name, { first: Math.min(t, known?.first ?? t), last })
  }

  clear(): void {
    this.#spans.clear()
  }
}
