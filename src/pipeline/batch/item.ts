// What waits for the next batch: a message or a rule to apply, with the answer that somebody waits for.

import type { Site, Source } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import type { Author } from '../../canonical/truth/provenance.ts'
import type { Need } from '../../canonical/truth/world.ts'
import type { SearchQuery } from '../../fhir/search-query.ts'
import type { AckCode, AckError } from '../../hl7/ack.ts'
import type { Header } from '../../hl7/header.ts'
import type { Message } from '../../hl7/message.ts'
import type { Mapped } from '../../mappings/mapped.ts'
import type { Queryable } from '../../store/db.ts'
import type { MessageState } from '../../store/messages.ts'
import type { Command } from '../client/command.ts'
import type { UnmappedCode } from '../reading/unmapped.ts'

/** What every item has: the bytes that are kept, and where they came from. */
interface Common {
  readonly raw: Uint8Array
  /** sha256 of raw, hexadecimal. */
  readonly sha256: string
  readonly channel: 'mllp' | 'http' | 'file' | 'fhir'
  readonly peer: string
  /** Source or client id; '' when the sender is unknown. */
  readonly source: string
  readonly receivedAt: Date
}

export interface MessageItem extends Common {
  readonly kind: 'message'
  /** Of MSH-3, -4, -7, -10, hexadecimal; undefined for what has no control id. */
  readonly key: string | undefined
  readonly charset: string
  readonly message: Message | undefined
  readonly header: Header | undefined
  readonly event: string
  readonly sender: Source | undefined
  readonly mapped: Mapped | undefined
  readonly mapsHash: string | undefined
  /** Refused before anything was looked up: what to answer. */
  readonly refusal: { readonly code: 'AE' | 'AR'; readonly errors: readonly AckError[] } | undefined
  /** Repairs of its sender that changed something: 'set MSH-12'. */
  readonly repaired: readonly string[]
  /** Codes that no table has. */
  readonly unmapped: readonly UnmappedCode[]
  /** Refused for the sake of such codes alone: kept until a table has them. */
  readonly held: boolean
  /** Warnings of the header and of mapping. */
  readonly warnings: readonly AckError[]
  /** Store now and process later; answered at once. */
  readonly defer: boolean
  /** Set when it was stored before: the row to update. */
  readonly stored:
    | { readonly id: string; readonly receivedAt: string; readonly state: MessageState }
    | undefined
}

/** Ids of what matches criteria; at most two. */
export type Search = (name: string, query: SearchQuery) => readonly string[]

/** A change that the gateway or a FHIR client makes by rules instead of by a message. */
export interface RuleItem extends Common {
  readonly kind: 'rule'
  /** 'PATCH Patient', 'match'. */
  readonly event: string
  readonly author: Author
  /** False for work of the gateway itself that leaves no message behind. */
  readonly logged: boolean
  /** 'Patient/x' that it is about, to be loaded beforehand. */
  readonly entities: readonly string[]
  /** What else it will need, as far as it is known beforehand. */
  readonly needs?: readonly Need[]
  /** True for what depends on more than the things that it names, such as the result of a search. */
  readonly alone?: boolean
  /** Of what takes long: numbers that messages about the same have, for nothing else shall wait for it. */
  readonly keys?: readonly string[]
  /** Applies itself; throws Refusal or Miss like any rule. Called again when a transaction is tried again. */
  readonly apply: (draft: Draft, site: Site, search: Search) => void
  /** After it was applied: what it came to, so that it can be carried out again when the truth is rebuilt. */
  readonly command?: () => Command | undefined
  /** With an Idempotency-Key: its first answer is kept and given again. */
  readonly once?: { readonly key: string; readonly answer: (outcome: Outcome) => { readonly status: number } }
  /** Called after the fold, before anything is written: may look at the result and throw. */
  readonly check?: (draft: Draft) => void
  /** Of one that is `alone`: called when all is written, before the commit; an ItemRefused undoes what was written. */
  readonly readBack?: (tx: Queryable) => Promise<void>
}

export type Item = MessageItem | RuleItem

/** How one item ended. */
export interface Outcome {
  readonly messageId: string
  readonly code: AckCode
  readonly errors: readonly AckError[]
  /** The acknowledgement in the sender's encoding; undefined for rules. */
  readonly ack: Uint8Array | undefined
  /** True when the stored answer was given again. */
  readonly resent: boolean
  readonly draft: Draft | undefined
  /** Set when this request was answered before: JSON text of that answer, and whether the request was the same. */
  readonly answered?: { readonly body: string; readonly same: boolean }
  /** Set when a rule refused itself: who asked is answered with it. */
  readonly refusal?: ItemRefused
  readonly diff: readonly {
    readonly op: 'create' | 'update' | 'delete'
    readonly resourceType: string
    readonly id: string
  }[]
}

/** Ends a rule without a trace: a client's write that is not possible. */
export class ItemRefused extends Error {}
