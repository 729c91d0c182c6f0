// What the gateway does for its adapters and servers: the only door to the truth. Implemented in pipeline/, wired in main.ts.
import type { Inbound, OnInbound } from '../adapters/adapter.ts'
import type { FhirJson } from '../canonical/fhir-json.ts'
import type { Client, Site } from '../canonical/site.ts'
import type { Issue } from '../fhir/issue.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import type { AckError } from '../hl7/ack.ts'
import type { MapSet } from '../mappings/engine/compile.ts'
import type { RowFate } from '../mappings/engine/fired.ts'
import type { Queryable } from '../store/db.ts'
import type { MessageFilter } from '../store/message-list.ts'
import type { MessageState } from '../store/messages.ts'
import type { MergeRequest, UnmergeRequest } from './client/merge-decision.ts'

/** A FHIR interaction that writes. The body is computed inside the transaction, on the version that is current then. */
export interface FhirWrite {
  readonly client: Client
  readonly op: 'create' | 'update' | 'patch' | 'delete'
  readonly rtype: string
  /** Undefined on create. */
  readonly id?: string
  /**
   * The resource as it shall be; gets the current one (undefined on create) and returns the next, or what is wrong
   * with it. Not called on delete. Must be pure: a retried transaction calls it again.
   */
  readonly change?: (
    current: FhirResource | undefined,
  ) => { next: FhirResource } | { status: number; issues: readonly Issue[] }
  /** Version of If-Match; undefined when the header was missing. */
  readonly ifMatch?: number
  /** True when it may be done to whatever version there is, also where the site wants If-Match. */
  readonly unconditional?: true
  /** True for `If-None-Match: *`: only if there is no such resource yet. */
  readonly ifNoneMatch?: boolean
  /** Identifiers (system, value) of If-None-Exist on create. */
  readonly ifNoneExist?: { readonly system: string; readonly value: string }
  /** What says which resource is meant, in the place of `id`; of a create, which one makes it needless. */
  readonly criteria?: Criteria
  /** False for a client whose update must not become a create. */
  readonly mayCreate?: boolean
  readonly idempotencyKey?: string
  /** When it has happened; undefined = now. */
  readonly eventTime?: Date
  /** The request as it came, for the log. */
  readonly raw: Uint8Array
  readonly peer: string
  readonly strict: boolean
}

/** A search that has at most one match, or the write is refused. `name` is the search as it was written. */
export interface Criteria {
  readonly name: string
  readonly query: SearchQuery
}

/** Writes that are carried out together or not at all. */
export interface FhirTransaction {
  readonly client: Client
  readonly entries: readonly TransactionEntry[]
  /** Conditional references that the resources have, such as `Patient?identifier=system|value`. */
  readonly references: ReadonlyMap<string, Criteria>
  /** What it reads, when all is written, through `tx`. Throws WriteRefused; may be called again. */
  readonly readBack?: (tx: Queryable) => Promise<void>
  readonly idempotencyKey?: string
  readonly raw: Uint8Array
  readonly peer: string
}

export interface TransactionEntry {
  readonly write: FhirWrite
  /** How other entries refer to it. */
  readonly names: readonly string[]
  /** Of a create and an update: the resource as it came. */
  readonly resource?: FhirResource
}

export interface FhirResource {
  readonly resourceType: string
  readonly id?: string
  readonly [element: string]: unknown
}

export interface FhirWritten {
  /** 200, 201, 202 (a Task: somebody else decides), 204, 400, 404, 405, 409, 410, 412, 422, 428, 503. */
  readonly status: number
  /** JSON text of the resource with id and meta; undefined on delete and on errors. */
  readonly body?: string
  readonly rtype?: string
  readonly id?: string
  readonly version?: number
  readonly updatedAt?: string
  readonly issues: readonly Issue[]
}

export interface DryRun {
  readonly committed: false
  readonly messages: readonly {
    readonly ack: string
    readonly err: string
    readonly diff: readonly {
      readonly op: 'create' | 'update' | 'delete'
      readonly resourceType: string
      readonly id: string
    }[]
  }[]
}

/** Which position wrote a part of a value, by which row. Never the value itself. */
export interface LineageSpan {
  readonly fhir: string
  readonly v2: string
  readonly row: string
  /** The code table of the row, and the code by which it was read. */
  readonly table?: string
  readonly tableRow?: string
  /** Offsets into the message as it came, end exclusive. */
  readonly bytes?: { readonly start: number; readonly end: number }
}

export interface LineageEntry {
  readonly path: string
  readonly source: string
  /** Event time, ISO 8601 with offset. */
  readonly at?: string
  readonly messageId: string
  /** False once retention has dropped the message. */
  readonly kept: boolean
  readonly controlId?: string
  readonly event?: string
  /** Beginning of the hash of the maps that read the message. */
  readonly mapsHash?: string
  readonly v2?: string
  readonly row?: string
  readonly spans: readonly LineageSpan[]
  readonly wins: boolean
  readonly why: string
}

/** Why a message is where it is. `text` may name values: only of one message, never in a list. */
export interface Reason {
  readonly severity: string
  readonly code: string
  readonly app?: string
  readonly locations: readonly string[]
  readonly text?: string
}

export interface DeskMessage {
  readonly id: string
  readonly receivedAt: string
  readonly source: string
  readonly channel: string
  readonly controlId: string
  readonly event: string
  readonly state: MessageState
  readonly ack: string
  readonly attempts: number
  readonly bytes: number
  readonly mapsHash: string
  readonly processedAt?: string
  readonly reasons: readonly Reason[]
  readonly nextStep: string
}

/** A row and what became of it; 'older' = what is known is newer. */
export type ExplainedRow = Omit<RowFate, 'fate'> & { readonly fate: RowFate['fate'] | 'older' }

export interface ExplainedMessage {
  readonly message: DeskMessage
  /** Of the maps by which the rows were tried now; those of then are in the message. */
  readonly mapsHashNow: string
  readonly repaired: readonly string[]
  readonly rows: readonly ExplainedRow[]
  readonly residue: readonly string[]
}

/** Stored messages as operators see them. */
export interface MessageDesk {
  list(filter: MessageFilter): Promise<readonly DeskMessage[]>
  get(id: string): Promise<DeskMessage | undefined>
  explain(id: string): Promise<ExplainedMessage | undefined>
  /** Returns how many will be tried again, in the order in which they came. */
  rerun(filter: {
    readonly states: readonly MessageState[]
    readonly source: string | undefined
    readonly ids?: readonly string[]
  }): Promise<number>
}

/** What a message makes of an empty store; resources have ids of their own. */
export interface Translated {
  readonly resources: readonly FhirJson[]
  /** Why there is nothing; empty when it was taken. */
  readonly errors: readonly AckError[]
}

export interface Gateway {
  readonly receive: OnInbound
  /** The real pipeline with its transaction rolled back. */
  dryRun(inbound: Inbound): Promise<DryRun | { readonly fault: string }>
  /** The Bundle of one message or batch, nothing stored; 'ig' as HL7's guide has it. */
  translate(inbound: Inbound, profile: 'gateway' | 'ig'): Translated
  write(write: FhirWrite): Promise<FhirWritten>
  readonly messages: MessageDesk
  /** One answer for each entry, or one for all when they are refused. */
  transact(transaction: FhirTransaction): Promise<readonly FhirWritten[] | FhirWritten>
  /** $merge and $unmerge; the body of the answer is Parameters. */
  decide(request: MergeRequest | UnmergeRequest): Promise<FhirWritten>
  /** Parameters of those who are known not to be a patient; undefined when that one is not known. */
  exclusions(id: string): Promise<object | undefined>
  /** Of the current version with all losers; of an older one with the version that brought each value. */
  lineage(
    rtype: string,
    id: string,
    path: string | undefined,
    version?: number,
  ): Promise<readonly LineageEntry[] | undefined>
  /** True when nothing is queued, processing or due. */
  idle(): Promise<boolean>
  /** The site as it is now: it is replaced as a whole when its file changes. */
  site(): Site
  /** Its maps and tables, likewise. */
  maps(): MapSet
  /** Test controls; only with CLOCK=manual. */
  setClock(now: Date): Promise<void>
  reset(): Promise<void>
  now(): Date
}
