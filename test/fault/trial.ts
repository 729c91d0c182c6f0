// One fault test: what it is given, and what it has to say.
import type { MutantName } from './mutants.ts'
import type { Violation } from './oracle.ts'
import type { Cleanup } from './wait.ts'

export interface Context {
  readonly seed: number
  /** Small counts, for every change; else those of the table in docs/operations/faults.md. */
  readonly quick: boolean
  /** Faults to cause instead of the test's own number. */
  readonly kills: number | undefined
  readonly mutant: MutantName | undefined
  readonly cleanup: Cleanup
  readonly say: (text: string) => void
}

export interface Outcome {
  /** Independent faults that were caused: 0 losses in n bound the loss of one by 3/n (95 %). */
  readonly faults: number
  readonly figures: Readonly<Record<string, number | string>>
  readonly violations: readonly Violation[]
  /** Why it could not run here. */
  readonly skipped?: string
}

export interface Trial {
  /** As in the list of faults: T01. */
  readonly id: string
  readonly fault: string
  /** Gateways that this test has to catch. */
  readonly mutants: readonly MutantName[]
  /** Faults that a mutant of it gets in a round, where ten would show nothing. */
  readonly mutantFaults?: number
  run(context: Context): Promise<Outcome>
}

export const skipped = (why: string): Outcome => ({ faults: 0, figures: {}, violations: [], skipped: why })

/** Median and greatest, rounded. */
export function spread(values: readonly number[]): { readonly median: number; readonly max: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (place: number) => Math.round(sorted[place] ?? 0)
  return { median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) }
}
