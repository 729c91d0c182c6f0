// What an acknowledgement says beside MSA and ERR: the answer to a query, as parts that are encoded for whoever asked (HL7 v2.4
// chapter 5, 5.10.5: the query and what was found).
import { type Delimiters, encode } from './escape.ts'

/** A component, or its subcomponents. */
type Component = string | readonly string[]
/** Components of one repetition. */
export type Repetition = readonly Component[]

export interface ReplySegment {
  readonly name: string
  /** Fields by number, each with its repetitions. */
  readonly fields: Readonly<Record<number, readonly Repetition[]>>
}

export interface Reply {
  /** MSH-9: type, event, structure. */
  readonly type: readonly [type: string, event: string, structure: string]
  /** Segments of the question that are repeated as they came. */
  readonly echo: readonly string[]
  readonly segments: readonly ReplySegment[]
}

/** A segment as text; what is empty at the end is left out. */
export function segmentLine({ name, fields }: ReplySegment, delimiters: Delimiters): string {
  const last = Math.max(0, ...Object.keys(fields).map(Number))
  const values = Array.from({ length: last }, (_, i) =>
    (fields[i + 1] ?? []).map((each) => repetitionText(each, delimiters)).join(delimiters.repetition),
  )
  return trimmed([name, ...values], delimiters.field)
}

function repetitionText(parts: Repetition, delimiters: Delimiters): string {
  const component = (part: Component) =>
    typeof part === 'string'
      ? encode(part, delimiters)
      : trimmed(
          part.map((each) => encode(each, delimiters)),
          delimiters.subcomponent,
        )
  return trimmed(parts.map(component), delimiters.component)
}

function trimmed(parts: readonly string[], delimiter: string): string {
  const end = parts.findLastIndex((part) => part !== '')
  return parts.slice(0, end + 1).join(delimiter)
}
