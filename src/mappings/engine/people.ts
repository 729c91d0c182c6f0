// Whom the fields of a message have named so far: a message names the same doctor in many places (HL7 v2.9.1 chapter 2A XCN).
import type { Json } from '../mapped.ts'

/** What an earlier repetition of a field named, for joining those of one person. */
export interface Named {
  readonly name: string
  readonly key: string
  /** Authorities of its numbers, with the type of each. */
  readonly kinds: string[]
}

/** What a whole field said of one person. */
export interface Said {
  readonly value: Json
  readonly named: boolean
}

export class People {
  /** By the text of the field. */
  readonly said = new Map<string, Said>()
  #segment = -1
  #field = 0
  #named: Named[] = []

  /** Those of the field at work. */
  of(segment: number, field: number): Named[] {
    if (this.#segment !== segment || this.#field !== field) {
      this.#segment = segment
      this.#field = field
      this.#named = []
    }
    return this.#named
  }
}
