// What follows from which fields of a segment were sent: senders use few forms (HL7 v2.9.1 chapter 2, 2.5.3).
import type { Segment } from '../../hl7/message.ts'

/** Forms that are remembered at one place; one more takes the place of the oldest. */
const maxForms = 64

/** Made once for each form of the segments that come to one place. */
export class ByForm<Value> {
  readonly #make: (segment: Segment) => Value
  readonly #known: { readonly form: readonly number[]; readonly value: Value }[] = []
  #oldest = 0
  #lastForm: readonly number[] = []
  #last: Value | undefined

  constructor(make: (segment: Segment) => Value) {
    this.#make = make
  }

  of(segment: Segment): Value {
    const { form } = segment
    if (this.#last !== undefined && isSame(form, this.#lastForm)) return this.#last
    const value = this.#known.find((each) => isSame(each.form, form))?.value ?? this.#learn(segment)
    this.#lastForm = form
    this.#last = value
    return value
  }

  #learn(segment: Segment): Value {
    const value = this.#make(segment)
    this.#known[this.#oldest] = { form: segment.form, value }
    this.#oldest = (this.#oldest + 1) % maxForms
    return value
  }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
