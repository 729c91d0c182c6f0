// The end of a batch: everything is written. What a FHIR transaction reads, it reads then, before the commit; a read that
// fails undoes what was written (FHIR R4 http.html#trules).
import type { Transaction } from '../../store/db.ts'
import { markWritten, readOnlyFromHere, undoWritten } from '../../store/reads-within.ts'
import { type Item, ItemRefused, type Outcome } from './item.ts'
import type { Processed } from './process.ts'
import type { BatchWrite } from './write.ts'

/** ms of one statement: everybody else waits meanwhile. */
export const maxReadBackMs = 5_000

export async function finishBatch(
  tx: Transaction,
  items: readonly Item[],
  outcomes: readonly Outcome[],
  write: BatchWrite,
): Promise<Processed> {
  const [item] = items
  const [outcome] = outcomes
  // Whoever reads back is alone in its batch.
  const readBack = item?.kind === 'rule' && outcome?.draft ? item.readBack : undefined
  if (!readBack || !outcome) {
    await write.flush(tx)
    return { outcomes, committed: () => write.committed() }
  }
  await markWritten(tx)
  await write.flush(tx)
  try {
    await readOnlyFromHere(tx, maxReadBackMs)
    await readBack(tx)
  } catch (error) {
    if (!(error instanceof ItemRefused)) throw error
    await undoWritten(tx)
    return { outcomes: [refusedOutcome(outcome.messageId, error)], committed: () => {} }
  }
  return { outcomes, committed: () => write.committed() }
}

/** A rule that has refused itself: who asked is answered with that, and nothing is kept. */
export const refusedOutcome = (messageId: string, refusal: ItemRefused): Outcome => ({
  messageId,
  code: 'AE',
  errors: [],
  ack: undefined,
  resent: false,
  draft: undefined,
  refusal,
  diff: [],
})
