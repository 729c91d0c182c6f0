// What a batch says of messages that wait: those that it parks, and what it brings that others have waited for.
import { type Awaited, changeOf } from '../canonical/finding.ts'
import type { Draft } from '../canonical/truth/draft.ts'
import type { Transaction } from '../store/db.ts'
import { type ParkedWrite, releaseParked, writeParked } from '../store/messages.ts'

export class ParkedWrites {
  readonly #parked: ParkedWrite[] = []
  readonly #changed = new Set<string>()

  /** `until`: ISO 8601. */
  park(id: string, receivedAt: string, until: string, waitsFor: readonly Awaited[]): void {
    for (const { system, value } of waitsFor)
      this.#parked.push({ system, value, message_id: id, received_at: receivedAt, until })
  }

  take(draft: Draft): void {
    for (const each of draft.changed) this.#changed.add(each)
  }

  /** After what it parks itself: the same batch may release that. */
  async flush(tx: Transaction, tenant: number, now: string, registered: readonly Awaited[]): Promise<void> {
    const changed = [...this.#changed].sort().map(changeOf)
    await Promise.all([
      writeParked(tx, tenant, this.#parked),
      releaseParked(tx, tenant, [...registered, ...changed], now),
    ])
  }
}
