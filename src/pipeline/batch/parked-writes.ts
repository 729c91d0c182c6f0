// What a batch says of messages that wait: those that it parks, and what it brings that others have waited for.
import { type Awaited, changeOf } from '../../canonical/finding.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import type { Transaction } from '../../store/db.ts'
import { type ParkedWrite, releaseParked, writeParked } from '../../store/messages.ts'
import type { Item } from './item.ts'

const msPerHour = 3_600_000

export class ParkedWrites {
  readonly #parked: ParkedWrite[] = []
  readonly #changed = new Set<string>()

  /** The item waits for any of these, as many hours as its site lets messages wait. */
  park(item: Item, id: string, hours: number, waitsFor: readonly Awaited[]): void {
    const until = new Date(item.receivedAt.getTime() + hours * msPerHour).toISOString()
    // The row of a message that was stored before is found by when it was first received.
    const stored = item.kind === 'message' ? item.stored?.receivedAt : undefined
    const received_at = stored ?? item.receivedAt.toISOString()
    for (const { system, value } of waitsFor)
      this.#parked.push({ system, value, message_id: id, received_at, until })
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
