// The row language: the official v2-to-FHIR guide's columns as data (HL7 v2-to-FHIR IG, mapping guidelines).

/**
 * One mapping row. Columns are the guide's and no more: no expressions, loops or variables.
 * What does not fit is a leaf (a named, tested function) or a repair of one sender.
 */
export interface Row {
  /**
   * Where it is read: 'PID-5', 'PID-3.4' in segment maps; 'XPN.2' as '2' or '1.1' in data type maps; 'PID'
   * in message maps.
   */
  readonly v2: string
  /**
   * Where it is written: a FHIR path under the map's target ('name', 'hospitalization.admitSource',
   * "extension('http://...').valueCodeableConcept"), or a fact that only the canonical rules read,
   * which begins
   * with '$' ('$fillerStatus', '$actionCode'; '$priorIdentifier[]' holds a list), or '-': read,
   * and deliberately
   * without a destination (set ids). In message maps: the resource or part ('Patient',
   * 'Appointment.participant').
   */
  readonly fhir: string
  /**
   * Data type map or leaf: 'CX[Identifier]', 'DTM[dateTime]', 'ID[code]'. In message maps the segment map:
   * 'PID[Patient]'.
   */
  readonly via?: string
  /** Name of the code table (FHIR ConceptMap). */
  readonly table?: string
  /**
   * The guide's condition, in one spelling: VALUED, NOT VALUED, EQUALS, NOT EQUALS, IN, NOT IN, COUNT,
   * LENGTH, AND, OR, ( ).
   */
  readonly when?: string
  /** A constant in place of what was read, written when v2 is valued and `when` holds. */
  readonly value?: string | boolean | number
  /** Constants set beside a complex value: { "use": "home" }. */
  readonly set?: Readonly<Record<string, string>>
  /** The field must be valued: when the segment is there and it is not, the issue is 101 (severity E). */
  readonly required?: true
  /**
   * Data type maps only: it says what kind of value this is, and nothing without one. A name that has a type and no
   * name is no name: it must not take the place of the one that is known.
   */
  readonly beside?: true
  /** In an overlay: removes the row with the same v2 and fhir. */
  readonly omit?: true
  /** The guide's own row is deviated from; why, in a sentence. */
  readonly deviates?: string
  readonly note?: string

  /** Message maps only: the handle by which others refer to what this row makes ('patient'). */
  readonly as?: string
  /** Message maps only: writes into what the handle's nearest row made, in place of a thing of its own. */
  readonly into?: string
  /**
   * Message maps only: holds when the segment follows one of these, others of its own name aside: an NTE is about what
   * it follows. Then rows without it do not count.
   */
  readonly after?: readonly string[]
  /**
   * Message maps only: role -> handle, resolved to the nearest such thing in the same or an enclosing
   * group; with '^' before it ('^transaction') only to one that stands before.
   */
  readonly refs?: Readonly<Record<string, string>>
}

/** One mapping file. */
export interface MapSource {
  /** 'ADT_A01' (message), 'patient' (part of messages), 'PID[Patient]' (segment), 'XPN[HumanName]' (data type). */
  readonly map: string
  /** Message maps: trigger events that it serves ('ADT^A01'). */
  readonly events?: readonly string[]
  /** Message maps: parts whose rows come before its own ('patient', 'visit'). */
  readonly include?: readonly string[]
  readonly rows: readonly Row[]
}
