// One Provenance per change set: what changed, when, by whom, from which message (FHIR R4 Provenance; semantics, section 17).
import type { Json } from '../../mappings/mapped.ts'
import type { FhirJson } from '../fhir-json.ts'
import { singleId } from '../identity/identifier.ts'
import type { Change } from './change.ts'
import type { Draft } from './draft.ts'

export interface Author {
  /** EVN-5.1, or the id of a FHIR client. */
  readonly id: string
  readonly display?: string
  /** EVN-4: why, as a FHIR CodeableConcept. */
  readonly reason?: Json
  /** EVN-7: the facility where it happened. */
  readonly facility?: string
  /** SCH-20: who typed it, as a FHIR Reference. */
  readonly enterer?: FhirJson
}

export interface ChangeSet {
  readonly author: Author
  /** ISO 8601 with offset. */
  readonly occurred: string
  readonly recorded: string
  /** MSH-10, or the id of the request. */
  readonly controlId: string
  /** 'ADT^A08' or 'PATCH'. */
  readonly event: string
  /** System that told it, when it is not the author itself. */
  readonly source: string | undefined
  /** The bytes are in the message log under the number of the draft. */
  readonly logged: boolean
  /** Names the mappings by which the message was read: an URI. */
  readonly policy?: string
}

/** Id of the Binary that shows a message as it came. */
export const rawMessageId = (messageId: string): string => `message-${messageId}`

/** Consequences of what changed, not things that somebody changed. */
const derivedTypes = new Set(['Slot', 'Schedule', 'Provenance', 'Task'])
const participant = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type'
const lifecycle = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle'

const agent = (code: string, who: FhirJson): FhirJson => ({
  type: { coding: [{ system: participant, code }] },
  who,
})

/** Adds the Provenance of a draft that changed something. */
export function addProvenance(draft: Draft, set: ChangeSet): void {
  const targets = draft.changes.filter((each) => !derivedTypes.has(each.rtype))
  if (targets.length === 0) return
  const id = singleId('Provenance', draft.messageId)
  const activity =
    draft.activity ?? (targets.every((each: Change) => each.op === 'create') ? 'originate' : 'amend')
  draft.emit('Provenance', id, {
    resourceType: 'Provenance',
    target: targets.map((each) => ({ reference: `${each.rtype}/${each.id}` })),
    occurredDateTime: set.occurred,
    recorded: set.recorded,
    ...(set.author.facility === undefined ? {} : { location: { display: set.author.facility } }),
    ...(set.author.reason === undefined ? {} : { reason: [set.author.reason] }),
    activity: { coding: [{ system: lifecycle, code: activity }], text: set.event },
    agent: [
      agent('author', {
        identifier: { value: set.author.id },
        ...(set.author.display ? { display: set.author.display } : {}),
      }),
      ...(set.author.enterer === undefined ? [] : [agent('enterer', set.author.enterer)]),
      ...(set.source === undefined ? [] : [agent('informant', { identifier: { value: set.source } })]),
      agent('assembler', { display: 'Portico' }),
    ],
    ...(set.policy === undefined ? {} : { policy: [set.policy] }),
    entity: [
      {
        role: 'source',
        what: {
          ...(set.logged ? { reference: `Binary/${rawMessageId(draft.messageId)}` } : {}),
          identifier: { value: set.controlId },
        },
      },
    ],
  })
}
