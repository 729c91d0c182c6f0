// What applying a message finds: warnings and errors as CONTRACT.md section 5 names them; ERR segments are made of them.

import type { FhirJson } from './fhir-json.ts'

export type WarningCode =
  | 'STALE'
  | 'RETIRED-ID'
  | 'OVERBOOKED'
  | 'NOTHING-TO-CANCEL'
  | 'UPSERT'
  | 'FOREIGN-ID-CONFLICT'
  | 'UNKNOWN-AUTHORITY'
  | 'CHECK-DIGIT'
  | 'NO-ACTION-CODE'
  | 'RELATIONSHIP-DIRECTION'
  | 'DST-AMBIGUOUS'
  | 'DST-GAP'
  | 'FUTURE-EVENT'
  | 'AMOUNT-MISMATCH'
  | 'ILLEGAL-TRANSITION'
  | 'UNMAPPED-CODE'

export type ErrorCode =
  | 'CONTROL-ID-REUSE'
  | 'PARKED'
  | 'ID-CONFLICT'
  | 'ID-IN-USE'
  | 'SAME-ID'
  | 'MERGE-CYCLE'
  | 'LEDGER-CONFLICT'
  | 'NOT-FILLER'
  | 'UNKNOWN-SOURCE'
  | 'CODE-HELD'

/** The shape of hl7/ack.ts's AckError. `text` may name the values concerned: it goes to the sender, never to a log. */
export interface Finding {
  readonly severity: 'E' | 'W' | 'I'
  /** HL7 table 0357. */
  readonly code: string
  readonly app?: WarningCode | ErrorCode
  /** ERR-2: 'PID^1^3'. */
  readonly locations: readonly string[]
  readonly text: string
}

export const warning = (app: WarningCode, locations: readonly string[], text: string): Finding => ({
  severity: 'W',
  code: '0',
  app,
  locations,
  text,
})

/** An identifier, or a record, that a message waits for. */
export interface Awaited {
  readonly system: string
  readonly value: string
}

/** Of what waits for a record to mean another one ('Patient/x'): it is merged, gets another number, or is moved. No authority. */
export const changeOf = (reference: string): Awaited => ({ system: 'urn:portico:record', value: reference })

/** Ends the application of one message; nothing of it stays but what `tasks` names. */
export class Refusal extends Error {
  readonly ack: 'AE' | 'AR'
  readonly finding: Finding
  /** What would let the message apply: it is parked for any of them. */
  readonly waitsFor: readonly Awaited[]
  readonly task: TaskRequest | undefined

  constructor(
    ack: 'AE' | 'AR',
    finding: Omit<Finding, 'severity'>,
    more: { waitsFor?: Refusal['waitsFor']; task?: TaskRequest } = {},
  ) {
    super(finding.text)
    this.ack = ack
    this.finding = { severity: 'E', ...finding }
    this.waitsFor = more.waitsFor ?? []
    this.task = more.task
  }
}

/** Work for a person; one Task per (code, key). */
export interface TaskRequest {
  readonly code: string
  readonly key: string
  readonly description: string
  readonly focus?: string
  readonly patient?: string
  /** Resources that it holds itself, by '#id'. */
  readonly contained?: readonly FhirJson[]
  readonly inputs?: readonly { readonly type: string; readonly value: Readonly<Record<string, unknown>> }[]
}
