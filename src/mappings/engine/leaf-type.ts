// The form of a leaf, and what it tells the compiler about itself.
import type { Run, Yield } from './run.ts'

export interface Leaf {
  /** FHIR type that it yields: 'code', 'CodeableConcept', 'Reference'; '' for facts of our own. */
  readonly yields: string
  /** Parts that it reads, from 1: components at a field, subcomponents at a component; 'all' = everything. */
  readonly reads: 'all' | readonly number[]
  /** At a component it reads all of it, ampersands included. */
  readonly whole?: true
  /** It reads that many fields after its own as well (units). */
  readonly next?: number
  /** It reads that many fields before its own as well (coding methods, severities). */
  readonly before?: number
  /** Its texts of several repetitions or segments become the lines of one text. */
  readonly lines?: true
  /** Of a repeating field it takes the last repetition instead of the first. */
  readonly last?: true
  /** Its one value is made of all repetitions. */
  readonly joins?: true
  /** It may yield several items (an array) for one repetition of a list. */
  readonly several?: true
  /**
   * What it makes follows from the text that it reads, the tables and settings of the source and the field alone: it may be
   * remembered.
   */
  readonly byText?: true
  /** And its texts are codes, which come again: it is remembered. */
  readonly coded?: true
  /** The linked thing that its reference points to. */
  readonly links?: string
  /** Reads a raw, valued position. */
  readonly read: (raw: string, run: Run) => Yield
}

export type Leaves = Readonly<Record<string, Leaf>>
