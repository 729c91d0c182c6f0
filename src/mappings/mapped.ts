// What mapping makes of one message: things with cells. Nothing here knows the store; references are handles.

/** JSON as FHIR has it; decimals are JSON.rawJSON values so that their scale survives. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

/** Where one written value came from: `fhir` inside the cell's value ('' = the value itself), v2 position, row. */
export interface Span {
  /** Path inside the thing: 'name[0].family'. */
  readonly fhir: string
  /** 'PID-5[1].1.1' with segment occurrence when it is not the first: 'NK1[2]-2[1].1'. */
  readonly v2: string
  /** Mapping row: 'XPN[HumanName]#3'. */
  readonly row: string
}

/** One assertion: what one v2 field says of one element. */
export interface Cell {
  /** Element that it asserts: 'name', 'hospitalization.admitSource', "extension('http://...')", '$fillerStatus'. */
  readonly path: string
  /** Field that says so: 'PID-13'. (path, field) is the key of a cell: PID-13 and PID-14 both assert 'telecom'. */
  readonly field: string
  /** Array for elements that repeat; null = the field was "" (delete). Absent and empty fields make no cell. */
  readonly value: Json
  /** ERR-2 location: 'PID^1^13'. */
  readonly location: string
  readonly spans: readonly Span[]
}

/** One thing that the message speaks of: a resource, a part of one, or a fact such as a merge. */
export interface Thing {
  /** 'Patient', 'Appointment.participant', 'Patient.contact', 'Merge'. */
  readonly type: string
  /** Unique in the message: 'patient', 'patient:2', 'practitioner:1'. References to it are { reference: '#patient:2' }. */
  readonly as: string
  /** role -> handle of another thing: { subject: 'patient' }. */
  readonly refs: Readonly<Record<string, string>>
  /** Segment that opened it: 'NK1' and its occurrence, for locations. */
  readonly segment: { readonly name: string; readonly occurrence: number }
  readonly cells: readonly Cell[]
}

/** Something an analyst or the sender must know of. Its text may name the value in question: for the sender, never for the log. */
export interface MapIssue {
  readonly kind: 'unmapped-code' | 'data-type' | 'required' | 'precision' | 'zone' | 'repetition'
  readonly severity: 'E' | 'W' | 'I'
  /** HL7 table 0357: 101, 102, 103, 0. */
  readonly code: string
  /** ERR-5: UNMAPPED-CODE, CODE-HELD, CHECK-DIGIT, DST-GAP, DST-AMBIGUOUS. */
  readonly app?: string
  readonly location: string
  readonly row?: string
  readonly table?: string
  /** The code that no table has. */
  readonly value?: string
  readonly text: string
}

export interface Mapped {
  readonly event: string
  readonly structure: string
  readonly things: readonly Thing[]
  readonly issues: readonly MapIssue[]
  /** Valued positions that no row read: 'PV1-21', 'ZPI-3', 'PID-5[1].9'. */
  readonly residue: readonly string[]
}
