// What conditions of data type maps ask: the parts of the repetition or component at work (v2-to-FHIR IG, data type maps).
import type { Facts, Position } from './condition.ts'
import type { Run } from './run.ts'

/** Positions of conditions of a data type map: in the repetition or component itself. */
export class PartFacts implements Facts {
  readonly #parts: readonly string[]
  readonly #run: Run

  constructor(parts: readonly string[], run: Run) {
    this.#parts = parts
    this.#run = run
  }

  text({ component, subcomponent }: Position): string | undefined {
    const part = this.#parts[component - 1]
    return part ? this.#run.text(this.#run.subparts(part)[subcomponent - 1]) : undefined
  }

  count({ component }: Position): number {
    return this.#parts[component - 1] ? 1 : 0
  }
}
