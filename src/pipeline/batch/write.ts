// What a batch has to store, gathered while its messages are applied and written in a dozen statements at its end.
import type { Taken } from '../../canonical/appointment/busy.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import type { Awaited } from '../../canonical/finding.ts'
import type { Contribution } from '../../canonical/truth/contribution.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { isLong } from '../../canonical/truth/settled.ts'
import { spansOfShape } from '../../canonical/truth/shape.ts'
import {
  contributionKey,
  entityKey,
  lineKey,
  registrationKey,
  storedKey,
} from '../../canonical/truth/world.ts'
import type { AckCode, AckError } from '../../hl7/ack.ts'
import {
  type LedgerWrite,
  type OutboxWrite,
  type RegistrationWrite,
  type TodoWrite,
  writeLedger,
  writeOutbox,
  writeRegistrations,
  writeShapes,
  writeTodo,
} from '../../store/batch.ts'
import { writeBusy } from '../../store/busy.ts'
import { writeContributions } from '../../store/contributions.ts'
import type { Transaction } from '../../store/db.ts'
import { type AnswerRow, writeAnswers } from '../../store/idempotency.ts'
import { writeIndex } from '../../store/index-tables.ts'
import { writeJournal } from '../../store/journal.ts'
import {
  type MessageKeyWrite,
  type MessageState,
  type MessageWrite,
  updateMessageKeys,
  updateMessages,
  writeMessageKeys,
  writeMessages,
} from '../../store/messages.ts'
import { numbersAhead, raiseNumbers, takeNumbers } from '../../store/numbers.ts'
import { pipelined } from '../../store/transaction.ts'
import { type VersionWrite, writeVersions } from '../../store/versions.ts'
import { UnmappedToWrite } from '../reading/unmapped.ts'
import { busyRows } from './busy-days.ts'
import { type Contributed, contributionRows } from './contribution-rows.ts'
import { inOrder, isMatchable } from './index-writes.ts'
import type { Item, MessageItem, Outcome } from './item.ts'
import { ledgerRow } from './ledger-row.ts'
import { MergeWrites } from './merge-writes.ts'
import { messageRow } from './message-row.ts'
import { announcements } from './outbox.ts'
import { ParkedWrites } from './parked-writes.ts'
import type { ProcessContext } from './process.ts'
import { RedirectWrites } from './redirect-writes.ts'
import { type PendingVersion, versionsAndIndex } from './version-writes.ts'

/** Versions that are written while everybody else waits for a number; more take theirs ahead. */
const maxVersionsUnderLock = 500

export class BatchWrite {
  /** Answers given in this batch, by message key: a resend may stand in the same batch. */
  readonly answered = new Map<
    string,
    { readonly sha256: string; readonly code: AckCode; readonly ack: Uint8Array | undefined }
  >()
  /** Answers to requests that must be carried out once. */
  readonly answers: (AnswerRow & { readonly status: number })[] = []
  readonly #context: ProcessContext
  readonly #stored: ReadonlyMap<string, string>
  /** Messages in the order in which they were applied. */
  readonly #journal: string[] = []
  readonly #messages: MessageWrite[] = []
  readonly #updates: MessageWrite[] = []
  readonly #keys: MessageKeyWrite[] = []
  readonly #keyUpdates: MessageKeyWrite[] = []
  readonly #parked = new ParkedWrites()
  readonly #unmapped = new UnmappedToWrite()
  readonly #shapes = new Set<string>()
  readonly #stated: { name: string; t: number }[] = []
  readonly #contributions = new Map<string, Contributed>()
  readonly #registrations = new Map<string, RegistrationWrite>()
  readonly #merges = new MergeWrites()
  readonly #redirects = new RedirectWrites()
  readonly #lines = new Map<string, LedgerWrite>()
  /** What appointments take, all of it. */
  readonly #busy = new Map<string, readonly Taken[]>()
  readonly #outbox: Omit<OutboxWrite, 'id'>[] = []
  readonly #todo = new Map<string, TodoWrite>()
  readonly #versions: PendingVersion[] = []
  /** When the newest version of each was made, milliseconds. */
  readonly #times = new Map<string, number>()
  /** Bodies as they are in the store, by entity: what search rows are compared with. */
  readonly #originals = new Map<string, FhirJson | undefined>()

  /** `stored`: texts of contributions as they are in the store. */
  constructor(context: ProcessContext, stored: ReadonlyMap<string, string>) {
    this.#context = context
    this.#stored = stored
  }

  /** The end of an item that was applied. */
  applied(item: Item, id: string, draft: Draft): Outcome {
    const errors: AckError[] = [
      ...(item.kind === 'message' ? item.warnings : []),
      ...draft.findings.map((each) => ({ ...each })),
    ]
    const cluster = this.take(draft, item.receivedAt)
    this.#announce(item, id, draft, cluster)
    const diff = draft.changes.map(({ op, rtype, id: each }) => ({ op, resourceType: rtype, id: each }))
    if (item.kind === 'rule') {
      if (item.logged) this.#log(item, id, 'processed', 'AA', undefined, errors, cluster)
      return { messageId: id, code: 'AA', errors, ack: undefined, resent: false, draft, diff }
    }
    const ack = this.#context.acknowledge(item, 'AA', errors, draft.reply)
    this.#log(item, id, 'processed', 'AA', ack, errors, cluster)
    return { messageId: id, code: 'AA', errors, ack, resent: false, draft, diff }
  }

  /** The end of an item that changes nothing: refused, parked or failed. */
  refused(
    item: Item,
    id: string,
    code: AckCode,
    errors: readonly AckError[],
    state: MessageState = 'rejected',
    waitsFor: readonly Awaited[] = [],
  ): Outcome {
    const ack = item.kind === 'message' ? this.#context.acknowledge(item, code, errors) : undefined
    if (item.kind === 'message' || item.logged) this.#log(item, id, state, code, ack, errors, undefined)
    this.#parked.park(item, id, this.#context.site.policy.parkHours, waitsFor)
    return { messageId: id, code, errors, ack, resent: false, draft: undefined, diff: [] }
  }

  /** The end of receiving for an item that is processed later. */
  deferred(item: MessageItem, id: string, context: ProcessContext): Outcome {
    const errors = item.warnings
    const ack = context.acknowledge(item, 'AA', errors)
    this.#log(item, id, 'received', 'AA', ack, errors, undefined)
    this.#todo.set(id, { kind: 'process', cluster: id, subject: id })
    return { messageId: id, code: 'AA', errors, ack, resent: false, draft: undefined, diff: [] }
  }

  /** Takes over what a draft changed. Returns what it is serialised by. */
  take(draft: Draft, at: Date): string | undefined {
    for (const change of draft.changes) {
      if (change.redirect) {
        this.#redirects.take(change, change.redirect, draft.messageId, at)
        continue
      }
      const key = entityKey(change.rtype, change.id)
      if (!this.#originals.has(key)) this.#originals.set(key, change.before)
      // Received earlier, applied later: versions follow each other in time all the same.
      const ms = Math.max(at.getTime(), this.#times.get(key) ?? change.since)
      this.#times.set(key, ms)
      this.#versions.push({ change, messageId: draft.messageId, at: new Date(ms).toISOString() })
      if (change.rtype === 'Patient' && isMatchable(change))
        this.#todo.set(`match ${key}`, { kind: 'match', cluster: key, subject: key })
    }
    for (const { rtype, id, contribution } of draft.commit().contributions) {
      this.#contribute(rtype, id, contribution)
      if (rtype !== 'Encounter' || !isLong(draft.contributions(rtype, id).size)) continue
      const key = entityKey(rtype, id)
      this.#todo.set(`settle ${key}`, { kind: 'settle', cluster: key, subject: key })
    }
    this.#stated.push(...draft.stated)
    for (const { rtype, system, value, to } of draft.registry.told) {
      this.#registrations.set(registrationKey(rtype, system, value), {
        rtype,
        system,
        value,
        id: to.id,
        since_m: to.since?.m,
        since_i: to.since?.i,
      })
    }
    this.#merges.take(draft)
    this.#parked.take(draft)
    for (const line of draft.lines.posted) {
      this.#lines.set(lineKey(line.source, line.line), ledgerRow(line))
    }
    for (const [appointment, taken] of draft.busy.changed) this.#busy.set(appointment, taken)
    const patient = draft.changes.find((each) => each.rtype === 'Patient')
    return patient && entityKey('Patient', patient.id)
  }

  #contribute(rtype: string, id: string, contribution: Contribution): void {
    for (const key in contribution.cells) {
      const shape = contribution.cells[key]?.s
      if (shape !== undefined) this.#shapes.add(shape)
    }
    const { source, key } = contribution
    const at = storedKey(entityKey(rtype, id), contributionKey(source, key))
    this.#contributions.set(at, { rtype, id, contribution })
  }

  #announce(item: Item, id: string, draft: Draft, cluster: string | undefined): void {
    if (draft.changes.length === 0) return
    const change = draft.changes.map(({ rtype, id: each, version }) => ({ rtype, id: each, version }))
    for (const { subscriber, event } of announcements(item, draft, this.#context.site)) {
      this.#outbox.push({ subscriber, cluster: cluster ?? id, message_id: id, event, change })
    }
  }

  #log(
    item: Item,
    id: string,
    state: MessageState,
    code: AckCode,
    ack: Uint8Array | undefined,
    errors: readonly AckError[],
    cluster: string | undefined,
  ): void {
    const row = messageRow(item, id, { state, code, ack, errors, cluster })
    if (state !== 'received') this.#journal.push(id)
    const message = item.kind === 'message' ? item : undefined
    ;(message?.stored ? this.#updates : this.#messages).push(row)
    if (message) this.#unmapped.take(message, id)
    if (message?.key === undefined) return
    const { key, sha256, stored } = message
    const ack_code = code === 'AA' ? undefined : code
    const keyed = { key, sha256, message_id: id, received_at: row.received_at, ack_code }
    ;(stored ? this.#keyUpdates : this.#keys).push(keyed)
    if (!stored) this.answered.set(key, { sha256, code, ack })
  }

  /** Shapes that this process has not stored yet. They are remembered when the batch is committed. */
  #newShapes(): { id: string; spans: unknown }[] {
    return [...this.#shapes].flatMap((id) => {
      const spans = this.#context.storedShapes.has(id) ? undefined : spansOfShape(id)
      if (!spans) this.#shapes.delete(id)
      return spans ? [{ id, spans }] : []
    })
  }

  /** Called when the transaction is committed. */
  committed(): void {
    if (!this.#unmapped.empty) this.#context.onUnmapped()
    for (const { name, t } of this.#stated) this.#context.said.add(name, t)
    for (const id of this.#shapes) this.#context.storedShapes.add(id)
  }

  /** Writes everything. The statements depend on the size of the batch only by their parameters. */
  async flush(tx: Transaction): Promise<void> {
    const { tenant } = this.#context
    const [first] = [...this.#messages, ...this.#updates]
    const now =
      first?.processed_at ?? first?.received_at ?? this.#versions[0]?.at ?? new Date(0).toISOString()
    const registrations = inOrder([...this.#registrations.values()], (each) =>
      registrationKey(each.rtype, each.system, each.value),
    )
    const { versions, index } = versionsAndIndex(this.#versions, this.#originals, this.#context.zone)
    const redirects = this.#redirects.count
    const isLarge = redirects + versions.length > maxVersionsUnderLock
    const ahead = isLarge ? await numbersAhead(tx, tenant, 'seq', redirects + versions.length) : undefined
    // Statements of one connection run in the order in which they are given; nobody waits for an answer in between.
    const written = pipelined([
      writeMessageKeys(tx, tenant, this.#keys),
      writeAnswers(tx, tenant, now, this.answers),
      updateMessageKeys(tx, tenant, this.#keyUpdates),
      writeMessages(tx, tenant, this.#messages),
      updateMessages(tx, tenant, this.#updates),
      this.#unmapped.flush(tx, tenant),
      writeShapes(tx, tenant, this.#newShapes()),
      writeContributions(tx, tenant, contributionRows(this.#contributions, this.#stored)),
      writeRegistrations(tx, tenant, registrations),
      this.#merges.flush(tx, tenant, now),
      writeLedger(tx, tenant, [...this.#lines.values()]),
      writeBusy(tx, tenant, [...this.#busy.keys()], busyRows(this.#busy)),
      this.#parked.flush(tx, tenant, now, registrations),
      writeTodo(tx, tenant, now, [...this.#todo.values()]),
      writeIndex(tx, tenant, index),
      ahead && this.#writeVersions(tx, ahead.first, versions),
    ])
    if (ahead) await written.then(() => raiseNumbers(tx, tenant, 'seq', ahead))
    // Numbers last: the counter's row is locked from here to the commit, and no longer.
    const late = ahead ? 0 : redirects + versions.length
    const count = late + this.#outbox.length + Math.min(this.#journal.length, 1)
    const numbers = count === 0 ? undefined : takeNumbers(tx, tenant, 'seq', count)
    const [, from] = await pipelined([written, numbers])
    if (from === undefined) return
    await pipelined([
      late > 0 && this.#writeVersions(tx, from, versions),
      writeOutbox(tx, tenant, from + late, now, this.#outbox),
      writeJournal(tx, tenant, from + count - 1, now, this.#journal),
    ])
  }

  async #writeVersions(tx: Transaction, from: number, versions: readonly VersionWrite[]): Promise<void> {
    const { tenant } = this.#context
    await pipelined([
      this.#redirects.flush(tx, tenant, from),
      writeVersions(tx, tenant, from + this.#redirects.count, versions),
    ])
  }
}
