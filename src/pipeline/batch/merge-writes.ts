// What a batch has to store of merges: as what things are shown, and the journal that undoing one starts from.

import { stableId } from '../../canonical/identity/identifier.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { entityKey } from '../../canonical/truth/world.ts'
import { type MergeWrite, writeMerges } from '../../store/batch.ts'
import type { Transaction } from '../../store/db.ts'
import { type MergeJournalWrite, undoMerge, writeMergeJournal } from '../../store/merge-journal.ts'

/** The records themselves show again what they say; tasks and the tale of it are not undone. */
const notMoved = new Set(['Patient', 'Task', 'Provenance'])

export class MergeWrites {
  readonly #aliases = new Map<string, MergeWrite>()
  readonly #journal: MergeJournalWrite[] = []
  readonly #undone: { readonly id: string; readonly sourceId: string }[] = []

  take(draft: Draft): void {
    for (const { rtype, sourceId, targetId } of draft.aliases.changed) {
      const row = { rtype, source_id: sourceId, target_id: targetId, message_id: draft.messageId }
      this.#aliases.set(entityKey(rtype, sourceId), row)
    }
    this.#undone.push(...draft.undone)
    if (draft.joined.length === 0) return
    const moved = draft.changes.flatMap(({ rtype, id, version }) =>
      notMoved.has(rtype) ? [] : [[rtype, id, version] as const],
    )
    for (const { rtype, sourceId, targetId, said } of draft.joined) {
      const id = stableId('Provenance', draft.messageId)
      const row = { id, rtype, source_id: sourceId, target_id: targetId, said, moved }
      this.#journal.push({ ...row, message_id: draft.messageId })
    }
  }

  async flush(tx: Transaction, tenant: number, now: string): Promise<void> {
    await Promise.all([
      writeMerges(tx, tenant, now, [...this.#aliases.values()]),
      writeMergeJournal(tx, tenant, now, this.#journal),
      ...this.#undone.map((each) => undoMerge(tx, tenant, now, each)),
    ])
  }
}
