// The rows that a resource is found by (http://hl7.org/fhir/R4/search.html), one kind for each way of
// comparing.
import type { TimeRange, ZoneOffset } from './date.ts'
import { normaliseText } from './search-text.ts'

/** Codes and booleans: few values, many resources. `system` undefined = the value has none. */
export interface TokenRow {
  readonly param: string
  readonly system: string | undefined
  readonly code: string
}
/**
 * Nearly unique values: identifiers, phone numbers and e-mail addresses (each of their contactForms), URIs.
 * The parameter `subject:identifier` has the identifiers of references that `subject` has.
 */
export interface IdentifierRow {
  readonly param: string
  readonly system: string | undefined
  readonly value: string
}
export interface StringRow {
  readonly param: string
  /** By normaliseText. */
  readonly text: string
  /** As written, for `:exact`. */
  readonly raw: string
}
export interface ReferenceRow {
  readonly param: string
  /** `Patient/abc` for a relative reference, the whole URL for an absolute one; never with a version. */
  readonly target: string
}
export interface DateRow extends TimeRange {
  readonly param: string
}
/** A number or quantity as decimal text; open ranges have no `low` or no `high`. */
export interface NumberRow {
  readonly param: string
  readonly low: string | undefined
  readonly high: string | undefined
  readonly system: string | undefined
  /** Code of the unit, else its text; '' for a plain number. */
  readonly unit: string
}

export interface IndexRows {
  readonly tokens: TokenRow[]
  readonly identifiers: IdentifierRow[]
  readonly strings: StringRow[]
  readonly references: ReferenceRow[]
  readonly dates: DateRow[]
  readonly numbers: NumberRow[]
  /** Text and displays of concepts, for `:text` of tokens; only when asked for. */
  readonly texts: StringRow[]
  /** Parameters that have a value, for `:missing`. */
  readonly present: string[]
}

/** As many are compared one by one. */
const fewRows = 32

/** Rows in the making, with what is needed to make them. */
export class RowSink implements IndexRows {
  readonly tokens: TokenRow[] = []
  readonly identifiers: IdentifierRow[] = []
  readonly strings: StringRow[] = []
  readonly references: ReferenceRow[] = []
  /** The same as text, once there are many. */
  readonly #referred = new Set<string>()
  readonly dates: DateRow[] = []
  readonly numbers: NumberRow[] = []
  readonly texts: StringRow[] = []
  readonly present: string[] = []
  readonly zone: ZoneOffset
  readonly withTexts: boolean

  constructor(zone: ZoneOffset, withTexts: boolean) {
    this.zone = zone
    this.withTexts = withTexts
  }

  /** Rows of one parameter come one after the other, so that a repetition is found among the last ones. */
  token(param: string, system: string | undefined, code: string): void {
    for (let at = this.tokens.length - 1; at >= 0; at -= 1) {
      const row = this.tokens[at]
      if (row?.param !== param) break
      if (row.code === code && row.system === system) return
    }
    this.tokens.push({ param, system, code })
  }

  identifier(param: string, system: string | undefined, value: string): void {
    const isKnown = this.identifiers.some(
      (row) => row.value === value && row.system === system && row.param === param,
    )
    if (!isKnown) this.identifiers.push({ param, system, value })
  }

  string(rows: StringRow[], param: string, raw: unknown): void {
    if (typeof raw !== 'string' || raw === '') return
    for (let at = rows.length - 1; at >= 0; at -= 1) {
      const row = rows[at]
      if (row?.param !== param) break
      if (row.raw === raw) return
    }
    rows.push({ param, text: normaliseText(raw), raw })
  }

  reference(param: string, target: string): void {
    const { references } = this
    if (references.length < fewRows) {
      if (references.some((row) => row.target === target && row.param === param)) return
    } else {
      // A Provenance may have thousands of targets.
      if (this.#referred.size === 0)
        for (const row of references) this.#referred.add(`${row.param} ${row.target}`)
      const size = this.#referred.size
      if (this.#referred.add(`${param} ${target}`).size === size) return
    }
    references.push({ param, target })
  }
}
