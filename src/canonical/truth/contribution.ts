// Contributions: what one source says of one thing. What FHIR shows is a pure function of them (semantics, section 0).
import type { Json } from '../../mappings/mapped.ts'

/** What one field says of one element, kept with the time for which it was said. */
export interface Assertion {
  /** null = deleted ("" on the wire). References are final: { reference: 'Practitioner/x' }. */
  readonly v: Json
  /** Business time, milliseconds since the epoch. Only this orders assertions. */
  readonly t: number
  /** MSH-7 or the time of the request, milliseconds: breaks ties of t. */
  readonly m: number
  /** Message that said so. */
  readonly i: string
  /** Lineage: name of the shape (shape.ts) that wrote the value. Absent for FHIR clients. */
  readonly s?: string
}

/** Key of an assertion inside a contribution: 'telecom<PID-13'; FHIR clients use 'telecom<FHIR'. */
export type CellKey = string

/** A part that came with an event: a participant, a service, a resource group. */
export interface Part {
  /** 'Appointment.participant'. */
  readonly type: string
  /** Segment it came in and its occurrence: 'AIP', 1. */
  readonly segment: string
  readonly occurrence: number
  /** Segment action code (HL7 table 0206) of the part, else of its group: A D U X; undefined when none was sent. */
  readonly action?: string
  readonly cells: Readonly<Record<CellKey, Json>>
}

/** What a projection tells, JSON whose form its key says: Numbers under 'numbers', a Credit under 'credit:…'. */
export type Payload = Json | object

/**
 * Facts that compete by recency have one contribution per source (key ''), whose assertions each have their own time.
 * Events of a visit or an appointment have one contribution each (key = message id), all of one time.
 * Projections of other things ('visit:<id>', 'related:<id>', 'ledger') are replaced as a whole.
 */
export interface Contribution {
  readonly source: string
  readonly key: string
  /** Trigger event of event contributions: 'ADT^A01', 'SIU^S13', 'FHIR' for a client's write. */
  readonly event?: string
  /** Times of event contributions, milliseconds. */
  readonly t?: number
  readonly m?: number
  /** Message that made or last changed it. */
  readonly i: string
  readonly cells: Readonly<Record<CellKey, Assertion>>
  readonly parts?: readonly Part[]
  readonly data?: Payload
}

/** Element path and field of a cell key. */
export function splitKey(key: CellKey): { path: string; field: string } {
  const at = key.indexOf('<')
  return { path: key.slice(0, at), field: key.slice(at + 1) }
}

/** Later first: business time, then message time; arrival decides between what has both in common. */
export function compareAssertions(a: Assertion, b: Assertion): number {
  return b.t - a.t || b.m - a.m || compareMessages(b.i, a.i)
}

/** Messages in the order of their numbers, which are decimal text: 999 comes before 1000. */
export function compareMessages(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
